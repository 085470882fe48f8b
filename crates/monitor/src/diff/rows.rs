//! Comparison of learned rows: added, removed and moved ones.

use serde::Serialize;

use shelfmark_domain::Id;
use shelfmark_state::{Catalog, IdMap, InferenceState, LearnedTable, as_row, distance};

use crate::health::{Mover, Quantiles, relative_distance};

/// Mean and quantiles of some values.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Spread {
    /// The mean.
    pub mean: f64,
    /// The quantiles.
    #[serde(flatten)]
    pub quantiles: Quantiles,
}

impl Spread {
    /// Computes mean and quantiles of finite values; `None` without any.
    pub(super) fn of(values: Vec<f32>) -> Option<Self> {
        let sum: f64 = values.iter().map(|value| f64::from(*value)).sum();
        let count = values.len() as f64;
        Quantiles::of(values).map(|quantiles| Self { mean: sum / count, quantiles })
    }
}

/// Differences of the rows of one table.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct TableDiff {
    /// The table.
    pub table: LearnedTable,
    /// Number of rows before.
    pub rows_from: u64,
    /// Number of rows after.
    pub rows_to: u64,
    /// Number of rows whose id is only in the state after.
    pub added: u64,
    /// Number of rows whose id is only in the state before.
    pub removed: u64,
    /// Number of rows of both states whose values differ in any bit.
    pub moved: u64,
    /// Euclidean distances of the moved rows.
    pub distance: Option<Spread>,
    /// Those distances over the length of the longer vector: 0 unmoved, 2 reversed.
    pub relative: Option<Spread>,
}

/// Compares all tables. Also returns the `top` items that moved farthest.
pub(super) fn tables(from: &InferenceState, to: &InferenceState, top: usize) -> (Vec<TableDiff>, Vec<Mover>) {
    let mut movers = Vec::new();
    let compared = LearnedTable::ALL.into_iter().map(|table| {
        let compared = match table {
            LearnedTable::Small => small(from, to),
            LearnedTable::Items
            | LearnedTable::Last
            | LearnedTable::Users
            | LearnedTable::Tokens
            | LearnedTable::Context
            | LearnedTable::Bias
            | LearnedTable::Projections => Moves::of(table, from, to),
        };
        if table == LearnedTable::Items {
            movers = compared.movers(from, to, top);
        }
        compared.told(table)
    });
    (compared.collect(), movers)
}

/// Row that moved, by its numbers in both states.
struct Move {
    distance: f32,
    relative: f32,
    from: usize,
    to: usize,
}

/// Moved rows of a table, with counts.
struct Moves {
    rows_from: usize,
    rows_to: usize,
    common: usize,
    moved: Vec<Move>,
}

impl Moves {
    fn of(table: LearnedTable, from: &InferenceState, to: &InferenceState) -> Self {
        let [old, new] = [from, to].map(|inference| inference.parameters.table(table));
        let (rows_from, rows_to) = (old.len() - free(table, from), new.len() - free(table, to));
        let mut moves = Self { rows_from, rows_to, common: 0, moved: Vec::new() };
        for row in 0..old.len() {
            if table == LearnedTable::Users && from.users.get_id(as_row(row)).is_none() {
                continue;
            }
            // Two states share memory only of rows that both inherited, with their ids, from a common state.
            if row < new.len() && old.shares(new, row) {
                moves.common += 1;
            } else if let Some(partner) = partner(table, from, to, row) {
                moves.common += 1;
                moves.add(row, partner, old.row(row), new.row(partner));
            }
        }
        moves
    }

    fn add(&mut self, from: usize, to: usize, old: &[f32], new: &[f32]) {
        if old.iter().zip(new).any(|(old, new)| old.to_bits() != new.to_bits()) {
            let (distance, relative) = (distance(old, new), relative_distance(old, new));
            self.moved.push(Move { distance, relative, from, to });
        }
    }

    fn movers(&self, from: &InferenceState, to: &InferenceState, top: usize) -> Vec<Mover> {
        let mut far: Vec<&Move> = self.moved.iter().collect();
        let farther = |a: &&Move, b: &&Move| b.distance.total_cmp(&a.distance).then(a.from.cmp(&b.from));
        if far.len() > top && top > 0 {
            far.select_nth_unstable_by(top - 1, farther);
        }
        far.truncate(top);
        far.sort_unstable_by(farther);
        let mover = |moved: &Move| {
            let entry = to.catalog.entry(as_row(moved.to));
            Mover::of(&entry.item, from.parameters.items.row(moved.from), to.parameters.items.row(moved.to))
        };
        far.into_iter().map(mover).collect()
    }

    fn told(self, table: LearnedTable) -> TableDiff {
        TableDiff {
            table,
            rows_from: self.rows_from as u64,
            rows_to: self.rows_to as u64,
            added: (self.rows_to - self.common) as u64,
            removed: (self.rows_from - self.common) as u64,
            moved: self.moved.len() as u64,
            distance: Spread::of(self.moved.iter().map(|moved| moved.distance).collect()),
            relative: Spread::of(self.moved.iter().map(|moved| moved.relative).collect()),
        }
    }
}

/// Compares the small vectors, as one row.
fn small(from: &InferenceState, to: &InferenceState) -> Moves {
    let mut moves = Moves { rows_from: 1, rows_to: 1, common: 1, moved: Vec::new() };
    let [old, new]: [&[f32]; 2] =
        [from, to].map(|inference| bytemuck::must_cast_slice(std::slice::from_ref(&*inference.parameters.scalars)));
    moves.add(0, 0, old, new);
    moves
}

/// Counts the free rows of a table.
fn free(table: LearnedTable, inference: &InferenceState) -> usize {
    if table == LearnedTable::Users { inference.users.len() - inference.users.count() } else { 0 }
}

/// Finds the row of `to` with the same owner as `row` of `from`.
fn partner(table: LearnedTable, from: &InferenceState, to: &InferenceState, row: usize) -> Option<usize> {
    match table {
        LearnedTable::Items | LearnedTable::Bias => named(Names::Items(&from.catalog), Names::Items(&to.catalog), row),
        // Row 0 is "no item before".
        LearnedTable::Last => match row.checked_sub(1) {
            None => Some(0),
            Some(item) => named(Names::Items(&from.catalog), Names::Items(&to.catalog), item).map(|item| item + 1),
        },
        LearnedTable::Tokens => named(Names::Tokens(&from.catalog), Names::Tokens(&to.catalog), row),
        LearnedTable::Users => named(Names::Ids(&from.users), Names::Ids(&to.users), row),
        LearnedTable::Context => named(Names::Ids(&from.contexts), Names::Ids(&to.contexts), row),
        LearnedTable::Projections => projection(from, to, row),
        LearnedTable::Small => Some(0),
    }
}

/// Map between rows and ids of a table.
#[derive(Clone, Copy)]
enum Names<'a> {
    Items(&'a Catalog),
    Tokens(&'a Catalog),
    Ids(&'a IdMap),
}

impl<'a> Names<'a> {
    fn id(self, row: usize) -> Option<&'a Id> {
        let row32 = as_row(row);
        match self {
            Self::Items(catalog) => (row < catalog.len()).then(|| catalog.id(row32)),
            Self::Tokens(catalog) => (row < catalog.tokens_len()).then(|| catalog.token(row32)),
            Self::Ids(ids) => ids.get_id(row32),
        }
    }

    fn row(self, id: &str) -> Option<usize> {
        let row = match self {
            Self::Items(catalog) => catalog.row(id),
            Self::Tokens(catalog) => catalog.token_row(id),
            Self::Ids(ids) => ids.get(id),
        };
        row.map(|row| row as usize)
    }
}

fn named(from: Names<'_>, to: Names<'_>, row: usize) -> Option<usize> {
    let id = from.id(row)?;
    // States of one lineage number their rows alike, so the same number is tried before the map.
    if to.id(row) == Some(id) { Some(row) } else { to.row(id.as_str()) }
}

/// Finds the projection of the same input of the same modality.
fn projection(from: &InferenceState, to: &InferenceState, row: usize) -> Option<usize> {
    let all = from.content_vectors.modalities().all();
    let old = all.iter().find(|modality| (modality.first..modality.first + modality.inputs).contains(&row))?;
    let same = |new: &&shelfmark_domain::Modality| new.name == old.name && new.inputs == old.inputs;
    to.content_vectors.modalities().all().iter().find(same).map(|new| new.first + (row - old.first))
}
