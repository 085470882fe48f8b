//! Frozen reference of a guard: a version whose histories go on and whose parameters do not.
//!
//! A version knows nobody's last clicks, and most of a good list comes from these: the version as it was loses to any
//! live state, a spoilt one too. So its histories go on, event by event, as those of a frozen model do, and only what
//! was *learned* since is left out. It stands where the live view of a sample stands, so both foretell the same event
//! from the same past.

use std::sync::Arc;

use crate::engine::{EngineError, blocking::blocking, snapshots::cache::CachedVersion};
use shelfmark_domain::{Append, Event, ForgottenUser, ModelConfig, Position, RecordBody, Served};
use shelfmark_log::Tail;
use shelfmark_serving::{Publisher, View};
use shelfmark_state::{ContextScratch, State};

/// A reference whose histories go on.
pub struct FrozenReference {
    tail: Tail,
    /// Read and not yet taken in to its end.
    pending: Option<Append>,
    frozen: Option<Box<Frozen>>,
}

/// Everything that moves along the log.
struct Frozen {
    taken: State,
    state: State,
    position: Position,
    served: Served,
    publisher: Publisher,
    scratch: ContextScratch,
    view: Option<Arc<View>>,
}

impl FrozenReference {
    /// The reference as it was taken, and the log after it. Shares its rows.
    pub fn new(tail: Tail, version: &CachedVersion) -> Self {
        let mut state = version.state.clone();
        state.touched.clear();
        let config = ModelConfig { learning: false, ..(*state.inference.config).clone() };
        state.configure(&config);
        let frozen = Frozen {
            taken: state.clone(),
            state,
            position: version.position,
            served: Served::Version(version.number),
            publisher: Publisher::new(),
            scratch: ContextScratch::default(),
            view: None,
        };
        Self { tail, pending: None, frozen: Some(Box::new(frozen)) }
    }

    /// Its view at a position that the live state has reached; positions do not go back. Where a restore lies on the
    /// way, its histories begin again as they were taken. Costs a look at each event since the last call.
    ///
    /// Errors: the log cannot be read.
    pub async fn view_at(&mut self, position: Position) -> Result<Arc<View>, EngineError> {
        let mut frozen = self.frozen.take().expect("put back below, before anything ends early");
        let mut appends = Vec::new();
        let mut reached = frozen.position;
        let read = loop {
            if reached >= position {
                break Ok(());
            }
            let next = match self.pending.take() {
                Some(append) => Ok(append),
                None => self.tail.next().await,
            };
            match next {
                Ok(append) => {
                    let forgotten = self.tail.take_forgotten();
                    if !forgotten.is_empty() {
                        frozen = apply(frozen, std::mem::take(&mut appends), position).await.0;
                        frozen = replace_names(frozen, forgotten).await;
                    }
                    reached = append.last();
                    appends.push(append);
                }
                Err(error) => break Err(error),
            }
            // In pieces, so that a long way is not held in memory.
            if appends.len() == APPENDS_MAX {
                frozen = apply(frozen, std::mem::take(&mut appends), position).await.0;
            }
        };
        let last;
        (frozen, last) = apply(frozen, appends, position).await;
        self.pending = last.filter(|append| append.last() > position);
        let view = blocking(move || {
            let view = frozen.publish();
            (frozen, view)
        });
        let (frozen, view) = view.await;
        self.frozen = Some(frozen);
        read?;
        Ok(view)
    }
}

/// Appends that are taken in at a time.
const APPENDS_MAX: usize = 64;

/// Takes appends in, as far as `position`; the last of them comes back.
async fn apply(mut frozen: Box<Frozen>, appends: Vec<Append>, position: Position) -> (Box<Frozen>, Option<Append>) {
    blocking(move || {
        appends.iter().for_each(|append| frozen.apply(append, position));
        (frozen, appends.into_iter().next_back())
    })
    .await
}

/// Replaces names that the appends after this do not have any more.
async fn replace_names(mut frozen: Box<Frozen>, forgotten: Vec<ForgottenUser>) -> Box<Frozen> {
    blocking(move || {
        for user in &forgotten {
            frozen.state.replace_names(user);
            frozen.taken.inference.forget_ids(user);
        }
        frozen
    })
    .await
}

impl Frozen {
    /// Records after its own position, through `position`.
    fn apply(&mut self, append: &Append, position: Position) {
        let mut events: Vec<&Event> = Vec::new();
        for record in append.records.iter().filter(|record| record.position <= position) {
            if record.position <= self.position {
                continue;
            }
            self.position = record.position;
            match &record.body {
                RecordBody::Event(event) => {
                    events.push(event);
                    continue;
                }
                RecordBody::PutItem(item) => {
                    self.advance(&mut events);
                    self.state.put_item(item);
                    self.view = None;
                }
                RecordBody::PatchItem(patch) => {
                    self.advance(&mut events);
                    self.state.patch_item(patch);
                    self.view = None;
                }
                RecordBody::Merge(merge) => {
                    self.advance(&mut events);
                    self.state.merge(merge);
                    self.view = None;
                }
                RecordBody::UpdateProfile(update) => {
                    self.advance(&mut events);
                    self.state.update_profile(update);
                    self.view = None;
                }
                RecordBody::Retract(retraction) => {
                    self.advance(&mut events);
                    self.state.retract(retraction);
                    self.view = None;
                }
                RecordBody::RemoveItem { item } => {
                    self.advance(&mut events);
                    self.state.remove_item(item);
                    self.view = None;
                }
                RecordBody::Forget(user) => {
                    self.advance(&mut events);
                    self.state.forget(user);
                    self.taken.inference.forget_ids(user);
                    self.view = None;
                }
                // What came between that version and here is not in the live state's histories any more.
                RecordBody::Restore { .. } => {
                    events.clear();
                    self.state = self.taken.clone();
                    self.publisher = Publisher::new();
                    self.view = None;
                }
                // It learns nothing: neither by another configuration nor from elsewhere.
                RecordBody::Configure { .. } | RecordBody::PutVector(_) | RecordBody::ResetModality { .. } => {}
            }
        }
        self.advance(&mut events);
    }

    fn advance(&mut self, events: &mut Vec<&Event>) {
        if !events.is_empty() {
            self.state.apply_events(events, &mut self.scratch);
            events.clear();
            self.view = None;
        }
    }

    fn publish(&mut self) -> Arc<View> {
        let Self { state, position, served, publisher, view, .. } = self;
        if let Some(view) = view.as_ref().filter(|view| view.position() == *position) {
            return Arc::clone(view);
        }
        let new = publisher.publish(&state.inference, &state.touched, *position, *served);
        state.touched.clear();
        *view = Some(Arc::clone(&new));
        new
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use shelfmark_domain::{Id, Item, Record, Timestamp};
    use shelfmark_learner::Learner;
    use shelfmark_state::Digester;

    fn append(first: u64, count: u64) -> Append {
        let id = |text: String| Id::new("id", &text).expect("an id");
        let body = |n: u64| {
            if n.is_multiple_of(29) {
                return RecordBody::PutItem(Item::bare(id(format!("i{}", n % 50))));
            }
            RecordBody::Event(Event {
                event_id: id(format!("e{n}")),
                user: Some(id(format!("u{}", n / 3 % 7))),
                session: None,
                item: id(format!("i{}", n * 7 % 40)),
                kind: "click".to_owned(),
                value: None,
                ts: Timestamp::from_seconds((n / 3 * 60) as f64).expect("in range"),
                context: Vec::new(),
                recommendation_id: None,
                properties: None,
            })
        };
        let record =
            |n| Record { position: Position::new(n), appended_at: Timestamp::default(), source: None, body: body(n) };
        Append { records: (first..first + count).map(record).collect() }
    }

    /// The learner of a frozen model takes whole appends; the reference stops anywhere.
    #[test]
    fn it_is_what_a_frozen_model_is_wherever_it_stops() {
        let config = ModelConfig { dim: 8, learning: false, ..ModelConfig::default() };
        let state = State::initial(Arc::new(config));
        let mut frozen = Frozen {
            taken: state.clone(),
            state: state.clone(),
            position: Position::ZERO,
            served: Served::Live,
            publisher: Publisher::new(),
            scratch: ContextScratch::default(),
            view: None,
        };
        let mut model = state.clone();
        let mut learner = Learner::default();
        for first in [1, 101] {
            let append = append(first, 100);
            learner
                .apply(&mut model, &append, &std::collections::BTreeMap::new(), &mut ())
                .expect("nothing is restored");
            for stop in [first + 4, first + 4, first + 50, first + 99] {
                frozen.apply(&append, Position::new(stop));
                assert_eq!(frozen.publish().position(), Position::new(stop));
            }
            assert_eq!(Digester::new(&frozen.state).digest(), Digester::new(&model).digest());
        }
        let restore = RecordBody::Restore { version: shelfmark_domain::VersionNumber(1), replay: None };
        let record =
            Record { position: Position::new(201), appended_at: Timestamp::default(), source: None, body: restore };
        frozen.apply(&Append { records: Arc::new([record]) }, Position::new(201));
        assert_eq!(Digester::new(&frozen.state).digest(), Digester::new(&state).digest(), "it begins again");
        assert_eq!(frozen.publish().counts().users, 0);
    }
}
