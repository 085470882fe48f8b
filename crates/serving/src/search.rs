//! Searches: what the scan looks for, and the best rows that it found.

use shelfmark_state::POPULARITY_COLUMNS;

use super::{RowMask, ranking::Ranking, top_k::Top};

/// A boost as the scan sees it.
#[derive(Debug)]
pub(super) struct RowBoost {
    /// The rows that it is added to; all when `None`.
    pub(super) rows: Option<RowMask>,
    pub(super) add: f32,
}

impl RowBoost {
    /// What boosts add to a row's score; `None` without any boost.
    pub(super) fn sum(boosts: &[Self], row: u32) -> Option<f32> {
        let meeting = boosts.iter().filter(|boost| boost.rows.as_ref().is_none_or(|rows| rows.contains(row)));
        (!boosts.is_empty()).then(|| meeting.map(|boost| boost.add).sum())
    }

    /// The most that boosts add to a score.
    pub(super) fn most(boosts: &[Self]) -> f32 {
        boosts.iter().map(|boost| boost.add.max(0.0)).sum()
    }
}

/// One search as the scan sees it.
#[derive(Debug)]
pub(super) struct Search {
    pub(super) ranking: Ranking,
    /// `[dim]`; empty for [`Ranking::Popularity`].
    pub(super) vector: Vec<f32>,
    /// Weights of the popularity columns in the query's context; of no effect on cosines.
    pub(super) popularity: [f32; POPULARITY_COLUMNS],
    /// What is added to single rows' scores, ascending by row: the sparse terms of the model, or negative infinity for
    /// a row that is left out. So nothing is fetched twice, nothing over-fetched, and the order is that of full scores.
    pub(super) adjust: Vec<(u32, f32)>,
    /// Seed of what exploration adds to every row's score, after `adjust`; `None` adds nothing.
    pub(super) explore: Option<u64>,
    /// What is added to every row's score by conditions.
    pub(super) boosts: Vec<RowBoost>,
    /// The only rows that may be answered; all when `None`.
    pub(super) admitted: Option<RowMask>,
    /// The best rows.
    pub(super) top: Top,
}
