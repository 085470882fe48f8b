//! Goal: files of vectors with odd rows are read rightly or refused with the row, before anything is handed over.
//! Method: files of each kind, written here byte by byte, through the reader and the preparation of an import.

use std::{collections::BTreeMap, io::Write, path::PathBuf};

use shelfmark_datasets::vectors::{
    FitSettings, ImportTargets, PreparedImport, VectorError, VectorFile, VectorFormat, VectorOptions, VectorRow,
};
use shelfmark_domain::VectorTable;

const DIM: usize = 8;

/// Values between -1 and 1 that look like learned ones.
fn values(row: usize) -> Vec<f32> {
    (0..DIM).map(|place| ((row * DIM + place) as f32 * 12.9898).sin() * 0.97).collect()
}

struct Folder(tempfile::TempDir);

impl Folder {
    fn new() -> Self {
        Self(tempfile::tempdir().expect("a folder"))
    }

    fn write(&self, name: &str, bytes: impl AsRef<[u8]>) -> PathBuf {
        let path = self.0.path().join(name);
        std::fs::write(&path, bytes).expect("written");
        path
    }

    fn rows(&self, bytes: impl AsRef<[u8]>, options: &VectorOptions) -> Result<(VectorFormat, Vec<VectorRow>), String> {
        let told = |error: VectorError| error.to_string();
        let mut file = VectorFile::open(&self.write("vectors", bytes), options).map_err(told)?;
        let (mut all, mut row) = (Vec::new(), VectorRow::default());
        while file.next(&mut row).map_err(told)? {
            all.push(row.clone());
        }
        Ok((file.format(), all))
    }

    /// The vectors that a model of `dim` would get, by id, and the part of neighbours that are kept.
    fn imported(&self, bytes: impl AsRef<[u8]>, centre: bool) -> Result<BTreeMap<String, Vec<f32>>, VectorError> {
        let path = self.write("vectors", bytes);
        let open = || VectorFile::open(&path, &VectorOptions::default());
        let targets = ImportTargets::new(VectorTable::Items, [], true);
        let settings = FitSettings { scale: 0.2, centre, seed: 0 };
        let prepared = PreparedImport::read(open()?, &targets, DIM, &settings)?;
        let mut rows = BTreeMap::new();
        prepared.hand_over(open()?, |_, row| {
            rows.insert(row.id.to_string(), row.values.as_slice().to_vec());
            Ok::<(), VectorError>(())
        })?;
        Ok(rows)
    }
}

fn binary(words: &[&[u8]], behind: &[u8]) -> Vec<u8> {
    let mut bytes = format!("{} {DIM}\n", words.len()).into_bytes();
    for (row, word) in words.iter().enumerate() {
        bytes.extend_from_slice(word);
        bytes.push(b' ');
        values(row).iter().for_each(|value| bytes.extend_from_slice(&value.to_le_bytes()));
        bytes.extend_from_slice(behind);
    }
    bytes
}

fn text(header: &str, first: &[u8]) -> Vec<u8> {
    let mut bytes = [header.as_bytes(), first, b"\n"].concat();
    for row in 1..6 {
        bytes.extend_from_slice(format!("p{row}").as_bytes());
        values(row).iter().for_each(|value| bytes.extend_from_slice(format!(" {value}").as_bytes()));
        bytes.push(b'\n');
    }
    bytes
}

fn first(between: &str) -> String {
    format!("p0{between}{}", values(0).iter().map(f32::to_string).collect::<Vec<_>>().join(between))
}

#[test]
fn a_word_with_a_space_in_a_binary_file_is_refused_wherever_it_is() {
    let folder = Folder::new();
    let names: Vec<String> = (0..40).map(|row| format!("p{row}")).collect();
    for behind in [&b""[..], b"\n"] {
        for place in 0..40 {
            for odd in ["p5 deluxe", "a b", "New York City"] {
                let mut words: Vec<&[u8]> = names.iter().map(String::as_bytes).collect();
                words[place] = odd.as_bytes();
                let told = folder.imported(binary(&words, behind), true).expect_err(odd).to_string();
                assert!(told.contains("of 40"), "{odd} at {place}: {told}");
            }
        }
        // A word that is not UTF-8 is read all the same, and so are words of other scripts.
        let words: [&[u8]; 3] = [b"caf\xe9", "\u{7d05}\u{8336}".as_bytes(), b"plain"];
        let (format, rows) = folder.rows(binary(&words, behind), &VectorOptions::default()).expect("sound");
        assert_eq!((format, rows.len()), (VectorFormat::Word2vec, 3));
        assert_eq!((rows[0].id.as_str(), &rows[1].values), ("caf\u{fffd}", &values(1)));
    }
}

#[test]
fn an_odd_first_row_of_a_text_is_read_or_refused_by_its_line() {
    let folder = Folder::new();
    let read = |first: &[u8]| folder.rows(text("6 8\n", first), &VectorOptions::default());
    for between in ["  ", "\t", " \t "] {
        let (format, rows) = read(first(between).as_bytes()).expect("runs of spaces separate once");
        assert_eq!((format, rows.len()), (VectorFormat::Word2vecText, 6));
        assert_eq!((rows[0].id.as_str(), &rows[0].values), ("p0", &values(0)));
    }
    let latin = [b"caf\xe9".as_slice(), first(" ").strip_prefix("p0").expect("a word").as_bytes()].concat();
    assert_eq!(read(&latin).expect("replaced").1[0].id, "caf\u{fffd}");
    let short = first(" ").rsplit_once(' ').expect("values").0.to_owned();
    assert!(read(short.as_bytes()).expect_err("short").contains("line 2: must have a word and 8 numbers"));
    let comma = first(" ").replace('.', ",");
    let told = read(comma.as_bytes()).expect_err("commas");
    assert!(told.contains("line 2: value 8 of 8") && told.contains("decimal comma"), "{told}");
    // One value more in every row is no word that ends in a number.
    let wide: String = (0..3).map(|row| format!("p{row} 1 2 3\n")).collect();
    let told = folder.rows(format!("3 2\n{wide}"), &VectorOptions::default()).expect_err("wider");
    assert!(told.contains("line 2: has more than the 2 values"), "{told}");
    let versions = "3 2\nwindows 7 0.1 0.2\nwindows 0.1 0.3\nlinux 0.3 0.1\n";
    assert_eq!(folder.rows(versions, &VectorOptions::default()).expect("words").1[0].id, "windows 7");
    // In one row, a value more is told by its decimals.
    let told = folder.rows("2 2\np0 0.25 0.3\np1 0.1250 0.2 0.3\n", &VectorOptions::default()).expect_err("one more");
    assert!(told.contains("line 3: must have a word and 2 numbers, has one more: \"0.1250\""), "{told}");
    let versions = "2 2\nwindows 3.11 0.1 0.2\nlinux 0.3 0.1\n";
    assert_eq!(folder.rows(versions, &VectorOptions::default()).expect("words").1[0].id, "windows 3.11");
}

#[test]
fn a_byte_order_mark_and_spaces_before_words_are_no_part_of_them() {
    let folder = Folder::new();
    let read = |bytes: Vec<u8>| folder.rows(bytes, &VectorOptions::default()).expect("sound");
    let mark = b"\xef\xbb\xbf".as_slice();
    let binary = binary(&[b"a", b"b"], b"\n");
    let plain = text("6 8\n", first(" ").as_bytes());
    let without_header = plain[4..].to_vec();
    let lines = b"{\"id\":\"a\",\"values\":[1,2]}\n".to_vec();
    for bytes in [binary, plain, without_header, lines] {
        assert_eq!(read([mark, &bytes].concat()), read(bytes));
    }
    for between in [" ", "\t", "  "] {
        let (_, rows) = read(text("6 8\n", format!("{between}{}", first(" ")).as_bytes()));
        assert_eq!((rows[0].id.as_str(), &rows[0].values), ("p0", &values(0)));
    }
}

#[test]
fn a_wrong_count_in_the_first_line_is_refused_unless_allowed_and_a_limit_reads_no_further() {
    let folder = Folder::new();
    let lenient = VectorOptions { lenient: true, ..VectorOptions::default() };
    let four = VectorOptions { limit: Some(4), ..VectorOptions::default() };
    let binary = binary(&[b"a", b"b", b"c", b"d", b"e", b"f"], b"\n");
    let recount = |count: &str| [count.as_bytes(), &binary[1..]].concat();
    for count in ["5", "9"] {
        for bytes in [text(&format!("{count} 8\n"), first(" ").as_bytes()), recount(count)] {
            assert!(folder.rows(&bytes, &VectorOptions::default()).expect_err(count).contains(count));
            assert_eq!(folder.rows(&bytes, &lenient).expect("allowed").1.len(), 6);
            assert_eq!(folder.rows(&bytes, &four).expect("limited").1.len(), 4);
        }
    }
}

#[test]
fn one_outlying_row_is_refused_and_equal_rows_are_too() {
    let folder = Folder::new();
    let lines = |outlier: f32| -> String {
        let row = |row: usize| {
            let factor = if row == 7 { outlier } else { 1.0 };
            format!("p{row} {}\n", values(row).iter().map(|x| (x * factor).to_string()).collect::<Vec<_>>().join(" "))
        };
        (0..30).map(row).collect()
    };
    let size = |row: &[f32]| (row.iter().map(|value| value * value).sum::<f32>() / DIM as f32).sqrt();
    for outlier in [1e3, 1e9, 1e30] {
        let told = folder.imported(lines(outlier), true).expect_err("an outlier").to_string();
        assert!(told.contains("row 8 (p7)") && told.contains("--lenient"), "{told}");
    }
    let VectorError::Outliers { norm_max, .. } = folder.imported(lines(1e9), true).expect_err("an outlier") else {
        panic!("outliers");
    };
    let path = folder.write("vectors", lines(1e9));
    let open = || VectorFile::open(&path, &VectorOptions::default()).expect("known");
    let targets = ImportTargets::new(VectorTable::Items, [], true);
    let settings = FitSettings { scale: 0.2, centre: true, seed: 0 };
    let prepared = PreparedImport::read_below(open(), &targets, DIM, &settings, norm_max).expect("without it");
    assert_eq!((prepared.stats().outliers, prepared.stats().created), (1, 29));
    assert!(prepared.neighbours_kept().is_some_and(|kept| kept > 0.99), "{:?}", prepared.neighbours_kept());
    let mut sizes = Vec::new();
    let taken = prepared.hand_over(open(), |_, row| {
        sizes.push(size(row.values.as_slice()));
        Ok::<(), VectorError>(())
    });
    assert!(taken.is_ok() && sizes.len() == 29 && sizes.iter().all(|size| (0.05..0.5).contains(size)), "{sizes:?}");

    let equal: String = (0..30).map(|row| format!("p{row} 1 2 3 4 5 6 7 8\n")).collect();
    let told = folder.imported(&equal, true).expect_err("nothing is left").to_string();
    assert!(told.contains("30 vectors") && told.contains("--keep-mean"), "{told}");
    let kept = folder.imported(&equal, false).expect("asked for");
    assert!(kept.values().all(|row| (size(row) - 0.2).abs() < 1e-3));
}

#[test]
fn contradictory_offsets_of_safetensors_are_refused() {
    let folder = Folder::new();
    let file = |header: &str, bytes: usize| {
        [&(header.len() as u64).to_le_bytes()[..], header.as_bytes(), &vec![0x3e; bytes]].concat()
    };
    let ids = folder.write("ids", "a\nb\nc\n");
    let options = VectorOptions { ids: Some(ids), ..VectorOptions::default() };
    let tensor = |name: &str, shape: &str, begin: u64, end: u64| {
        format!(r#""{name}":{{"dtype":"F32","shape":{shape},"data_offsets":[{begin},{end}]}}"#)
    };
    let whole = file(&format!("{{{}}}", tensor("r", "[3,4]", 0, 48)), 48);
    assert_eq!(folder.rows(&whole, &options).expect("sound").1.len(), 3);
    for (tensors, bytes, why) in [
        (tensor("r", "[3,4]", 0, 40), 48, "cannot have 40 bytes"),
        (tensor("r", "[3,4]", 0, 96), 96, "cannot have 96 bytes"),
        (tensor("r", "[3,4]", 48, 0), 48, "before it begins"),
        (tensor("r", "[3,4]", 4, 52), 52, "leaves a hole"),
        (format!("{},{}", tensor("a", "[4]", 0, 16), tensor("r", "[3,4]", 8, 56)), 56, "overlaps"),
        (format!("{},{}", tensor("r", "[3,4]", 0, 48), tensor("r", "[3,4]", 0, 48)), 48, "\"r\" is there twice"),
        (tensor("r", "[3,4]", 0, 48), 52, "there is more after the tensors"),
        (format!("{},{}", tensor("r", "[3,4]", 0, 48), tensor("z", "[4]", 48, 64)), 60, "the file ends before"),
    ] {
        let told = folder.rows(file(&format!("{{{tensors}}}"), bytes), &options).expect_err(why);
        assert!(told.contains(why), "{why}: {told}");
    }
}

/// An array as NumPy writes it.
fn array(descr: &str, fortran: &str, shape: &str, data: &[u8]) -> Vec<u8> {
    let text = format!("{{'descr': '{descr}', 'fortran_order': {fortran}, 'shape': {shape}, }}\n");
    let length = u16::try_from(text.len()).expect("short").to_le_bytes();
    [b"\x93NUMPY\x01\x00", &length[..], text.as_bytes(), data].concat()
}

fn npz(members: &[(&str, &[u8])], packed: bool) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut archive = rawzip::ZipArchiveWriter::new(&mut bytes);
    for (name, data) in members {
        let method = if packed { rawzip::CompressionMethod::DEFLATE } else { rawzip::CompressionMethod::STORE };
        let (mut entry, config) = archive.new_file(name).compression_method(method).start().expect("memory");
        let descriptor = if packed {
            let encoder = flate2::write::DeflateEncoder::new(&mut entry, flate2::Compression::fast());
            let mut writer = config.wrap(encoder);
            writer.write_all(data).expect("memory");
            let (encoder, descriptor) = writer.finish().expect("memory");
            encoder.finish().expect("memory");
            descriptor
        } else {
            let mut writer = config.wrap(&mut entry);
            writer.write_all(data).expect("memory");
            writer.finish().expect("memory").1
        };
        entry.finish(descriptor).expect("memory");
    }
    archive.finish().expect("memory");
    bytes
}

#[test]
fn arrays_in_a_zip_are_read_in_either_order_and_of_any_width() {
    let folder = Folder::new();
    let rows = [[0.5_f32, -2.0, 0.25, 1.0], [0.0, 3.0, -0.125, 8.0], [-1.0, 1.5, 64.0, -0.75]];
    let by_rows: Vec<f32> = rows.concat();
    let by_columns: Vec<f32> = (0..4).flat_map(|column| rows.map(|row| row[column])).collect();
    let wide: Vec<u8> = ["a", "\u{e9}t", "ccc"]
        .iter()
        .flat_map(|id| id.chars().chain(std::iter::repeat('\0')).take(3).collect::<Vec<_>>())
        .flat_map(|character| u32::from(character).to_le_bytes())
        .collect();
    let narrow = b"a\0\0bb\0ccc".to_vec();
    let numbers: Vec<u8> = [7_i64, -8, 9].iter().flat_map(|number| number.to_le_bytes()).collect();
    let ids = [
        ("<U3", wide, ["a", "\u{e9}t", "ccc"]),
        ("|S3", narrow, ["a", "bb", "ccc"]),
        ("<i8", numbers, ["7", "-8", "9"]),
    ];
    for (fortran, values) in [("False", &by_rows), ("True", &by_columns)] {
        let encoded = [
            ("<f2", values.iter().flat_map(|x| half::f16::from_f32(*x).to_le_bytes()).collect::<Vec<u8>>()),
            ("<f4", values.iter().flat_map(|x| x.to_le_bytes()).collect()),
            ("<f8", values.iter().flat_map(|x| f64::from(*x).to_le_bytes()).collect()),
        ];
        for ((descr, data), (id_descr, id_data, expected)) in encoded.iter().zip(&ids) {
            let vectors = array(descr, fortran, "(3, 4)", data);
            let ids = array(id_descr, "False", "(3,)", id_data);
            for packed in [false, true] {
                for name in ["vectors.npy", "factors.npy"] {
                    let bytes = npz(&[("ids.npy", &ids), (name, &vectors)], packed);
                    let (format, found) = folder.rows(bytes, &VectorOptions::default()).expect("sound");
                    assert_eq!(format, VectorFormat::Npz);
                    for (row, (id, values)) in found.iter().zip(expected.iter().zip(&rows)) {
                        assert_eq!(
                            (row.id.as_str(), &row.values[..]),
                            (*id, &values[..]),
                            "{descr} {fortran} {id_descr}"
                        );
                    }
                    assert_eq!(found.len(), 3);
                }
            }
            let listed = VectorOptions { ids: Some(folder.write("ids", "x\ny\nz\n")), ..VectorOptions::default() };
            assert_eq!(folder.rows(&vectors, &listed).expect("an array").1[2].values, rows[2]);
        }
    }
}

#[test]
fn what_is_wrong_with_arrays_in_a_zip_is_named() {
    let folder = Folder::new();
    let data = [0_u8; 48];
    let vectors = array("<f4", "False", "(3, 4)", &data);
    let ids = array("<U1", "False", "(3,)", b"a\0\0\0b\0\0\0c\0\0\0");
    let short = array("<U1", "False", "(2,)", b"a\0\0\0b\0\0\0");
    let objects = array("|O", "False", "(3,)", b"pickled");
    let long = array("<U1", "False", "(3,)", &[b'a', 0, 0, 0].repeat(4));
    let sized = |shape: &str| array("<f4", "False", shape, &data);
    let (fewer, more, flat, deep) = (sized("(3, 2)"), sized("(3, 5)"), sized("(12,)"), sized("(3, 2, 2)"));
    let columns = array("<f4", "True", "(3, 2)", &data);
    for (members, why) in [
        (vec![("vectors.npy", &vectors)], "has no array \"ids\""),
        (vec![("ids.npy", &ids)], "has no array \"vectors\""),
        (vec![("vectors.npy", &vectors), ("ids.npy", &short)], "has 2 ids"),
        (vec![("vectors.npy", &vectors), ("ids.npy", &objects)], "astype(str)"),
        (vec![("a.npy", &vectors), ("b.npy", &vectors), ("ids.npy", &ids)], "--tensor"),
        (vec![("vectors.npy", &fewer), ("ids.npy", &ids)], "there is more after the rows that its header lists"),
        (vec![("vectors.npy", &columns), ("ids.npy", &ids)], "there is more after the rows that its header lists"),
        (vec![("vectors.npy", &more), ("ids.npy", &ids)], "the file ends inside row 3 of 3"),
        (vec![("vectors.npy", &vectors), ("ids.npy", &long)], "there is more after the ids"),
        (vec![("vectors.npy", &flat), ("ids.npy", &ids)], "two dimensions"),
        (vec![("vectors.npy", &deep), ("ids.npy", &ids)], "two dimensions"),
    ] {
        let members: Vec<(&str, &[u8])> = members.into_iter().map(|(name, bytes)| (name, &bytes[..])).collect();
        let told = folder.rows(npz(&members, false), &VectorOptions::default()).expect_err(why);
        assert!(told.contains(why), "{why}: {told}");
    }
}

#[test]
fn lines_of_json_are_read_and_a_wrong_one_is_named() {
    let folder = Folder::new();
    let read = |text: &str| folder.rows(text, &VectorOptions::default());
    let (format, rows) = read("{\"id\":\"a b\",\"values\":[1,2.5]}\n{\"values\":[3,4],\"id\":7}\n").expect("sound");
    assert_eq!(format, VectorFormat::Jsonl);
    assert_eq!((rows[0].id.as_str(), &rows[0].values[..], rows[1].id.as_str()), ("a b", &[1.0, 2.5][..], "7"));
    for (line, why) in [
        ("{\"id\":\"b\",\"values\":[1]}", "line 2: has 1 values, the first line has 2"),
        ("{\"id\":null,\"values\":[1,2]}", "line 2: id must be text"),
        ("{\"id\":\"b\"}", "line 2: is not"),
    ] {
        let told = read(&format!("{{\"id\":\"a\",\"values\":[1,2]}}\n{line}\n")).expect_err(why);
        assert!(told.contains(why), "{told}");
    }
}
