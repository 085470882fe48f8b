//! The suites that ship inside the clients of Gorse, unchanged, against the service's surface of Gorse: PyGorse (pip),
//! gorsejs (npm) and gorse_rs (crates), each fetched by its ordinary client at a fixed version; and a test of ours for
//! the Java client, of which none is published.
//!
//! The suites ask only at port 8088, and that of gorsejs writes into the Redis of Gorse's own cache at port 6379, where
//! it meets a listener that takes everything. The fixture is ours: `tests/gorse_clients`.

use std::env;
use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};

use crate::project::Project;
use crate::run::say;
use crate::service::Service;
use crate::{Outcome, cache, commands, gorse_suites};

/// Where the suites ask.
const ADDRESS: &str = "127.0.0.1:8088";
/// Where gorsejs's suite writes into Gorse's cache.
const REDIS: &str = "127.0.0.1:6379";
/// Longest time of a request of ours, in seconds.
const REQUEST_SECONDS: u64 = 60;

/// A suite.
pub struct Suite {
    /// What it is called.
    pub name: &'static str,
    /// Files of the fixture, each with the table that it goes into.
    fixture: &'static [(&'static str, &'static str)],
    /// Number of its tests.
    tests: usize,
    /// Tests that ask for what Gorse alone can have, with the reason: they must fail, and no other may.
    left_out: &'static [(&'static str, &'static str)],
    /// Fetches it, if it is not there. The reason when the machine lacks a program for it.
    fetch: fn(&Project) -> Outcome<Result<PathBuf, String>>,
    /// Runs it: whether each test passed.
    run: fn(&Project, &Path) -> Outcome<gorse_suites::TestResults>,
}

const NEIGHBOURS: &str = "the neighbours of item 1 come from embeddings in Gorse's own dump";
const CACHED: &str = "it asks for what the suite wrote into the Redis of Gorse's cache";
const FILMS: &[(&str, &str)] = &[("users", "users.jsonl"), ("items", "items.jsonl"), ("feedback", "feedback.jsonl")];

const SUITES: [Suite; 4] = [
    Suite {
        name: "PyGorse 0.5.1",
        fixture: FILMS,
        tests: 12,
        left_out: &[
            ("test_gorse.TestGorseClient.test_item_to_item", NEIGHBOURS),
            ("test_gorse.TestAsyncGorseClient.test_item_to_item", NEIGHBOURS),
        ],
        fetch: gorse_suites::fetch_python,
        run: gorse_suites::run_python,
    },
    Suite {
        name: "gorse_rs 0.5.0",
        fixture: FILMS,
        tests: 10,
        left_out: &[("tests::test_item_to_item", NEIGHBOURS), ("blocking::tests::test_item_to_item", NEIGHBOURS)],
        fetch: gorse_suites::fetch_rust,
        run: gorse_suites::run_rust,
    },
    Suite {
        name: "gorsejs 0.4.8",
        fixture: &[("feedback", "likes.jsonl")],
        tests: 6,
        left_out: &[("test session recommend", CACHED)],
        fetch: gorse_suites::fetch_typescript,
        run: gorse_suites::run_typescript,
    },
    Suite {
        name: "gorse-client 0.4.0 (Java)",
        fixture: FILMS,
        tests: 1,
        left_out: &[],
        fetch: gorse_suites::fetch_java,
        run: gorse_suites::run_java,
    },
];

/// Runs all suites for which the machine has the programs.
pub fn check(project: &Project) -> Outcome<()> {
    let program = commands::build_service(project)?;
    let mut fetched = Vec::new();
    for suite in &SUITES {
        match (suite.fetch)(project).map_err(|error| format!("{}: {error}", suite.name))? {
            Ok(folder) => fetched.push((suite, folder)),
            Err(missing) if env::var_os("SHELFMARK_CI").is_some() => return Err(format!("{}: {missing}", suite.name)),
            Err(missing) => say(&format!("{} is skipped: {missing}", suite.name)),
        }
    }
    // The ports are the machine's: other clones wait.
    let _lock = cache::lock(&cache::folder()?.join("gorse-suites.lock"), "the suites of another clone")?;
    let redis = TcpListener::bind(REDIS)
        .map_err(|error| format!("{REDIS}: {error}: gorsejs's suite writes there; stop what listens for the time"))?;
    std::thread::spawn(move || accept_everything(&redis));
    drop(
        TcpListener::bind(ADDRESS)
            .map_err(|error| format!("{ADDRESS}: {error}: the suites ask there; stop what listens for the time"))?,
    );
    let scratch = project.scratch("gorse-clients")?;
    let service = Service::start(&program, &scratch.join("data"), ADDRESS)?;
    let mut complaints = Vec::new();
    for (suite, folder) in fetched {
        fill(project, suite)?;
        let results = (suite.run)(project, &folder).map_err(|error| format!("{}: {error}", suite.name))?;
        complaints.extend(judge(suite, &results));
    }
    drop(service);
    if complaints.is_empty() {
        return fs::remove_dir_all(&scratch).map_err(|error| format!("{}: {error}", scratch.display()));
    }
    Err(complaints.join("; "))
}

/// Empties the service, and sends it the suite's fixture.
fn fill(project: &Project, suite: &Suite) -> Outcome<()> {
    let form = b"check_list=delete_users,delete_items,delete_feedback,delete_cache";
    post("/api/purge", "application/x-www-form-urlencoded", form)?;
    for (table, file) in suite.fixture {
        let path = project.root().join("tests/gorse_clients").join(file);
        let lines = fs::read(&path).map_err(|error| format!("{}: {error}", path.display()))?;
        post(&format!("/api/bulk/{table}"), "application/jsonl", &lines)?;
    }
    Ok(())
}

fn judge(suite: &Suite, results: &[(String, bool)]) -> Vec<String> {
    let Suite { name, tests, left_out, .. } = suite;
    let reason = |test: &str| left_out.iter().find(|(left_out, _)| *left_out == test).map(|(_, reason)| *reason);
    let mut complaints = Vec::new();
    if results.len() != *tests {
        complaints.push(format!("{name}: {} tests ran, not {tests}", results.len()));
    }
    for (test, passed) in results {
        match (passed, reason(test)) {
            (true, None) => {}
            (false, Some(reason)) => say(&format!("{name}: {test} is left out: {reason}")),
            (false, None) => complaints.push(format!("{name}: {test} failed")),
            (true, Some(_)) => complaints.push(format!("{name}: {test} passes: leave it out no more")),
        }
    }
    let passed = results.iter().filter(|(_, passed)| *passed).count();
    say(&format!("{name}: {passed} of {} tests passed", results.len()));
    complaints
}

/// Sends a request; an answer other than 200 is an error.
fn post(path: &str, kind: &str, body: &[u8]) -> Outcome<()> {
    let failed = |error: std::io::Error| format!("POST {path}: {error}");
    let mut connection = TcpStream::connect(ADDRESS).map_err(failed)?;
    let longest = std::time::Duration::from_secs(REQUEST_SECONDS);
    connection.set_read_timeout(Some(longest)).map_err(failed)?;
    let head = format!(
        "POST {path} HTTP/1.1\r\nhost: {ADDRESS}\r\nconnection: close\r\ncontent-type: {kind}\r\ncontent-length: {}\r\n\r\n",
        body.len()
    );
    connection.write_all(head.as_bytes()).map_err(failed)?;
    connection.write_all(body).map_err(failed)?;
    let mut answer = String::new();
    connection.read_to_string(&mut answer).map_err(failed)?;
    if answer.starts_with("HTTP/1.1 200 ") { Ok(()) } else { Err(format!("POST {path}: {answer}")) }
}

/// Answers every command of every client as Redis answers a write of one element. Ends with the process.
fn accept_everything(listener: &TcpListener) {
    for connection in listener.incoming().flatten() {
        std::thread::spawn(move || {
            let Ok(mut out) = connection.try_clone() else { return };
            // A command is an array of strings: `*4`, then a length and a line for each.
            let mut lines = BufReader::new(connection).lines().map_while(Result::ok);
            while let Some(line) = lines.next() {
                let words: usize = line.strip_prefix('*').and_then(|words| words.parse().ok()).unwrap_or_default();
                if lines.by_ref().take(words * 2).count() < words * 2 || out.write_all(b":1\r\n").is_err() {
                    return;
                }
            }
        });
    }
}
