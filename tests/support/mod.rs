//! A real Postgres for integration tests: `let url = support::database().await;` is the address of a fresh, empty
//! database that no other test sees.
//!
//! One server a test binary, in a temporary folder, started by the first test that asks. libtest runs no destructors
//! of statics, so a watchdog process ends the server and removes the folder once the test binary is gone, however it
//! went: it waits for the end of its standard input, whose other end only the test binary holds.
//!
//! With DATABASE_URL set the databases are made on that server instead; it must allow `create database`. Those are
//! named `shelfmark_test_*`, and a later run drops them when they are older than two hours.
//!
//! Commits are not flushed to the disk (a machine's crash would lose them; a killed server does not), unless
//! SHELFMARK_TEST_DURABLE=1.

use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use shelfmark_postgres::{ManagedPostgres, ManagedPostgresOptions};
use sqlx::postgres::{PgConnectOptions, PgConnection};
use sqlx::{AssertSqlSafe, ConnectOptions, Connection};
use tokio::sync::OnceCell;

const LEFT_OVER_AGE: Duration = Duration::from_secs(2 * 60 * 60);

/// The address of a new database; each call makes one.
pub async fn database() -> String {
    static COUNT: AtomicU32 = AtomicU32::new(0);
    let server = server().await;
    let count = COUNT.fetch_add(1, Ordering::Relaxed);
    let name = format!("shelfmark_test_{}_{}_{count}", seconds_now(), std::process::id());
    let mut session = PgConnection::connect_with(&server.options).await.expect("a session");
    // The name is made above, of digits.
    sqlx::query(AssertSqlSafe(format!("create database {name}")))
        .execute(&mut session)
        .await
        .expect("a fresh database");
    session.close().await.expect("a closed session");
    server.options.clone().database(&name).to_url_lossy().to_string()
}

struct Server {
    options: PgConnectOptions,
    /// The server of this test binary, if it has its own: its lock keeps others off the folder.
    _managed: Option<(ManagedPostgres, Child)>,
}

async fn server() -> &'static Server {
    static SERVER: OnceCell<Server> = OnceCell::const_new();
    SERVER.get_or_init(start).await
}

async fn start() -> Server {
    if let Some(url) = std::env::var("DATABASE_URL").ok().filter(|url| !url.is_empty()) {
        let options: PgConnectOptions = url.parse().expect("DATABASE_URL is an address");
        drop_left_overs(&options).await;
        return Server { options, _managed: None };
    }
    let folder = tempfile::Builder::new().prefix("shelfmark-test-").tempdir().expect("a temporary folder").keep();
    // Keeping the child keeps our end of its standard input open.
    let watchdog = watch(&folder);
    let options = ManagedPostgresOptions {
        durable: std::env::var("SHELFMARK_TEST_DURABLE").is_ok_and(|value| value == "1"),
        ..ManagedPostgresOptions::default()
    };
    let managed = ManagedPostgres::start_with(&folder, &options).await.expect("a running Postgres");
    Server { options: managed.url().parse().expect("an address"), _managed: Some((managed, watchdog)) }
}

/// A process that outlives us and cleans up. It has a group of its own, so that a Ctrl-C in the terminal ends the
/// tests and not it, and no output of ours, so that nobody waits for it.
fn watch(folder: &Path) -> Child {
    const SCRIPT: &str = "read -r _; \
        p=$(head -n 1 \"$0/postgres/data/postmaster.pid\" 2>/dev/null); \
        if [ -n \"$p\" ]; then kill -QUIT \"$p\"; \
          for i in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do \
            [ -e \"$0/postgres/data/postmaster.pid\" ] || break; sleep 0.5; done; [ -e \"$0/postgres/data/postmaster.pid\" ] && kill -KILL \"$p\"; fi; \
        rm -rf \"$0\"";
    Command::new("/bin/sh")
        .args(["-c", SCRIPT])
        .arg(folder)
        .current_dir("/")
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .process_group(0)
        .spawn()
        .expect("a shell")
}

async fn drop_left_overs(options: &PgConnectOptions) {
    let mut session = PgConnection::connect_with(options).await.expect("a session");
    let names: Vec<String> =
        sqlx::query_scalar("select datname from pg_database where datname like 'shelfmark\\_test\\_%'")
            .fetch_all(&mut session)
            .await
            .expect("a list of databases");
    let old = |name: &String| {
        let made = name.split('_').nth(2).and_then(|seconds| seconds.parse::<u64>().ok());
        made.is_some_and(|made| made + LEFT_OVER_AGE.as_secs() < seconds_now())
    };
    for name in names.iter().filter(|name| old(name)) {
        // Another run may be dropping the same one.
        let _ = sqlx::query(AssertSqlSafe(format!("drop database if exists \"{name}\""))).execute(&mut session).await;
    }
}

fn seconds_now() -> u64 {
    time::OffsetDateTime::now_utc().unix_timestamp().unsigned_abs()
}
