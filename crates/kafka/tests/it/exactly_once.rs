//! Goal: every message becomes its event once, whoever is killed meanwhile. Method: a real Kafka of four partitions under
//! load; connector, service and Kafka get SIGKILL at random moments of progress and are started again.

use std::time::Instant;

use rand::{Rng, SeedableRng, rngs::StdRng};

use crate::{
    broker::{Broker, PATIENCE},
    connector::Settings,
    scene::{assert_taken_once, write},
    service::Service,
};

const TOPIC: &str = "clicks";
/// Messages that are written for each kill.
const PER_ROUND: u64 = 400;

/// Waits until the offsets add up to more than `sum`.
async fn until_beyond(service: &Service, sum: i64) {
    let deadline = Instant::now() + PATIENCE;
    while service.offsets(TOPIC).await.is_none_or(|reached| reached <= sum) {
        assert!(Instant::now() < deadline, "nothing is read beyond {sum}");
        tokio::time::sleep(std::time::Duration::from_millis(2)).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_message_becomes_its_event_once_whoever_is_killed() {
    let seed = std::env::var("SHELFMARK_KAFKA_SEED").map_or_else(|_| rand::random(), |text| text.parse().unwrap());
    let kills = std::env::var("SHELFMARK_KAFKA_KILLS").map_or(16, |text| text.parse().unwrap());
    println!("SHELFMARK_KAFKA_SEED={seed}");
    let mut random = StdRng::seed_from_u64(seed);
    let Some(mut broker) = Broker::start().await else { return };
    broker.topic(TOPIC, 4).await;
    let mut service = Service::start();
    let settings = Settings::new(&broker, &service, TOPIC, "");
    let producer = broker.producer();
    let mut connector = settings.start();
    let mut ids = Vec::new();
    for round in 0..kills {
        let before = ids.len() as i64;
        let numbers = round * PER_ROUND..(round + 1) * PER_ROUND;
        // What is killed comes back while the messages of the round are written.
        match round % 8 {
            3 => {
                let written = write(&producer, TOPIC, numbers);
                let struck = async {
                    until_beyond(&service, before - 1).await;
                    assert_eq!(service.duplicates(), 0, "offsets keep them out before their ids do");
                    service.kill();
                    service.restart();
                };
                let (written, ()) = tokio::join!(written, struck);
                ids.extend(written);
            }
            6 => {
                let (written, ()) = tokio::join!(write(&producer, TOPIC, numbers), async {
                    broker.kill();
                    broker.restart();
                });
                ids.extend(written);
            }
            _ => ids.extend(write(&producer, TOPIC, numbers).await),
        }
        let progress = random.random_range(0..PER_ROUND.cast_signed());
        until_beyond(&service, before + progress - 1).await;
        connector.kill();
        connector = settings.start();
    }
    service.until_read(TOPIC, ids.len() as i64).await;
    assert_eq!(service.duplicates(), 0, "offsets keep them out before their ids do");
    assert_taken_once(&service, &ids).await;
    assert_eq!(connector.terminate(), Some(0));
}
