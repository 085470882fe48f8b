//! Bytes on the wire: two protocols on one port with their bounds, and large bodies both ways. Method: the accept loop
//! with handlers of our own, and the running binary, asked by hyper's client, which begins HTTP/2 by prior knowledge.

use std::{
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use crate::http_support::{PATIENCE, Service, answered};
use axum::{Router, body::Bytes, extract::State, routing};
use http_body_util::{BodyExt, Full};
use hyper::{Request, Response, body::Incoming, client::conn::http2};
use hyper_util::rt::{TokioExecutor, TokioIo};
use reqwest::Method;
use serde_json::{Value, json};
use shelfmark::http::{Limits, serve};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    sync::Semaphore,
    task::JoinSet,
};
use tokio_util::sync::CancellationToken;

/// Answers as many requests as it is allowed to, and counts those that came.
#[derive(Clone)]
struct Slow {
    came: Arc<AtomicUsize>,
    allowed: Arc<Semaphore>,
}

impl Slow {
    async fn until_came(&self, count: usize) {
        let wait = async {
            while self.came.load(Ordering::SeqCst) < count {
                tokio::time::sleep(Duration::from_millis(2)).await;
            }
        };
        tokio::time::timeout(PATIENCE, wait).await.expect("they come");
    }
}

async fn slow(State(slow): State<Slow>) -> &'static str {
    slow.came.fetch_add(1, Ordering::SeqCst);
    slow.allowed.acquire().await.expect("open").forget();
    "done"
}

/// An accept loop of this process.
struct Loop {
    address: SocketAddr,
    slow: Slow,
    closing: CancellationToken,
    ended: JoinSet<std::io::Result<()>>,
}

async fn listen(limits: Limits) -> Loop {
    let slow = Slow { came: Arc::default(), allowed: Arc::new(Semaphore::new(0)) };
    let router = Router::new()
        .route("/slow", routing::get(self::slow))
        .route("/echo", routing::post(async |body: Bytes| body))
        .with_state(slow.clone());
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = listener.local_addr().expect("an address");
    let closing = CancellationToken::new();
    let mut ended = JoinSet::new();
    let token = closing.clone();
    ended.spawn(async move { serve(listener, router, &limits, token).await });
    Loop { address, slow, closing, ended }
}

/// A client of one HTTP/2 connection, and the end of that connection.
pub(crate) type Client = (http2::SendRequest<Full<Bytes>>, JoinSet<hyper::Result<()>>);

pub(crate) async fn connect(address: &str) -> Client {
    let stream = TcpStream::connect(address).await.expect("connected");
    let (client, connection) =
        http2::handshake(TokioExecutor::new(), TokioIo::new(stream)).await.expect("a preface and settings");
    let mut ended = JoinSet::new();
    ended.spawn(connection);
    (client, ended)
}

pub(crate) fn request(method: Method, url: String, body: &[u8]) -> Request<Full<Bytes>> {
    Request::builder().method(method).uri(url).body(Full::new(Bytes::copy_from_slice(body))).expect("a request")
}

pub(crate) async fn body(response: Response<Incoming>) -> Bytes {
    response.into_body().collect().await.expect("a body").to_bytes()
}

#[tokio::test(flavor = "multi_thread")]
async fn one_port_speaks_http_1_and_http_2_by_prior_knowledge() {
    let server = listen(Limits::default()).await;
    let url = format!("http://{}/echo", server.address);
    let one = reqwest::Client::new().post(&url).body("one").send().await.expect("an answer");
    assert_eq!(one.version(), reqwest::Version::HTTP_11);
    assert_eq!(one.text().await.expect("text"), "one");
    let (client, _connection) = connect(&server.address.to_string()).await;
    let mut answers = JoinSet::new();
    for number in 0..50 {
        let mut client = client.clone();
        let (text, url) = (format!("{number} ").repeat(20_000), url.clone());
        answers.spawn(async move {
            let answer = client.send_request(request(Method::POST, url, text.as_bytes())).await.expect("an answer");
            assert_eq!(answer.version(), hyper::Version::HTTP_2);
            assert!(body(answer).await == text.as_bytes(), "request {number}");
        });
    }
    answers.join_all().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn streams_are_bounded_and_those_under_way_finish_at_shutdown() {
    let mut server = listen(Limits { streams_max: 2, ..Limits::default() }).await;
    let (mut client, mut connection) = connect(&server.address.to_string()).await;
    // With its answer the client knows the bound.
    let echo = request(Method::POST, format!("http://{}/echo", server.address), b"first");
    assert_eq!(body(client.send_request(echo).await.expect("an answer")).await, "first");
    let url = format!("http://{}/slow", server.address);
    let mut answers = JoinSet::new();
    let mut ask = || {
        let (mut client, url) = (client.clone(), url.clone());
        answers.spawn(async move {
            let answer = client.send_request(request(Method::GET, url, b"")).await?;
            hyper::Result::Ok(body(answer).await)
        });
    };
    (0..5).for_each(|_| ask());
    server.slow.until_came(2).await;
    // One more comes for each that is answered, never more.
    server.slow.allowed.add_permits(1);
    server.slow.until_came(3).await;
    assert_eq!(server.slow.came.load(Ordering::SeqCst), 3);
    server.slow.allowed.add_permits(2);
    server.slow.until_came(5).await;
    server.closing.cancel();
    // The client is told to begin nothing more before what is under way ends.
    server.slow.allowed.add_permits(2);
    for answer in answers.join_all().await {
        assert_eq!(answer.expect("finished"), "done");
    }
    let ended = tokio::time::timeout(PATIENCE, server.ended.join_next()).await.expect("ends in time");
    ended.expect("one loop").expect("no panic").expect("in order");
    connection.join_next().await.expect("one connection").expect("no panic").expect("closed in order");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_connection_that_asks_nothing_is_closed_in_either_protocol() {
    let header_read = Duration::from_secs(1);
    let server = listen(Limits { header_read, idle: 2 * header_read, ..Limits::default() }).await;
    // Nothing, the beginning of what both begin with, half a preface, half a request.
    let mut parts = JoinSet::new();
    for part in ["", "P", "PRI * HTTP/2.0\r\n", "POST /echo HTTP/1.1\r\nhost:"] {
        let mut stream = TcpStream::connect(server.address).await.expect("connected");
        stream.write_all(part.as_bytes()).await.expect("sent");
        parts.spawn(async move {
            let mut rest = Vec::new();
            let closed = tokio::time::timeout(PATIENCE, stream.read_to_end(&mut rest)).await;
            let _may_be_a_reset = closed.unwrap_or_else(|_| panic!("{part:?} holds a connection"));
        });
    }
    // A request, and then headers without end, a byte at a time.
    let mut stream = TcpStream::connect(server.address).await.expect("connected");
    stream.write_all(b"POST /echo HTTP/1.1\r\nhost: x\r\ncontent-length: 2\r\n\r\nhi").await.expect("sent");
    parts.spawn(async move {
        let (mut from, mut to) = stream.into_split();
        let drip = async {
            while to.write_all(b"x").await.is_ok() {
                tokio::time::sleep(header_read / 20).await
            }
        };
        let mut answer = Vec::new();
        let closed = async {
            let _may_be_a_reset = from.read_to_end(&mut answer).await;
        };
        let closed = async {
            tokio::select! { () = closed => {}, () = drip => {} }
        };
        tokio::time::timeout(PATIENCE, closed).await.expect("a slow sender holds a connection");
        assert!(String::from_utf8_lossy(&answer).contains("hi"), "the first request was answered");
    });
    parts.join_all().await;
    let (mut client, mut connection) = connect(&server.address.to_string()).await;
    let url = format!("http://{}/slow", server.address);
    // One under way for longer than that is no reason to close.
    let answer = client.send_request(request(Method::GET, url, b""));
    let late = async {
        tokio::time::sleep(2 * header_read).await;
        server.slow.allowed.add_permits(1);
    };
    let (answer, ()) = tokio::join!(answer, late);
    assert_eq!(body(answer.expect("an answer")).await, "done");
    let ended = tokio::time::timeout(PATIENCE, connection.join_next()).await;
    let _however = ended.expect("an idle connection is closed");
}

/// Goal: a kept connection outlives the bound on headers, as proxies need it, and no longer than its own. Method: an
/// HTTP/1.1 connection that asks, pauses, asks again and pauses.
#[tokio::test(flavor = "multi_thread")]
async fn a_kept_connection_may_be_idle_for_longer_than_headers_may_take() {
    let header_read = Duration::from_millis(300);
    let server = listen(Limits { header_read, idle: 5 * header_read, ..Limits::default() }).await;
    let mut stream = TcpStream::connect(server.address).await.expect("connected");
    let mut answer = [0; 1024];
    for _ in 0..2 {
        stream.write_all(b"POST /echo HTTP/1.1\r\nhost: x\r\ncontent-length: 2\r\n\r\nhi").await.expect("open");
        let count = stream.read(&mut answer).await.expect("an answer");
        assert!(answer[..count].ends_with(b"hi"), "{}", String::from_utf8_lossy(&answer[..count]));
        // The pause of a proxy.
        tokio::time::sleep(3 * header_read).await;
    }
    let ended = tokio::time::timeout(PATIENCE, stream.read(&mut answer)).await.expect("closed in time");
    assert_eq!(ended.expect("in order"), 0);
}

async fn told(service: &Service, request: &str) -> (String, Value) {
    let address = service.url.trim_start_matches("http://");
    let mut stream = TcpStream::connect(address).await.expect("connected");
    stream.write_all(request.as_bytes()).await.expect("sent");
    let mut answer = Vec::new();
    tokio::time::timeout(PATIENCE, stream.read_to_end(&mut answer)).await.expect("closed").expect("an answer");
    let answer = String::from_utf8(answer).expect("text");
    let (head, body) = answer.split_once("\r\n\r\n").unwrap_or_else(|| panic!("{request:?}: {answer:?}"));
    (head.to_ascii_lowercase(), serde_json::from_str(body).unwrap_or(Value::Null))
}

#[tokio::test(flavor = "multi_thread")]
async fn heads_that_cannot_be_served_get_a_problem() {
    let service = Service::start(&crate::support::database().await, &[]).await;
    let many: String = (0..200).map(|number| format!("x{number}: 1\r\n")).collect();
    let many = format!("GET /livez HTTP/1.1\r\nhost: localhost\r\n{many}\r\n");
    for (request, status, code) in [
        ("GET /livez HTTP/1.1\r\nconnection: close\r\n\r\n", 400, "bad_host"),
        ("GET /livez HTTP/1.1\r\nhost: localhost\r\nhost: localhost\r\nconnection: close\r\n\r\n", 400, "bad_host"),
        ("GET /livez HTTP/1.1\r\nhost: a b\r\nconnection: close\r\n\r\n", 400, "bad_host"),
        ("nonsense\r\n\r\n", 400, "bad_head"),
        ("GET /livez HTTP/1.1\r\nno header\r\n\r\n", 400, "bad_head"),
        ("GET /livez HTTP/7.3\r\nhost: localhost\r\n\r\n", 400, "bad_head"),
        (&many, 431, "head_too_large"),
    ] {
        let shown: String = request.chars().take(60).collect();
        let (head, problem) = told(&service, request).await;
        assert!(head.starts_with(&format!("http/1.1 {status}")), "{shown:?}: {head}");
        assert!(head.contains("content-type: application/problem+json") && head.contains("x-request-id: "), "{head}");
        assert_eq!((&problem["code"], &problem["status"]), (&json!(code), &json!(status)), "{shown:?}: {problem}");
    }
    let (head, _) = told(&service, "GET /livez HTTP/1.0\r\n\r\n").await;
    assert!(head.starts_with("http/1.0 200"), "HTTP/1.0 needs no host: {head}");
}

/// Goal: a stream of items of any length is taken, bad lines are named, both spellings of a vector are one, and all
/// forms of embeddings say the same. Method: 20,000 lines by HTTP/2 to the running binary.
#[tokio::test(flavor = "multi_thread")]
async fn a_catalogue_goes_up_as_lines_and_its_vectors_come_down_in_every_form() {
    const LINES: usize = 20_000;
    const BAD: [(usize, &str, &str); 4] = [
        (7, r#"{"id":"#, "malformed"),
        (5_000, r#"{"id":"x","vectors":{"image":"AADA"}}"#, "invalid_value"),
        (12_345, r#"{"id":"x","vectors":{"image":[1,2]}}"#, "bad_dimension"),
        (19_999, r#"{"id":"x","colour":"red"}"#, "unknown_field"),
    ];
    let service = Service::start(&crate::support::database().await, &[]).await;
    let address = service.url.trim_start_matches("http://").to_owned();
    let (mut client, _connection) = connect(&address).await;
    let mut lines = String::new();
    for number in 0..LINES {
        lines.push_str(&match BAD.iter().find(|(line, ..)| *line == number) {
            Some((_, text, _)) => (*text).to_owned(),
            // 1, 0.5 and -2, or the same as base64.
            None if number % 2 == 0 => format!(r#"{{"id":"i{number}","vectors":{{"image":[1,0.5,-2]}}}}"#),
            None => format!(r#"{{"id":"i{number}","vectors":{{"image":"AACAPwAAAD8AAADA"}}}}"#),
        });
        lines.push('\n');
    }
    let url = format!("{}/v1/models/default/items?wait=applied&timeout_ms=30000", service.url);
    let mut upload = request(Method::POST, url, lines.as_bytes());
    upload.headers_mut().insert("content-type", "application/x-ndjson".parse().expect("a value"));
    let answer = client.send_request(upload).await.expect("an answer");
    assert_eq!((answer.version(), answer.status().as_u16()), (hyper::Version::HTTP_2, 200));
    let tally: Value = serde_json::from_slice(&body(answer).await).expect("JSON");
    assert_eq!((&tally["accepted"], &tally["position"]), (&json!(LINES - 4), &json!(LINES - 4)), "{tally}");
    let rejected = tally["rejected"].as_array().expect("a list").iter();
    let rejected: Vec<_> = rejected.map(|one| (one["index"].clone(), one["code"].clone())).collect();
    assert_eq!(rejected, BAD.map(|(line, _, code)| (json!(line), json!(code))));
    for id in ["i10", "i11"] {
        assert_eq!(service.get(&format!("items/{id}")).await["vectors"]["image"], json!([1.0, 0.5, -2.0]));
    }

    service.clicks("u1", &["i1", "i2"]).await;
    let mut ids: Vec<String> = (8..1_200).map(|number| format!("i{number}")).collect();
    let asked = json!({"items": ids, "users": ["u1"]});
    let ask =
        |accept: &str, asked: &Value| service.request(Method::POST, "embeddings").header("accept", accept).json(asked);
    let said = answered(ask("application/json", &asked), 200).await;
    let row = |one: &Value| -> Vec<f32> { serde_json::from_value(one["values"].clone()).expect("numbers") };
    let of = |name: &str| -> Vec<Vec<f32>> { said[name].as_array().expect("a list").iter().map(row).collect() };
    let (items, users) = (of("items"), of("users"));
    assert_eq!((items.len(), users.len(), items[0].len()), (ids.len(), 1, 16));
    let all = [items, users].concat().concat();
    let floats =
        |bytes: &[u8]| -> Vec<f32> { bytes.as_chunks().0.iter().map(|four| f32::from_le_bytes(*four)).collect() };
    let block = ask("application/octet-stream", &asked).send().await.expect("an answer").bytes().await.expect("bytes");
    assert_eq!(floats(&block), all);

    // A file may leave rows out: it says which.
    ids.push("absent".to_owned());
    let file =
        ask("application/x-safetensors", &json!({"items": ids, "users": ["u1"]})).send().await.expect("an answer");
    assert_eq!(file.headers()["content-type"], "application/x-safetensors");
    assert_eq!(file.headers()["shelfmark-dim"], "16");
    let file = file.bytes().await.expect("bytes");
    let (length, rest) = file.split_first_chunk::<8>().expect("a length");
    let (head, values) = rest.split_at(usize::try_from(u64::from_le_bytes(*length)).expect("small"));
    assert_eq!((8 + head.len()) % 8, 0);
    let head: Value = serde_json::from_slice(head).expect("JSON");
    let tensor = |rows: usize, begin: usize| json!({"dtype": "F32", "shape": [rows, 16], "data_offsets": [begin, begin + rows * 64]});
    ids.pop();
    assert_eq!(head["items"], tensor(ids.len(), 0));
    assert_eq!(head["users"], tensor(1, ids.len() * 64));
    let listed = |name: &str| -> Value {
        serde_json::from_str(head["__metadata__"][name].as_str().expect("text")).expect("JSON")
    };
    assert_eq!((listed("items"), listed("users")), (json!(ids), json!(["u1"])));
    assert_eq!(listed("missing"), json!({"items": ["absent"], "users": []}));
    assert_eq!(floats(values), all);
}

/// What a client reads that first sends all of a request, on one connection; and whether the connection still lives.
async fn answer_after_sending(address: &str, head: &str, body: &[u8]) -> (String, bool) {
    let mut stream = TcpStream::connect(address).await.expect("connected");
    let head = format!("{head} HTTP/1.1\r\nhost: localhost\r\ncontent-length: {}\r\n\r\n", body.len());
    stream.write_all(head.as_bytes()).await.expect("the head is sent");
    stream.write_all(body).await.expect("the body is sent");
    let (mut answer, mut piece) = (Vec::new(), [0; 4096]);
    let read = async {
        while !String::from_utf8_lossy(&answer).contains("request_id") {
            let count = stream.read(&mut piece).await.expect("no reset");
            assert!(count > 0, "{}", String::from_utf8_lossy(&answer));
            answer.extend_from_slice(&piece[..count]);
        }
        stream.write_all(b"GET /livez HTTP/1.1\r\nhost: localhost\r\n\r\n").await.is_ok()
            && stream.read(&mut piece).await.is_ok_and(|count| count > 0)
    };
    let lives = tokio::time::timeout(PATIENCE, read).await.expect("an answer");
    (String::from_utf8_lossy(&answer).to_ascii_lowercase(), lives)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_reads_the_refusal_of_a_body_that_nobody_read() {
    let service = Service::start(&crate::support::database().await, &[]).await;
    let address = service.url.trim_start_matches("http://");
    // More than the system's buffers hold.
    let large = vec![b' '; 32 << 20];
    let (answer, lives) = answer_after_sending(address, "POST /v1/models/missing/events", &large).await;
    assert!(answer.starts_with("http/1.1 404 ") && answer.contains("\r\nconnection: close\r\n"), "{answer}");
    assert!(!lives, "a connection that was said to be closed");
    let (answer, lives) = answer_after_sending(address, "POST /v1/models/missing/events", b"{}").await;
    assert!(answer.starts_with("http/1.1 404 ") && !answer.contains("connection: close"), "{answer}");
    assert!(lives, "a small body is read with its head");
}
