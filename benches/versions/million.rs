//! A large model, stored as a base, and a delta of it.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use serde_json::json;
use shelfmark_domain::{Id, Item, ModelConfig, ModelName, Position, VersionManifest, VersionNumber};
use shelfmark_learner::fingerprint;
use shelfmark_postgres as postgres;
use shelfmark_state::{CounterRng, Digester, ReadBack, State, Table};
use shelfmark_store::versions::{NewSegments, NewVersion, VersionStore};
use sqlx::PgPool;

use super::report::Report;

pub const DIM: usize = 64;
/// Item rows that the delta is made of.
pub const TOUCHED: u32 = 20_000;

/// What was stored, and how long it took.
pub struct Kept {
    pub pool: PgPool,
    pub store: VersionStore,
    pub base: (VersionManifest, Duration),
    pub delta: (VersionManifest, Duration),
    /// Rows of the delta's large table.
    pub touched: usize,
}

/// The id of an item of the model.
pub fn item(n: u32) -> Id {
    Id::new("id", &format!("item-{n}")).expect("an id")
}

pub async fn store(url: &str, items: u32) -> anyhow::Result<Kept> {
    let pool = postgres::connect(url, 8).await?;
    postgres::migrate(&pool).await?;
    let store = VersionStore::open(pool.clone(), &ModelName::new("default")?).await?;
    Report::step(&format!("a model of {items} items x {DIM}"));
    let (mut state, mut digester) = tokio::task::spawn_blocking(move || build(items)).await?;
    Report::step("stored as a base");
    let base = Box::pin(save(&store, &state, &digester, None)).await?;
    let parent = (state.clone(), digester.clone());
    touch(&mut state, items);
    digester.update(&state, &state.touched);
    let touched = state.touched.rows(Table::ItemVectors).len();
    Report::step(&format!("{touched} rows touched, stored as a delta"));
    sqlx::query("checkpoint").execute(&pool).await?;
    let delta = Box::pin(save(&store, &state, &digester, Some((base.0.version, parent)))).await?;
    Ok(Kept { pool, store, base, delta, touched })
}

/// Bare items, through the state machine that the learner drives.
fn build(items: u32) -> (State, Digester) {
    let mut state = State::initial(Arc::new(ModelConfig { dim: DIM, ..ModelConfig::default() }));
    for n in 0..items {
        state.put_item(&Item::bare(item(n)));
    }
    state.touched.clear();
    let digester = Digester::new(&state);
    (state, digester)
}

/// Moves rows spread over the table, with their optimiser state.
fn touch(state: &mut State, items: u32) {
    let every = (items / TOUCHED).max(1);
    for row in (0..items).step_by(every as usize).take(TOUCHED as usize) {
        let mut draws = CounterRng::new(1, 9, u64::from(row));
        let place = row as usize;
        state.inference.parameters.items.row_mut(place).iter_mut().for_each(|value| *value += 0.01 * draws.normal());
        state.accumulators.items.row_mut(place).iter_mut().for_each(|value| *value += draws.normal().abs());
        state.touched.mark(Table::ItemVectors, row);
    }
}

async fn save(
    store: &VersionStore,
    state: &State,
    digester: &Digester,
    parent: Option<(VersionNumber, (State, Digester))>,
) -> anyhow::Result<(VersionManifest, Duration)> {
    let delta_of = parent.as_ref().map(|(number, _)| *number);
    let segments = match delta_of {
        None => state.segments(),
        Some(_) => state.delta_segments(&state.touched),
    };
    let version = NewVersion {
        position: Position::ZERO,
        seen_through: Position::ZERO,
        parent: delta_of,
        delta_of,
        digest: digester.digest(),
        label: None,
        reason: None,
        actor: "bench".to_owned(),
        metrics: json!({}),
        fingerprint: fingerprint(),
        derived: None,
        segments: NewSegments::new(segments),
        read_back: Some(Box::new(match parent {
            None => ReadBack::base(state.clone(), digester.digest()),
            Some((_, (parent, before))) => ReadBack::delta(state.clone(), digester.digest(), parent, before),
        })),
    };
    let started = Instant::now();
    let manifest = store.save(version).await?;
    Ok((manifest, started.elapsed()))
}
