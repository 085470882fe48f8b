//! Goal: the service's own Postgres takes nothing from a shell, ends with a start that fails, and is created by `serve`
//! alone. Method: the real binary with variables, folders and addresses that are wrong.

use std::{
    fs,
    io::{BufRead, BufReader},
    path::Path,
    process::Stdio,
};

use crate::http_support::{folder, run, shelfmark, wait};

/// Whether no process works in the folder of the cluster in `data_dir`.
fn no_postgres_in(data_dir: &Path) -> bool {
    let data = fs::canonicalize(data_dir).expect("there").join("postgres/data");
    let processes = fs::read_dir("/proc").expect("Linux").flatten();
    !processes.filter_map(|process| fs::read_link(process.path().join("cwd")).ok()).any(|works_in| works_in == data)
}

#[test]
fn variables_of_libpq_and_an_empty_address_change_nothing() {
    let folder = folder();
    let data_dir = folder.path().to_str().expect("text");
    let mut command = shelfmark(&["serve", "--listen", "127.0.0.1:0", "--log", "off", "--data-dir", data_dir]);
    command.env("DATABASE_URL", "").env("PGOPTIONS", "-c statement_timeout=1 -c no_such_setting=1");
    command.env("PGSSLMODE", "require").env("PGHOST", "db.example.invalid").env("PGSSLROOTCERT", "/nowhere");
    let mut child = command.stdout(Stdio::piped()).spawn().expect("starts");
    let id = child.id();
    let mut line = String::new();
    BufReader::new(child.stdout.take().expect("piped")).read_line(&mut line).expect("a line");
    assert!(line.starts_with("http://127.0.0.1:"), "{line:?}");
    let holder = fs::read_to_string(folder.path().join("lock")).expect("the lock");
    assert_eq!(holder.trim(), id.to_string(), "it is still the process that was started");
    let ended = std::process::Command::new("kill").args(["-TERM", &id.to_string()]).status().expect("kill runs");
    assert!(ended.success());
    assert!(wait(&mut child).success());
    assert!(no_postgres_in(folder.path()));
}

#[test]
fn a_start_that_fails_leaves_no_postgres() {
    let folder = folder();
    let data_dir = folder.path().to_str().expect("text");
    // Without keys only this machine may be listened on, which is known once the database is open.
    let (status, _, told) = run(&["serve", "--listen", "0.0.0.0:0", "--log", "off", "--data-dir", data_dir]);
    assert_eq!(status.code(), Some(2), "{told}");
    assert!(folder.path().join("postgres/data/PG_VERSION").exists(), "{told}");
    assert!(no_postgres_in(folder.path()), "{told}");
    // Its cluster is there now, and the command that the error names works.
    let (status, secret, told) = run(&["keys", "create", "--name", "a", "--scope", "admin", "--data-dir", data_dir]);
    assert!(status.success() && secret.starts_with("sm_"), "{told}");
    assert!(no_postgres_in(folder.path()));
}

#[test]
fn a_wrong_folder_is_named_and_nothing_is_created() {
    let folder = folder();
    let typo = folder.path().join("typo");
    let wrong = typo.to_str().expect("text");
    for command in [
        &["verify", "--data-dir", wrong][..],
        &["keys", "list", "--data-dir", wrong],
        &["keys", "create", "--name", "a", "--scope", "read", "--data-dir", wrong],
        &["keys", "revoke", "--name", "a", "--data-dir", wrong],
        &["serve", "--listen", "127.0.0.1:0", "--read-only", "--data-dir", wrong],
    ] {
        let (status, _, told) = run(command);
        assert_eq!(status.code(), Some(2), "{command:?}: {told}");
        assert!(told.contains(wrong), "{command:?}: {told}");
        assert!(!typo.exists(), "{command:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_empty_database_is_not_called_sound() {
    let database = crate::support::database().await;
    for command in [&["verify", "--database-url", &database][..], &["keys", "list", "--database-url", &database]] {
        let (status, _, told) = run(command);
        assert_eq!(status.code(), Some(2), "{command:?}: {told}");
        assert!(told.contains("no tables of shelfmark"), "{command:?}: {told}");
    }
}
