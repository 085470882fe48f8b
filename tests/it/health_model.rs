//! Traces and live quality against slow references.

#![expect(clippy::unwrap_used, reason = "helpers of tests may fail the test")]

use std::{
    collections::BTreeMap,
    time::{Duration, Instant},
};

use crate::health_support::{Watched, event};
use shelfmark::engine::{Dependencies, EngineSettings, Model, Models, TakeVersion};
use shelfmark_domain::{
    Append, Event, ExcludeSeen, Exclusions, ModelConfig, ModelName, NewRecord, Query, RecordBody, RollbackMode,
    RollbackRequest, RollbackTarget, Subject, VersionRef,
};
use shelfmark_learner::{Learner, prepare_thread};
use shelfmark_log::LogSettings;
use shelfmark_monitor::health::{Part, Quality, TraceTarget, Tracer};
use shelfmark_postgres as postgres;
use shelfmark_serving::{SearchSettings, Searcher, View};
use shelfmark_state::{CounterRng, Digester, LearnedTable, dot};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

const PATIENCE: Duration = Duration::from_secs(60);

/// Goal: a trace is exact. Method: a log in memory; the traced event's step is found by a replay from an earlier state,
/// its rows are compared bit for bit with the states that the first run left before and after the event's append, and
/// the replay ends at the first run's digest.
#[test]
fn a_replay_ends_at_the_same_digest_and_its_trace_has_the_rows_of_the_first_run() {
    let mut watched =
        Watched::new(ModelConfig { dim: 8, full_softmax_below: 60, negatives: 24, ..ModelConfig::default() });
    let mut draws = CounterRng::new(3, 1, 1);
    let mut number = 0;
    let mut next = |count: usize| -> Vec<RecordBody> {
        let event = |_| {
            number += 1;
            // Baskets of three at one time.
            let user = format!("u{}", number / 3 % 17);
            let item = format!("i{}", draws.below(90));
            RecordBody::Event(Event { ts: event(number / 3, &user, &item).ts, ..event(number, &user, &item) })
        };
        (0..count).map(event).collect()
    };
    for _ in 0..20 {
        watched.append(next(60));
    }
    let (kept, kept_at) = (watched.state.clone(), watched.head);
    let mut appends: Vec<Append> = (0..5).map(|_| watched.append(next(60))).collect();
    let before = watched.state.clone();
    let traced = watched.append(next(60));
    let after = watched.state.clone();
    let record = &traced.records[37];
    appends.push(traced.clone());
    appends.push(watched.append(next(60)));

    let RecordBody::Event(event) = &record.body else { panic!("events were appended") };
    let target = TraceTarget { position: record.position, event: event.clone() };
    let mut state = kept;
    let mut learner = Learner::with_statistics_every(1);
    let mut tracer = Tracer::new(target);
    for append in &appends {
        learner.apply(&mut state, append, &BTreeMap::new(), &mut tracer).unwrap();
    }
    assert_eq!(Digester::new(&state).digest(), Digester::new(&watched.state).digest(), "P4");
    let trace = tracer.trace().expect("the event was met");
    assert!(trace.batch_first > kept_at && trace.batch_first <= record.position && trace.batch_last >= record.position);
    let item = before.inference.catalog.row(event.item.as_str()).unwrap() as usize;
    let traced = trace.rows.iter().find(|row| row.part == Part::Item && row.table == LearnedTable::Items).unwrap();
    let norm = |state: &shelfmark_state::State| {
        let row = state.inference.parameters.items.row(item);
        dot(row, row).sqrt().to_bits()
    };
    assert_eq!(traced.norm_before.to_bits(), norm(&before));
    assert_eq!(traced.norm_after.to_bits(), norm(&after));
    assert!(traced.moved > 0.0 && traced.gradient_norm > 0.0);
    assert!(trace.rows.iter().any(|row| row.part == Part::User));
}

struct Running {
    with: Dependencies,
    model: Model,
}

async fn start() -> Running {
    let pool = postgres::connect(&crate::support::database().await, 8).await.unwrap();
    postgres::migrate(&pool).await.unwrap();
    let with = Dependencies {
        pool,
        log: LogSettings::default(),
        engine: EngineSettings { quality_share: 1.0, ..EngineSettings::default() },
        searcher: Searcher::start(SearchSettings { threads: 1, ..SearchSettings::default() }).unwrap(),
        default_config: ModelConfig { dim: 8, ..ModelConfig::default() },
        stop: CancellationToken::new(),
        log_stop: CancellationToken::new(),
        tasks: TaskTracker::new(),
        log_tasks: TaskTracker::new(),
    };
    let models = Models::start(&with).await.unwrap();
    let model = models.get(&ModelName::new("default").unwrap()).unwrap();
    Running { with, model }
}

/// Sums of the slow reference.
#[derive(Default)]
struct Reference {
    all: Vec<Option<usize>>,
    novel: Vec<Option<usize>>,
}

impl Reference {
    /// Ranks all items, and looks for the target.
    fn add(&mut self, view: &View, event: &Event, is_new: bool) {
        let place = |exclude_seen| {
            let query = Query {
                exclude_seen,
                ..Query::new(Subject::User(event.user.clone().unwrap()), Query::LIMIT_MAX, event.ts)
            };
            let list = view.recommend(&query).unwrap().items;
            list.iter().position(|item| item.id == event.item).map(|place| place + 1).filter(|place| *place <= 20)
        };
        self.all.push(place(ExcludeSeen::No));
        if is_new {
            self.novel.push(place(ExcludeSeen::All));
        }
    }

    fn quality(&self) -> Quality {
        let recall = |places: &[Option<usize>]| places.iter().flatten().count() as f64 / places.len() as f64;
        let mrr = |places: &[Option<usize>]| {
            places.iter().flatten().map(|place| 1.0 / *place as f64).sum::<f64>() / places.len() as f64
        };
        Quality {
            targets: self.all.len() as u64,
            recall: Some(recall(&self.all)),
            mrr: Some(mrr(&self.all)),
            novel_targets: self.novel.len() as u64,
            novel_recall: Some(recall(&self.novel)),
            novel_mrr: Some(mrr(&self.novel)),
        }
    }
}

/// Goal: live quality is what readers would have got, of the live view and of a pinned version. Method: events one at a
/// time through the whole engine, sampling everything; before each, all items are ranked here, from the views of that
/// moment.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn live_quality_is_that_of_ranking_everything_before_every_event() {
    prepare_thread();
    let Running { with, model } = start().await;
    let mut draws = CounterRng::new(11, 1, 1);
    let (mut live, mut pinned) = (Reference::default(), Reference::default());
    let mut seen: BTreeMap<String, Vec<String>> = BTreeMap::new();
    let mut seen_by_version = seen.clone();
    let mut is_pinned = false;
    for n in 0..300_u64 {
        if n == 200 {
            let take = TakeVersion { label: None, reason: None, actor: "test".into() };
            let manifest = model.take_version(take).await.unwrap();
            let quality = serde_json::to_value(live.quality()).unwrap();
            assert_eq!(manifest.metrics["quality"]["live"], quality);
            let to = RollbackTarget::Version(VersionRef::Number(manifest.version));
            let (mode, except, dry_run) = (RollbackMode::Pin, Exclusions::default(), false);
            let request =
                RollbackRequest { to, mode, except, dry_run, reason: None, actor: "test".into(), details: None };
            model.rollback(request).await.unwrap();
            seen_by_version = seen.clone();
            is_pinned = true;
        }
        let user = format!("u{}", draws.below(6));
        // Two tastes, so that there is something to learn, and more items than places.
        let item = format!("i{}", draws.below(24) * 2 + usize::from(user.as_str() < "u3"));
        let event = event(n, &user, &item);
        let is_new = |seen: &BTreeMap<String, Vec<String>>| seen.get(&user).is_none_or(|items| !items.contains(&item));
        live.add(&model.live(), &event, is_new(&seen));
        if is_pinned {
            pinned.add(&model.served(), &event, is_new(&seen_by_version));
        }
        seen.entry(user.clone()).or_default().push(item.clone());
        let record = NewRecord::own(RecordBody::Event(event));
        model.log().append(vec![record]).await.unwrap();
        let deadline = Instant::now() + PATIENCE;
        while model.learning().quality_sampled <= n || model.learning().lag_records > 0 {
            assert!(Instant::now() < deadline, "event {n} is not sampled");
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    }
    let quality = model.learning().quality;
    println!("live {:?}, pinned {:?}", quality.live, quality.served);
    assert_eq!(quality.live, live.quality());
    assert_eq!(quality.served, pinned.quality());
    assert!(quality.live.recall > Some(0.3) && quality.live.novel_targets > 50);
    with.stop.cancel();
    with.tasks.close();
    with.tasks.wait().await;
    with.log_stop.cancel();
    with.log_tasks.close();
    with.log_tasks.wait().await;
}
