//! Goal: a batch gets to the service whatever it answers first. Method: a listener that gives the answers of a script.

use std::{
    io::{BufRead, BufReader, Read, Write},
    net::TcpListener,
    thread::JoinHandle,
};

use rdkafka::{Timestamp, message::OwnedMessage};
use serde_json::{Value, json};
use shelfmark_domain::ModelName;

use super::*;
use crate::settings::EventSettings;

/// Status, `Retry-After` in seconds, and body.
type Answer = (u16, Option<u32>, Value);

/// Gives the answers in order, each on a connection of its own. Returns the bodies of the requests.
fn service(answers: Vec<Answer>) -> (Sender, JoinHandle<Vec<Value>>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap()).parse().unwrap();
    let address = ServiceAddress { url, model: ModelName::new("default").unwrap(), key: None, ca_file: None };
    let served = std::thread::spawn(move || {
        let serve = |(status, retry_after, body): Answer| {
            let (mut connection, _) = listener.accept().unwrap();
            let mut reader = BufReader::new(connection.try_clone().unwrap());
            let mut length = 0;
            loop {
                let mut line = String::new();
                reader.read_line(&mut line).unwrap();
                if let Some(value) = line.to_ascii_lowercase().strip_prefix("content-length:") {
                    length = value.trim().parse().unwrap();
                }
                if line.trim().is_empty() {
                    break;
                }
            }
            let mut request = vec![0; length];
            reader.read_exact(&mut request).unwrap();
            let wait = retry_after.map_or_else(String::new, |seconds| format!("retry-after: {seconds}\r\n"));
            let body = body.to_string();
            let head =
                format!("HTTP/1.1 {status} x\r\nconnection: close\r\n{wait}content-length: {}\r\n\r\n", body.len());
            connection.write_all(format!("{head}{body}").as_bytes()).unwrap();
            serde_json::from_slice(&request).unwrap()
        };
        answers.into_iter().map(serve).collect()
    });
    (Sender::new(&address, None).unwrap(), served)
}

/// A batch of messages of partitions, each at the next offset.
fn batch(partitions: &[i32]) -> Batch {
    let settings: EventSettings = toml::from_str("user=\"u\"\nitem=\"i\"\nkind=\"k\"").unwrap();
    let mut batch = Batch::default();
    for (offset, &number) in partitions.iter().enumerate() {
        let payload = Some(br#"{"u":1,"i":2,"k":"click"}"#.to_vec());
        let at = Timestamp::CreateTime(0);
        let message = OwnedMessage::new(payload, None, "t".to_owned(), at, number, offset as i64, None);
        batch.push(&settings, Partition::new("t", number), offset as i64, message);
    }
    batch
}

fn taken() -> Answer {
    (202, None, json!({"accepted": 1, "duplicates": 0, "rejected": [], "rejected_count": 0, "position": 1}))
}

fn problem(code: &str) -> Value {
    json!({"code": code, "detail": "why"})
}

#[tokio::test]
async fn what_passes_is_waited_for_and_the_same_is_sent_again() {
    let mut no_room = problem(NO_ROOM);
    no_room["rejected_count"] = json!(1);
    no_room["rejected"] = json!([{"index": 0, "code": NO_ROOM, "detail": "full"}]);
    let answers = vec![
        (429, Some(1), problem("queue_full")),
        (503, None, problem("database_unavailable")),
        (507, None, no_room),
        taken(),
    ];
    let (sender, served) = service(answers);
    let begun = std::time::Instant::now();
    let sent = sender.send(batch(&[0])).await.unwrap();
    assert!(begun.elapsed() >= Duration::from_secs(1), "Retry-After is obeyed");
    assert_eq!(sent.moved[&Partition::new("t", 0)], Range { start: 0, next: 1 });
    let requests = served.join().unwrap();
    assert!(requests.windows(2).all(|pair| pair[0] == pair[1]), "{requests:?}");
}

#[tokio::test]
async fn a_partition_that_stands_elsewhere_is_given_up_and_the_others_are_sent() {
    let mut moved = problem("offset_conflict");
    moved["offsets"] = json!([{"topic": "t", "partition": "1", "start_offset": "1", "next_offset": "9"}]);
    let (sender, served) = service(vec![(409, None, moved), taken()]);
    let sent = sender.send(batch(&[0, 1])).await.unwrap();
    assert!(sent.elsewhere && sent.stop.is_none());
    assert_eq!(sent.moved.keys().collect::<Vec<_>>(), [&Partition::new("t", 0)]);
    let requests = served.join().unwrap();
    assert_eq!(requests[1]["offsets"].as_array().unwrap().len(), 1, "{requests:?}");
    assert_eq!(requests[1]["events"].as_array().unwrap().len(), 1, "{requests:?}");
}

#[tokio::test]
async fn without_a_dead_letter_topic_everything_before_a_rejected_message_is_taken() {
    let mut refused = problem("nothing_taken");
    refused["rejected_count"] = json!(1);
    refused["rejected"] = json!([{"index": 1, "code": "unknown_kind", "detail": "no such kind"}]);
    let (sender, served) = service(vec![(422, None, refused), taken()]);
    let sent = sender.send(batch(&[0, 0, 0])).await.unwrap();
    let Some(ConnectorError::BadMessage { offset: 1, reason, .. }) = sent.stop else { panic!("{:?}", sent.stop) };
    assert_eq!(reason, "unknown_kind");
    let requests = served.join().unwrap();
    assert_eq!(requests[1]["events"].as_array().unwrap().len(), 1, "{requests:?}");
    assert_eq!(requests[1]["offsets"][0]["next_offset"], 1);
}

#[tokio::test]
async fn what_no_attempt_would_change_ends_the_connector() {
    for (status, code) in
        [(401, "unauthorized"), (403, "forbidden"), (404, "model_not_found"), (409, "too_many_partitions")]
    {
        let (sender, served) = service(vec![(status, None, problem(code))]);
        let error = sender.send(batch(&[0])).await.err().expect("an error");
        assert_eq!(error.exit_status(), 2, "{error}");
        served.join().unwrap();
    }
}
