//! The queue with the test as its worker, and the search threads with their handle.

use std::{
    sync::atomic::{AtomicU64, Ordering},
    task::{Context, Poll, Waker},
};

use shelfmark_domain::{ModelConfig, Position, Served, Subject, Timestamp};
use shelfmark_state::State;

use crate::{
    Publisher, SearchScratch,
    queue::{BatchTime, Job},
};

use super::*;

/// Nothing is refused for its wait, however busy the machine is.
const PATIENT: SearchSettings = SearchSettings {
    threads: 1,
    queue_max: 100,
    wait_max: Duration::from_secs(3600),
    lag_max: Duration::from_secs(3600),
    batch_max: 16,
};

fn view() -> Arc<View> {
    let mut state = State::initial(Arc::new(ModelConfig { dim: 8, ..ModelConfig::default() }));
    for item in ["a", "b"] {
        state.put_item(&shelfmark_domain::Item::bare(Id::new("id", item).expect("valid")));
    }
    Publisher::from_scratch(&state.inference, Position::new(1), Served::Live)
}

fn query() -> Query {
    Query::new(Subject::Nobody, 5, Timestamp::default())
}

/// A queue without threads: the test is the worker, so nothing depends on time.
fn bare(settings: SearchSettings) -> Shared {
    Shared::new(settings, Meters::new())
}

fn ask(shared: &Shared, view: &Arc<View>) -> oneshot::Receiver<Result<Recommendations, QueryError>> {
    let (reply, answer) = oneshot::channel();
    shared.push(Arc::clone(view), Request::Recommend { query: query(), reply }).expect("room in the queue");
    answer
}

#[test]
fn a_full_queue_is_busy_and_takes_searches_again_once_it_was_worked_off() {
    let shared = bare(SearchSettings { threads: 1, queue_max: 2, ..PATIENT });
    let view = view();
    let mut answers = [ask(&shared, &view), ask(&shared, &view)];
    let (reply, _answer) = oneshot::channel();
    let refused = shared.push(Arc::clone(&view), Request::Recommend { query: query(), reply });
    assert_eq!(refused, Err(QueryError::Busy));
    let mut batch = Vec::new();
    shared.next_batch(&mut batch).expect("two wait");
    assert_eq!(batch.len(), 2);
    let _third = ask(&shared, &view);
    drop(batch);
    assert!(answers[0].try_recv().is_err(), "dropped unanswered, which the handle reports as a failure");
}

/// Notes that a thread that was given `searches` needed so long for them.
fn done(shared: &Shared, searches: usize, took: Duration) {
    shared.lock().under_way += searches;
    shared.done(searches, searches, BatchTime { wall: took, cpu: took });
}

#[test]
fn a_burst_may_wait_and_once_one_was_refused_only_a_twentieth_of_it_until_it_is_calm() {
    let shared = bare(SearchSettings { queue_max: 10_000, batch_max: 2, ..PATIENT });
    let view = view();
    // A search takes 36 s: 100 of them are done in an hour, 5 in a twentieth.
    for _ in 0..200 {
        done(&shared, 2, Duration::from_secs(72));
    }
    let mut answers = Vec::new();
    while !shared.is_full() {
        answers.push(ask(&shared, &view));
    }
    assert!((99..=103).contains(&answers.len()), "{}", answers.len());
    let mut batch = Vec::new();
    let mut work_off = |left: usize| {
        while shared.lock().jobs.len() > left {
            batch.clear();
            shared.next_batch(&mut batch).expect("some wait");
        }
    };
    work_off(8);
    assert!(shared.is_full(), "the queue stands: there is room again only when it is short");
    work_off(4);
    assert!(!shared.is_full());
    // Slow searches wait for a whole pass whatever it takes.
    for _ in 0..200 {
        done(&shared, 1, Duration::from_secs(100_000));
    }
    assert!(shared.is_full());
    work_off(0);
    assert!(!shared.is_full());
    let _one = ask(&shared, &view);
    assert!(!shared.is_full(), "a pass serves two");
}

#[test]
fn in_a_crowd_few_slow_searches_are_ahead_and_when_it_is_gone_whole_passes_again() {
    let shared = bare(SearchSettings { threads: 2, wait_max: Duration::from_secs(1), ..PATIENT });
    let view = view();
    for _ in 0..200 {
        done(&shared, 8, Duration::from_secs(100));
    }
    let mut now = std::time::Instant::now();
    let room = |now| shared.has_room(&mut shared.lock(), now);
    let mut answers = Vec::new();
    // Three of four are refused, then nearly all.
    for (refusals, ahead) in [(48, 16), (200, 8), (200, 8), (20, 16)] {
        while room(now) {
            answers.push(ask(&shared, &view));
        }
        assert!((0..refusals).all(|_| !room(now)), "none fits in");
        shared.lock().jobs.clear();
        now += Duration::from_secs(1);
        answers.clear();
        while room(now) {
            answers.push(ask(&shared, &view));
        }
        assert_eq!(answers.len(), ahead, "after {refusals} refusals");
        // Given to a thread, they are ahead still.
        let mut batch = Vec::new();
        shared.next_batch(&mut batch).expect("some wait");
        assert_eq!(room(now), ahead == 16, "only those that wait count without a crowd");
        shared.done(batch.len(), 0, BatchTime::default());
    }
}

#[test]
fn time_that_other_programs_took_refuses_nothing_before_there_is_more_than_can_be_done() {
    let shared = bare(SearchSettings { queue_max: 10_000, ..PATIENT });
    let view = view();
    // A search takes 36 s of a CPU, 100 an hour, and three times as long beside others.
    for _ in 0..200 {
        shared.lock().under_way += 2;
        let took = BatchTime { wall: Duration::from_secs(3 * 72), cpu: Duration::from_secs(72) };
        shared.done(2, 2, took);
    }
    let mut answers = Vec::new();
    while !shared.is_full() {
        answers.push(ask(&shared, &view));
    }
    assert!((99..=103).contains(&answers.len()), "{}", answers.len());
    // Then they wait little, however long it takes: 15 would take 27 minutes.
    shared.lock().jobs.truncate(17);
    assert!(shared.is_full());
    shared.lock().jobs.truncate(15);
    assert!(!shared.is_full(), "a pass serves sixteen");
}

#[test]
fn a_search_that_waited_for_a_thread_to_wake_up_is_answered() {
    let shared = Arc::new(bare(SearchSettings { wait_max: Duration::from_millis(1), ..PATIENT }));
    let worker = std::thread::spawn({
        let shared = Arc::clone(&shared);
        move || work(&shared)
    });
    while shared.lock().idle == 0 {
        std::thread::yield_now();
    }
    let (reply, answer) = oneshot::channel();
    let queued = std::time::Instant::now() - Duration::from_millis(50);
    let job = Job { view: view(), request: Request::Recommend { query: query(), reply }, queued };
    shared.lock().jobs.push_back(job);
    shared.wake.notify_one();
    assert_eq!(answer.blocking_recv().expect("told").expect("answered").items.len(), 2);
    shared.stop();
    worker.join().expect("an end");
}

#[test]
fn a_search_that_waited_too_long_is_refused_and_not_answered_late() {
    let shared = bare(SearchSettings { wait_max: Duration::from_millis(1), ..PATIENT });
    let view = view();
    let mut late = ask(&shared, &view);
    std::thread::sleep(Duration::from_millis(5));
    shared.stop();
    work(&shared);
    assert_eq!(late.try_recv().expect("told"), Err(QueryError::Busy));
}

#[test]
fn a_batch_takes_what_waits_for_the_same_state_and_leaves_a_fair_share() {
    let shared = bare(SearchSettings { threads: 2, ..PATIENT });
    let (one, other) = (view(), view());
    let same = one.served_as(Served::Version(shelfmark_domain::VersionNumber(1)));
    let _answers: Vec<_> = [&one, &other, &same, &one, &other].into_iter().map(|view| ask(&shared, view)).collect();
    let mut batch = Vec::new();
    shared.next_batch(&mut batch).expect("five wait");
    assert_eq!(batch.len(), 3, "by state, not by name");
    assert!(batch.iter().all(|job| job.view.same_snapshot(&one)));
    batch.clear();
    shared.next_batch(&mut batch).expect("two wait");
    assert_eq!(batch.len(), 2);
    batch.clear();
    let _answers: Vec<_> = (0..20).map(|_| ask(&shared, &one)).collect();
    shared.next_batch(&mut batch).expect("twenty wait");
    assert_eq!(batch.len(), 10, "half of them for each of two threads");
}

#[test]
fn a_panic_is_its_own_requesters_failure_only() {
    let shared = bare(PATIENT);
    let view = view();
    let mut before = ask(&shared, &view);
    let (reply, mut culprit) = oneshot::channel();
    shared.push(Arc::clone(&view), Request::Panic { reply }).expect("room");
    let mut after = ask(&shared, &view);
    shared.stop();
    work(&shared);
    assert_eq!(before.try_recv().expect("answered").expect("fine").items.len(), 2);
    assert_eq!(culprit.try_recv().expect("answered"), Err(QueryError::Failed));
    assert_eq!(after.try_recv().expect("answered").expect("fine").items.len(), 2);
}

#[test]
fn a_search_whose_requester_went_away_is_not_done() {
    let (cancelled, ok) = (Arc::new(AtomicU64::new(0)), Arc::new(AtomicU64::new(0)));
    let mut meters = Meters::new();
    meters.cancelled = metrics::Counter::from_arc(Arc::clone(&cancelled));
    meters.ok = metrics::Counter::from_arc(Arc::clone(&ok));
    let shared = Shared::new(PATIENT, meters);
    let view = view();
    drop(ask(&shared, &view));
    let _kept = ask(&shared, &view);
    shared.stop();
    work(&shared);
    assert_eq!((cancelled.load(Ordering::SeqCst), ok.load(Ordering::SeqCst)), (1, 1));
}

#[test]
fn dropping_the_last_handle_answers_what_waits_and_ends_the_threads() {
    let searcher = Searcher::start(SearchSettings { threads: 2, batch_max: 4, ..PATIENT }).expect("threads");
    let view = view();
    let mut searches: Vec<_> = (0..50)
        .map(|_| {
            Box::pin({
                let (searcher, view) = (searcher.clone(), Arc::clone(&view));
                // Explained, so that it is not answered at once.
                let query = Query { with_explanation: true, ..query() };
                async move { searcher.recommend(view, query).await }
            })
        })
        .collect();
    let shared = Arc::downgrade(&searcher.pool.shared);
    let mut task = Context::from_waker(Waker::noop());
    // The first poll puts the search into the queue.
    let started = std::time::Instant::now();
    let mut answered = vec![false; searches.len()];
    while !answered.iter().all(|answered| *answered) {
        for (search, answered) in searches.iter_mut().zip(&mut answered) {
            if !*answered && let Poll::Ready(answer) = search.as_mut().poll(&mut task) {
                assert_eq!(answer.expect("fine").items.len(), 2);
                *answered = true;
            }
        }
        assert!(started.elapsed().as_secs() < 60, "fifty small searches take milliseconds");
        std::thread::yield_now();
    }
    drop(searches);
    drop(searcher);
    assert!(shared.upgrade().is_none(), "the threads held it until they ended");
    let direct = view.recommend_batch(&[&query()], &mut SearchScratch::default());
    assert_eq!(direct[0].as_ref().expect("fine").items.len(), 2);
}
