//! Ranking of the words, items and circumstances that matter most now: those whose rows had most of the gradient lately.
//!
//! The gradient mass of a row is the sum of its squared gradients, which is the growth of its AdaGrad accumulators. The
//! growth since an earlier state says what was learned from since. Rows are matched by name, so a state of another line,
//! before a rollback for example, compares as well. A row that is younger than the earlier state, or whose accumulators
//! were set back by an import, counts from where they begin.

use serde::Serialize;

use shelfmark_domain::{Id, Position};
use shelfmark_state::{ACCUMULATOR_INITIAL, CowRows, InferenceState, LearnedTable, State, as_row};

use super::movers::relative_distance;

/// Maximum number of ranked terms of a table.
pub const TERMS_MAX: usize = 1_000;

/// Table whose rows have names that people know.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum TermsTable {
    /// Tokens: words of titles, categories, tags, brands and the like.
    Tokens,
    /// Items.
    Items,
    /// Circumstances.
    Context,
}

impl TermsTable {
    /// All tables.
    pub const ALL: [Self; 3] = [Self::Tokens, Self::Items, Self::Context];

    /// Returns the name in the API.
    pub const fn name(self) -> &'static str {
        self.learned().name()
    }

    /// Returns the table of this name.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|table| table.name() == name)
    }

    /// Returns the table of learned rows.
    pub(super) const fn learned(self) -> LearnedTable {
        match self {
            Self::Tokens => LearnedTable::Tokens,
            Self::Items => LearnedTable::Items,
            Self::Context => LearnedTable::Context,
        }
    }

    fn id(self, inference: &InferenceState, row: u32) -> &Id {
        match self {
            Self::Tokens => inference.catalog.token(row),
            Self::Items => inference.catalog.id(row),
            Self::Context => inference.contexts.id(row),
        }
    }

    /// Returns the row of the same name in another state. Rows mostly have the same number there.
    fn row_in(self, other: &InferenceState, row: u32, id: &Id) -> Option<u32> {
        let count = other.parameters.table(self.learned()).len();
        if (row as usize) < count && self.id(other, row) == id {
            return Some(row);
        }
        match self {
            Self::Tokens => other.catalog.token_row(id.as_str()),
            Self::Items => other.catalog.row(id.as_str()),
            Self::Context => other.contexts.get(id.as_str()),
        }
    }
}

/// A term in the ranking.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct RankedTerm {
    /// The token, with its prefix (`t:` a word of titles, `c:` a category), the item, or the circumstance.
    pub id: Id,
    /// Title of the item, if it has one; null for others.
    pub title: Option<String>,
    /// Its share of the gradient mass of its table since the earlier state.
    pub share: f64,
    /// Its gradient mass since the earlier state: the sum of its squared gradients.
    pub mass: f64,
    /// Its share of the gradient mass of its table before the earlier state; null without one.
    pub share_before: Option<f64>,
    /// Distance of its vector from that in the earlier state over the norm of the longer one: 0 unmoved, 2 reversed; null
    /// for what is new since.
    pub moved: Option<f32>,
}

/// Ranking of one table.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct TermsTableReport {
    /// The table.
    pub table: TermsTable,
    /// Number of its rows.
    pub rows: u64,
    /// Number of rows that had a gradient since the earlier state.
    pub touched: u64,
    /// Gradient mass of all its rows since then.
    pub mass: f64,
    /// Rows with most gradient mass since then, first the largest.
    pub terms: Vec<RankedTerm>,
}

/// Ranking of the words, items and circumstances that matter most now.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct TermsReport {
    /// Position of the state.
    pub position: Position,
    /// Position of the earlier state; null when all that was ever learned is ranked.
    pub since: Option<Position>,
    /// Number of events learned since then.
    pub events: u64,
    /// Ranking by table.
    pub tables: Vec<TermsTableReport>,
}

/// Ranks the terms of `tables` by their gradient mass in `now` since the state `before`, or since the beginning. Reads the
/// accumulators that the two states do not share.
pub fn terms_report(
    now: (&State, Position),
    before: Option<(&State, Position)>,
    tables: &[TermsTable],
    limit: usize,
) -> TermsReport {
    let limit = limit.min(TERMS_MAX);
    let learned = |state: &State| state.inference.counters.counted;
    TermsReport {
        position: now.1,
        since: before.map(|(_, position)| position),
        events: learned(now.0).saturating_sub(before.map_or(0, |(state, _)| learned(state))),
        tables: tables.iter().map(|table| ranking(*table, now.0, before.map(|(state, _)| state), limit)).collect(),
    }
}

/// Gradient mass of a row.
struct Mass {
    row: u32,
    before_row: Option<u32>,
    mass: f64,
    /// What it had at the earlier state.
    before: f64,
}

fn ranking(table: TermsTable, now: &State, before: Option<&State>, limit: usize) -> TermsTableReport {
    let learned = table.learned();
    let accumulators = now.accumulators.table(learned);
    let old = before.map(|state| (state, state.accumulators.table(learned)));
    let mut masses: Vec<Mass> = (0..accumulators.len())
        .map(|place| {
            let row = as_row(place);
            let id = table.id(&now.inference, row);
            let before_row = old.and_then(|(state, _)| table.row_in(&state.inference, row, id));
            let shared = |old: &CowRows| before_row == Some(row) && accumulators.shares(old, place);
            let before = match (old, before_row) {
                (Some((_, old)), Some(before_row)) => gradient_mass(old.row(before_row as usize)),
                (Some(_), None) | (None, _) => 0.0,
            };
            let mass = match old {
                Some((_, old)) if shared(old) => 0.0,
                Some(_) | None => {
                    let grown = gradient_mass(accumulators.row(place));
                    // Set back by an import or a rollback: what it has now came since.
                    if grown >= before { grown - before } else { grown }
                }
            };
            Mass { row, before_row, mass, before }
        })
        .collect();
    let whole: f64 = masses.iter().map(|mass| mass.mass).sum();
    let whole_before: f64 = masses.iter().map(|mass| mass.before).sum();
    masses.retain(|mass| mass.mass > 0.0);
    let touched = masses.len() as u64;
    masses.sort_unstable_by(|a, b| b.mass.total_cmp(&a.mass).then(a.row.cmp(&b.row)));
    masses.truncate(limit);
    let term = |mass: &Mass| {
        let weights = now.inference.parameters.table(learned).row(mass.row as usize);
        let moved = before.zip(mass.before_row).map(|(state, row)| {
            relative_distance(state.inference.parameters.table(learned).row(row as usize), weights)
        });
        RankedTerm {
            id: table.id(&now.inference, mass.row).clone(),
            title: title(table, &now.inference, mass.row),
            share: mass.mass / whole,
            mass: mass.mass,
            share_before: (whole_before > 0.0).then(|| mass.before / whole_before),
            moved,
        }
    };
    TermsTableReport {
        table,
        rows: accumulators.len() as u64,
        touched,
        mass: whole,
        terms: masses.iter().map(term).collect(),
    }
}

fn title(table: TermsTable, inference: &InferenceState, row: u32) -> Option<String> {
    match table {
        TermsTable::Items => inference.catalog.entry(row).item.title.clone(),
        TermsTable::Tokens | TermsTable::Context => None,
    }
}

/// Returns the sum of squared gradients of a row since its accumulators began.
pub(super) fn gradient_mass(accumulators: &[f32]) -> f64 {
    accumulators.iter().map(|sum| f64::from(*sum) - f64::from(ACCUMULATOR_INITIAL)).sum::<f64>().max(0.0)
}
