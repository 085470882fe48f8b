//! The server that we run ourselves, through everything that happens to servers. Method: real clusters in temporary
//! folders, real kills, and a row that must survive (P1).

mod crashes;
mod scene;
#[path = "../support/mod.rs"]
mod support;

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::time::{Duration, Instant};

use shelfmark_postgres::{ManagedPostgres, ManagedPostgresOptions, PostgresError, connect, migrate};

use scene::{Folder, has_row, postmaster, runs, write_row};

#[tokio::test]
async fn a_stopped_server_is_gone_and_the_next_start_finds_its_rows() {
    let folder = Folder::new();
    let first = ManagedPostgres::start(folder.path()).await.expect("starts");
    write_row(first.url()).await;
    let process = postmaster(folder.path()).expect("runs");
    first.stop().await.expect("stops");
    assert!(!runs(process));
    assert_eq!(postmaster(folder.path()), None);
    first.stop().await.expect("stopping twice is harmless");
    drop(first);
    let second = ManagedPostgres::start(folder.path()).await.expect("starts again");
    assert!(has_row(second.url()).await);
    second.stop().await.expect("stops");
}

#[tokio::test]
async fn a_second_owner_of_the_folder_is_refused_and_told_who_has_it() {
    let folder = Folder::new();
    let first = ManagedPostgres::start(folder.path()).await.expect("starts");
    let second = ManagedPostgres::start(folder.path()).await;
    let error = second.expect_err("refused");
    assert!(matches!(error, PostgresError::FolderInUse { .. }), "{error}");
    assert!(error.to_string().contains(&format!("process {}", std::process::id())), "{error}");
    assert!(has_no_new_server(folder.path(), &first).await);
    first.stop().await.expect("stops");
}

async fn has_no_new_server(folder: &Path, owner: &ManagedPostgres) -> bool {
    write_row(owner.url()).await;
    postmaster(folder).is_some()
}

#[tokio::test]
async fn a_closed_folder_works_and_the_cluster_stays_closed() {
    let folder = Folder::new();
    fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o700)).expect("set");
    let managed = ManagedPostgres::start(folder.path()).await.expect("starts");
    write_row(managed.url()).await;
    for closed in ["postgres", "postgres/data", "postgres/run", "postgres/log"] {
        let found = fs::metadata(folder.path().join(closed)).expect("there");
        assert_eq!(found.permissions().mode() & 0o777, 0o700, "{closed}");
    }
    managed.stop().await.expect("stops");
}

#[tokio::test]
async fn as_root_a_closed_folder_above_ours_is_named() {
    if !rustix::process::geteuid().is_root() {
        // A normal user's Postgres runs as that user, who can enter what the service can enter.
        return;
    }
    let folder = Folder::new();
    fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o700)).expect("set");
    let error = ManagedPostgres::start(&folder.path().join("inner")).await.expect_err("refused");
    let canonical = fs::canonicalize(folder.path()).expect("there");
    assert!(matches!(&error, PostgresError::FolderClosed { folder, .. } if *folder == canonical), "{error}");
}

#[tokio::test]
async fn a_folder_too_deep_for_a_socket_works() {
    let folder = Folder::new();
    let deep = folder.path().join("d".repeat(110));
    fs::create_dir(&deep).expect("made");
    // mktemp's folder is closed to others and here it is an ancestor, which the service leaves alone.
    fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o711)).expect("set");
    let managed = ManagedPostgres::start(&deep).await.expect("starts");
    write_row(managed.url()).await;
    managed.stop().await.expect("stops");
    let socket_folder = managed.url().split("host=").nth(1).and_then(|rest| rest.split('&').next()).expect("a host");
    fs::remove_dir(socket_folder.replace("%2F", "/")).expect("an empty folder after the stop");
}

#[tokio::test]
async fn a_cluster_of_another_major_version_is_refused_by_number() {
    let folder = Folder::new();
    let managed = ManagedPostgres::start(folder.path()).await.expect("starts");
    managed.stop().await.expect("stops");
    drop(managed);
    fs::write(folder.path().join("postgres/data/PG_VERSION"), "9\n").expect("written");
    let error = ManagedPostgres::start(folder.path()).await.expect_err("refused");
    assert!(matches!(error, PostgresError::MajorVersion { cluster: 9, .. }), "{error}");
}

#[tokio::test]
async fn a_folder_that_is_not_a_cluster_is_left_alone() {
    let folder = Folder::new();
    let precious = folder.path().join("postgres/data/precious");
    fs::create_dir_all(precious.parent().expect("a parent")).expect("made");
    fs::write(&precious, "mine").expect("written");
    let error = ManagedPostgres::start(folder.path()).await.expect_err("refused");
    assert!(matches!(error, PostgresError::NotACluster(_)), "{error}");
    assert_eq!(fs::read_to_string(&precious).expect("still there"), "mine");
}

#[tokio::test]
async fn a_named_folder_without_a_server_is_refused_rather_than_searched_past() {
    let folder = Folder::new();
    let options =
        ManagedPostgresOptions { binaries: Some(folder.path().to_owned()), ..ManagedPostgresOptions::default() };
    let error = ManagedPostgres::start_with(folder.path(), &options).await.expect_err("refused");
    assert!(matches!(error, PostgresError::BinariesUnusable(_)), "{error}");
}

#[tokio::test]
async fn commits_are_flushed_unless_a_throw_away_cluster_was_asked_for() {
    let folder = Folder::new();
    let managed = ManagedPostgres::start(folder.path()).await.expect("starts");
    let pool = connect(managed.url(), 1).await.expect("a pool");
    for setting in ["fsync", "synchronous_commit", "full_page_writes"] {
        let value: String =
            sqlx::query_scalar("select current_setting($1)").bind(setting).fetch_one(&pool).await.expect("a setting");
        assert_eq!(value, "on", "{setting}");
    }
    let listening: String =
        sqlx::query_scalar("select current_setting('listen_addresses')").fetch_one(&pool).await.expect("a setting");
    assert_eq!(listening, "");
    pool.close().await;
    managed.stop().await.expect("stops");
}

#[tokio::test]
async fn migrations_may_be_run_by_many_processes_at_once() {
    let url = support::database().await;
    let runs = (0..4).map(|_| async {
        let pool = connect(&url, 2).await.expect("a pool");
        migrate(&pool).await.expect("migrated");
        pool.close().await;
    });
    futures::future::join_all(runs).await;
    let pool = connect(&url, 1).await.expect("a pool");
    let applied: i64 =
        sqlx::query_scalar("select count(*) from _sqlx_migrations").fetch_one(&pool).await.expect("a count");
    let files = fs::read_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("migrations")).expect("a folder");
    let files = files.flatten().filter(|file| file.path().extension().is_some_and(|kind| kind == "sql")).count();
    assert_eq!(usize::try_from(applied).expect("small"), files);
    pool.close().await;
}

#[tokio::test]
async fn a_pool_is_refused_at_once_where_waiting_cannot_help() {
    let url = support::database().await;
    let missing = url.replacen("shelfmark_test_", "shelfmark_missing_", 1);
    let started = Instant::now();
    let error = connect(&missing, 1).await.expect_err("refused");
    assert!(matches!(error, PostgresError::Refused(_)), "{error}");
    assert!(started.elapsed() < Duration::from_secs(10));
    assert!(matches!(connect("not an address", 1).await, Err(PostgresError::Url(_))));
}
