//! Goal: exports of services and data sets of the literature give the values their documentation says, by content
//! alone. Method: small files as their publishers write them, through the public reader.

use std::io::Cursor;

use serde_json::{Value, json};
use shelfmark_datasets::feeds::{
    Feed, FeedBody, FeedError, FeedFormat, FeedOptions, FeedSource, OpenError, PublishedFormat, Separator,
};

/// What was read from a file.
struct Content {
    format: FeedFormat,
    events: Vec<Value>,
    items: Vec<Value>,
    bad: Vec<(u64, String)>,
    passed_over: u64,
}

fn open(bytes: &[u8], options: &FeedOptions) -> Result<Feed, OpenError> {
    Feed::new(FeedSource::from_reader("x", Cursor::new(bytes.to_vec())).expect("readable"), options)
}

/// Reads a file. Ids of events that the file has none of are left out, and so is that an item is available.
fn read_with(bytes: &str, options: &FeedOptions) -> Content {
    let mut feed = open(bytes.as_bytes(), options).unwrap_or_else(|error| panic!("{error}"));
    let format = feed.format();
    let mut content = Content { format, events: Vec::new(), items: Vec::new(), bad: Vec::new(), passed_over: 0 };
    for entry in feed.by_ref() {
        match entry {
            Ok(entry) => match entry.body {
                FeedBody::Event(event) => {
                    let mut event = serde_json::to_value(event).expect("JSON");
                    if event["event_id"].as_str().is_some_and(|id| id.starts_with("r-")) {
                        event.as_object_mut().expect("an object").remove("event_id");
                    }
                    content.events.push(event);
                }
                FeedBody::Item(item) => {
                    let mut item = serde_json::to_value(item).expect("JSON");
                    let fields = item.as_object_mut().expect("an object");
                    if fields["available"] == true {
                        fields.remove("available");
                    }
                    content.items.push(item);
                }
            },
            Err(FeedError::Bad(line)) => content.bad.push((line.line, line.detail)),
            Err(error @ FeedError::Unreadable { .. }) => panic!("{error}"),
        }
    }
    content.passed_over = feed.passed_over();
    content
}

fn read(bytes: &str) -> Content {
    let content = read_with(bytes, &FeedOptions::default());
    // The name that was recognised reads the file as well.
    let named = FeedOptions { format: FeedFormat::named(content.format.name()), ..FeedOptions::default() };
    let again = read_with(bytes, &named);
    assert_eq!((&again.events, &again.items), (&content.events, &content.items));
    content
}

fn is(content: &Content, format: PublishedFormat) {
    assert_eq!((content.format, &content.bad[..]), (FeedFormat::Published(format), &[][..]));
}

#[test]
fn amazon_personalize_has_interactions_items_and_users() {
    let found = read(
        "USER_ID,ITEM_ID,TIMESTAMP,EVENT_TYPE,EVENT_VALUE,IMPRESSION\n\
         196,242,881250949,Watch,3.5,1|2\nu2,i1,881250950,,,\n",
    );
    is(&found, PublishedFormat::PersonalizeInteractions);
    assert_eq!(
        found.events,
        [
            json!({"user": "196", "item": "242", "kind": "watch", "value": 3.5, "ts": "1997-12-04T15:55:49Z"}),
            json!({"user": "u2", "item": "i1", "kind": "click", "ts": "1997-12-04T15:55:50Z"}),
        ]
    );
    let found = read(
        "ITEM_ID,TITLE,GENRES,CATEGORY_L1,PRICE,SIZES,CREATION_TIMESTAMP,DESCRIPTION\n\
         i1,\"Kettle, red\",Kitchen|Tea,Home,24.50,S|M,881250949,Boils\ni2,,,,,,,\n",
    );
    is(&found, PublishedFormat::PersonalizeItems);
    assert_eq!(
        found.items,
        [
            json!({"id": "i1", "title": "Kettle, red", "text": "Boils", "categories": ["Kitchen", "Tea", "Home"],
                "properties": {"price": 24.5, "sizes": ["S", "M"], "creation_timestamp": 881_250_949}}),
            json!({"id": "i2"}),
        ]
    );
    let found = read("USER_ID,AGE,GENDER\nu1,24,F\nu2,31,M\n");
    is(&found, PublishedFormat::PersonalizeUsers);
    assert_eq!((found.events.len(), found.items.len(), found.passed_over), (0, 0, 2));
    // A table of one's own is not taken for it.
    for own in ["user_id,item_id,event,timestamp\nu,i,click,1\n", "VISITOR_ID,ITEM_ID,EVENT\nv,i,click\n"] {
        assert!(matches!(open(own.as_bytes(), &FeedOptions::default()), Err(OpenError::Unrecognised { .. })), "{own}");
    }
}

#[test]
fn yoochoose_has_clicks_and_buys_of_sessions() {
    let clicks = read(
        "1,2014-04-07T10:51:09.277Z,214536502,0\n1,2014-04-07T10:54:09.868Z,214536500,S\n\
         2,2014-04-07T13:56:37.614Z,214662742,12\n",
    );
    is(&clicks, PublishedFormat::YoochooseClicks);
    assert_eq!(
        clicks.events[..2],
        [
            json!({"session": "1", "item": "214536502", "kind": "click", "ts": "2014-04-07T10:51:09.277Z"}),
            json!({"session": "1", "item": "214536500", "kind": "click", "ts": "2014-04-07T10:54:09.868Z",
                "properties": {"category": "S"}}),
        ]
    );
    let buys =
        read("420374,2014-04-06T18:44:58.314Z,214537888,12462,1\n281626,2014-04-06T09:40:13.032Z,214535653,0,0\n");
    is(&buys, PublishedFormat::YoochooseBuys);
    assert_eq!(
        buys.events,
        [
            json!({"session": "420374", "item": "214537888", "kind": "purchase", "value": 12462.0,
                "ts": "2014-04-06T18:44:58.314Z", "properties": {"quantity": 1}}),
            json!({"session": "281626", "item": "214535653", "kind": "purchase", "ts": "2014-04-06T09:40:13.032Z"}),
        ]
    );
    let broken =
        read_with("1,2014-04-07T10:51:09.277Z,214536502,0\n1,2014-04-07T10:51:09.277Z\n", &FeedOptions::default());
    assert_eq!((broken.events.len(), broken.bad), (1, vec![(2, "has 2 fields, not 4".to_owned())]));
}

#[test]
fn diginetica_has_views_purchases_and_products() {
    let views =
        read("sessionId;userId;itemId;timeframe;eventdate\n1;NA;81766;526309;2016-05-09\n2;7;31331;0;2016-05-10\n");
    is(&views, PublishedFormat::DigineticaViews);
    assert_eq!(
        views.events,
        [
            json!({"session": "1", "item": "81766", "kind": "view", "ts": "2016-05-09T00:08:46.309Z"}),
            json!({"session": "2", "user": "7", "item": "31331", "kind": "view", "ts": "2016-05-10T00:00:00Z"}),
        ]
    );
    let purchases =
        read("sessionId;userId;timeframe;eventdate;ordernumber;itemId\n150;18278;17100868;2016-05-06;16421;25911\n");
    is(&purchases, PublishedFormat::DigineticaPurchases);
    assert_eq!(
        purchases.events,
        [json!({"session": "150", "user": "18278", "item": "25911", "kind": "purchase",
            "ts": "2016-05-06T04:45:00.868Z", "properties": {"order": "16421"}})]
    );
    let products = read("itemId;pricelog2;product.name.tokens\n1;10;4875,776,56689\n");
    is(&products, PublishedFormat::DigineticaProducts);
    assert_eq!(products.items, [json!({"id": "1", "text": "4875 776 56689", "properties": {"pricelog2": 10}})]);
}

#[test]
fn recbole_columns_are_found_by_their_names_with_types() {
    let found = read(
        "user_id:token\titem_id:token\trating:float\ttimestamp:float\n196\t242\t3\t881250949\nu\ti\t\t881250950\n",
    );
    assert_eq!(found.format, FeedFormat::Published(PublishedFormat::RecboleInteractions));
    assert_eq!(
        found.events,
        [json!({"user": "196", "item": "242", "kind": "rating", "value": 3.0, "ts": "1997-12-04T15:55:49Z"})]
    );
    assert_eq!(found.bad, [(3, "rating is missing".to_owned())]);
    let found = read("session_id:token\titem_id:token\ttimestamp:float\ns\ti\t1462752526309\n");
    is(&found, PublishedFormat::RecboleInteractions);
    let expected = json!({"session": "s", "item": "i", "kind": "click", "ts": "2016-05-09T00:08:46.309Z"});
    assert_eq!(found.events, [expected]);
    let found = read(
        "item_id:token\tmovie_title:token_seq\trelease_year:token\tclass:token_seq\tprice:float\tbrand:token\n\
         1\tToy Story\t1995\tAnimation Children's Comedy\t9.5\tAcme\n",
    );
    is(&found, PublishedFormat::RecboleItems);
    assert_eq!(
        found.items,
        [json!({"id": "1", "title": "Toy Story", "categories": ["Animation", "Children's", "Comedy"],
            "properties": {"year": 1995, "price": 9.5, "brand": "Acme"}})]
    );
    let found = read("user_id:token\tage:token\tgender:token\n1\t24\tM\n");
    is(&found, PublishedFormat::RecboleUsers);
    assert_eq!(found.passed_over, 1);
}

#[test]
fn messages_of_segment_become_events_as_the_service_takes_them() {
    let track = |id: &str, event: &str, properties: Value| {
        json!({"type": "track", "event": event, "messageId": id, "anonymousId": "a1", "userId": "ann", "version": 2,
            "timestamp": "2026-11-23T10:00:00Z", "receivedAt": "2026-11-23T10:00:01Z", "properties": properties})
    };
    let lines = [
        track("m1", "Product Viewed", json!({"product_id": "p1", "price": 5})),
        track("m2", "Order Completed", json!({"order_id": "o", "products": [{"sku": "p1"}, {}, {"sku": "p2"}]})),
        track("m3", "Teleported", json!({})),
        json!({"type": "identify", "userId": "ann", "traits": {}}),
        json!({"type": "page", "anonymousId": "a2", "timestamp": "2026-11-23T10:00:02Z", "properties": {"sku": "p3"}}),
        json!({"type": "page", "anonymousId": "a2", "properties": {"sku": "p3"}}),
    ];
    let text: String = lines.iter().map(|line| format!("{line}\n")).collect();
    let found = read(&text);
    assert_eq!((found.format, found.passed_over), (FeedFormat::Published(PublishedFormat::Segment), 2));
    let seen: Vec<(&Value, &Value, &Value)> =
        found.events.iter().map(|event| (&event["event_id"], &event["item"], &event["kind"])).collect();
    assert_eq!(
        seen,
        [
            (&json!("m1"), &json!("p1"), &json!("view")),
            (&json!("m2:0"), &json!("p1"), &json!("purchase")),
            (&json!("m2:2"), &json!("p2"), &json!("purchase")),
            (&json!(null), &json!("p3"), &json!("view")),
        ]
    );
    assert_eq!((&found.events[0]["user"], &found.events[0]["session"]), (&json!("ann"), &json!("a1")));
    assert!(found.bad[0].0 == 2 && found.bad[0].1.contains("properties.products[1].product_id"), "{:?}", found.bad);
    assert!(found.bad[1].0 == 6 && found.bad[1].1.contains("timestamp is missing"), "{:?}", found.bad);
    // Sent as new, ids of the file do not count, and those of one line are different.
    let salted = FeedOptions { salt: Some("again".to_owned()), ..FeedOptions::default() };
    let ids: Vec<String> = open(text.as_bytes(), &salted)
        .expect("known")
        .flatten()
        .filter_map(|entry| match entry.body {
            FeedBody::Event(event) => Some(event.event_id.to_string()),
            FeedBody::Item(_) => None,
        })
        .collect();
    assert!(ids.iter().all(|id| id.starts_with("r-")) && ids[1] != ids[2], "{ids:?}");
}

#[test]
fn google_analytics_events_give_an_event_for_each_item() {
    let event = |name: &str, items: Value| {
        json!({"event_date": "20210131", "event_timestamp": "1612069510766593", "event_name": name, "user_id": null,
            "event_params": [{"key": "ga_session_id", "value": {"int_value": "661084800"}}],
            "user_pseudo_id": "1026454.4271112504", "ecommerce": {"transaction_id": "(not set)"}, "items": items})
    };
    let kettle = json!({"item_id": "9195", "item_name": "Red kettle", "item_brand": "Acme", "item_variant": "",
        "item_category": "Home", "item_category2": "Kitchen", "price": 24.5, "quantity": "1"});
    let mut order = event("purchase", json!([kettle, {"item_id": "pot", "item_name": "(not set)"}]));
    order["ecommerce"]["transaction_id"] = json!("t1");
    order["user_id"] = json!("ann");
    let lines =
        [event("page_view", json!([])), event("view_item", json!([kettle])), order, event("add_to_cart", json!([{}]))];
    let text: String = lines.iter().map(|line| format!("{line}\n")).collect();
    let found = read(&text);
    assert_eq!((found.format, found.passed_over), (FeedFormat::Published(PublishedFormat::GoogleAnalytics), 1));
    assert_eq!(found.bad, [(4, "items[0].item_id is missing".to_owned())]);
    let ts = "2021-01-31T05:05:10.766593Z";
    let session = "1026454.4271112504";
    assert_eq!(
        (&found.events[0], &found.events[1]),
        (
            &json!({"session": session, "item": "9195", "kind": "view", "value": 24.5, "ts": ts,
                "properties": {"quantity": 1.0}}),
            &json!({"user": "ann", "session": session, "item": "9195", "kind": "purchase", "value": 24.5, "ts": ts,
                "properties": {"quantity": 1.0, "transaction_id": "t1"}})
        )
    );
    assert_eq!((found.events.len(), &found.events[2]["item"], found.items.len()), (3, &json!("pot"), 0));
    let with_items = read_with(&text, &FeedOptions { items_from_events: true, ..FeedOptions::default() });
    assert_eq!(
        with_items.items,
        [
            json!({"id": "9195", "title": "Red kettle", "categories": ["Home", "Kitchen"],
                "properties": {"brand": "Acme", "price": 24.5}}),
            json!({"id": "pot"}),
        ]
    );
}

/// A product of a merchant feed as an item.
fn kettle() -> Value {
    json!({"id": "sku-1", "title": "Red kettle & lid", "text": "Boils <fast>", "categories": ["Home", "Kitchen"],
        "available": false, "properties": {"price": 24.5, "currency": "EUR", "brand": "Acme", "condition": "new",
        "link": "https://shop.example/k?a=1&b=2", "image_link": "https://shop.example/k.jpg", "gtin": "0123"}})
}

#[test]
fn a_merchant_feed_is_read_as_a_table() {
    let table = "id\ttitle\tdescription\tlink\timage link\tavailability\tprice\tbrand\tcondition\tproduct type\tgtin\n\
        sku-1\tRed kettle & lid\tBoils <fast>\thttps://shop.example/k?a=1&b=2\thttps://shop.example/k.jpg\tout of stock\
        \t24.50 EUR\tAcme\tnew\tHome > Kitchen\t0123\n\
        sku-2\tPot\t\thttps://shop.example/p\t\tin_stock\tUSD 5\t\t\t\t\n\t\t\t\t\t\t\t\t\t\t\n";
    let found = read(table);
    assert_eq!(found.format, FeedFormat::Published(PublishedFormat::MerchantTable));
    assert_eq!(found.items[0], kettle());
    assert_eq!(
        found.items[1],
        json!({"id": "sku-2", "title": "Pot", "properties": {"price": 5, "currency": "USD",
            "link": "https://shop.example/p"}})
    );
    assert!(open(table.as_bytes(), &FeedOptions::default()).expect("known").is_metadata());
    let csv = FeedOptions { separator: Some(Separator::COMMA), ..FeedOptions::default() };
    let found = read_with("id,title,link,price,google_product_category\n1,\"A, b\",x,1.5,499\n", &csv);
    assert_eq!(found.items, [json!({"id": "1", "title": "A, b", "properties": {"link": "x", "price": 1.5}})]);
}

#[test]
fn a_merchant_feed_is_read_as_rss_and_atom() {
    let rss = "\u{feff}<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<!-- made > by a shop -->\n\
        <rss xmlns:g=\"http://base.google.com/ns/1.0\" version=\"2.0\"><channel><title>Shop</title>\n\
        <item>\n <g:id>sku-1</g:id>\n <title>Red kettle &amp; lid</title>\n\
        <g:description><![CDATA[Boils <fast>]]></g:description>\n\
        <link>https://shop.example/k?a=1&#38;b=2</link><g:image_link>https://shop.example/k.jpg</g:image_link>\n\
        <g:shipping><g:country>NL</g:country><g:price>5 EUR</g:price></g:shipping><g:mpn/>\n\
        <g:availability>out_of_stock</g:availability><g:price>24.50 EUR</g:price><g:brand>Acme</g:brand>\n\
        <g:condition>new</g:condition><g:product_type>Home &gt; Kitchen</g:product_type><g:gtin>0123</g:gtin>\n\
        </item><item><g:id>2</g:id></item></channel></rss>\n";
    let found = read(rss);
    is(&found, PublishedFormat::MerchantXml);
    assert_eq!(found.items, [kettle(), json!({"id": "2"})]);
    let atom = "<feed xmlns=\"http://www.w3.org/2005/Atom\" xmlns:g=\"x\"><entry><g:id>2</g:id><title>Pot</title></entry></feed>";
    assert_eq!(read(atom).items, [json!({"id": "2", "title": "Pot"})]);
    for broken in [
        "<rss><channel><item><g:id>1</g:id></item>",
        "<rss><channel><item><g:id>1</g:id><title>&x;</title></item></channel></rss>",
        "<rss><channel><item><g:id>1</g:id></item></channel></rss></rss>",
        "<rss><channel><item><g:id>1<![CDATA[",
    ] {
        let failed = match open(broken.as_bytes(), &FeedOptions::default()) {
            Ok(mut feed) => feed.any(|entry| matches!(entry, Err(FeedError::Unreadable { .. }))),
            Err(error) => matches!(error, OpenError::Io { .. }),
        };
        assert!(failed, "{broken}");
    }
}
