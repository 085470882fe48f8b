//! A model in memory: a state and the learner that applies appends to it, without log or service. Each test file adds
//! what it asks.

use std::{collections::BTreeMap, sync::Arc};

use shelfmark_domain::{Append, ModelConfig, Position, Record, RecordBody, Timestamp};
use shelfmark_learner::{Applied, Learner, prepare_thread};
use shelfmark_state::State;

pub struct Model {
    pub state: State,
    pub learner: Learner,
    pub head: Position,
}

impl Model {
    pub fn new(config: ModelConfig) -> Self {
        prepare_thread();
        config.check().expect("a valid configuration");
        Self { state: State::initial(Arc::new(config)), learner: Learner::default(), head: Position::ZERO }
    }

    /// One append.
    pub fn apply(&mut self, bodies: impl IntoIterator<Item = RecordBody>) -> Applied {
        let record = |body| {
            self.head = self.head.next();
            Record { position: self.head, appended_at: Timestamp::default(), source: None, body }
        };
        let append = Append { records: bodies.into_iter().map(record).collect() };
        self.learner.apply(&mut self.state, &append, &BTreeMap::new(), &mut ()).expect("the append restores nothing")
    }
}
