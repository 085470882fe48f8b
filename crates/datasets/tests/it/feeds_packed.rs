//! Goal: packed files and members of archives give the entries of the plain file. Method: one text, packed in each way.

use std::{
    io::{Cursor, Write},
    path::{Path, PathBuf},
};

use shelfmark_datasets::feeds::{Feed, FeedEntry, FeedError, FeedFormat, FeedOptions, FeedSource};

const RATINGS: &str = "1::31::4::978300760\n2::31::5::978298413\n";
const FILMS: &str = "31::Blue River (1998)::Drama\n";

fn entries(path: &Path) -> Vec<FeedEntry> {
    let feed = Feed::open(path, &FeedOptions::default()).unwrap_or_else(|error| panic!("{error:?}"));
    feed.collect::<Result<_, FeedError>>().expect("sound")
}

fn refused(path: &Path) -> String {
    format!("{:?}", Feed::open(path, &FeedOptions::default()).err().expect("refused"))
}

fn bzip2(text: &str) -> Vec<u8> {
    let mut encoder = bzip2::write::BzEncoder::new(Vec::new(), bzip2::Compression::fast());
    encoder.write_all(text.as_bytes()).expect("memory");
    encoder.finish().expect("memory")
}

/// An archive with members that are packed where they are at an odd place.
fn zip(members: &[(&str, &str)]) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut archive = rawzip::ZipArchiveWriter::new(&mut bytes);
    for (place, (name, text)) in members.iter().enumerate() {
        if name.ends_with('/') {
            archive.new_dir(name).create().expect("memory");
            continue;
        }
        let method = if place % 2 == 1 { rawzip::CompressionMethod::DEFLATE } else { rawzip::CompressionMethod::STORE };
        let (mut entry, config) = archive.new_file(name).compression_method(method).start().expect("memory");
        let descriptor = if place % 2 == 1 {
            let encoder = flate2::write::DeflateEncoder::new(&mut entry, flate2::Compression::fast());
            let mut writer = config.wrap(encoder);
            writer.write_all(text.as_bytes()).expect("memory");
            let (encoder, descriptor) = writer.finish().expect("memory");
            encoder.finish().expect("memory");
            descriptor
        } else {
            let mut writer = config.wrap(&mut entry);
            writer.write_all(text.as_bytes()).expect("memory");
            writer.finish().expect("memory").1
        };
        entry.finish(descriptor).expect("memory");
    }
    archive.finish().expect("memory");
    bytes
}

struct Folder(tempfile::TempDir);

impl Folder {
    fn write(&self, name: &str, bytes: &[u8]) -> PathBuf {
        let path = self.0.path().join(name);
        std::fs::write(&path, bytes).expect("written");
        path
    }
}

#[test]
fn zstd_bzip2_and_members_of_archives_are_read_as_the_plain_file() {
    let folder = Folder(tempfile::tempdir().expect("a folder"));
    let plain = entries(&folder.write("plain", RATINGS.as_bytes()));
    assert_eq!(plain.len(), 2);
    let twice = [bzip2("1::31::4::978300760\n"), bzip2("2::31::5::978298413\n")].concat();
    let members = [("ml-1m/", ""), ("ml-1m/ratings.dat", RATINGS), ("ml-1m/movies.dat", FILMS)];
    for (name, bytes) in [
        ("a.zst", zstd::encode_all(RATINGS.as_bytes(), 1).expect("memory")),
        ("a.bz2", bzip2(RATINGS)),
        ("two.bz2", twice),
        ("one.zip", zip(&[("ratings.dat", RATINGS), ("__MACOSX/._ratings.dat", "x")])),
    ] {
        assert_eq!(entries(&folder.write(name, &bytes)), plain, "{name}");
    }
    let archive = folder.write("ml-1m.zip", &zip(&members));
    let member = |name: &str| PathBuf::from(format!("{}:{name}", archive.display()));
    assert_eq!(entries(&member("ml-1m/ratings.dat")), plain);
    let films = Feed::open(&member("ml-1m/movies.dat"), &FeedOptions::default()).expect("known");
    assert!(films.is_metadata() && films.format() == FeedFormat::MovieLensMoviesDat);
    let told = refused(&archive);
    assert!(told.contains("ml-1m.zip:ml-1m/ratings.dat") && told.contains("ml-1m/movies.dat"), "{told}");
    assert!(refused(&member("other.dat")).contains("no member"));
}

#[test]
fn a_damaged_archive_is_an_error_behind_what_could_be_read() {
    let folder = Folder(tempfile::tempdir().expect("a folder"));
    let mut bytes = zip(&[("ratings.dat", RATINGS)]);
    let at = bytes.windows(4).position(|at| at == b"::4:").expect("stored");
    bytes[at + 2] = b'5';
    let feed = Feed::open(&folder.write("damaged.zip", &bytes), &FeedOptions::default()).expect("known");
    let last = feed.last().expect("entries");
    assert!(matches!(last, Err(FeedError::Unreadable { .. })), "{last:?}");
    let cut = folder.write("cut.zip", &bytes[..bytes.len() - 30]);
    assert!(refused(&cut).contains("zip"), "{}", refused(&cut));
    let packed = zstd::encode_all(RATINGS.repeat(10_000).as_bytes(), 1).expect("memory");
    let source = FeedSource::from_reader("x", Cursor::new(packed[..packed.len() / 2].to_vec())).expect("readable");
    let feed = Feed::new(source, &FeedOptions::default());
    assert!(feed.is_err() || matches!(feed.expect("known").last(), Some(Err(FeedError::Unreadable { .. }))));
}
