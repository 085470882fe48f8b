//! Freezing of learning. Goal: a frozen model does what docs/LEARNING.md says. Method: small streams through the
//! learner.

#![expect(clippy::unwrap_used, reason = "helpers of tests may fail the test")]

use shelfmark_domain::{Event, Item, ModelConfig, RecordBody, Timestamp};
use shelfmark_state::{Digester, LearnedTable, State, Table};

use crate::{events::id, learner_model::Model};

/// Events of twelve users who walk through a catalogue, with occasional circumstances and dislikes.
fn events(range: std::ops::Range<u64>, prefix: &str) -> Vec<RecordBody> {
    let event = |n: u64| Event {
        event_id: id(&format!("{prefix}{n}")),
        user: (!n.is_multiple_of(5)).then(|| id(&format!("{prefix}u{}", n % 12))),
        session: Some(id(&format!("{prefix}s{}", n % 7))),
        item: id(&format!("{prefix}i{}", (n * 7 + n / 12) % 40)),
        kind: if n.is_multiple_of(9) { "dislike" } else { "click" }.to_owned(),
        value: None,
        ts: Timestamp::from_seconds((1_000_000 + n / 2 * 60) as f64).unwrap(),
        context: if n.is_multiple_of(3) { vec![format!("{prefix}device:{}", n % 2)] } else { Vec::new() },
        recommendation_id: None,
        properties: None,
    };
    range.map(event).map(RecordBody::Event).collect()
}

fn config(learning: bool) -> RecordBody {
    let mut config = ModelConfig {
        dim: 8,
        step_targets: 8,
        full_softmax_below: 30,
        negatives: 16,
        learning,
        ..ModelConfig::default()
    };
    config.kinds.insert("dislike".to_owned(), (-1.0).into());
    RecordBody::Configure { config: Box::new(config) }
}

fn model() -> Model {
    let RecordBody::Configure { config } = config(true) else { unreachable!() };
    Model::new(*config)
}

/// Encoded rows of a table.
fn rows(state: &State, table: Table) -> Vec<u8> {
    let segments = state.segments().collect::<Vec<_>>();
    segments.into_iter().filter(|segment| segment.table == table.number()).flat_map(|segment| segment.payload).collect()
}

#[test]
fn while_frozen_only_histories_change() {
    let mut model = model();
    model.apply(events(0..300, "a"));
    let before = model.state.clone();
    model.apply([config(false)]);
    let applied = model.apply(events(300..420, "a"));
    assert!(applied.steps.is_empty(), "no step was taken");
    let counters = model.state.inference.counters;
    assert_eq!((counters.events, counters.counted), (300, before.inference.counters.counted));
    for table in Table::ALL {
        // A session's row says whose history its events went into.
        let moves = matches!(
            table,
            Table::Config | Table::Counters | Table::Sessions | Table::UserHistories | Table::SessionHistories
        );
        assert_eq!(rows(&model.state, table) != rows(&before, table), moves, "{table:?}");
    }
    let user = before.inference.user("au1").unwrap();
    let items = |state: &State| state.inference.history(user).newest(0).count();
    assert_eq!((items(&before), items(&model.state)), (25, 35), "the history is whole, with visits");
}

#[test]
fn new_ids_while_frozen_get_rows_but_are_not_known() {
    let mut model = model();
    model.apply(events(0..100, "a"));
    model.apply([config(false)]);
    let before = model.state.clone();
    model.apply(events(0..50, "b"));
    let inference = &model.state.inference;
    let row = inference.catalog.row("bi0").unwrap();
    assert!(inference.user("bu1").is_some() && !inference.catalog.is_known(row));
    assert_eq!(inference.catalog.known().len(), before.inference.catalog.known().len());
    // Old rows do not change; new ones start as in a model that learns.
    let old = before.inference.catalog.len();
    let vectors = inference.parameters.table(LearnedTable::Items);
    for item in 0..old {
        assert_eq!(vectors.row(item), before.inference.parameters.table(LearnedTable::Items).row(item));
    }
    let mut learning = self::model();
    learning.apply([RecordBody::PutItem(Item::bare(id("bi0")))]);
    let fresh = learning.state.inference.parameters.table(LearnedTable::Items).row(0).to_vec();
    assert_eq!(vectors.row(row as usize), fresh);
}

/// Metadata, imports, configurations and restores are no events: they count while frozen. Resumed learning continues as
/// if the frozen events had only been added to histories.
#[test]
fn a_frozen_model_takes_metadata_and_learns_when_resumed() {
    let mut model = model();
    model.apply(events(0..200, "a"));
    model.apply([config(false)]);
    let mut item = Item::bare(id("kettle"));
    item.title = Some("a red kettle".to_owned());
    model.apply([RecordBody::PutItem(item)]);
    assert!(model.state.inference.catalog.row("kettle").is_some());
    model.apply(events(200..260, "a"));
    let frozen = model.state.clone();
    model.apply([config(true)]);
    let applied = model.apply(events(260..340, "a"));
    assert!(!applied.steps.is_empty());
    assert_eq!(model.state.inference.counters.events, 280, "events of the freeze are not counted as learned");
    assert_ne!(rows(&model.state, Table::ItemVectors), rows(&frozen, Table::ItemVectors));
    assert_ne!(rows(&model.state, Table::Memory), rows(&frozen, Table::Memory));
}

#[test]
fn a_replay_over_freezes_ends_in_the_same_bits() {
    let run = || {
        let mut model = model();
        let mut digester = Digester::new(&model.state);
        for (from, learning) in [(0, true), (100, false), (200, true), (300, false)] {
            model.apply([config(learning)]);
            // A freeze may come inside an append.
            let mut bodies = events(from..from + 60, "a");
            bodies.push(config(!learning));
            bodies.extend(events(from + 60..from + 100, "a"));
            model.apply(bodies);
        }
        let digest = digester.update(&model.state, &model.state.touched);
        assert_eq!(digest, Digester::new(&model.state).digest(), "every change is marked as touched");
        assert_eq!(digest, Digester::new(&State::from_segments(model.state.segments()).unwrap()).digest(), "P7");
        digest
    };
    assert_eq!(run(), run(), "P4");
}
