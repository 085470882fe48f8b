//! Goal: `shelfmark replay` and `demo` bring every event to the service once and in order, whatever the service and the
//! connection do meanwhile. Method: the real binary against a small service that records, and fails on a plan.

#[path = "../support/fake.rs"]
mod fake;
#[path = "../support/tls.rs"]
mod tls;

use std::{collections::HashSet, path::Path, process::Output, time::Duration};

use fake::{Fake, Fault};
use tokio::process::Command;

/// No run here takes seconds; a hang is a failure.
const DEADLINE: Duration = Duration::from_secs(60);

async fn shelfmark(url: &str, args: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_shelfmark"));
    command.args(args).env("SHELFMARK_URL", url).kill_on_drop(true);
    tokio::time::timeout(DEADLINE, command.output()).await.expect("ends in time").expect("starts")
}

fn shown(output: &Output) -> String {
    format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}

/// `count` events; user u7 has baskets of three lines, two lines of each basket are equal.
fn write_events(path: &Path, count: usize) {
    let lines: String = (0..count)
        .map(|n| {
            let (user, ts) = if n % 10 < 3 { (7, n / 10 * 10) } else { (n % 5, n) };
            let item = if n % 10 == 1 { n - 1 } else { n };
            format!("{{\"user\":\"u{user}\",\"item\":\"i{item}\",\"kind\":\"click\",\"ts\":{ts}}}\n")
        })
        .collect();
    std::fs::write(path, lines).expect("a writable folder");
}

/// What the log should hold.
fn items_of(path: &Path) -> Vec<String> {
    let text = std::fs::read_to_string(path).expect("the file");
    text.lines()
        .map(|line| {
            serde_json::from_str::<serde_json::Value>(line).expect("valid")["item"].as_str().expect("text").to_owned()
        })
        .collect()
}

#[tokio::test]
async fn order_holds_nothing_is_lost_and_nothing_doubled_through_refusals_and_cut_replies() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("events.jsonl");
    write_events(&file, 3000);
    let fake = Fake::start().await;
    for (request, fault) in [
        (0, Fault::Busy(429)),
        (2, Fault::CutBefore),
        (3, Fault::CutAfter),
        (4, Fault::Busy(503)),
        (5, Fault::CutAfter),
        (9, Fault::CutAfter),
        (10, Fault::Busy(429)),
        (14, Fault::CutBefore),
    ] {
        fake.plan(request, fault);
    }
    let output = shelfmark(&fake.url(), &["replay", file.to_str().expect("text"), "--batch", "100", "--quiet"]).await;
    assert!(output.status.success(), "{}", shown(&output));
    assert_eq!(fake.items_in_order(), items_of(&file));
    assert_eq!(fake.planned_left(), 0);
    let text = shown(&output);
    assert!(text.contains("events      3,000") && text.contains("retries     8"), "{text}");
}

#[tokio::test]
async fn a_batch_never_cuts_a_basket() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("events.jsonl");
    write_events(&file, 1000);
    let fake = Fake::start().await;
    // 7 does not divide anything here, so many cuts would fall into baskets.
    let output = shelfmark(&fake.url(), &["replay", file.to_str().expect("text"), "--batch", "7", "--quiet"]).await;
    assert!(output.status.success(), "{}", shown(&output));
    let batches = fake.batches();
    assert!(batches.len() > 80);
    for pair in batches.windows(2) {
        let (last, first) = (pair[0].last().expect("not empty"), pair[1].first().expect("not empty"));
        assert!(last["user"] != first["user"] || last["ts"] != first["ts"], "{last} | {first}");
    }
}

#[tokio::test]
async fn a_service_that_goes_away_and_comes_back_gets_everything_once() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("events.jsonl");
    write_events(&file, 5000);
    let mut fake = Fake::start().await;
    let url = fake.url();
    let path = file.to_str().expect("text").to_owned();
    let args = ["replay", &path, "--batch", "50", "--rate", "5000", "--quiet"];
    let replay = shelfmark(&url, &args);
    let interrupt = async {
        for events in [500, 2000] {
            fake.until(|state| state.log.len() >= events).await;
            fake.stop().await;
            // The length of the outage, not a wait for something: long enough for several requests to be refused.
            tokio::time::sleep(Duration::from_millis(300)).await;
            fake.resume().await;
        }
    };
    let (output, ()) = tokio::join!(replay, interrupt);
    let text = shown(&output);
    assert!(output.status.success() && text.contains("retries"), "{text}");
    assert_eq!(fake.items_in_order(), items_of(&file));
}

#[tokio::test]
async fn the_same_file_again_is_all_duplicates_and_as_new_is_not() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("events.jsonl");
    write_events(&file, 500);
    let path = file.to_str().expect("text");
    let fake = Fake::start().await;
    assert!(shelfmark(&fake.url(), &["replay", path, "--quiet"]).await.status.success());
    let again = shown(&shelfmark(&fake.url(), &["replay", path, "--quiet"]).await);
    assert!(again.contains("accepted    0") && again.contains("duplicates  500"), "{again}");
    assert_eq!(fake.items_in_order().len(), 500);
    let new = shown(&shelfmark(&fake.url(), &["replay", path, "--quiet", "--as-new"]).await);
    assert!(new.contains("accepted    500"), "{new}");
    assert_eq!(fake.items_in_order().len(), 1000);
}

#[tokio::test]
async fn resume_goes_on_where_an_earlier_run_was_broken_off() {
    let folder = tempfile::tempdir().expect("a folder");
    let (file, part) = (folder.path().join("events.jsonl"), folder.path().join("part.jsonl"));
    write_events(&file, 35_000);
    // The first 25,003 lines have the same ids in both files: an id depends on nothing behind its line.
    let text = std::fs::read_to_string(&file).expect("the file");
    let end = text.match_indices('\n').nth(25_002).expect("a line end").0 + 1;
    std::fs::write(&part, &text[..end]).expect("a writable folder");
    let fake = Fake::start().await;
    assert!(shelfmark(&fake.url(), &["replay", part.to_str().expect("text"), "--quiet"]).await.status.success());
    let output = shelfmark(&fake.url(), &["replay", file.to_str().expect("text"), "--quiet", "--resume"]).await;
    let text = shown(&output);
    assert!(text.contains("skipped     20,000") && text.contains("duplicates  5,003"), "{text}");
    assert_eq!(fake.items_in_order(), items_of(&file));
}

#[tokio::test]
async fn rejected_events_are_told_by_line_and_end_with_status_1() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("events.jsonl");
    let line = |n: usize| {
        let kind = if n == 4 || n == 9 { "warp" } else { "click" };
        format!("{{\"user\":\"u\",\"item\":\"i{n}\",\"kind\":\"{kind}\",\"ts\":{n}}}\n")
    };
    std::fs::write(&file, (1..=10).map(line).collect::<String>()).expect("a writable folder");
    let fake = Fake::start().await;
    let path = file.to_str().expect("text");
    let output = shelfmark(&fake.url(), &["replay", path, "--quiet"]).await;
    let text = shown(&output);
    assert_eq!(output.status.code(), Some(1), "{text}");
    assert!(text.contains("events.jsonl:4: rejected (unknown_kind)"), "{text}");
    assert!(text.contains("events.jsonl:9: rejected (unknown_kind)"), "{text}");
    assert!(text.contains("accepted    8") && text.contains("rejected    2 (unknown_kind: 2)"), "{text}");

    // A service that refuses a whole batch for one event, without saying which: it is found by halves.
    let strict = Fake::start().await;
    strict.refuse_whole_batches();
    let output = shelfmark(&strict.url(), &["replay", path, "--quiet"]).await;
    let text = shown(&output);
    assert_eq!(output.status.code(), Some(1), "{text}");
    assert!(text.contains("accepted    8") && text.contains("events.jsonl:9: rejected"), "{text}");
    assert_eq!(strict.items_in_order().len(), 8);
}

#[tokio::test]
async fn bad_lines_are_counted_and_strict_stops_behind_the_good_ones_before() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("events.jsonl");
    let good = |n: usize| format!("{{\"user\":\"u\",\"item\":\"i{n}\",\"kind\":\"click\",\"ts\":{n}}}\n");
    let text = (0..30).map(good).collect::<String>() + &"broken\n".repeat(25) + &good(31);
    std::fs::write(&file, text).expect("a writable folder");
    let path = file.to_str().expect("text");
    let fake = Fake::start().await;
    let output = shelfmark(&fake.url(), &["replay", path, "--quiet"]).await;
    let text = shown(&output);
    assert_eq!(output.status.code(), Some(1), "{text}");
    assert!(text.contains("bad lines   25") && text.contains("accepted    31"), "{text}");
    assert!(text.contains("events.jsonl:31: bad line") && text.matches(": bad line").count() == 20, "{text}");

    let fake = Fake::start().await;
    let output = shelfmark(&fake.url(), &["replay", path, "--quiet", "--strict"]).await;
    let text = shown(&output);
    assert_eq!(output.status.code(), Some(1), "{text}");
    assert!(text.contains("accepted    30") && text.contains("bad lines   1"), "{text}");
}

#[tokio::test]
async fn the_status_tells_all_some_and_none_apart() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("events.jsonl");
    let fake = Fake::start().await;
    let url = fake.url();
    let good = "{\"user\":\"u\",\"item\":\"i\",\"kind\":\"click\",\"ts\":1}\n";
    let rejected = good.replace("click", "warp");
    let (bad_time, no_time) = (good.replace(":1}", ":\"yesterday\"}"), good.replace(",\"ts\":1", ""));
    for (text, flags, status) in [
        (good.to_owned(), &[][..], 0),
        // There already.
        (good.to_owned(), &[], 0),
        (good.to_owned() + &bad_time, &[], 1),
        (good.to_owned() + &bad_time + &rejected, &["--allow-bad", "1"], 1),
        (good.to_owned() + &bad_time + &rejected, &["--allow-bad", "2"], 0),
        (bad_time.clone() + &no_time, &[], 2),
        (bad_time.clone() + &no_time, &["--allow-bad", "9"], 2),
        (rejected.clone(), &[], 2),
        (bad_time.clone() + good, &["--strict"], 2),
        (good.to_owned() + &bad_time, &["--strict"], 1),
    ] {
        std::fs::write(&file, &text).expect("a writable folder");
        let args = [&["replay", file.to_str().expect("text"), "--quiet"], flags].concat();
        let output = shelfmark(&url, &args).await;
        assert_eq!(output.status.code(), Some(status), "{text}{flags:?}: {}", shown(&output));
    }
    let absent = shelfmark(&url, &["replay", "absent.jsonl", "--quiet"]).await;
    assert_eq!(absent.status.code(), Some(2), "{}", shown(&absent));
}

#[tokio::test]
async fn items_go_first_and_sort_puts_events_into_the_order_of_time() {
    let folder = tempfile::tempdir().expect("a folder");
    let (data, item) = (folder.path().join("u.data"), folder.path().join("u.item"));
    std::fs::write(&data, "1\t10\t3\t300\n2\t20\t4\t100\n3\t30\t5\t200\n").expect("a writable folder");
    std::fs::write(&item, "10|Toy (1995)|||x|0|0|0|1|0|0|0|0|0|0|0|0|0|0|0|0|0|0|0\n").expect("a writable folder");
    let fake = Fake::start().await;
    let (data, item) = (data.to_str().expect("text"), item.to_str().expect("text"));
    let output = shelfmark(&fake.url(), &["replay", data, item, "--sort", "--quiet", "--wait", "applied"]).await;
    assert!(output.status.success(), "{}", shown(&output));
    assert_eq!(fake.items_in_order(), ["20", "30", "10"]);
    let resources = fake.resources();
    assert_eq!(resources, ["items", "events"]);
    assert!(shown(&output).contains("items       1"));
}

#[tokio::test]
async fn a_wrong_key_ends_at_once_and_a_dead_service_after_its_patience() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("events.jsonl");
    write_events(&file, 10);
    let path = file.to_str().expect("text");
    let mut fake = Fake::start().await;
    fake.require_key("right");
    let output = shelfmark(&fake.url(), &["replay", path, "--quiet", "--key", "wrong-secret"]).await;
    assert!(!output.status.success());
    assert!(shown(&output).contains("401") && !shown(&output).contains("wrong-secret"), "{}", shown(&output));
    assert!(shelfmark(&fake.url(), &["replay", path, "--quiet", "--key", "right"]).await.status.success());
    fake.stop().await;
    let output = shelfmark(&fake.url(), &["replay", path, "--quiet", "--patience", "1"]).await;
    assert_eq!(output.status.code(), Some(2));
    assert!(shown(&output).contains("gave up at"), "{}", shown(&output));
}

#[tokio::test]
async fn commands_speak_https_and_trust_whom_they_are_told_to() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("events.jsonl");
    write_events(&file, 10);
    let fake = Fake::start().await;
    let (port, _proxy) = tls::proxy(fake.url().trim_start_matches("http://").parse().expect("an address")).await;
    let replay = ["replay", file.to_str().expect("text"), "--quiet", "--patience", "1"];
    let authority = tls::authority();
    for host in ["localhost", "127.0.0.1"] {
        let url = format!("https://{host}:{port}");
        let output = shelfmark(&url, &[&replay[..], &["--ca-file", &authority, "--as-new"]].concat()).await;
        assert!(output.status.success(), "{host}: {}", shown(&output));
        let models = shelfmark(&url, &["models", "list", "--ca-file", &authority]).await;
        assert!(!shown(&models).contains("certificate"), "{}", shown(&models));
    }
    assert_eq!(fake.items_in_order().len(), 20);
    // The system's authorities did not sign it.
    let output = shelfmark(&format!("https://localhost:{port}"), &replay).await;
    assert_eq!(output.status.code(), Some(2), "{}", shown(&output));
    let told = shown(&output).to_lowercase();
    assert!(told.contains("certificate") || told.contains("unknownissuer"), "{told}");
    let absent = [&replay[..], &["--ca-file", "absent.pem"]].concat();
    let output = shelfmark(&format!("https://localhost:{port}"), &absent).await;
    assert!(
        output.status.code() == Some(2) && shown(&output).contains("absent.pem cannot be read"),
        "{}",
        shown(&output)
    );
}

/// Goal: a proxy of the environment is not asked for this machine's own service. Method: one that nobody listens at.
#[tokio::test]
async fn loopback_goes_through_no_proxy() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("events.jsonl");
    write_events(&file, 10);
    let fake = Fake::start().await;
    let mut command = Command::new(env!("CARGO_BIN_EXE_shelfmark"));
    command.args(["replay", file.to_str().expect("text"), "--quiet", "--patience", "1", "--url", &fake.url()]);
    for name in ["http_proxy", "HTTP_PROXY", "https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"] {
        command.env(name, "http://127.0.0.1:9");
    }
    command.env_remove("no_proxy").env_remove("NO_PROXY");
    let output = tokio::time::timeout(DEADLINE, command.output()).await.expect("ends in time").expect("starts");
    assert!(output.status.success(), "{}", shown(&output));
    assert_eq!(fake.items_in_order().len(), 10);
}

#[tokio::test]
async fn a_demo_posts_its_items_first_and_the_same_events_each_time() {
    let fake = Fake::start().await;
    let args = ["demo", "--events", "2000", "--rate", "0", "--items", "60", "--shoppers", "20", "--quiet"];
    let output = shelfmark(&fake.url(), &args).await;
    assert!(output.status.success(), "{}", shown(&output));
    let first = fake.items_in_order();
    assert_eq!((first.len(), fake.resources()[0].as_str()), (2000, "items"));
    assert!(first.iter().collect::<HashSet<_>>().len() > 40);
    let output = shelfmark(&fake.url(), &args).await;
    assert!(shown(&output).contains("duplicates  2,000"), "{}", shown(&output));
    assert_eq!(fake.items_in_order(), first);
    let spam =
        shelfmark(&fake.url(), &["demo", "--spam", "--events", "100", "--rate", "0", "--items", "60", "--quiet"]).await;
    assert!(spam.status.success(), "{}", shown(&spam));
    assert_eq!(fake.items_in_order().len(), 2100);

    let print = ["demo", "--print", "--events", "50", "--items", "30"];
    let (one, two) = (shelfmark(&fake.url(), &print).await, shelfmark(&fake.url(), &print).await);
    assert!(one.status.success() && one.stdout == two.stdout);
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("printed.ndjson");
    std::fs::write(&file, &one.stdout).expect("a writable folder");
    let fresh = Fake::start().await;
    let output = shelfmark(&fresh.url(), &["replay", file.to_str().expect("text"), "--quiet"]).await;
    assert!(shown(&output).contains("items       30") && fresh.items_in_order().len() == 50, "{}", shown(&output));
}

#[tokio::test]
async fn a_dry_run_says_what_would_be_sent_and_sends_nothing() {
    let folder = tempfile::tempdir().expect("a folder");
    let (views, visits) = (folder.path().join("views.csv"), folder.path().join("visits.csv"));
    let text = "sessionId;userId;itemId;timeframe;eventdate\n1;NA;81766;526309;2016-05-09\n1;NA;x.5;0;2016-05-09\n2;;7;0;soon\n";
    std::fs::write(&views, text.replace("x.5", "7")).expect("written");
    std::fs::write(&visits, "visitor,sku,at\nu1,i1,1462752526309\nu1,i2,1462752526310\n").expect("written");
    let fake = Fake::start().await;
    let columns = "user=visitor,item=sku,ts=at";
    let (views, visits) = (views.to_str().expect("text"), visits.to_str().expect("text"));
    let args = ["replay", "--dry-run", views, visits, "--columns", columns, "--kind", "click", "--ts-unit", "ms"];
    let output = shelfmark(&fake.url(), &args).await;
    let text = shown(&output);
    assert_eq!(output.status.code(), Some(1), "a line is bad: {text}");
    for told in [
        "views.csv: Diginetica item views",
        "line 2: event view, session 1, item 81766, ts 2016-05-09T00:08:46.309Z",
        "visits.csv: table",
        "line 2: event click, user u1, item i1, ts 2016-05-09T00:08:46.309Z",
        "views.csv:4: bad line: eventdate is no date",
        "lines       7",
        "bad lines   1",
        "events      4, 2016-05-09T00:00:00Z to 2016-05-09T00:08:46.31Z",
        "kinds       click: 2, view: 2",
        "nothing was sent",
    ] {
        assert!(text.contains(told), "{told:?} is not in {text}");
    }
    assert!(fake.items_in_order().is_empty());
    let output = shelfmark(&fake.url(), &[&args[..], &["--allow-bad", "1", "--quiet"]].concat()).await;
    assert!(output.status.success() && !shown(&output).contains("line 2:"), "{}", shown(&output));
}
