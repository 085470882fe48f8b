//! Dense vectors and the regularizer. Goal: both do what docs/LEARNING.md says, and their part of the state is stored,
//! restored and replayed to the bit. Method: small seeded streams through the learner.

#![expect(clippy::unwrap_used, reason = "helpers of tests may fail the test")]

use tch::{Device, Kind, Tensor};

use shelfmark_domain::{Event, Filter, Item, Modalities, ModelConfig, RecordBody, Served, Timestamp};
use shelfmark_learner::Learner;
use shelfmark_serving::Publisher;
use shelfmark_state::{CounterRng, Digester, LearnedTable, REFRESHED_PER_STEP, State, StateError, Table};

use crate::{events::id, learner_model::Model};

fn event(n: u64, user: usize, item: usize) -> RecordBody {
    RecordBody::Event(Event {
        event_id: id(&format!("e{n}")),
        user: Some(id(&format!("u{user}"))),
        session: None,
        item: id(&format!("i{item}")),
        kind: "click".to_owned(),
        value: None,
        ts: Timestamp::from_seconds((1_000_000 + n * 60) as f64).unwrap(),
        context: Vec::new(),
        recommendation_id: None,
        properties: None,
    })
}

fn item(number: usize, vectors: &[(&str, Vec<f32>)]) -> RecordBody {
    let mut item = Item::bare(id(&format!("i{number}")));
    item.vectors = vectors.iter().map(|(name, vector)| ((*name).to_owned(), vector.clone())).collect();
    RecordBody::PutItem(item)
}

impl Model {
    fn configure(&mut self, change: impl FnOnce(&mut ModelConfig)) {
        let mut config = (**self.state.config()).clone();
        change(&mut config);
        self.apply([RecordBody::Configure { config: Box::new(config) }]);
    }

    fn vector(&self, item: usize) -> Vec<f32> {
        let inference = &self.state.inference;
        let mut vector = vec![0.0; inference.config.dim];
        inference.item_vector(inference.catalog.row(&format!("i{item}")).unwrap(), &mut vector);
        vector
    }

    /// Content vector of an item.
    fn content(&self, item: usize) -> &[f32] {
        let inference = &self.state.inference;
        let entry = inference.catalog.entry(inference.catalog.row(&format!("i{item}")).unwrap());
        inference.content_vectors.row(entry.content.unwrap() as usize)
    }

    fn digest(&self) -> shelfmark_domain::Digest {
        Digester::new(&self.state).digest()
    }
}

fn small() -> ModelConfig {
    ModelConfig { dim: 8, tokens: false, full_softmax_below: 40, negatives: 16, ..ModelConfig::default() }
}

/// 100 items with an image, every fifth also with a text; events name the first 60.
fn stream(seed: u64) -> (Vec<RecordBody>, Vec<RecordBody>) {
    let mut draws = CounterRng::new(seed, 1, 1);
    let mut vector = |length: usize| (0..length).map(|_| draws.normal()).collect::<Vec<f32>>();
    let items = (0..100)
        .map(|n| match n % 5 {
            0 => item(n, &[("image", vector(6)), ("text", vector(4))]),
            _ => item(n, &[("image", vector(6))]),
        })
        .collect();
    let mut draws = CounterRng::new(seed, 1, 2);
    let events = (0..600).map(|n| event(n, draws.below(20), draws.below(60))).collect();
    (items, events)
}

fn learned(config: ModelConfig, seed: u64) -> Model {
    let (items, events) = stream(seed);
    let mut model = Model::new(config);
    model.apply(items);
    for append in events.chunks(50) {
        model.apply(append.to_vec());
    }
    model
}

/// Goal: the gradient of the projections agrees with autograd, also over several groups of items. Method: with
/// accumulators at 0 a step leaves `G = g^2` and a move against `g`. The gradient of the item vectors goes through `V +
/// X M` in libtorch.
#[test]
fn the_gradient_of_the_projections_agrees_with_autograd() {
    let mut draws = CounterRng::new(12, 1, 1);
    let mut vector = |length: usize| (0..length).map(|_| draws.normal()).collect::<Vec<f32>>();
    let mut model = Model::new(ModelConfig { full_softmax_below: 4096, ..small() });
    model.apply((0..700).map(|n| match n % 3 {
        0 => item(n, &[]),
        1 => item(n, &[("image", vector(6))]),
        _ => item(n, &[("image", vector(6)), ("text", vector(4))]),
    }));
    for first in (0..700).step_by(50) {
        model.apply((first..first + 50).map(|n| event(n as u64, n % 20, n)));
    }
    for table in [LearnedTable::Items, LearnedTable::Projections] {
        (0..model.state.rows(table.table()))
            .for_each(|row| model.state.accumulators.table_mut(table).row_mut(row).fill(0.0));
    }
    let before = model.state.inference.parameters.clone();
    model.apply((0..40).map(|n| event(1_000 + n, n as usize % 20, n as usize * 17)));
    let inference = &model.state.inference;
    assert_eq!(inference.counters.clipped, 0);
    let gradient = |table: LearnedTable| -> Vec<f64> {
        let rows = 0..before.table(table).len();
        let moves = rows.flat_map(|row| {
            let old_and_new = before.table(table).row(row).iter().zip(inference.parameters.table(table).row(row));
            old_and_new.zip(model.state.accumulators.table(table).row(row))
        });
        moves.map(|((old, new), sum)| f64::from((old - new).signum()) * f64::from(*sum).sqrt()).collect()
    };
    let mut x = vec![0.0; 700 * 10];
    for (row, x) in x.chunks_exact_mut(10).enumerate() {
        let item = &inference.catalog.entry(row as u32).item;
        for modality in inference.content_vectors.modalities().all() {
            if let Some(vector) = item.vectors.get(&modality.name) {
                let squares: f64 = vector.iter().map(|x| f64::from(*x).powi(2)).sum();
                for (x, value) in x[modality.first..].iter_mut().zip(vector) {
                    *x = f64::from(*value) * (modality.inputs as f64 / squares).sqrt();
                }
            }
        }
    }
    let projections = Tensor::zeros([10, 8], (Kind::Double, Device::Cpu)).set_requires_grad(true);
    let vectors = Tensor::from_slice(&x).view([700, 10]).matmul(&projections);
    let dv = Tensor::from_slice(&gradient(LearnedTable::Items)).view([700, 8]);
    (vectors * dv).sum(Kind::Double).backward();
    let expected: Vec<f64> = Vec::try_from(projections.grad().view([-1])).unwrap();
    let found = gradient(LearnedTable::Projections);
    assert!(expected.iter().any(|g| g.abs() > 0.1), "{expected:?}");
    for (expected, found) in expected.iter().zip(&found) {
        assert!((expected - found).abs() < 1e-4 + 1e-4 * expected.abs(), "autograd {expected}, step {found}");
    }
}

/// Goal: a state with vectors and a base is stored and restored. Method: through segments, then both learn on; digests
/// of everything, updated step by step and computed anew.
#[test]
fn a_state_with_vectors_and_a_base_survives_storage() {
    let mut model = learned(small(), 1);
    model.configure(|config| config.pull = 0.2);
    let (_, events) = stream(2);
    model.apply(events[..200].to_vec());
    let restored = State::from_segments(model.state.segments()).unwrap();
    assert_eq!(Digester::new(&restored).digest(), model.digest());
    assert_eq!(restored.rows(Table::Modalities), 2);
    assert_eq!(restored.rows(Table::Projections), 10);
    assert_eq!(restored.rows(Table::ContentVectors), 100);
    assert!(restored.rows(Table::BaseWeights) > 200);
    let mut copy = Model { state: restored, learner: Learner::default(), head: model.head };
    let mut digester = Digester::new(&model.state);
    model.state.touched.clear();
    for pull in [0.2, 0.0, 0.1] {
        for model in [&mut model, &mut copy] {
            model.configure(|config| config.pull = pull);
            model.apply(events[200..400].to_vec());
        }
        let kept = digester.update(&model.state, &model.state.touched);
        model.state.touched.clear();
        assert_eq!((kept, copy.digest()), (model.digest(), model.digest()), "pull {pull}");
        assert_eq!(model.state.base_weights.is_some(), pull > 0.0);
    }
}

/// Goal: damage in the tables of vectors is rejected. Method: segments without one table, or with a row too many.
#[test]
fn a_stored_state_whose_vectors_do_not_fit_is_rejected() {
    let model = learned(small(), 3);
    let without = |table: Table| {
        let mut segments = model.state.segments().collect::<Vec<_>>();
        segments.retain(|segment| segment.table != table.number());
        State::from_segments(segments).map(|_| ())
    };
    assert_eq!(without(Table::Projections), Err(StateError::Mismatch(Table::Projections)));
    assert_eq!(without(Table::Modalities), Err(StateError::Mismatch(Table::Projections)));
    assert_eq!(
        without(Table::ContentVectors),
        Err(StateError::Mismatch(Table::ContentVectors)),
        "the round stands somewhere"
    );
    let mut segments = model.state.segments().collect::<Vec<_>>();
    let contents = segments.iter_mut().find(|segment| segment.table == Table::ContentVectors.number()).unwrap();
    let row = contents.payload[8..8 + 4 + 8 * 4].to_vec();
    contents.payload.extend([100_u32.to_le_bytes(), 1_u32.to_le_bytes()].concat());
    contents.payload.extend(row);
    assert!(matches!(State::from_segments(segments), Err(StateError::Corrupt { table: Table::ContentVectors, .. })));
}

/// Goal: items without events follow the projections. Method: after learning, the content vector of every cold item is
/// near the projection of its vector; one whose metadata is put again is exactly there.
#[test]
fn cold_items_follow_the_projections_within_one_round() {
    let mut model = learned(small(), 4);
    assert!(model.content(99).iter().any(|value| *value != 0.0), "no event named it");
    // One step refreshes at most 64 in addition to its own: two steps reach each of the 40 cold items.
    const { assert!(2 * REFRESHED_PER_STEP >= 100) };
    let before = model.content(99).to_vec();
    let (items, events) = stream(4);
    model.configure(|config| config.rates.modalities = 0.0);
    model.apply(events[..64].to_vec());
    model.apply(events[64..128].to_vec());
    let followed = model.content(99).to_vec();
    assert_ne!(followed, before);
    model.apply([items[99].clone()]);
    for (put, followed) in model.content(99).iter().zip(followed) {
        assert!((put - followed).abs() < 1e-5, "the projections stood still: {put} {followed}");
    }
    model.apply([item(99, &[])]);
    assert_eq!(model.content(99), [0.0; 8], "without a vector nothing is left");
}

#[test]
fn vectors_beyond_the_bounds_are_ignored() {
    let mut model = Model::new(small());
    model.apply([item(0, &[("image", vec![1.0; 6])]), item(1, &[("image", vec![1.0; 5])])]);
    let many = (0..20).map(|n| item(10 + n, &[(["a", "b", "c", "d", "e"][n % 5], vec![0.1; Item::VECTOR_DIM_MAX])]));
    model.apply(many);
    let modalities = model.state.inference.content_vectors.modalities();
    assert_eq!(modalities.all().len(), 4, "image and three of the largest");
    assert!(modalities.inputs() <= Modalities::INPUTS_MAX);
    assert!(model.state.inference.catalog.entry(1).content.is_none());
    for append in 0..2 {
        model.apply((0..20).map(|n| event(append * 20 + n, n as usize % 3, n as usize % 2)));
    }
    assert!(model.content(0).iter().any(|value| *value != 0.0));
}

/// Goal: a model without vectors is independent of `modalities`.
#[test]
fn without_modalities_nothing_is_learned_from_vectors() {
    let (_, events) = stream(5);
    let digest_of = |config: ModelConfig, first: Vec<RecordBody>| {
        let mut model = Model::new(config);
        model.apply(first);
        for append in events.chunks(50) {
            model.apply(append.to_vec());
        }
        let state = &model.state;
        assert_eq!(state.rows(Table::Projections) + state.rows(Table::ContentVectors), 0);
        (model.vector(3), state.inference.parameters.scalars.clone())
    };
    let bare: Vec<RecordBody> = (0..100).map(|n| item(n, &[])).collect();
    let plain = digest_of(small(), bare.clone());
    assert_eq!(digest_of(ModelConfig { modalities: false, ..small() }, bare), plain);
    assert_eq!(digest_of(ModelConfig { modalities: false, ..small() }, stream(5).0), plain);
}

/// Goal: `modalities` can be switched on a live model. Method: off, item vectors are V alone; on again, vectors that
/// came meanwhile count too; views agree with the state after each switch.
#[test]
fn modalities_can_be_switched_off_and_on() {
    let mut model = learned(small(), 6);
    let mut publisher = Publisher::new();
    let mut seen = |model: &mut Model| {
        let view = publisher.publish(&model.state.inference, &model.state.touched, model.head, Served::Live);
        model.state.touched.clear();
        let scratch = Publisher::from_scratch(&model.state.inference, model.head, Served::Live);
        for n in 0..100 {
            let name = format!("i{n}");
            let (found, expected) = (view.item_embedding(&name).unwrap(), scratch.item_embedding(&name).unwrap());
            assert_eq!((&found.values, &found.values), (&expected.values, &model.vector(n)), "{name}");
            for (item, score) in view
                .similar(&id(&name), 1000, &Filter::default())
                .unwrap()
                .iter()
                .zip(scratch.similar(&id(&name), 1000, &Filter::default()).unwrap())
            {
                assert_eq!((&item.id, item.score.to_bits()), (&score.id, score.score.to_bits()));
            }
        }
    };
    seen(&mut model);
    model.configure(|config| config.modalities = false);
    assert_eq!(model.vector(99), model.state.inference.parameters.items.row(99));
    seen(&mut model);
    model.apply([item(100, &[("image", vec![1.0; 6]), ("sound", vec![1.0; 2])])]);
    assert!(model.state.inference.catalog.entry(100).content.is_none());
    let projections = |model: &Model| {
        (0..10).flat_map(|row| model.state.inference.parameters.projections.row(row).to_vec()).collect::<Vec<f32>>()
    };
    let before = projections(&model);
    model.apply(stream(7).1);
    assert_eq!(projections(&model), before);
    model.configure(|config| config.modalities = true);
    assert_eq!(model.state.rows(Table::Modalities), 3);
    assert!(model.content(100).iter().any(|value| *value != 0.0));
    seen(&mut model);
}

/// Goal: the regularizer keeps a fine-tuned model near its base. Method: one base, then a stream of other tastes with
/// and without it; the distance of vectors from the base.
#[test]
fn a_regularized_model_adapts_and_stays_near_its_base() {
    let away = |pull: f32| {
        let mut model = learned(small(), 8);
        let base = model.state.inference.parameters.clone();
        model.configure(|config| config.pull = pull);
        for append in stream(9).1.chunks(50) {
            model.apply(append.to_vec());
        }
        let distance = |table: LearnedTable| {
            let (now, base) = (model.state.inference.parameters.table(table), base.table(table));
            let squares = (0..base.len()).flat_map(|row| now.row(row).iter().zip(base.row(row)));
            squares.map(|(now, base)| (now - base).powi(2)).sum::<f32>().sqrt()
        };
        [LearnedTable::Items, LearnedTable::Last, LearnedTable::Users, LearnedTable::Projections].map(distance)
    };
    let (free, pulled, held) = (away(0.0), away(0.3), away(3.0));
    println!("distance from the base: free {free:?}, pull 0.3 {pulled:?}, pull 3 {held:?}");
    for table in 0..free.len() {
        assert!(held[table] < pulled[table] && pulled[table] < free[table], "{table}");
        assert!(held[table] > 0.0, "it still learns");
    }
    for table in 0..3 {
        assert!(held[table] < 0.5 * free[table], "{table}");
    }
}

/// Goal: a pull of 0 leaves no trace. Method: a model whose pull was switched on and off before learning equals one
/// that never had it.
#[test]
fn a_pull_of_0_changes_nothing() {
    let mut never = learned(small(), 10);
    let mut once = learned(small(), 10);
    once.configure(|config| config.pull = 1.0);
    once.configure(|config| config.pull = 0.0);
    never.head = once.head;
    for model in [&mut never, &mut once] {
        stream(11).1.chunks(50).for_each(|append| drop(model.apply(append.to_vec())));
    }
    assert_eq!(never.digest(), once.digest());
}
