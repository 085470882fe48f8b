//! A learned state as shoppers see it.

use std::{sync::Arc, time::Instant};

use shelfmark_domain::{
    Event, ExcludeSeen, Filter, Id, Item, ModelConfig, Position, Query, ScoredItem, Served, Subject, Timestamp,
};
use shelfmark_evaluation::{BaselineKind, Method, Protocol, Run, Stream};
use shelfmark_serving::{Publisher, View};
use shelfmark_state::State;

/// Seconds from the last event to the next click.
const PAUSE_SECONDS: i64 = 60;

/// The stream, learned.
pub struct Learned {
    pub shelf: Shelf,
    /// The model's test-then-train figures, then popularity's.
    pub methods: Vec<Method>,
}

impl Learned {
    pub fn new(stream: &Stream, config: ModelConfig) -> anyhow::Result<Self> {
        let began = Instant::now();
        let protocol = Protocol { baselines: vec![BaselineKind::Popularity], ..Protocol::default() };
        let mut run = Run::new(stream, config, &protocol)?;
        run.advance(stream.events.len())?;
        let found = run.finish();
        let at = stream.events.iter().map(|event| event.ts).max().unwrap_or_default();
        eprintln!("tested and learned {} events in {:.1} s", stream.events.len(), began.elapsed().as_secs_f64());
        Ok(Self { shelf: Shelf::new(found.state, at), methods: found.prequential.into_methods() })
    }
}

/// A state, its view, and the time on the clock.
pub struct Shelf {
    state: State,
    view: Arc<View>,
    at: Timestamp,
}

impl Shelf {
    fn new(state: State, at: Timestamp) -> Self {
        let view = Publisher::from_scratch(&state.inference, Position::ZERO, Served::Live);
        Self { state, view, at }
    }

    /// The same shop after one more click: a clone of the state that learns it. This one stays as it is.
    pub fn after_click(&self, user: &Id, item: &Id) -> anyhow::Result<Self> {
        let micros = self.at.micros() + PAUSE_SECONDS * 1_000_000;
        let at = Timestamp::from_micros(micros).unwrap_or(Timestamp::MAX);
        let click = Event {
            event_id: Id::new("event_id", "one-more-click")?,
            user: Some(user.clone()),
            session: None,
            item: item.clone(),
            kind: "click".to_owned(),
            value: None,
            ts: at,
            context: Vec::new(),
            recommendation_id: None,
            properties: None,
        };
        let mut stream = Stream::default();
        stream.event(click, self.state.config());
        let mut run = Run::from_state(&stream, self.state.clone(), &Protocol { discard: 1.0, ..Protocol::default() })?;
        run.advance(1)?;
        Ok(Self::new(run.finish().state, at))
    }

    /// The same shop with one more product.
    pub fn with_item(&self, item: &Item) -> Self {
        let mut state = self.state.clone();
        state.put_item(item);
        Self::new(state, self.at)
    }

    pub fn items(&self) -> usize {
        self.state.inference.catalog.len()
    }

    pub fn knows_user(&self, user: &str) -> bool {
        self.state.inference.user(user).is_some()
    }

    /// An item's title, or its id.
    pub fn title(&self, item: &Id) -> String {
        let known = self.view.item(item.as_str());
        known.and_then(|item| item.title.clone()).unwrap_or_else(|| item.to_string())
    }

    /// What a user gets, best first.
    pub fn recommended(&self, user: &Id, limit: usize, exclude_seen: ExcludeSeen) -> Vec<ScoredItem> {
        let query = Query { exclude_seen, ..Query::new(Subject::User(user.clone()), limit, self.at) };
        self.view.recommend(&query).expect("a user and a limit within bounds are a query").items
    }

    /// The place of an item in everything that a user could get, from 1; `None` beyond [`Query::LIMIT_MAX`].
    pub fn place(&self, user: &Id, item: &Id) -> Option<usize> {
        let list = self.recommended(user, Query::LIMIT_MAX, ExcludeSeen::No);
        list.iter().position(|scored| scored.id == *item).map(|place| place + 1)
    }

    /// What points the same way as an item, for everybody.
    pub fn similar(&self, item: &Id, limit: usize) -> Vec<ScoredItem> {
        self.view.similar(item, limit, &Filter::default()).expect("the caller asks for known items")
    }

    /// A user's point in the space, `[dim]`.
    pub fn user_vector(&self, user: &Id) -> Vec<f32> {
        self.view.user_embedding(user.as_str(), self.at).expect("the caller asks for known users").values
    }

    /// An item's point in the space, `[dim]`.
    pub fn item_vector(&self, item: &Id) -> Vec<f32> {
        self.view.item_embedding(item.as_str()).expect("the caller asks for known items").values
    }
}
