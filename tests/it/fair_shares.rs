//! Goal: no caller takes what others need, however many requests wait, bodies stand half sent or connections say
//! nothing. Method: the running binary with small bounds; one greedy key attacks while others read, write and probe.

use std::time::{Duration, Instant};

use crate::http_support::{PATIENCE, Service, answered, run};
use crate::http_wire;
use reqwest::Method;
use serde_json::{Value, json};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpSocket, TcpStream},
    task::JoinSet,
};

/// A service with keys: one that attacks, two of others.
pub(crate) struct Guarded {
    pub service: Service,
    pub greedy: String,
    reader: String,
    writer: String,
}

impl Guarded {
    pub async fn start(flags: &[&str]) -> Self {
        let database = crate::support::database().await;
        let key = |name: &str, scope: &str| {
            let (status, secret, told) =
                run(&["keys", "create", "--name", name, "--scope", scope, "--database-url", &database]);
            assert!(status.success(), "{told}");
            secret.trim().to_owned()
        };
        let (greedy, reader, writer) = (key("greedy", "admin"), key("reader", "export"), key("writer", "write"));
        let service = Service::start(&database, flags).await;
        let guarded = Self { service, greedy, reader, writer };
        guarded.write(1).await;
        guarded
    }

    fn address(&self) -> &str {
        self.service.url.trim_start_matches("http://")
    }

    pub fn reader(&self) -> &str {
        &self.reader
    }

    pub async fn read(&self, path: &str) -> Value {
        answered(self.service.request(Method::GET, path).bearer_auth(&self.reader), 200).await
    }

    async fn write(&self, count: usize) -> u64 {
        let clicks: Vec<Value> =
            (0..count).map(|n| json!({"user": "u", "item": format!("i{n}"), "kind": "click"})).collect();
        let request = self.service.request(Method::POST, "events?wait=applied&timeout_ms=30000");
        let reply = answered(request.bearer_auth(&self.writer).json(&json!({"events": clicks})), 200).await;
        reply["position"].as_u64().expect("a position")
    }

    /// What somebody else gets: reads, a read that waits, writes, a write that waits, and the probes.
    pub async fn others_are_answered(&self) {
        let position = self.write(2).await;
        self.read("").await;
        let found = self.read(&format!("users/u/recommendations?limit=1&min_position={position}")).await;
        assert!(found["position"].as_u64() >= Some(position), "{found}");
        assert_eq!(self.service.get("/livez").await, "ok\n");
        let ready = self.service.get("/readyz").await;
        assert_eq!(ready["ready"], true, "{ready}");
        self.read("/metrics").await;
    }

    pub async fn notes(&self) -> String {
        self.service.get("/readyz").await["notes"].to_string()
    }

    /// Waits until `/readyz` says, or says no more, that a caller holds its share.
    pub async fn until_share_is_used_up(&self, what: &str, used_up: bool) {
        let deadline = Instant::now() + PATIENCE;
        let note = format!("share of the {what}");
        while self.notes().await.contains(&note) != used_up {
            assert!(Instant::now() < deadline, "{note} {used_up}: {}", self.notes().await);
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    /// Sends the head of a request and a part of its body.
    async fn begin(&self, kind: &str, length: &str, part: &str) -> TcpStream {
        let mut stream = TcpStream::connect(self.address()).await.expect("connected");
        let head = format!(
            "POST /v1/models/default/events HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {}\r\n\
             content-type: application/{kind}\r\n{length}\r\n\r\n{part}",
            self.greedy
        );
        stream.write_all(head.as_bytes()).await.expect("sent");
        stream
    }
}

/// What a connection says until it is closed, or for a moment.
async fn said(stream: &mut TcpStream, wait: Duration) -> String {
    let mut answer = vec![0; 8 << 10];
    let mut text = String::new();
    while let Ok(Ok(count @ 1..)) = tokio::time::timeout(wait, stream.read(&mut answer)).await {
        text.push_str(&String::from_utf8_lossy(&answer[..count]));
    }
    text
}

/// The status of an answer, and its code.
fn status(answer: &str) -> (u16, String) {
    let status = answer.get(9..12).and_then(|status| status.parse().ok()).unwrap_or(0);
    let body: Value =
        answer.split_once("\r\n\r\n").and_then(|(_, body)| serde_json::from_str(body).ok()).unwrap_or_default();
    (status, body["code"].as_str().unwrap_or_default().to_owned())
}

#[tokio::test(flavor = "multi_thread")]
async fn requests_that_wait_for_a_position_keep_nobody_from_work() {
    let guarded = Guarded::start(&["--http-waiting-max", "40", "--http-requests-max", "40"]).await;
    let url = format!(
        "{}/v1/models/default/users/u/recommendations?min_position=9000000000&timeout_ms=30000",
        guarded.service.url
    );
    let mut asked = JoinSet::new();
    for _ in 0..9 {
        let (client, connection) = http_wire::connect(guarded.address()).await;
        for _ in 0..20 {
            let mut client = client.clone();
            let mut request = http_wire::request(Method::GET, url.clone(), b"");
            let bearer = format!("Bearer {}", guarded.greedy).parse().expect("a value");
            request.headers_mut().insert("authorization", bearer);
            asked.spawn(async move {
                let answer = client.send_request(request).await.expect("an answer");
                let retry = answer.headers().contains_key("retry-after");
                let status = answer.status().as_u16();
                let problem: Value = serde_json::from_slice(&http_wire::body(answer).await).expect("JSON");
                (status, retry, problem)
            });
        }
        asked.spawn(async move {
            let (_kept_open, mut connection) = (client, connection);
            connection.join_next().await;
            (0, false, Value::Null)
        });
    }
    guarded.until_share_is_used_up("requests that wait for a position", true).await;
    for _ in 0..3 {
        guarded.others_are_answered().await;
    }
    // 180 asked. Of 40, 30 are not kept for events: half of them wait, and all others were told so.
    let mut refused = 0;
    while refused < 165 {
        let answer = tokio::time::timeout(PATIENCE, asked.join_next()).await.expect("in time").expect("more");
        let (status, retry, problem) = answer.expect("no panic");
        assert_eq!((status, retry, &problem["code"]), (429, true, &json!("share_used_up")), "{problem}");
        let detail = problem["detail"].as_str().expect("text");
        assert!(detail.contains("requests that wait") || detail.contains("requests under way"), "{detail}");
        refused += 1;
    }
    let own = guarded.service.request(Method::GET, "").bearer_auth(&guarded.greedy);
    answered(own, 200).await;
    asked.shutdown().await;
    guarded.until_share_is_used_up("requests that wait for a position", false).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn half_sent_bodies_are_ended_and_keep_nobody_from_sending() {
    // All sixty must have come before the first of them is ended, on a busy machine too.
    let flags = ["--http-bodies-max", "40", "--http-stream-idle-seconds", "5"];
    let guarded = Guarded::start(&flags).await;
    let begun = (0..60).map(|_| guarded.begin("json", "content-length: 100000", "{\"user\":"));
    let mut half_sent = JoinSet::new();
    for mut stream in futures::future::join_all(begun).await {
        half_sent.spawn(async move { said(&mut stream, PATIENCE).await });
    }
    guarded.until_share_is_used_up("request bodies under way", true).await;
    guarded.others_are_answered().await;
    let answers = half_sent.join_all().await;
    let count = |wanted: (u16, &str)| {
        answers.iter().map(|answer| status(answer)).filter(|(status, code)| (*status, code.as_str()) == wanted).count()
    };
    assert_eq!((count((429, "share_used_up")), count((408, "stalled"))), (40, 20), "{answers:?}");
    assert!(answers.iter().filter(|answer| status(answer).0 == 429).all(|answer| answer.contains("retry-after")));
    guarded.until_share_is_used_up("request bodies under way", false).await;
    guarded.others_are_answered().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_body_that_trickles_and_a_stream_of_blank_lines_end() {
    let guarded = Guarded::start(&["--http-stream-idle-seconds", "2"]).await;
    let click = "{\"user\":\"u\",\"item\":\"i1\",\"kind\":\"click\"}";
    let chunk = |text: &str| format!("{:x}\r\n{text}\r\n", text.len());
    // A byte at a time; blank lines; spaces; a line that does not end; and, beside them, a line now and then.
    let mut senders = JoinSet::new();
    for (kind, piece, pause_ms) in [
        ("json", " ".to_owned(), 50),
        ("x-ndjson", "\n".to_owned(), 50),
        ("x-ndjson", " ".to_owned(), 50),
        ("x-ndjson", "x".to_owned(), 50),
        ("x-ndjson", format!("{click}\n"), 1000),
    ] {
        let mut stream = guarded.begin(kind, "transfer-encoding: chunked", &chunk(&piece)).await;
        let piece = chunk(&piece);
        senders.spawn(async move {
            let began = Instant::now();
            let (mut from, mut to) = stream.split();
            let drip = async {
                while began.elapsed() < Duration::from_secs(6) && to.write_all(piece.as_bytes()).await.is_ok() {
                    tokio::time::sleep(Duration::from_millis(pause_ms)).await;
                }
                _ = to.write_all(b"0\r\n\r\n").await;
                std::future::pending::<()>().await;
            };
            let mut first = vec![0; 4 << 10];
            let answer = async { from.read(&mut first).await };
            let count = tokio::select! {
                count = answer => count.expect("an answer"),
                () = drip => 0,
            };
            (pause_ms, began.elapsed(), String::from_utf8_lossy(&first[..count]).into_owned())
        });
    }
    for (pause_ms, took, answer) in senders.join_all().await {
        let (status, code) = status(&answer);
        if pause_ms == 1000 {
            assert_eq!(status, 202, "a slow stream of events is none of that: {answer}");
            assert!(took > Duration::from_secs(6) && answer.contains("\"accepted\":"), "{took:?} {answer}");
        } else {
            assert_eq!((status, code.as_str()), (408, "stalled"), "{answer}");
            assert!(took < Duration::from_secs(6), "{took:?}");
            assert!(answer.contains("application/problem+json"), "{answer}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn bodies_have_one_budget_of_bytes_that_is_given_back() {
    const BODY: usize = 1 << 20;
    // Of 6 MiB a caller may hold half.
    let flags = ["--http-bodies-bytes-max", "6291456", "--http-stream-idle-seconds", "5"];
    let guarded = Guarded::start(&flags).await;
    let text = "x".repeat(BODY - 1);
    let mut sent = JoinSet::new();
    for _ in 0..12 {
        let mut stream = guarded.begin("json", &format!("content-length: {BODY}"), "").await;
        let text = text.clone();
        sent.spawn(async move {
            // Who is refused may be cut off while sending.
            _ = stream.write_all(text.as_bytes()).await;
            said(&mut stream, PATIENCE).await
        });
    }
    guarded.until_share_is_used_up("bytes of request bodies", true).await;
    guarded.others_are_answered().await;
    let answers = sent.join_all().await;
    let stalled = answers.iter().filter(|answer| status(answer).0 == 408).count();
    assert_eq!(stalled, 3, "{answers:?}");
    let told =
        answers.iter().filter(|answer| status(answer).1 == "share_used_up" && answer.contains("bytes of request"));
    assert!(told.count() > 0, "{answers:?}");
    guarded.until_share_is_used_up("bytes of request bodies", false).await;
    // All of it is there again, for the same caller: three whole bodies at once, one after the other.
    for _ in 0..6 {
        let blank = " ".repeat(BODY - 100);
        let event = format!("{{\"user\":\"u\",\"item\":\"i1\",\"kind\":\"click\"}}{blank}");
        let request = guarded.service.request(Method::POST, "events").bearer_auth(&guarded.greedy);
        answered(request.header("content-type", "application/json").body(event), 202).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn silent_connections_keep_neither_probes_nor_others_out() {
    let free = std::net::TcpListener::bind("127.0.0.1:0").expect("a port").local_addr().expect("an address");
    let admin = free.to_string();
    let guarded = Guarded::start(&["--http-connections-max", "40", "--admin-listen", &admin]).await;
    let mut silent = Vec::new();
    for n in 0..300 {
        let to = if n % 3 == 0 { &admin } else { guarded.address() };
        silent.push(TcpStream::connect(to).await.expect("accepted"));
    }
    for _ in 0..5 {
        // The service closes the connection that is longest without a request: a kept one may be closed under a
        // request.
        let client = reqwest::Client::builder().pool_max_idle_per_host(0).build().expect("a client");
        for url in [&guarded.service.url, &format!("http://{admin}")] {
            for path in ["/livez", "/readyz", "/metrics"] {
                let began = Instant::now();
                answered(client.get(format!("{url}{path}")).bearer_auth(&guarded.reader), 200).await;
                assert!(began.elapsed() < Duration::from_secs(5), "{path} took {:?}", began.elapsed());
            }
        }
        answered(client.get(format!("{}/v1/models/default", guarded.service.url)).bearer_auth(&guarded.reader), 200)
            .await;
    }
    guarded.others_are_answered().await;
    let other = format!("http://{admin}/v1/models");
    answered(reqwest::Client::new().get(&other).bearer_auth(&guarded.reader), 404).await;
    answered(reqwest::Client::new().get(format!("http://{admin}/metrics")), 401).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn while_an_address_holds_its_connections_busy_probes_and_other_addresses_are_answered() {
    let guarded = Guarded::start(&["--http-connections-max", "8"]).await;
    let request = format!(
        "GET /v1/models/default?min_position=9000000000&timeout_ms=30000 HTTP/1.1\r\nhost: x\r\n\
         authorization: Bearer {}\r\n\r\n",
        guarded.greedy
    );
    let mut busy = Vec::new();
    let ask = async |from: &str, path: &str| {
        let socket = TcpSocket::new_v4().expect("a socket");
        socket.bind(format!("{from}:0").parse().expect("an address")).expect("ours");
        let mut stream = socket.connect(guarded.address().parse().expect("an address")).await.expect("accepted");
        let head = format!(
            "GET {path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\nauthorization: Bearer {}\r\n\r\n",
            guarded.reader
        );
        stream.write_all(head.as_bytes()).await.expect("sent");
        status(&said(&mut stream, PATIENCE).await)
    };
    let deadline = Instant::now() + PATIENCE;
    while ask("127.0.0.1", "/v1/models/default").await != (503, "overloaded".to_owned()) {
        assert!(Instant::now() < deadline, "the connections are not busy");
        let mut stream = TcpStream::connect(guarded.address()).await.expect("accepted");
        stream.write_all(request.as_bytes()).await.expect("sent");
        busy.push(stream);
    }
    for path in ["/livez", "/readyz", "/metrics"] {
        assert_eq!(ask("127.0.0.1", path).await.0, 200, "{path}");
    }
    assert_eq!(ask("127.0.0.2", "/v1/models/default").await.0, 200, "another address has a share of its own");
    drop(busy);
    while ask("127.0.0.1", "/v1/models/default").await.0 != 200 {
        assert!(Instant::now() < deadline, "the connections are not given back");
    }
}
