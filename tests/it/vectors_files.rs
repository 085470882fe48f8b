//! Goal: files of vectors are read as they were written, in every format, and a broken one says where it is broken.
//! Method: small files written here byte by byte, and by libtorch's own writers; real ones of
//! `SHELFMARK_TEST_DATASETS/wordvec` (ignored unless asked for).

#![expect(clippy::unwrap_used, reason = "helpers of tests may fail the test")]

use std::{
    io::Write,
    path::{Path, PathBuf},
};

use shelfmark_datasets::vectors::{
    FitSettings, ImportTargets, PreparedImport, RowSelection, VectorFile, VectorFormat, VectorOptions, VectorRow,
};
use shelfmark_domain::{Id, VectorTable};
use tch::{Kind, Tensor};

/// Exact in f16 and bf16 as well.
const WORDS: [&str; 3] = ["the", "globe", "f\u{fc}r"];
const VALUES: [[f32; 4]; 3] = [[0.5, -2.0, 0.25, 1.0], [0.0, 3.0, -0.125, 8.0], [-1.0, 1.5, 64.0, -0.75]];

fn rows(path: &Path, options: &VectorOptions) -> Result<(VectorFormat, Vec<VectorRow>), String> {
    let told = |error: shelfmark_datasets::vectors::VectorError| error.to_string();
    let mut file = VectorFile::open(path, options).map_err(told)?;
    let mut all = Vec::new();
    let mut row = VectorRow::default();
    while file.next(&mut row).map_err(told)? {
        all.push(row.clone());
    }
    Ok((file.format(), all))
}

fn expected() -> Vec<VectorRow> {
    WORDS.iter().zip(VALUES).map(|(id, values)| VectorRow { id: (*id).to_owned(), values: values.to_vec() }).collect()
}

fn text(header: &str) -> Vec<u8> {
    let mut text = header.to_owned();
    for row in expected() {
        text += &row.id;
        row.values.iter().for_each(|value| text += &format!(" {value}"));
        text += "\n";
    }
    text.into_bytes()
}

fn binary(behind: &[u8]) -> Vec<u8> {
    let mut bytes = b"3 4\n".to_vec();
    for row in expected() {
        bytes.extend_from_slice(row.id.as_bytes());
        bytes.push(b' ');
        row.values.iter().for_each(|value| bytes.extend_from_slice(&value.to_le_bytes()));
        bytes.extend_from_slice(behind);
    }
    bytes
}

/// A safetensors file with this header and as much data as the three rows have.
fn safetensors(header: &str) -> Vec<u8> {
    let mut bytes = (header.len() as u64).to_le_bytes().to_vec();
    bytes.extend_from_slice(header.as_bytes());
    VALUES.iter().flatten().for_each(|value| bytes.extend_from_slice(&value.to_le_bytes()));
    bytes
}

struct Folder(tempfile::TempDir);

impl Folder {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn write(&self, name: &str, bytes: &[u8]) -> PathBuf {
        let path = self.path(name);
        std::fs::write(&path, bytes).unwrap();
        path
    }
}

#[test]
fn every_format_gives_the_rows_that_were_written() {
    let folder = Folder::new();
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    gzip.write_all(&binary(b"\n")).unwrap();
    for (name, bytes, format) in [
        ("original.bin", binary(b"\n"), VectorFormat::Word2vec),
        ("without-line-ends.bin", binary(b""), VectorFormat::Word2vec),
        ("packed.gz", gzip.finish().unwrap(), VectorFormat::Word2vec),
        ("word2vec.txt", text("3 4\n"), VectorFormat::Word2vecText),
        ("glove.txt", text(""), VectorFormat::Glove),
    ] {
        let found = rows(&folder.write(name, &bytes), &VectorOptions::default());
        assert_eq!(found, Ok((format, expected())), "{name}");
        let told = VectorOptions { format: Some(format), ..VectorOptions::default() };
        assert_eq!(rows(&folder.path(name), &told), Ok((format, expected())), "{name}, told");
    }
    // Arrays, as libtorch writes them.
    let ids = folder.write("ids.txt", format!("{}\n", WORDS.join("\n")).as_bytes());
    let with_ids = VectorOptions { ids: Some(ids), ..VectorOptions::default() };
    let tensor = Tensor::from_slice2(&VALUES);
    for kind in [Kind::Float, Kind::Double, Kind::Half] {
        let path = folder.path("rows.npy");
        tensor.to_kind(kind).write_npy(&path).unwrap();
        assert_eq!(rows(&path, &with_ids), Ok((VectorFormat::Npy, expected())), "{kind:?}");
    }
    for kind in [Kind::Float, Kind::Double, Kind::Half, Kind::BFloat16] {
        let path = folder.path("rows.safetensors");
        let bias = Tensor::from_slice(&[1_f32, 2.0]);
        Tensor::write_safetensors(&[("bias", bias), ("rows", tensor.to_kind(kind))], &path).unwrap();
        assert_eq!(rows(&path, &with_ids), Ok((VectorFormat::Safetensors, expected())), "{kind:?}");
    }
    // Ids in the metadata.
    let header = r#"{"__metadata__":{"ids":"[\"the\",\"globe\",\"für\"]"},"r":{"dtype":"F32","shape":[3,4],"data_offsets":[0,48]}}"#;
    let found = rows(&folder.write("ids.safetensors", &safetensors(header)), &VectorOptions::default());
    assert_eq!(found, Ok((VectorFormat::Safetensors, expected())));
}

#[test]
fn a_word_may_hold_spaces_and_a_number_need_not_be_finite() {
    let folder = Folder::new();
    let path = folder.write("glove.txt", b"the 1 2\n. . . 3 4\nodd nan inf\n\nlast 5 -6e-1\ncaf\xe9 1 2\n");
    let (_, found) = rows(&path, &VectorOptions::default()).unwrap();
    let ids: Vec<&str> = found.iter().map(|row| row.id.as_str()).collect();
    assert_eq!(ids, ["the", ". . .", "odd", "last", "caf\u{fffd}"]);
    assert!(found[2].values[0].is_nan() && found[2].values[1].is_infinite());
    assert_eq!(found[3].values, [5.0, -0.6]);
}

#[test]
fn a_broken_file_says_where_and_what() {
    let folder = Folder::new();
    let cut = |bytes: Vec<u8>, by: usize| bytes[..bytes.len() - by].to_vec();
    let one = |dtype: &str, shape: &str| {
        safetensors(&format!(r#"{{"r":{{"dtype":"{dtype}","shape":{shape},"data_offsets":[0,48]}}}}"#))
    };
    let two = r#"{"a":{"dtype":"F32","shape":[1,4],"data_offsets":[0,16]},"b":{"dtype":"F32","shape":[2,4],"data_offsets":[16,48]}}"#;
    for (name, bytes, expected) in [
        ("nothing.bin", Vec::new(), "no format that is known"),
        ("events.jsonl", b"{\"user\":\"u\"}\n".to_vec(), "no format that is known"),
        ("cut.bin", cut(binary(b"\n"), 4), "byte 53: the file ends inside the values of row 3 of 3"),
        ("cut-word.bin", cut(binary(b"\n"), 19), "byte 47: the word of row 3 of 3 does not end"),
        ("more.bin", [binary(b"\n"), b"x".to_vec()].concat(), "byte 70: there is more after the 3 rows"),
        ("few.txt", text("4 4\n"), "line 4: the first line promises 4 rows, the file has 3"),
        ("short.txt", b"2 2\na 1 2\nb 1\n".to_vec(), "line 3: must have a word and 2 numbers"),
        ("word.txt", b"a 1 2\nb 1 x\n".to_vec(), "line 2: value 2 of 2: \"x\" is not a number"),
        ("comma.txt", b"2 2\na 0,1 0,2\nb 1 2\n".to_vec(), "line 2: value 2 of 2: \"0,2\" has a decimal comma"),
        ("cut.safetensors", cut(one("F32", "[3,4]"), 1), "the file ends inside row 3 of 3"),
        ("ints.safetensors", one("I32", "[3,4]"), "tensor \"r\" must hold floats, holds I32"),
        ("flat.safetensors", one("F32", "[12]"), "has no tensor with two dimensions"),
        ("two.safetensors", safetensors(two), "say which (--tensor): a, b"),
        ("rows.safetensors", one("F32", "[2,6]"), "there are more ids than the 2 rows"),
        ("ids.safetensors", one("F32", "[4,3]"), "there are 3 ids for 4 rows"),
        ("text.safetensors", safetensors("{\"r\":1}"), "byte 8: the header is not one of safetensors"),
        ("version.npy", b"\x93NUMPY\x09\x00..".to_vec(), "byte 6: version 9 of npy is not known"),
        ("header.npy", b"\x93NUMPY\x01\x00\x04\x00{'a'".to_vec(), "byte 10: the header has no descr"),
    ] {
        let ids = folder.write("ids.txt", b"a\nb\nc\n");
        let options = VectorOptions { ids: Some(ids), ..VectorOptions::default() };
        let told = rows(&folder.write(name, &bytes), &options).expect_err(name);
        assert!(told.contains(expected) && told.contains(name), "{name}: {told}");
    }
    let path = folder.write("without-ids.safetensors", &one("F32", "[3,4]"));
    let told = rows(&path, &VectorOptions::default()).expect_err("no ids");
    assert!(told.contains("--ids"), "{told}");
    let other = VectorOptions { tensor: Some("q".to_owned()), ..VectorOptions::default() };
    assert!(rows(&path, &other).expect_err("another").contains("has no tensor \"q\", only r"));
    let absent = rows(&folder.path("absent"), &VectorOptions::default()).expect_err("absent");
    assert!(absent.contains("absent cannot be read"), "{absent}");
}

#[test]
fn rows_are_matched_once_and_the_others_are_counted_by_why() {
    let folder = Folder::new();
    let file = "Globe 1 0\nglobe 2 0\nc:Toys 3 0\nnowhere 4 0\nred 0 0\nshoe nan 1\nb:acme 5 0\n";
    let path = folder.write("glove.txt", file.as_bytes());
    let id = |text: &str| Id::new("id", text).unwrap();
    let open = || VectorFile::open(&path, &VectorOptions::default()).unwrap();
    let taken = |targets: &ImportTargets| {
        let mut selection = RowSelection::new(open(), targets);
        let mut taken = Vec::new();
        while let Some((id, values)) = selection.next_wanted().unwrap() {
            taken.push((id.to_string(), values[0]));
        }
        (taken, selection.stats().clone())
    };
    // Tokens: words of titles without, other tokens with their prefix, all in lower case; the first one counts.
    let tokens = ["t:globe", "c:toys", "t:red", "t:shoe", "b:acme", "t:left"].map(id);
    let (rows, stats) = taken(&ImportTargets::new(VectorTable::Tokens, tokens, true));
    assert_eq!(rows, [("t:globe".to_owned(), 1.0), ("c:toys".to_owned(), 3.0), ("b:acme".to_owned(), 5.0)]);
    let counts = (stats.rows, stats.matched, stats.created, stats.unknown, stats.duplicates, stats.left_over);
    assert_eq!(counts, (7, 3, 0, 1, 1, 3), "{stats:?}");
    assert_eq!((stats.zero, stats.not_finite, &stats.unknown_first[..]), (1, 1, &["nowhere".to_owned()][..]));
    // Items: letter by letter; new ones only where they are wanted.
    let (rows, stats) = taken(&ImportTargets::new(VectorTable::Items, [id("globe"), id("gone")], false));
    assert_eq!(rows, [("globe".to_owned(), 2.0)]);
    assert_eq!((stats.unknown, stats.left_over), (6, 1));
    let (rows, stats) = taken(&ImportTargets::new(VectorTable::Items, [id("globe"), id("gone")], true));
    assert_eq!((rows.len(), stats.matched, stats.created, stats.zero, stats.not_finite), (5, 1, 4, 1, 1));
}

fn cosine(a: &[f32], b: &[f32]) -> f32 {
    let dot = |a: &[f32], b: &[f32]| a.iter().zip(b).map(|(x, y)| x * y).sum::<f32>();
    dot(a, b) / (dot(a, a) * dot(b, b)).sqrt()
}

/// The folder of a recorded data set. Its tests are ignored unless asked for, so a missing one is a failure.
fn dataset(name: &str) -> PathBuf {
    let datasets = std::env::var_os("SHELFMARK_TEST_DATASETS")
        .expect("set SHELFMARK_TEST_DATASETS to the folder of the recorded streams");
    let folder = PathBuf::from(datasets).join(name);
    assert!(folder.exists(), "{} is not there", folder.display());
    folder
}

/// Goal: the neighbours of a word in the model are those that it has in the file. Method: real word vectors, read in
/// both forms, fitted into a larger model with their mean kept; then the ten nearest of some words by cosine.
#[test]
#[ignore = "needs the recorded streams: set SHELFMARK_TEST_DATASETS"]
fn real_word_vectors_agree_between_formats_and_keep_their_neighbours() {
    let folder = dataset("wordvec");
    let options = VectorOptions::default();
    let (format, binary) = rows(&folder.join("words_100d.word2vec.bin.gz"), &options).unwrap();
    assert_eq!((format, binary.len()), (VectorFormat::Word2vec, 13_250));
    let (format, text) = rows(&folder.join("words_2000_100d.glove.txt.gz"), &options).unwrap();
    assert_eq!((format, text.len()), (VectorFormat::Glove, 2_000));
    assert_eq!(text[..], binary[..2_000], "the same words in both files");

    let words = text.iter().map(|row| Id::new("id", &row.id).unwrap());
    let targets = ImportTargets::new(VectorTable::Items, words, false);
    let open = || VectorFile::open(&folder.join("words_100d.word2vec.bin.gz"), &options).unwrap();
    let settings = FitSettings { scale: 0.2, centre: false, seed: 0 };
    let prepared = PreparedImport::read(open(), &targets, 128, &settings).unwrap();
    assert_eq!((prepared.stats().matched, prepared.stats().left_over), (2_000, 0));
    let mut fitted = Vec::new();
    prepared
        .hand_over(open(), |_, row| {
            row.check(128).unwrap();
            fitted.push(row.values.as_slice().to_vec());
            Ok::<(), shelfmark_datasets::vectors::VectorError>(())
        })
        .unwrap();
    let original: Vec<Vec<f32>> = text.iter().map(|row| row.values.clone()).collect();
    let nearest = |all: &[Vec<f32>], of: usize| {
        let mut by_cosine: Vec<(f32, usize)> =
            all.iter().enumerate().filter(|(row, _)| *row != of).map(|(row, v)| (cosine(v, &all[of]), row)).collect();
        by_cosine.sort_by(|a, b| b.0.total_cmp(&a.0));
        by_cosine.truncate(10);
        by_cosine
    };
    for word in (0..2_000).step_by(97) {
        let (file, model) = (nearest(&original, word), nearest(&fitted, word));
        for (file, model) in file.iter().zip(&model) {
            assert!((file.0 - model.0).abs() < 1e-4, "{}: {file:?} against {model:?}", text[word].id);
        }
        let same = file.iter().filter(|(_, row)| model.iter().any(|(_, other)| other == row)).count();
        assert!(same >= 9, "{}: {same} of 10 neighbours, two may be nearly as near", text[word].id);
    }
}
