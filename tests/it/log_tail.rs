//! Goal: tails yield every append once, in order, with its boundary, from memory and from the table alike (P3, P4).
//! Method: tails of two log handles that share nothing but the database; random records by proptest.

use std::{collections::BTreeMap, time::Duration};

use crate::log_support::{Opened, at, event, id, migrated, open, open_with};
use futures::FutureExt;
use proptest::{prelude::*, test_runner::TestRunner};
use shelfmark_domain::{
    Append, Event, ForgottenUser, Id, Item, ModelConfig, NewRecord, PropertyValue, RecordBody, Timestamp, UserNames,
};
use shelfmark_log::{Log, LogError, LogSettings, Tail, append_forget, erase_user, lock_head};
use tokio::task::JoinSet;

/// A handle that keeps nothing in memory: its tails read the table.
async fn open_without_memory(pool: &sqlx::PgPool) -> Opened {
    let settings = LogSettings { recent_records_max: 0, ..LogSettings::default() };
    open_with(pool, settings).await
}

async fn read_through(mut tail: Tail, last: u64) -> Vec<Append> {
    let mut appends = Vec::new();
    while tail.position() < at(last) {
        let next = tokio::time::timeout(Duration::from_secs(20), tail.next());
        appends.push(next.await.expect("woken in time").expect("an append"));
    }
    appends
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn tails_of_two_processes_see_the_same_appends_with_equal_boundaries() {
    let pool = migrated(&crate::support::database().await).await;
    let (one, two) = (open(&pool).await, open(&pool).await);
    let records = 8 * 30 * 17;
    let mut readers = JoinSet::new();
    for log in [&one.log, &one.log, &two.log] {
        readers.spawn(read_through(log.tail(at(0)), records));
    }
    let mut writers = JoinSet::new();
    for writer in 0..8 {
        let log = if writer % 2 == 0 { &one } else { &two }.log.clone();
        writers.spawn(async move {
            for request in 0..30 {
                let records = (0..17).map(|i| event(&format!("{writer}-{request}-{i}"), 1.0));
                log.append(records.collect()).await.expect("appended");
            }
        });
    }
    while let Some(done) = writers.join_next().await {
        done.expect("no panic");
    }
    let mut read = Vec::new();
    while let Some(appends) = readers.join_next().await {
        read.push(appends.expect("no panic"));
    }
    let mut expected = 1;
    for append in &read[0] {
        assert_eq!(append.first().get(), expected, "gapless");
        assert_eq!(append.records.len() % 17, 0, "requests stay whole");
        expected = append.last().get() + 1;
    }
    assert_eq!(read[0], read[1]);
    assert_eq!(read[0], read[2], "from memory and from the table");
    let again = one.log.read_after(at(0), usize::MAX).await.expect("read");
    assert_eq!(again, read[0]);
    let (head, _) = two.log.head_known();
    assert_eq!(head.get(), records);
    one.close().await;
    two.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_read_never_cuts_an_append_and_a_tail_may_begin_inside_one() {
    let pool = migrated(&crate::support::database().await).await;
    let opened = open_without_memory(&pool).await;
    let log = &opened.log;
    for append in 0..3 {
        let records = (0..100).map(|i| event(&format!("{append}-{i}"), 1.0)).collect();
        log.append(records).await.expect("appended");
    }
    let lengths = |appends: Vec<Append>| appends.iter().map(|a| a.records.len()).collect::<Vec<usize>>();
    assert_eq!(lengths(log.read_after(at(0), 1).await.expect("read")), [100]);
    assert_eq!(lengths(log.read_after(at(0), 100).await.expect("read")), [100]);
    assert_eq!(lengths(log.read_after(at(0), 101).await.expect("read")), [100, 100]);
    assert_eq!(lengths(log.read_after(at(150), 100).await.expect("read")), [50, 100]);
    assert_eq!(lengths(log.read_after(at(300), 100).await.expect("read")), [0; 0]);
    let first = log.tail(at(150)).next().await.expect("an append");
    assert_eq!((first.first(), first.last()), (at(151), at(200)));
    opened.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_wait_that_is_given_up_loses_no_append() {
    let pool = migrated(&crate::support::database().await).await;
    let (here, elsewhere) = (open(&pool).await, open(&pool).await);
    let mut tail = here.log.tail(at(0));
    for append in 1..=50_u64 {
        assert!(tail.next().now_or_never().is_none_or(|next| next.is_ok()));
        let log = if append % 2 == 0 { &here } else { &elsewhere };
        log.log.append(vec![event(&append.to_string(), 1.0)]).await.expect("appended");
        // Give up again and again, at arbitrary points of the wait and the read, until it is there.
        let deadline = tokio::time::Instant::now() + Duration::from_secs(20);
        while tail.position() < at(append) {
            assert!(tokio::time::Instant::now() < deadline);
            if let Ok(next) = tokio::time::timeout(Duration::from_micros(300), tail.next()).await {
                assert_eq!(next.expect("an append").first(), at(append));
            }
        }
    }
    here.close().await;
    assert!(matches!(tail.next().await, Err(LogError::Closed)));
    elsewhere.close().await;
}

/// Goal: who followed a user by name learns of the pseudonym before the first record that has it (P4, P10). Method: one
/// event is handed over from memory; the next, of another process, is read from the table after an erasure rewrote it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_tail_tells_of_an_erasure_before_what_it_rewrote() {
    let pool = migrated(&crate::support::database().await).await;
    let (here, elsewhere) = (open(&pool).await, open(&pool).await);
    let mut tail = here.log.tail(at(0));
    let user = |append: &Append| {
        let RecordBody::Event(event) = &append.records[0].body else { panic!("{append:?}") };
        event.user.clone().expect("a user")
    };
    here.log.append(vec![event("from memory", 1.0)]).await.expect("appended");
    let name = user(&tail.next().await.expect("an append"));
    assert!(tail.take_forgotten().is_empty());
    elsewhere.log.append(vec![event("from the table", 1.0)]).await.expect("appended");
    let forgotten = ForgottenUser::new(&name, 7);
    let mut transaction = pool.begin().await.expect("begun");
    let (model, names) = (here.log.model_id(), UserNames::new(name.clone()));
    let head = lock_head(&mut transaction, model).await.expect("locked");
    erase_user(&mut transaction, model, &names, &forgotten, at(0)).await.expect("erased");
    append_forget(&mut transaction, head, &forgotten).await.expect("forgotten");
    transaction.commit().await.expect("committed");
    here.log.append(vec![event("from memory again", 1.0)]).await.expect("appended");

    let rewritten = tail.next().await.expect("an append");
    assert_eq!((user(&rewritten), tail.take_forgotten()), (forgotten.name().clone(), vec![forgotten]));
    let record = tail.next().await.expect("an append");
    assert!(matches!(record.records[0].body, RecordBody::Forget(_)) && tail.take_forgotten().is_empty());
    assert_eq!(user(&tail.next().await.expect("an append")), name, "who comes back has the name again");
    here.close().await;
    elsewhere.close().await;
}

/// Appends through a handle with memory and reads from one without.
async fn both_ways(memory: &Log, table: &Log, records: Vec<NewRecord>) -> (Vec<RecordBody>, Vec<RecordBody>) {
    let after = memory.head().await.expect("a head");
    let mut tail = memory.tail(after);
    let sources: Vec<Option<Id>> = records.iter().map(|record| record.source.clone()).collect();
    memory.append(records).await.expect("appended");
    let handed_over = tail.next().await.expect("an append");
    let read = table.read_after(after, 1).await.expect("read");
    assert_eq!(read.len(), 1);
    assert_eq!(read[0].last(), handed_over.last());
    for (a, b) in read[0].records.iter().zip(handed_over.records.iter()) {
        assert_eq!((a.position, a.appended_at, &a.source), (b.position, b.appended_at, &b.source));
    }
    assert_eq!(sources, read[0].records.iter().map(|record| record.source.clone()).collect::<Vec<_>>());
    let bodies = |append: &Append| append.records.iter().map(|r| r.body.clone()).collect();
    (bodies(&handed_over), bodies(&read[0]))
}

/// Debug text shows every bit of a float that matters here: -0.0, and the shortest digits that tell two floats apart.
fn exact(body: &RecordBody) -> String {
    format!("{body:?}")
}

#[test]
fn handed_over_and_read_records_are_equal_to_the_bit() {
    let runtime =
        tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().expect("a runtime");
    let (memory, table) = runtime.block_on(async {
        let pool = migrated(&crate::support::database().await).await;
        (open(&pool).await, open_without_memory(&pool).await)
    });
    let mut runner =
        TestRunner::new(ProptestConfig { cases: 48, failure_persistence: None, ..ProptestConfig::default() });
    let bodies = prop::collection::vec(any_body(), 1..24);
    let result = runner.run(&bodies, |bodies| {
        let key = |n: usize| (n % 3 == 1).then(|| id("schlüssel 7"));
        let records = bodies.iter().cloned().enumerate();
        let records = records.map(|(n, body)| NewRecord { source: key(n), ..NewRecord::own(body) }).collect();
        let (handed_over, read) = runtime.block_on(both_ways(&memory.log, &table.log, records));
        for ((sent, handed_over), read) in bodies.iter().zip(&handed_over).zip(&read) {
            prop_assert_eq!(exact(handed_over), exact(read));
            prop_assert_eq!(vectors(sent), vectors(read), "f32 vectors are those that were sent");
            if let (RecordBody::Event(sent), RecordBody::Event(read)) = (sent, read) {
                prop_assert_eq!(sent.value.map(f64::to_bits), read.value.map(f64::to_bits));
                prop_assert_eq!(sent.ts, read.ts);
                prop_assert_eq!(
                    (&sent.event_id, &sent.user, &sent.session, &sent.item, &sent.kind),
                    (&read.event_id, &read.user, &read.session, &read.item, &read.kind)
                );
                prop_assert_eq!((&sent.context, &sent.recommendation_id), (&read.context, &read.recommendation_id));
                prop_assert_eq!(sent.properties.is_some(), read.properties.is_some());
            }
        }
        Ok(())
    });
    runtime.block_on(async {
        memory.close().await;
        table.close().await;
    });
    result.expect("equal");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn properties_that_jsonb_refuses_or_changes_come_back_as_they_were() {
    let pool = migrated(&crate::support::database().await).await;
    let (memory, table) = (open(&pool).await, open_without_memory(&pool).await);
    let mut odd = crate::log_support::plain_event("odd", -0.0);
    odd.properties = Some(serde_json::json!({
        "nul": "a\u{0}b", "zero": -0.0, "tiny": 5e-324, "big": u64::MAX, "b": 1, "a": [null, "\u{1F4DA}"],
    }));
    odd.context = vec!["z".to_owned(), "a:\u{0}".to_owned()];
    let mut null = crate::log_support::plain_event("null", 1.0);
    null.properties = Some(serde_json::Value::Null);
    let sent: Vec<RecordBody> = [odd, null].map(RecordBody::Event).into();
    let records = sent.iter().cloned().map(NewRecord::own).collect();
    let (handed_over, read) = both_ways(&memory.log, &table.log, records).await;
    assert_eq!(format!("{sent:?}"), format!("{handed_over:?}"));
    assert_eq!(format!("{sent:?}"), format!("{read:?}"));
    memory.close().await;
    table.close().await;
}

fn vectors(body: &RecordBody) -> Vec<Vec<u32>> {
    let RecordBody::PutItem(item) = body else {
        return Vec::new();
    };
    item.vectors.values().map(|vector| vector.iter().map(|x| x.to_bits()).collect()).collect()
}

fn any_body() -> impl Strategy<Value = RecordBody> {
    prop_oneof![
        6 => any_event().prop_map(RecordBody::Event),
        3 => any_item().prop_map(RecordBody::PutItem),
        1 => any_id().prop_map(|item| RecordBody::RemoveItem { item }),
        1 => any_rate().prop_map(|rate| {
            let mut config = Box::<ModelConfig>::default();
            config.rates.items = rate;
            config.kinds.insert("späť".to_owned(), rate.into());
            RecordBody::Configure { config }
        }),
    ]
}

fn any_rate() -> impl Strategy<Value = f32> {
    prop::num::f32::POSITIVE | prop::num::f32::SUBNORMAL | prop::num::f32::ZERO
}

fn any_id() -> impl Strategy<Value = shelfmark_domain::Id> {
    "\\PC{1,40}".prop_filter_map("an id", |text| shelfmark_domain::Id::new("id", &text).ok())
}

fn finite() -> impl Strategy<Value = f64> {
    prop::num::f64::NORMAL | prop::num::f64::SUBNORMAL | prop::num::f64::ZERO
}

fn any_json() -> impl Strategy<Value = serde_json::Value> {
    let leaf = prop_oneof![
        Just(serde_json::Value::Null),
        any::<bool>().prop_map(Into::into),
        any::<i64>().prop_map(Into::into),
        finite().prop_map(Into::into),
        any::<String>().prop_map(Into::into),
    ];
    leaf.prop_recursive(3, 16, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Into::into),
            prop::collection::btree_map(any::<String>(), inner, 0..4)
                .prop_map(|map| serde_json::Value::Object(map.into_iter().collect())),
        ]
    })
}

fn any_event() -> impl Strategy<Value = Event> {
    let ts = Timestamp::MIN.micros()..=Timestamp::MAX.micros();
    let who = (prop::option::of(any_id()), prop::option::of(any_id()));
    let rest = (prop::collection::vec(any::<String>(), 0..4), prop::option::of(any_id()), prop::option::of(any_json()));
    (any::<u128>(), who, any_id(), any_id(), prop::option::of(finite()), ts, rest).prop_map(
        |(event_id, (user, session), item, kind, value, ts, (context, recommendation_id, properties))| Event {
            event_id: id(&format!("{event_id:032x}")),
            user,
            session,
            item,
            kind: kind.to_string(),
            value,
            ts: Timestamp::from_micros(ts).expect("in range"),
            context,
            recommendation_id,
            properties,
        },
    )
}

fn any_item() -> impl Strategy<Value = Item> {
    let value = prop_oneof![
        any::<bool>().prop_map(PropertyValue::Flag),
        finite().prop_map(|number| PropertyValue::Number(number.into())),
        any::<String>().prop_map(PropertyValue::Text),
    ];
    let float = prop::num::f32::NORMAL | prop::num::f32::SUBNORMAL | prop::num::f32::ZERO;
    let texts = prop::collection::vec(any::<String>(), 0..3);
    (
        (any_id(), prop::option::of(any::<String>()), prop::option::of(any::<String>()), any::<bool>()),
        (texts.clone(), texts),
        prop::collection::btree_map(any::<String>(), value, 0..4),
        prop::collection::vec(prop::collection::vec(float, 1..64), 0..3),
    )
        .prop_map(|((id, title, text, available), (categories, tags), properties, vectors)| Item {
            id,
            title,
            text,
            categories,
            tags,
            properties,
            vectors: vectors.into_iter().enumerate().map(|(i, v)| (format!("m{i}"), v)).collect::<BTreeMap<_, _>>(),
            available,
        })
}
