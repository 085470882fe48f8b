//! Goal: no caller holds exports, reports and event streams to itself, and an answer that nobody reads ends. Method: the
//! running binary with small bounds; one greedy key takes what it gets while another asks for the same.

use std::time::{Duration, Instant};

use crate::fair_shares::Guarded;
use crate::http_support::{PATIENCE, answered, problem};
use crate::http_wire;
use http_body_util::BodyExt;
use reqwest::Method;
use serde_json::json;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpSocket, TcpStream},
    task::JoinSet,
};

const EXPORT: &str = "/v1/models/default/versions/live/export?format=jsonl";
/// Items, whose rows are more than the buffers of a connection take.
const ITEMS: usize = 60_000;

async fn with_items() -> Guarded {
    let guarded = Guarded::start(&["--http-answer-stall-seconds", "2"]).await;
    let lines: String = (0..ITEMS).map(|n| format!("{{\"id\":\"item-{n:06}\"}}\n")).collect();
    let request = guarded.service.request(Method::POST, "items?wait=applied&timeout_ms=30000");
    let request = request.bearer_auth(&guarded.greedy).header("content-type", "application/x-ndjson");
    let reply = answered(request.body(lines), 200).await;
    assert_eq!(reply["accepted"], ITEMS);
    guarded
}

/// Asks for an export and reads its head at most.
async fn unread_export(guarded: &Guarded) -> TcpStream {
    let socket = TcpSocket::new_v4().expect("a socket");
    socket.set_recv_buffer_size(8 << 10).expect("a small buffer");
    let address = guarded.service.url.trim_start_matches("http://").parse().expect("an address");
    let mut stream = socket.connect(address).await.expect("accepted");
    let head = format!("GET {EXPORT} HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {}\r\n\r\n", guarded.greedy);
    stream.write_all(head.as_bytes()).await.expect("sent");
    let mut first = [0; 12];
    stream.read_exact(&mut first).await.expect("an answer");
    assert_eq!(&first, b"HTTP/1.1 200");
    stream
}

#[tokio::test(flavor = "multi_thread")]
async fn exports_that_nobody_reads_end_and_others_are_written_meanwhile() {
    let guarded = with_items().await;
    let mut unread = [unread_export(&guarded).await, unread_export(&guarded).await];
    let third = guarded.service.request(Method::GET, EXPORT).bearer_auth(&guarded.greedy);
    let told = problem(third, 429, "share_used_up").await;
    assert!(told["detail"].as_str().is_some_and(|detail| detail.contains("exports")), "{told}");
    let file = guarded.read(EXPORT).await;
    assert_eq!(file.as_str().expect("lines").lines().count(), ITEMS + 1, "with the one that was clicked");
    guarded.others_are_answered().await;
    for stream in &mut unread {
        let mut rest = Vec::new();
        let ended = tokio::time::timeout(PATIENCE, async {
            // Reads nothing until the service had enough of it.
            tokio::time::sleep(Duration::from_secs(5)).await;
            _ = stream.read_to_end(&mut rest).await;
        });
        ended.await.expect("it is broken off");
        assert!(!rest.ends_with(b"0\r\n\r\n"), "the file is not whole, and does not pass for it");
    }
    let again = guarded.service.request(Method::GET, EXPORT).bearer_auth(&guarded.greedy);
    answered(again, 200).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_unread_stream_of_http_2_is_reset_and_its_connection_goes_on() {
    let guarded = with_items().await;
    let (mut client, _connection) = http_wire::connect(guarded.service.url.trim_start_matches("http://")).await;
    let mut ask = |path: &str| {
        let mut request = http_wire::request(Method::GET, format!("{}{path}", guarded.service.url), b"");
        let bearer = format!("Bearer {}", guarded.greedy).parse().expect("a value");
        request.headers_mut().insert("authorization", bearer);
        client.send_request(request)
    };
    let mut unread = ask(EXPORT).await.expect("an answer").into_body();
    let began = Instant::now();
    while began.elapsed() < Duration::from_secs(5) {
        let answer = ask("/v1/models/default").await.expect("the connection goes on");
        assert_eq!(answer.status().as_u16(), 200);
        http_wire::body(answer).await;
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    let rest = async {
        loop {
            match unread.frame().await {
                Some(Ok(_)) => {}
                Some(Err(_)) => return true,
                None => return false,
            }
        }
    };
    assert!(tokio::time::timeout(PATIENCE, rest).await.expect("in time"), "the export was reset");
    assert_eq!(ask("/livez").await.expect("the connection goes on").status().as_u16(), 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn reports_in_a_loop_leave_room_for_those_of_others() {
    let guarded = Guarded::start(&[]).await;
    let url = format!("{}/v1/models/default/versions/live/diff/live", guarded.service.url);
    let mut loops = JoinSet::new();
    for _ in 0..6 {
        let (client, url, key) = (guarded.service.client.clone(), url.clone(), guarded.greedy.clone());
        loops.spawn(async move {
            loop {
                let answer = client.get(&url).bearer_auth(&key).send().await.expect("an answer");
                assert!([200, 429].contains(&answer.status().as_u16()), "{}", answer.status());
            }
        });
    }
    for _ in 0..20 {
        guarded.read("versions/live/diff/live").await;
        guarded.read("learning/bias").await;
    }
    assert!(loops.try_join_next().is_none(), "the greedy one met nothing but its share");
    loops.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn event_streams_are_shared() {
    let guarded = Guarded::start(&[]).await;
    let open = async |key: &str| {
        let request = guarded.service.request(Method::GET, "learning/stream").bearer_auth(key);
        request.timeout(Duration::from_secs(600)).send().await.expect("an answer")
    };
    let mut held = Vec::new();
    let refused = loop {
        let answer = open(&guarded.greedy).await;
        if answer.status() != 200 {
            break answer;
        }
        held.push(answer);
    };
    assert_eq!((refused.status().as_u16(), held.len()), (429, 32));
    assert!(refused.headers().contains_key("retry-after"));
    let other = open(guarded.reader()).await;
    assert_eq!(other.status(), 200);
    guarded.others_are_answered().await;
    drop(held);
    let deadline = Instant::now() + PATIENCE;
    while open(&guarded.greedy).await.status() != 200 {
        assert!(Instant::now() < deadline, "the streams are not given back");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// The figures of a deleted model leave with it, those of two models stand apart.
#[tokio::test(flavor = "multi_thread")]
async fn metrics_tell_models_apart_and_forget_those_that_are_deleted() {
    let service = crate::http_support::Service::start(&crate::support::database().await, &[]).await;
    let create = async || answered(service.request(Method::PUT, "/v1/models/shop").json(&json!({})), 201).await;
    create().await;
    service.clicks("u", &["a", "b"]).await;
    let click = json!({"user": "u", "item": "a", "kind": "click"});
    service.post("/v1/models/shop/events?wait=applied&timeout_ms=30000", &click, 200).await;
    let metrics = async || service.get("/metrics").await.as_str().expect("text").to_owned();
    // A view is seen a moment before it is counted.
    let until = async |wanted: &dyn Fn(&str) -> bool| {
        let deadline = Instant::now() + PATIENCE;
        while !wanted(&metrics().await) {
            assert!(Instant::now() < deadline, "{}", metrics().await);
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    let learned = |text: &str| text.contains("\nshelfmark_engine_position{model=\"shop\"} 1\n");
    until(&|text| text.contains("\nshelfmark_engine_position{model=\"default\"} 2\n") && learned(text)).await;
    answered(service.request(Method::DELETE, "/v1/models/shop"), 204).await;
    until(&|text| !text.contains("\"shop\"")).await;
    // What samples now and then has its turn, and makes none anew.
    tokio::time::sleep(Duration::from_secs(2)).await;
    assert!(!metrics().await.contains("\"shop\""));
    create().await;
    service.post("/v1/models/shop/events?wait=applied&timeout_ms=30000", &click, 200).await;
    // One of that name begins anew.
    until(&learned).await;
}
