//! Goal: a fork is its base's version, bit for bit, at position 0 of a log of its own; what is learned afterwards stays
//! on its side; what a fork stands on stays. Method: the engine in process on a real Postgres; digests, restarts,
//! refusals.

use crate::engine_support::{
    Running, config, end, events, learn, name, reached, start, start_with, surroundings, until,
};
use shelfmark::engine::{CreateModel, EngineError, ForkFrom, Model, Models, TakeVersion};
use shelfmark_domain::{
    Exclusions, ForkOrigin, ModelConfig, Position, RollbackMode, RollbackRequest, RollbackTarget, VersionNumber,
    VersionRef,
};
use shelfmark_store::model_catalog::ModelCatalogError;
use shelfmark_store::versions::VersionError;

type Change = fn(&mut ModelConfig);

fn asked(model: &str, fork: Option<(&str, Option<u32>)>, change: Change) -> CreateModel {
    CreateModel {
        name: name(model),
        fork: fork.map(|(base, version)| ForkFrom {
            model: name(base),
            version: version.map(|version| VersionRef::Number(VersionNumber(version))),
        }),
        config: Box::new(move |before| {
            let mut config = before.clone();
            change(&mut config);
            Ok(config)
        }),
        actor: "test".to_owned(),
    }
}

async fn fork(running: &Running, model: &str, base: (&str, Option<u32>), change: Change) -> Model {
    let (model, made) = running.models.create(asked(model, Some(base), change)).await.expect("forked");
    assert!(made);
    model
}

async fn take(model: &Model) -> VersionNumber {
    let take = TakeVersion { label: None, reason: None, actor: "test".to_owned() };
    model.take_version(take).await.expect("a version").version
}

fn keep(_: &mut ModelConfig) {}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_fork_is_its_bases_version_and_what_one_learns_the_other_does_not() {
    let url = crate::support::database().await;
    let running = start(&url).await;
    let base = running.model("default");
    let at_fork = learn(&base, events("a", 0, 300)).await;
    let version = take(&base).await;
    let moved_on = learn(&base, events("a", 300, 350)).await;

    // Of a version, and of the live state.
    let first = fork(&running, "first", ("default", Some(version.0)), keep).await;
    let status = first.status().await.expect("a status");
    assert_eq!((status.digest, status.position, status.head), (at_fork.digest, Position::ZERO, Position::ZERO));
    assert_eq!(status.counts, at_fork.counts);
    assert_eq!(status.fork, Some(ForkOrigin { model: name("default"), version }));
    let live = fork(&running, "live", ("default", None), keep).await;
    assert_eq!(live.status().await.expect("a status").digest, moved_on.digest);

    // With another configuration: its first record.
    let tuned = fork(&running, "tuned", ("default", Some(version.0)), |config| config.explore = 0.5).await;
    let status = reached(&tuned, Position::new(1)).await;
    assert_eq!((status.head, status.config.explore), (Position::new(1), 0.5));
    assert_ne!(status.digest, at_fork.digest, "the configuration is part of the state");
    let other = |config: &mut ModelConfig| config.dim = 16;
    let refused = running.models.create(asked("other", Some(("default", Some(version.0))), other)).await;
    assert!(matches!(refused, Err(EngineError::Config(error)) if error.field == "dim"));

    // Equal records lead to equal states, whoever learns them; and only there.
    let learned = learn(&first, events("b", 0, 200)).await;
    assert_eq!(base.status().await.expect("a status").digest, moved_on.digest);
    let again = fork(&running, "again", ("default", Some(version.0)), keep).await;
    assert_eq!(learn(&again, events("b", 0, 200)).await.digest, learned.digest);
    let base_further = learn(&base, events("a", 350, 400)).await;
    assert_eq!(first.status().await.expect("a status").digest, learned.digest);

    // A fork of a fork, and a rollback to the fork's beginning.
    let deeper = fork(&running, "deeper", ("first", None), keep).await;
    assert_eq!(deeper.status().await.expect("a status").digest, learned.digest);
    let to = RollbackTarget::Version(VersionRef::Number(VersionNumber(1)));
    let request = RollbackRequest {
        to,
        mode: RollbackMode::Restore,
        except: Exclusions::default(),
        dry_run: false,
        reason: None,
        actor: "test".to_owned(),
        details: None,
    };
    again.rollback(request).await.expect("rolled back");
    assert_eq!(again.status().await.expect("a status").digest, at_fork.digest);

    // After a restart, from what is stored.
    running.stop().await;
    let running = start(&url).await;
    assert_eq!(running.models.list().len(), 6);
    for (model, position, digest) in [
        ("default", 400, base_further.digest),
        ("first", 200, learned.digest),
        ("tuned", 1, status.digest),
        ("again", 201, at_fork.digest),
        ("deeper", 0, learned.digest),
    ] {
        let status = reached(&running.model(model), Position::new(position)).await;
        assert_eq!(status.digest, digest, "{model}");
    }
    // A trace that begins at the beginning: the first event of a fork is found in what the fork learned.
    let first = running.model("first");
    let (position, event) = first
        .log()
        .find_event(&shelfmark_domain::Id::new("event_id", "b-0").expect("an id"))
        .await
        .expect("an answer")
        .expect("an event");
    let traced = first.trace(position, event).await.expect("traced");
    assert_eq!(traced.replayed.after, Position::ZERO);
    running.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_fork_stands_on_stays_and_a_damaged_beginning_is_never_an_empty_model() {
    let url = crate::support::database().await;
    let running = start(&url).await;
    let base = running.model("default");
    learn(&base, events("a", 0, 100)).await;
    let version = take(&base).await;
    learn(&base, events("a", 100, 120)).await;
    take(&base).await;
    running.models.create(asked("middle", Some(("default", Some(version.0))), keep)).await.expect("forked");
    let top = fork(&running, "top", ("middle", Some(1)), keep).await;
    learn(&top, events("b", 0, 50)).await;
    take(&top).await;

    let in_use = |result: Result<(), VersionError>| matches!(result, Err(VersionError::InUse(_)));
    assert!(in_use(base.versions().delete(version).await), "a fork stands on it");
    assert!(in_use(top.versions().delete(VersionNumber(1)).await), "a fork begins with it");
    let refused = running.models.delete(&name("middle")).await;
    let Err(EngineError::ModelCatalog(ModelCatalogError::InUse { forks, .. })) = refused else { panic!("{refused:?}") };
    assert_eq!(forks, [name("top")]);
    let refused = running.models.delete(&name("default")).await;
    assert!(matches!(refused, Err(EngineError::ModelCatalog(ModelCatalogError::Required(_)))));
    running.models.delete(&name("top")).await.expect("nothing stands on it");
    running.models.delete(&name("middle")).await.expect("what stood on it is deleted");
    assert_eq!(running.models.list().len(), 1);

    // Once their rows are gone the version is free again.
    let pool = running.with.pool.clone();
    until("the rows are removed", async || {
        let left: i64 = sqlx::query_scalar("select count(*) from models").fetch_one(&pool).await.expect("a count");
        left == 1
    })
    .await;
    base.versions().delete(version).await.expect("nothing stands on it any more");

    fork(&running, "damaged", ("default", None), keep).await;
    running.stop().await;
    let with = surroundings(&url, 64).await;
    sqlx::query(
        "update version_segments set payload = set_byte(payload, length(payload) / 2, \
         get_byte(payload, length(payload) / 2) # 1)",
    )
    .execute(&with.pool)
    .await
    .expect("every stored segment is damaged");
    let refused = Models::start(&with).await.err().expect("refused");
    assert!(matches!(refused, EngineError::Version(VersionError::Corrupt { .. })), "{refused}");
    end(with).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_model_is_made_once_and_there_are_not_more_than_there_may_be() {
    let url = crate::support::database().await;
    let running = start_with(&url, 4).await;
    let base = running.model("default");
    learn(&base, events("a", 0, 50)).await;
    let create = |create| running.models.create(create);
    let dim = |config: &mut ModelConfig| config.dim = 8;
    let (empty, made) = create(asked("empty", None, dim)).await.expect("made");
    assert!(made && empty.status().await.expect("a status").counts.events == 0);
    assert_eq!(*empty.config(), ModelConfig { dim: 8, ..ModelConfig::default() });
    assert!(!create(asked("empty", None, dim)).await.expect("there").1);
    let tuned = |config: &mut ModelConfig| config.explore = 0.5;
    fork(&running, "fork", ("default", None), tuned).await;
    let versions = base.versions().count().await.expect("a count");
    // The same request; whether or not it names the version, and also after the model went on.
    for version in [None, Some(1)] {
        assert!(!create(asked("fork", Some(("default", version)), tuned)).await.expect("there").1);
    }
    assert_eq!(base.versions().count().await.expect("a count"), versions, "no version is taken for what is there");
    let second = take(&base).await;
    for other in [
        asked("empty", None, keep),
        asked("empty", Some(("default", None)), keep),
        asked("fork", None, tuned),
        asked("fork", Some(("default", None)), keep),
        asked("fork", Some(("empty", None)), tuned),
        asked("fork", Some(("default", Some(second.0))), tuned),
        asked("default", None, keep),
    ] {
        let refused = create(other).await.map(|(_, made)| made);
        assert!(matches!(refused, Err(EngineError::ModelCatalog(ModelCatalogError::Exists(_)))), "{refused:?}");
    }
    // Two at once: one makes it, both have it.
    let (one, two) = tokio::join!(create(asked("both", None, dim)), create(asked("both", None, dim)));
    let (one, two) = (one.expect("there").1, two.expect("there").1);
    assert!(one != two, "{one} {two}");
    let refused = create(asked("fifth", None, dim)).await.map(|(_, made)| made);
    assert!(matches!(refused, Err(EngineError::ModelCatalog(ModelCatalogError::TooMany(4)))), "{refused:?}");
    running.models.delete(&name("both")).await.expect("deleted");
    create(asked("fifth", None, dim)).await.expect("there is room again");
    for (fork, what) in [(("nobody", None), "a model"), (("default", Some(77)), "a version")] {
        let refused = create(asked("x", Some(fork), keep)).await.map(|(_, made)| made);
        let named = matches!(
            refused,
            Err(EngineError::ModelCatalog(ModelCatalogError::Unknown(_))
                | EngineError::Version(VersionError::NotFound(_)))
        );
        assert!(named, "{what}: {refused:?}");
    }
    assert_eq!(*base.config(), config(), "the base is as it was");
    running.stop().await;
}
