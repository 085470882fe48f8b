//! A small random model in the middle of its life, and what it learns next: every kind of term, every kind of item.

#![allow(clippy::unwrap_used, reason = "helpers of tests may fail the test")]

use std::{collections::BTreeMap, sync::Arc};

use shelfmark_domain::{Append, Event, Id, Item, ModelConfig, Position, Record, RecordBody, Timestamp};
use shelfmark_learner::Learner;
use shelfmark_state::{CounterRng, State};

fn random(draws: &mut CounterRng, n: usize) -> Vec<f32> {
    (0..n).map(|_| draws.normal()).collect()
}

#[derive(Debug, Clone, Copy)]
pub struct Case {
    pub seed: u64,
    pub sampled: bool,
    /// Switched on after 90 of 150 events.
    pub pull: f32,
}

/// `z = sum over modalities of M x sqrt(inputs) / |x|` in f64; vectors of another length than the modality's first say
/// nothing.
pub fn content(state: &State, row: u32) -> Vec<f64> {
    let mut z = vec![0.0; state.config().dim];
    let vectors = &state.inference.catalog.entry(row).item.vectors;
    for modality in state.inference.content_vectors.modalities().all() {
        let Some(x) = vectors.get(&modality.name).filter(|x| x.len() == modality.inputs) else { continue };
        let norm = x.iter().map(|x| f64::from(*x).powi(2)).sum::<f64>().sqrt();
        for (i, x) in x.iter().enumerate().filter(|_| norm > 0.0) {
            for (z, m) in z.iter_mut().zip(state.inference.parameters.projections.row(modality.first + i)) {
                *z += f64::from(*m) * f64::from(*x) * (modality.inputs as f64).sqrt() / norm;
            }
        }
    }
    z
}

fn event(draws: &mut CounterRng, n: u64, users: usize, items: usize) -> Event {
    let who = Id::new("user", &format!("u{}", draws.below(users))).unwrap();
    let session = draws.below(4) == 0;
    Event {
        event_id: Id::new("event_id", &n.to_string()).unwrap(),
        user: (!session).then(|| who.clone()),
        session: session.then_some(who),
        item: Id::new("item", &format!("i{}", draws.below(items))).unwrap(),
        kind: ["click", "purchase", "dislike"][draws.below(3)].into(),
        value: None,
        // Some of one user come at one time: baskets.
        ts: Timestamp::from_seconds((n / 4 * 400) as f64).unwrap(),
        context: ["device:mobile", "device:desktop", "query:shoes"][..draws.below(4)]
            .iter()
            .map(|&c| c.into())
            .collect(),
        recommendation_id: None,
        properties: None,
    }
}

/// Some items have one modality, some two, some none; one vector is zero and one has another length.
fn vectors(draws: &mut CounterRng, number: usize) -> BTreeMap<String, Vec<f32>> {
    let mut vectors = BTreeMap::new();
    if !number.is_multiple_of(3) {
        vectors.insert("image".to_owned(), random(draws, 3));
    }
    if number % 4 < 2 {
        vectors.insert("text".to_owned(), random(draws, 5));
    }
    match number {
        7 => _ = vectors.insert("image".to_owned(), vec![0.0; 3]),
        8 => _ = vectors.insert("image".to_owned(), vec![1.0; 4]),
        _ => {}
    }
    vectors
}

pub fn prepared(Case { seed, sampled, pull }: Case) -> (State, Vec<Event>) {
    let mut draws = CounterRng::new(seed, 9, 9);
    let mut config = ModelConfig { dim: 8, step_targets: 8, history: 5, seed, ..ModelConfig::default() };
    config.kinds.extend([("purchase".into(), 2.5.into()), ("dislike".into(), (-0.7).into())]);
    config.user_weight_max = 3.0;
    // A case that explodes is as good as any other: its whole gradient is looked at.
    config.clip_ratio = 1e6;
    if sampled {
        config.full_softmax_below = 4;
        config.negatives = 16;
    }
    let mut bodies: Vec<RecordBody> = Vec::new();
    for i in 0..15 {
        let mut item = Item::bare(Id::new("id", &format!("i{i}")).unwrap());
        item.title = Some(format!("word{} word{}", draws.below(4), draws.below(4)));
        item.vectors = vectors(&mut draws, i);
        bodies.push(RecordBody::PutItem(item));
    }
    bodies.extend((0..90).map(|n| RecordBody::Event(event(&mut draws, n, 6, 18))));
    if pull > 0.0 {
        let pulled = ModelConfig { pull, ..config.clone() };
        bodies.push(RecordBody::Configure { config: Box::new(pulled) });
    }
    bodies.extend((90..150).map(|n| RecordBody::Event(event(&mut draws, n, 6, 20))));
    let records = bodies
        .into_iter()
        .enumerate()
        .map(|(n, body)| Record {
            position: Position::new(n as u64 + 1),
            appended_at: Timestamp::default(),
            source: None,
            body,
        })
        .collect();
    let mut state = State::initial(Arc::new(config));
    Learner::default().apply(&mut state, &Append { records }, &BTreeMap::new(), &mut ()).unwrap();
    // Some of the items have never been named before: 20 to 23.
    let next = (150..158).map(|n| event(&mut draws, n, 7, 24)).collect();
    (state, next)
}
