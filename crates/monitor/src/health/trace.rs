//! What one event did, found by learning the records around it again: the state is a function of the log, so a replay from
//! any state before the event passes through the very step that learned it, bit for bit (P4).

use serde::Serialize;

use shelfmark_domain::{Event, Id, Position};
use shelfmark_learner::{Observer, StepReport, StepTask};
use shelfmark_state::{Actor, InferenceState, LearnedTable, State, Unit, distance, dot};

use super::{StepFigures, Sums, TableFigures};

/// Rows of a trace: the event's own, then those that moved most.
pub const TRACE_ROWS_MAX: usize = 100;
/// Neighbours listed, and the places before and after that they are looked for in.
const NEIGHBOURS: usize = 10;
const NEIGHBOUR_PLACES: usize = 50;

/// The event that is looked for.
#[derive(Debug, Clone)]
pub struct TraceTarget {
    /// Where it stands.
    pub position: Position,
    /// The event.
    pub event: Event,
}

/// What a row is to the event.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum Part {
    /// Its item.
    Item,
    /// Its user.
    User,
    /// The item that its user met last.
    Last,
    /// An item of its user's history.
    History,
    /// A token of its item.
    Token,
    /// One of its circumstances.
    Context,
    /// None of these: a row of another event of the step, or one that competed.
    Other,
}

/// A row that the step moved.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct MovedRow {
    /// Its table.
    pub table: LearnedTable,
    /// Whose it is: an item, user, token or circumstance; null for the row of "no item before" and for projections.
    pub id: Option<Id>,
    /// The item's title, if it has one.
    pub title: Option<String>,
    /// What it is to the event.
    pub part: Part,
    /// Its length before the step.
    pub norm_before: f32,
    /// Its length after the step.
    pub norm_after: f32,
    /// How far it moved.
    pub moved: f32,
    /// Norm of its gradient after clipping, from what its accumulators grew by.
    pub gradient_norm: f32,
}

/// An item near the event's, before or after.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Neighbour {
    /// The item.
    pub id: Id,
    /// Its title, if it has one.
    pub title: Option<String>,
    /// Cosine before the step.
    pub similarity_before: f32,
    /// Cosine after the step.
    pub similarity_after: f32,
    /// Place among all items before, from 1; null beyond 50.
    pub place_before: Option<usize>,
    /// Place after, from 1; null beyond 50.
    pub place_after: Option<usize>,
}

/// The step that learned an event.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Trace {
    /// Position of the first record of the batch that the step is of.
    pub batch_first: Position,
    /// Position of its last record.
    pub batch_last: Position,
    /// Number of the step in the batch, from 0; a batch is one step unless a basket is very large.
    pub number: u64,
    /// Whether the item had been met before the batch: of a first sight only vectors learn.
    pub known: bool,
    /// Weight of the event's target; negative for a dislike.
    pub weight: f32,
    /// What the step did.
    pub step: StepFigures,
    /// Norm of its whole gradient after clipping.
    pub clipped_gradient_norm: f64,
    /// By table.
    pub tables: Vec<TableFigures>,
    /// Rows that it moved, in all.
    pub rows_moved: u64,
    /// The event's own rows, then those that moved most; at most 100.
    pub rows: Vec<MovedRow>,
    /// Neighbours of the item whose similarity changed most, by the change.
    pub neighbours: Vec<Neighbour>,
}

/// Watches a replay for the step that learns the event.
#[derive(Debug)]
pub struct Tracer {
    target: TraceTarget,
    found: Option<Found>,
    /// Whether the newest batch met a frozen model.
    frozen: bool,
    /// Whether the event's batch did.
    target_frozen: bool,
}

#[derive(Debug)]
struct Found {
    first: Position,
    number: u64,
    item: u32,
    known: bool,
    weight: f32,
    /// Rows that are something to the event, most telling first.
    own: Vec<(LearnedTable, u32, Part)>,
    before: State,
    after: Option<(State, StepReport)>,
}

impl Tracer {
    /// Looks for this event. The learner must watch every step.
    pub const fn new(target: TraceTarget) -> Self {
        Self { target, found: None, frozen: false, target_frozen: false }
    }

    /// Whether the event came while learning was frozen: no step learned it.
    pub const fn is_frozen(&self) -> bool {
        self.target_frozen
    }

    /// What was found. Costs the rows that the step moved, and one pass over all items.
    pub fn trace(self) -> Option<Trace> {
        let Found { first, number, item, known, weight, own, before, after } = self.found?;
        let (after, report) = after?;
        let mut sums = Sums::default();
        sums.add(&report);
        let (rows_moved, rows) = moved_rows(&own, &before, &after);
        Some(Trace {
            batch_first: first,
            batch_last: report.through,
            number,
            known,
            weight,
            step: StepFigures::of(&sums),
            clipped_gradient_norm: f64::from(report.gradient_norm * report.scale),
            tables: TableFigures::all(&sums),
            rows_moved,
            rows,
            neighbours: neighbours(item, &before.inference, &after.inference),
        })
    }
}

impl Observer for Tracer {
    fn before_learning(&mut self, state: &State, _: &[Unit]) {
        self.frozen = !state.config().learning;
    }

    fn before_step(&mut self, state: &State, task: &StepTask<'_>) {
        let (first, number) = task.key;
        let event = &self.target.event;
        // Batches come in order: the last one that begins at or before the event is its own.
        if first > self.target.position.get() {
            return;
        }
        let inference = &state.inference;
        let Some(item) = inference.catalog.row(event.item.as_str()) else { return };
        let actor = match (&event.user, &event.session) {
            (Some(user), _) => inference.user(user.as_str()),
            (None, Some(session)) => inference.session(session.as_str()),
            (None, None) => None,
        };
        let mut learned =
            task.pairs.iter().map(|(unit, target)| (task.units[*unit], task.units[*unit].targets[*target]));
        let own =
            learned.find(|(unit, target)| Some(unit.actor) == actor && unit.at == event.ts && target.item == item);
        if let Some((unit, target)) = own {
            self.found = Some(Found {
                first: Position::new(first),
                number,
                item,
                known: target.known,
                weight: target.weight,
                own: own_rows(inference, unit, item),
                before: state.clone(),
                after: None,
            });
        }
    }

    fn after_step(&mut self, state: &State, report: &StepReport) {
        if let Some(found) = &mut self.found
            && found.after.is_none()
        {
            found.after = Some((state.clone(), *report));
        }
    }

    fn after_learning(&mut self, state: &mut State, through: Position) {
        if self.found.is_none() && self.frozen && through >= self.target.position {
            self.target_frozen = true;
        }
        // Nobody else looks at it in a replay, and a step's own marks are what is compared.
        state.touched.clear();
    }
}

fn own_rows(inference: &InferenceState, unit: &Unit, item: u32) -> Vec<(LearnedTable, u32, Part)> {
    let context = &unit.context;
    let mut rows = vec![(LearnedTable::Items, item, Part::Item), (LearnedTable::Bias, item, Part::Item)];
    if let Actor::User(row) = unit.actor {
        rows.push((LearnedTable::Users, row, Part::User));
    }
    rows.push((LearnedTable::Last, context.history.first().map_or(0, |last| last + 1), Part::Last));
    rows.extend(context.terms.iter().map(|row| (LearnedTable::Context, *row, Part::Context)));
    rows.extend(inference.catalog.entry(item).tokens.iter().map(|row| (LearnedTable::Tokens, *row, Part::Token)));
    rows.extend(context.history.iter().map(|row| (LearnedTable::Items, *row, Part::History)));
    rows
}

/// How many rows the step moved, and those that a trace lists.
fn moved_rows(own: &[(LearnedTable, u32, Part)], before: &State, after: &State) -> (u64, Vec<MovedRow>) {
    let mut moved: Vec<(f32, LearnedTable, u32)> = Vec::new();
    for table in LearnedTable::ROWS {
        let [old, new] = [before, after].map(|state| state.inference.parameters.table(table));
        for row in after.touched.rows(table.table()) {
            let far = distance(old.row(*row as usize), new.row(*row as usize));
            if far > 0.0 {
                moved.push((far, table, *row));
            }
        }
    }
    let count = moved.len() as u64;
    moved.sort_unstable_by(|a, b| b.0.total_cmp(&a.0).then((a.1, a.2).cmp(&(b.1, b.2))));
    let mut listed: Vec<(LearnedTable, u32, Part)> = Vec::new();
    for (table, row, part) in
        own.iter().copied().chain(moved.into_iter().map(|(_, table, row)| (table, row, Part::Other)))
    {
        if listed.len() < TRACE_ROWS_MAX && !listed.iter().any(|(t, r, _)| (*t, *r) == (table, row)) {
            listed.push((table, row, part));
        }
    }
    (count, listed.into_iter().map(|(table, row, part)| moved_row(table, row, part, before, after)).collect())
}

fn moved_row(table: LearnedTable, row: u32, part: Part, before: &State, after: &State) -> MovedRow {
    let at = row as usize;
    let [old, new] = [before, after].map(|state| state.inference.parameters.table(table).row(at));
    let [sums_before, sums_after] = [before, after].map(|state| state.accumulators.table(table).row(at));
    let grown: f64 = sums_before.iter().zip(sums_after).map(|(old, new)| f64::from(*new) - f64::from(*old)).sum();
    let inference = &after.inference;
    let item = match table {
        LearnedTable::Items | LearnedTable::Bias => Some(row),
        LearnedTable::Last => row.checked_sub(1),
        LearnedTable::Users
        | LearnedTable::Tokens
        | LearnedTable::Context
        | LearnedTable::Projections
        | LearnedTable::Small => None,
    };
    let id = match table {
        LearnedTable::Users => inference.users.holder(row),
        LearnedTable::Tokens => Some(inference.catalog.token(row)),
        LearnedTable::Context => Some(inference.contexts.id(row)),
        LearnedTable::Items
        | LearnedTable::Bias
        | LearnedTable::Last
        | LearnedTable::Projections
        | LearnedTable::Small => item.map(|row| inference.catalog.id(row)),
    };
    #[expect(clippy::cast_possible_truncation, reason = "a norm of f32 values")]
    let gradient_norm = grown.max(0.0).sqrt() as f32;
    MovedRow {
        table,
        id: id.cloned(),
        title: item.and_then(|row| inference.catalog.entry(row).item.title.clone()),
        part,
        norm_before: dot(old, old).sqrt(),
        norm_after: dot(new, new).sqrt(),
        moved: distance(old, new),
        gradient_norm,
    }
}

/// The items whose similarity to `item` changed most, among those that were or are near.
fn neighbours(item: u32, before: &InferenceState, after: &InferenceState) -> Vec<Neighbour> {
    let [old, new] = [before, after].map(|inference| similarities(item, inference));
    let [old_places, new_places] = [&old, &new].map(|similarities| places(item, similarities, after));
    let mut near: Vec<u32> = old_places.iter().chain(&new_places).copied().collect();
    near.sort_unstable();
    near.dedup();
    let change = |row: &u32| (new[*row as usize] - old[*row as usize]).abs();
    near.sort_by(|a, b| change(b).total_cmp(&change(a)).then(a.cmp(b)));
    let place = |places: &[u32], row: u32| places.iter().position(|near| *near == row).map(|place| place + 1);
    let neighbour = |row: u32| Neighbour {
        id: after.catalog.id(row).clone(),
        title: after.catalog.entry(row).item.title.clone(),
        similarity_before: old[row as usize],
        similarity_after: new[row as usize],
        place_before: place(&old_places, row),
        place_after: place(&new_places, row),
    };
    near.into_iter().take(NEIGHBOURS).map(neighbour).collect()
}

/// Cosine of every item's vector, content included, with that of `item`.
fn similarities(item: u32, inference: &InferenceState) -> Vec<f32> {
    let mut wanted = vec![0.0; inference.config.dim];
    inference.item_vector(item, &mut wanted);
    let length = dot(&wanted, &wanted).sqrt();
    let mut vector = vec![0.0; inference.config.dim];
    let rows = 0..u32::try_from(inference.catalog.len()).expect("rows are u32");
    let cosine = |row| {
        inference.item_vector(row, &mut vector);
        let lengths = dot(&vector, &vector).sqrt() * length;
        if lengths > 0.0 { (dot(&vector, &wanted) / lengths).clamp(-1.0, 1.0) } else { 0.0 }
    };
    rows.map(cosine).collect()
}

/// The nearest items that may be recommended, nearest first.
fn places(item: u32, similarities: &[f32], inference: &InferenceState) -> Vec<u32> {
    let mut rows: Vec<u32> = (0..u32::try_from(similarities.len()).expect("rows are u32"))
        .filter(|row| *row != item && inference.catalog.entry(*row).recommendable())
        .collect();
    let nearer = |a: &u32, b: &u32| similarities[*b as usize].total_cmp(&similarities[*a as usize]).then(a.cmp(b));
    if rows.len() > NEIGHBOUR_PLACES {
        rows.select_nth_unstable_by(NEIGHBOUR_PLACES - 1, nearer);
        rows.truncate(NEIGHBOUR_PLACES);
    }
    rows.sort_by(nearer);
    rows
}
