//! Events that the tests share: one a minute, each of a user.

#![expect(clippy::unwrap_used, reason = "helpers of tests may fail the test")]

use shelfmark_domain::{Event, Id, RecordBody, Timestamp};

pub fn id(text: &str) -> Id {
    Id::new("id", text).unwrap()
}

pub fn event(n: u64, user: &str, item: &str, kind: &str) -> Event {
    Event {
        event_id: id(&format!("e{n}")),
        user: Some(id(user)),
        session: None,
        item: id(item),
        kind: kind.to_owned(),
        value: None,
        ts: Timestamp::from_seconds((1_000_000 + n * 60) as f64).unwrap(),
        context: Vec::new(),
        recommendation_id: None,
        properties: None,
    }
}

pub fn event_record(n: u64, user: &str, item: &str, kind: &str) -> RecordBody {
    RecordBody::Event(event(n, user, item, kind))
}
