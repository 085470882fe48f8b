//! A model that learns in memory and is watched as the service watches its own.

#![allow(dead_code, reason = "each test binary uses its part")]

use std::{collections::BTreeMap, sync::Arc};

use shelfmark_domain::{Append, Event, Id, ModelConfig, Position, Record, RecordBody, Timestamp, VersionNumber};
use shelfmark_learner::{Learner, prepare_thread};
use shelfmark_monitor::health::{Health, PointQuality, Series, Survey, SurveyedVersion, Surveyor, judge};
use shelfmark_state::State;

/// A model under watch.
pub struct Watched {
    pub state: State,
    pub learner: Learner,
    pub head: Position,
    pub series: Series,
    pub surveyor: Surveyor,
    pub survey: Option<Survey>,
    /// What the next surveys compare with.
    pub version: Option<(Position, State)>,
}

impl Watched {
    pub fn new(config: ModelConfig) -> Self {
        prepare_thread();
        config.check().expect("a valid configuration");
        Self {
            state: State::initial(Arc::new(config)),
            learner: Learner::default(),
            head: Position::ZERO,
            series: Series::default(),
            surveyor: Surveyor::default(),
            survey: None,
            version: None,
        }
    }

    /// One append.
    pub fn append(&mut self, bodies: impl IntoIterator<Item = RecordBody>) -> Append {
        let record = |body| {
            self.head = self.head.next();
            Record { position: self.head, appended_at: Timestamp::default(), source: None, body }
        };
        let append = Append { records: bodies.into_iter().map(record).collect() };
        let applied = self.learner.apply(&mut self.state, &append, &BTreeMap::new(), &mut ()).expect("it applies");
        self.state.touched.clear();
        for step in &applied.steps {
            self.series.add(step, PointQuality::default);
        }
        append
    }

    /// Events in appends of 64.
    pub fn learn(&mut self, events: impl IntoIterator<Item = Event>) {
        let events: Vec<Event> = events.into_iter().collect();
        for chunk in events.chunks(64) {
            self.append(chunk.iter().cloned().map(RecordBody::Event));
        }
    }

    /// Looks at the rows.
    pub fn look(&mut self) -> &Survey {
        let version = self.version.as_ref().map(|(position, state)| SurveyedVersion {
            number: VersionNumber(1),
            position: *position,
            state,
        });
        let survey = self.surveyor.survey(&self.state, self.head, version);
        self.survey.insert(survey)
    }

    /// The health after a look at the rows.
    pub fn health(&mut self) -> Health {
        self.look();
        judge(&self.series, self.survey.as_ref(), self.state.config().dim)
    }
}

pub fn id(text: &str) -> Id {
    Id::new("id", text).expect("a valid id")
}

/// Event number `n`, a minute after the one before.
pub fn event(n: u64, user: &str, item: &str) -> Event {
    Event {
        event_id: id(&format!("e{n}")),
        user: Some(id(user)),
        session: None,
        item: id(item),
        kind: "click".into(),
        value: None,
        ts: Timestamp::from_seconds((1_000_000 + n * 60) as f64).expect("a time"),
        context: Vec::new(),
        recommendation_id: None,
        properties: None,
    }
}
