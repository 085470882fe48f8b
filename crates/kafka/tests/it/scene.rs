//! Messages that tests write, and the comparison of topic and model.

use std::collections::BTreeSet;

use futures::future::join_all;
use rdkafka::producer::{FutureProducer, FutureRecord};
use serde_json::{Map, Value, json};
use shelfmark_client::ApiRequest;

use crate::{broker::PATIENCE, service::Service};

/// Writes messages that become events. Returns the ids of the events.
pub async fn write(producer: &FutureProducer, topic: &str, numbers: std::ops::Range<u64>) -> Vec<String> {
    let sends = numbers.map(async |n| {
        let payload = json!({"user": format!("u{}", n % 50), "item": format!("i{}", n * 7 % 97), "kind": "click"});
        let (payload, key) = (payload.to_string(), (n % 50).to_string());
        let record = FutureRecord::to(topic).key(&key).payload(&payload);
        let delivery = producer.send(record, PATIENCE).await.unwrap();
        format!("{topic}/{}/{}", delivery.partition, delivery.offset)
    });
    join_all(sends).await
}

/// Asserts that the log of the model holds the events of these ids, each once and in the order of their partitions, and
/// that a new model which takes them in the log's order and appends has the same digest.
pub async fn assert_taken_once(service: &Service, expected: &[String]) {
    let records = service.records().await;
    let ids: Vec<&str> = records.iter().map(|record| record["event_id"].as_str().unwrap()).collect();
    let found: BTreeSet<&str> = ids.iter().copied().collect();
    assert_eq!(found.len(), ids.len(), "an event stands twice in the log");
    let expected: BTreeSet<&str> = expected.iter().map(String::as_str).collect();
    let missing: Vec<_> = expected.difference(&found).take(10).collect();
    let surplus: Vec<_> = found.difference(&expected).take(10).collect();
    assert!(missing.is_empty() && surplus.is_empty(), "lost: {missing:?}; not of the topic: {surplus:?}");
    let mut last = std::collections::BTreeMap::new();
    for id in ids {
        let (partition, offset) = id.rsplit_once('/').unwrap();
        let offset: u64 = offset.parse().unwrap();
        let before = last.insert(partition.to_owned(), offset);
        assert!(before.is_none_or(|before| before < offset), "{partition}: {offset} after {before:?}");
    }

    let replica = service.client("replica");
    let _: Value = replica.send(ApiRequest::put(&[]).json(json!({"config": {"dim": 16}}))).await.unwrap();
    for append in records.chunk_by(|one, next| one["appended_at"] == next["appended_at"]) {
        let events: Vec<Value> = append.iter().map(sent).collect();
        let body = json!({"events": events}).to_string().into_bytes();
        let reply = replica.append_events(body.into()).await.unwrap();
        assert_eq!(reply.accepted, append.len() as u64);
    }
    assert_eq!(service.digest("default").await, service.digest("replica").await, "the weights");
}

/// A record as it would be sent.
fn sent(record: &Value) -> Value {
    let fields = ["event_id", "user", "session", "item", "kind", "value", "ts"];
    let event: Map<String, Value> = fields
        .into_iter()
        .filter(|field| !record[*field].is_null())
        .map(|field| (field.to_owned(), record[field].clone()))
        .collect();
    Value::Object(event)
}
