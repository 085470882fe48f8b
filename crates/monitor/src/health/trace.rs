//! Trace of one event: its effects, found by a replay. The state is a function of the log, so a replay from any state
//! before the event repeats the step that learned it, bit for bit (P4).

use serde::Serialize;

use shelfmark_domain::{Event, Id, Position};
use shelfmark_learner::{Observer, StepReport, StepTask};
use shelfmark_state::{Actor, InferenceState, LearnedTable, State, Unit, distance, dot};

use super::{StepFigures, Sums, TableFigures};

/// Maximum number of rows of a trace: the event's own, then those that moved most.
pub const TRACE_ROWS_MAX: usize = 100;
/// Maximum number of listed neighbours, and the number of nearest items, before and after, that they are chosen from.
const NEIGHBOURS: usize = 10;
const NEIGHBOUR_PLACES: usize = 50;

/// Event to be traced.
#[derive(Debug, Clone)]
pub struct TraceTarget {
    /// Its position.
    pub position: Position,
    /// The event.
    pub event: Event,
}

/// Role of a row for the event.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum Part {
    /// The event's item.
    Item,
    /// The event's user.
    User,
    /// The last item before the event in the actor's history.
    Last,
    /// An item of the actor's history.
    History,
    /// A token of the event's item.
    Token,
    /// One of the event's circumstances.
    Context,
    /// None of these: a row of another event of the step, or of a competing item.
    Other,
}

/// Row that the step moved.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct MovedRow {
    /// Its table.
    pub table: LearnedTable,
    /// Id of its item, user, token or circumstance; null for the row of "no item before" and for projections.
    pub id: Option<Id>,
    /// The item's title, if it has one.
    pub title: Option<String>,
    /// Role of the row for the event.
    pub part: Part,
    /// Its norm before the step.
    pub norm_before: f32,
    /// Its norm after the step.
    pub norm_after: f32,
    /// Euclidean distance of its vectors before and after.
    pub moved: f32,
    /// Norm of its gradient after clipping, computed from the growth of its accumulators.
    pub gradient_norm: f32,
}

/// Item near the event's item, before or after the step.
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
    /// Rank among all items before the step, from 1; null beyond 50.
    pub place_before: Option<usize>,
    /// Rank among all items after the step, from 1; null beyond 50.
    pub place_after: Option<usize>,
}

/// Trace of an event: the step that learned it.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Trace {
    /// Position of the first record of the step's batch.
    pub batch_first: Position,
    /// Position of the last record of the step's batch.
    pub batch_last: Position,
    /// Number of the step in the batch, from 0. A batch is one step unless a basket is very large.
    pub number: u64,
    /// Whether the item had been met before the batch. The first event of an item trains vectors only.
    pub known: bool,
    /// Weight of the event's target; negative for a dislike.
    pub weight: f32,
    /// Figures of the step.
    pub step: StepFigures,
    /// Norm of the whole gradient after clipping.
    pub clipped_gradient_norm: f64,
    /// Figures by table.
    pub tables: Vec<TableFigures>,
    /// Number of rows that the step moved.
    pub rows_moved: u64,
    /// The event's own rows, then those that moved most; at most 100.
    pub rows: Vec<MovedRow>,
    /// Neighbours of the item whose similarity changed most, largest change first.
    pub neighbours: Vec<Neighbour>,
}

/// Observer of a replay that captures the step which learns the event.
#[derive(Debug)]
pub struct Tracer {
    target: TraceTarget,
    found: Option<Found>,
    /// Whether the model was frozen at the newest batch.
    frozen: bool,
    /// Whether it was frozen at the event's batch.
    target_frozen: bool,
}

#[derive(Debug)]
struct Found {
    first: Position,
    number: u64,
    item: u32,
    known: bool,
    weight: f32,
    /// Rows with a role for the event, the most important first.
    own: Vec<(LearnedTable, u32, Part)>,
    before: State,
    after: Option<(State, StepReport)>,
}

impl Tracer {
    /// Traces this event. The learner has to measure every step.
    pub const fn new(target: TraceTarget) -> Self {
        Self { target, found: None, frozen: false, target_frozen: false }
    }

    /// Whether learning was frozen at the event, so that no step learned it.
    pub const fn is_frozen(&self) -> bool {
        self.target_frozen
    }

    /// Returns the trace, if the step was found. Reads the rows that the step moved, and makes one pass over all items.
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
        // Batches come in order. The event's own is the last one that begins at or before it.
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
        // Nothing else reads it in a replay, and the trace needs the marks of one step alone.
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

/// Counts the rows that the step moved, and returns those that a trace lists.
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
        LearnedTable::Users => inference.users.get_id(row),
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

/// Lists the items whose similarity to `item` changed most, among those near it before or after.
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

/// Computes the cosine of every item's vector, content included, with that of `item`. Returns one value per item row.
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

/// Lists the rows of the nearest items that may be recommended, nearest first.
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
