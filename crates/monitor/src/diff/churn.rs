//! Churn of answers between two states: neighbours of items and recommendations for users.

use std::collections::HashSet;

use serde::Serialize;

use shelfmark_domain::{Id, Query, Recommendations, ScoredItem, Subject, Timestamp};
use shelfmark_serving::{QueryError, SearchScratch, View};

use super::{rows::Spread, sample::sample};

/// Searches that share one pass over all items.
const BATCH: usize = 16;

/// List that changed.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Changed {
    /// The item or user whose list it is.
    pub id: Id,
    /// The item's title, if it has one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    /// Jaccard distance of the two lists: 0 the same items, 1 none in common.
    pub churn: f32,
    /// Items that are only in the list before, best first.
    pub gone: Vec<Id>,
    /// Items that are only in the list after, best first.
    pub came: Vec<Id>,
}

/// Churn of the lists of a sample.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Churn {
    /// Number of compared lists: all that both states have, or a sample of 200 when there are more.
    pub sampled: u64,
    /// Length of a list.
    pub k: u64,
    /// Jaccard distances: 0 the same items, 1 none in common.
    pub churn: Option<Spread>,
    /// Number of lists that hold the same items.
    pub unchanged: u64,
    /// Number of lists with another first item.
    pub first_changed: u64,
    /// Lists that changed most.
    pub most_changed: Vec<Changed>,
}

/// Churn of the recommendations of a sample.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct RankChurn {
    /// Churn of the lists.
    #[serde(flatten)]
    pub churn: Churn,
    /// Time of both queries: that of the newest event of the sampled users in either state.
    pub at: Option<Timestamp>,
}

/// Compares the neighbours of items that both states may recommend.
pub(super) fn neighbours(from: &View, to: &View, k: usize, top: usize) -> Churn {
    let catalog = &from.inference().catalog;
    let ids = (0..catalog.len()).map(|row| catalog.id(u32::try_from(row).expect("rows are u32")));
    let shown = |view: &View, id: &Id| view.item(id.as_str()).is_some_and(|item| item.available);
    let items = sample(ids, |id| shown(from, id) && shown(to, id));
    let lists = |view: &View| -> Vec<Vec<Id>> {
        items.chunks(BATCH).flat_map(|items| view.similar_batch(items, k)).map(ids_of).collect()
    };
    let mut churn = churn(&items, &lists(from), &lists(to), k, top);
    for changed in &mut churn.most_changed {
        changed.title = to.item(changed.id.as_str()).and_then(|item| item.title.clone());
    }
    churn
}

/// Compares the recommendations for users with an event in both states.
pub(super) fn ranks(from: &View, to: &View, k: usize, top: usize) -> RankChurn {
    let users = &from.inference().users;
    let ids = users.ids().map(|(_, id)| id);
    let newest = |view: &View, id: &Id| -> Option<Timestamp> {
        let inference = view.inference();
        inference.user(id.as_str()).and_then(|actor| inference.history(actor).newest(0).next()).map(|past| past.at)
    };
    let users = sample(ids, |id| newest(from, id).is_some() && newest(to, id).is_some());
    let at = users.iter().flat_map(|id| [newest(from, id), newest(to, id)]).flatten().max();
    let query = |id: &Id| Query {
        // Where the model explores, both sides draw the same random numbers.
        ..Query::new(Subject::User(id.clone()), k, at.unwrap_or_default())
    };
    let queries: Vec<Query> = users.iter().map(|id| query(id)).collect();
    let mut scratch = SearchScratch::default();
    let mut lists = |view: &View| -> Vec<Vec<Id>> {
        let batches = queries.chunks(BATCH).map(|queries| queries.iter().collect::<Vec<_>>());
        batches.flat_map(|queries| view.recommend_batch(&queries, &mut scratch)).map(recommended).collect()
    };
    let (old, new) = (lists(from), lists(to));
    RankChurn { churn: churn(&users, &old, &new, k, top), at }
}

fn recommended(answer: Result<Recommendations, QueryError>) -> Vec<Id> {
    ids_of(answer.map(|answer| answer.items))
}

fn ids_of(answer: Result<Vec<ScoredItem>, QueryError>) -> Vec<Id> {
    // The sample has only ids that both views know, and the limit was checked.
    answer.expect("a list for a known id").into_iter().map(|item| item.id).collect()
}

fn churn(of: &[&Id], old: &[Vec<Id>], new: &[Vec<Id>], k: usize, top: usize) -> Churn {
    let mut changed: Vec<Changed> =
        of.iter().zip(old.iter().zip(new)).map(|(id, (old, new))| compare(id, old, new)).collect();
    let churns: Vec<f32> = changed.iter().map(|changed| changed.churn).collect();
    let first_changed = old.iter().zip(new).filter(|(old, new)| old.first() != new.first()).count();
    let unchanged = churns.iter().filter(|churn| **churn == 0.0).count();
    changed.retain(|changed| changed.churn > 0.0);
    changed.sort_by(|a, b| b.churn.total_cmp(&a.churn).then_with(|| a.id.cmp(&b.id)));
    changed.truncate(top);
    Churn {
        sampled: of.len() as u64,
        k: k as u64,
        churn: Spread::of(churns),
        unchanged: unchanged as u64,
        first_changed: first_changed as u64,
        most_changed: changed,
    }
}

fn compare(id: &Id, old: &[Id], new: &[Id]) -> Changed {
    let without = |list: &[Id], other: &[Id]| -> Vec<Id> {
        let other: HashSet<&Id> = other.iter().collect();
        list.iter().filter(|id| !other.contains(id)).cloned().collect()
    };
    let (gone, came) = (without(old, new), without(new, old));
    let union = old.len() + came.len();
    #[expect(clippy::cast_precision_loss, reason = "at most 200")]
    let churn = if union == 0 { 0.0 } else { (gone.len() + came.len()) as f32 / union as f32 };
    Changed { id: id.clone(), title: None, churn, gone, came }
}
