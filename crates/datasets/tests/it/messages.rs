//! Goal: messages of Segment and CloudEvents become what the documentation says. Method: messages as their
//! specifications write them, and the JSON of what they become.

use serde_json::{Map, Value, json};
use shelfmark_datasets::messages::{Said, SegmentRules, Translated, cloud_event, segment};
use shelfmark_domain::FieldError;

fn object(value: Value) -> Map<String, Value> {
    value.as_object().cloned().expect("an object")
}

fn is_kind(kind: &str) -> bool {
    ["view", "click", "cart", "favorite", "share", "rating", "purchase", "quote_requested"].contains(&kind)
}

fn understood(message: Value) -> Result<Translated, FieldError> {
    segment(&object(message), &SegmentRules { is_kind: &is_kind, traits: None })
}

fn message(more: Value) -> Value {
    let mut message = object(json!({
        "messageId": "m1", "anonymousId": "a1", "timestamp": "2026-11-23T10:00:00.5Z",
        "context": {"ip": "8.8.8.8", "library": {"name": "analytics.js"}}, "integrations": {}, "sentAt": "x",
    }));
    message.extend(object(more));
    message.into()
}

/// The events of a message.
fn events(more: Value) -> Vec<Value> {
    let translated = understood(message(more)).expect("understood");
    assert_eq!((&translated.errors, &translated.ignored), (&Vec::new(), &None));
    let event = |said: &Said| match said {
        Said::Event(event) => serde_json::to_value(event).expect("JSON"),
        Said::Labels { .. } | Said::Merge(_) => panic!("{said:?} is no event"),
    };
    translated.said.iter().map(event).collect()
}

#[test]
fn a_product_becomes_an_event_of_a_kind_by_the_name() {
    let found = events(json!({"type": "track", "event": "Product Viewed", "userId": 7, "properties": {
        "product_id": "p1", "sku": "s-1", "name": "Kettle", "price": "24.50", "currency": "EUR", "quantity": 2,
        "email": "ann@example.org", "recommendation_id": "r1"}}));
    assert_eq!(
        found,
        [json!({"event_id": "m1", "user": "7", "session": "a1", "item": "p1", "kind": "view", "value": 24.5,
            "ts": "2026-11-23T10:00:00.5Z", "recommendation_id": "r1",
            "properties": {"currency": "EUR", "quantity": 2}})]
    );
    for (name, kind) in [
        ("Product Clicked", "click"),
        ("product_added", "cart"),
        ("Product Added to Wishlist", "favorite"),
        ("Product Shared", "share"),
        ("Quote Requested", "quote_requested"),
        ("cart", "cart"),
    ] {
        let found = events(json!({"type": "track", "event": name, "properties": {"sku": "s-1"}}));
        assert_eq!((&found[0]["kind"], &found[0]["item"]), (&json!(kind), &json!("s-1")), "{name}");
    }
    let found = events(json!({"type": "track", "event": "Product Reviewed", "properties":
        {"product_id": 9, "rating": "4", "price": 3}}));
    assert_eq!(
        (&found[0]["kind"], &found[0]["value"], &found[0]["item"]),
        (&json!("rating"), &json!(4.0), &json!("9"))
    );
}

#[test]
fn an_order_is_an_event_for_each_product_and_bad_products_are_named() {
    let order = json!({"type": "track", "event": "Order Completed", "userId": "ann", "properties": {
        "order_id": "o1", "total": 30, "products": [
            {"product_id": "p1", "price": 10, "quantity": 1}, {"name": "no id"}, "x", {"sku": "p2", "price": 20}]}});
    let translated = understood(message(order)).expect("understood");
    let found: Vec<(String, &str, Option<f64>)> = translated
        .said
        .iter()
        .map(|said| match said {
            Said::Event(event) => {
                assert_eq!((event.kind.as_str(), &event.properties["order_id"]), ("purchase", &json!("o1")));
                (event.event_id.clone().expect("an id"), event.item.as_str(), event.value)
            }
            Said::Labels { .. } | Said::Merge(_) => panic!("{said:?}"),
        })
        .collect();
    assert_eq!(found, [("m1:0".to_owned(), "p1", Some(10.0)), ("m1:3".to_owned(), "p2", Some(20.0))]);
    let named: Vec<(&str, &str)> = translated.errors.iter().map(|error| (error.field.as_str(), error.code)).collect();
    assert_eq!(named, [("properties.products[1].product_id", "missing"), ("properties.products[2]", "invalid_value")]);
}

#[test]
fn what_says_nothing_of_an_item_is_told_and_what_is_wrong_is_refused() {
    for (more, why) in [
        (json!({"type": "page", "name": "Home"}), "no product"),
        (json!({"type": "track", "event": "Cart Viewed", "properties": {"products": []}}), "no interest"),
        (json!({"type": "track", "event": "Product List Viewed"}), "impression"),
        (json!({"type": "group", "groupId": "g"}), "group"),
        (json!({"type": "identify", "traits": {"plan": "pro"}}), "userId"),
        (json!({"type": "identify", "anonymousId": null, "userId": "ann"}), "no traits"),
    ] {
        let translated = understood(message(more.clone())).expect("understood");
        let told = translated.ignored.expect("ignored");
        assert!(told.contains(why) && translated.said.is_empty(), "{more}: {told}");
    }
    for (more, field, code) in [
        (json!({}), "type", "missing"),
        (json!({"type": "delete"}), "type", "invalid_value"),
        (json!({"type": "track"}), "event", "missing"),
        (json!({"type": "track", "event": "Teleported"}), "event", "unknown_kind"),
        (json!({"type": "track", "event": "Product Viewed"}), "properties.product_id", "missing"),
        (json!({"type": "track", "event": "cart", "properties": {"sku": [1]}}), "properties.sku", "invalid_value"),
        (json!({"type": "track", "event": "cart", "anonymousId": "", "properties": {"sku": "s"}}), "userId", "missing"),
        (
            json!({"type": "track", "event": "cart", "timestamp": "2026-11-23 10:00", "properties": {"sku": "s"}}),
            "timestamp",
            "invalid_value",
        ),
        (json!({"type": "alias", "userId": "ann"}), "previousId", "missing"),
    ] {
        let error = understood(message(more.clone())).map(|found| found.said).expect_err("refused");
        assert_eq!((error.field.as_str(), error.code), (field, code), "{more}");
    }
    let many = vec![json!({"product_id": "p"}); 1001];
    let error = understood(message(json!({"type": "track", "event": "cart", "properties": {"products": many}})));
    assert_eq!(error.map(|found| found.said).expect_err("refused").code, "too_many");
}

#[test]
fn traits_become_labels_but_for_those_that_name_somebody() {
    let identify = message(json!({"type": "identify", "userId": "ann", "traits": {
        "plan": "pro", "age": 24, "sizes": ["S", "M"], "gone": null, "email": "a@b.c", "firstName": "Ann",
        "nested": {"x": 1}, "custom_name": "Ann B."}}));
    let translated = understood(identify.clone()).expect("understood");
    let [Said::Merge(merge), Said::Labels { user, labels }] = &translated.said[..] else {
        panic!("{:?}", translated.said);
    };
    assert_eq!(
        serde_json::to_value(merge).expect("JSON"),
        json!({"into": "ann", "from": {"session": "a1"}}),
        "the visit counts for the user"
    );
    let expected = json!({"plan": "pro", "age": 24, "sizes": ["S", "M"], "gone": null, "custom_name": "Ann B."});
    assert_eq!((user.as_str(), labels), ("ann", &object(expected)));
    let told = translated.ignored.expect("told");
    assert!(
        ["email", "firstName", "nested"].iter().all(|name| told.contains(name)) && !told.contains("a@b.c"),
        "{told}"
    );
    // Whoever says which traits are labels has the last word.
    let only = ["plan".to_owned()];
    let rules = SegmentRules { is_kind: &is_kind, traits: Some(&only) };
    let translated = segment(&object(identify), &rules).expect("understood");
    assert!(matches!(&translated.said[1], Said::Labels { labels, .. } if *labels == object(json!({"plan": "pro"}))));
}

#[test]
fn an_alias_merges_the_previous_id_as_a_visit_and_as_a_user() {
    let translated = understood(message(json!({"type": "alias", "previousId": "guest", "userId": "ann"})));
    let said = translated.expect("understood").said;
    let merged: Vec<Value> = said
        .iter()
        .map(|said| match said {
            Said::Merge(merge) => serde_json::to_value(merge).expect("JSON"),
            Said::Event(_) | Said::Labels { .. } => panic!("{said:?}"),
        })
        .collect();
    let from = |from: Value| json!({"into": "ann", "from": from});
    assert_eq!(merged, [from(json!({"session": "guest"})), from(json!({"user": "guest"}))]);
}

#[test]
fn a_cloud_event_gives_its_data_what_it_lacks() {
    let base = json!({"specversion": "1.0", "id": "42", "source": "/shop/web", "type": "com.example.click.v1",
        "subject": "i9", "time": "2026-11-23T10:00:00Z", "datacontenttype": "application/json", "traceparent": "x",
        "data": {"user": "u1"}});
    let with = |name: &str, value: Value| {
        let mut event = object(base.clone());
        event.insert(name.to_owned(), value);
        cloud_event(&event, &is_kind)
    };
    let expected = json!({"event_id": "/shop/web 42", "user": "u1", "item": "i9", "kind": "click",
        "ts": "2026-11-23T10:00:00Z"});
    assert_eq!(cloud_event(&object(base.clone()), &is_kind), Ok(object(expected)));
    let own = json!({"user": "u1", "item": "i1", "kind": "cart", "ts": 5});
    let found = with("data", own).expect("understood");
    assert_eq!((&found["item"], &found["kind"], &found["ts"]), (&json!("i1"), &json!("cart"), &json!(5)));
    let kind = |name: &str| with("type", name.into()).expect("understood")["kind"].clone();
    assert_eq!(
        (kind("cart"), kind("shop:view"), kind("com.example.warp")),
        ("cart".into(), "view".into(), "com.example.warp".into())
    );
    // A long source is hashed; the same event has the same id.
    let long = with("source", "s".repeat(300).into()).expect("understood")["event_id"].clone();
    assert_eq!(long, with("source", "s".repeat(300).into()).expect("understood")["event_id"]);
    assert!(long.as_str().expect("text").starts_with("ce-"));
    for (name, value, field, code) in [
        ("specversion", json!("0.3"), "specversion", "not_supported"),
        ("id", json!(""), "id", "invalid_value"),
        ("source", json!(null), "source", "invalid_value"),
        ("data", json!("text"), "data", "invalid_value"),
        ("data", json!({"event_id": "x"}), "data.event_id", "unknown_field"),
        ("data_base64", json!("e30="), "data_base64", "not_supported"),
        ("time", json!("now"), "time", "invalid_value"),
    ] {
        let error = with(name, value).expect_err(name);
        assert_eq!((error.field.as_str(), error.code), (field, code), "{name}");
    }
}
