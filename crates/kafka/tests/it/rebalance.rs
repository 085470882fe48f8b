//! Goal: partitions that change hands are read on where the service has them, and one who still believes to have them
//! takes nothing. Method: two connectors of one group; one of them is stopped (SIGSTOP) in the middle of its work until the
//! other has its partitions, and then goes on.

use std::time::Instant;

use crate::{
    broker::{Broker, PATIENCE},
    connector::Settings,
    scene::{assert_taken_once, write},
    service::Service,
};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_member_that_was_given_up_doubles_nothing() {
    let Some(broker) = Broker::start().await else { return };
    broker.topic("views", 4).await;
    let service = Service::start();
    let settings = Settings::new(&broker, &service, "views", "");
    let producer = broker.producer();
    let first = settings.start();
    let mut ids = write(&producer, "views", 0..500).await;
    service.until_read("views", 500).await;
    for round in 1..=3_u64 {
        // The newcomer takes partitions over while the first one reads.
        let second = settings.start();
        ids.extend(write(&producer, "views", round * 2000..round * 2000 + 500).await);
        let deadline = Instant::now() + PATIENCE;
        while service.offsets("views").await.is_none_or(|sum| sum <= ids.len() as i64 - 500) {
            assert!(Instant::now() < deadline, "nothing is read");
            tokio::time::sleep(std::time::Duration::from_millis(2)).await;
        }
        first.signal("STOP");
        ids.extend(write(&producer, "views", round * 2000 + 500..round * 2000 + 1000).await);
        // The second one has everything once the group gave the first one up.
        service.until_read("views", ids.len() as i64).await;
        ids.extend(write(&producer, "views", round * 2000 + 1000..round * 2000 + 1500).await);
        first.signal("CONT");
        service.until_read("views", ids.len() as i64).await;
        assert_eq!(second.terminate(), Some(0));
    }
    assert_eq!(service.duplicates(), 0, "offsets keep them out before their ids do");
    assert_taken_once(&service, &ids).await;
    assert_eq!(first.terminate(), Some(0));
}
