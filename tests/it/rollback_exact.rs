//! Goal: a rollback leads to the state that a slow, obvious simulation leads to, bit for bit (P4, P7). Method: the
//! service in process on a real Postgres, and one learner in memory that applies the same appends, cut and filtered by
//! hand. Digests must agree, after a restart and in a second process too. The seed is printed.

#![expect(clippy::unwrap_used, reason = "helpers of tests may fail the test")]

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use crate::engine_support::{Running, config, events, learn, new_event, reached, start, until};
use shelfmark::engine::{RolledBack, TakeVersion};
use shelfmark_domain::{
    Append, CutOrigin, Deployment, DeploymentMode, Derived, ExclusionReason, Exclusions, Id, Interval, NewRecord,
    Position, PositionSet, Record, RecordBody, ReplayOrigin, RollbackMode, RollbackRequest, RollbackTarget, Served,
    Timestamp, VersionNumber, VersionRef,
};
use shelfmark_learner::{Learner, prepare_thread};
use shelfmark_state::{CounterRng, Digester, State};
use shelfmark_store::operations::{Operation, OperationState};

const PATIENCE: Duration = Duration::from_secs(60);

/// The log as the service has it, and what the simulation knows of its versions.
struct Simulated {
    appends: Vec<Append>,
    versions: BTreeMap<VersionNumber, State>,
}

impl Simulated {
    fn head(&self) -> Position {
        self.appends.last().map_or(Position::ZERO, Append::last)
    }

    /// Reads what the service has appended since; boundaries and times are the service's.
    async fn follow(&mut self, running: &Running) {
        self.appends.extend(running.model.log().read_after(self.head(), 100_000).await.unwrap());
    }

    /// Applies the records after `after` through `through` that `keep` keeps, append by append.
    fn fold(&self, from: State, after: Position, through: Position, keep: impl Fn(&Record) -> bool) -> State {
        let mut state = from;
        let mut learner = Learner::default();
        for append in &self.appends {
            let within = |record: &&Record| after < record.position && record.position <= through;
            let records: Arc<[Record]> = append.records.iter().filter(within).filter(|r| keep(r)).cloned().collect();
            let mut restored = BTreeMap::new();
            for record in records.iter() {
                if let RecordBody::Restore { version, .. } = &record.body {
                    restored.insert(record.position, self.versions[version].clone());
                }
            }
            if !records.is_empty() {
                learner.apply(&mut state, &Append { records }, &restored, &mut ()).unwrap();
            }
        }
        state
    }

    /// A fresh service that was fed the first records. Every restore of the log must be a plain one.
    fn at(&self, position: Position) -> State {
        self.fold(State::initial(Arc::new(config())), Position::ZERO, position, |_| true)
    }
}

fn id(text: &str) -> Id {
    Id::new("id", text).unwrap()
}

/// One request of 20 to 49 events of a few users; half of them from the key `bot`.
async fn append(running: &Running, draws: &mut CounterRng, made: &mut usize) {
    let source = (draws.below(2) == 0).then(|| id("bot"));
    let records = (0..20 + draws.below(30)).map(|_| {
        *made += 1;
        NewRecord { source: source.clone(), ..NewRecord::own(RecordBody::Event(new_event(draws, *made))) }
    });
    let records: Vec<NewRecord> = records.collect();
    running.model.log().append(records).await.unwrap();
}

async fn take(running: &Running) -> VersionNumber {
    let head = running.model.log().head().await.unwrap();
    running.model.wait_applied(head, PATIENCE).await.unwrap();
    let take = TakeVersion { label: None, reason: None, actor: "test".into() };
    running.model.take_version(take).await.unwrap().version
}

fn request(to: RollbackTarget, mode: RollbackMode, except: &Exclusions) -> RollbackRequest {
    RollbackRequest {
        to,
        mode,
        except: except.clone(),
        dry_run: false,
        reason: None,
        actor: "test".into(),
        details: None,
    }
}

fn version(number: VersionNumber) -> RollbackTarget {
    RollbackTarget::Version(VersionRef::Number(number))
}

/// Rolls back and waits for the end of it.
async fn rolled_back(running: &Running, request: RollbackRequest) -> Deployment {
    match running.model.rollback(request).await.unwrap() {
        RolledBack::Done(deployment) => *deployment,
        RolledBack::Started(started) => {
            let id = started.id;
            started.ended.await.unwrap();
            let Operation { state, result, error, .. } = running.model.operations().store().get(id).await.unwrap();
            assert_eq!(state, OperationState::Done, "{error:?}");
            serde_json::from_value(result.unwrap()["deployment"].clone()).unwrap()
        }
    }
}

async fn assert_live(running: &Running, expected: &State, what: &str) {
    let head = running.model.log().head().await.unwrap();
    running.model.wait_applied(head, PATIENCE).await.unwrap();
    let status = running.model.status().await.unwrap();
    assert_eq!(status.position, head);
    assert_eq!(status.digest, Digester::new(expected).digest(), "{what}");
}

/// The live state again: of a second process now, and of this one after a restart.
async fn assert_found_again(running: Running, url: &str, expected: &State, what: &str) -> Running {
    let second = start(url).await;
    assert_live(&second, expected, &format!("{what}, in a second process")).await;
    second.stop().await;
    running.stop().await;
    let again = start(url).await;
    assert_live(&again, expected, &format!("{what}, after a restart")).await;
    again
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_restore_to_any_position_or_time_is_a_fresh_service_fed_the_first_records() {
    prepare_thread();
    let seed = u64::from(std::process::id());
    println!("seed {seed}");
    let url = crate::support::database().await;
    let running = start(&url).await;
    let mut draws = CounterRng::new(seed, 78, 0);
    let (mut made, mut simulated) = (0, Simulated { appends: Vec::new(), versions: BTreeMap::new() });
    let nothing = Exclusions::default();
    let mut state = simulated.at(Position::ZERO);
    for round in 0..5 {
        for _ in 0..3 {
            append(&running, &mut draws, &mut made).await;
        }
        if round == 1 {
            let number = take(&running).await;
            simulated.follow(&running).await;
            simulated.versions.insert(number, simulated.at(simulated.head()));
        }
        simulated.follow(&running).await;
        // Inside an append, at its end, at the beginning of all.
        let some = &simulated.appends[draws.below(simulated.appends.len())];
        let (to, position) = match round {
            0 => (RollbackTarget::Position(Position::ZERO), Position::ZERO),
            1 => (RollbackTarget::Time(some.records[0].appended_at), some.last()),
            2 => (RollbackTarget::Time(Timestamp::now()), simulated.head()),
            _ => {
                let inside = some.first().advanced(draws.below(some.records.len()) as u64);
                (RollbackTarget::Position(inside), inside)
            }
        };
        let expected = simulated.at(position);
        let pin = rolled_back(&running, request(to.clone(), RollbackMode::Pin, &nothing)).await;
        let pinned = running.model.served();
        assert_eq!(pinned.position(), position);
        let manifest = running.model.versions().get(&VersionRef::Number(pin.version.unwrap())).await.unwrap();
        assert_eq!(manifest.digest, Digester::new(&expected).digest(), "pin to {to:?}");
        let cut = simulated.appends.iter().find(|a| a.first() <= position && position < a.last()).map(Append::last);
        assert_eq!(manifest.derived, cut.map(|append_last| Derived::Cut(CutOrigin { append_last })));

        let restore = rolled_back(&running, request(to.clone(), RollbackMode::Restore, &nothing)).await;
        if manifest.derived.is_none() {
            assert_eq!(restore.version, pin.version, "the version that stands there is taken");
        }
        simulated.versions.insert(restore.version.unwrap(), expected.clone());
        assert_live(&running, &expected, &format!("restore to {to:?}")).await;
        append(&running, &mut draws, &mut made).await;
        simulated.follow(&running).await;
        state = simulated.at(simulated.head());
        assert_live(&running, &state, "learning goes on from there").await;
    }
    let running = assert_found_again(running, &url, &state, "after restores").await;
    let beyond = RollbackTarget::Position(simulated.head().advanced(1));
    let error = running.model.rollback(request(beyond, RollbackMode::Pin, &nothing)).await.err().unwrap();
    assert!(error.to_string().starts_with("to.position"), "{error}");
    running.stop().await;
}

fn without(lists: &str) -> Exclusions {
    serde_json::from_str(lists).unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_replay_is_the_log_without_what_it_and_earlier_rollbacks_leave_out() {
    prepare_thread();
    let seed = u64::from(std::process::id());
    println!("seed {seed}");
    let url = crate::support::database().await;
    let running = start(&url).await;
    let mut draws = CounterRng::new(seed, 79, 0);
    let (mut made, mut simulated) = (0, Simulated { appends: Vec::new(), versions: BTreeMap::new() });
    let initial = State::initial(Arc::new(config()));
    for _ in 0..4 {
        append(&running, &mut draws, &mut made).await;
    }
    let first = take(&running).await;
    let first_at = running.model.log().head().await.unwrap();
    for _ in 0..3 {
        append(&running, &mut draws, &mut made).await;
    }

    // From a version, without a user: as if that user had not come since.
    let no_user = without(r#"{"users":["a1"]}"#);
    simulated.follow(&running).await;
    let replayed = rolled_back(&running, request(version(first), RollbackMode::Replay, &no_user)).await;
    assert_eq!(replayed.mode, DeploymentMode::Replay);
    let plain = |record: &Record| !matches!(record.body, RecordBody::Restore { .. });
    let keeps = |except: &Exclusions, record: &Record| except.leaves_out(record).is_none();
    let base = simulated.at(first_at);
    let expected = simulated.fold(base.clone(), first_at, simulated.head(), |record| keeps(&no_user, record));
    assert_live(&running, &expected, "without a user").await;
    let result = running.model.versions().get(&VersionRef::Number(replayed.version.unwrap())).await.unwrap();
    assert_eq!(result.derived, Some(Derived::Replay(ReplayOrigin { from: first, except: no_user.clone() })));
    let gone = running.model.versions().delete(first).await;
    assert!(gone.is_err(), "what a replay began from stays");

    // A restore to the first version, over which later replays have to see.
    append(&running, &mut draws, &mut made).await;
    let back = rolled_back(&running, request(version(first), RollbackMode::Restore, &Exclusions::default())).await;
    for _ in 0..2 {
        append(&running, &mut draws, &mut made).await;
    }
    simulated.follow(&running).await;
    let given_up = Interval { after: first_at, through: back.position.unwrap() };
    let counts = |record: &Record| plain(record) && !given_up.contains(record.position);

    // From a position inside an append, without a key and a range, and while events come in.
    let inside = simulated.appends[1].first().advanced(3);
    let positions =
        PositionSet::try_from(vec![Interval { after: inside.advanced(9), through: inside.advanced(20) }]).unwrap();
    let no_bot = Exclusions { positions, ..without(r#"{"sources":["bot"]}"#) };
    let asked = request(RollbackTarget::Position(inside), RollbackMode::Replay, &no_bot);
    // The learner may still be at the last append: only at one position can two states be compared.
    let before = reached(&running.model, simulated.head()).await.digest;
    let dry = dry_run(&running, &asked).await;
    assert_eq!(running.model.status().await.unwrap().digest, before, "a dry run changes nothing");
    assert_eq!(running.model.log().head().await.unwrap(), simulated.head());
    let of_cut = simulated.at(inside);
    let expected = simulated.fold(of_cut.clone(), inside, simulated.head(), |r| counts(r) && keeps(&no_bot, r));
    assert_eq!(dry["to"]["digest"], serde_json::json!(Digester::new(&expected).digest()));
    let left_out =
        |reason: ExclusionReason| dry["counts"]["left_out"][serde_json::json!(reason).as_str().unwrap()].clone();
    // The appends are random: there may be none by the key.
    let records = simulated.appends.iter().flat_map(|append| append.records.iter());
    let replayed = records.filter(|record| record.position > inside && counts(record));
    let by_bot = replayed.filter(|record| no_bot.leaves_out(record) == Some(ExclusionReason::Sources)).count();
    assert_eq!(left_out(ExclusionReason::Sources).as_u64().unwrap_or(0), by_bot as u64, "{dry}");
    assert_eq!(left_out(ExclusionReason::Positions), 11, "{dry}");
    let records = dry["counts"]["records"].as_u64().unwrap();
    assert_eq!(records, simulated.head().since(inside), "{dry}");

    let (replay, ()) = tokio::join!(rolled_back(&running, asked), async {
        for _ in 0..3 {
            append(&running, &mut draws, &mut made).await;
        }
    });
    append(&running, &mut draws, &mut made).await;
    simulated.follow(&running).await;
    let done_at = replay.position.unwrap();
    // The record may stand within an append: what comes after it is learned on its own.
    let replayed = simulated.fold(of_cut, inside, done_at, |record| counts(record) && keeps(&no_bot, record));
    let expected = simulated.fold(replayed, done_at, simulated.head(), |_| true);
    assert_live(&running, &expected, "without a key and a range, over a restore").await;
    let running = assert_found_again(running, &url, &expected, "after replays").await;

    // From the beginning, without an item: what the replay before left out stays out.
    let no_item = without(r#"{"items":["i3","i5"],"kinds":["purchase"]}"#);
    let asked = request(RollbackTarget::Position(Position::ZERO), RollbackMode::Replay, &no_item);
    rolled_back(&running, asked).await;
    let expected = simulated.fold(initial, Position::ZERO, simulated.head(), |record| {
        let before = Interval { after: inside, through: done_at };
        counts(record) && (!before.contains(record.position) || keeps(&no_bot, record)) && keeps(&no_item, record)
    });
    assert_live(&running, &expected, "from the beginning, over a replay").await;
    let running = assert_found_again(running, &url, &expected, "after a replay over a replay").await;
    running.stop().await;
}

async fn dry_run(running: &Running, asked: &RollbackRequest) -> serde_json::Value {
    let versions = running.model.versions().count().await.unwrap();
    let asked = RollbackRequest { dry_run: true, ..asked.clone() };
    let RolledBack::Started(started) = running.model.rollback(asked).await.unwrap() else {
        panic!("a dry run is an operation")
    };
    started.ended.await.unwrap();
    let operation = running.model.operations().store().get(started.id).await.unwrap();
    assert_eq!(operation.state, OperationState::Done, "{:?}", operation.error);
    assert_eq!(running.model.versions().count().await.unwrap(), versions, "nothing is stored");
    operation.result.unwrap()["dry_run"].clone()
}

/// Goal: readers see a stored version before its deployment is written, and are back when that fails. Method: the
/// model's row is locked, so that nothing can be deployed; then the session that waits for it is ended.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn readers_are_ahead_of_the_commit_and_go_back_when_it_fails() {
    let url = crate::support::database().await;
    let running = start(&url).await;
    let model = &running.model;
    learn(model, events("a", 0, 40)).await;
    let take = TakeVersion { label: None, reason: None, actor: "tester".to_owned() };
    let version = model.take_version(take).await.unwrap();
    let head = learn(model, events("a", 40, 80)).await.position;
    let pool = running.with.pool.clone();
    for mode in [RollbackMode::Pin, RollbackMode::Restore] {
        let request = RollbackRequest {
            to: RollbackTarget::Version(VersionRef::Number(version.version)),
            mode,
            except: Exclusions::default(),
            dry_run: false,
            reason: None,
            actor: "tester".to_owned(),
            details: None,
        };
        let mut blocker = pool.begin().await.unwrap();
        sqlx::query("select from models where name = 'default' for update").execute(&mut *blocker).await.unwrap();
        let meanwhile = async {
            until("readers see the version", async || model.served().served() == Served::Version(version.version))
                .await;
            let of_reader = model.wait_served(Some("a-u1"), Position::ZERO, Duration::ZERO).await.unwrap();
            assert_eq!(of_reader.position(), version.position);
            let newer = model.wait_served(None, head, Duration::ZERO).await.unwrap();
            assert_eq!(
                (newer.served(), newer.position()),
                (Served::Live, head),
                "P6: a reader who knows of more gets it"
            );
            assert_eq!(model.versions().deployments(None, 10).await.unwrap(), [], "nothing is written");
            until("the writer is ended", async || {
                let ended = "select pg_terminate_backend(pid) from pg_stat_activity \
                             where datname = current_database() and wait_event_type = 'Lock'";
                !sqlx::query(ended).fetch_all(&pool).await.unwrap().is_empty()
            })
            .await;
        };
        let (asked, ()) = tokio::join!(model.rollback(request), meanwhile);
        asked.map(drop).unwrap_err();
        assert_eq!(
            (model.served().served(), model.served().position()),
            (Served::Live, head),
            "as if nobody had asked"
        );
        blocker.rollback().await.unwrap();
    }
    running.stop().await;
}
