//! Goal: a long outage of the service pauses the partitions, and they are read on after it, from wherever the service then
//! has them. Method: the service is killed until the connector says that it pauses; then it is started with the offset moved
//! back, as a restored backup has it.

use std::{fs, time::Instant};

use serde_json::json;

use crate::{
    broker::{Broker, PATIENCE},
    connector::Settings,
    scene::{assert_taken_once, write},
    service::Service,
};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn partitions_that_an_outage_paused_are_read_on() {
    let Some(broker) = Broker::start().await else { return };
    broker.topic("orders", 1).await;
    let mut service = Service::start();
    let settings = Settings::new(&broker, &service, "orders", "");
    let producer = broker.producer();
    let (connector, log) = settings.start_logging();
    let mut ids = write(&producer, "orders", 0..100).await;
    service.until_read("orders", 100).await;
    service.kill();
    // One batch is under way, the next one is full.
    ids.extend(write(&producer, "orders", 100..1000).await);
    let deadline = Instant::now() + PATIENCE;
    while !fs::read_to_string(&log).unwrap().contains("kafka.paused") {
        assert!(Instant::now() < deadline, "nothing is paused");
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    service.restart();
    // The connector tries again after up to 5 s. Should it be first, this is refused, and less is shown.
    let offset = json!({"topic": "orders", "partition": 0, "start_offset": 100, "next_offset": 40});
    let body = json!({"events": [], "offsets": [offset]}).to_string().into_bytes();
    let moved = service.client("default").append_events(body.into()).await;
    service.until_read("orders", 1000).await;
    let told = fs::read_to_string(&log).unwrap();
    assert!(told.contains("kafka.resumed"), "{told}");
    assert_eq!(moved.is_ok(), told.contains("kafka.offsets_moved"), "{moved:?}: {told}");
    assert_taken_once(&service, &ids).await;
    assert_eq!(connector.terminate(), Some(0));
}
