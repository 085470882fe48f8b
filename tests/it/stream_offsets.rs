//! Goal: offsets of streams outside are committed with their events or not at all, and only from where the sender began.
//! Method: log handles on a real Postgres, two of them where two processes are meant; then the real binary.

use std::time::Duration;

use crate::http_support::{Service, answered, run};
use crate::log_support::{Opened, accepted, at, event, id, migrated, open};
use reqwest::Method;
use serde_json::{Value, json};
use shelfmark_domain::{NewRecord, OffsetCommit, OffsetMismatch, StreamPartition};
use shelfmark_log::{AppendOutcome, LogError};
use tokio::task::JoinSet;

fn offset(partition: &str, start: Option<&str>, next: Option<&str>) -> OffsetCommit {
    let of = StreamPartition { topic: id("clicks"), partition: id(partition) };
    OffsetCommit { of, start: start.map(id), next: next.map(id) }
}

async fn append(
    opened: &Opened,
    records: Vec<NewRecord>,
    offsets: Vec<OffsetCommit>,
) -> Result<Vec<AppendOutcome>, LogError> {
    opened.log.append_with_offsets(records, offsets, Duration::ZERO).await
}

/// Partition, offset and position of what is stored.
async fn stored(opened: &Opened) -> Vec<(String, String, u64)> {
    let offsets = opened.log.offsets(None).await.expect("read");
    let texts = |stored: shelfmark_domain::StoredOffset| {
        (stored.partition.to_string(), stored.next_offset.to_string(), stored.position.get())
    };
    offsets.into_iter().map(texts).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn offsets_move_with_their_events_from_where_the_sender_began() {
    let pool = migrated(&crate::support::database().await).await;
    let opened = open(&pool).await;
    append(&opened, vec![event("a", 1.0), event("b", 1.0)], vec![offset("0", None, Some("10"))]).await.expect("taken");
    assert_eq!(stored(&opened).await, [("0".into(), "10".into(), 2)]);
    // The answer was lost, and the sender begins again where it was: nothing is taken, and it learns where to go on.
    let again = append(&opened, vec![event("c", 1.0)], vec![offset("0", None, Some("10"))]).await;
    let moved =
        OffsetMismatch { topic: id("clicks"), partition: id("0"), start_offset: None, next_offset: Some(id("10")) };
    assert!(matches!(again, Err(LogError::OffsetsMoved(found)) if found == [moved]));
    assert_eq!(opened.log.head().await.expect("a head"), at(2));
    // One partition that stands elsewhere holds the other back.
    let both = vec![offset("0", Some("10"), Some("12")), offset("1", Some("3"), Some("4"))];
    assert!(matches!(append(&opened, vec![event("c", 1.0)], both).await, Err(LogError::OffsetsMoved(_))));
    assert_eq!(stored(&opened).await, [("0".into(), "10".into(), 2)]);
    // Without events, offsets move alone, and no position is taken.
    append(&opened, Vec::new(), vec![offset("0", Some("10"), Some("12")), offset("1", None, Some("4"))])
        .await
        .expect("taken");
    assert_eq!(stored(&opened).await, [("0".into(), "12".into(), 2), ("1".into(), "4".into(), 2)]);
    // An event that is there already moves the offset; one with the id of another holds everything back.
    let outcomes = append(&opened, vec![event("a", 1.0)], vec![offset("1", Some("4"), Some("5"))]).await;
    assert_eq!(outcomes.expect("taken"), [AppendOutcome::Duplicate(at(1))]);
    let records = vec![event("d", 1.0), event("b", 9.0), event("d", 2.0)];
    let conflict = append(&opened, records, vec![offset("1", Some("5"), Some("8"))]).await;
    assert!(matches!(&conflict, Err(LogError::Conflicts(found)) if *found == [(1, at(2)), (2, at(3))]), "{conflict:?}");
    let outcomes = append(&opened, vec![event("d", 2.0)], vec![offset("1", Some("5"), Some("8"))]).await;
    assert_eq!(outcomes.expect("taken"), [AppendOutcome::Accepted(at(3))], "nothing is left of what was refused");
    // None is stored any more.
    append(&opened, Vec::new(), vec![offset("0", Some("12"), None)]).await.expect("taken");
    assert_eq!(stored(&opened).await, [("1".into(), "8".into(), 3)]);
    opened.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_senders_that_begin_at_one_offset_one_is_taken() {
    let pool = migrated(&crate::support::database().await).await;
    let processes = [open(&pool).await, open(&pool).await];
    let mut start: Option<String> = None;
    for round in 0..20_u64 {
        let next = (round * 5 + 5).to_string();
        let mut senders = JoinSet::new();
        for sender in 0..8_usize {
            let log = processes[sender % 2].log.clone();
            let commit = offset("0", start.as_deref(), Some(&next));
            // Ids of their own: nothing but the offset keeps the events of the others out.
            let records: Vec<_> = (0..5).map(|n| event(&format!("{round}-{sender}-{n}"), 1.0)).collect();
            senders.spawn(async move { log.append_with_offsets(records, vec![commit], Duration::ZERO).await });
        }
        let results = senders.join_all().await;
        let taken = results.iter().filter(|result| result.is_ok()).count();
        assert_eq!(taken, 1, "round {round}: {results:?}");
        let refused = results.iter().filter(|result| matches!(result, Err(LogError::OffsetsMoved(_)))).count();
        assert_eq!(refused, 7, "round {round}: {results:?}");
        assert!(results.iter().flatten().flatten().all(|outcome| accepted(outcome).is_some()));
        assert_eq!(processes[0].log.head().await.expect("a head"), at(round * 5 + 5));
        start = Some(next);
    }
    assert_eq!(processes[0].log.gap().await.expect("read"), None, "P3");
    let check = processes[1].log.check(&|_| {}).await.expect("checked");
    assert!(check.problems.is_empty(), "{check:?}");
    for process in processes {
        process.close().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_model_has_offsets_of_so_many_partitions_and_no_more() {
    let pool = migrated(&crate::support::database().await).await;
    let opened = open(&pool).await;
    let many = |from: usize, count: usize| {
        (from..from + count).map(|n| offset(&n.to_string(), None, Some("0"))).collect::<Vec<_>>()
    };
    for from in (0..OffsetCommit::PARTITIONS_MAX).step_by(1024) {
        append(&opened, Vec::new(), many(from, 1024)).await.expect("taken");
    }
    let refused = append(&opened, vec![event("a", 1.0)], many(OffsetCommit::PARTITIONS_MAX, 1)).await;
    assert!(matches!(refused, Err(LogError::TooManyPartitions)), "{refused:?}");
    append(&opened, Vec::new(), vec![offset("7", Some("0"), None)]).await.expect("one less");
    append(&opened, Vec::new(), many(OffsetCommit::PARTITIONS_MAX, 1)).await.expect("room for one");
    opened.close().await;
}

fn click(n: u32) -> Value {
    json!({"event_id": format!("e{n}"), "user": "u", "item": format!("i{n}"), "kind": "click", "ts": 1_700_000_000 + n})
}

fn batch(events: Vec<Value>, start: Value, next: Value) -> Value {
    json!({"events": events, "offsets": [{"topic": "clicks", "partition": 0, "start_offset": start, "next_offset": next}]})
}

#[tokio::test(flavor = "multi_thread")]
async fn a_batch_with_offsets_is_taken_whole_and_offsets_outlive_the_process() {
    let database = crate::support::database().await;
    let mut service = Service::start(&database, &[]).await;
    let taken = service.post("events", &batch(vec![click(1), click(2)], Value::Null, json!(7)), 202).await;
    assert_eq!((&taken["accepted"], &taken["position"]), (&json!(2), &json!(2)), "{taken}");
    // A bad event holds back the good one and the offset, and is named.
    let bad = json!({"event_id": "bad", "user": "u", "item": "i", "kind": "warp"});
    let refused = service.post("events", &batch(vec![click(3), bad], json!("7"), json!(9)), 422).await;
    assert_eq!((&refused["code"], &refused["accepted"]), (&json!("nothing_taken"), &json!(0)), "{refused}");
    assert_eq!(refused["rejected"][0]["index"], 1, "{refused}");
    assert!(refused["detail"].as_str().expect("text").contains("none of the 2 events"), "{refused}");
    // So does one with the id of another.
    let mut other = click(2);
    other["item"] = json!("another");
    let refused = service.post("events", &batch(vec![click(3), other], json!("7"), json!(9)), 422).await;
    assert_eq!((&refused["rejected"][0]["index"], &refused["rejected"][0]["code"]), (&json!(1), &json!("conflict")));
    let moved = service.post("events", &batch(vec![click(3)], json!(6), json!(9)), 409).await;
    assert_eq!(moved["code"], "offset_conflict", "{moved}");
    let told = json!([{"topic": "clicks", "partition": "0", "start_offset": "6", "next_offset": "7"}]);
    assert_eq!(moved["offsets"], told);
    for (body, field) in [
        (batch(vec![], Value::Null, Value::Null), "offsets[0].next_offset"),
        (batch(vec![], json!(""), json!(1)), "offsets[0].start_offset"),
        (json!({"events": [], "offsets": [{"topic": "t", "next_offset": 1}]}), "offsets[0].partition"),
        (json!({"events": [], "offsets": [{"topic": "t", "partition": 1, "next": 1}]}), "offsets[0].next"),
    ] {
        let refused = service.post("events", &body, 422).await;
        assert_eq!(refused["errors"][0]["field"], field, "{refused}");
    }
    service.post("events", &batch(vec![], json!(7), json!("9")), 202).await;
    service.kill();

    let service = Service::start(&database, &[]).await;
    let offsets = service.get("offsets?topic=clicks").await;
    let offset = &offsets["offsets"][0];
    assert_eq!((&offset["next_offset"], &offset["position"]), (&json!("9"), &json!(2)), "{offsets}");
    assert_eq!(service.get("offsets?topic=other").await, json!({"offsets": []}));
    assert_eq!(service.get("").await["head"], 2);

    // A fork begins with none; what is deleted with a model is gone.
    answered(service.request(Method::POST, "versions"), 201).await;
    let fork = json!({"fork": {"model": "default", "version": "1"}});
    answered(service.request(Method::PUT, "/v1/models/fork").json(&fork), 201).await;
    let model = |path: &str| format!("/v1/models/fork/{path}");
    assert_eq!(answered(service.request(Method::GET, &model("offsets")), 200).await, json!({"offsets": []}));
    let body = batch(vec![click(9)], Value::Null, json!(1));
    answered(service.request(Method::POST, &model("events")).json(&body), 202).await;
    let deleted = service.request(Method::DELETE, "/v1/models/fork").send().await.expect("an answer");
    assert!(deleted.status().is_success(), "{deleted:?}");
    let pool = shelfmark_postgres::connect(&database, 1).await.expect("a pool");
    let deadline = std::time::Instant::now() + crate::http_support::PATIENCE;
    loop {
        let left: i64 =
            sqlx::query_scalar("select count(*) from stream_offsets").fetch_one(&pool).await.expect("a count");
        if left == 1 {
            break;
        }
        assert!(std::time::Instant::now() < deadline, "{left} offsets are left");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }

    // A process that only reads lists them; a key of pages moves none.
    let reader = Service::start(&database, &["--read-only"]).await;
    assert_eq!(reader.get("offsets").await["offsets"][0]["next_offset"], "9");
    let moved = reader.post("events", &batch(vec![], json!(9), json!(10)), 403).await;
    assert_eq!(moved["code"], "read_only");
    let of_pages = ["--scope", "ingest", "--model", "default", "--origin", "https://shop.example"];
    let args = [&["keys", "create", "--name", "pages", "--database-url", &database][..], &of_pages].concat();
    let (status, key, told) = run(&args);
    assert!(status.success(), "{told}");
    let body = batch(vec![], json!(9), json!(10));
    loop {
        let request = service.request(Method::POST, "events").bearer_auth(key.trim());
        let answer = request.header("origin", "https://shop.example").json(&body).send().await.expect("an answer");
        let (status, told) = (answer.status(), answer.text().await.expect("text"));
        if status == 403 && told.contains("this needs scope write") {
            break;
        }
        assert!(std::time::Instant::now() < deadline, "the key is not in force: {status} {told}");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}
