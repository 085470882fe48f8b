//! Goal: a body is taken however it is packed and marked, and a small one that unpacks to a large one costs no more
//! than a large one. Method: the running binary with small limits, every route that takes a body.

use std::io::Write;

use crate::http_support::{Service, answered, problem};
use reqwest::Method;
use serde_json::{Value, json};

const POST: Method = Method::POST;
const PUT: Method = Method::PUT;
const PATCH: Method = Method::PATCH;

fn named(id: &str, item: &str) -> Value {
    json!({"event_id": id, "user": "u1", "item": item, "kind": "click", "ts": 1_795_428_000})
}

fn gzip(text: &[u8]) -> Vec<u8> {
    let mut packer = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    packer.write_all(text).expect("in memory");
    packer.finish().expect("in memory")
}

#[tokio::test(flavor = "multi_thread")]
async fn bodies_may_be_packed_and_marked_on_every_route() {
    let more = ["--http-body-bytes-max", "65536", "--http-line-bytes-max", "4096"];
    let service = Service::start(&crate::support::database().await, &more).await;
    let packed = |method, path: &str, kind: &str, text: String| {
        let request = service.request(method, path).header("content-type", kind.to_owned());
        request.header("content-encoding", "gzip").body(gzip(text.as_bytes()))
    };
    const LINES: &str = "application/x-ndjson";
    let lines = format!("\u{feff}{}\r\n{}\r\n", named("a", "i1"), named("b", "i2"));
    let reply = answered(packed(POST, "events?wait=applied&timeout_ms=30000", LINES, lines), 200).await;
    assert_eq!((&reply["accepted"], &reply["rejected_count"]), (&json!(2), &json!(0)), "{reply}");
    let marked = service.request(POST, "events").header("content-type", "application/json");
    assert_eq!(answered(marked.body(format!("\u{feff}{}", named("c", "i3"))), 202).await["accepted"], 1);
    for (method, path, body, status) in [
        (POST, "events", named("d", "i1"), 202),
        (POST, "items", json!({"items": [{"id": "i4"}]}), 202),
        (PUT, "items/i5", json!({"title": "Pan"}), 202),
        (POST, "recommendations", json!({"user": "u1"}), 200),
        (POST, "recommendations/batch", json!({"queries": [{}]}), 200),
        (POST, "rank", json!({"items": ["i1"]}), 200),
        (POST, "embeddings", json!({"items": ["i1"]}), 200),
        (PATCH, "", json!({"config": {"explore": 0.0}}), 200),
        (POST, "versions", json!({"label": "packed"}), 201),
        (POST, "learning/freeze", json!({}), 200),
    ] {
        answered(packed(method, path, "application/json", format!("\u{feff}{body}")), status).await;
    }
    let utf_16: Vec<u8> = "{}".encode_utf16().flat_map(u16::to_le_bytes).collect();
    for kind in ["application/json", LINES] {
        let found = service.request(POST, "events").header("content-type", kind).body(utf_16.clone());
        let found = problem(found, 400, "malformed").await;
        assert!(found["detail"].as_str().expect("text").contains("UTF-16"), "{found}");
    }
    // A bomb is as large as it unpacks: one line, many blank ones, one body.
    problem(packed(POST, "events", LINES, " ".repeat(64 << 20)), 413, "line_too_large").await;
    problem(packed(POST, "events", LINES, "\n".repeat(64 << 20)), 413, "line_too_large").await;
    problem(packed(POST, "events", "application/json", " ".repeat(64 << 20)), 413, "too_large").await;
    let cut = service.request(POST, "rank").header("content-encoding", "gzip").body(&b"\x1f\x8b\x08"[..]);
    problem(cut, 400, "malformed").await;
}
