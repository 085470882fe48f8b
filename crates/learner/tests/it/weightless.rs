//! Events of weight 0. Goal: they change no list, also when they name an item first. Method: impressions of items that
//! nobody put, then what names them otherwise; stored and loaded in between.

#![expect(clippy::unwrap_used, reason = "helpers of tests may fail the test")]

use shelfmark_domain::{
    Item, ModelConfig, Query, RecordBody, RowVector, Served, Subject, Timestamp, VectorTable, VectorValues,
};
use shelfmark_serving::Publisher;
use shelfmark_state::{Digester, State, Table};

use crate::{
    events::{event_record, id},
    learner_model::Model,
};

/// All that may be listed, by name.
fn listed(model: &Model) -> String {
    let view = Publisher::from_scratch(&model.state.inference, model.head, Served::Live);
    let [known, fallback] = ["u1", "nobody"].map(|user| {
        let query = Query::new(Subject::User(id(user)), 100, Timestamp::from_seconds(2_000_000.0).unwrap());
        let mut items: Vec<String> =
            view.recommend(&query).unwrap().items.into_iter().map(|item| item.id.as_str().to_owned()).collect();
        items.sort();
        items.join(" ")
    });
    assert_eq!(known, fallback, "the order may differ, what is listed may not");
    known
}

/// The first byte of an item's stored row.
fn flags(model: &Model, item: &str) -> u8 {
    let row = model.state.inference.catalog.row(item).unwrap();
    let mut bytes = Vec::new();
    model.state.encode_row(Table::Items, row as usize, &mut bytes);
    bytes[0]
}

#[test]
fn an_item_that_only_impressions_named_is_in_no_list_until_something_else_names_it() {
    let mut config = ModelConfig { dim: 16, ..ModelConfig::default() };
    config.kinds.insert("impression".to_owned(), 0.0.into());
    config.kinds.insert("dislike".to_owned(), (-1.0).into());
    let mut model = Model::new(config);
    model.apply((0..60).map(|n| event_record(n, &format!("u{}", n % 5), ["a", "b"][n as usize % 2], "click")));
    let shown = ["shown", "clicked", "basket", "hated", "patched", "moved", "put"];
    model.apply(shown.iter().zip(100..).map(|(item, n)| event_record(n, "u9", item, "impression")));
    assert_eq!(listed(&model), "a b");
    // Marks are stored, and rows of anything else read as before: one flag, of which builds before wrote 0 and 1.
    let stored = |model: &Model| State::from_segments(model.state.segments()).unwrap();
    let digest = |state: &State| Digester::new(state).digest();
    assert_eq!(digest(&stored(&model)), digest(&model.state));
    model.state = stored(&model);
    assert_eq!(listed(&model), "a b");
    assert_eq!((flags(&model, "a"), flags(&model, "shown")), (0, 2));

    model.apply([event_record(200, "u8", "clicked", "click"), event_record(201, "u7", "hated", "dislike")]);
    // A unit that names an item twice: what weighs something counts.
    model.apply(["impression", "click", "impression"].map(|kind| event_record(300, "u6", "basket", kind)));
    let vector = VectorValues::new(vec![0.5; 16]);
    model.apply([
        RecordBody::PutItem(Item::bare(id("put"))),
        RecordBody::PatchItem(serde_json::from_str(r#"{"id":"patched","title":"Red kettle"}"#).unwrap()),
        RecordBody::PutVector(RowVector { into: VectorTable::Items, id: id("moved"), values: vector }),
    ]);
    assert_eq!(listed(&model), "a b basket clicked hated moved patched put");
    assert_eq!((flags(&model, "clicked"), flags(&model, "put"), flags(&model, "shown")), (0, 0, 2));
    // Later impressions take nothing back, and the impressions that came first are still seen.
    model.apply(shown.iter().zip(400..).map(|(item, n)| event_record(n, "u9", item, "impression")));
    assert_eq!(listed(&model), "a b basket clicked hated moved patched put");
    // Removed items stay away, whatever named them.
    model.apply([RecordBody::RemoveItem { item: id("shown") }]);
    model.apply([event_record(500, "u9", "shown", "click")]);
    assert_eq!((listed(&model).contains("shown"), flags(&model, "shown")), (false, 1));
}
