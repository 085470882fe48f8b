//! Plan of a query: from the query to a search, and from the rows found to an answer.

use shelfmark_domain::{Fallback, Filter, Id, Query, Recommendations, ScoredItem};
use shelfmark_state::{ComposedQuery, Context, QueryRows, Scalars, compose};

use super::{
    QueryError, SearchScratch, View, diversity,
    explain::{Basis, Explainer},
    grouping,
    ranking::Ranking,
    score::popularity_weights,
    search::{RowBoost, Search},
    subject::Known,
    top_k::{Hit, Top},
};

/// A recommendation under way.
pub(super) struct Plan<'a> {
    pub(super) search: Search,
    query: &'a Query,
    fallback: Option<Fallback>,
    basis: Basis,
}

impl<'a> Plan<'a> {
    /// Checks the query and computes its vector and sparse terms. Costs the history and its memory rows.
    pub(super) fn new(view: &View, query: &'a Query, scratch: &mut SearchScratch) -> Result<Self, QueryError> {
        let inference = view.inference();
        query.check()?;
        let known = Known::of(inference, query)?;
        let terms = inference.context_rows(query.context.iter().map(String::as_str));
        let fallback = matches!(known, Known::Nothing).then_some(Fallback::Popular);
        let mut adjust = Vec::new();
        let composed = if fallback.is_some() && terms.is_empty() {
            None
        } else {
            // Nobody, in known circumstances, gets what is wanted there.
            known.context(inference, query, &mut scratch.context).map(|context| {
                let terms = inference.with_learned_labels(context.user, terms);
                let context = Context { terms, ..context };
                sparse_terms(&context, &inference.parameters.scalars, &mut adjust);
                let composed = composed(view, &context);
                (context, composed)
            })
        };
        let (ranking, vector) = match (&known, &composed) {
            (Known::Vector(vector), _) => (Ranking::Score, vector.clone()),
            (Known::Actor(_) | Known::Looking(..) | Known::Visit(_) | Known::Nothing, Some((_, composed))) => {
                (Ranking::Score, composed.q.clone())
            }
            (Known::Actor(_) | Known::Looking(..) | Known::Visit(_) | Known::Nothing, None) => {
                (Ranking::Popularity, Vec::new())
            }
        };
        let popularity = popularity_weights(&inference.parameters.scalars, composed.as_ref());
        let explore = (inference.config.explore > 0.0).then_some(query.seed);
        // Nobody wants what they look at, unless they ask for it by name.
        let itself = query.subject.looked_at().filter(|_| query.among.is_none());
        let excluded = query.exclude.iter().chain(itself).filter_map(|id| inference.catalog.row(id.as_str()));
        let seen = known.seen(inference, &query.exclude_seen);
        // Nor what they dislike, until they like it again.
        let disliked = match (&composed, &query.among) {
            (Some((context, _)), None) => context.disliked.as_slice(),
            (None, _) | (_, Some(_)) => &[],
        };
        let seen = seen.into_iter().chain(disliked.iter().copied());
        adjust.extend(excluded.chain(seen).map(|row| (row, f32::NEG_INFINITY)));
        // Stable, so that the terms of one row are added up in one order.
        adjust.sort_by_key(|(row, _)| *row);
        adjust.dedup_by(|later, kept| {
            let same = later.0 == kept.0;
            if same {
                kept.1 += later.1;
            }
            same
        });
        let wanted = diversity::pool(query);
        let top = Top::new(if query.group_by.is_some() { grouping::pool(wanted) } else { wanted });
        let boosts = query.boosts.iter().map(|boost| RowBoost { rows: view.matching(&boost.filter), add: boost.add });
        let boosts = boosts.collect();
        let admitted = view.admitted(&query.filter, query.among.as_deref());
        let search = Search { ranking, vector, popularity, adjust, explore, boosts, admitted, top };
        Ok(Self { search, query, fallback, basis: Basis { known, composed } })
    }

    /// The answer, once the search was scanned.
    pub(super) fn answer(self, view: &View) -> Recommendations {
        let Self { search, query, fallback, basis } = self;
        let catalog = &view.inference().catalog;
        let pool = match &query.group_by {
            Some(group_by) => grouping::choose(view, group_by, diversity::pool(query), search),
            None => search.top.into_hits().collect(),
        };
        let hits = diversity::choose(view, query, pool);
        let explainer = query.with_explanation.then(|| Explainer::new(view, query, &basis));
        let items = hits.into_iter().map(|hit| ScoredItem {
            item: query.with_item.then(|| catalog.entry(hit.row).item.clone()),
            embedding: query.with_embedding.then(|| view.embedding_of(hit.row)),
            explanation: explainer.as_ref().map(|explainer| explainer.explain(hit.row)),
            ..scored(view, hit)
        });
        Recommendations { fallback, items: items.collect() }
    }
}

/// A search for the neighbours of an item.
pub(super) fn similar(view: &View, item: &Id, limit: usize, filter: &Filter) -> Result<Search, QueryError> {
    Query::check_limit(limit)?;
    filter.check("filter")?;
    let row = view.row(item.as_str()).ok_or_else(|| QueryError::UnknownItem(item.clone()))?;
    Ok(Search {
        ranking: Ranking::Cosine,
        vector: view.direction(row),
        popularity: Default::default(),
        adjust: vec![(row, f32::NEG_INFINITY)],
        explore: None,
        boosts: Vec::new(),
        admitted: view.admitted(filter, None),
        top: Top::new(limit),
    })
}

/// The neighbours, once the search was scanned.
pub(super) fn similar_items(view: &View, search: Search) -> Vec<ScoredItem> {
    let clamped = |hit: Hit| Hit { score: hit.score.clamp(-1.0, 1.0), ..hit };
    search.top.into_hits().map(|hit| scored(view, clamped(hit))).collect()
}

/// The vector of a context, with what it is made of.
pub(super) fn composed(view: &View, context: &Context) -> ComposedQuery {
    let inference = view.inference();
    compose(context, &inference.parameters.scalars, view, inference.config.dim)
}

impl QueryRows for View {
    fn item(&self, row: u32) -> &[f32] {
        self.vector(row)
    }

    fn last(&self, row: Option<u32>) -> &[f32] {
        self.inference().parameters.last.row(row.map_or(0, |row| row as usize + 1))
    }

    fn user(&self, row: u32) -> &[f32] {
        self.inference().parameters.users.row(row as usize)
    }

    fn context(&self, row: u32) -> &[f32] {
        self.inference().parameters.contexts.row(row as usize)
    }
}

/// The terms of the score that only some rows have: repeats and transition memory.
fn sparse_terms(context: &Context, scalars: &Scalars, terms: &mut Vec<(u32, f32)>) {
    terms.extend(context.repeats.iter().map(|repeat| (repeat.item, repeat.term(scalars))));
    terms.extend(context.memory.iter().map(|remembered| (remembered.item, remembered.term(scalars))));
}

fn scored(view: &View, hit: Hit) -> ScoredItem {
    ScoredItem {
        id: view.inference().catalog.id(hit.row).clone(),
        // JSON has no infinity; rows are finite (P8), so only their sum could be one.
        score: hit.score.clamp(f32::MIN, f32::MAX),
        item: None,
        embedding: None,
        explanation: None,
    }
}
