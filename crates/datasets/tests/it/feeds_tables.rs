//! Goal: tables are read as people write them, and what is missing, odd or unclear costs no more than it must. Method:
//! small files of each kind through the public reader.

use std::io::Cursor;

use shelfmark_datasets::feeds::{
    ColumnRoles, Feed, FeedBody, FeedError, FeedFormat, FeedOptions, FeedSource, LineMeaning, OpenError,
    RECORD_LINES_MAX, TextEncoding, TsUnit,
};
use shelfmark_domain::{Event, Item, PropertyValue};

/// What was read from a file.
struct Content {
    format: FeedFormat,
    events: Vec<Event>,
    items: Vec<Item>,
    bad: Vec<(u64, String)>,
}

impl Content {
    /// User or session, item and kind of each event.
    fn seen(&self) -> Vec<(String, String, String)> {
        let actor = |event: &Event| event.user.as_ref().or(event.session.as_ref()).expect("an actor").to_string();
        self.events.iter().map(|event| (actor(event), event.item.to_string(), event.kind.clone())).collect()
    }

    fn titles(&self) -> Vec<(&str, &str)> {
        self.items.iter().map(|item| (item.id.as_str(), item.title.as_deref().unwrap_or(""))).collect()
    }
}

fn open(name: &str, bytes: &[u8], options: &FeedOptions) -> Result<Feed, OpenError> {
    Feed::new(FeedSource::from_reader(name, Cursor::new(bytes.to_vec())).expect("readable"), options)
}

fn read_with(name: &str, bytes: impl AsRef<[u8]>, options: &FeedOptions) -> Content {
    let feed = open(name, bytes.as_ref(), options).unwrap_or_else(|error| panic!("{error}"));
    let mut content = Content { format: feed.format(), events: Vec::new(), items: Vec::new(), bad: Vec::new() };
    for entry in feed {
        match entry {
            Ok(entry) => match entry.body {
                FeedBody::Event(event) => content.events.push(event),
                FeedBody::Item(item) => content.items.push(item),
            },
            Err(FeedError::Bad(line)) => content.bad.push((line.line, line.detail)),
            Err(error @ FeedError::Unreadable { .. }) => panic!("{error}"),
        }
    }
    content
}

fn read(bytes: impl AsRef<[u8]>) -> Content {
    read_with("x", bytes, &FeedOptions::default())
}

fn refused(name: &str, bytes: impl AsRef<[u8]>, options: &FeedOptions) -> String {
    open(name, bytes.as_ref(), options).err().expect("refused").to_string()
}

fn columns(roles: &str) -> FeedOptions {
    FeedOptions { columns: Some(roles.parse().expect("roles")), ..FeedOptions::default() }
}

fn named(user: &str, item: &str, kind: &str) -> (String, String, String) {
    (user.to_owned(), item.to_owned(), kind.to_owned())
}

#[test]
fn spellings_of_missing_are_no_ids_labels_or_numbers_in_rees46() {
    let header = "event_time,event_type,product_id,category_id,category_code,brand,price,user_id,user_session\n";
    let rows = "2019-10-01 00:00:00 UTC,view,1,2103807459595387724,nan,nan,nan,541312140,s1\n\
        2019-10-01 00:00:00 UTC,view,2,2103807459595387724,NaN,NaN,,541312141,nan\n\
        2019-10-01 00:00:00 UTC,purchase,3,2103807459595387724,None,None,None,541312142,s1\n\
        2019-10-01 00:00:00 UTC,view,4,2103807459595387724,,\\N,1.5,nan,s1\n\
        2019-10-01 00:00:00 UTC,view,<NA>,2103807459595387724,,,1.5,541312142,s1\n\
        2019-10-01 00:00:00 UTC,view,5,NULL,a.b,acme,twelve,541312142,s1\n";
    let options = FeedOptions { items_from_events: true, ..FeedOptions::default() };
    let content = read_with("x", format!("{header}{rows}"), &options);
    let seen = [("541312140", "1", "view"), ("541312141", "2", "view"), ("541312142", "3", "purchase")];
    let seen = seen.iter().chain(&[("541312142", "5", "view")]).map(|(u, i, k)| named(u, i, k)).collect::<Vec<_>>();
    assert_eq!(content.seen(), seen);
    assert!(content.events.iter().all(|event| event.value.is_none()), "no price is a number");
    assert!(content.events[1].session.is_none());
    let bad: Vec<&str> = content.bad.iter().map(|(_, detail)| detail.as_str()).collect();
    assert_eq!(bad.len(), 2, "{bad:?}");
    assert!(bad[0].starts_with("user_id is missing") && bad[1].starts_with("product_id is missing"), "{bad:?}");
    assert_eq!(content.titles(), [("1", ""), ("2", ""), ("3", ""), ("5", "acme a b")]);
    for item in &content.items[..3] {
        assert_eq!(item.properties.keys().collect::<Vec<_>>(), ["category_id"], "{item:?}");
        assert!(item.categories.is_empty());
    }
    assert!(!content.items[3].properties.contains_key("category_id"));
}

#[test]
fn spellings_of_missing_are_no_ids_in_the_other_formats() {
    for spelling in ["nan", "NaN", "None", "null", "NULL", "\\N", "N/A", "-nan", "<NA>", ""] {
        let ratings = format!("userId,movieId,rating,timestamp\n{spelling},31,4,978300760\n1,{spelling},4,978300760\n");
        let views = format!(
            "timestamp,visitorid,event,itemid,transactionid\n1433221332117,{spelling},view,1,\n\
             1433221332117,1,view,{spelling},\n1433221332117,1,transaction,2,{spelling}\n"
        );
        let own = format!("who;what;when\n{spelling};a;1700000000\nu;{spelling};1700000000\nu;a;{spelling}\n");
        let options = FeedOptions { kind: Some("view".to_owned()), ..columns("user=who,item=what,ts=when") };
        let (ratings, views, own) = (read(ratings), read(views), read_with("x", own, &options));
        assert_eq!((ratings.events.len(), ratings.bad.len()), (0, 2), "{spelling}: {:?}", ratings.bad);
        assert_eq!((views.events.len(), views.bad.len()), (1, 2), "{spelling}: {:?}", views.bad);
        assert!(views.events[0].properties.is_none(), "{spelling}");
        assert_eq!((own.events.len(), own.bad.len()), (0, 3), "{spelling}: {:?}", own.bad);
        let films =
            read(format!("movieId,title,genres\n1,{spelling},Drama|{spelling}\n{spelling},A,Drama\n2,B,{spelling}\n"));
        assert_eq!(films.titles(), [("1", ""), ("2", "B")], "{spelling}: a film without a title has its genres");
        assert_eq!(films.bad.len(), 1, "{spelling}");
        assert_eq!((&films.items[0].categories[..], films.items[1].categories.len()), (&["Drama".to_owned()][..], 0));
    }
    let lines = read(
        br#"{"user":"nan","item":"a","kind":"click","ts":1700000000}
{"user":"u","item":"None","kind":"click","ts":1700000000}
{"user":"u","item":"a","session":"\\N","kind":"click","ts":1700000000}
{"item":"NULL","title":"x"}
"#,
    );
    assert_eq!((lines.events.len(), lines.items.len(), lines.bad.len()), (1, 0, 3), "{:?}", lines.bad);
    assert!(lines.events[0].session.is_none());
}

#[test]
fn whole_numbers_written_as_floats_are_the_same_ids() {
    let films = read("movieId,title,genres\n31,Blue River (1998),Drama\n66.0,Plain (1999),Drama\n");
    assert_eq!(films.titles(), [("31", "Blue River"), ("66", "Plain")]);
    let ratings = read("userId,movieId,rating,timestamp\n1.0,31.0,4.0,978300760.0\n2.0,66.0,4.0,978300761.0\n");
    assert_eq!(ratings.seen(), [named("1", "31", "rating"), named("2", "66", "rating")]);
    let data = read("1.0\t31.0\t4.0\t978300760.0\n");
    assert_eq!((data.format, data.seen()), (FeedFormat::MovieLensData, vec![named("1", "31", "rating")]));
    let shop = read(
        "event_time,event_type,product_id,category_id,category_code,brand,price,user_id,user_session\n\
         2019-10-01 00:00:00 UTC,view,2.0,2103807459595387724,,,1.5,541312141.0,s\n\
         2019-10-01 00:00:00 UTC,view,2.5,2103807459595387724,,,1.5,541312141.0,s\n\
         2019-10-01 00:00:00 UTC,view,1e+06,2103807459595387724,,,1.5,541312141.0,s\n",
    );
    assert_eq!(shop.seen(), [named("541312141", "2", "view")]);
    assert!(shop.bad[0].1.contains("not a whole number") && shop.bad[1].1.contains("scientific"), "{:?}", shop.bad);
    let views = read("timestamp,visitorid,event,itemid,transactionid\n1433221332117,7.0,transaction,8.0,9.0\n");
    assert_eq!(views.seen(), [named("7", "8", "purchase")]);
    assert_eq!(views.events[0].properties, Some(serde_json::json!({"transaction_id": "9"})));
    let lines = read(r#"{"user":7.0,"item":8.0,"kind":"click","ts":1700000000}"#);
    assert_eq!(lines.seen(), [named("7", "8", "click")]);
    let own = FeedOptions { kind: Some("view".to_owned()), ..columns("user=u,item=i,ts=t") };
    let own = read_with("x", "u,i,t\n7.0,8.5,1700000000\n7.0,SKU-1.0,1700000000\n", &own);
    assert_eq!(own.seen(), [named("7", "8.5", "view"), named("7", "SKU-1.0", "view")]);
}

#[test]
fn numbers_of_tables_come_back_as_they_are_written() {
    let shown = |content: &Content, name: &str| {
        let values = content.items.iter().map(|item| serde_json::to_string(&item.properties[name]).expect("JSON"));
        values.collect::<Vec<_>>()
    };
    assert_eq!(shown(&read("movieId,title,genres\n31,Blue River (1998),Drama\n"), "year"), ["1998"]);
    assert_eq!(shown(&read("31::Blue River (1998)::Drama\n"), "year"), ["1998"]);
    let header = "event_time,event_type,product_id,category_id,category_code,brand,price,user_id,user_session\n";
    let row = |product: &str, price: &str| {
        format!("2019-10-01 00:00:00 UTC,view,{product},2053013555631882655,a.b,acme,{price},1,s\n")
    };
    let rows = [row("1", "24"), row("2", "24.5"), row("3", "24.0"), row("4", "18446744073709551616")];
    let options = FeedOptions { items_from_events: true, ..FeedOptions::default() };
    let mut content = read_with("x", format!("{header}{}", rows.concat()), &options);
    assert_eq!(shown(&content, "category_id"), ["2053013555631882655"; 4]);
    assert!(!content.items.pop().expect("four").properties.contains_key("price"), "it would be rounded");
    assert_eq!(shown(&content, "price"), ["24", "24.5", "24.0"]);
    assert_eq!(content.events.iter().map(|event| event.value).collect::<Vec<_>>()[..2], [Some(24.0), Some(24.5)]);
}

#[test]
fn values_that_a_float_does_not_hold_are_no_values_and_texts_that_look_like_numbers_stay() {
    let options = FeedOptions { kind: Some("view".to_owned()), ..columns("user=u,item=i,ts=t,value=v") };
    let own = read_with("x", "u,i,t,v\na,b,1700000000,3\na,b,1700000001,9007199254740993\n", &options);
    assert_eq!(own.events.iter().map(|event| event.value).collect::<Vec<_>>(), [Some(3.0), None]);
    let line = |value: &str| format!(r#"{{"user":"u","item":"i","kind":"click","ts":1,"value":{value}}}"#);
    let lines = read(format!("{}\n{}\n", line("9007199254740992"), line("9007199254740993")));
    assert_eq!((lines.events.len(), &lines.bad[0].1[..6]), (1, "value:"), "{:?}", lines.bad);
    let items = read("ITEM_ID,GENRES,CODE,PRICE\ni1,Home|nan,007,24\n");
    let shown = serde_json::to_string(&items.items[0].properties).expect("JSON");
    assert_eq!(shown, r#"{"code":"007","price":24}"#);
    assert_eq!(items.items[0].categories, ["Home"]);
}

#[test]
fn a_quoted_field_goes_over_lines_and_a_stray_quote_costs_one() {
    let films =
        read("movieId,title,genres\r\n31,\"A title\r\nover two lines (1998)\",Drama\r\n66,Plain (1999),Comedy\r\n");
    assert_eq!(films.titles(), [("31", "A title over two lines"), ("66", "Plain")]);
    assert!(films.bad.is_empty(), "{:?}", films.bad);
    let said = read("\u{feff}movieId,title,genres\n31,\"say \"\"hi\"\",\nthen go (1998)\",Drama\n");
    assert_eq!(said.titles(), [("31", "say \"hi\", then go")]);

    let rows: String = (100..100 + 2 * RECORD_LINES_MAX).map(|row| format!("{row},Plain (1999),Comedy\n")).collect();
    let stray = read(format!("movieId,title,genres\n31,\"Broken (1998),Drama\n{rows}900,\"Last, The (1998)\",Drama\n"));
    assert_eq!(stray.bad, [(2, "a quote is not closed".to_owned())]);
    assert_eq!(stray.items.len(), 2 * RECORD_LINES_MAX + 1);
    let inches = read("movieId,title,genres\n31,Screen 19\" wide (1998),Drama\n66,Plain (1999),Comedy\n");
    assert_eq!(inches.titles()[0].1, "Screen 19\" wide");

    let options = FeedOptions { kind: Some("view".to_owned()), ..columns("user=1,item=2,ts=4") };
    let options = FeedOptions { no_header: true, ..options };
    let rows = read_with("x", "u1,i1,\"two\nlines\",1700000000\nu2,i2,plain,1700000001\n", &options);
    assert_eq!(rows.seen(), [named("u1", "i1", "view"), named("u2", "i2", "view")]);
}

#[test]
fn movielens_dat_files_are_read_with_their_encoding() {
    let films = read(b"31::Am\xe9lie au caf\xe9 (2001)::Comedy|Romance\n66::\"Blue\" River (1998)::Drama\n");
    assert_eq!(films.format, FeedFormat::MovieLensMoviesDat);
    assert_eq!(films.titles(), [("31", "Am\u{e9}lie au caf\u{e9}"), ("66", "\"Blue\" River")]);
    assert_eq!(films.items[0].properties["year"], PropertyValue::Number(2001.0.into()));
    assert_eq!(films.items[0].categories, ["Comedy", "Romance"]);
    let odd = "8::No year::Drama\n7::Alien :: Director's cut (1979)::Horror|Sci-Fi\nbroken::Drama\n";
    for text in [odd, odd.split_once('\n').expect("lines").1] {
        let (film, content) = ("Alien :: Director's cut", read(text));
        assert_eq!(content.titles().last(), Some(&("7", film)));
        assert_eq!((&content.items.last().expect("one").categories[1], content.bad.len()), (&"Sci-Fi".to_owned(), 1));
    }
    let utf8 = read("31::Am\u{e9}lie (2001)::Comedy\n");
    assert_eq!(utf8.titles(), [("31", "Am\u{e9}lie")]);
    let ratings = read("1::31::4::978300760\n2::31::3.5::978298413\nbroken\n");
    assert_eq!(ratings.format, FeedFormat::MovieLensRatingsDat);
    assert_eq!(ratings.seen(), [named("1", "31", "rating"), named("2", "31", "rating")]);
    assert_eq!((ratings.events[1].value, ratings.bad.len()), (Some(3.5), 1));
    assert_eq!(ratings.events[0].ts.micros(), 978_300_760_000_000);
    for users in ["1::F::1::10::48067\n2::M::56::16::70072\n", "1|24|M|technician|85711\n"] {
        let users = read(users);
        let read = (users.events.len(), users.items.len(), users.bad.len());
        assert_eq!((users.format, read), (FeedFormat::MovieLensUsers, (0, 0, 0)));
    }
    let item = "1|Am\u{e9}lie (2001)|01-Jan-1995||http://x|0|0|0|0|0|0|0|0|1|0|0|0|1|0|0|0|0|0|0\n";
    assert_eq!(read(item).titles(), [("1", "Am\u{e9}lie")]);
}

#[test]
fn a_table_of_ones_own_is_read_by_the_columns_that_were_named() {
    let text = "user_id,item_id,timestamp,event_type\nu1,i1,1700000000,click\nu2,i1,1700000001,click\n";
    let told = refused("events.csv", text, &FeedOptions::default());
    assert!(told.contains("--columns") && told.contains("user_id, item_id, timestamp, event_type"), "{told}");
    let content = read_with("x", text, &columns("user=user_id,item=item_id,kind=event_type,ts=timestamp"));
    assert_eq!((content.format, content.seen().len()), (FeedFormat::Table, 2));
    assert_eq!(content.seen()[1], named("u2", "i1", "click"));
    assert_eq!(content.events[0].ts.micros(), 1_700_000_000_000_000);

    let text = "sid;sku;at;name\ns1;81766;1462752526309;\"A title\nover two lines\"\ns1;31331;1462753031018;plain\n\
        s2;81766;1462753999000;\"say \"\"hi\"\"\"\n";
    for ts_unit in [None, Some(TsUnit::Milliseconds)] {
        let options = FeedOptions { kind: Some("view".to_owned()), ts_unit, ..columns("session=sid,item=sku,ts=at") };
        let content = read_with("x", text, &options);
        assert_eq!((content.events.len(), content.bad.len()), (3, 0), "{:?}", content.bad);
        assert!(content.events[0].user.is_none());
        assert_eq!(content.events[0].ts.micros(), 1_462_752_526_309_000);
        assert_eq!(content.seen()[2], named("s2", "81766", "view"));
    }
    // Numbers, values that are no numbers, dates, and a kind for rows without one.
    let text = "u1\ti1\t2\t2023-11-14T22:13:20Z\tcart\nu1\ti2\tmany\t2023-11-14 22:13:21+00:00\t\n";
    let options =
        FeedOptions { kind: Some("view".to_owned()), no_header: true, ..columns("user=1,item=2,value=3,ts=4,kind=5") };
    let content = read_with("x", text, &options);
    assert_eq!(content.seen(), [named("u1", "i1", "cart"), named("u1", "i2", "view")]);
    assert_eq!((content.events[0].value, content.events[1].value), (Some(2.0), None));
    // Objects with other names.
    let reviews = r#"{"reviewerID":"A2","asin":"0000013714","overall":5.0,"unixReviewTime":1252800000}"#;
    let options = columns("user=reviewerID,item=asin,value=overall,ts=unixReviewTime");
    let content = read_with("x", reviews, &FeedOptions { kind: Some("review".to_owned()), ..options });
    assert_eq!(content.seen(), [named("A2", "0000013714", "review")]);
    // Films beside the table keep their own format.
    let films = "movieId,title,genres\n31,Blue River (1998),Drama\n";
    let films = read_with("x", films, &columns("user=user_id,item=item_id,kind=event_type,ts=timestamp"));
    assert_eq!(films.titles(), [("31", "Blue River")]);
}

#[test]
fn what_is_wrong_with_the_columns_is_named() {
    for (roles, why) in [
        ("user=u,item=i", "ts is missing"),
        ("item=i,ts=t", "user or session is missing"),
        ("user=u,ts=t", "item is missing"),
        ("user=u,user=v,item=i,ts=t", "user is there twice"),
        ("colour=u,item=i,ts=t", "\"colour\" is none of user"),
        ("user,item=i,ts=t", "is not like user=user_id"),
    ] {
        let told = roles.parse::<ColumnRoles>().expect_err(why);
        assert!(told.contains(why), "{roles}: {told}");
    }
    let text = "user_id,item_id,at\nu,i,1700000000\n";
    let view = |roles| FeedOptions { kind: Some("view".to_owned()), ..columns(roles) };
    for (text, options, why) in [
        (text, view("user=usr,item=item_id,ts=at"), "no column \"usr\"; its columns are user_id, item_id, at"),
        (text, columns("user=user_id,item=item_id,ts=at"), "--kind"),
        ("u,u,i,t\n1,2,3,4\n", view("user=u,item=i,ts=t"), "column u is there twice"),
        (text, FeedOptions { no_header: true, ..view("user=user_id,item=2,ts=3") }, "columns are numbers"),
        ("a,b;c,d;e,f\n", FeedOptions { no_header: true, ..view("user=1,item=2,ts=3") }, "--separator"),
        ("userId,movieId,movieId,rating,timestamp\n", FeedOptions::default(), "column movieId is there twice"),
    ] {
        let told = refused("x", text, &options);
        assert!(told.contains(why), "{why}: {told}");
    }
    let bad = read_with("x", "user_id,item_id,at\nu,,1700000000\nu,i,soon\n", &view("user=user_id,item=item_id,ts=at"));
    assert!(bad.bad[0].1.contains("item_id is missing") && bad.bad[1].1.starts_with("at: "), "{:?}", bad.bad);
}

#[test]
fn units_of_time_are_not_mistaken() {
    let views = "timestamp,visitorid,event,itemid\n1433221332,1,view,2\n";
    let content = read(views);
    assert!(content.bad[0].1.contains("looks like seconds") && content.bad[0].1.contains("--ts-unit seconds"));
    let given = FeedOptions { ts_unit: Some(TsUnit::Seconds), ..FeedOptions::default() };
    assert_eq!(read_with("x", views, &given).events[0].ts.micros(), 1_433_221_332_000_000);
    for ratings in
        ["userId,movieId,rating,timestamp\n1,31,4,978300760000\n", "1::31::4::978300760\n1::2::4::978300760000\n"]
    {
        let content = read(ratings);
        assert!(content.bad[0].1.contains("--ts-unit milliseconds"), "{:?}", content.bad);
    }
    let lines = r#"{"user":"u","item":"i","kind":"click","ts":1700000000000}"#;
    assert!(read(lines).bad[0].1.contains("looks like milliseconds"), "{:?}", read(lines).bad);
    let given = FeedOptions { ts_unit: Some(TsUnit::Milliseconds), ..FeedOptions::default() };
    assert_eq!(read_with("x", lines, &given).events[0].ts.micros(), 1_700_000_000_000_000);
    let local = r#"{"user":"u","item":"i","kind":"click","ts":"2023-11-14 22:13:20"}"#;
    assert!(read(local).bad[0].1.contains("offset"), "{:?}", read(local).bad);
    let given = FeedOptions { ts_unit: Some(TsUnit::Iso), ..FeedOptions::default() };
    assert_eq!(read_with("x", local, &given).events[0].ts.micros(), 1_700_000_000_000_000);
}

#[test]
fn four_numbers_are_ratings_only_where_they_can_be() {
    for text in ["1700000000\t12\t31\t4\n", "12\t31\t4711\t978300760\n", "12\t31\t4\t17\n", "1,31,4,978300760\n"] {
        let told = refused("x", text, &FeedOptions::default());
        assert!(told.contains("--columns") && told.contains("--no-header"), "{text}: {told}");
    }
    let by_format = FeedOptions { format: Some(FeedFormat::MovieLensData), ..FeedOptions::default() };
    assert_eq!(read_with("x", "12\t31\t4711\t978300760\n", &by_format).events.len(), 1);
    assert_eq!(read_with("x", "12,31,4,978300760\n", &by_format).events.len(), 1);
    assert_eq!(read_with("dir/u.data", "12\t31\t4711\t978300760\n", &FeedOptions::default()).events.len(), 1);
}

#[test]
fn what_is_meant_as_an_event_is_no_item() {
    let events = "{\"item\":\"p1\",\"visitor\":\"v1\",\"event\":\"click\",\"ts\":1700000000}\n";
    let content = read(events);
    assert!(content.items.is_empty() && content.bad[0].1.starts_with("kind is missing"), "{:?}", content.bad);
    let by_columns = columns("user=visitor,item=item,kind=event,ts=ts");
    assert_eq!(read_with("x", events, &by_columns).seen(), [named("v1", "p1", "click")]);
    let unclear = "{\"id\":\"p1\",\"title\":\"Red Kettle\",\"ts\":1700000000}\n";
    assert!(read(unclear).bad[0].1.contains("--format ndjson-items"), "{:?}", read(unclear).bad);
    for meaning in [LineMeaning::Items, LineMeaning::LikelyItems] {
        let content = read_with("x", unclear, &FeedOptions { meaning, ..FeedOptions::default() });
        assert_eq!(content.titles(), [("p1", "Red Kettle")]);
    }
    let twice = "{\"user\":\"u\",\"item\":\"a\",\"kind\":\"click\",\"ts\":1700000000,\"user\":\"v\"}\n\
        {\"id\":\"a\",\"title\":\"x\",\"title\":\"y\"}\n";
    let content = read(twice);
    assert!(content.bad.iter().all(|(_, detail)| detail.contains("is there twice")), "{:?}", content.bad);
    assert_eq!(content.bad.len(), 2);
    assert!(refused("a.txt", "[{\"user\":\"u\"}]\n", &FeedOptions::default()).contains("array"));
}

#[test]
fn a_preview_shows_rows_as_understood_and_takes_none() {
    let mut feed = open(
        "x",
        b"userId,movieId,rating,timestamp\n1,x y,4,978300760\nbroken\n2,31,5,978298413\n3,31,1,978298414\n",
        &FeedOptions::default(),
    )
    .expect("known");
    let shown: Vec<String> = feed.preview(2).map(|entry| format!("{} {}", entry.line, entry.body)).collect();
    assert_eq!(shown[0], "2 event rating, user 1, item x y, ts 2000-12-31T22:12:40Z, value 4");
    assert_eq!((shown.len(), &shown[1][..2]), (2, "4 "));
    assert_eq!(feed.map(|entry| entry.is_ok()).collect::<Vec<_>>(), [true, false, true, true]);
}

#[test]
fn encodings_are_told_by_a_mark_or_given() {
    let text = "movieId,title,genres\n31,Am\u{e9}lie (2001),Drama\n";
    let wide = |mark: u16, bytes: fn(u16) -> [u8; 2]| {
        std::iter::once(mark).chain(text.encode_utf16()).flat_map(bytes).collect::<Vec<u8>>()
    };
    for bytes in [wide(0xfeff, u16::to_le_bytes), wide(0xfeff, u16::to_be_bytes)] {
        assert_eq!(read(bytes).titles(), [("31", "Am\u{e9}lie")]);
    }
    let bare = text.encode_utf16().flat_map(u16::to_le_bytes).collect::<Vec<u8>>();
    assert!(refused("x", &bare, &FeedOptions::default()).contains("--encoding utf-16le"));
    let given = |label: &str| {
        let encoding: TextEncoding = label.parse().expect("known");
        FeedOptions { encoding: Some(encoding), ..FeedOptions::default() }
    };
    assert_eq!(read_with("x", &bare, &given("utf-16le")).titles(), [("31", "Am\u{e9}lie")]);
    let latin: Vec<u8> = text.chars().map(|character| character as u8).collect();
    assert!(read(&latin).bad[0].1.contains("--encoding latin1"));
    assert_eq!(read_with("x", &latin, &given("latin1")).titles(), [("31", "Am\u{e9}lie")]);
    assert!("klingon".parse::<TextEncoding>().is_err());
}
