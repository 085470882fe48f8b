//! Goal: tables in Parquet files are read as those in text are. Method: files of the writer of the crate parquet, with
//! the types that data frames write.

use std::{fs::File, path::Path, sync::Arc};

use parquet::{
    basic::Compression,
    data_type::{ByteArray, ByteArrayType, DoubleType, Int64Type},
    file::{properties::WriterProperties, writer::SerializedFileWriter},
    schema::parser::parse_message_type,
};
use serde_json::{Value, json};
use shelfmark_datasets::feeds::{Feed, FeedBody, FeedError, FeedFormat, FeedOptions, OpenError};

/// Values of a column, missing where they are `None`.
enum Values {
    Texts(Vec<Option<&'static str>>),
    Longs(Vec<Option<i64>>),
    Doubles(Vec<Option<f64>>),
}

/// Writes a file of one row group, of which every column may miss values.
fn write(path: &Path, schema: &str, compression: Compression, columns: &[Values]) {
    let schema = Arc::new(parse_message_type(schema).expect("a schema"));
    let properties = Arc::new(WriterProperties::builder().set_compression(compression).build());
    let file = File::create(path).expect("a writable folder");
    let mut writer = SerializedFileWriter::new(file, schema, properties).expect("a writer");
    let mut group = writer.next_row_group().expect("a row group");
    for values in columns {
        let mut column = group.next_column().expect("no error").expect("a column");
        match values {
            Values::Texts(values) => {
                let there: Vec<ByteArray> = values.iter().flatten().map(|text| ByteArray::from(*text)).collect();
                let levels: Vec<i16> = values.iter().map(|value| i16::from(value.is_some())).collect();
                column.typed::<ByteArrayType>().write_batch(&there, Some(&levels), None).expect("written");
            }
            Values::Longs(values) => {
                let there: Vec<i64> = values.iter().flatten().copied().collect();
                let levels: Vec<i16> = values.iter().map(|value| i16::from(value.is_some())).collect();
                column.typed::<Int64Type>().write_batch(&there, Some(&levels), None).expect("written");
            }
            Values::Doubles(values) => {
                let there: Vec<f64> = values.iter().flatten().copied().collect();
                let levels: Vec<i16> = values.iter().map(|value| i16::from(value.is_some())).collect();
                column.typed::<DoubleType>().write_batch(&there, Some(&levels), None).expect("written");
            }
        }
        column.close().expect("closed");
    }
    group.close().expect("closed");
    writer.close().expect("closed");
}

/// Format, events without their ids, and bad lines.
fn read(path: &Path, options: &FeedOptions) -> (FeedFormat, Vec<Value>, Vec<String>) {
    let feed = Feed::open(path, options).unwrap_or_else(|error| panic!("{error}"));
    let (format, mut events, mut bad) = (feed.format(), Vec::new(), Vec::new());
    for entry in feed {
        match entry {
            Ok(entry) => match entry.body {
                FeedBody::Event(event) => {
                    let mut event = serde_json::to_value(event).expect("JSON");
                    event.as_object_mut().expect("an object").remove("event_id");
                    events.push(event);
                }
                FeedBody::Item(item) => events.push(serde_json::to_value(item).expect("JSON")),
            },
            Err(FeedError::Bad(line)) => bad.push(line.to_string()),
            Err(error @ FeedError::Unreadable { .. }) => panic!("{error}"),
        }
    }
    (format, events, bad)
}

#[test]
fn columns_with_our_names_are_events_whatever_their_types_and_their_packing() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("events.parquet");
    let schema = "message events { optional int64 user; optional binary item (STRING); optional binary kind (STRING);
        optional int64 ts (TIMESTAMP(NANOS,true)); optional double value; }";
    for compression in [Compression::UNCOMPRESSED, Compression::SNAPPY, Compression::ZSTD(Default::default())] {
        let columns = [
            Values::Longs(vec![Some(9_007_199_254_740_993), None, Some(3)]),
            Values::Texts(vec![Some("i1"), Some("i2"), Some("caf\u{e9}")]),
            Values::Texts(vec![Some("click"), Some("click"), Some("view")]),
            Values::Longs(vec![Some(1_462_752_526_309_000_000), Some(1), Some(1_462_752_526_309_123_456)]),
            Values::Doubles(vec![Some(2.5), None, Some(f64::NAN)]),
        ];
        write(&path, schema, compression, &columns);
        let (format, events, bad) = read(&path, &FeedOptions::default());
        assert_eq!(format, FeedFormat::Ndjson);
        assert_eq!(
            events,
            [
                json!({"user": "9007199254740993", "item": "i1", "kind": "click", "value": 2.5,
                    "ts": "2016-05-09T00:08:46.309Z"}),
                json!({"user": "3", "item": "caf\u{e9}", "kind": "view", "ts": "2016-05-09T00:08:46.309123Z"}),
            ]
        );
        assert!(bad.len() == 1 && bad[0].starts_with("line 2: user"), "{bad:?}");
    }
}

#[test]
fn columns_of_a_known_table_and_of_ones_own_are_read_as_such() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("visits.parquet");
    let schema = "message m { optional int64 timestamp; optional double visitorid; optional binary event (STRING);
        optional int64 itemid; }";
    let columns = [
        Values::Longs(vec![Some(1_433_221_332_117), Some(1_433_221_332_118)]),
        Values::Doubles(vec![Some(257_597.0), None]),
        Values::Texts(vec![Some("view"), Some("addtocart")]),
        Values::Longs(vec![Some(355_908), Some(2)]),
    ];
    write(&path, schema, Compression::SNAPPY, &columns);
    let expected = json!({"user": "257597", "item": "355908", "kind": "view", "ts": "2015-06-02T05:02:12.117Z"});
    let (format, events, bad) = read(&path, &FeedOptions::default());
    assert_eq!(
        (format, events, bad),
        (FeedFormat::RetailRocket, vec![expected.clone()], vec!["line 3: visitorid is missing".to_owned()])
    );
    let options = FeedOptions {
        columns: Some("user=visitorid,item=itemid,kind=event,ts=timestamp".parse().expect("columns")),
        ..FeedOptions::default()
    };
    let (format, events, bad) = read(&path, &options);
    assert_eq!((format, events, bad.len()), (FeedFormat::Table, vec![expected], 1));

    let path = folder.path().join("own.parquet");
    let schema = "message m { optional binary who (STRING); optional binary what (STRING); optional int64 at; }";
    let columns = [
        Values::Texts(vec![Some("u\t\"1\"")]),
        Values::Texts(vec![Some("a\nb")]),
        Values::Longs(vec![Some(1_433_221_332_117)]),
    ];
    write(&path, schema, Compression::SNAPPY, &columns);
    let options = FeedOptions {
        columns: Some("user=who,item=what,ts=at".parse().expect("columns")),
        kind: Some("view".to_owned()),
        ..FeedOptions::default()
    };
    let (format, events, bad) = read(&path, &options);
    assert_eq!((format, events.len(), bad.len()), (FeedFormat::Table, 0, 1), "{bad:?}");
    assert!(bad[0].contains("who"), "an id holds no tab: {bad:?}");
}

#[test]
fn what_is_no_whole_file_is_refused() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("events.parquet");
    write(&path, "message m { optional int64 user; }", Compression::SNAPPY, &[Values::Longs(vec![Some(1); 1000])]);
    let whole = std::fs::read(&path).expect("the file");
    for bytes in [&whole[..4], &whole[..whole.len() / 2], &whole[..whole.len() - 1]] {
        std::fs::write(&path, bytes).expect("written");
        assert!(matches!(Feed::open(&path, &FeedOptions::default()), Err(OpenError::Io { .. })), "{}", bytes.len());
    }
}
