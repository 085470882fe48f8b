//! The HTTP contract against the running binary on a real Postgres: every route's happy path and every class of error.

use std::time::{Duration, Instant};

use crate::http_support::{PATIENCE, Service, answered, checked, problem};
use reqwest::{Method, header::HeaderValue};
use serde_json::{Value, json};

const POST: Method = Method::POST;
const GET: Method = Method::GET;
const PUT: Method = Method::PUT;
const DELETE: Method = Method::DELETE;
const PATCH: Method = Method::PATCH;

fn click(user: &str, item: &str) -> Value {
    json!({"user": user, "item": item, "kind": "click", "ts": "2026-11-23T10:00:00Z"})
}

fn named(id: &str, item: &str) -> Value {
    let mut event = click("u1", item);
    event["event_id"] = id.into();
    event
}

#[tokio::test(flavor = "multi_thread")]
async fn events_are_taken_once_and_bad_ones_are_named() {
    let service = Service::start(&crate::support::database().await, &[]).await;

    // One, without an id: the id that was made comes back, and finds it.
    let reply = service.post("events", &click("u1", "i1"), 202).await;
    assert_eq!((&reply["accepted"], &reply["position"]), (&json!(1), &json!(1)), "{reply}");
    let made = reply["event_ids"][0].as_str().expect("an id").to_owned();
    let event = service.get(&format!("events/{made}")).await;
    assert_eq!((&event["position"], &event["item"], &event["user"]), (&json!(1), &json!("i1"), &json!("u1")));

    // With an id: a retry in other words is a duplicate, another body a conflict.
    let first = service.post("events", &named("e1", "i1"), 202).await;
    assert!(first.get("event_ids").is_none(), "the client knows its id: {first}");
    let text = r#" {"kind":"click", "item":"i1","ts":1795428000,"user":"u1","event_id":"e1"}"#;
    let again = service.request(POST, "events").header("content-type", "application/json").body(text);
    let again = answered(again, 202).await;
    assert_eq!((&again["accepted"], &again["duplicates"]), (&json!(0), &json!(1)), "{again}");
    assert_eq!(again["position"], first["position"]);
    let conflict = problem(service.request(POST, "events").json(&named("e1", "i2")), 409, "conflict").await;
    assert_eq!(conflict["position"], first["position"]);

    // A batch: the valid ones are taken, the others named by index.
    let mut unknown_field = click("u1", "i3");
    unknown_field["colour"] = json!("red");
    let batch = json!({"events": [
        named("e2", "i2"), {"user": "u1", "item": "i", "kind": "teleport"}, named("e1", "i9"), unknown_field,
        named("e1", "i1"), click("u2", "i4"), {"item": "i", "kind": "click"},
    ]});
    let reply = service.post("events?wait=applied&timeout_ms=30000", &batch, 200).await;
    assert_eq!(
        (&reply["accepted"], &reply["duplicates"], &reply["rejected_count"], &reply["applied"]),
        (&json!(2), &json!(1), &json!(4), &json!(true)),
        "{reply}"
    );
    let rejected: Vec<(u64, &str)> = reply["rejected"]
        .as_array()
        .expect("a list")
        .iter()
        .map(|one| (one["index"].as_u64().expect("an index"), one["code"].as_str().expect("a code")))
        .collect();
    assert_eq!(rejected, [(1, "unknown_kind"), (2, "conflict"), (3, "unknown_field"), (6, "missing")]);
    assert_eq!(reply["event_ids"].as_array().expect("one was made").len(), 7);

    // Alone, a bad event is a 422 that names the field.
    let bad = json!({"user": "u1", "item": "i1", "kind": "click", "value": "much"});
    let found = problem(service.request(POST, "events").json(&bad), 422, "invalid").await;
    assert_eq!(found["errors"][0]["field"], "value", "{found}");

    // Of several, none taken is no success, whatever the form: the counts are those of an answer.
    let numbers = json!({"events": [{"user": 0, "item": 1, "kind": "warp"}, {"user": 1, "item": 2}]});
    let found = problem(service.request(POST, "events?wait=applied").json(&numbers), 422, "nothing_taken").await;
    assert_eq!((&found["accepted"], &found["rejected_count"], &found["position"]), (&json!(0), &json!(2), &json!(4)));
    assert_eq!(
        (&found["errors"][0]["field"], &found["rejected"][1]["field"]),
        (&json!("events[0].kind"), &json!("kind"))
    );
    let one_line = format!("{}{}", named("l1", "i1"), named("l2", "i1"));
    let lines = service.request(POST, "events").header("content-type", "application/x-ndjson").body(one_line);
    let found = problem(lines, 422, "nothing_taken").await;
    assert_eq!((&found["rejected_count"], &found["errors"][0]["field"]), (&json!(1), &json!("lines[0]")), "{found}");
    let conflicts = json!({"events": [named("e1", "i7"), named("e1", "i8")]});
    problem(service.request(POST, "events").json(&conflicts), 422, "nothing_taken").await;
    problem(service.request(POST, "items").json(&json!({"items": [{"title": "x"}]})), 422, "nothing_taken").await;
    let unknown = json!({"vectors": [{"into": "items", "id": "nowhere", "values": vec![0.5; 16]}]});
    let found = problem(service.request(POST, "imports").json(&unknown), 422, "nothing_taken").await;
    assert_eq!((&found["unknown"], &found["rejected_count"]), (&json!(1), &json!(0)), "{found}");
    for (body, duplicates) in [(json!({"events": []}), 0), (json!({"events": [named("e1", "i1")]}), 1)] {
        assert_eq!(service.post("events", &body, 202).await["duplicates"], duplicates);
    }

    // The log in pages, and filtered.
    let page = service.get("events?limit=2").await;
    assert_eq!(page["records"].as_array().expect("records").len(), 2);
    assert_eq!(page["next_after"], 2);
    let rest = service.get("events?after=2&limit=100").await;
    let positions: Vec<_> = rest["records"].as_array().expect("records").iter().map(|one| &one["position"]).collect();
    assert_eq!(positions, [&json!(3), &json!(4)]);
    assert!(rest["next_after"].is_null());
    assert_eq!(service.get("events?user=u2").await["records"].as_array().expect("records").len(), 1);
    assert_eq!(service.get("events?item=i1").await["records"].as_array().expect("records").len(), 2);
    problem(service.request(GET, "events/absent"), 404, "event_not_found").await;
    let traced = service.get(&format!("events/{made}?trace=true")).await;
    assert_eq!((&traced["position"], &traced["trace"]["batch_first"]), (&json!(1), &json!(1)), "{traced}");
}

#[tokio::test(flavor = "multi_thread")]
async fn bodies_that_cannot_be_taken_are_refused_with_their_status() {
    let database = crate::support::database().await;
    let more = ["--http-body-bytes-max", "4096", "--http-line-bytes-max", "512"];
    let service = Service::start(&database, &more).await;
    let raw =
        |kind: &str, body: String| service.request(POST, "events").header("content-type", kind.to_owned()).body(body);
    let found = problem(raw("application/json", "{\"user\":\n oops".into()), 400, "malformed").await;
    assert!(found["detail"].as_str().expect("text").contains("line 2"), "{found}");
    problem(raw("text/plain", "{}".into()), 415, "unsupported_media_type").await;
    let packed = raw("application/json", "{}".into()).header("content-encoding", "br").send().await.expect("an answer");
    assert_eq!(
        (packed.status().as_u16(), &packed.headers()["accept-encoding"]),
        (415, &HeaderValue::from_static("gzip, zstd"))
    );
    let found = problem(
        raw("application/json", "{}".into()).header("content-encoding", "br"),
        415,
        "unsupported_content_encoding",
    )
    .await;
    assert!(found["detail"].as_str().expect("text").contains("content-encoding is br"), "{found}");
    problem(raw("application/json", format!("{{\"user\":\"{}\"}}", "x".repeat(5000))), 413, "too_large").await;
    // Far beyond the limit too the client gets the answer, not a broken connection.
    let huge = raw("application/json", "x".repeat(8 << 20));
    problem(huge, 413, "too_large").await;
    // Without a content-length the limit holds as well.
    let chunks = futures::stream::iter((0..10).map(|_| Ok::<_, std::io::Error>("x".repeat(1000))));
    let chunked = service.request(POST, "events").body(reqwest::Body::wrap_stream(chunks));
    problem(chunked, 413, "too_large").await;
    // A line that is too long ends a stream; what came before it is kept and counted.
    let lines = format!("{}\n{}\n{}\n", named("a", "i"), "x".repeat(600), named("b", "i"));
    let found = problem(raw("application/x-ndjson", lines), 413, "line_too_large").await;
    assert_eq!((&found["stream"]["accepted"], &found["stream"]["position"]), (&json!(1), &json!(1)), "{found}");
    assert_eq!(service.get("").await["head"], 1, "what came before the bad line is kept, what came after it is not");
    problem(service.request(POST, "recommendations").json(&json!([1])), 422, "invalid").await;
    problem(service.request(POST, "events?wait=forever").json(&click("u", "i")), 422, "invalid").await;
    problem(service.request(POST, "events?timeout_ms=60000").json(&click("u", "i")), 422, "invalid").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stream_of_lines_is_appended_as_it_arrives() {
    let service = Service::start(&crate::support::database().await, &[]).await;
    let (sender, receiver) = tokio::sync::mpsc::channel::<Result<String, std::io::Error>>(4);
    let body = reqwest::Body::wrap_stream(tokio_stream::wrappers::ReceiverStream::new(receiver));
    let request = service.request(POST, "events?wait=applied&timeout_ms=30000");
    let request = request.header("content-type", "application/x-ndjson").body(body);
    let mut tasks = tokio::task::JoinSet::new();
    tasks.spawn(request.send());
    let mut first = String::new();
    for number in 0..1500 {
        first.push_str(&format!("{}\n", named(&format!("s{number}"), &format!("i{}", number % 50))));
    }
    sender.send(Ok(first)).await.expect("open");
    // While the stream is open, what arrived is in the log already.
    let deadline = Instant::now() + PATIENCE;
    while service.get("").await["head"] != 1500 {
        assert!(Instant::now() < deadline, "the lines that arrived are not appended");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    let last = format!("not json\n\n{}\n{}", named("s0", "i0"), named("end", "i1"));
    sender.send(Ok(last)).await.expect("open");
    drop(sender);
    let reply = checked(tasks.join_next().await.expect("one task").expect("no panic").expect("an answer"), 200).await;
    assert_eq!(
        (&reply["accepted"], &reply["duplicates"], &reply["rejected_count"], &reply["position"]),
        (&json!(1501), &json!(1), &json!(1), &json!(1501)),
        "{reply}"
    );
    assert_eq!((&reply["rejected"][0]["index"], &reply["rejected"][0]["code"]), (&json!(1500), &json!("malformed")));
}

#[tokio::test(flavor = "multi_thread")]
async fn items_are_put_read_and_removed() {
    let service = Service::start(&crate::support::database().await, &[]).await;
    let kettle =
        json!({"title": "Red kettle", "categories": ["kitchen"], "properties": {"price": 24.5, "brand": "Acme"}});
    let put = service.request(PUT, "items/kettle?wait=applied&timeout_ms=30000").json(&kettle);
    assert_eq!(answered(put, 200).await["accepted"], 1);
    let item = service.get("items/kettle").await;
    assert_eq!(
        (&item["id"], &item["title"], &item["properties"]["price"]),
        (&json!("kettle"), &json!("Red kettle"), &json!(24.5))
    );

    let bulk = json!({"items": [
        {"id": "pan", "title": "Pan", "categories": ["kitchen"]},
        {"id": "bad", "vectors": {"image": []}},
        {"id": "drill", "title": "Drill", "categories": ["tools"]},
    ]});
    let reply = service.post("items?wait=applied&timeout_ms=30000", &bulk, 200).await;
    assert_eq!((&reply["accepted"], &reply["rejected"][0]["field"]), (&json!(2), &json!("vectors.image")), "{reply}");
    let lines = "{\"id\":\"saw\",\"categories\":[\"tools\"]}\n{\"id\":\"lamp\"}\n";
    let stream = service.request(POST, "items?wait=applied&timeout_ms=30000");
    let stream = stream.header("content-type", "application/x-ndjson").body(lines);
    assert_eq!(answered(stream, 200).await["accepted"], 2);

    // A new item with words has a vector before its first event.
    let embedding = service.get("items/pan/embedding").await;
    assert_eq!((&embedding["dim"], embedding["values"].as_array().expect("values").len()), (&json!(16), 16));
    let similar = service.get("items/kettle/similar?limit=3&category=kitchen").await;
    let ids: Vec<_> = similar["items"].as_array().expect("items").iter().map(|one| &one["id"]).collect();
    assert_eq!(ids, [&json!("pan")], "{similar}");

    let removed = answered(service.request(DELETE, "items/pan?wait=applied&timeout_ms=30000"), 200).await;
    problem(service.request(GET, &format!("items/pan?min_position={}", removed["position"])), 404, "item_not_found")
        .await;
    problem(service.request(GET, "items/absent/embedding"), 404, "item_not_found").await;
    problem(service.request(GET, "items/absent/similar"), 404, "item_not_found").await;
    let other = service.request(PUT, "items/a").json(&json!({"id": "b"}));
    assert_eq!(problem(other, 422, "invalid").await["errors"][0]["field"], "id");
    let wrong = service.request(PUT, "items/a").json(&json!({"colour": "red"}));
    assert_eq!(problem(wrong, 422, "invalid").await["errors"][0]["field"], "colour");
    problem(service.request(POST, "items/a"), 405, "method_not_allowed").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn vectors_come_as_json_and_as_bytes_of_one_state() {
    let service = Service::start(&crate::support::database().await, &[]).await;
    service.clicks("u1", &["a", "b", "c"]).await;
    let one = service.get("items/a/embedding").await;
    let bytes = service.request(GET, "items/a/embedding").header("accept", "application/octet-stream");
    let bytes = bytes.send().await.expect("an answer");
    assert_eq!(bytes.headers()["shelfmark-dim"], "16");
    let floats = |bytes: &[u8]| -> Vec<f32> {
        bytes.chunks_exact(4).map(|four| f32::from_le_bytes(four.try_into().expect("four"))).collect()
    };
    let values = floats(&bytes.bytes().await.expect("a body"));
    let said: Vec<f32> = serde_json::from_value(one["values"].clone()).expect("numbers");
    assert_eq!(values, said);
    let user = service.get("users/u1/embedding").await;
    assert_eq!(user["values"].as_array().expect("values").len(), 16);
    problem(service.request(GET, "users/absent/embedding"), 404, "user_not_found").await;

    let asked = json!({"items": ["b", "absent", "a"], "users": ["u1", "nobody"]});
    let many = service.post("embeddings", &asked, 200).await;
    assert_eq!(many["missing"], json!({"items": ["absent"], "users": ["nobody"]}));
    assert_eq!(many["items"][1]["values"], one["values"]);
    let block =
        |body: Value| service.request(POST, "embeddings").header("accept", "application/octet-stream").json(&body);
    let found = problem(block(asked), 404, "item_not_found").await;
    assert!(found["detail"].as_str().expect("text").contains("absent"), "{found}");
    let rows = block(json!({"items": ["b", "a"]})).send().await.expect("an answer").bytes().await.expect("a body");
    assert_eq!(floats(&rows)[16..], values);
    problem(block(json!({})), 422, "invalid").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn recommendations_say_where_they_come_from() {
    let service = Service::start(&crate::support::database().await, &[]).await;
    let empty = service.post("recommendations", &json!({"user": "nobody"}), 200).await;
    assert_eq!(empty["items"], json!([]));
    let mut position = 0;
    for user in ["u1", "u2", "u3"] {
        position = service.clicks(user, &["a", "b", "c", "d"]).await;
    }
    let request = service.request(POST, "recommendations");
    let body = json!({"user": "u1", "limit": 3, "min_position": position, "with": ["item", "embedding"]});
    let response = request.json(&body).send().await.expect("an answer");
    assert_eq!(response.headers()["shelfmark-version"], "live");
    assert_eq!(response.headers()["shelfmark-position"], position.to_string().as_str());
    let reply = checked(response, 200).await;
    assert_eq!((&reply["version"], &reply["position"]), (&json!("live"), &json!(position)), "{reply}");
    assert!(reply["fallback"].is_null() && reply["recommendation_id"].is_string(), "{reply}");
    let items = reply["items"].as_array().expect("items");
    assert_eq!(items.len(), 3);
    assert!(items[0]["item"]["id"] == items[0]["id"] && items[0]["embedding"]["dim"] == 16, "{reply}");
    let scores: Vec<f64> = items.iter().map(|item| item["score"].as_f64().expect("a score")).collect();
    assert!(scores.is_sorted_by(|left, right| left >= right), "{scores:?}");

    let ids = |reply: &Value| -> Vec<String> {
        let items = reply["items"].as_array().expect("items");
        items.iter().map(|item| item["id"].as_str().expect("an id").to_owned()).collect()
    };
    let short = service.get("users/u1/recommendations?limit=10&exclude_seen=true").await;
    assert!(ids(&short).is_empty(), "all are seen: {short}");
    let kinds = service.get("users/u1/recommendations?exclude_seen=purchase").await;
    assert_eq!(ids(&kinds).len(), 4);
    let excluded = service.post("recommendations", &json!({"user": "u1", "exclude": ["a", "b"]}), 200).await;
    assert!(!ids(&excluded).contains(&"a".to_owned()) && ids(&excluded).len() == 2, "{excluded}");

    // Unknown users are served all the same, and the answer says how.
    let fallback = |body: Value| {
        let service = &service;
        async move { service.post("recommendations", &body, 200).await["fallback"].clone() }
    };
    assert_eq!(fallback(json!({"user": "new"})).await, "popular");
    assert_eq!(fallback(json!({})).await, "popular");
    assert_eq!(fallback(json!({"user": "new", "session": ["a", "b"]})).await, "session");
    assert_eq!(fallback(json!({"session": ["a", "b"]})).await, Value::Null);
    assert_eq!(fallback(json!({"vector": vec![0.5; 16]})).await, Value::Null);

    // Read-your-writes is bounded, and says where the view stands.
    let far = json!({"user": "u1", "min_position": position + 1000, "timeout_ms": 20});
    let found = problem(service.request(POST, "recommendations").json(&far), 503, "position_not_reached").await;
    assert_eq!(found["position"], position);
    let far = format!("users/u1/recommendations?min_position={}&timeout_ms=0", position + 1);
    problem(service.request(GET, &far), 503, "position_not_reached").await;
    for (body, field) in [
        (json!({"user": "u1", "vector": [1.0]}), "vector"),
        (json!({"vector": [1.0]}), "vector"),
        (json!({"user": "u1", "limit": 0}), "limit"),
        (json!({"user": "u1", "colour": 1}), "colour"),
        (json!({"user": "u1", "position": 3}), "position"),
    ] {
        let found = problem(service.request(POST, "recommendations").json(&body), 422, "invalid").await;
        assert_eq!(found["errors"][0]["field"], field, "{found}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn versions_are_taken_pinned_restored_and_deleted() {
    let service = Service::start(&crate::support::database().await, &[]).await;
    let before = service.clicks("u1", &["a", "b", "c"]).await;
    let response = service.request(POST, "versions").json(&json!({"label": "good", "reason": "a test"}));
    let response = response.send().await.expect("an answer");
    assert_eq!(response.headers()["location"], "/v1/models/default/versions/1");
    let good = checked(response, 201).await;
    assert_eq!(
        (&good["version"], &good["label"], &good["position"], &good["actor"]),
        (&json!(1), &json!("good"), &json!(before), &json!("anonymous")),
        "{good}"
    );
    problem(service.request(POST, "versions").json(&json!({"label": "good"})), 409, "label_taken").await;
    problem(service.request(POST, "versions").json(&json!({"label": "12"})), 422, "invalid").await;
    let second = answered(service.request(POST, "versions"), 201).await;
    assert_eq!(second["digest"], good["digest"], "nothing changed in between");
    let relabelled = service.request(PATCH, "versions/2").json(&json!({"label": "other"}));
    assert_eq!(answered(relabelled, 200).await["label"], "other");
    let relabelled = service.request(PATCH, "versions/other").json(&json!({"label": null}));
    assert!(answered(relabelled, 200).await["label"].is_null());
    let page = service.get("versions?limit=1").await;
    assert_eq!(page["versions"].as_array().expect("versions").len(), 1);
    let cursor = page["next_cursor"].as_u64().expect("a cursor");
    let rest = service.get(&format!("versions?cursor={cursor}")).await;
    assert!(rest["versions"].as_array().expect("versions").iter().all(|one| one["version"].as_u64() < Some(cursor)));

    let vector = service.get("users/u1/embedding").await["values"].clone();
    let after = service.clicks("u1", &["d", "e", "f", "d"]).await;
    let old = service.get("users/u1/embedding?version=good").await;
    assert_eq!(old["position"], before, "{old}");
    let wanted = format!("users/u1/embedding?version=good&min_position={after}");
    problem(service.request(GET, &wanted), 422, "version_before_position").await;

    // Pin: readers see the version, writers go on.
    let pin = json!({"to": {"label": "good"}, "mode": "pin", "reason": "to look"});
    let pinned = service.post("rollback", &pin, 200).await;
    assert_eq!((&pinned["mode"], &pinned["to"]), (&json!("pin"), &json!({"version": 1})), "{pinned}");
    let response = service.request(GET, "users/u1/embedding").send().await.expect("an answer");
    assert_eq!(response.headers()["shelfmark-version"], "1");
    assert_eq!(response.headers()["shelfmark-position"], before.to_string().as_str());
    let live = service.get("users/u1/recommendations?version=live").await;
    assert_eq!((&live["position"], &live["version"]), (&json!(after), &json!("live")));
    problem(service.request(DELETE, "versions/1"), 409, "version_in_use").await;
    let far = format!("users/u1/embedding?min_position={after}&timeout_ms=0");
    problem(service.request(GET, &far), 503, "position_not_reached").await;
    let unpinned = answered(service.request(POST, "unpin"), 200).await;
    assert_eq!((&unpinned["mode"], &unpinned["to"]), (&json!("unpin"), &json!("live")), "{unpinned}");

    // Restore: the state is the version's, at a new position.
    let status = service.get("").await;
    assert_ne!(status["digest"], good["digest"]);
    let restore = json!({"to": {"version": 1}, "mode": "restore"});
    let restored = service.post("rollback", &restore, 200).await;
    assert_eq!(restored["mode"], "restore", "{restored}");
    let status = service.get("").await;
    assert_eq!(status["digest"], good["digest"], "P7");
    assert!(status["position"].as_u64() > Some(after), "positions never go back: {status}");
    assert_eq!(status["counts"]["events"], 3, "{status}");
    let again = service.get("users/u1/embedding").await["values"].clone();
    assert_eq!(again.as_array().map(Vec::len), vector.as_array().map(Vec::len));

    let history = service.get("deployments").await;
    let modes: Vec<_> = history["deployments"].as_array().expect("a list").iter().map(|one| &one["mode"]).collect();
    assert_eq!(modes, [&json!("restore"), &json!("unpin"), &json!("pin")], "newest first");
    let beyond = json!({"to": {"position": 999}, "mode": "restore"});
    let found = problem(service.request(POST, "rollback").json(&beyond), 422, "invalid").await;
    assert_eq!(found["errors"][0]["field"], "to.position", "{found}");
    let dry_run = json!({"to": {"version": 1}, "mode": "replay", "dry_run": true});
    let dry_run = service.post("rollback", &dry_run, 200).await["dry_run"].clone();
    assert_eq!(dry_run["to"]["digest"], good["digest"], "the restore gave up what a replay could apply: {dry_run}");
    problem(service.request(DELETE, "operations/none"), 404, "operation_not_found").await;
    let absent = json!({"to": {"version": 99}, "mode": "pin"});
    problem(service.request(POST, "rollback").json(&absent), 404, "version_not_found").await;
    // The newest stays, since the next start begins from it.
    let newest = answered(service.request(POST, "versions"), 201).await["version"].clone();
    problem(service.request(DELETE, &format!("versions/{newest}")), 409, "version_in_use").await;
    assert_eq!(answered(service.request(DELETE, "versions/2"), 204).await, Value::Null);
    problem(service.request(GET, "versions/2"), 404, "version_not_found").await;
}
