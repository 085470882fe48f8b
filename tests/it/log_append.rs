//! Goal: what an append promises (P2, P3, P9). Method: log handles on a real Postgres, two of them where two processes
//! are meant: they share nothing but the database.

use std::{collections::HashSet, sync::Arc, time::Duration};

use crate::log_support::{accepted, at, event, id, migrated, open, open_with, plain_event};
use shelfmark_domain::{ModelName, NewRecord, Position, RecordBody, VersionNumber};
use shelfmark_log::{AppendOutcome, Log, LogError, LogSettings, RecordsPage, base_config_or_init};
use sqlx::{Executor, PgPool};
use tokio::task::JoinSet;
use tokio_util::task::TaskTracker;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_retry_is_a_duplicate_and_another_body_is_a_conflict() {
    let pool = migrated(&crate::support::database().await).await;
    let opened = open(&pool).await;
    let log = &opened.log;
    let outcomes =
        log.append(vec![event("a", 1.0), event("b", 2.0), event("a", 1.0), event("b", 3.0)]).await.expect("appended");
    assert_eq!(
        outcomes,
        [
            AppendOutcome::Accepted(at(1)),
            AppendOutcome::Accepted(at(2)),
            AppendOutcome::Duplicate(at(1)),
            AppendOutcome::Conflict(at(2)),
        ],
        "inside one request"
    );
    let outcomes =
        log.append(vec![event("c", 1.0), event("b", 2.0), event("a", 9.0), event("d", 4.0)]).await.expect("appended");
    assert_eq!(
        outcomes,
        [
            AppendOutcome::Accepted(at(3)),
            AppendOutcome::Duplicate(at(2)),
            AppendOutcome::Conflict(at(1)),
            AppendOutcome::Accepted(at(4)),
        ],
        "against the log"
    );
    let outcomes = log.append(vec![event("a", 1.0)]).await.expect("answered");
    assert_eq!(outcomes, [AppendOutcome::Duplicate(at(1))], "duplicates alone");
    assert_eq!(log.head().await.expect("a head"), at(4), "no position taken");
    // An id that the service made is never a retry, whoever sends it.
    let mut made = event("made", 1.0);
    made.retry_hash = None;
    log.append(vec![made.clone()]).await.expect("appended");
    let outcomes = log.append(vec![made, event("made", 1.0)]).await;
    assert_eq!(outcomes.expect("answered"), [AppendOutcome::Conflict(at(5)), AppendOutcome::Conflict(at(5))]);
    let found = log.find_event(&id("b")).await.expect("read").expect("there");
    assert_eq!(found, (at(2), plain_event("b", 2.0)));
    assert_eq!(log.find_event(&id("nowhere")).await.expect("read"), None);
    opened.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn positions_are_dense_and_in_commit_order_under_sixteen_writers_of_two_processes() {
    let pool = migrated(&crate::support::database().await).await;
    let (one, two) = (open(&pool).await, open(&pool).await);
    let mut writers = JoinSet::new();
    for writer in 0..16_u32 {
        let log = if writer % 2 == 0 { &one } else { &two }.log.clone();
        writers.spawn(write(log, writer));
    }
    let mut positions = Vec::new();
    while let Some(written) = writers.join_next().await {
        positions.extend(written.expect("no panic"));
    }
    let count = positions.len() as u64;
    positions.sort_unstable();
    let expected: Vec<u64> = (1..=count).collect();
    assert_eq!(positions, expected, "acknowledged positions");
    assert_eq!(one.log.head().await.expect("a head"), at(count));
    let (rows, ids, last): (i64, i64, i64) =
        sqlx::query_as("select count(*), count(distinct event_id), max(position) from records")
            .fetch_one(&pool)
            .await
            .expect("counted");
    assert_eq!([rows, ids, last], [count as i64; 3]);
    let late: i64 = sqlx::query_scalar(
        "select count(*) from records a join records b on b.position = a.position + 1 \
         where b.appended_at < a.appended_at",
    )
    .fetch_one(&pool)
    .await
    .expect("counted");
    assert_eq!(late, 0, "commit order: one clock, one lock");
    one.close().await;
    two.close().await;
}

/// 40 requests of 1 to 40 events; every fourth holds events that a sibling writer sends too.
async fn write(log: Log, writer: u32) -> Vec<u64> {
    let mut positions = Vec::new();
    for request in 0..40_u32 {
        let count = 1 + (writer * 7 + request * 13) % 40;
        let records: Vec<NewRecord> = (0..count)
            .map(|i| match request % 4 {
                0 => event(&format!("shared-{}-{request}-{i}", writer / 2), 1.0),
                _ => event(&format!("{writer}-{request}-{i}"), 1.0),
            })
            .collect();
        let outcomes = log.append(records).await.expect("appended");
        assert_eq!(outcomes.len(), count as usize);
        let new: Vec<u64> = outcomes.iter().filter_map(accepted).map(|p| p.get()).collect();
        assert!(
            new.windows(2).all(|pair| pair[0] + 1 == pair[1]) || request % 4 == 0,
            "one request's records stand together"
        );
        positions.extend(new);
    }
    positions
}

/// Goal: callers who come back as soon as they are answered share a commit with those who waited meanwhile. Nobody
/// waits longer than a commit takes, however far behind the reader is. Method: a commit takes two seconds, because
/// another session holds the head, and two requests wait behind it. The longest delay is far beyond the test's, and the
/// reader stands still. The boundaries in the log tell what waited for what.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn small_appends_wait_for_callers_who_come_back() {
    let pool = migrated(&crate::support::database().await).await;
    let delay_max = Duration::from_secs(600);
    let opened = open_with(&pool, LogSettings { commit_delay_max: delay_max, ..LogSettings::default() }).await;
    let log = &opened.log;
    log.set_reader_position(Position::ZERO);
    let mut other = pool.begin().await.expect("a transaction");
    other.execute("select head from models where name = 'default' for update").await.expect("locked");
    let tasks = TaskTracker::new();
    let append = |id: &str| {
        let (log, event) = (log.clone(), event(id, 1.0));
        tasks.spawn(async move { log.append(vec![event]).await })
    };
    let first = append("first");
    let waits = "select count(*) from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'";
    while sqlx::query_scalar::<_, i64>(waits).fetch_one(&pool).await.expect("counted") == 0 {}
    let behind = [append("second"), append("third")];
    tokio::time::sleep(Duration::from_secs(2)).await;
    other.rollback().await.expect("unlocked");

    let bounded = |what: tokio::task::JoinHandle<_>| tokio::time::timeout(Duration::from_secs(60), what);
    bounded(first).await.expect("in time").expect("no panic").expect("appended");
    let back = append("first again");
    for append in behind.into_iter().chain([back]) {
        bounded(append).await.expect("in time").expect("no panic").expect("appended");
    }
    // The reader has one append unread. Three are expected, one comes: it waits for as long as a commit took, not for
    // the longest delay.
    log.set_reader_position(Position::new(1));
    bounded(append("last")).await.expect("in time").expect("no panic").expect("appended");
    let appends = log.read_after(Position::ZERO, 100).await.expect("read");
    let sizes: Vec<usize> = appends.iter().map(|append| append.records.len()).collect();
    assert_eq!(sizes, [1, 3, 1]);
    opened.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_full_queue_refuses_at_once_and_takes_nothing() {
    let pool = migrated(&crate::support::database().await).await;
    let settings = LogSettings { queue_records_max: 100, append_records_max: 50, ..LogSettings::default() };
    let opened = open_with(&pool, settings).await;
    // Hold the head's lock as another process would, so that an append is under way and the queue cannot drain.
    let mut other = pool.begin().await.expect("a transaction");
    other.execute("select head from models where name = 'default' for update").await.expect("locked");
    let mut waiting = JoinSet::new();
    let mut refused = HashSet::new();
    let mut sent = 0;
    for request in 0..40 {
        let log = opened.log.clone();
        let records: Vec<NewRecord> = (0..10).map(|i| event(&format!("{request}-{i}"), 1.0)).collect();
        waiting.spawn(async move { (request, log.append(records).await) });
        sent += 1;
    }
    // 50 records can be in the append under way and 100 in the queue: at least 25 of 40 requests are refused.
    while refused.len() < 25 {
        let next = tokio::time::timeout(Duration::from_secs(10), waiting.join_next());
        let (request, result) = next.await.expect("refused at once").expect("some wait").expect("no panic");
        match result {
            Err(LogError::Full { retry_after, .. }) => {
                assert!(retry_after > Duration::ZERO && retry_after <= Duration::from_secs(5));
                refused.insert(request);
            }
            other => panic!("the head is locked, yet {other:?}"),
        }
    }
    other.rollback().await.expect("unlocked");
    let mut taken = HashSet::new();
    while let Some(result) = waiting.join_next().await {
        let (request, result) = result.expect("no panic");
        if result.is_ok() {
            taken.insert(request);
        } else {
            refused.insert(request);
        }
    }
    assert_eq!(taken.len() + refused.len(), sent);
    assert!(taken.len() >= 10, "what waited is committed: {}", taken.len());
    let rows: i64 = sqlx::query_scalar("select count(*) from records").fetch_one(&pool).await.expect("counted");
    assert_eq!(rows, taken.len() as i64 * 10, "refused requests left nothing");
    let outcomes = opened.log.append(vec![event("after", 1.0)]).await.expect("room again");
    assert!(matches!(outcomes[..], [AppendOutcome::Accepted(_)]));
    opened.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_request_that_cannot_be_kept_is_refused_and_others_are_not() {
    let pool = migrated(&crate::support::database().await).await;
    let opened = open(&pool).await;
    let log = &opened.log;
    assert_eq!(log.append(Vec::new()).await.expect("nothing to do"), []);
    let mut nul = plain_event("nul", 1.0);
    nul.kind = "cli\0ck".to_owned();
    let record = |body| NewRecord::own(body);
    let refused = log.append(vec![event("x", 1.0), record(RecordBody::Event(nul))]).await;
    assert!(matches!(refused, Err(LogError::Refused { index: 1, .. })), "{refused:?}");
    let too_many = log.append((0..10_001).map(|i| event(&i.to_string(), 1.0)).collect()).await;
    assert!(matches!(too_many, Err(LogError::TooLarge { records: 10_001, .. })));
    // A restore of a version that is not there would stop every learner.
    let restore = record(RecordBody::Restore { version: VersionNumber(7), replay: None });
    let (good, bad) = tokio::join!(log.append(vec![event("y", 1.0)]), log.append(vec![event("z", 1.0), restore]));
    assert!(matches!(good.expect("appended")[..], [AppendOutcome::Accepted(_)]));
    assert!(matches!(bad, Err(LogError::Refused { index: 1, .. })), "{bad:?}");
    assert_eq!(log.head().await.expect("a head"), at(1));
    opened.close().await;
    let closed = log_after_close(&pool).await;
    assert!(matches!(closed, Err(LogError::Closed)), "{closed:?}");
}

async fn log_after_close(pool: &sqlx::PgPool) -> Result<Vec<AppendOutcome>, LogError> {
    let opened = open(pool).await;
    let log = opened.log.clone();
    opened.close().await;
    log.append(vec![event("late", 1.0)]).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_appender_goes_on_after_its_session_was_terminated() {
    let pool = migrated(&crate::support::database().await).await;
    let opened = open(&pool).await;
    opened.log.append(vec![event("before", 1.0)]).await.expect("appended");
    let ended: i64 = sqlx::query_scalar(
        "select count(pg_terminate_backend(pid)) from pg_stat_activity \
         where application_name = 'shelfmark appender' and datname = current_database()",
    )
    .fetch_one(&pool)
    .await
    .expect("terminated");
    assert_eq!(ended, 1);
    // The loss shows in the first statement, before anything is committed: callers need not notice.
    let outcomes = opened.log.append(vec![event("after", 1.0)]).await.expect("appended");
    assert_eq!(outcomes, [AppendOutcome::Accepted(at(2))]);
    opened.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_append_that_the_database_refuses_takes_nothing_and_the_next_one_works() {
    let pool = migrated(&crate::support::database().await).await;
    let opened = open(&pool).await;
    pool.execute("alter table records add constraint no_value_13 check (value <> 13)").await.expect("altered");
    let refused = opened.log.append(vec![event("a", 1.0), event("b", 13.0)]).await;
    assert!(matches!(refused, Err(LogError::Database(_))), "{refused:?}");
    assert_eq!(opened.log.head().await.expect("a head"), at(0));
    let outcomes = opened.log.append(vec![event("a", 1.0)]).await.expect("appended");
    assert_eq!(outcomes, [AppendOutcome::Accepted(at(1))]);
    opened.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_page_has_the_records_that_the_filter_names_in_order() {
    let pool = migrated(&crate::support::database().await).await;
    let opened = open(&pool).await;
    let log = Arc::new(opened.log.clone());
    let records = (0..30)
        .map(|i| {
            let mut event = plain_event(&format!("e{i}"), 1.0);
            event.user = Some(id(&format!("u{}", i % 3)));
            event.item = id(&format!("i{}", i % 2));
            NewRecord::own(RecordBody::Event(event))
        })
        .chain([NewRecord::own(RecordBody::RemoveItem { item: id("i1") })])
        .collect();
    log.append(records).await.expect("appended");
    let page = |user: Option<&str>, item: Option<&str>, after, limit| {
        let page = RecordsPage { after: at(after), limit, user: user.map(id), item: item.map(id) };
        let log = Arc::clone(&log);
        async move {
            let (records, _) = log.page(page).await.expect("a page");
            records.iter().map(|r| r.position.get()).collect::<Vec<u64>>()
        }
    };
    assert_eq!(page(None, None, 0, 3).await, [1, 2, 3]);
    assert_eq!(page(Some("u1"), None, 2, 2).await, [5, 8]);
    assert_eq!(page(Some("u1"), Some("i0"), 0, 10).await, [5, 11, 17, 23, 29]);
    assert_eq!(page(None, Some("i1"), 28, 10).await, [30, 31], "a record of the item too");
    opened.close().await;
}

#[tokio::test]
async fn the_default_model_is_there_and_its_first_configuration_stays() {
    let pool = migrated(&crate::support::database().await).await;
    let name = ModelName::new("default").expect("a name");
    let listed = shelfmark_store::model_catalog::list(&pool).await.expect("the catalogue");
    assert_eq!(listed.iter().map(|listed| &listed.name).collect::<Vec<_>>(), [&name]);
    let first = shelfmark_domain::ModelConfig { dim: 32, ..Default::default() };
    assert_eq!(base_config_or_init(&pool, &name, &first).await.expect("settled"), first);
    let later = shelfmark_domain::ModelConfig::default();
    assert_eq!(base_config_or_init(&pool, &name, &later).await.expect("read"), first);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn full_ranges_of_users_and_items_are_summarised_and_the_growing_one_is_not() {
    let pool = migrated(&crate::support::database().await).await;
    let opened = open(&pool).await;
    // The task starts once the process has appended 65,536 records.
    for append in 0..16_u32 {
        let records = (0..4_096).map(|n| event(&format!("{append}-{n}"), f64::from(n))).collect();
        opened.log.append(records).await.expect("appended");
    }
    let pages: i64 = sqlx::query_scalar("select pg_relation_size('records') / current_setting('block_size')::bigint")
        .fetch_one(&pool)
        .await
        .expect("a size");
    let deadline = std::time::Instant::now() + Duration::from_secs(60);
    // A range without a summary is read for every user.
    while pages_read_for_nobody(&pool).await >= 32 {
        assert!(std::time::Instant::now() < deadline, "{} of {pages} pages", pages_read_for_nobody(&pool).await);
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    let left: i32 = sqlx::query_scalar("select brin_summarize_new_values('records_users_items')")
        .fetch_one(&pool)
        .await
        .expect("summarised");
    assert_eq!(left, i32::from(pages % 32 != 0), "of {pages} pages");
    opened.close().await;
}

/// How many pages a search of the index reads for a user without records.
async fn pages_read_for_nobody(pool: &PgPool) -> i64 {
    let mut transaction = pool.begin().await.expect("begun");
    transaction.execute("set local enable_seqscan = off; set local enable_indexscan = off").await.expect("set");
    let plan: serde_json::Value =
        sqlx::query_scalar("explain (analyze, format json) select from records where user_id = 'nobody'")
            .fetch_one(&mut *transaction)
            .await
            .expect("a plan");
    plan.pointer("/0/Plan/Lossy Heap Blocks").and_then(serde_json::Value::as_i64).expect("pages of a bitmap scan")
}
