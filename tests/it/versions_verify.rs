//! Goal: `verify` finds every version sound and the log leading from each to the next (P3, P4, P7), whatever was done
//! on the way; and says where, when a byte of a version or a record of the log is another one. Method: the engine in
//! process and the real binary on a real Postgres with bases, deltas, a restore, a replay and a change of the
//! configuration; then damage in its tables.

#![expect(clippy::unwrap_used, reason = "helpers of tests may fail the test")]

use std::sync::Arc;

use crate::engine_support::{config, end, events, learn, reached, start, surroundings};
use serde_json::Value;
use shelfmark::engine::{self, Model, RolledBack, TakeVersion, VerifiedModel, VerifiedVersion, Verify};
use shelfmark_domain::{
    Digest, Exclusions, Id, NewRecord, RecordBody, RollbackMode, RollbackRequest, RollbackTarget, VersionKind,
    VersionManifest, VersionNumber, VersionRef,
};
use shelfmark_learner::prepare_thread;
use shelfmark_postgres as postgres;
use sqlx::PgPool;

async fn take(model: &Model) -> VersionManifest {
    model.take_version(TakeVersion { label: None, reason: None, actor: "test".into() }).await.unwrap()
}

/// Rolls back and waits for the end of it.
async fn roll_back(model: &Model, to: RollbackTarget, mode: RollbackMode, except: Exclusions) {
    let request =
        RollbackRequest { to, mode, except, dry_run: false, reason: None, actor: "test".into(), details: None };
    if let RolledBack::Started(started) = model.rollback(request).await.unwrap() {
        started.ended.await.unwrap();
        let operation = model.operations().store().get(started.id).await.unwrap();
        assert_eq!(operation.error, None);
    }
}

/// What is found of `default` by a process of its own, as the command is one.
async fn verified(url: &str, replay: bool) -> VerifiedModel {
    let with = surroundings(url, 64).await;
    let verify = Verify { replay, reached: Arc::new(|_, _, _| {}) };
    let mut models = engine::verify(&with, &verify).await.unwrap();
    end(with).await;
    assert_eq!(models.len(), 1);
    models.remove(0)
}

fn found(model: &VerifiedModel, version: VersionNumber) -> &VerifiedVersion {
    model.versions.iter().find(|found| found.version == version).expect("every version is told")
}

/// The same by the command: whether it ended with 0, and what it told.
fn told(url: &str, more: &[&str]) -> (bool, Value) {
    let args = [&["verify", "--database-url", url, "--json", "--quiet"], more].concat();
    let (status, out, told) = crate::http_support::run(&args);
    assert!(matches!(status.code(), Some(0 | 1)), "{told}");
    let mut models: Vec<Value> = serde_json::from_str(&out).unwrap_or_else(|error| panic!("{error}: {out}{told}"));
    (status.success(), models.remove(0))
}

/// Starts a service on the database and gives the digest of its state.
async fn served(url: &str) -> Digest {
    let running = start(url).await;
    let head = running.model.log().head().await.unwrap();
    let status = reached(&running.model, head).await;
    running.stop().await;
    status.digest
}

/// Flips a bit in the middle of a version's first stored segment; which segment that is.
async fn damage(pool: &PgPool, version: VersionNumber) -> (i16, i32) {
    sqlx::query_as(
        "update version_segments set payload = set_byte(payload, length(payload) / 2, get_byte(payload, length(payload) / 2) # 1) \
         where ctid = (select ctid from version_segments where version = $1 order by table_number, ordinal limit 1) \
         returning table_number, ordinal",
    )
    .bind(i64::from(version.0))
    .fetch_one(pool)
    .await
    .unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_database_is_sound_until_a_byte_of_a_version_or_a_record_is_another_one() {
    prepare_thread();
    let url = crate::support::database().await;
    let running = start(&url).await;
    let model = running.model.clone();
    let mut versions = Vec::new();
    for round in 0..5 {
        learn(&model, events("shop", round * 60, round * 60 + 60)).await;
        versions.push(take(&model).await);
    }
    let to = RollbackTarget::Version(VersionRef::Number(versions[2].version));
    roll_back(&model, to, RollbackMode::Restore, Exclusions::default()).await;
    learn(&model, events("shop", 300, 360)).await;
    versions.push(take(&model).await);
    let mut changed = config();
    changed.pull = 0.5;
    learn(&model, vec![NewRecord::own(RecordBody::Configure { config: Box::new(changed) })]).await;
    learn(&model, events("shop", 360, 420)).await;
    versions.push(take(&model).await);
    // Inside an append, so that a version is made beside the log too.
    let except = Exclusions { users: [Id::new("user", "shop-u3").unwrap()].into(), ..Exclusions::default() };
    let inside = versions[1].position.advanced(7);
    roll_back(&model, RollbackTarget::Position(inside), RollbackMode::Replay, except).await;
    learn(&model, events("shop", 420, 480)).await;
    versions.push(take(&model).await);
    learn(&model, events("shop", 480, 540)).await;
    let kinds = |kind| versions.iter().filter(|version| version.kind == kind).count();
    assert!(kinds(VersionKind::Base) > 1 && kinds(VersionKind::Delta) > 2, "{versions:?}");
    let (head, digest) = {
        let status = model.status().await.unwrap();
        (status.head, status.digest)
    };
    running.stop().await;
    let pool = postgres::connect(&url, 2).await.unwrap();

    let sound = verified(&url, true).await;
    assert_eq!((sound.problems.as_slice(), sound.head, sound.digest), ([].as_slice(), head, Some(digest)));
    for version in &versions {
        let found = found(&sound, version.version);
        assert_eq!((found.stored, found.replayed, &found.detail), (true, Some(true), &None), "{found:?}");
    }
    let beside = sound.versions.iter().filter(|found| found.replayed.is_none());
    assert_eq!(beside.inspect(|found| assert!(found.stored && found.detail.is_some(), "{found:?}")).count(), 2);
    let (success, report) = told(&url, &[]);
    assert!(success && report == serde_json::to_value(&sound).unwrap(), "{report}");
    let stored = verified(&url, false).await;
    assert_eq!((stored.problems.as_slice(), stored.digest), ([].as_slice(), None));
    assert!(stored.versions.iter().all(|found| found.stored && found.replayed.is_none()), "{stored:?}");

    // A bit of the newest version, from which the next start would go on.
    let newest = versions.last().unwrap().version;
    let (table, ordinal) = damage(&pool, newest).await;
    let damaged = verified(&url, true).await;
    let detail = format!("version {newest} is corrupt: segment {ordinal} of table {table}");
    let wrong = found(&damaged, newest);
    assert!(
        !wrong.stored && wrong.replayed.is_none() && wrong.detail.as_ref().unwrap().starts_with(&detail),
        "{wrong:?}"
    );
    assert_eq!(damaged.problems.len(), 1, "{damaged:?}");
    assert!(damaged.problems[0].contains(&detail), "{damaged:?}");
    assert_eq!(damaged.digest, Some(digest), "the log leads there from an older version");
    let (success, report) = told(&url, &["--stored"]);
    assert!(!success && report["problems"][0].as_str().unwrap().contains(&detail), "{report}");
    assert_eq!(served(&url).await, digest, "P7: an older version and the log take its place");

    // A record between the second version and the third.
    let altered = versions[1].position.advanced(30);
    let item = "update records set item_id = 'another' where position = $1";
    let rows = sqlx::query(item).bind(i64::try_from(altered.get()).unwrap()).execute(&pool).await.unwrap();
    assert_eq!(rows.rows_affected(), 1);
    let place = altered;
    let altered = verified(&url, true).await;
    let third = found(&altered, versions[2].version);
    assert_eq!((third.stored, third.replayed), (true, Some(false)), "{third:?}");
    let says = format!("version {}: P4: the log leads from position {}", third.version, versions[1].position);
    assert_eq!(altered.problems.iter().filter(|problem| problem.starts_with(&says)).count(), 1, "{altered:?}");
    let (success, report) = told(&url, &[]);
    assert!(!success && report["problems"] == serde_json::to_value(&altered.problems).unwrap(), "{report}");
    let stored = told(&url, &["--stored"]).1;
    let logs = |report: &Value| -> Vec<String> {
        let problems =
            report["problems"].as_array().unwrap().iter().map(|problem| problem.as_str().unwrap().to_owned());
        problems.filter(|problem| problem.starts_with("log: append at positions")).collect()
    };
    assert_eq!(logs(&stored).len(), 1, "the damaged append, beside the damaged version: {stored}");
    assert!(place.get() > versions[1].position.get() && stored["problems"].as_array().unwrap().len() == 2, "{stored}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn changed_and_missing_manifests_and_records_after_the_newest_version_are_named() {
    prepare_thread();
    let url = crate::support::database().await;
    let running = start(&url).await;
    let model = running.model.clone();
    for round in 0..3 {
        learn(&model, events("shop", round * 60, round * 60 + 60)).await;
        take(&model).await;
    }
    learn(&model, events("shop", 180, 240)).await;
    let first = VersionRef::Number(VersionNumber(1));
    // What the service itself changes is sealed again.
    model.versions().relabel(VersionNumber(1), Some(Some("one".to_owned())), None).await.unwrap();
    model.versions().relabel(VersionNumber(1), None, Some(Some("why".to_owned()))).await.unwrap();
    assert_eq!(model.versions().get(&first).await.unwrap().label.as_deref(), Some("one"));
    running.stop().await;
    let pool = postgres::connect(&url, 2).await.unwrap();
    let run = async |sql: &'static str| sqlx::query(sql).execute(&pool).await.unwrap().rows_affected();
    assert_eq!(verified(&url, true).await.problems, Vec::<String>::new());

    for change in [
        "actor = 'another'",
        "label = 'other'",
        "reason = null",
        "position = position - 1",
        "created_at = created_at + interval '1 microsecond'",
        "metrics = '{}'",
        "metrics = 'no JSON'",
        "fingerprint = 'x'",
        "parent = 3",
        "row_count = row_count + 1",
        "derived = '{}'",
        "bytes = bytes + 1",
        "digest = set_byte(digest, 0, get_byte(digest, 0) # 1)",
    ] {
        run("create table kept as select * from versions where number = 1").await;
        let sql = format!("update versions set {change} where number = 1");
        sqlx::query(sqlx::AssertSqlSafe(sql)).execute(&pool).await.unwrap();
        let found = verified(&url, true).await;
        assert!(
            found.problems.contains(&"version 1: a field of its manifest was changed".to_owned()),
            "{change}: {found:?}"
        );
        let back = "update versions v set (label, reason, position, parent, digest, bytes, actor, metrics, fingerprint, \
                    created_at, derived, row_count) = (k.label, k.reason, k.position, k.parent, k.digest, k.bytes, k.actor, \
                    k.metrics, k.fingerprint, k.created_at, k.derived, k.row_count) from kept k where v.number = 1";
        assert_eq!(run(back).await, 1);
        run("drop table kept").await;
    }
    assert_eq!(verified(&url, true).await.problems, Vec::<String>::new(), "all was put back");

    // A label that is set on a changed manifest does not hide the change.
    run("update versions set actor = 'another' where number = 2").await;
    let running = start(&url).await;
    running.model.versions().relabel(VersionNumber(2), Some(Some("two".to_owned())), None).await.unwrap();
    running.stop().await;
    let found = verified(&url, false).await;
    assert_eq!(found.problems, ["version 2: a field of its manifest was changed"]);
    run("update versions v set actor = 'test', seal = null where number = 2").await;
    run("update versions v set seal = manifest_seal(v) where number = 2").await;

    // A record after the newest version, of which no digest tells.
    assert_eq!(run("update records set value = 9 where position = 200").await, 1);
    let found = verified(&url, true).await;
    assert!(found.problems.len() == 1 && found.problems[0].starts_with("log: append at positions"), "{found:?}");
    assert_eq!(run("update records set value = null where position = 200").await, 1);

    assert_eq!(run("delete from versions where number = 3").await, 1);
    let found = verified(&url, true).await;
    assert_eq!(found.problems, ["version 3: it was stored and never deleted, and its manifest is missing"]);

    // An append that is gone: the log says where, learning it ends with an error and not with a panic.
    let gone =
        run("delete from records where append_last = (select append_last from records where position = 70)").await;
    let found = verified(&url, true).await;
    assert!(
        gone > 0 && found.problems.iter().any(|problem| problem.starts_with("log: P3: the records at positions")),
        "{found:?}"
    );
    assert!(!found.problems.iter().any(|problem| problem.contains("panicked")), "{found:?}");
    let (success, report) = told(&url, &[]);
    assert!(!success && report["problems"] == serde_json::to_value(&found.problems).unwrap(), "{report}");
}
