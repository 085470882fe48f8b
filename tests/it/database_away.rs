//! Goal: /readyz says by name that Postgres takes no records or does not answer, reads go on from memory meanwhile, and
//! all is well again by itself. Method: the real binary; triggers that raise what a full disk raises (SQLSTATE 53100);
//! a proxy in front of Postgres that stops forwarding.

#![expect(clippy::unwrap_used, reason = "helpers of tests may fail the test")]
#![expect(clippy::disallowed_methods, reason = "the proxy ends with the test's runtime")]

use std::time::{Duration, Instant};

use crate::http_support::{PATIENCE, Service, answered, problem};
use reqwest::Method;
use serde_json::{Value, json};
use sqlx::{PgPool, postgres::PgConnectOptions};
use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt},
    net::{TcpListener, UnixStream},
    sync::watch,
};

const EVENTS: &str = "/v1/models/default/events";

fn click(user: &str) -> Value {
    json!({"user": user, "item": "kettle", "kind": "click"})
}

/// Asks /readyz until its status is `status` and its reasons contain `reason`.
///
/// A starting service names other reasons first, so one answer is not enough.
async fn until_readyz(service: &Service, status: u16, reason: &str) {
    let deadline = Instant::now() + PATIENCE;
    loop {
        let response = service.request(Method::GET, "/readyz").send().await.unwrap();
        let found = response.status().as_u16();
        let body: Value = response.json().await.unwrap();
        if found == status && body["reasons"].to_string().contains(reason) {
            return;
        }
        assert!(Instant::now() < deadline, "/readyz is {found}, not {status} with {reason:?}: {body}");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

async fn ready(service: &Service) {
    until_readyz(service, 200, "").await;
}

/// Reads that need no database are answered soon.
async fn reads_go_on(service: &Service) {
    for _ in 0..5 {
        let begun = Instant::now();
        let query = service.request(Method::POST, "/v1/models/default/recommendations").json(&json!({"user": "ann"}));
        answered(query, 200).await;
        answered(service.request(Method::GET, "/v1/models/default"), 200).await;
        assert!(begun.elapsed() < Duration::from_secs(5), "{:?}", begun.elapsed());
    }
}

async fn full_disk(pool: &PgPool, tables: &[&str]) {
    let function = "create or replace function disk_is_full() returns trigger language plpgsql as \
                    $$ begin raise exception 'could not extend file: No space left on device' using errcode = '53100'; end $$";
    sqlx::query(function).execute(pool).await.unwrap();
    for table in tables {
        let trigger = format!(
            "create trigger disk_is_full before insert or update or delete on {table} for each row execute function disk_is_full()"
        );
        sqlx::query(sqlx::AssertSqlSafe(trigger)).execute(pool).await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_full_disk_is_named_reads_go_on_and_a_start_on_it_serves() {
    let url = crate::support::database().await;
    let mut service = Service::start(&url, &[]).await;
    let first =
        answered(service.request(Method::POST, &format!("{EVENTS}?wait=applied")).json(&click("ann")), 200).await;
    let pool = shelfmark_postgres::connect(url.as_str(), 2).await.unwrap();
    full_disk(&pool, &["records"]).await;
    problem(service.request(Method::POST, EVENTS).json(&click("ann")), 503, "database_unavailable").await;
    until_readyz(&service, 503, "the disk of the database is full (SQLSTATE 53100)").await;
    reads_go_on(&service).await;
    // There is room again: nobody has to send anything for the process to notice.
    sqlx::query("drop trigger disk_is_full on records").execute(&pool).await.unwrap();
    ready(&service).await;
    let second = answered(service.request(Method::POST, EVENTS).json(&click("ann")), 202).await;
    assert_eq!(
        second["position"].as_u64(),
        first["position"].as_u64().map(|first| first + 1),
        "nothing of the failed append"
    );
    service.kill();

    // A start while nothing can be written.
    full_disk(&pool, &["records", "models", "operations", "versions", "version_segments", "deployments"]).await;
    let full = Service::start_unready(&url, &[]);
    until_readyz(&full, 503, "the disk of the database is full").await;
    let deadline = Instant::now() + PATIENCE;
    while full.get("/v1/models/default").await["position"] != second["position"] {
        assert!(Instant::now() < deadline, "the log is learned");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    reads_go_on(&full).await;
    for table in ["records", "models", "operations", "versions", "version_segments", "deployments"] {
        let drop = format!("drop trigger disk_is_full on {table}");
        sqlx::query(sqlx::AssertSqlSafe(drop)).execute(&pool).await.unwrap();
    }
    ready(&full).await;
    answered(full.request(Method::POST, EVENTS).json(&click("ann")), 202).await;
}

/// Forwards from a port to the socket of Postgres while `flows` is true.
async fn proxy(options: PgConnectOptions, flows: watch::Receiver<bool>) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let socket = options.get_socket().cloned().unwrap().join(format!(".s.PGSQL.{}", options.get_port()));
    tokio::spawn(async move {
        loop {
            let (client, _) = listener.accept().await.unwrap();
            let server = UnixStream::connect(&socket).await.unwrap();
            let (from_client, to_client) = client.into_split();
            let (from_server, to_server) = server.into_split();
            tokio::spawn(forward(from_client, to_server, flows.clone()));
            tokio::spawn(forward(from_server, to_client, flows.clone()));
        }
    });
    port
}

async fn forward(mut from: impl AsyncRead + Unpin, mut to: impl AsyncWrite + Unpin, mut flows: watch::Receiver<bool>) {
    let mut buffer = vec![0; 16 << 10];
    while let Ok(read) = from.read(&mut buffer).await {
        if read == 0 || flows.wait_for(|flows| *flows).await.is_err() || to.write_all(&buffer[..read]).await.is_err() {
            return;
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_database_that_does_not_answer_is_named_and_reads_go_on() {
    let url = crate::support::database().await;
    let options: PgConnectOptions = url.parse().unwrap();
    if options.get_socket().is_none() {
        eprintln!("left out: the proxy of this test forwards to a socket, and DATABASE_URL names a host");
        return;
    }
    let (flows, receiver) = watch::channel(true);
    let port = proxy(options.clone(), receiver).await;
    let (user, database) = (options.get_username(), options.get_database().unwrap());
    let through = format!("postgres://{user}@127.0.0.1:{port}/{database}?sslmode=disable");
    let service = Service::start(&through, &["--database-answer-seconds", "1"]).await;
    let applied = format!("{EVENTS}?wait=applied");
    answered(service.request(Method::POST, &applied).json(&click("ann")), 200).await;
    answered(service.request(Method::GET, "/v1/models/default"), 200).await;

    flows.send_replace(false);
    until_readyz(&service, 503, "the database has not answered for").await;
    reads_go_on(&service).await;

    flows.send_replace(true);
    ready(&service).await;
    answered(service.request(Method::POST, &applied).json(&click("ann")), 200).await;
}
