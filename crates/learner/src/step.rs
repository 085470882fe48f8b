//! Gradient step: gathers the rows of its items, computes the gradient, and updates the rows.

use std::{collections::BTreeMap, sync::Arc};

use bytemuck::Zeroable;

use shelfmark_domain::{Optimizer, Position};
use shelfmark_state::{
    Actor, ComposedQuery, InferenceState, LearnedTable, PREFETCH_ROWS, QueryRows, Scalars, State, Table, Unit,
    add_scaled, compose, dot, token_factor,
};

use super::{
    adagrad,
    candidate_sampling::{StepTask, choose_columns},
    gradient_clipping::{clip, row_squares},
    jagged::Jagged,
    projections::Projections,
    regularizer::BaseRegularizer,
    slots::{RowSums, ScatterWorkspace, Slots, as_place},
    small_vectors::{PopularityGroups, update_scalars},
    softmax::{SoftmaxInputs, SoftmaxOutputs, forward_backward},
    softmax_row::LikedLosses,
    sparse_terms::{sparse_gradients, sparse_terms},
    step_statistics::{StepStatistics, TableSteps},
};

/// Number of tables of rows.
const TABLES: usize = 7;

/// Report on a step.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct StepReport {
    /// Number of targets.
    pub targets: usize,
    /// Sum of the targets' losses, weighted.
    pub loss: f64,
    /// Losses of the liked targets by kind, each with weight 1.
    pub liked: LikedLosses,
    /// Euclidean norm of the whole gradient before clipping.
    pub gradient_norm: f32,
    /// Whether the gradient was clipped.
    pub clipped: bool,
    /// Whether the step was dropped because a value was not finite (P8).
    pub quarantined: bool,
    /// Number of updated rows.
    pub rows: usize,
    /// Position of the last record of the step's batch.
    pub through: Position,
    /// Items known before the batch. A random guess has the loss `ln known` per target.
    pub known: usize,
    /// Factor of the gradient: 1 unless clipped.
    pub scale: f32,
    /// Whether the rows were measured, see [`super::TableStep`].
    pub measured: bool,
    /// Statistics by table.
    pub tables: TableSteps,
}

/// Runs steps. Owns their workspace; nothing in it outlives a step.
#[derive(Debug, Default)]
pub struct Stepper {
    slots: Slots,
    /// Tokens by item row.
    item_tokens: Jagged<u32>,
    /// By unit, the numbers of the sparse terms whose item is a row of the step.
    terms: Jagged<u32>,
    inputs: SoftmaxInputs,
    outputs: SoftmaxOutputs,
    popularity: PopularityGroups,
    items: RowSums,
    last: RowSums,
    users: RowSums,
    tokens: RowSums,
    contexts: RowSums,
    projections: Projections,
    scatter: ScatterWorkspace,
    /// Squared norm of each gradient row, by table and slot.
    squares: [Vec<f32>; TABLES],
    /// Rows of a table with a gradient, ascending, with their slots.
    moved: Vec<(u32, usize)>,
    statistics: StepStatistics,
}

struct GatheredRows<'a> {
    slots: &'a Slots,
    v: &'a [f32],
    dim: usize,
    inference: &'a InferenceState,
}

impl QueryRows for GatheredRows<'_> {
    fn item(&self, row: u32) -> &[f32] {
        let column = self.slots.get(row).expect("history items are columns of the step");
        &self.v[column * self.dim..(column + 1) * self.dim]
    }

    fn last(&self, row: Option<u32>) -> &[f32] {
        self.inference.parameters.last.row(last_row(row) as usize)
    }

    fn user(&self, row: u32) -> &[f32] {
        self.inference.parameters.users.row(row as usize)
    }

    fn context(&self, row: u32) -> &[f32] {
        self.inference.parameters.contexts.row(row as usize)
    }
}

/// Returns the row in the last-item table: 0 without history.
fn last_row(item: Option<u32>) -> u32 {
    item.map_or(0, |item| item + 1)
}

impl Stepper {
    /// Creates a stepper that measures the rows of every `every`th step; 0 measures none.
    pub fn with_statistics_every(every: u32) -> Self {
        Self { statistics: StepStatistics::every(every), ..Self::default() }
    }

    /// Runs one gradient step on `state`.
    pub fn step(&mut self, state: &mut State, task: &StepTask<'_>) -> StepReport {
        let queries = self.gather(state, task);
        forward_backward(&self.inputs, &mut self.outputs);
        let scalars = self.backward(state, task.units, &queries);
        self.apply(state, &scalars, task.pairs.len())
    }

    /// Returns the item rows of the last step by slot, dense columns first.
    pub fn rows(&self) -> &[u32] {
        self.slots.rows()
    }

    /// Returns the inputs of the last step's softmax, for comparison with a reference.
    pub const fn inputs(&self) -> &SoftmaxInputs {
        &self.inputs
    }

    fn gather(&mut self, state: &mut State, task: &StepTask<'_>) -> Vec<ComposedQuery> {
        let StepTask { units, pairs, .. } = *task;
        let Self { slots, item_tokens, inputs, popularity, terms, .. } = self;
        choose_columns(state, task, slots, inputs);
        self.projections.refresh(state, slots);
        let inference = &state.inference;
        let (dim, rows) = (inference.config.dim, slots.rows());
        inputs.dim = dim;
        inputs.v.resize(rows.len() * dim, 0.0);
        item_tokens.clear();
        for (rows, out) in rows.chunks(PREFETCH_ROWS).zip(inputs.v.chunks_mut(PREFETCH_ROWS * dim)) {
            inference.prefetch_items(rows);
            for (row, out) in rows.iter().zip(out.chunks_exact_mut(dim)) {
                inference.item_vector(*row, out);
                item_tokens.extend(&inference.catalog.entry(*row).tokens);
                item_tokens.close();
            }
        }
        inputs.bias.clear();
        inputs.bias.extend(rows.iter().map(|row| inference.parameters.bias.row(*row as usize)[0]));
        popularity.read(inference, rows);
        inputs.novel_weight = inference.config.novel_weight;

        let rows = GatheredRows { slots, v: &inputs.v, dim, inference };
        inputs.q.clear();
        inputs.sparse.clear();
        inputs.repeats.clear();
        terms.clear();
        let scalars = &inference.parameters.scalars;
        let mut queries = Vec::with_capacity(units.len());
        for unit in units {
            let query = compose(&unit.context, scalars, &rows, dim);
            inputs.q.extend_from_slice(&query.q);
            queries.push(query);
            let mut repeats = 0;
            for (number, (item, value)) in (0_u32..).zip(sparse_terms(&unit.context, scalars)) {
                if let Some(place) = slots.get(item) {
                    inputs.sparse.push((as_place(place), value));
                    terms.push(number);
                    repeats += usize::from((number as usize) < unit.context.repeats.len());
                }
            }
            inputs.repeats.push(repeats);
            inputs.sparse.close();
            terms.close();
        }
        popularity.weigh(&queries, scalars, inputs);
        for targets in [&mut inputs.known, &mut inputs.first] {
            targets.targets.clear();
            targets.kinds.clear();
        }
        let mut shares = weight_shares(task, inference.config.user_weight_max);
        let mut pairs = pairs.iter().peekable();
        for (row, unit) in units.iter().enumerate() {
            while let Some((_, place)) = pairs.next_if(|(unit, _)| *unit == row) {
                let target = unit.targets[*place];
                let column = slots.get(target.item).expect("targets are rows of the step");
                let targets = if target.known { &mut inputs.known } else { &mut inputs.first };
                let share = shares.next().expect("one a pair");
                targets.targets.push((as_place(column), share * target.weight));
                targets.kinds.push(target.kind);
            }
            inputs.known.targets.close();
            inputs.first.targets.close();
        }
        queries
    }

    /// Adds the gradients that flow through the queries. Returns those of the small vectors.
    fn backward(&mut self, state: &State, units: &[&Unit], queries: &[ComposedQuery]) -> Scalars {
        let Self { slots, item_tokens, terms, inputs, outputs, items, last, users, tokens, contexts, .. } = self;
        let (scatter, projections) = (&mut self.scatter, &mut self.projections);
        let inference = &state.inference;
        let dim = inputs.dim;
        let moved = outputs.moved.iter().map(|place| slots.rows()[*place]);
        items.begin_with(inference.catalog.len(), dim, moved, &mut outputs.dv);
        last.begin(inference.catalog.len() + 1, dim);
        users.begin(inference.users.len(), dim);
        tokens.begin(inference.catalog.tokens_len(), dim);
        contexts.begin(inference.contexts.len(), dim);
        let mut scalars = Scalars::zeroed();
        let scale = inference.parameters.scalars.added.sd;
        let mut dpool = vec![0.0; dim];
        for ((unit, query), dq) in units.iter().zip(queries).zip(outputs.dq.chunks_exact(dim)) {
            let context = &unit.context;
            let last_of = last_row(context.history.first().copied());
            let mut dots = [dot(dq, &query.pool), dot(dq, inference.parameters.last.row(last_of as usize)), 0.0];
            add_scaled(last.row(last_of), query.parts[1], dq);
            if let Some(user) = context.user {
                dots[2] = dot(dq, inference.parameters.users.row(user as usize));
                add_scaled(users.row(user), query.parts[2], dq);
            }
            let factor = token_factor(context.terms.len());
            for term in &context.terms {
                add_scaled(contexts.row(*term), factor, dq);
            }
            if context.pooled_dislikes > 0 {
                scalars.added.sd += dot(dq, &query.dislike_pool);
                let factor = scale * token_factor(context.pooled_dislikes);
                for item in &context.disliked[..context.pooled_dislikes] {
                    add_scaled(items.row(*item), factor, dq);
                }
            }
            for (i, dot) in dots.iter().enumerate() {
                scalars.sc[i] += dot;
                scalars.scg[i][query.g0] += dot;
            }
            for (pool, dq) in dpool.iter_mut().zip(dq) {
                *pool = query.parts[0] * dq;
            }
            let along = dot(&query.pool, &dpool);
            for (k, (item, weight)) in context.history.iter().zip(&query.weights).enumerate() {
                let column = slots.get(*item).expect("history items are columns of the step");
                let range = column * dim..(column + 1) * dim;
                add_scaled(items.row(*item), *weight, &dpool);
                let da = weight * (dot(&inputs.v[range], &dpool) - weight * along);
                scalars.pos[usize::from(context.places[k])] += da;
                scalars.hg[usize::from(context.gaps[k])] += da;
            }
        }
        for (number, unit) in units.iter().enumerate() {
            let gradients = &outputs.dsparse[terms.range(number)];
            sparse_gradients(&unit.context, terms.of(number), gradients, &mut scalars);
        }
        self.popularity.backward(&outputs.dpopularity, &mut scalars);
        let holders = items.slots().rows().iter().map(|row| {
            let tokens = item_tokens.of(slots.get(*row).expect("items with a gradient are rows of the step"));
            (tokens, token_factor(tokens.len()))
        });
        tokens.scatter(items.values(), holders, scatter);
        projections.backward(inference, items);
        scalars
    }

    /// Updates the touched rows, unless a value is not finite.
    fn apply(&mut self, state: &mut State, scalars: &Scalars, targets: usize) -> StepReport {
        let Self {
            slots,
            inputs,
            outputs,
            items,
            last,
            users,
            tokens,
            contexts,
            projections,
            squares,
            moved,
            statistics,
            ..
        } = self;
        let projections = projections.gradient();
        let config = Arc::clone(state.config());
        let rates = config.rates_at(state.inference.counters.counted);
        let tables: [(LearnedTable, &Slots, &[f32], f32); TABLES] = [
            (LearnedTable::Items, items.slots(), items.values(), rates.items),
            (LearnedTable::Bias, slots, &outputs.db, rates.bias),
            (LearnedTable::Last, last.slots(), last.values(), rates.last),
            (LearnedTable::Users, users.slots(), users.values(), rates.users),
            (LearnedTable::Tokens, tokens.slots(), tokens.values(), rates.tokens),
            (LearnedTable::Context, contexts.slots(), contexts.values(), rates.context),
            (LearnedTable::Projections, projections.slots(), projections.values(), rates.modalities),
        ];
        let scalar_values: &[f32] = bytemuck::cast_slice(std::slice::from_ref(scalars));
        statistics.begin();
        let mut total = f64::from(dot(scalar_values, scalar_values));
        statistics.gradient(LearnedTable::Small, total);
        for ((table, _, values, _), squares) in tables.iter().zip(&mut *squares) {
            let sum = row_squares(values, if *table == LearnedTable::Bias { 1 } else { inputs.dim }, squares);
            statistics.gradient(*table, sum);
            total += sum;
        }
        #[expect(clippy::cast_possible_truncation, reason = "a norm beyond f32 counts as not finite")]
        let norm = total.sqrt() as f32;
        let mut report = StepReport {
            targets,
            loss: outputs.loss,
            liked: outputs.liked,
            gradient_norm: norm,
            ..StepReport::default()
        };
        if !norm.is_finite() || !outputs.loss.is_finite() {
            report.quarantined = true;
            state.count_step(|counters| counters.quarantined += targets as u64);
            return report;
        }
        let scale = clip(state, norm, targets);
        report.clipped = scale < 1.0;
        report.scale = scale;

        let State { inference, accumulators, touched, base_weights, .. } = state;
        let mut regularizer = BaseRegularizer::new(base_weights.as_deref(), config.pull);
        for ((table, slots, values, rate), squares) in tables.into_iter().zip(squares) {
            let update = match (table, config.optimizer) {
                // Accumulators of biases start at 0, and a row is one value.
                (LearnedTable::Bias, _) => adagrad::update,
                (_, Optimizer::Adagrad) => adagrad::update_row,
                (_, Optimizer::RowWiseAdagrad) => adagrad::update_row_wise,
            };
            let rule = adagrad::UpdateRule { scale, rate, l2: config.l2 };
            let weights = inference.parameters.table_mut(table);
            let updated = report.rows;
            moved.clear();
            moved.extend(slots.ascending().filter(|(_, place)| squares[*place] > 0.0));
            weights.update_both(accumulators.table_mut(table), moved, |row, place, weights, accumulators| {
                let gradient = &values[place * weights.len()..][..weights.len()];
                let (gradient, rule) = regularizer.add((table, row), weights, gradient, rule);
                statistics.around(table, weights, |weights| update(weights, accumulators, gradient, rule));
                touched.mark(table.table(), row);
                report.rows += 1;
            });
            statistics.still(table, squares.len() - (report.rows - updated));
        }
        let weights = Arc::make_mut(&mut state.inference.parameters.scalars);
        let sums = Arc::make_mut(&mut state.accumulators.scalars);
        statistics.around_small(weights, scalars, |weights| update_scalars(weights, sums, scalars, scale, &rates));
        (report.measured, report.tables) = statistics.finish();
        state.touched.mark(Table::Scalars, 0);
        state.touched.mark(Table::AddedWeights, 0);
        report
    }
}

/// Iterates over the factor of each pair's weight: 1, unless the targets of its user or session weigh more than `most`
/// together. So a burst from one source moves the model no further than `most` events do.
fn weight_shares(task: &StepTask<'_>, most: f32) -> impl Iterator<Item = f32> {
    let actor = |unit: usize| task.units[unit].actor;
    let mut totals: BTreeMap<Actor, f32> = BTreeMap::new();
    for (unit, target) in task.pairs {
        *totals.entry(actor(*unit)).or_default() += task.units[*unit].targets[*target].weight.abs();
    }
    task.pairs.iter().map(move |(unit, _)| (most / totals[&actor(*unit)]).min(1.0))
}
