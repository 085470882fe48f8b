//! Gradients of whole steps. Goal: for every parameter and every branch, a step has the gradient of the published loss.
//! Method: central differences of the loss, written out in f64 from the formulas of docs/LEARNING.md. Small random
//! cases, seeds printed. `products` tests the products alone.

#![expect(clippy::unwrap_used, reason = "helpers of tests may fail the test")]

use std::sync::Arc;

use shelfmark_learner::{SoftmaxInputs, StepTask, Stepper, prepare_thread};
use shelfmark_state::{LearnedTable, State, TrainingTarget, Unit};

use crate::learner_case::{Case, content, prepared};
use crate::learner_competitors::log_weights;

/// Factor of a unit's weights: the targets of its actor weigh at most `user_weight_max` together.
fn share(state: &State, units: &[Unit], unit: &Unit) -> f64 {
    let same = units.iter().filter(|other| other.actor == unit.actor);
    let total: f64 = same.flat_map(|unit| &unit.targets).map(|target| f64::from(target.weight).abs()).sum();
    (f64::from(state.config().user_weight_max) / total).min(1.0)
}

/// Loss of a step in f64, from the formulas. Rows and log weights are those of the step; scores are computed here.
fn loss(state: &State, units: &[Unit], rows: &[u32], inputs: &SoftmaxInputs) -> f64 {
    let r = &state.inference;
    let p = &r.parameters;
    let s = &p.scalars;
    let dim = r.config.dim;
    let vector = |row: u32| -> Vec<f64> {
        let mut v: Vec<f64> = p.items.row(row as usize).iter().map(|x| f64::from(*x)).collect();
        let tokens = &r.catalog.entry(row).tokens;
        for token in tokens.iter() {
            for (v, w) in v.iter_mut().zip(p.tokens.row(*token as usize)) {
                *v += f64::from(*w) / (tokens.len() as f64).sqrt();
            }
        }
        for (v, z) in v.iter_mut().zip(content(state, row)) {
            *v += z;
        }
        v
    };
    let mut total = 0.0;
    for (row, unit) in units.iter().enumerate() {
        let c = &unit.context;
        let a: Vec<f64> = (0..c.history.len())
            .map(|k| (f64::from(s.pos[usize::from(c.places[k])]) + f64::from(s.hg[usize::from(c.gaps[k])])).exp())
            .collect();
        let z = (a.iter().map(|a| a * a).sum::<f64>() + 1e-6).sqrt();
        let g0 = c.gaps.first().map_or(0, |gap| usize::from(*gap) + 1);
        let part = |i: usize| f64::from(s.sc[i]) + f64::from(s.scg[i][g0]);
        let mut q = vec![0.0; dim];
        for (a, item) in a.iter().zip(&c.history) {
            for (q, v) in q.iter_mut().zip(vector(*item)) {
                *q += part(0) * a / z * v;
            }
        }
        let last = p.last.row(c.history.first().map_or(0, |item| *item as usize + 1));
        for (q, t) in q.iter_mut().zip(last) {
            *q += part(1) * f64::from(*t);
        }
        let disliked = &c.disliked[..c.pooled_dislikes];
        for item in disliked {
            for (q, v) in q.iter_mut().zip(vector(*item)) {
                *q += f64::from(s.added.sd) * v / (disliked.len() as f64).sqrt();
            }
        }
        if let Some(user) = c.user {
            for (q, x) in q.iter_mut().zip(p.users.row(user as usize)) {
                *q += part(2) * f64::from(*x);
            }
        }
        for term in &c.terms {
            for (q, x) in q.iter_mut().zip(p.contexts.row(*term as usize)) {
                *q += f64::from(*x) / (c.terms.len() as f64).sqrt();
            }
        }
        let base = |item: u32| -> f64 {
            vector(item).iter().zip(&q).map(|(v, q)| v * q).sum::<f64>() + f64::from(p.bias.row(item as usize)[0])
        };
        let full = |item: u32| -> f64 {
            let mut score = base(item);
            for (h, log) in r.popularity[item as usize].logs(r.counters.counted).into_iter().enumerate() {
                let weight = s.wp.get(h).copied().unwrap_or(s.added.wp_short);
                score += (f64::from(weight) + f64::from(s.added.wpg[g0][h])) * f64::from(log);
            }
            for (h, log) in r.entries[item as usize].logs(r.entries_counted).into_iter().enumerate() {
                score += f64::from(s.added.we[g0][h]) * f64::from(log);
            }
            for repeat in c.repeats.iter().filter(|repeat| repeat.item == item) {
                score += f64::from(s.rec[usize::from(repeat.age)]) + f64::from(s.cnt[usize::from(repeat.count)]);
            }
            for remembered in c.memory.iter().filter(|remembered| remembered.item == item) {
                score += f64::from(s.wm) * f64::from(remembered.value);
            }
            score
        };
        for target in &unit.targets {
            let (side, own) = if target.known { (&inputs.known, inputs.own.of(row)) } else { (&inputs.first, &[][..]) };
            let score = |item: u32| if target.known { full(item) } else { base(item) };
            let weights = log_weights(inputs, side, own, row, rows.len());
            let competing = rows.iter().zip(weights).filter(|(_, weight)| *weight > f32::NEG_INFINITY);
            let sum: f64 = competing.map(|(item, weight)| (score(*item) + f64::from(weight)).exp()).sum();
            let weight = f64::from(target.weight) * share(state, units, unit);
            total += if weight >= 0.0 {
                weight * (sum.ln() - score(target.item))
            } else {
                weight * (1.0 - score(target.item).exp() / sum).ln()
            };
            let had = |item: u32| c.repeats.iter().any(|repeat| repeat.item == item);
            if target.known && weight > 0.0 && !had(target.item) {
                let weights = log_weights(inputs, side, own, row, rows.len());
                let competing = rows.iter().zip(weights).filter(|(item, w)| *w > f32::NEG_INFINITY && !had(**item));
                let unseen: f64 = competing.map(|(item, w)| (score(*item) + f64::from(w)).exp()).sum();
                total += f64::from(r.config.novel_weight) * weight * (unseen.ln() - score(target.item));
            }
        }
    }
    total
}

fn clear_accumulators(state: &mut State) {
    for table in LearnedTable::ROWS {
        for row in 0..state.rows(table.table()) {
            state.accumulators.table_mut(table).row_mut(row).fill(0.0);
        }
    }
    state.accumulators.scalars = Arc::new(bytemuck::Zeroable::zeroed());
}

/// With accumulators at 0, one AdaGrad step leaves `G = g^2`, and the weight moves against the sign of `g`.
fn gradient_from(before: f32, after: f32, accumulator: f32) -> f64 {
    let size = f64::from(accumulator).sqrt();
    if after > before { -size } else { size }
}

fn check_step(case: Case) {
    println!("{case:?}");
    let seed = case.seed;
    let (mut state, events) = prepared(case);
    clear_accumulators(&mut state);
    let known = state.inference.catalog.known().len();
    let (units, _) = state.apply_events(&events.iter().collect::<Vec<_>>(), &mut Default::default());
    clear_accumulators(&mut state);
    state.touched.clear();
    let before = state.clone();
    let references: Vec<&Unit> = units.iter().collect();
    let pairs: Vec<(usize, usize)> =
        units.iter().enumerate().flat_map(|(u, unit)| (0..unit.targets.len()).map(move |t| (u, t))).collect();
    let mut stepper = Stepper::default();
    let report = stepper
        .step(&mut state, &StepTask { units: &references, pairs: &pairs, known_before: known, key: (1000 + seed, 0) });
    assert!(!report.quarantined && !report.clipped);
    let (rows, inputs) = (stepper.rows().to_vec(), stepper.inputs().clone());
    let at = |state: &State| loss(state, &units, &rows, &inputs);
    assert!((at(&before) - report.loss).abs() < 1e-4 * report.loss.abs(), "{} {}", at(&before), report.loss);
    let targets = || units.iter().flat_map(|unit| &unit.targets);
    assert!(targets().any(|target| target.known));
    assert!(units.iter().any(|unit| !unit.context.terms.is_empty()));
    assert!(units.iter().any(|unit| unit.context.pooled_dislikes > 1));
    let in_one_place = |unit: &Unit| unit.context.places.windows(2).any(|pair| pair[0] == pair[1]);
    assert!(units.iter().any(in_one_place), "a basket in a history");
    let novel = |unit: &Unit, item: u32| !unit.context.repeats.iter().any(|repeat| repeat.item == item);
    let is_novel =
        |unit: &Unit, target: &TrainingTarget| target.known && target.weight > 0.0 && novel(unit, target.item);
    assert!(units.iter().any(|unit| unit.targets.iter().any(|target| is_novel(unit, target))), "a novel target");

    // Central differences in f64 of a loss near 30: steps of 1e-3 on f32 parameters leave an error of about 1e-4.
    let close = |name: &str, expected: f64, found: f64| {
        assert!((expected - found).abs() < 2e-3 + 2e-3 * expected.abs(), "{name}: numeric {expected}, step {found}");
    };
    // The step used the content vectors of the projections before it.
    for item in rows.iter().filter(|item| before.inference.catalog.entry(**item).content.is_some()) {
        let row = before.inference.catalog.entry(*item).content.unwrap() as usize;
        for (expected, found) in content(&before, *item).iter().zip(state.inference.content_vectors.row(row)) {
            assert!((expected - f64::from(*found)).abs() < 1e-5, "z of {item}: {expected} {found}");
        }
    }
    let bias_is_constant_for_first_sights = targets().any(|target| !target.known);
    let mut checked = 0;
    let mut pulled = 0;
    for table in LearnedTable::ROWS {
        if table == LearnedTable::Bias && bias_is_constant_for_first_sights {
            continue;
        }
        for row in 0..before.rows(table.table()) {
            for i in 0..before.inference.parameters.table(table).dim().min(3) {
                let mut moved = before.clone();
                let mut value = |delta: f32| {
                    let cell = &mut moved.inference.parameters.table_mut(table).row_mut(row)[i];
                    *cell = before.inference.parameters.table(table).row(row)[i] + delta;
                    (f64::from(*cell), at(&moved))
                };
                let ((x1, up), (x0, down)) = (value(1e-3), value(-1e-3));
                let found = gradient_from(
                    before.inference.parameters.table(table).row(row)[i],
                    state.inference.parameters.table(table).row(row)[i],
                    state.accumulators.table(table).row(row)[i],
                );
                let mut expected = (up - down) / (x1 - x0);
                let base = before.base_weights.as_ref().and_then(|base_weights| base_weights.row(table, row as u32));
                if let Some(base) = base.filter(|_| state.touched.rows(table.table()).contains(&(row as u32))) {
                    let away = before.inference.parameters.table(table).row(row)[i] - base[i];
                    expected += f64::from(case.pull * away);
                    pulled += usize::from(away != 0.0);
                }
                close(&format!("{table:?}[{row}][{i}]"), expected, found);
                checked += usize::from(found.abs() > 1e-6);
            }
        }
    }
    let all = |state: &State| {
        bytemuck::cast_slice::<_, f32>(std::slice::from_ref(&*state.inference.parameters.scalars)).to_vec()
    };
    let sums: Vec<f32> = bytemuck::cast_slice(std::slice::from_ref(&*state.accumulators.scalars)).to_vec();
    let (old, new) = (all(&before), all(&state));
    for i in 0..old.len() {
        let mut moved = before.clone();
        let mut value = |delta: f32| {
            let scalars = Arc::make_mut(&mut moved.inference.parameters.scalars);
            let cell = &mut bytemuck::cast_slice_mut::<_, f32>(std::slice::from_mut(scalars))[i];
            *cell = old[i] + delta;
            (f64::from(*cell), at(&moved))
        };
        let ((x1, up), (x0, down)) = (value(1e-3), value(-1e-3));
        let found = gradient_from(old[i], new[i], sums[i]);
        close(&format!("scalar {i}"), (up - down) / (x1 - x0), found);
        checked += usize::from(found.abs() > 1e-6);
    }
    assert!(checked > 100, "the case moves many parameters, {checked}");
    assert_eq!(pulled > 50, case.pull > 0.0, "{pulled} numbers were pulled");
}

#[test]
fn a_full_step_has_the_gradient_of_the_published_loss() {
    prepare_thread();
    (0..6).for_each(|seed| check_step(Case { seed, sampled: false, pull: 0.0 }));
}

#[test]
fn a_sampled_step_has_the_gradient_of_the_published_loss() {
    prepare_thread();
    (0..6).for_each(|seed| check_step(Case { seed, sampled: true, pull: 0.0 }));
}

#[test]
fn the_regularizer_adds_the_distance_from_the_base() {
    prepare_thread();
    (0..3).for_each(|seed| check_step(Case { seed, sampled: seed % 2 == 1, pull: 0.7 }));
}
