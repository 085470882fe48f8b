//! Goal: what the version store promises: whole versions or none, corruption named, nothing deleted that is needed, one
//! history of what was served. Method: a real Postgres, damaged by hand where damage is the point.

use std::time::Duration;

use crate::log_support::{at, migrated, open};
use shelfmark_domain::{
    Arm, CutOrigin, DeploymentMode, Derived, Digest, GuardActed, GuardAction, GuardMetric, GuardSettings, ModelName,
    NewRecord, RecordBody, ReplayOrigin, Served, Serving, Split, Timestamp, VersionNumber, VersionRef,
};
use shelfmark_state::Segment;
use shelfmark_store::versions::{NewDeployment, NewSegments, NewVersion, VersionError, VersionStore};
use sqlx::{Executor, PgPool};
use tokio::task::JoinSet;
use tokio_util::{sync::CancellationToken, task::TaskTracker};

async fn store(pool: &PgPool) -> VersionStore {
    let name = ModelName::new("default").expect("a name");
    VersionStore::open(pool.clone(), &name).await.expect("open")
}

/// In the order of (table, ordinal), as a state gives them.
fn segments(count: i32) -> Vec<Segment> {
    let mut segments: Vec<Segment> = (0..count)
        .map(|i| Segment {
            table: i as i16 % 3,
            ordinal: i / 3,
            first_row: i as u32,
            last_row: i as u32 + 4,
            rows: 5,
            payload: (0..50_000).map(|b| (b * (i + 7) % 251) as u8).collect(),
        })
        .collect();
    segments.sort_by_key(|segment| (segment.table, segment.ordinal));
    segments
}

fn new_version(position: u64, label: Option<&str>) -> NewVersion {
    NewVersion {
        position: at(position),
        seen_through: at(position),
        parent: None,
        delta_of: None,
        digest: Digest(0xfeed_0000_0000_0000_0000_0000_0000_0001),
        label: label.map(str::to_owned),
        reason: Some("because \u{1F4DA}".to_owned()),
        actor: "tester".to_owned(),
        metrics: serde_json::json!({"users": 3, "odd": "\u{0}"}),
        fingerprint: "cpu".to_owned(),
        derived: None,
        segments: NewSegments::new(segments(10)),
        // These pieces are no state.
        read_back: None,
    }
}

/// A version's segments, the base's first.
async fn load(
    store: &VersionStore,
    version: VersionNumber,
) -> Result<(shelfmark_domain::VersionManifest, Vec<Segment>), VersionError> {
    let (sender, mut receiver) = tokio::sync::mpsc::channel(1);
    let mut collecting = JoinSet::new();
    collecting.spawn(async move {
        let mut segments = Vec::new();
        while let Some(segment) = receiver.recv().await {
            // How many rows a segment holds is a sum of its version, not stored with it.
            segments.push(Segment { rows: 5, ..segment });
        }
        segments
    });
    let manifest = store.load(version, sender).await?;
    Ok((manifest, collecting.join_next().await.expect("one").expect("collected")))
}

fn deployment(mode: DeploymentMode, to: Served, version: Option<u32>) -> NewDeployment {
    NewDeployment {
        mode,
        to,
        version: version.map(VersionNumber),
        position: None,
        actor: "tester".to_owned(),
        reason: None,
        details: None,
    }
}

fn v(number: u32) -> VersionNumber {
    VersionNumber(number)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_version_comes_back_as_it_was_saved() {
    let pool = migrated(&crate::support::database().await).await;
    let store = store(&pool).await;
    let saved = store.save(new_version(7, Some("first"))).await.expect("saved");
    assert_eq!((saved.version, saved.position), (v(1), at(7)));
    assert!(saved.bytes > 0 && saved.bytes < 500_000, "{}", saved.bytes);
    let (manifest, mut loaded) = load(&store, v(1)).await.expect("loaded");
    assert_eq!(manifest, saved);
    assert_eq!(manifest.metrics, new_version(7, None).metrics);
    assert!(loaded.is_sorted_by_key(|segment| (segment.table, segment.ordinal)));
    assert_eq!(loaded, segments(10));
    loaded.clear();

    let child = NewVersion { parent: Some(v(1)), segments: NewSegments::new(Vec::new()), ..new_version(9, None) };
    let child = store.save(child).await.expect("saved");
    assert_eq!((child.version, child.parent), (v(2), Some(v(1))));
    assert_eq!(load(&store, v(2)).await.expect("loaded").1, []);
    let numbers = |list: Vec<shelfmark_domain::VersionManifest>| list.iter().map(|m| m.version.0).collect::<Vec<u32>>();
    assert_eq!(numbers(store.list(None, 10).await.expect("a list")), [2, 1]);
    assert_eq!(numbers(store.list(Some(v(2)), 10).await.expect("a list")), [1]);
    assert_eq!(numbers(store.list(None, 1).await.expect("a list")), [2]);
    assert_eq!(store.count().await.expect("counted"), 2);
    let newest = |position| {
        let store = store.clone();
        async move { store.newest(position).await.expect("read").map(|m| m.version.0) }
    };
    assert_eq!(newest(None).await, Some(2));
    assert_eq!(newest(Some(at(8))).await, Some(1));
    assert_eq!(newest(Some(at(6))).await, None);
    let by_label = store.get(&VersionRef::Label("first".to_owned())).await.expect("found");
    assert_eq!(by_label, saved);
    let missing = store.get(&VersionRef::Number(v(3))).await;
    assert!(matches!(missing, Err(VersionError::NotFound(what)) if what == "3"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn savers_of_two_processes_take_numbers_in_turn() {
    let pool = migrated(&crate::support::database().await).await;
    let mut savers = JoinSet::new();
    for _ in 0..6 {
        let store = store(&pool).await;
        savers.spawn(async move { store.save(new_version(1, None)).await.expect("saved").version.0 });
    }
    let mut numbers = savers.join_all().await;
    numbers.sort_unstable();
    assert_eq!(numbers, [1, 2, 3, 4, 5, 6]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_damaged_swapped_or_missing_segment_is_refused_by_name() {
    let pool = migrated(&crate::support::database().await).await;
    let store = store(&pool).await;
    for _ in 0..5 {
        store.save(new_version(1, None)).await.expect("saved");
    }
    // One byte of one segment of version 1; two segments of version 2 swapped; one of version 3 gone; version 4 has one
    // of version 5, which is whole.
    for damage in [
        "update version_segments set payload = set_byte(payload, 40, get_byte(payload, 40) # 1) \
         where version = 1 and table_number = 1 and ordinal = 2",
        "update version_segments a set payload = b.payload, checksum = b.checksum from version_segments b \
         where a.version = 2 and b.version = 2 and a.table_number = 0 and b.table_number = 0 \
         and a.ordinal + b.ordinal = 1",
        "delete from version_segments where version = 3 and table_number = 2 and ordinal = 0",
        "update version_segments a set payload = b.payload, checksum = b.checksum from version_segments b \
         where a.version = 4 and b.version = 5 and a.table_number = 0 and b.table_number = 0 \
         and a.ordinal = 3 and b.ordinal = 3",
    ] {
        assert!(pool.execute(damage).await.expect("damaged").rows_affected() > 0);
    }
    let corrupt = |number: u32, named: &'static str| {
        let store = store.clone();
        async move {
            match load(&store, v(number)).await {
                Err(VersionError::Corrupt { version, detail }) => {
                    assert_eq!(version, v(number));
                    assert!(detail.contains(named), "{detail}");
                }
                Err(other) => panic!("{other:?}"),
                Ok(_) => panic!("version {number} was believed"),
            }
        }
    };
    corrupt(1, "segment 2 of table 1").await;
    corrupt(2, "segment 0 of table 0").await;
    corrupt(3, "9 of 10 segments").await;
    corrupt(4, "segment 3 of table 0").await;
    load(&store, v(5)).await.expect("whole");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_label_is_one_versions_and_a_refused_save_leaves_nothing() {
    let pool = migrated(&crate::support::database().await).await;
    let store = store(&pool).await;
    store.save(new_version(1, Some("good"))).await.expect("saved");
    let taken = store.save(new_version(2, Some("good"))).await;
    assert!(matches!(taken, Err(VersionError::LabelTaken(label)) if label == "good"));
    let second = store.save(new_version(3, None)).await.expect("saved");
    assert_eq!(second.version, v(2), "no number was used up");
    let taken = store.relabel(v(2), Some(Some("good".to_owned())), None).await;
    assert!(matches!(taken, Err(VersionError::LabelTaken(_))));
    let unlabelled = store.relabel(v(1), Some(None), Some(Some("new".to_owned()))).await.expect("relabelled");
    assert_eq!((unlabelled.label, unlabelled.reason.as_deref()), (None, Some("new")));
    let labelled = store.relabel(v(2), Some(Some("good".to_owned())), None).await.expect("relabelled");
    assert_eq!(labelled.reason, second.reason, "left as it was");
    assert!(matches!(store.relabel(v(9), None, None).await, Err(VersionError::NotFound(_))));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_version_that_something_needs_is_not_deleted() {
    let pool = migrated(&crate::support::database().await).await;
    let store = store(&pool).await;
    let opened = open(&pool).await;
    for (position, label) in [(1, None), (2, Some("kept")), (3, None), (4, None), (5, None)] {
        store.save(new_version(position, label)).await.expect("saved");
    }
    store.deploy(deployment(DeploymentMode::Pin, Served::Version(v(3)), Some(3))).await.expect("pinned");
    let restore = NewRecord::own(RecordBody::Restore { version: v(4), replay: None });
    opened.log.append(vec![restore]).await.expect("appended");
    for (number, why) in [(2, "labelled"), (3, "served"), (4, "named by the log"), (5, "newest")] {
        let refused = store.delete(v(number)).await;
        assert!(matches!(refused, Err(VersionError::InUse(n)) if n == v(number)), "{why}: {refused:?}");
    }
    store.delete(v(1)).await.expect("nothing needs it");
    assert!(matches!(store.delete(v(1)).await, Err(VersionError::NotFound(_))));
    let left: i64 = sqlx::query_scalar("select count(*) from version_segments where version = 1")
        .fetch_one(&pool)
        .await
        .expect("counted");
    assert_eq!(left, 0);
    let gone = store.deploy(deployment(DeploymentMode::Pin, Served::Version(v(1)), Some(1))).await;
    assert!(matches!(gone, Err(VersionError::NotFound(_))));
    assert_eq!(store.served().await.expect("read"), Served::Version(v(3)), "nothing changed");
    opened.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn derived_versions_say_so_are_passed_over_and_may_go_while_they_are_the_newest() {
    let pool = migrated(&crate::support::database().await).await;
    let store = store(&pool).await;
    let derived = |position, derived| NewVersion { derived: Some(derived), ..new_version(position, None) };
    for position in [3, 5] {
        store.save(new_version(position, None)).await.expect("saved");
    }
    let except = serde_json::from_str(r#"{"users":["u"]}"#).expect("valid");
    let replay = store.save(derived(9, Derived::Replay(ReplayOrigin { from: v(1), except }))).await.expect("saved");
    store.save(derived(7, Derived::Cut(CutOrigin { append_last: at(8) }))).await.expect("saved");
    assert_eq!(store.get(&VersionRef::Number(v(3))).await.expect("there"), replay);
    assert_eq!(load(&store, v(3)).await.expect("sound").0, replay);
    assert_eq!(store.newest(None).await.expect("read").expect("one").version, v(2), "not a state of the log");
    assert_eq!(store.newest(Some(at(4))).await.expect("read").expect("one").version, v(1));
    let needed = store.delete(v(1)).await;
    assert!(matches!(needed, Err(VersionError::InUse(_))), "the replay began from it: {needed:?}");
    let needed = store.delete(v(2)).await;
    assert!(matches!(needed, Err(VersionError::InUse(_))), "the newest of the log: {needed:?}");
    store.delete(v(4)).await.expect("nothing needs it");
    store.delete(v(3)).await.expect("nothing needs it");
    store.delete(v(1)).await.expect("nothing needs it any more");
    assert_eq!(store.save(new_version(9, None)).await.expect("saved").version, v(5), "numbers are not given twice");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn deployments_are_one_history_that_every_process_follows_and_nobody_rewrites() {
    let pool = migrated(&crate::support::database().await).await;
    let (here, elsewhere) = (store(&pool).await, store(&pool).await);
    for position in 1..=2 {
        here.save(new_version(position, None)).await.expect("saved");
    }
    let shutdown = CancellationToken::new();
    let tracker = TaskTracker::new();
    let mut watched = elsewhere.subscribe_serving(shutdown.clone(), &tracker).await.expect("watched");
    assert_eq!(*watched.borrow_and_update(), Serving::One(Served::Live));
    let first = here.deploy(deployment(DeploymentMode::Pin, Served::Version(v(1)), Some(1))).await.expect("pinned");
    assert_eq!((first.number, first.from, first.to), (1, Served::Live, Served::Version(v(1))));
    let wanted = watched.wait_for(|serving| *serving == Serving::One(Served::Version(v(1))));
    tokio::time::timeout(Duration::from_secs(20), wanted).await.expect("in time").expect("open");
    // The caller believes that live is served; the history says what was.
    let second =
        elsewhere.deploy(deployment(DeploymentMode::Pin, Served::Version(v(2)), Some(2))).await.expect("pinned");
    assert_eq!((second.number, second.from), (2, Served::Version(v(1))));
    let third = here.deploy(deployment(DeploymentMode::Unpin, Served::Live, None)).await.expect("unpinned");
    let wanted = watched.wait_for(|serving| *serving == Serving::One(Served::Live));
    tokio::time::timeout(Duration::from_secs(20), wanted).await.expect("in time").expect("open");
    assert_eq!(here.deployments(None, 10).await.expect("a list"), [third.clone(), second.clone(), first.clone()]);
    assert_eq!(here.deployments(Some(3), 1).await.expect("a list"), [second]);
    for change in ["update deployments set actor = 'me'", "delete from deployments", "truncate deployments"] {
        let refused = pool.execute(change).await.expect_err("refused").to_string();
        assert!(refused.contains("append-only"), "{refused}");
    }
    shutdown.cancel();
    tracker.close();
    tokio::time::timeout(Duration::from_secs(10), tracker.wait()).await.expect("ends");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_process_at_a_time_is_the_taker() {
    let pool = migrated(&crate::support::database().await).await;
    let (one, two) = (store(&pool).await, store(&pool).await);
    let mut taker = one.try_lock_taking().await.expect("asked").expect("free");
    assert!(taker.holds().await);
    assert!(two.try_lock_taking().await.expect("asked").is_none());
    taker.release().await.expect("released");
    let deadline = tokio::time::Instant::now() + Duration::from_secs(10);
    let mut second = loop {
        if let Some(taker) = two.try_lock_taking().await.expect("asked") {
            break taker;
        }
        assert!(tokio::time::Instant::now() < deadline, "the session has ended");
    };
    assert!(second.holds().await);
    pool.execute(
        "select pg_terminate_backend(pid) from pg_locks where locktype = 'advisory' and database = \
         (select oid from pg_database where datname = current_database())",
    )
    .await
    .expect("terminated");
    assert!(!second.holds().await, "a lost session is a lost lock");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_split_is_served_until_the_next_deployment_and_its_versions_stay() {
    let pool = migrated(&crate::support::database().await).await;
    let store = store(&pool).await;
    for position in 1..=4 {
        store.save(new_version(position, None)).await.expect("saved");
    }
    let arm = |served, percent| Arm { served, percent };
    let split = |arms: &[Arm]| Split::new(arms.to_vec()).expect("valid");
    let arms = split(&[arm(Served::Version(v(1)), 10), arm(Served::Live, 30), arm(Served::Version(v(2)), 60)]);
    let entry = store.deploy_split(arms.clone(), "tester".to_owned(), None).await.expect("split");
    assert_eq!((entry.mode, entry.from, entry.to), (DeploymentMode::Split, Served::Live, Served::Version(v(2))));
    let details = serde_json::json!({"split": [
        {"version": 1, "percent": 10}, {"live": true, "percent": 30}, {"version": 2, "percent": 60}
    ]});
    assert_eq!(entry.details, Some(details));
    assert_eq!(store.serving().await.expect("read"), Serving::Split(arms.clone()), "in the order given");
    assert!(matches!(store.delete(v(1)).await, Err(VersionError::InUse(_))));
    let raw = sqlx::query("delete from versions where number = 1").execute(&pool).await;
    assert!(raw.expect_err("refused").to_string().contains("serving_arms_version_fkey"), "whoever tries");
    let gone = split(&[arm(Served::Version(v(9)), 10), arm(Served::Live, 90)]);
    let refused = store.deploy_split(gone, "tester".to_owned(), None).await;
    assert!(matches!(refused, Err(VersionError::NotFound(what)) if what == "9"));
    assert_eq!(store.serving().await.expect("read"), Serving::Split(arms.clone()), "nothing changed");
    // Learning is frozen and resumed beside it, and a pin ends it.
    let frozen = store.deploy(deployment(DeploymentMode::Freeze, Served::Live, None)).await.expect("frozen");
    assert_eq!((frozen.from, frozen.to), (Served::Version(v(2)), Served::Version(v(2))));
    assert_eq!(store.serving().await.expect("read"), Serving::Split(arms));
    store.deploy(deployment(DeploymentMode::Pin, Served::Version(v(2)), Some(2))).await.expect("pinned");
    assert_eq!(store.serving().await.expect("read"), Serving::One(Served::Version(v(2))));
    store.delete(v(1)).await.expect("nothing needs it");
    let whole = split(&[arm(Served::Live, 100)]);
    store.deploy_split(whole, "tester".to_owned(), None).await.expect("split");
    assert_eq!(store.serving().await.expect("read"), Serving::One(Served::Live));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_guard_is_armed_until_it_acted_and_its_reference_stays() {
    let pool = migrated(&crate::support::database().await).await;
    let store = store(&pool).await;
    for position in 1..=3 {
        store.save(new_version(position, None)).await.expect("saved");
    }
    let settings = GuardSettings {
        metric: GuardMetric::Mrr,
        drop: 0.25,
        window: 500,
        min_samples: 60,
        false_alarms: 1e-7,
        action: GuardAction::Restore,
        reference: None,
    };
    assert_eq!(store.guard().await.expect("read"), None);
    assert!(store.rearm_guard("ops").await.expect("asked").is_none());
    let set = store.set_guard(&settings, "ops").await.expect("set");
    assert!(set.armed && set.settings == settings && set.reference.is_none() && set.actor == "ops");
    assert!(store.set_guard_reference(set.armed_at, v(1)).await.expect("noted"));
    assert!(matches!(store.set_guard_reference(set.armed_at, v(9)).await, Err(VersionError::NotFound(_))));
    assert!(matches!(store.delete(v(1)).await, Err(VersionError::InUse(_))));
    let acted =
        GuardActed { at: Timestamp::now(), deployment: 7, details: serde_json::json!({"guard": {"samples": 3}}) };
    // Another guard came meanwhile: what the old one did is not its.
    let named = GuardSettings { reference: Some(v(2)), ..settings.clone() };
    let now = store.set_guard(&named, "ops").await.expect("set");
    assert_eq!(now.reference, Some(v(2)));
    store.guard_acted(set.armed_at, &acted).await.expect("asked");
    assert!(!store.set_guard_reference(set.armed_at, v(1)).await.expect("asked"));
    assert_eq!(store.guard().await.expect("read"), Some(now.clone()));
    store.guard_acted(now.armed_at, &acted).await.expect("noted");
    let there = store.guard().await.expect("read").expect("a guard");
    assert!(!there.armed && there.acted == Some(acted), "{there:?}");
    let again = store.rearm_guard("night").await.expect("asked").expect("a guard");
    assert!(again.armed && again.acted.is_none() && again.actor == "night");
    let missing = GuardSettings { reference: Some(v(9)), ..settings };
    assert!(matches!(store.set_guard(&missing, "ops").await, Err(VersionError::NotFound(what)) if what == "9"));
    let lock = store.try_lock_guard().await.expect("asked").expect("free");
    assert!(store.try_lock_guard().await.expect("asked").is_none(), "one process at a time");
    assert!(store.try_lock_taking().await.expect("asked").is_some(), "the taker is another");
    lock.release().await.expect("released");
    assert!(store.clear_guard().await.expect("cleared") && !store.clear_guard().await.expect("asked"));
    store.delete(v(1)).await.expect("nothing needs it");
}
