//! Goal: rows come out of a state as files that hold their very bits, in every format, and our own readers read them
//! back. Method: a random state; files read by the readers that imports use, a zip's entries by their directory.

use std::{collections::BTreeMap, path::PathBuf};

use shelfmark_datasets::vectors::{
    Export, ExportError, ExportFormat, ExportOptions, ExportTable, VectorFile, VectorOptions, VectorRow,
};
use shelfmark_domain::Item;
use shelfmark_state::InferenceState;

use crate::serving_world::{World, id};

const TABLES: [ExportTable; 3] = [ExportTable::Items, ExportTable::Users, ExportTable::Tokens];

fn world() -> World {
    let mut world = World::new(8, 5);
    (0..150).for_each(|_| world.step(40));
    for strange in ["caf\u{e9}", "\"quoted\\\"", "\u{1f600}-emoji"] {
        world.event(Some(strange), None, strange, "view");
    }
    world.learn(60);
    world.state.put_item(&Item::bare(id("i3")));
    world.state.remove_item(&id("i3"));
    world
}

/// What has to come out, in order.
fn expected(inference: &InferenceState, table: ExportTable) -> Vec<VectorRow> {
    let (catalog, parameters) = (&inference.catalog, &inference.parameters);
    let row = |id: &shelfmark_domain::Id, values: &[f32]| VectorRow { id: id.to_string(), values: values.to_vec() };
    match table {
        ExportTable::Items => (0..catalog.len())
            .filter(|item| !catalog.entry(*item as u32).removed)
            .map(|item| row(catalog.id(item as u32), parameters.items.row(item)))
            .collect(),
        ExportTable::Users => (0..inference.users.len())
            .map(|user| row(inference.users.id(user as u32), parameters.users.row(user)))
            .collect(),
        ExportTable::Tokens => (0..catalog.tokens_len())
            .map(|token| row(catalog.token(token as u32), parameters.tokens.row(token)))
            .collect(),
    }
}

fn bytes(inference: &InferenceState, format: ExportFormat, table: ExportTable) -> Vec<u8> {
    let export = Export::new(inference, ExportOptions { format, table, content: false }).expect("exportable");
    let (size, rows) = (export.bytes(), export.rows());
    let bytes = export.collect::<Vec<_>>().concat();
    assert!(size.is_none_or(|size| size == bytes.len() as u64), "{format:?}: {size:?} were told, {} came", bytes.len());
    assert_eq!(rows, expected(inference, table).len());
    bytes
}

struct Folder(tempfile::TempDir);

impl Folder {
    fn write(&self, name: &str, bytes: &[u8]) -> PathBuf {
        let path = self.0.path().join(name);
        std::fs::write(&path, bytes).expect("written");
        path
    }

    fn read(&self, bytes: &[u8], ids: Option<PathBuf>) -> Vec<VectorRow> {
        let path = self.write("vectors", bytes);
        let mut file = VectorFile::open(&path, &VectorOptions { ids, ..VectorOptions::default() }).expect("recognised");
        let (mut all, mut row) = (Vec::new(), VectorRow::default());
        while file.next(&mut row).expect("sound") {
            all.push(row.clone());
        }
        all
    }
}

fn folder() -> Folder {
    Folder(tempfile::tempdir().expect("a folder"))
}

#[test]
fn our_own_readers_read_the_very_rows_back() {
    let (world, folder) = (world(), folder());
    let inference = &world.state.inference;
    for table in TABLES {
        let rows = expected(inference, table);
        assert!(rows.len() > 3);
        for format in FORMATS {
            assert_eq!(folder.read(&bytes(inference, format, table), None), rows, "{format:?} of {table}");
        }
    }
}

/// Every format that is written.
const FORMATS: [ExportFormat; 6] = [
    ExportFormat::Safetensors,
    ExportFormat::Word2vec,
    ExportFormat::Npz,
    ExportFormat::Jsonl,
    ExportFormat::Projector,
    ExportFormat::Parquet,
];

/// A zip's entries, by its directory, as Python's `zipfile` finds them.
fn entries(zip: &[u8]) -> BTreeMap<String, Vec<u8>> {
    let long = |at: usize| u32::from_le_bytes(zip[at..at + 4].try_into().expect("four bytes")) as usize;
    let short = |at: usize| usize::from(u16::from_le_bytes(zip[at..at + 2].try_into().expect("two bytes")));
    let end = zip.len() - 22;
    assert_eq!(&zip[end..end + 4], b"PK\x05\x06");
    let (count, mut at) = (short(end + 10), long(end + 16));
    assert_eq!(at + long(end + 12), end);
    let mut found = BTreeMap::new();
    for _ in 0..count {
        assert_eq!(&zip[at..at + 4], b"PK\x01\x02");
        assert_eq!(short(at + 10), 0, "stored");
        let (sum, size, name, begin) = (long(at + 16), long(at + 24), short(at + 28), long(at + 42));
        assert_eq!(&zip[begin..begin + 4], b"PK\x03\x04");
        let data = begin + 30 + short(begin + 26) + short(begin + 28);
        let content = zip[data..data + size].to_vec();
        let mut crc = flate2::Crc::new();
        crc.update(&content);
        assert_eq!(crc.sum() as usize, sum);
        assert_eq!(&zip[data + size..data + size + 4], b"PK\x07\x08");
        found.insert(String::from_utf8_lossy(&zip[at + 46..at + 46 + name]).into_owned(), content);
        at += 46 + name;
    }
    found
}

#[test]
fn an_npz_holds_both_arrays_as_numpy_writes_them() {
    let (world, folder) = (world(), folder());
    let inference = &world.state.inference;
    let rows = expected(inference, ExportTable::Items);
    let entries = entries(&bytes(inference, ExportFormat::Npz, ExportTable::Items));
    let ids = &entries["ids.npy"];
    let header = usize::from(u16::from_le_bytes([ids[8], ids[9]]));
    assert!((header + 10).is_multiple_of(64));
    let text = String::from_utf8_lossy(&ids[10..10 + header]).into_owned();
    let width = rows.iter().map(|row| row.id.chars().count()).max().expect("rows");
    assert!(
        text.starts_with(&format!("{{'descr': '<U{width}', 'fortran_order': False, 'shape': ({},), }}", rows.len())),
        "{text}"
    );
    let read: Vec<String> = ids[10 + header..]
        .chunks_exact(width * 4)
        .map(|id| {
            let characters = id.as_chunks::<4>().0.iter().map(|c| u32::from_le_bytes(*c)).take_while(|c| *c != 0);
            characters.map(|c| char::from_u32(c).expect("a character")).collect()
        })
        .collect();
    assert_eq!(read, rows.iter().map(|row| row.id.clone()).collect::<Vec<_>>());
    let ids = folder.write("ids", read.join("\n").as_bytes());
    assert_eq!(folder.read(&entries["vectors.npy"], Some(ids)), rows);
}

#[test]
fn many_rows_come_in_pieces_and_ids_with_white_space_are_refused_where_they_would_be_cut() {
    let mut world = World::new(64, 1);
    for number in 0..9000 {
        world.state.put_item(&Item::bare(id(&format!("item number\u{a0}{number}"))));
    }
    let inference = &world.state.inference;
    let options = |format| ExportOptions { format, table: ExportTable::Items, content: false };
    let pieces: Vec<usize> =
        Export::new(inference, options(ExportFormat::Npz)).expect("exportable").map(|piece| piece.len()).collect();
    assert!(pieces.len() > 2 && pieces.iter().all(|bytes| *bytes < (1 << 20) + 4096), "{pieces:?}");
    let refused = Export::new(inference, options(ExportFormat::Word2vec)).expect_err("white space");
    assert_eq!(refused, ExportError::WhiteSpace("item number\u{a0}0".to_owned()));
    let folder = folder();
    assert_eq!(folder.read(&bytes(inference, ExportFormat::Safetensors, ExportTable::Items), None).len(), 9000);
}

#[test]
fn items_with_their_content_are_as_answers_use_them() {
    let world = world();
    let inference = &world.state.inference;
    let options = ExportOptions { format: ExportFormat::Safetensors, table: ExportTable::Items, content: true };
    let file = Export::new(inference, options).expect("exportable").collect::<Vec<_>>().concat();
    let mut vector = vec![0.0; 8];
    let mut moved = 0;
    for row in folder().read(&file, None) {
        let item = inference.catalog.row(&row.id).expect("known");
        inference.item_vector(item, &mut vector);
        assert_eq!(row.values, vector);
        moved += usize::from(vector != inference.parameters.items.row(item as usize));
    }
    assert!(moved > 0, "some item has a word, a category or a dense vector");
}

#[test]
fn the_projector_gets_a_row_of_numbers_and_a_row_of_metadata_for_each_item() {
    let mut world = World::new(4, 1);
    let pot =
        Item { title: Some("Red\u{a0}pot".to_owned()), categories: vec!["Home".to_owned()], ..Item::bare(id("a b")) };
    world.state.put_item(&pot);
    world.state.put_item(&Item::bare(id("c")));
    let inference = &world.state.inference;
    let entries = entries(&bytes(inference, ExportFormat::Projector, ExportTable::Items));
    let text = |name: &str| String::from_utf8(entries[name].clone()).expect("UTF-8");
    assert_eq!(text("metadata.tsv"), "id\ttitle\tcategory\na b\tRed\u{a0}pot\tHome\nc\t\t\n");
    let vectors = text("vectors.tsv");
    let rows: Vec<Vec<f32>> =
        vectors.lines().map(|line| line.split('\t').map(|value| value.parse().expect("a number")).collect()).collect();
    let expected: Vec<Vec<f32>> = expected(inference, ExportTable::Items).into_iter().map(|row| row.values).collect();
    assert_eq!(rows, expected);
    let tokens = bytes(inference, ExportFormat::Projector, ExportTable::Tokens);
    assert!(!String::from_utf8_lossy(&tokens).contains("title"), "a single column has no header");

    world.state.put_item(&Item::bare(id(" c")));
    let options = ExportOptions { format: ExportFormat::Projector, table: ExportTable::Items, content: false };
    let refused = Export::new(&world.state.inference, options).expect_err("a table loses the space");
    assert_eq!(refused, ExportError::WhiteSpace(" c".to_owned()));
}

#[test]
fn many_rows_are_several_row_groups_and_no_rows_are_a_file_too() {
    let mut world = World::new(64, 1);
    let folder = folder();
    let none = bytes(&world.state.inference, ExportFormat::Parquet, ExportTable::Items);
    assert!(none.starts_with(b"PAR1") && none.ends_with(b"PAR1"));
    for number in 0..20_000 {
        world.state.put_item(&Item::bare(id(&format!("item {number}"))));
    }
    let inference = &world.state.inference;
    let options = ExportOptions { format: ExportFormat::Parquet, table: ExportTable::Items, content: false };
    let pieces: Vec<Vec<u8>> = Export::new(inference, options).expect("exportable").collect();
    assert!(pieces.len() == 3 && pieces.iter().all(|piece| piece.len() < 5 << 20), "{}", pieces.len());
    assert_eq!(folder.read(&pieces.concat(), None), expected(inference, ExportTable::Items));
    // Two members of an archive are read side by side, however large they are.
    for format in [ExportFormat::Npz, ExportFormat::Projector] {
        assert!(
            folder.read(&bytes(inference, format, ExportTable::Items), None) == expected(inference, ExportTable::Items)
        );
    }
}
