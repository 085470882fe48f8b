//! NumPy arrays in one file, as an export and `numpy.savez` write them: `vectors` and `ids`.

use std::{fs::File, io::Read, path::Path};

use super::{
    VectorOptions,
    byte_reader::ByteReader,
    error::Fault,
    matrix::{Ids, MatrixReader},
    npy::{self, ArrayHeader},
};
use crate::feeds::{FeedSource, ReadSoFar, ZIP_MAGIC, zip_members};

/// Name of the array of vectors, and of that of their ids.
const VECTORS: &str = "vectors";
const IDS: &str = "ids";

/// An opened file.
pub(super) struct Npz {
    pub rows: MatrixReader,
    pub bytes: Option<u64>,
    pub read: ReadSoFar,
}

/// Returns the members of a file that is an archive.
pub(super) fn members(path: &Path) -> Result<Option<(File, Vec<String>)>, Fault> {
    let mut file = File::open(path)?;
    if !file.metadata()?.is_file() {
        return Ok(None);
    }
    let mut begin = Vec::new();
    Read::by_ref(&mut file).take(ZIP_MAGIC.len() as u64).read_to_end(&mut begin)?;
    if begin != ZIP_MAGIC {
        return Ok(None);
    }
    let names = zip_members(&file)?;
    Ok(Some((file, names)))
}

/// Returns the arrays among the members of an archive that has some.
pub(super) fn arrays((file, mut names): (File, Vec<String>)) -> Option<(File, Vec<String>)> {
    names.retain(|name| name.ends_with(".npy"));
    (!names.is_empty()).then_some((file, names))
}

/// Opens the array of vectors and, unless the ids are in a file of their own, that of ids.
pub(super) fn open(file: &File, path: &Path, names: &[String], options: &VectorOptions) -> Result<Npz, Fault> {
    let array = |name: &str| -> Result<(ArrayHeader, ByteReader, FeedSource), Fault> {
        let mut source = FeedSource::member(file, path, name)?;
        let reader = std::mem::replace(&mut source.reader, Box::new(std::io::empty()));
        let mut bytes = ByteReader::new(reader);
        let header = npy::header(&mut bytes).map_err(|fault| within(name, &fault))?;
        Ok((header, bytes, source))
    };
    let wanted = options.tensor.as_deref().unwrap_or(VECTORS);
    let named = |name: &str| names.iter().find(|member| member.strip_suffix(".npy") == Some(name));
    let list = || names.iter().map(|name| name.trim_end_matches(".npy")).collect::<Vec<_>>().join(", ");
    let vectors = match named(wanted) {
        Some(name) => name,
        // The only matrix, whatever its name.
        None if options.tensor.is_none() => {
            let mut matrices = Vec::new();
            for name in names {
                let (header, ..) = array(name)?;
                if header.has_floats() && header.dimensions() == 2 {
                    matrices.push(name);
                }
            }
            match matrices[..] {
                [only] => only,
                _ => return Err(Fault::Unclear(format!("has no array {VECTORS:?}, say which (--tensor): {}", list()))),
            }
        }
        None => return Err(Fault::Unclear(format!("has no array {wanted:?}, only {}", list()))),
    };
    let (header, bytes, source) = array(vectors)?;
    let shape = header.matrix().map_err(|detail| Fault::Unclear(format!("array {vectors} {detail}")))?;
    let ids = match (&options.ids, named(IDS)) {
        (Some(_), _) => Ids::of_options(options)?,
        (None, Some(name)) => {
            let (header, bytes, _) = array(name)?;
            let (element, count) = header.ids().map_err(|detail| Fault::Unclear(format!("array {name} {detail}")))?;
            if count != shape.rows {
                let rows = shape.rows;
                return Err(Fault::Unclear(format!("array {name} has {count} ids, {vectors} has {rows} rows")));
            }
            Ids::Array { bytes: Box::new(bytes), element, left: count }
        }
        (None, None) => {
            let detail = format!("has no array {IDS:?} (it has {}): give a file with one id a line (--ids)", list());
            return Err(Fault::Unclear(detail));
        }
    };
    Ok(Npz { rows: MatrixReader::new(bytes, shape, ids), bytes: source.bytes, read: source.read })
}

/// Describes a fault of a member as one of the archive.
fn within(name: &str, fault: &Fault) -> Fault {
    Fault::Unclear(match fault {
        Fault::Io(error) => format!("member {name} cannot be read: {error}"),
        Fault::Malformed(place, detail) => format!("{place} of member {name}: {detail}"),
        Fault::Unclear(detail) => format!("member {name} {detail}"),
    })
}
