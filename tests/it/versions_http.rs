//! Goal: what the service tells of its versions is true: what is different between two, how a row came to be what it
//! is, what an event did long ago. Method: the real binary on a real Postgres, restarted where memory must not help;
//! answers against embeddings and traces that the service gave at the time.

use std::collections::BTreeMap;

use crate::http_support::{Service, answered, problem};
use reqwest::Method;
use serde_json::{Value, json};

const GET: Method = Method::GET;
const POST: Method = Method::POST;
/// One version in memory, none for traces: the rest must come from Postgres.
const FORGETFUL: &[&str] =
    &["--quality-percent", "0", "--trace-states", "0", "--versions-in-memory", "1", "--version-at-shutdown", "false"];

/// Clicks of ten users on thirty bare items; their vectors are rows, because no token adds to them.
async fn learn(service: &Service, numbers: std::ops::Range<usize>) -> u64 {
    let event = |n: usize| {
        json!({"event_id": format!("e{n}"), "user": format!("u{}", n % 10), "item": format!("i{}", n * 7 % 30 + n % 3),
               "kind": "click", "ts": 1_700_000_000 + n * 60})
    };
    let events: Vec<Value> = numbers.map(event).collect();
    let reply = service.post("events?wait=applied&timeout_ms=30000", &json!({"events": events}), 200).await;
    assert_eq!((&reply["applied"], &reply["rejected_count"]), (&json!(true), &json!(0)), "{reply}");
    reply["position"].as_u64().expect("a position")
}

async fn take(service: &Service, label: &str) -> u64 {
    let taken = service.post("versions", &json!({"label": label}), 201).await;
    taken["version"].as_u64().expect("a number")
}

/// Vectors of items in a version, or live.
async fn vectors(service: &Service, version: &str, items: &[&str]) -> BTreeMap<String, Vec<f64>> {
    let body = json!({"items": items, "version": version});
    let found = service.post("embeddings", &body, 200).await;
    let row = |one: &Value| {
        let values = one["values"].as_array().expect("a list").iter().filter_map(Value::as_f64).collect();
        (one["id"].as_str().expect("text").to_owned(), values)
    };
    found["items"].as_array().expect("a list").iter().map(row).collect()
}

fn distance(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| (a - b) * (a - b)).sum::<f64>().sqrt()
}

fn norm(a: &[f64]) -> f64 {
    a.iter().map(|a| a * a).sum::<f64>().sqrt()
}

fn close(found: &Value, expected: f64) {
    let found = found.as_f64().expect("a number");
    assert!((found - expected).abs() <= 1e-5 * expected.abs().max(1.0), "{found} against {expected}");
}

fn table<'a>(diff: &'a Value, name: &str) -> &'a Value {
    let tables = diff["tables"].as_array().expect("tables");
    tables.iter().find(|table| table["table"] == name).expect("the table")
}

#[tokio::test(flavor = "multi_thread")]
async fn versions_labels_and_the_live_state_are_compared_also_across_lines() {
    let service = Service::start(&crate::support::database().await, FORGETFUL).await;
    learn(&service, 0..300).await;
    let first = take(&service, "before").await;
    service.post("items?wait=applied", &json!({"items": [{"id": "new", "title": "Red kettle"}]}), 200).await;
    service.request(Method::PATCH, "").json(&json!({"config": {"rates": {"items": 0.02}}})).send().await.expect("sent");
    learn(&service, 300..600).await;
    let second = take(&service, "after").await;

    let diff = service.get(&format!("versions/before/diff/{second}?top=3&k=5")).await;
    assert_eq!((&diff["from"]["version"], &diff["from"]["label"]), (&json!(first), &json!("before")));
    assert_eq!((&diff["to"]["version"], &diff["to"]["label"]), (&json!(second), &json!("after")));
    let (items, tokens) = (table(&diff, "items"), table(&diff, "tokens"));
    assert_eq!((&items["added"], &items["removed"], &tokens["added"]), (&json!(1), &json!(0), &json!(2)), "{diff}");
    assert!(items["moved"].as_u64() > Some(20), "{items}");
    let movers = diff["movers"].as_array().expect("movers");
    assert_eq!(movers.len(), 3);
    let ids: Vec<&str> = movers.iter().map(|mover| mover["item"].as_str().expect("text")).collect();
    let (old, new) = (vectors(&service, "before", &ids).await, vectors(&service, "after", &ids).await);
    for (mover, id) in movers.iter().zip(&ids) {
        close(&mover["distance"], distance(&old[*id], &new[*id]));
        close(&mover["norm_now"], norm(&new[*id]));
    }
    close(&items["distance"]["max"], distance(&old[ids[0]], &new[ids[0]]));
    assert_eq!((&diff["neighbours"]["k"], &diff["ranks"]["sampled"]), (&json!(5), &json!(10)), "{diff}");
    let rates = &diff["configuration"][0];
    assert_eq!((&rates["field"], &diff["configuration"].as_array().map(Vec::len)), (&json!("rates.items"), &Some(1)));
    close(&rates["to"], 0.02);
    let events = diff["metrics"].as_array().expect("figures").iter().find(|one| one["name"] == "events");
    assert_eq!(events.map(|one| (one["from"].as_f64(), one["change"].as_f64())), Some((Some(300.0), Some(300.0))));

    // The live state, before and after it went back: then another line with other numbers for new items.
    let live = service.get("versions/after/diff/live").await;
    assert_eq!((&live["to"]["version"], &table(&live, "items")["moved"]), (&Value::Null, &json!(0)), "{live}");
    service.post("rollback", &json!({"to": {"version": first}, "mode": "restore"}), 200).await;
    service.clicks("u1", &["other", "new"]).await;
    let diff = service.get("versions/after/diff/live").await;
    let items = table(&diff, "items");
    assert_eq!((&items["added"], &items["removed"]), (&json!(1), &json!(0)), "`other` came, `new` is in both: {items}");
    assert_eq!(diff, service.get("versions/after/diff/live").await, "it repeats");
    let back = service.get("versions/live/diff/after").await;
    assert_eq!(table(&back, "items")["removed"], 1);

    problem(service.request(GET, "versions/9/diff/live"), 404, "version_not_found").await;
    problem(service.request(GET, "versions/1/diff/live?k=0"), 422, "invalid").await;
    problem(service.request(GET, "versions/1/diff/live?colour=red"), 422, "invalid").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_trace_of_long_ago_says_what_was_said_at_the_time() {
    let url = crate::support::database().await;
    let mut service = Service::start(&url, &["--quality-percent", "0"]).await;
    learn(&service, 0..400).await;
    answered(service.request(POST, "versions"), 201).await;
    let position = learn(&service, 400..520).await;
    let at_the_time = service.get("events/e517?trace=true").await;
    assert_eq!(
        (&at_the_time["position"], &at_the_time["trace"]["replayed_through"]),
        (&json!(position - 2), &json!(position))
    );
    learn(&service, 520..900).await;
    answered(service.request(POST, "versions"), 201).await;
    learn(&service, 900..950).await;
    service.stop();

    let mut service = Service::start(&url, FORGETFUL).await;
    let mut now = service.get("events/e517?trace=true").await;
    assert_eq!(now["trace"]["replayed_after"], 400, "from the version before it, out of Postgres");
    now["trace"]["replayed_after"] = at_the_time["trace"]["replayed_after"].clone();
    assert_eq!(now, at_the_time);
    service.stop();

    // A version that is damaged is passed over: learned again from the beginning, it is the same still.
    let pool = sqlx::PgPool::connect(&url).await.expect("a connection");
    let damage = "update version_segments set payload = set_byte(payload, 20, get_byte(payload, 20) # 1) where version = 1 and table_number = 14";
    assert_eq!(sqlx::query(damage).execute(&pool).await.expect("damaged").rows_affected(), 1);
    pool.close().await;
    let service = Service::start(&url, FORGETFUL).await;
    let mut now = service.get("events/e517?trace=true").await;
    assert_eq!(now["trace"]["replayed_after"], 0);
    now["trace"]["replayed_after"] = at_the_time["trace"]["replayed_after"].clone();
    assert_eq!(now, at_the_time);
    let found = problem(service.request(GET, "items/i7/history?records=0"), 500, "version_corrupt").await;
    assert!(!found["detail"].as_str().expect("text").is_empty(), "{found}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_row_s_history_is_its_way_through_the_versions_and_the_steps_that_moved_it() {
    let url = crate::support::database().await;
    let mut service = Service::start(&url, FORGETFUL).await;
    let mut at = BTreeMap::new();
    for (version, numbers) in [0..200, 200..320, 320..400].into_iter().enumerate() {
        learn(&service, numbers).await;
        let number = take(&service, &format!("v{version}")).await;
        at.insert(number, vectors(&service, "live", &["i5", "i7"]).await);
    }
    service.clicks("late", &["brand-new"]).await;
    service.stop();
    let service = Service::start(&url, FORGETFUL).await;
    learn(&service, 400..440).await;
    let now = vectors(&service, "live", &["i5", "i7"]).await;

    let history = service.get("items/i7/history?records=10000").await;
    let path = history["versions"].as_array().expect("versions");
    let numbers: Vec<u64> = path.iter().map(|one| one["version"].as_u64().expect("a number")).collect();
    assert_eq!(numbers, [1, 2, 3]);
    let mut before: Option<&Vec<f64>> = None;
    for one in path {
        let row = &at[&one["version"].as_u64().expect("a number")]["i7"];
        close(&one["norm"], norm(row));
        match before {
            Some(before) => close(&one["distance"], distance(before, row)),
            None => assert!(one["distance"].is_null(), "{one}"),
        }
        let cosine = row.iter().zip(&now["i7"]).map(|(a, b)| a * b).sum::<f64>() / norm(row) / norm(&now["i7"]);
        close(&one["cosine_to_now"], cosine);
        before = Some(row);
    }
    close(&history["now"]["distance"], distance(&at[&3]["i7"], &now["i7"]));
    let steps = &history["steps"];
    let largest = steps["largest"].as_array().expect("steps");
    assert!(largest.len() == 10 && steps["moved"].as_u64() >= Some(10) && steps["after"] == 0, "{steps}");
    let distances: Vec<f64> = largest.iter().map(|step| step["distance"].as_f64().expect("a number")).collect();
    assert!(distances.is_sorted_by(|a, b| a >= b) && distances[0] > 0.0, "{distances:?}");
    for step in largest.iter().filter(|step| step["cause"] == "target") {
        let events = step["events"].as_array().expect("events");
        assert!(!events.is_empty() && events.iter().all(|event| event["item"] == "i7"), "{step}");
        let position = events[0]["position"].as_u64();
        assert!(position >= step["first"].as_u64() && position <= step["last"].as_u64(), "{step}");
        assert!(step["loss"].as_f64() > Some(0.0), "{step}");
    }
    assert!(largest.iter().any(|step| step["cause"] == "target"), "{steps}");

    // The newest records only: those of one append, whose steps are those that a trace tells of.
    let newest = service.get("items/i7/history?records=40&limit=1").await;
    assert_eq!((newest["versions"].as_array().map(Vec::len), &newest["steps"]["after"]), (Some(1), &json!(401)));
    close(&newest["versions"][0]["norm"], norm(&at[&3]["i7"]));
    let unmoved = service.get("items/i7/history?records=0").await;
    assert!(unmoved["steps"].is_null());
    // Put from outside: a movement between steps.
    let values: Vec<f64> = now["i5"].iter().map(|value| value + 1.0).collect();
    let put = json!({"vectors": [{"into": "items", "id": "i5", "values": values}]});
    service.post("imports?wait=applied&timeout_ms=30000", &put, 200).await;
    let moved = service.get("items/i5/history?records=100").await;
    let step = &moved["steps"]["largest"][0];
    assert_eq!((&step["cause"], &step["last"], &step["loss"]), (&json!("record"), &json!(442), &Value::Null), "{step}");
    close(&step["distance"], 4.0);

    // A user's own vector; one who came after the versions.
    let user = service.get("users/u3/history").await;
    assert!(user["versions"][2]["found"] == true && user["title"].is_null() && user["table"] == "users", "{user}");
    assert!(user["steps"]["largest"][0]["events"][0]["user"] == "u3", "{user}");
    let late = service.get("users/late/history").await;
    assert!(late["versions"].as_array().expect("a list").iter().all(|one| one["found"] == false), "{late}");

    problem(service.request(GET, "items/nothing/history"), 404, "item_not_found").await;
    problem(service.request(GET, "users/nobody/history"), 404, "user_not_found").await;
    problem(service.request(GET, "items/i7/history?limit=201"), 422, "invalid").await;
    problem(service.request(GET, "items/i7/history?records=1000001"), 422, "invalid").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_answer_that_the_caller_has_is_not_sent_again_while_it_is_the_same() {
    let service = Service::start(&crate::support::database().await, FORGETFUL).await;
    learn(&service, 0..200).await;
    let number = take(&service, "good").await;
    learn(&service, 200..260).await;
    let ask = async |path: &str, tag: Option<&str>| {
        let mut request = service.request(GET, path);
        if let Some(tag) = tag {
            request = request.header("if-none-match", tag);
        }
        let reply = request.send().await.expect("a reply");
        let text = |name: &str| reply.headers().get(name).map(|value| value.to_str().expect("text").to_owned());
        let (status, tag, version) = (reply.status().as_u16(), text("etag"), text("shelfmark-version"));
        (status, tag, version, reply.bytes().await.expect("a body"))
    };
    for path in [
        "items/i3/embedding?version=good",
        "users/u3/embedding?version=good",
        "items/i3/similar?version=good&limit=5",
        "versions/good",
        &format!("versions/good/diff/{number}"),
    ] {
        let (status, tag, version, body) = ask(path, None).await;
        let tag = tag.expect(path);
        assert!(status == 200 && tag.starts_with("W/\"") && !body.is_empty(), "{path}: {tag}");
        let again = ask(path, Some(&format!("\"other\", {tag}"))).await;
        assert_eq!((again.0, again.1.as_deref(), again.2), (304, Some(tag.as_str()), version), "{path}");
        assert!(again.3.is_empty(), "{path}");
        assert_eq!(ask(path, Some("W/\"other\"")).await.3, body, "{path}");
    }
    // What is said of a version changes with its label; live answers have no tag, nor have lists, each with its id.
    let before = ask("versions/good", None).await.1.expect("a tag");
    answered(service.request(Method::PATCH, "versions/good").json(&json!({"reason": "before the sale"})), 200).await;
    assert_eq!(ask("versions/good", Some(&before)).await.0, 200);
    for untagged in ["items/i3/embedding", "users/u3/recommendations?version=good"] {
        assert_eq!(ask(untagged, Some("*")).await.1, None, "{untagged}");
    }
}
