//! Comparison of tables of vectors: whether one is likely to derive from another.
//!
//! Two tables have no axes in common, so only what every rotation keeps can be compared. [`similarity`] rotates one onto
//! the other as well as possible (orthogonal Procrustes, Schönemann 1966) and says how much of it fits. Permuted ids say
//! how much fits by chance (PROTEST, Jackson 1995): the p-value is the share of permutations that fit as well.
//!
//! **Promises.** Pure, and equal input gives equal figures: permutations are drawn by a counter-based generator.
//!
//! **Does not prove** who copied from whom. Two models that learned the same events alike without a common origin also
//! fit better than chance; [`Relation`] tells the two apart by how much fits.
//!
//! **Bounds.** [`ROWS_MAX`] rows of each table, the smallest hashes of their ids. Vectors longer than
//! [`DIRECTIONS_MAX`] values are first reduced to that many principal directions. [`PERMUTATIONS_MAX`] permutations.

mod directions;
mod eigenvalues;
mod procrustes;

use std::collections::BTreeMap;

use serde::Serialize;
use xxhash_rust::xxh3::xxh3_64_with_seed;

use shelfmark_domain::{Id, VectorTable};
use shelfmark_serving::View;
use shelfmark_state::as_row;

pub use directions::DIRECTIONS_MAX;
pub use procrustes::{Similarity, similarity};

/// Maximum number of rows that are compared.
pub const ROWS_MAX: usize = 1_000;
/// Maximum number of permutations of ids.
pub const PERMUTATIONS_MAX: usize = 999;
/// Number of permutations that fit as well after which no more are tried (Besag and Clifford 1991).
pub const EXCEEDED_MAX: usize = 10;
/// Number of rows that both tables must have, at least.
pub const MATCHED_MIN: usize = 20;
/// Greatest p-value at which a fit is no chance.
pub const CHANCE_MAX: f64 = 0.01;
/// Least similarity beyond chance of tables that derive from each other. A fork that learned a sixth more events has .96
/// of it, a model that learned the same events from another seed .88, and one of another shop with that catalogue .61
/// (generated, 300 items, 16 values).
pub const DERIVED_MIN: f64 = 0.95;

/// Seed of the hashes by which rows are sampled.
const SEED: u64 = 0x666f_7265_6e73_6963;

/// How two tables are related.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum Relation {
    /// Too few ids are in both.
    Unknown,
    /// They fit no better than with permuted ids.
    Unrelated,
    /// They fit better than by chance: derived long ago, or learned from events alike.
    Related,
    /// They fit so well that one derives from the other, or both from a third.
    Derived,
}

/// Comparison of a table with one state.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Comparison {
    /// How they are related.
    pub relation: Relation,
    /// The numbers that led to it, in a sentence.
    pub because: String,
    /// Number of given ids that the state has: of items with an event.
    pub matched: u64,
    /// Number of rows that were compared: all that match, or a sample of 1,000.
    pub compared: u64,
    /// The figures; null where too few ids are in both, or one of the tables has no variance.
    pub similarity: Option<Similarity>,
}

/// Vectors by id, of one length.
pub type NamedVectors = BTreeMap<Id, Vec<f32>>;

/// Collects the vectors of a state, at most [`ROWS_MAX`]: of its items with an event as they are served, or of its tokens.
pub fn vectors_of(view: &View, table: VectorTable) -> NamedVectors {
    let catalog = &view.inference().catalog;
    let count = match table {
        VectorTable::Items => catalog.len(),
        VectorTable::Tokens => catalog.tokens_len(),
    };
    let rows = (0..count).map(as_row).filter(|row| is_learned(view, table, *row));
    let mut rows: Vec<(u64, u32)> = rows.map(|row| (hash(id_of(view, table, row)), row)).collect();
    rows.sort_unstable();
    rows.truncate(ROWS_MAX);
    let named = |(_, row)| (id_of(view, table, row).clone(), row_of(view, table, row).to_vec());
    rows.into_iter().map(named).collect()
}

/// Whether a row's vector was learned. An item without an event has the vector that its id and the seed give, which is no
/// sign of a common origin.
fn is_learned(view: &View, table: VectorTable, row: u32) -> bool {
    let catalog = &view.inference().catalog;
    match table {
        VectorTable::Items => catalog.is_known(row) && !catalog.entry(row).removed,
        VectorTable::Tokens => true,
    }
}

fn id_of(view: &View, table: VectorTable, row: u32) -> &Id {
    match table {
        VectorTable::Items => view.inference().catalog.id(row),
        VectorTable::Tokens => view.inference().catalog.token(row),
    }
}

fn row_of(view: &View, table: VectorTable, row: u32) -> &[f32] {
    match table {
        VectorTable::Items => view.vector(row),
        VectorTable::Tokens => view.inference().parameters.tokens.row(row as usize),
    }
}

/// Compares given vectors, all of one length, with those of a state by id.
pub fn compare(given: &NamedVectors, view: &View, table: VectorTable, permutations: usize) -> Comparison {
    let catalog = &view.inference().catalog;
    let row = |id: &Id| {
        let row = match table {
            VectorTable::Items => catalog.row(id.as_str()),
            VectorTable::Tokens => catalog.token_row(id.as_str()),
        };
        row.filter(|row| is_learned(view, table, *row))
    };
    let mut pairs: Vec<(u64, &[f32], &[f32])> = given
        .iter()
        .filter_map(|(id, vector)| Some((hash(id), vector.as_slice(), row_of(view, table, row(id)?))))
        .collect();
    let matched = pairs.len() as u64;
    pairs.sort_unstable_by_key(|(hash, _, _)| *hash);
    pairs.truncate(ROWS_MAX);
    let compared = pairs.len();
    let (given, ours): (Vec<&[f32]>, Vec<&[f32]>) = pairs.into_iter().map(|(_, given, ours)| (given, ours)).unzip();
    let found = if compared < MATCHED_MIN { None } else { similarity(&given, &ours, permutations) };
    let (relation, because) = judged(matched, compared, found.as_ref());
    Comparison { relation, because, matched, compared: compared as u64, similarity: found }
}

fn judged(matched: u64, compared: usize, found: Option<&Similarity>) -> (Relation, String) {
    let Some(found) = found else {
        let because = if compared < MATCHED_MIN {
            format!("{matched} of the ids are in both, {MATCHED_MIN} are needed")
        } else {
            format!("all vectors of the {compared} ids are alike in one of the two")
        };
        return (Relation::Unknown, because);
    };
    let Similarity { similarity, beyond_chance, p_value, permutations, .. } = found;
    let relation = if *p_value > CHANCE_MAX {
        Relation::Unrelated
    } else if *beyond_chance >= DERIVED_MIN {
        Relation::Derived
    } else {
        Relation::Related
    };
    let meaning = match relation {
        Relation::Unknown | Relation::Unrelated => "no more than by chance",
        Relation::Related => {
            "more than by chance, as tables do that were learned from events alike, or derived long ago"
        }
        Relation::Derived => "as a table and its copy, or forks of one model",
    };
    let because = format!(
        "after the best rotation the {compared} vectors agree by {similarity:.3}, with permuted ids by {:.3} on average \
         (p = {p_value:.3} of {permutations} permutations): {meaning}",
        found.by_chance
    );
    (relation, because)
}

fn hash(id: &Id) -> u64 {
    xxh3_64_with_seed(id.as_str().as_bytes(), SEED)
}
