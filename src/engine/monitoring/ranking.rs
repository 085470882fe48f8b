//! Ranking of what came next against the views that stood before it, for live quality and for the guard.

use std::sync::Arc;

use crate::engine::deployment::readers::Readers;
use shelfmark_domain::{ExcludeSeen, Id, Position, Query, Recommendations, Served, Subject, Timestamp};
use shelfmark_monitor::health::Ranked;
use shelfmark_serving::{QueryError, SearchScratch, View};
use shelfmark_state::{Actor, State, Unit};

/// Length of the lists that targets are looked for in.
const LIST: usize = 20;

/// A unit about to be learned, with the views that stood before it.
pub struct Sample {
    subject: Subject,
    context: Vec<String>,
    at: Timestamp,
    targets: Vec<Id>,
    seed: u64,
    live: Arc<View>,
    /// Versions to rank it by beside live.
    versions: Vec<Arc<View>>,
    /// What reads that are nobody's get: its list is what readers would have been shown.
    main: Served,
}

impl Sample {
    /// Where the live view stood.
    pub fn position(&self) -> Position {
        self.live.position()
    }

    /// To be ranked by this view beside live.
    pub fn against(self, view: Arc<View>) -> Self {
        Self { versions: vec![view], ..self }
    }
}

/// Where a sample's targets stood.
pub struct RankedSample {
    /// In the live view.
    pub live: Vec<Ranked>,
    /// In the live view's list of what is popular, which is the same for everybody.
    pub popular: Vec<Ranked>,
    /// What reads that are nobody's get.
    pub main: Served,
    /// In each of the versions.
    pub versions: Vec<(Served, Vec<Ranked>)>,
    /// What readers would have been shown.
    pub shown: Vec<Id>,
}

/// A unit as it can be ranked by views. Ids instead of rows: the views may stand elsewhere in another line of states.
pub fn sample(readers: &Readers, state: &State, unit: &Unit, seed: u64, versions: Vec<Arc<View>>) -> Option<Sample> {
    let inference = &state.inference;
    let liked = unit.targets.iter().filter(|target| target.weight > 0.0);
    let targets: Vec<Id> = liked.map(|target| inference.catalog.id(target.item).clone()).collect();
    if targets.is_empty() {
        return None;
    }
    let subject = match unit.actor {
        Actor::User(row) => Subject::User(inference.users.id(row).clone()),
        Actor::Session(row) => Subject::SessionId(inference.sessions.id(row).clone()),
    };
    let context = unit.context.terms.iter().map(|row| inference.contexts.id(*row).as_str().to_owned()).collect();
    Some(Sample {
        subject,
        context,
        at: unit.at,
        targets,
        seed,
        live: readers.live.load_full(),
        versions,
        main: readers.deployed(None).served(),
    })
}

/// Ranks a sample by the live view, by what is popular in it, and by its versions. CPU work: two searches a view, and
/// one for the baseline.
pub fn rank(sample: &Sample, scratch: &mut SearchScratch) -> Result<RankedSample, QueryError> {
    let (live, mut shown) = places(sample, &sample.live, scratch)?;
    let mut versions = Vec::with_capacity(sample.versions.len());
    for view in &sample.versions {
        let (places, list) = places(sample, view, scratch)?;
        if view.served() == sample.main {
            shown = list;
        }
        versions.push((view.served(), places));
    }
    Ok(RankedSample { live, popular: popular_places(sample, scratch)?, main: sample.main, versions, shown })
}

/// Where the targets stand in the list that somebody gets of whom nothing is known.
fn popular_places(sample: &Sample, scratch: &mut SearchScratch) -> Result<Vec<Ranked>, QueryError> {
    let query = Query { seed: sample.seed, ..Query::new(Subject::Nobody, LIST, sample.at) };
    let list = sample.live.recommend_batch(&[&query], scratch).pop().expect("one answer a query")?.items;
    let place = |target: &Id| list.iter().position(|item| item.id == *target).map(|place| place + 1);
    Ok(sample.targets.iter().map(|target| Ranked { all: place(target), novel: None }).collect())
}

/// Where the targets stand in a view, by the way that answers requests, and the list itself.
fn places(sample: &Sample, view: &View, scratch: &mut SearchScratch) -> Result<(Vec<Ranked>, Vec<Id>), QueryError> {
    let query = |exclude_seen| Query {
        exclude_seen,
        context: sample.context.clone(),
        seed: sample.seed,
        ..Query::new(sample.subject.clone(), LIST, sample.at)
    };
    let (all, novel) = (query(ExcludeSeen::No), query(ExcludeSeen::All));
    let mut answers = view.recommend_batch(&[&all, &novel], scratch).into_iter();
    let mut list = || -> Result<Vec<Id>, QueryError> {
        let Recommendations { items, .. } = answers.next().expect("one answer a query")?;
        Ok(items.into_iter().map(|item| item.id).collect())
    };
    let (all, novel) = (list()?, list()?);
    let place = |list: &[Id], target: &Id| list.iter().position(|id| id == target).map(|place| place + 1);
    let ranked = |target: &Id| Ranked {
        all: place(&all, target),
        novel: is_new(sample, view, target).then(|| place(&novel, target)),
    };
    Ok((sample.targets.iter().map(ranked).collect(), all))
}

/// Whether the target is not among what is remembered of the subject.
fn is_new(sample: &Sample, view: &View, target: &Id) -> bool {
    let inference = view.inference();
    let actor = match &sample.subject {
        Subject::User(id) => inference.user(id.as_str()),
        Subject::SessionId(id) => inference.session(id.as_str()),
        Subject::UserWithItem { user, .. } => inference.user(user.as_str()),
        Subject::Session(_) | Subject::Item(_) | Subject::Vector(_) | Subject::Nobody => None,
    };
    let (Some(actor), Some(row)) = (actor, inference.catalog.row(target.as_str())) else { return true };
    inference.history(actor).remembered(&inference.history_kinds()).all(|(item, _)| item != row)
}
