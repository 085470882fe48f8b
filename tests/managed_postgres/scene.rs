//! What the scenarios share: a folder that cleans up, a row that must survive, a condition that must come true.

use std::fs;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use shelfmark_postgres::connect;
use tempfile::TempDir;

/// Stops whatever runs in the folder when a test ends, also when it fails half-way.
pub struct Folder(TempDir);

impl Folder {
    pub fn new() -> Self {
        Self(tempfile::Builder::new().prefix("shelfmark-managed-").tempdir().expect("a folder"))
    }

    pub fn path(&self) -> &Path {
        self.0.path()
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        if let Some(process) = postmaster(self.path()) {
            // It may have gone by itself, or the file may be older than the server.
            let _gone = Command::new("kill").args(["-QUIT", &process.to_string()]).status();
            let deadline = Instant::now() + Duration::from_secs(10);
            while runs(process) && Instant::now() < deadline {
                std::thread::sleep(Duration::from_millis(20));
            }
        }
    }
}

pub fn postmaster(folder: &Path) -> Option<u32> {
    let text = fs::read_to_string(folder.join("postgres/data/postmaster.pid")).ok()?;
    text.lines().next()?.parse().ok()
}

/// A process that ended and that nobody has collected yet has no working folder.
pub fn runs(process: u32) -> bool {
    fs::read_link(format!("/proc/{process}/cwd")).is_ok()
}

pub fn signal(name: &str, process: u32) {
    let status = Command::new("kill").args([name, &process.to_string()]).status().expect("kill runs");
    assert!(status.success(), "kill {name} {process}");
}

pub async fn until(what: &str, mut true_now: impl AsyncFnMut() -> bool) {
    let deadline = Instant::now() + Duration::from_secs(40);
    while !true_now().await {
        assert!(Instant::now() < deadline, "not within 40 s: {what}");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

pub async fn write_row(url: &str) {
    let pool = connect(url, 1).await.expect("a pool");
    sqlx::query("create table kept (n int)").execute(&pool).await.expect("created");
    sqlx::query("insert into kept values (7)").execute(&pool).await.expect("inserted");
    pool.close().await;
}

pub async fn has_row(url: &str) -> bool {
    let pool = connect(url, 1).await.expect("a pool");
    let n: i32 = sqlx::query_scalar("select n from kept").fetch_one(&pool).await.expect("the row");
    pool.close().await;
    n == 7
}
