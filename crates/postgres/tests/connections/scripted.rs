//! Servers that speak as much of Postgres's protocol as a first connection asks for. Goal: what is no Postgres and what
//! does not keep sessions is refused by name, and a server that comes late is waited for.

use std::sync::Arc;
use std::sync::atomic::{AtomicI32, Ordering};
use std::time::{Duration, Instant};

use shelfmark_postgres::{PostgresError, connect};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;

/// How a server answers what `pg_backend_pid()` is.
#[derive(Clone, Copy)]
enum Sessions {
    /// Each connection has a process of its own, as in Postgres and in a pooler in session mode.
    Kept,
    /// Each statement gets another process: a pooler whose servers take turns.
    InTurn,
    /// The process that a transaction does not hold, the last one used first: PgBouncer's default.
    LastUsed,
}

struct Server {
    address: String,
    _tasks: JoinSet<()>,
}

async fn server(listener: TcpListener, sessions: Sessions) -> Server {
    let address = format!("postgres://shop:secret@{}/shop", listener.local_addr().expect("an address"));
    let mut tasks = JoinSet::new();
    tasks.spawn(async move {
        let count = Arc::new(AtomicI32::new(0));
        let held = Arc::new(AtomicI32::new(0));
        let mut connections = JoinSet::new();
        while let Ok((stream, _)) = listener.accept().await {
            connections.spawn(session(stream, sessions, Arc::clone(&count), Arc::clone(&held)));
        }
    });
    Server { address, _tasks: tasks }
}

async fn session(mut stream: TcpStream, sessions: Sessions, count: Arc<AtomicI32>, held: Arc<AtomicI32>) {
    let own = count.fetch_add(1, Ordering::SeqCst) + 1;
    let mut in_transaction = false;
    // The request for TLS, then the start of a session.
    for answer in [&b"N"[..], b"R\0\0\0\x08\0\0\0\0Z\0\0\0\x05I"] {
        let Ok(length) = stream.read_u32().await else { return };
        let mut rest = vec![0; length as usize - 4];
        if stream.read_exact(&mut rest).await.is_err() || stream.write_all(answer).await.is_err() {
            return;
        }
    }
    while let Ok(kind) = stream.read_u8().await {
        let length = stream.read_u32().await.expect("a length");
        let mut text = vec![0; length as usize - 4];
        stream.read_exact(&mut text).await.expect("a message");
        if kind != b'Q' {
            return;
        }
        let mut answer = Vec::new();
        if text.starts_with(b"select") {
            let process = match sessions {
                Sessions::Kept => own,
                Sessions::InTurn => count.fetch_add(1, Ordering::SeqCst) + 1,
                // A transaction holds process 1, so others get 2 meanwhile.
                Sessions::LastUsed if in_transaction => {
                    held.store(1, Ordering::SeqCst);
                    1
                }
                Sessions::LastUsed => 1 + held.load(Ordering::SeqCst),
            };
            let digits = process.to_string();
            message(&mut answer, b'T', b"\0\x01pg_backend_pid\0\0\0\0\0\0\0\0\0\0\x17\0\x04\xff\xff\xff\xff\0\0");
            let mut row = vec![0, 1];
            row.extend(i32::try_from(digits.len()).expect("short").to_be_bytes());
            row.extend(digits.as_bytes());
            message(&mut answer, b'D', &row);
        } else {
            in_transaction = text.starts_with(b"begin");
        }
        message(&mut answer, b'C', b"DONE\0");
        message(&mut answer, b'Z', if in_transaction { b"T" } else { b"I" });
        if stream.write_all(&answer).await.is_err() {
            return;
        }
    }
}

fn message(into: &mut Vec<u8>, kind: u8, body: &[u8]) {
    into.push(kind);
    into.extend(u32::try_from(body.len() + 4).expect("short").to_be_bytes());
    into.extend(body);
}

async fn local() -> TcpListener {
    TcpListener::bind("127.0.0.1:0").await.expect("a port")
}

#[tokio::test]
async fn a_pooler_that_changes_sessions_is_refused_and_one_that_keeps_them_is_not() {
    let kept = server(local().await, Sessions::Kept).await;
    connect(&kept.address, 2).await.expect("sessions that last");
    for sessions in [Sessions::InTurn, Sessions::LastUsed] {
        let pooler = server(local().await, sessions).await;
        let error = connect(&pooler.address, 2).await.expect_err("refused");
        assert!(matches!(error, PostgresError::TransactionPooling), "{error}");
        assert!(error.to_string().contains("pool_mode"), "{error}");
    }
}

#[tokio::test]
async fn a_server_of_another_protocol_is_refused_at_once() {
    let listener = local().await;
    let url = format!("postgres://{}/shop", listener.local_addr().expect("an address"));
    let mut tasks = JoinSet::new();
    tasks.spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let _closed = stream.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n").await;
        }
    });
    let started = Instant::now();
    let error = connect(&url, 1).await.expect_err("refused");
    assert!(matches!(error, PostgresError::NotPostgres(_)), "{error}");
    assert!(started.elapsed() < Duration::from_secs(5));
}

#[tokio::test]
async fn a_server_that_is_not_there_yet_is_waited_for() {
    let listener = local().await;
    let at = listener.local_addr().expect("an address");
    drop(listener);
    let url = format!("postgres://shop:secret@{at}/shop");
    let mut connecting = JoinSet::new();
    connecting.spawn(async move { connect(&url, 1).await.map(|_| ()) });
    tokio::time::sleep(Duration::from_secs(1)).await;
    assert!(connecting.try_join_next().is_none(), "a refused connection is tried again");
    let _late = server(TcpListener::bind(at).await.expect("the same port"), Sessions::Kept).await;
    connecting.join_next().await.expect("one").expect("without a panic").expect("connected");
}
