//! Goal: every format gives the values its documentation says, by content alone, and what cannot be read is named.
//! Method: small files as their publishers write them, through the public reader.

use std::io::{Cursor, Write};

use flate2::{Compression, write::GzEncoder};

use shelfmark_datasets::feeds::{
    Feed, FeedBody, FeedError, FeedFormat, FeedOptions, FeedSource, LINE_BYTES_MAX, OpenError,
};
use shelfmark_domain::{Event, Item, PropertyValue, Timestamp};

/// FeedFormat, events, items, bad lines.
type Content = (FeedFormat, Vec<Event>, Vec<Item>, Vec<(u64, String)>);

fn feed(name: &str, bytes: &[u8], options: &FeedOptions) -> Feed {
    Feed::new(FeedSource::from_reader(name, Cursor::new(bytes.to_vec())).expect("readable"), options).expect("known")
}

fn read(name: &str, bytes: &[u8]) -> Content {
    read_with(name, bytes, &FeedOptions::default())
}

fn read_with(name: &str, bytes: &[u8], options: &FeedOptions) -> Content {
    let feed = feed(name, bytes, options);
    let format = feed.format();
    let (mut events, mut items, mut bad) = (Vec::new(), Vec::new(), Vec::new());
    for entry in feed {
        match entry {
            Ok(entry) => match entry.body {
                FeedBody::Event(event) => events.push(event),
                FeedBody::Item(item) => items.push(item),
            },
            Err(FeedError::Bad(line)) => bad.push((line.line, line.detail)),
            Err(error @ FeedError::Unreadable { .. }) => panic!("{error}"),
        }
    }
    (format, events, items, bad)
}

fn seconds(seconds: f64) -> Timestamp {
    Timestamp::from_seconds(seconds).expect("in range")
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(bytes).expect("memory");
    encoder.finish().expect("memory")
}

#[test]
fn our_events_keep_every_field_and_unknown_ones_become_properties() {
    let text = br#"{"user":"17850","item":"85123A","kind":"purchase","value":6,"ts":1291191960}
{"user":17850,"item":71053,"kind":"click","value":null,"ts":"2010-12-01T08:26:00Z"}
{"event_id":"e1","session":"s","item":"i","kind":"cart","ts":1.5,"context":["device:mobile"],"recommendation_id":"r","properties":{"a":1},"page":3}
"#;
    let (format, events, items, bad) = read("x", text);
    assert_eq!((format, items.len(), bad.len()), (FeedFormat::Ndjson, 0, 0));
    assert_eq!(events[0].user.as_ref().expect("there").as_str(), "17850");
    assert_eq!((events[0].value, events[0].ts), (Some(6.0), seconds(1_291_191_960.0)));
    assert_eq!((events[1].item.as_str(), events[1].value, events[1].ts), ("71053", None, events[0].ts));
    assert!(events[1].event_id.as_str().starts_with("r-") && events[0].event_id != events[1].event_id);
    assert_eq!((events[2].event_id.as_str(), events[2].context.len()), ("e1", 1));
    assert_eq!(events[2].properties, Some(serde_json::json!({"a": 1, "page": 3})));
}

#[test]
fn our_items_put_other_fields_into_properties_and_leave_nulls_out() {
    let text =
        br#"{"item":"1","title":"Toy Story","categories":["Animation",""],"year":"1995","brand":null,"price":2.5}
{"id":"2","title":null,"properties":{"new":true},"available":false}
"#;
    let (_, events, items, bad) = read("x", text);
    assert_eq!((events.len(), bad.len()), (0, 0));
    assert_eq!((items[0].title.as_deref(), items[0].categories.len()), (Some("Toy Story"), 1));
    assert_eq!(items[0].properties["price"], PropertyValue::Number(2.5.into()));
    assert_eq!(items[0].properties["year"], PropertyValue::Text("1995".to_owned()));
    assert_eq!(items[0].properties.len(), 2);
    assert_eq!((items[1].properties["new"].clone(), items[1].available), (PropertyValue::Flag(true), false));
}

#[test]
fn movielens_ratings_and_films_are_read_in_both_generations() {
    let (format, events, ..) = read("x", b"196\t242\t3\t881250949\n186\t302\t3.5\t891717742\n");
    assert_eq!(format, FeedFormat::MovieLensData);
    assert_eq!((events[1].kind.as_str(), events[1].value, events[1].ts), ("rating", Some(3.5), seconds(891_717_742.0)));

    let (format, events, ..) = read("x", b"userId,movieId,rating,timestamp\r\n1,31,2.5,1260759144\r\n");
    assert_eq!(format, FeedFormat::MovieLensRatings);
    assert_eq!((events[0].item.as_str(), events[0].value), ("31", Some(2.5)));

    let (format, _, items, _) = read(
        "x",
        b"movieId,title,genres\n11,\"American President, The (1995)\",Comedy|Drama\n12,Odd,(no genres listed)\n",
    );
    assert_eq!(format, FeedFormat::MovieLensMovies);
    assert_eq!(items[0].title.as_deref(), Some("American President, The"));
    assert_eq!(items[0].properties["year"], PropertyValue::Number(1995.0.into()));
    assert_eq!((items[0].categories.len(), items[1].categories.len()), (2, 0));

    let mut latin = b"543|Mis".to_vec();
    latin.push(0xe9);
    latin.extend_from_slice(b"rables, Les (1995)|01-Jan-1995||http://x|0|0|0|0|0|0|0|0|1|0|0|0|1|0|0|0|0|0|0\n");
    let (format, _, items, bad) = read("x", &latin);
    assert_eq!((format, bad.len()), (FeedFormat::MovieLensItem, 0));
    assert_eq!(items[0].title.as_deref(), Some("Mis\u{e9}rables, Les"));
    assert_eq!(items[0].categories, ["Drama", "Musical"]);
}

#[test]
fn retailrocket_milliseconds_and_names_are_translated() {
    let text = b"timestamp,visitorid,event,itemid,transactionid\n1433221332117,257597,view,355908,\n\
        1433222276276,599528,transaction,356475,4000\n1433222276277,1,addtocart,2,\n";
    let (format, events, _, bad) = read("x", text);
    assert_eq!((format, bad.len()), (FeedFormat::RetailRocket, 0));
    let kinds: Vec<&str> = events.iter().map(|event| event.kind.as_str()).collect();
    assert_eq!(kinds, ["view", "purchase", "cart"]);
    assert_eq!(events[0].ts.micros(), 1_433_221_332_117_000);
    assert_eq!(events[1].properties, Some(serde_json::json!({"transaction_id": "4000"})));
}

#[test]
fn rees46_rows_give_metadata_at_first_sight_when_asked_to() {
    let text = b"event_time,event_type,product_id,category_id,category_code,brand,price,user_id,user_session\n\
        2019-10-01 00:00:00 UTC,view,3900821,2053013552326770905,appliances.environment.water_heater,aqua,33.20,554748717,9333dfbd\n\
        2019-10-01 00:00:01 UTC,cart,3900821,2053013552326770905,appliances.environment.water_heater,aqua,33.20,554748717,9333dfbd\n\
        2019-10-01 00:00:01 UTC,purchase,44600062,2103807459595387724,,,35.79,541312140,72d76fde\n";
    let (format, events, items, bad) = read("x", text);
    assert_eq!((format, events.len(), items.len(), bad.len()), (FeedFormat::Rees46, 3, 0, 0));
    assert_eq!((events[0].ts, events[0].value), (seconds(1_569_888_000.0), Some(33.2)));
    assert_eq!(events[0].session.as_ref().expect("there").as_str(), "9333dfbd");

    let options = FeedOptions { items_from_events: true, ..FeedOptions::default() };
    let entries: Vec<FeedBody> = feed("x", text, &options).map(|entry| entry.expect("good").body).collect();
    assert_eq!(entries.len(), 5);
    let FeedBody::Item(item) = &entries[0] else { panic!("metadata goes before the event") };
    assert_eq!(item.categories, ["appliances", "environment", "water_heater"]);
    assert_eq!(item.properties["brand"], PropertyValue::Text("aqua".to_owned()));
    assert_eq!(item.title.as_deref(), Some("aqua appliances environment water_heater"));
    assert!(matches!(&entries[3], FeedBody::Item(item) if item.title.is_none()));
}

#[test]
fn bad_lines_are_named_by_number_and_field_and_reading_goes_on() {
    let mut text = br#"{"user":"u","item":"i","kind":"click","ts":1}
{"user":"u","item":"i","kind":"click"}
{"user":"u","item":"i","ts":1}
{"item":"i","kind":"click","ts":1}

{"user":"u","item":"","kind":"click","ts":1}
{"user":"u","item":"i","kind":"click","ts":"yesterday"}
not json
{"hello":1}
"#
    .to_vec();
    text.extend_from_slice(b"{\"user\":\"\xff\",\"item\":\"i\",\"kind\":\"click\",\"ts\":1}\n");
    text.extend_from_slice(&vec![b'x'; LINE_BYTES_MAX + 10]);
    text.extend_from_slice(b"\n{\"user\":\"u\",\"item\":\"i\",\"kind\":\"click\",\"ts\":2}");
    let (_, events, _, bad) = read("x", &text);
    assert_eq!(events.len(), 2);
    let expected = [
        (2, "ts is missing"),
        (3, "kind is missing"),
        (4, "user: an event needs a user or a session"),
        (6, "item: must not be empty"),
        (7, "ts: "),
        (8, "not a JSON object"),
        (9, "neither an event"),
        (10, "not UTF-8"),
        (11, "longer than"),
    ];
    assert_eq!(bad.len(), expected.len(), "{bad:?}");
    for ((line, detail), (expected_line, begins)) in bad.iter().zip(expected) {
        assert!(*line == expected_line && detail.starts_with(begins), "{line}: {detail}");
    }
    let (_, events, _, bad) =
        read("x", b"userId,movieId,rating,timestamp\n1,2\n1,2,x,4\n\"1,2,3,4\n1,2,3,4\n1,2,NaN,4\n");
    assert_eq!(events.len(), 1);
    let lines: Vec<u64> = bad.iter().map(|(line, _)| *line).collect();
    assert_eq!(lines, [2, 3, 4, 6], "{bad:?}");
}

#[test]
fn lines_of_an_array_are_bad_and_say_how_to_take_it_apart() {
    let text = "[{\"user\":\"u1\",\"item\":\"p1\",\"kind\":\"click\",\"ts\":1700000000},\n\
        {\"user\":\"u2\",\"item\":\"p1\",\"kind\":\"click\",\"ts\":1700000001}]\n";
    let (_, events, _, bad) = read("array.jsonl", text.as_bytes());
    assert_eq!((events.len(), bad.len()), (0, 2));
    assert!(bad.iter().all(|(_, detail)| detail.contains("JSON array") && detail.contains("jq -c")));
}

#[test]
fn gzip_is_recognised_by_its_bytes_and_changes_no_id() {
    let text = b"{\"user\":\"u\",\"item\":\"i\",\"kind\":\"click\",\"ts\":1}\n";
    let (_, plain, ..) = read("plain", text);
    let mut twice = gzip(text);
    twice.extend(gzip(text));
    let (_, zipped, ..) = read("zipped", &twice);
    assert_eq!(zipped.len(), 2);
    assert_eq!(plain[0], zipped[0]);
    assert_ne!(zipped[0].event_id, zipped[1].event_id);
}

#[test]
fn a_cut_gzip_file_is_an_error_behind_the_lines_that_could_be_read() {
    let text: String = (0..5000)
        .map(|n| format!("{{\"user\":\"u{}\",\"item\":\"i{n}\",\"kind\":\"click\",\"ts\":{n}}}\n", n * 7919 % 613))
        .collect();
    let whole = gzip(text.as_bytes());
    let feed = feed("x", &whole[..whole.len() / 2], &FeedOptions::default());
    let entries: Vec<_> = feed.collect();
    assert!(entries.len() > 100);
    assert!(matches!(entries.last(), Some(Err(FeedError::Unreadable { .. }))));
}

#[test]
fn a_file_of_no_known_format_is_refused_with_its_beginning() {
    let source = FeedSource::from_reader("x.zip", Cursor::new(b"PK\x03\x04rest\n".to_vec())).expect("readable");
    let Err(error @ OpenError::Unrecognised { .. }) = Feed::new(source, &FeedOptions::default()) else {
        panic!("refused");
    };
    assert!(error.to_string().contains("PK"), "{error}");
    let empty = feed("x", b"", &FeedOptions::default());
    assert_eq!(empty.count(), 0);
}

#[test]
fn a_salt_makes_ids_new_even_those_of_the_file() {
    let text = b"{\"event_id\":\"mine\",\"user\":\"u\",\"item\":\"i\",\"kind\":\"click\",\"ts\":1}\n";
    let salted = |salt: &str| {
        let options = FeedOptions { salt: Some(salt.to_owned()), ..FeedOptions::default() };
        read_with("x", text, &options).1.remove(0).event_id
    };
    assert_eq!(read("x", text).1[0].event_id.as_str(), "mine");
    assert_ne!(salted("a"), salted("b"));
}
