//! Products of a step. Goal: the products, and the sample of columns with gradients, agree with the loss. Method:
//! random small cases, seeds printed, against libtorch's autograd; samples against the whole.

use tch::{Kind, Tensor};

use shelfmark_learner::{SoftmaxInputs, SoftmaxOutputs, forward_backward, prepare_thread};
use shelfmark_state::CounterRng;

use crate::learner_competitors::log_weights;

fn random(draws: &mut CounterRng, n: usize) -> Vec<f32> {
    (0..n).map(|_| draws.normal()).collect()
}

/// Random distinct rows below `rows`.
fn some_rows(draws: &mut CounterRng, rows: usize) -> Vec<u32> {
    let mut some: Vec<u32> = (0..draws.below(4)).map(|_| draws.below(rows) as u32).collect();
    some.sort_unstable();
    some.dedup();
    some
}

/// A random case: some rows are dense columns, others are named by single queries, as targets, own rows or both.
fn random_inputs(seed: u64, draws: &mut CounterRng) -> SoftmaxInputs {
    let (queries, columns, dim) = (1 + draws.below(5), 3 + draws.below(30), 4 * (1 + draws.below(4)));
    let rows = columns + draws.below(10);
    let mut inputs = SoftmaxInputs {
        dim,
        columns,
        q: random(draws, queries * dim),
        v: random(draws, rows * dim),
        bias: random(draws, rows),
        popularity: random(draws, rows),
        gradient_columns: columns,
        ..SoftmaxInputs::default()
    };
    for targets in [&mut inputs.known, &mut inputs.first] {
        targets.log_weights = random(draws, columns);
        targets.log_weights[draws.below(columns)] = f32::NEG_INFINITY;
    }
    for _ in 0..queries {
        for row in some_rows(draws, rows) {
            inputs.sparse.push((row, draws.normal()));
        }
        for row in some_rows(draws, rows) {
            inputs.own.push(row);
        }
        // Negative weights are dislikes.
        if !seed.is_multiple_of(3) {
            some_rows(draws, rows).into_iter().for_each(|row| inputs.known.targets.push((row, draws.normal())));
        }
        if seed % 3 != 1 {
            some_rows(draws, columns).into_iter().for_each(|row| inputs.first.targets.push((row, draws.normal())));
        }
        inputs.sparse.close();
        inputs.own.close();
        inputs.known.targets.close();
        inputs.first.targets.close();
    }
    // Popularity in one to three groups of queries, and some of the sparse terms are repeats.
    let draws = &mut CounterRng::new(seed, 1, 0);
    inputs.novel_weight = [0.0, 0.3][draws.below(2)];
    let groups = 1 + draws.below(3);
    inputs.popularity.extend(random(draws, (groups - 1) * rows));
    inputs.groups = (0..queries).map(|_| draws.below(groups)).collect();
    inputs.repeats = (0..queries).map(|query| draws.below(inputs.sparse.of(query).len() + 1)).collect();
    inputs
}

#[test]
fn the_products_agree_with_autograd() {
    prepare_thread();
    for seed in 0..40 {
        println!("seed {seed}");
        let mut draws = CounterRng::new(seed, 0, 0);
        let inputs = random_inputs(seed, &mut draws);
        let mut outputs = SoftmaxOutputs::default();
        forward_backward(&inputs, &mut outputs);

        let leaf = |values: &[f32], shape: &[i64]| {
            Tensor::from_slice(values).to_kind(Kind::Double).view(shape).set_requires_grad(true)
        };
        let (queries, rows) = (inputs.q.len() / inputs.dim, inputs.v.len() / inputs.dim);
        let dim = inputs.dim as i64;
        let q = leaf(&inputs.q, &[queries as i64, dim]);
        let v = leaf(&inputs.v, &[rows as i64, dim]);
        let bias = leaf(&inputs.bias, &[rows as i64]);
        let terms: Vec<f32> = inputs.sparse.all().iter().map(|(_, value)| *value).collect();
        let sparse = leaf(&terms, &[-1]);
        let base = q.matmul(&v.tr());
        let popularity = leaf(&inputs.popularity, &[-1, rows as i64]);
        let groups: Vec<i64> = inputs.groups.iter().map(|group| *group as i64).collect();
        let of_queries = popularity.index_select(0, &Tensor::from_slice(&groups));
        let places: Vec<i64> = (0..queries)
            .flat_map(|query| inputs.sparse.of(query).iter().map(move |(row, _)| (query * rows + *row as usize) as i64))
            .collect();
        let full = (&base + &bias + of_queries).view([-1]);
        let full = full.index_add(0, &Tensor::from_slice(&places), &sparse).view([queries as i64, rows as i64]);
        // First sights take the bias as a constant.
        let frozen = &base + bias.detach();
        let mut loss = Tensor::from(0.0);
        for (scores, targets, own) in [(&full, &inputs.known, true), (&frozen, &inputs.first, false)] {
            for query in 0..queries {
                let own = own.then(|| inputs.own.of(query));
                let named = own.unwrap_or_default();
                let weights = Tensor::from_slice(&log_weights(&inputs, targets, named, query, rows));
                let scores = scores.get(query as i64) + weights.to_kind(Kind::Double);
                let log_p = scores.log_softmax(-1, Kind::Double);
                // The second softmax leaves out the repeats; first sights have none.
                let repeats = if own.is_some() { &inputs.sparse.of(query)[..inputs.repeats[query]] } else { &[][..] };
                let repeats: Vec<i64> = repeats.iter().map(|(row, _)| i64::from(*row)).collect();
                let log_unseen = scores
                    .index_fill(0, &Tensor::from_slice(&repeats), f64::NEG_INFINITY)
                    .log_softmax(-1, Kind::Double);
                for (row, weight) in targets.targets.of(query) {
                    let is_novel = own.is_some() && *weight > 0.0 && !repeats.contains(&i64::from(*row));
                    if is_novel && inputs.novel_weight > 0.0 {
                        let weight = f64::from(inputs.novel_weight) * f64::from(*weight);
                        loss -= log_unseen.get(i64::from(*row)) * weight;
                    }
                    let log_p = log_p.get(i64::from(*row));
                    loss -= if *weight >= 0.0 {
                        log_p * f64::from(*weight)
                    } else {
                        let not: Tensor = 1.0 - log_p.exp();
                        not.log() * -f64::from(*weight)
                    };
                }
            }
        }
        assert!((loss.double_value(&[]) - outputs.loss).abs() < 1e-4, "{} {}", loss.double_value(&[]), outputs.loss);
        if outputs.loss == 0.0 {
            continue;
        }
        loss.backward();
        let check = |name: &str, leaf: &Tensor, found: &[f32]| {
            let grad = leaf.grad();
            let expected: Vec<f64> = if grad.defined() {
                Vec::try_from(grad.contiguous().view([-1])).unwrap()
            } else {
                vec![0.0; found.len()]
            };
            // f32 sums over at most 42 rows. A dislike of a likely row divides by 1 - p, which enlarges the terms of
            // its query, also those that cancel.
            let largest = expected.iter().fold(1.0, |largest: f64, value| largest.max(value.abs()));
            let tolerance = 2e-5 * largest;
            for (expected, found) in expected.iter().zip(found) {
                assert!((expected - f64::from(*found)).abs() < tolerance, "{name}: {expected} {found}");
            }
        };
        check("q", &q, &outputs.dq);
        check("v", &v, &by_row(&outputs.moved, &outputs.dv, rows));
        check("bias", &bias, &outputs.db);
        check("sparse", &sparse, &outputs.dsparse);
        check("popularity", &popularity, &outputs.dpopularity);
    }
}

/// Scatters gradients of some rows into those of all rows, with zeros elsewhere.
fn by_row(moved: &[usize], gradients: &[f32], rows: usize) -> Vec<f32> {
    let width = gradients.len() / moved.len();
    let mut all = vec![0.0; rows * width];
    for (row, gradient) in moved.iter().zip(gradients.chunks_exact(width)) {
        all[row * width..][..width].copy_from_slice(gradient);
    }
    all
}

/// Goal: the gradient of sampled columns is unbiased. Method: random cases that sample a third of the columns, with a
/// fine grid of random numbers. What a sample must not change (loss, biases, popularity, repeat and memory terms) is
/// equal to the bit.
#[test]
fn the_gradient_of_sampled_columns_is_unbiased() {
    const CHANCES: u32 = 3_000;
    prepare_thread();
    let mut thinned = 0;
    for seed in 0..12 {
        println!("seed {seed}");
        let mut inputs = random_inputs(seed, &mut CounterRng::new(seed, 0, 0));
        let rows = inputs.v.len() / inputs.dim;
        let mut whole = SoftmaxOutputs::default();
        forward_backward(&inputs, &mut whole);
        inputs.gradient_columns = inputs.columns / 3;
        let (mut dq, mut dv) = (vec![0.0; inputs.q.len()], vec![0.0; inputs.v.len()]);
        let mut outputs = SoftmaxOutputs::default();
        for number in 0..CHANCES {
            inputs.chance = (f64::from(number) + 0.5) / f64::from(CHANCES);
            forward_backward(&inputs, &mut outputs);
            assert_eq!((outputs.loss, &outputs.dsparse), (whole.loss, &whole.dsparse));
            assert_eq!((&outputs.db, &outputs.dpopularity), (&whole.db, &whole.dpopularity));
            let sampled = outputs.moved.len() - (rows - inputs.columns);
            assert!(sampled <= inputs.gradient_columns + 1, "{sampled} of {}", inputs.columns);
            thinned += usize::from(sampled < inputs.columns);
            for (sum, sampled) in [(&mut dq, &outputs.dq), (&mut dv, &by_row(&outputs.moved, &outputs.dv, rows))] {
                sum.iter_mut().zip(sampled).for_each(|(sum, x)| *sum += f64::from(*x) / f64::from(CHANCES));
            }
        }
        for (name, mean, whole) in [("q", dq, &whole.dq), ("v", dv, &by_row(&whole.moved, &whole.dv, rows))] {
            let largest = whole.iter().fold(1.0, |largest: f64, value| largest.max(f64::from(value.abs())));
            for (mean, whole) in mean.iter().zip(whole) {
                let difference = (mean - f64::from(*whole)).abs();
                assert!(difference < 2e-3 * largest, "{name}: {mean} {whole}");
            }
        }
    }
    assert!(thinned > 0);
}
