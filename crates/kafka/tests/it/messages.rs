//! Goal: messages that become no event are kept, gaps of offsets are passed, and what cannot go on says why. Method: a real
//! Kafka with every codec, aborted transactions, tombstones, broken messages and deleted ones.

use std::collections::BTreeSet;

use rdkafka::{
    Message,
    consumer::{BaseConsumer, Consumer},
    message::Headers,
    producer::{BaseProducer, BaseRecord, FutureProducer, FutureRecord, Producer},
};

use crate::{
    broker::{Broker, PATIENCE},
    connector::Settings,
    scene::{assert_taken_once, write},
    service::Service,
};

async fn send(producer: &FutureProducer, topic: &str, payload: Option<&str>) -> i64 {
    let mut record: FutureRecord<'_, str, str> = FutureRecord::to(topic).key("k");
    record.payload = payload;
    producer.send(record, PATIENCE).await.unwrap().offset
}

/// Reads a topic from its beginning: payload and headers of so many messages.
fn read(broker: &Broker, topic: &str, count: usize) -> Vec<(String, Vec<(String, String)>)> {
    let mut config = broker.client();
    config.set("group.id", "reader").set("auto.offset.reset", "earliest");
    let consumer: BaseConsumer = config.create().unwrap();
    let mut list = rdkafka::TopicPartitionList::new();
    list.add_partition_offset(topic, 0, rdkafka::Offset::Beginning).unwrap();
    consumer.assign(&list).unwrap();
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
    let mut found = Vec::new();
    while found.len() < count {
        let message = consumer.poll(PATIENCE).expect("a message in time").unwrap();
        let headers = message.headers().expect("headers").iter();
        let headers = headers.map(|header| (header.key.to_owned(), text(header.value.unwrap()))).collect();
        found.push((text(message.payload().unwrap()), headers));
    }
    found
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn messages_without_an_event_are_kept_and_gaps_are_passed() {
    let Some(broker) = Broker::start().await else { return };
    for topic in ["mixed", "mixed.dead"] {
        broker.topic(topic, 1).await;
    }
    let service = Service::start();
    let settings = Settings::new(&broker, &service, "mixed", "dead_letter_topic = \"mixed.dead\"");
    let checked = settings.run(&["--check"]);
    let told = String::from_utf8_lossy(&checked.stdout).into_owned();
    assert!(checked.status.success(), "{checked:?}");
    assert!(told.contains("topic mixed: 1 partitions") && told.contains("model default: at position 0"), "{told}");

    let producer = broker.producer();
    let mut ids = write(&producer, "mixed", 0..2).await;
    for (codec, first) in [("gzip", 2), ("snappy", 4), ("lz4", 6), ("zstd", 8)] {
        let mut config = broker.client();
        let packing: FutureProducer = config.set("compression.type", codec).create().unwrap();
        ids.extend(write(&packing, "mixed", first..first + 2).await);
    }
    // An aborted transaction and a committed one: the first one's messages are not read, and both leave markers.
    let mut config = broker.client();
    let transactional: BaseProducer = config.set("transactional.id", "t").create().unwrap();
    transactional.init_transactions(PATIENCE).unwrap();
    for commit in [false, true] {
        transactional.begin_transaction().unwrap();
        let payload = r#"{"user":"t","item":"i","kind":"click"}"#;
        transactional.send(BaseRecord::<str, str>::to("mixed").key("k").payload(payload)).map_err(|(e, _)| e).unwrap();
        transactional.flush(PATIENCE).unwrap();
        if commit {
            transactional.commit_transaction(PATIENCE).unwrap();
        } else {
            transactional.abort_transaction(PATIENCE).unwrap();
        }
    }
    // 10 and 11 are the aborted message and its marker, 12 and 13 the committed one and its marker.
    ids.push("mixed/0/12".to_owned());
    send(&producer, "mixed", None).await;
    let broken = send(&producer, "mixed", Some("{broken")).await;
    let unknown = send(&producer, "mixed", Some(r#"{"user":"u","item":"i","kind":"warp"}"#)).await;
    let nobody = send(&producer, "mixed", Some(r#"{"item":"i","kind":"click"}"#)).await;
    ids.extend(write(&producer, "mixed", 10..20).await);
    let connector = settings.start();
    service.until_read("mixed", nobody + 1 + 10).await;
    assert_taken_once(&service, &ids).await;
    let dead = read(&broker, "mixed.dead", 3);
    let reasons: BTreeSet<(String, String)> = dead
        .iter()
        .map(|(_, headers)| {
            let value = |name: &str| headers.iter().find(|(key, _)| key == name).expect(name).1.clone();
            assert_eq!((value("shelfmark.topic"), value("shelfmark.partition")), ("mixed".into(), "0".into()));
            assert!(!value("shelfmark.detail").is_empty());
            (value("shelfmark.offset"), value("shelfmark.reason"))
        })
        .collect();
    let expected = [(broken, "malformed"), (unknown, "unknown_kind"), (nobody, "missing")];
    assert_eq!(reasons, expected.map(|(offset, reason)| (offset.to_string(), reason.to_owned())).into());
    assert!(dead.iter().any(|(payload, _)| payload == "{broken"), "{dead:?}");
    assert_eq!(connector.terminate(), Some(0));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_connector_that_would_lose_a_message_stops_and_says_where() {
    let Some(broker) = Broker::start().await else { return };
    broker.topic("strict", 1).await;
    let service = Service::start();
    let producer = broker.producer();
    let ids = write(&producer, "strict", 0..20).await;
    send(&producer, "strict", Some("{broken")).await;
    write(&producer, "strict", 20..30).await;
    let settings = Settings::new(&broker, &service, "strict", "");
    let stopped = settings.run(&[]);
    let told = String::from_utf8_lossy(&stopped.stderr).into_owned();
    assert_eq!(stopped.status.code(), Some(1), "{told}");
    assert!(told.contains("offset 20 of partition 0 of strict") && told.contains("dead_letter_topic"), "{told}");
    assert_eq!(service.offsets("strict").await, Some(20), "everything before it is taken");
    assert_taken_once(&service, &ids).await;

    // Messages that were deleted before they were read are a loss, and not passed over.
    broker.delete_before("strict", 25).await;
    let stopped = settings.run(&[]);
    let told = String::from_utf8_lossy(&stopped.stderr).into_owned();
    assert_eq!(stopped.status.code(), Some(2), "{told}");
    assert!(told.contains("Kafka does not have the messages from the stored offset on"), "{told}");

    let elsewhere = Settings::new(&broker, &service, "missing", "");
    let refused = elsewhere.run(&["--check"]);
    let told = String::from_utf8_lossy(&refused.stderr).into_owned();
    assert_eq!(refused.status.code(), Some(2), "{told}");
    assert!(told.contains("no topic \"missing\""), "{told}");
}
