//! The service's own server and the variables of a shell. Method: this program is started again with variables of
//! libpq that would lead elsewhere, since the variables of a running program cannot be changed.

use std::fs;
use std::path::Path;
use std::process::{Command, Output};
use std::time::Duration;

use shelfmark_postgres::{ManagedPostgres, ManagedPostgresOptions, PostgresError, connect};

/// Where the program that is started again finds its folder.
const FOLDER: &str = "SHELFMARK_TEST_FOLDER";
/// And an address of a database.
const ADDRESS: &str = "SHELFMARK_TEST_ADDRESS";

/// Variables that name another server, demand TLS, and confuse Postgres's programs.
const VARIABLES: &[(&str, &str)] = &[
    ("PGSSLMODE", "require"),
    ("PGSSLROOTCERT", "/nowhere/root.crt"),
    ("PGSSLCERT", "/nowhere/client.crt"),
    ("PGHOST", "db.example.invalid"),
    ("PGHOSTADDR", "192.0.2.1"),
    ("PGPORT", "1"),
    ("PGUSER", "nobody-at-all"),
    ("PGPASSWORD", "wrong"),
    ("PGDATABASE", "elsewhere"),
    ("PGPASSFILE", "/nowhere/pgpass"),
    ("PGSERVICE", "elsewhere"),
    ("PGAPPNAME", "psql"),
    ("PGDATA", "/nowhere/data"),
    ("PGTZ", "nonsense"),
    ("PGCLIENTENCODING", "nonsense"),
];

fn options() -> ManagedPostgresOptions {
    ManagedPostgresOptions { durable: false, ..ManagedPostgresOptions::default() }
}

fn again(folder: &Path, variables: &[(&str, &str)]) -> Output {
    run_alone("starts_uses_and_stops_a_server", FOLDER, folder, variables)
}

/// Connects to an address in a program with these variables, and returns what it says.
pub fn connect_with(address: &str, variables: &[(&str, &str)]) -> String {
    let output = run_alone("reaches_a_database", ADDRESS, Path::new(address), variables);
    String::from_utf8_lossy(&output.stdout).into_owned()
}

fn run_alone(test: &str, name: &str, value: &Path, variables: &[(&str, &str)]) -> Output {
    let mut command = Command::new(std::env::current_exe().expect("this program"));
    command.args(["--exact", &format!("environment::{test}"), "--ignored", "--nocapture"]);
    command.env(name, value).envs(variables.iter().copied()).output().expect("it runs")
}

#[tokio::test]
#[ignore = "other tests run it, with an address and variables"]
async fn reaches_a_database() {
    let address = std::env::var(ADDRESS).expect("an address");
    match connect(&address, 1).await {
        Ok(pool) => {
            let encrypted = "select current_user || ' is connected, encrypted: ' || ssl from pg_stat_ssl \
                             where pid = pg_backend_pid()";
            let said: String = sqlx::query_scalar(encrypted).fetch_one(&pool).await.expect("a row");
            println!("{said}");
        }
        Err(error) => println!("refused: {error}: {error:?}"),
    }
}

#[tokio::test]
#[ignore = "the other tests of this file run it, with a folder and variables"]
async fn starts_uses_and_stops_a_server() {
    let folder = std::env::var_os(FOLDER).expect("a folder");
    let managed = ManagedPostgres::start_with(Path::new(&folder), &options()).await.expect("starts");
    let pool = connect(managed.address(), 1).await.expect("a pool");
    let name: String = sqlx::query_scalar("select current_setting('application_name') || current_database()")
        .fetch_one(&pool)
        .await
        .expect("a row");
    assert_eq!(name, "shelfmarkshelfmark");
    pool.close().await;
    managed.stop().await.expect("stops");
}

#[test]
fn the_services_own_server_takes_nothing_from_the_shell() {
    let folder = tempfile::tempdir().expect("a folder");
    let output = again(folder.path(), VARIABLES);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
    assert!(no_process_in(folder.path()));
}

#[test]
fn a_start_that_fails_ends_the_server_that_it_began() {
    let folder = tempfile::tempdir().expect("a folder");
    let output = again(folder.path(), &[("PGOPTIONS", "-c no_such_setting_exists=1")]);
    assert!(!output.status.success(), "the setting breaks the first session");
    assert!(folder.path().join("postgres/log/postgres.log").exists(), "a server was begun");
    assert!(no_process_in(folder.path()));
}

#[tokio::test]
async fn a_start_that_is_given_up_ends_the_server_that_it_began() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("postgres/data/postmaster.pid");
    let options = options();
    let begun = async {
        while !file.exists() {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    };
    tokio::select! {
        biased;
        () = begun => {}
        ended = ManagedPostgres::start_with(folder.path(), &options) => panic!("too early: {ended:?}"),
    }
    assert!(no_process_in(folder.path()));
    // And the folder is as good as new.
    let managed = ManagedPostgres::start_with(folder.path(), &options).await.expect("starts");
    managed.stop().await.expect("stops");
}

#[tokio::test]
async fn without_leave_to_create_nothing_is_created() {
    let folder = tempfile::tempdir().expect("a folder");
    let options = ManagedPostgresOptions { create: false, ..options() };
    for wrong in [folder.path().join("typo"), folder.path().to_owned()] {
        let error = ManagedPostgres::start_with(&wrong, &options).await.expect_err("refused");
        assert!(matches!(error, PostgresError::NoCluster(_)), "{error}");
        assert!(error.to_string().contains(&*wrong.to_string_lossy()), "{error}");
    }
    assert_eq!(fs::read_dir(folder.path()).expect("readable").count(), 0);
}

/// Whether no process works in the cluster's folder, which is the working folder of a server and its children.
fn no_process_in(folder: &Path) -> bool {
    let data = fs::canonicalize(folder).expect("there").join("postgres/data");
    let processes = fs::read_dir("/proc").expect("Linux").flatten();
    !processes.filter_map(|process| fs::read_link(process.path().join("cwd")).ok()).any(|works_in| works_in == data)
}
