//! Survey of the rows of a state: their norms, their distances from a version, untouched and stale rows.

use serde::Serialize;

use shelfmark_domain::{Id, Position, VersionNumber};
use shelfmark_state::{ACCUMULATOR_INITIAL, CowRows, LearnedTable, Parameters, State, as_row, dot};

use super::{
    Quantiles,
    movers::{Mover, movers, relative_distance},
};

/// Maximum number of rows of a table in a survey: every row of a table up to this size, every second row of one up to
/// twice as large, and so on.
pub const SAMPLE_ROWS_MAX: usize = 65_536;
/// Number of records without a gradient after which a row is stale.
pub const STALE_RECORDS: u64 = 100_000;
/// Maximum number of rows listed by id.
const LISTED_MAX: usize = 50;

/// Version that a survey compares with. The live state grew from it, so rows have the same numbers.
#[derive(Debug, Clone, Copy)]
pub struct SurveyedVersion<'a> {
    /// Its number.
    pub number: VersionNumber,
    /// Its position.
    pub position: Position,
    /// Its state.
    pub state: &'a State,
}

/// Survey of one table. Counts are of sampled rows.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct TableSurvey {
    /// The table.
    pub table: LearnedTable,
    /// Number of rows of the table.
    pub rows: u64,
    /// Number of sampled rows.
    pub sampled: u64,
    /// Number of sampled rows that learning can have met: items of an event, tokens of such items, all rows of other
    /// tables.
    pub met: u64,
    /// Events learned so far per met row.
    pub events_per_row: Option<f64>,
    /// Number of met rows that never had a gradient.
    pub untouched: u64,
    /// Number of met rows that had a gradient, but not in the last 100,000 records.
    pub stale: u64,
    /// Norms of met rows.
    pub norms: Option<Quantiles>,
    /// Relative distances of rows from the same rows of the version: 0 unmoved, 2 reversed.
    pub moved: Option<Quantiles>,
}

impl TableSurvey {
    /// Computes the share of met rows that never had a gradient.
    pub fn untouched_share(&self) -> Option<f64> {
        (self.met > 0).then(|| self.untouched as f64 / self.met as f64)
    }

    /// Computes the share of met rows that are stale.
    pub fn stale_share(&self) -> Option<f64> {
        (self.met > 0).then(|| self.stale as f64 / self.met as f64)
    }
}

/// Item whose vector is untouched or stale.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct StillRow {
    /// The item.
    pub item: Id,
    /// Its title, if it has one.
    pub title: Option<String>,
    /// Position of the last survey that found its vector changed; null when it never had a gradient.
    pub touched_at: Option<Position>,
}

/// Survey of the rows of a state.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Survey {
    /// Position of the state.
    pub position: Position,
    /// The version that rows were compared with.
    #[cfg_attr(feature = "openapi", schema(value_type = Option<u32>))]
    pub version: Option<VersionNumber>,
    /// Position of that version.
    pub version_position: Option<Position>,
    /// Survey by table.
    pub tables: Vec<TableSurvey>,
    /// Items that moved most since the version, farthest first.
    pub most_changed: Vec<Mover>,
    /// Items met in an event whose vector never had a gradient, at most 50.
    pub untouched: Vec<StillRow>,
    /// Items whose vector had no gradient in the last 100,000 records, at most 50.
    pub stale: Vec<StillRow>,
}

impl Survey {
    /// Returns the survey of one table; `None` for the small vectors.
    pub fn table(&self, table: LearnedTable) -> Option<&TableSurvey> {
        self.tables.iter().find(|survey| survey.table == table)
    }
}

/// Surveyor of states. It remembers which rows changed between its surveys.
#[derive(Debug, Default)]
pub struct Surveyor {
    previous: Option<Parameters>,
    seen: [LastTouched; LearnedTable::ROWS.len()],
}

/// Positions at which sampled rows were last found changed.
#[derive(Debug, Default)]
struct LastTouched {
    /// Distance of two sampled rows: a power of two, so that a smaller sample of a grown table is part of the earlier
    /// one.
    stride: usize,
    touched_at: Vec<Option<Position>>,
}

impl Surveyor {
    /// Surveys a state. Reads the sampled rows, which may take half a second, so call it outside the async workers.
    pub fn survey(&mut self, state: &State, position: Position, version: Option<SurveyedVersion<'_>>) -> Survey {
        let reached = reached_tokens(state);
        let mut survey = Survey {
            position,
            version: version.map(|version| version.number),
            version_position: version.map(|version| version.position),
            tables: Vec::with_capacity(LearnedTable::ROWS.len()),
            most_changed: Vec::new(),
            untouched: Vec::new(),
            stale: Vec::new(),
        };
        for (table, seen) in LearnedTable::ROWS.into_iter().zip(&mut self.seen) {
            let accumulators = state.accumulators.table(table);
            let previous = self.previous.as_ref().map(|previous| previous.table(table));
            seen.look(accumulators, previous, initial(table), position);
            let look = TableLook { table, state, seen, position, reached: &reached };
            look.add(version, &mut survey);
        }
        // Kept until the next survey. The learner copies the rows that it changes meanwhile, as it does for views.
        self.previous = Some(state.accumulators.clone());
        survey
    }
}

impl LastTouched {
    /// Records which rows changed since the survey before.
    fn look(&mut self, now: &CowRows, before: Option<&CowRows>, initial: f32, position: Position) {
        let rows = now.len();
        self.stride = self.stride.max(1);
        if self.touched_at.len() * self.stride > rows + self.stride {
            // The state was rolled back, and the last rows no longer exist.
            self.touched_at.truncate(rows.div_ceil(self.stride));
        }
        while rows.div_ceil(self.stride) > SAMPLE_ROWS_MAX {
            self.stride *= 2;
            let mut place = 0;
            self.touched_at.retain(|_| {
                place += 1;
                place % 2 == 1
            });
        }
        self.touched_at.resize(rows.div_ceil(self.stride), None);
        for (place, touched_at) in self.touched_at.iter_mut().enumerate() {
            let row = place * self.stride;
            let moved = match before.filter(|before| row < before.len()) {
                Some(before) if now.shares(before, row) => false,
                Some(before) => now.row(row) != before.row(row),
                None => now.row(row).iter().any(|value| *value != initial),
            };
            if moved {
                *touched_at = Some(position);
            }
        }
    }
}

/// Survey of one table in progress.
struct TableLook<'a> {
    table: LearnedTable,
    state: &'a State,
    seen: &'a LastTouched,
    position: Position,
    reached: &'a [bool],
}

impl TableLook<'_> {
    fn add(&self, version: Option<SurveyedVersion<'_>>, survey: &mut Survey) {
        let weights = self.state.inference.parameters.table(self.table);
        let before = version.map(|version| version.state.inference.parameters.table(self.table));
        let mut table = TableSurvey {
            table: self.table,
            rows: weights.len() as u64,
            sampled: self.seen.touched_at.len() as u64,
            met: 0,
            events_per_row: None,
            untouched: 0,
            stale: 0,
            norms: None,
            moved: None,
        };
        let (mut norms, mut moved, mut ranked) = (Vec::new(), Vec::new(), Vec::new());
        for (place, touched_at) in self.seen.touched_at.iter().enumerate() {
            let row = place * self.seen.stride;
            let values = weights.row(row);
            if let Some(before) = before.filter(|before| row < before.len() && self.is_same(version, row)) {
                let relative =
                    if weights.shares(before, row) { 0.0 } else { relative_distance(before.row(row), values) };
                moved.push(relative);
                if self.table == LearnedTable::Items {
                    ranked.push((relative, u32::try_from(row).expect("rows are u32")));
                }
            }
            if !self.is_met(row) {
                continue;
            }
            table.met += 1;
            norms.push(dot(values, values).sqrt());
            let listed = match touched_at {
                None => {
                    table.untouched += 1;
                    &mut survey.untouched
                }
                Some(at) if self.position.since(*at) >= STALE_RECORDS => {
                    table.stale += 1;
                    &mut survey.stale
                }
                Some(_) => continue,
            };
            if self.table == LearnedTable::Items && listed.len() < LISTED_MAX {
                let item = &self.state.inference.catalog.entry(u32::try_from(row).expect("rows are u32")).item;
                listed.push(StillRow { item: item.id.clone(), title: item.title.clone(), touched_at: *touched_at });
            }
        }
        let met = (table.met * self.seen.stride as u64) as f64;
        table.events_per_row = (met > 0.0).then(|| self.state.inference.counters.events as f64 / met);
        (table.norms, table.moved) = (Quantiles::of(norms), Quantiles::of(moved));
        if let Some(version) = version.filter(|_| self.table == LearnedTable::Items) {
            survey.most_changed = movers(ranked, &version.state.inference, &self.state.inference);
        }
        survey.tables.push(table);
    }

    /// Whether a row has the same owner in the version. Rows of dropped idle users are reused.
    fn is_same(&self, version: Option<SurveyedVersion<'_>>, row: usize) -> bool {
        if self.table != LearnedTable::Users {
            return true;
        }
        let before = version.and_then(|version| version.state.inference.users.get_id(as_row(row)));
        before.is_some() && before == self.state.inference.users.get_id(as_row(row))
    }

    /// Whether learning can have met a row.
    fn is_met(&self, row: usize) -> bool {
        let inference = &self.state.inference;
        let known = |row: usize| inference.catalog.is_known(as_row(row));
        match self.table {
            LearnedTable::Items | LearnedTable::Bias => known(row),
            LearnedTable::Last => row == 0 || known(row - 1),
            LearnedTable::Tokens => self.reached[row],
            LearnedTable::Users => inference.users.get_id(as_row(row)).is_some(),
            LearnedTable::Context | LearnedTable::Projections | LearnedTable::Small => true,
        }
    }
}

/// Returns, by token row, whether an item with the token was met in an event.
fn reached_tokens(state: &State) -> Vec<bool> {
    let catalog = &state.inference.catalog;
    let mut reached = vec![false; catalog.tokens_len()];
    for row in catalog.known().iter() {
        for token in catalog.entry(*row).tokens.iter() {
            reached[*token as usize] = true;
        }
    }
    reached
}

/// Returns the initial value of a table's accumulators.
fn initial(table: LearnedTable) -> f32 {
    if table == LearnedTable::Bias { 0.0 } else { ACCUMULATOR_INITIAL }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rows(count: usize) -> CowRows {
        let mut rows = CowRows::new(1);
        (0..count).for_each(|_| rows.push_filled(0.0));
        rows
    }

    /// Goal: large tables are sampled and nothing seen is forgotten when a table outgrows the sample. Method: touch
    /// rows between looks, then let the table grow to three times the sample.
    #[test]
    fn a_sample_keeps_what_it_saw_when_the_table_outgrows_it_and_forgets_rows_that_are_gone() {
        let mut seen = LastTouched::default();
        let mut now = rows(1000);
        now.row_mut(8)[0] = 1.0;
        seen.look(&now, None, 0.0, Position::new(10));
        let before = now.clone();
        now.row_mut(12)[0] = 1.0;
        seen.look(&now, Some(&before), 0.0, Position::new(20));
        let touched = |seen: &LastTouched, row: usize| seen.touched_at[row / seen.stride];
        assert_eq!((seen.stride, seen.touched_at.len()), (1, 1000));
        let expected = [(8, Some(Position::new(10))), (12, Some(Position::new(20))), (16, None)];
        assert!(expected.iter().all(|(row, at)| touched(&seen, *row) == *at));

        let before = now.clone();
        (0..3 * SAMPLE_ROWS_MAX).for_each(|_| now.push_filled(0.0));
        now.row_mut(2 * SAMPLE_ROWS_MAX)[0] = 1.0;
        seen.look(&now, Some(&before), 0.0, Position::new(30));
        assert_eq!(seen.stride, 4);
        assert!(seen.touched_at.len() <= SAMPLE_ROWS_MAX);
        assert!(expected.iter().all(|(row, at)| touched(&seen, *row) == *at));
        assert_eq!(
            touched(&seen, 2 * SAMPLE_ROWS_MAX),
            Some(Position::new(30)),
            "a new row was touched since it began"
        );

        let before = now.clone();
        seen.look(&rows(16), Some(&before), 0.0, Position::new(40));
        assert_eq!(seen.touched_at.len(), 4);
        assert_eq!(touched(&seen, 8), Some(Position::new(40)), "an older state's row has other sums");
    }
}
