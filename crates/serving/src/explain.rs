//! Explanations of an item's score: parts that add up to it, up to rounding.

use std::cmp::Reverse;

use shelfmark_domain::{Contribution, ContributionSource, Id, Query};
use shelfmark_state::{ComposedQuery, Context, EVENT_COLUMNS, InferenceState, dot, token_factor};

use super::{
    RowMask, View,
    score::popularity_weights,
    subject::{Known, Met},
};

/// What scores are made of: kept for explanations.
pub(super) struct Basis {
    pub(super) known: Known,
    /// The context and the vector that came of it; `None` for a given vector and where nothing is known.
    pub(super) composed: Option<(Context, ComposedQuery)>,
}

/// The parts of one query's scores. Costs the history once, and for each item an inner product a part.
pub(super) struct Explainer<'a> {
    view: &'a View,
    basis: &'a Basis,
    seed: u64,
    dense: Vec<Dense>,
    boosts: Vec<(Contribution, Option<RowMask>)>,
}

/// A vector of the query's sum, `[dim]`.
struct Dense {
    says: Contribution,
    factor: f32,
    vector: Vec<f32>,
}

impl<'a> Explainer<'a> {
    pub(super) fn new(view: &'a View, query: &Query, basis: &'a Basis) -> Self {
        let boosts = query.boosts.iter().enumerate().map(|(index, boost)| {
            let name = boost.name.clone().unwrap_or_else(|| (index + 1).to_string());
            let name = Some(Id::new("name", &name).expect("names of boosts are checked"));
            (
                Contribution { name, ..Contribution::of(ContributionSource::Boost, boost.add) },
                view.matching(&boost.filter),
            )
        });
        Self { view, basis, seed: query.seed, dense: dense(view, basis), boosts: boosts.collect() }
    }

    /// The parts of one row's score, those that add or take most first.
    pub(super) fn explain(&self, row: u32) -> Vec<Contribution> {
        let inference = self.view.inference();
        let scalars = &inference.parameters.scalars;
        let vector = self.view.vector(row);
        let mut parts: Vec<Contribution> = self
            .dense
            .iter()
            .map(|part| Contribution { value: part.factor * dot(&part.vector, vector), ..part.says.clone() })
            .collect();
        if let Some((context, _)) = &self.basis.composed {
            let repeat = context.repeats.iter().find(|repeat| repeat.item == row);
            parts.extend(repeat.map(|repeat| Contribution::of(ContributionSource::Repeat, repeat.term(scalars))));
            let followed = context.memory.iter().find(|remembered| remembered.item == row);
            parts.extend(
                followed.map(|followed| Contribution::of(ContributionSource::Transition, followed.term(scalars))),
            );
        }
        let weights = popularity_weights(scalars, self.basis.composed.as_ref());
        let logs = inference.popularity_logs(row);
        let popularity = |columns: std::ops::Range<usize>| dot(&weights[columns.clone()], &logs[columns]);
        parts.push(Contribution::of(ContributionSource::Bias, inference.parameters.bias.row(row as usize)[0]));
        parts.push(Contribution::of(ContributionSource::Popularity, popularity(0..EVENT_COLUMNS)));
        let entries = popularity(EVENT_COLUMNS..logs.len());
        parts.push(Contribution::of(ContributionSource::EntryPopularity, entries));
        if inference.config.explore > 0.0 {
            parts.push(Contribution::of(ContributionSource::Exploration, inference.exploration(row, self.seed)));
        }
        let boosts = self.boosts.iter().filter(|(_, rows)| rows.as_ref().is_none_or(|rows| rows.contains(row)));
        parts.extend(boosts.map(|(boost, _)| boost.clone()));
        // Magnitudes of numbers that are not negative are ordered as their bits.
        parts.sort_by_key(|part| Reverse(part.value.abs().to_bits()));
        parts
    }
}

/// The vectors whose inner products with an item's are parts of its score (`compose` adds them up).
fn dense(view: &View, basis: &Basis) -> Vec<Dense> {
    let inference = view.inference();
    let Some((context, composed)) = &basis.composed else {
        return match &basis.known {
            Known::Vector(vector) => {
                vec![Dense {
                    says: Contribution::of(ContributionSource::Vector, 0.0),
                    factor: 1.0,
                    vector: vector.clone(),
                }]
            }
            Known::Actor(_) | Known::Looking(..) | Known::Visit(_) | Known::Nothing => Vec::new(),
        };
    };
    let parameters = &inference.parameters;
    let [of_pool, of_last, of_user] = composed.parts;
    let mut dense: Vec<Dense> = basis
        .known
        .met(inference)
        .iter()
        .zip(&composed.weights)
        .map(|(met, weight)| Dense {
            says: event(inference, met),
            factor: of_pool * weight,
            vector: view.vector(met.past.item).to_vec(),
        })
        .collect();
    let disliked = &context.disliked[..context.pooled_dislikes];
    dense.extend(disliked.iter().map(|row| Dense {
        says: Contribution {
            item: Some(inference.catalog.id(*row).clone()),
            ..Contribution::of(ContributionSource::Dislike, 0.0)
        },
        factor: parameters.scalars.added.sd * token_factor(disliked.len()),
        vector: view.vector(*row).to_vec(),
    }));
    let last = context.history.first();
    dense.push(Dense {
        says: Contribution {
            item: last.map(|row| inference.catalog.id(*row).clone()),
            ..Contribution::of(ContributionSource::LastItem, 0.0)
        },
        factor: of_last,
        vector: parameters.last.row(last.map_or(0, |row| *row as usize + 1)).to_vec(),
    });
    dense.extend(context.user.map(|row| Dense {
        says: Contribution::of(ContributionSource::User, 0.0),
        factor: of_user,
        vector: parameters.users.row(row as usize).to_vec(),
    }));
    dense.extend(context.terms.iter().map(|row| Dense {
        says: Contribution {
            name: Some(inference.contexts.id(*row).clone()),
            ..Contribution::of(ContributionSource::Context, 0.0)
        },
        factor: token_factor(context.terms.len()),
        vector: parameters.contexts.row(*row as usize).to_vec(),
    }));
    dense
}

fn event(inference: &InferenceState, met: &Met) -> Contribution {
    // Kinds past 255 share the last number, so it names none.
    let named = met.stored && met.past.kind < u8::MAX;
    Contribution {
        item: Some(inference.catalog.id(met.past.item).clone()),
        kind: named.then(|| inference.kinds.id(u32::from(met.past.kind)).clone()),
        at: met.stored.then_some(met.past.at),
        ..Contribution::of(ContributionSource::Event, 0.0)
    }
}
