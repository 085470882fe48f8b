//! Servers and services that end in the middle of something.

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::process::Command;
use std::time::Duration;

use shelfmark_postgres::{ManagedPostgres, connect};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use crate::scene::{Folder, has_row, postmaster, signal, until, write_row};

#[tokio::test]
async fn the_server_of_a_vanished_owner_is_adopted_and_not_doubled() {
    let folder = Folder::new();
    let first = ManagedPostgres::start(folder.path()).await.expect("starts");
    write_row(first.url()).await;
    let process = postmaster(folder.path());
    drop(first);
    let second = ManagedPostgres::start(folder.path()).await.expect("adopts");
    assert_eq!(postmaster(folder.path()), process);
    assert!(has_row(second.url()).await);
    second.stop().await.expect("stops");
    assert_eq!(postmaster(folder.path()), None);
}

#[tokio::test]
async fn a_killed_server_is_brought_back_by_the_watch_with_its_rows() {
    let folder = Folder::new();
    let managed = ManagedPostgres::start(folder.path()).await.expect("starts");
    write_row(managed.url()).await;
    let stop = CancellationToken::new();
    let mut watch = JoinSet::new();
    watch.spawn(managed.supervise(stop.clone()));
    let killed = postmaster(folder.path()).expect("runs");
    signal("-KILL", killed);
    until("another postmaster", async || postmaster(folder.path()).is_some_and(|process| process != killed)).await;
    assert!(has_row(managed.url()).await);
    // A server that is being stopped is not brought back, even while the watch still runs.
    managed.stop().await.expect("stops");
    tokio::time::timeout(Duration::from_secs(5), watch.join_next())
        .await
        .expect("the watch ends by itself once the server is not wanted")
        .expect("one watch")
        .expect("without a panic");
    assert_eq!(postmaster(folder.path()), None);
    stop.cancel();
}

#[tokio::test]
async fn a_server_killed_together_with_its_owner_is_started_again_though_its_sessions_linger() {
    let folder = Folder::new();
    let first = ManagedPostgres::start(folder.path()).await.expect("starts");
    write_row(first.url()).await;
    // A session in the middle of work does not notice its postmaster's death and keeps the shared memory.
    let pool = connect(first.url(), 1).await.expect("a pool");
    let mut long = JoinSet::new();
    long.spawn(async move {
        let _killed = sqlx::query("select count(*) from generate_series(1, 100000000000)").execute(&pool).await;
    });
    let url = first.url().to_owned();
    until("the session at work", async || {
        let pool = connect(&url, 1).await.expect("a pool");
        let busy = "select count(*) from pg_stat_activity where state = 'active' and query like '%generate_series(1,%'";
        let count: i64 = sqlx::query_scalar(busy).fetch_one(&pool).await.expect("a count");
        pool.close().await;
        count >= 2
    })
    .await;
    let killed = postmaster(folder.path()).expect("runs");
    signal("-KILL", killed);
    drop(first);
    let second = ManagedPostgres::start(folder.path()).await.expect("starts");
    assert_ne!(postmaster(folder.path()), Some(killed));
    assert!(has_row(second.url()).await);
    long.abort_all();
    second.stop().await.expect("stops");
}

#[tokio::test]
async fn a_process_file_that_names_a_stranger_does_not_keep_the_server_down() {
    let folder = Folder::new();
    let first = ManagedPostgres::start(folder.path()).await.expect("starts");
    write_row(first.url()).await;
    let file = folder.path().join("postgres/data/postmaster.pid");
    let left_over = fs::read_to_string(&file).expect("the file of a running server");
    let killed = postmaster(folder.path()).expect("runs");
    first.stop().await.expect("stops");
    drop(first);
    // A process of the very user that Postgres runs as, as after a container's new start.
    let owner = fs::metadata(folder.path().join("postgres/data")).expect("there").uid();
    let mut stranger = Command::new("sleep");
    if rustix::process::geteuid().is_root() {
        std::os::unix::process::CommandExt::uid(&mut stranger, owner);
    }
    let mut stranger = stranger.arg("600").spawn().expect("sleep runs");
    let text = left_over.replacen(&killed.to_string(), &stranger.id().to_string(), 1);
    fs::write(&file, text).expect("written");
    let second = ManagedPostgres::start(folder.path()).await;
    stranger.kill().expect("killed");
    stranger.wait().expect("collected");
    let second = second.expect("starts");
    assert!(has_row(second.url()).await);
    second.stop().await.expect("stops");
}

#[tokio::test]
async fn an_initdb_that_was_cut_short_is_done_again() {
    let folder = Folder::new();
    let half = folder.path().join("postgres/data.new-0123/base");
    fs::create_dir_all(&half).expect("made");
    fs::write(half.join("PG_VERSION"), "15\n").expect("written");
    let managed = ManagedPostgres::start(folder.path()).await.expect("starts");
    assert!(!half.exists());
    managed.stop().await.expect("stops");
}
