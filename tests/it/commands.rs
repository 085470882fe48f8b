//! Goal: the commands that show a model print what people read, in lines of at most 80 columns, and JSON with `--json`.
//! Method: the real binary as service and as command, on a generated shop.

use std::{
    io::{Read, Write},
    net::TcpListener,
};

use crate::http_support::{Service, run};
use serde_json::Value;

/// The text that a command prints.
fn text(service: &Service, args: &[&str]) -> String {
    let (status, out, told) = run(&[args, &["--url", &service.url]].concat());
    assert!(status.success(), "{args:?}: {told}");
    assert!(out.lines().all(|line| line.chars().count() <= 80), "wider than a terminal:\n{out}");
    assert!(out.ends_with('\n') && serde_json::from_str::<Value>(&out).is_err(), "{args:?}: {out}");
    out
}

/// The JSON that a command prints.
fn json(service: &Service, args: &[&str]) -> Value {
    let (status, out, told) = run(&[args, &["--json", "--url", &service.url]].concat());
    assert!(status.success(), "{args:?}: {told}");
    serde_json::from_str(&out).unwrap_or_else(|error| panic!("{args:?}: {error}: {out}"))
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_model_does_is_shown_as_text_and_as_json() {
    let service = Service::start(&crate::support::database().await, &[]).await;
    text(&service, &["demo", "--events", "3000", "--items", "60", "--shoppers", "20", "--rate", "0", "--quiet"]);
    service
        .post(
            "events?wait=applied",
            &serde_json::json!({"user": "me", "item": "sku-0001", "kind": "click", "event_id": "mine"}),
            200,
        )
        .await;
    service.post("versions", &serde_json::json!({"label": "good"}), 201).await;

    let list = text(&service, &["recommend", "me", "--limit", "3", "--explain", "--exclude-seen"]);
    assert!(list.contains("sku-0001") && list.contains("event"), "the click is a reason: {list}");
    let answer = json(&service, &["recommend", "me", "--limit", "3", "--exclude-seen"]);
    let ids: Vec<&str> =
        answer["items"].as_array().expect("items").iter().filter_map(|item| item["id"].as_str()).collect();
    assert!(ids.len() == 3 && !ids.contains(&"sku-0001"), "{answer}");
    assert!(text(&service, &["recommend", "nobody-met", "--state", "good"]).starts_with("by version 1 at"));
    assert!(text(&service, &["recommend", "--item", "sku-0001"]).contains("by the live state"));

    let learning = text(&service, &["learning"]);
    assert!(learning.contains("healthy") && learning.contains("projections"), "{learning}");
    assert!(json(&service, &["learning", "show"])["tables"].is_array());

    let trace = text(&service, &["trace", "mine"]);
    assert!(trace.contains("me click sku-0001") && trace.contains("rows moved"), "{trace}");
    assert_eq!(json(&service, &["trace", "mine"])["trace"]["known"], true);

    let history = text(&service, &["history", "sku-0001"]);
    assert!(history.contains("good") && history.contains("target"), "{history}");
    assert_eq!(json(&service, &["history", "me", "--user", "--records", "0"])["table"], "users");

    assert!(text(&service, &["bias"]).contains("most popular tenth"));
    assert!(json(&service, &["bias"])["deciles"].is_array());

    let forgotten = text(&service, &["forget", "me", "--replay"]);
    assert!(forgotten.contains("forgotten at position") && forgotten.contains("learned again"), "{forgotten}");
    assert_eq!(json(&service, &["forget", "me"])["receipt"]["logs"][0]["records"], 0, "nothing names the user");
    let list = text(&service, &["operations", "list"]);
    assert_eq!(list.lines().filter(|line| line.contains("forget") && line.contains("done")).count(), 2, "{list}");
    assert!(json(&service, &["recommend", "me"])["fallback"] == "popular", "the user is unknown again");
}

#[test]
fn a_command_without_a_service_ends_at_once_with_2() {
    // Bound and released: nobody listens on it.
    let port = TcpListener::bind("127.0.0.1:0").and_then(|socket| socket.local_addr()).expect("a free port").port();
    let url = format!("http://127.0.0.1:{port}");
    let began = std::time::Instant::now();
    for args in [&["demo", "--quiet"][..], &["recommend"], &["learning"], &["bias"], &["forget", "me"]] {
        let (status, _, told) = run(&[args, &["--url", &url]].concat());
        assert_eq!(status.code(), Some(2), "{args:?}: {told}");
        assert!(told.contains("no reply from the service"), "{told}");
    }
    // Each of them would wait for two minutes if it waited at all.
    assert!(began.elapsed().as_secs() < 60, "{:?}", began.elapsed());
}

#[tokio::test(flavor = "multi_thread")]
async fn ready_says_whether_a_service_can_do_its_work() {
    let service = Service::start(&crate::support::database().await, &[]).await;
    assert_eq!(text(&service, &["ready", "--wait", "60"]).lines().next(), Some("ready"));
    assert_eq!(json(&service, &["ready"])["ready"], true);

    // One that is not: its answer, from a socket.
    let socket = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let url = format!("http://{}", socket.local_addr().expect("bound"));
    let answering = std::thread::spawn(move || {
        let (mut connection, _) = socket.accept().expect("the command connects");
        let body = r#"{"ready":false,"read_only":false,"reasons":["no model is loaded yet"],"notes":[]}"#;
        let head = format!("HTTP/1.1 503 Service Unavailable\r\nContent-Length: {}\r\n", body.len());
        // What was sent has to be read, or closing the connection would reset it.
        let _request = connection.read(&mut [0; 4096]).expect("a request");
        connection.write_all(format!("{head}Connection: close\r\n\r\n{body}").as_bytes()).expect("an answer");
    });
    let (status, out, told) = run(&["ready", "--url", &url]);
    assert_eq!((status.code(), out.as_str()), (Some(1), "not ready\nno model is loaded yet\n"), "{told}");
    answering.join().expect("it answered");

    let (status, _, told) = run(&["ready", "--url", &url]);
    assert_eq!(status.code(), Some(2), "nobody listens any more: {told}");
}

#[test]
fn sizes_are_those_of_the_page() {
    let page = include_str!("../../docs/how-to/size-a-deployment.md");
    let (_, shown) = page.split_once("```sh\nshelfmark ").expect("a command");
    let (line, shown) = shown.split_once('\n').expect("a line");
    let (_, shown) = shown.split_once("```text\n").expect("what it prints");
    let (status, out, told) = run(&line.split(' ').collect::<Vec<_>>());
    assert!(status.success(), "{told}");
    assert_eq!(out, shown.split_once("```").expect("its end").0);
    let (status, out, told) = run(&["size", "--users", "10000000", "--items", "1000000", "--json"]);
    assert!(status.success(), "{told}");
    let numbers: Value = serde_json::from_str(&out).expect("JSON");
    assert!(numbers["process_bytes"].as_f64() > Some(22e9), "{out}");
}

#[test]
fn completions_name_every_command() {
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let (status, script, told) = run(&["completions", shell]);
        assert!(status.success(), "{told}");
        for command in ["recommend", "learning", "trace", "history", "bias", "forget", "rollback", "completions"] {
            assert!(script.contains(command), "{shell} does not complete {command}");
        }
    }
}

#[test]
fn every_command_has_a_manual_page() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let pages = folder.path().join("man/man1");
    let (status, _, told) = run(&["man-pages", pages.to_str().expect("UTF-8")]);
    assert!(status.success(), "{told}");
    let page = |name: &str| std::fs::read_to_string(pages.join(name)).unwrap_or_else(|error| panic!("{name}: {error}"));
    let whole = page("shelfmark.1");
    for command in ["serve", "rollback", "man\\-pages", "versions"] {
        assert!(whole.contains(&format!("shelfmark\\-{command}(1)")), "shelfmark.1 does not name {command}");
    }
    // Commands of commands have pages too, with their flags.
    assert!(page("shelfmark-serve.1").contains("\\-\\-listen"));
    assert!(page("shelfmark-versions-diff.1").contains("\\-\\-top"));
    assert!(page("shelfmark-man-pages.1").contains("manual pages of all commands"));
}
