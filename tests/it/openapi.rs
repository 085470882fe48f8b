//! The OpenAPI document is a contract: every change of it is seen in review. Update it with
//! `INSTA_UPDATE=always cargo test --test it openapi`.

use std::collections::BTreeSet;

use serde_json::Value;

fn document() -> Value {
    serde_json::to_value(shelfmark::http::openapi()).expect("the document is JSON")
}

#[test]
fn the_document_is_the_one_that_was_reviewed() {
    let mut document = document();
    document["info"]["version"] = Value::from("(of the release)");
    insta::assert_json_snapshot!("openapi", document);
}

/// Every `$ref` leads somewhere: a dangling one breaks every client generator.
#[test]
fn every_reference_resolves() {
    fn references(value: &Value, found: &mut BTreeSet<String>) {
        match value {
            Value::Object(map) => {
                if let Some(Value::String(reference)) = map.get("$ref") {
                    found.insert(reference.clone());
                }
                map.values().for_each(|value| references(value, found));
            }
            Value::Array(values) => values.iter().for_each(|value| references(value, found)),
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
        }
    }
    let document = document();
    let mut found = BTreeSet::new();
    references(&document, &mut found);
    assert!(found.len() > 20, "only {} references", found.len());
    for reference in found {
        let pointer = reference.strip_prefix('#').expect("a local reference");
        assert!(document.pointer(pointer).is_some(), "{reference} leads nowhere");
    }
}

#[test]
fn every_operation_has_an_id_a_tag_a_summary_and_its_errors() {
    let document = document();
    assert!(document["openapi"].as_str().expect("a version").starts_with("3.1"));
    let mut ids = BTreeSet::new();
    for (path, item) in document["paths"].as_object().expect("paths") {
        for (method, operation) in item.as_object().expect("operations") {
            let name = format!("{method} {path}");
            let id = operation["operationId"].as_str().expect(&name);
            assert!(ids.insert(id.to_owned()), "{id} is there twice");
            assert!(operation["tags"][0].is_string(), "{name} has no tag");
            assert!(operation["summary"].is_string(), "{name} has no summary");
            if path.starts_with("/v1/") {
                for status in ["401", "403", "422", "503"] {
                    assert!(operation["responses"][status].is_object(), "{name} lacks {status}");
                }
            }
        }
    }
    assert!(ids.len() >= 25, "{ids:?}");
}

/// What the domain serialises and what the document says of it are written in two places by hand for no type: but a
/// value_type override could still lie. A full value of each must show the properties that its schema has.
#[test]
fn schemas_have_the_fields_that_values_have() {
    let document = document();
    let schemas = &document["components"]["schemas"];
    // Some are shown only when they are not as usual.
    let config = shelfmark_domain::ModelConfig {
        learning: false,
        drop_idle_events: 1000,
        gradient_items: 100,
        history_units: false,
        dislikes: false,
        novel_weight: 0.0,
        lasting_kinds: ["view".to_owned()].into(),
        words: shelfmark_domain::WordRule::Alphanumeric,
        ..Default::default()
    };
    let config = serde_json::to_value(config).expect("JSON");
    let names = |value: &Value| -> BTreeSet<String> { value.as_object().expect("an object").keys().cloned().collect() };
    assert_eq!(names(&schemas["ModelConfig"]["properties"]), names(&config));
    let item: shelfmark_domain::Item = serde_json::from_value(serde_json::json!({
        "id": "i", "title": "t", "text": "x", "categories": ["c"], "tags": ["t"],
        "properties": {"p": 1}, "vectors": {"image": [1.0]}, "available": true
    }))
    .expect("an item");
    let item = serde_json::to_value(item).expect("JSON");
    assert_eq!(names(&schemas["Item"]["properties"]), names(&item));
}
