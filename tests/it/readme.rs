//! Goal: what the README says to type works, word for word. Method: its blocks are run by bash and python in a clean
//! folder against the real binary, with the port of a service that was just started in place of 8080.

use std::{fs, os::unix::fs::symlink, path::Path, process::Command};

use crate::service::{Service, data_dir};
use serde_json::Value;

/// The fenced blocks of a section of the README in one language, in order.
fn blocks(section: &str, language: &str) -> Vec<String> {
    let readme = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("README.md")).expect("a README");
    let section = readme.split("\n## ").find(|text| text.lines().next() == Some(section)).expect("the section");
    let fence = format!("```{language}\n");
    let blocks = section.split(fence.as_str()).skip(1);
    blocks.map(|rest| rest.split("```").next().expect("it ends").to_owned()).collect()
}

/// Runs a block with a program in the folder; its standard output.
fn run(program: &[&str], folder: &Path, block: &str, url: &str) -> String {
    let text = block.replace("http://127.0.0.1:8080", url);
    let port = url.rsplit(':').next().expect("a port");
    let output = Command::new(program[0])
        .args(&program[1..])
        .arg(text)
        .current_dir(folder)
        // Commands find the service on its default port otherwise.
        .env("SHELFMARK_URL", format!("http://127.0.0.1:{port}"))
        .output()
        .expect("the README needs bash, curl and python3");
    let out = String::from_utf8(output.stdout).expect("text");
    let told = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{told}\n{out}");
    out
}

fn items(answer: &Value) -> Vec<&str> {
    let items = answer["items"].as_array().unwrap_or_else(|| panic!("a list: {answer}"));
    items.iter().map(|item| item["id"].as_str().expect("an id")).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_tour_and_the_programs_run_as_they_are_printed() {
    let data = data_dir();
    let service = Service::start_in(data.0.path(), &[]);
    let folder = tempfile::tempdir().expect("a folder");
    fs::create_dir_all(folder.path().join("target/release")).expect("a folder");
    symlink(env!("CARGO_BIN_EXE_shelfmark"), folder.path().join("target/release/shelfmark")).expect("a link");

    let [tour] = &blocks("A tour", "sh")[..] else { panic!("the tour is one block") };
    let bash = ["bash", "-O", "expand_aliases", "-euo", "pipefail", "-c"];
    let out = run(&bash, folder.path(), tour, &service.url);
    let answers: Vec<Value> = out.lines().filter_map(|line| serde_json::from_str(line).ok()).collect();
    for answer in answers.iter().filter(|answer| answer.is_object()) {
        assert!(answer["status"].as_u64().is_none_or(|status| status < 400), "{answer}");
    }
    for line in out.lines().filter(|line| !line.starts_with('{')) {
        assert!(line.chars().count() <= 80, "wider than a terminal: {line}");
    }
    // One passage of what each command prints, in the order of the tour.
    let mut rest = out.as_str();
    for said in [
        "by the live state at position",
        "item or term",
        "me click sku-0001",
        "live quality",
        "most popular tenth",
        "distance: from the state above",
        "items that moved farthest",
        "forgotten at position",
    ] {
        rest = rest.split_once(said).unwrap_or_else(|| panic!("{said:?} does not follow: {out}")).1;
    }
    let lists: Vec<&Value> = answers.iter().filter(|answer| answer["items"].is_array()).collect();
    let [shopper, me, before, spammed, after] = lists[..] else { panic!("five lists: {out}") };
    assert_eq!((items(shopper).len(), items(me).len()), (5, 5));
    assert_ne!(items(before), items(spammed), "the spam changes the list: {out}");
    assert_eq!(items(before), items(after), "the restore brings it back");
    assert!(answers.last().is_some_and(|model| model["digest"].is_string()), "{out}");

    let [curl] = &blocks("From a program", "sh")[..] else { panic!("one block of curl") };
    let out = run(&bash, folder.path(), curl, &service.url);
    let last: Value = serde_json::from_str(out.lines().last().expect("answers")).expect("JSON");
    assert!(!items(&last).is_empty(), "{out}");
    let [python] = &blocks("From a program", "python")[..] else { panic!("one block of Python") };
    let out = run(&["python3", "-c"], folder.path(), python, &service.url);
    assert!(out.lines().count() >= 1 && out.lines().all(|line| line.split(' ').count() == 2), "{out}");
    assert!(service.terminate().success());
}
