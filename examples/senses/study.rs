//! A base of four domains, forks that learn one of them in three ways, and what each holds of both senses of a word.

use std::sync::Arc;

use shelfmark_domain::{Event, ExcludeSeen, Filter, Id, ModelConfig, Position, Query, Served, Subject, Timestamp};
use shelfmark_evaluation::{Protocol, Run, Stream};
use shelfmark_serving::{Publisher, View};
use shelfmark_state::State;

use super::made::{ALL, Domain, FINANCE, GEOMETRY, MEDICINE, SOFTWARE};
use crate::vectors::cosine;

/// Words that count as expected next.
pub const AMONG: usize = 10;
/// Sentences of a domain that the base learns, of one that it knows well and of one that it knows little.
const BASE: [usize; 2] = [1500, 300];

/// How a fork learned.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Way {
    Plain,
    Contexts,
    Pull,
    /// With the pull and without transition memory, which is counts that no pull holds.
    PullWithoutMemory,
}

impl Way {
    pub const ALL: [Self; 4] = [Self::Plain, Self::Contexts, Self::Pull, Self::PullWithoutMemory];

    pub const fn name(self) -> &'static str {
        match self {
            Self::Plain => "plainly",
            Self::Contexts => "with contexts",
            Self::Pull => "with pull",
            Self::PullWithoutMemory => "with pull, no memory",
        }
    }
}

/// A state, and whether its queries name their domain.
pub struct Known {
    view: Arc<View>,
    has_contexts: bool,
}

/// One word: the sense that is learned, and the one that should stay.
pub struct Case {
    pub learned: Domain,
    pub kept: Domain,
    /// The base of the ways without contexts, and that of the one with.
    pub bases: [Known; 2],
    /// One for each way.
    pub forks: [Known; 4],
}

/// Both words.
pub struct Study {
    pub sentences: usize,
    pub pull: f32,
    pub cases: [Case; 2],
}

impl Study {
    /// Learns everything. `config` has the pull of the third way.
    pub fn new(config: &ModelConfig, sentences: usize) -> anyhow::Result<Self> {
        let plain = ModelConfig { pull: 0.0, ..config.clone() };
        let without_memory = ModelConfig { memory: false, ..config.clone() };
        let nothing = State::initial(Arc::new(plain.clone()));
        let [base, base_in_context] = [false, true].map(|contexts| learned(&nothing, &base_stream(contexts)));
        let (base, base_in_context) = (base?, base_in_context?);
        let case = |learned_domain: Domain, kept: Domain| -> anyhow::Result<Case> {
            let fork = |way: Way| -> anyhow::Result<Known> {
                let has_contexts = way == Way::Contexts;
                let mut state = if has_contexts { base_in_context.clone() } else { base.clone() };
                state.configure(match way {
                    Way::Plain | Way::Contexts => &plain,
                    Way::Pull => config,
                    Way::PullWithoutMemory => &without_memory,
                });
                let mut stream = Stream::default();
                let texts = learned_domain.sentences(1_000_000, sentences);
                texts.enumerate().for_each(|(number, words)| {
                    add(&mut stream, learned_domain, 1_000_000 + number, &words, has_contexts)
                });
                Ok(Known::of(&learned(&state, &stream)?, has_contexts))
            };
            let bases = [Known::of(&base, false), Known::of(&base_in_context, true)];
            Ok(Case {
                learned: learned_domain,
                kept,
                bases,
                forks: [fork(Way::Plain)?, fork(Way::Contexts)?, fork(Way::Pull)?, fork(Way::PullWithoutMemory)?],
            })
        };
        let cases = [case(FINANCE, SOFTWARE)?, case(MEDICINE, GEOMETRY)?];
        Ok(Self { sentences, pull: config.pull, cases })
    }
}

impl Case {
    /// The state that a way began from.
    pub fn base(&self, way: Way) -> &Known {
        &self.bases[usize::from(way == Way::Contexts)]
    }

    pub fn fork(&self, way: Way) -> &Known {
        &self.forks[way as usize]
    }

    /// The word of both senses.
    pub fn word(&self) -> Id {
        Id::new("word", self.learned.shared).expect("letters are an id")
    }
}

impl Known {
    fn of(state: &State, has_contexts: bool) -> Self {
        Self { view: Publisher::from_scratch(&state.inference, Position::ZERO, Served::Live), has_contexts }
    }

    fn query(&self, domain: &Domain, words: &[Id], limit: usize) -> Query {
        let mut query = Query::new(Subject::Session(words.to_vec()), limit, Timestamp::default());
        query.exclude_seen = ExcludeSeen::All;
        if self.has_contexts {
            query.context.push(circumstance(domain));
        }
        query
    }

    /// What would come after these words in this domain, best first.
    pub fn next(&self, domain: &Domain, words: &[Id]) -> Vec<Id> {
        let found = self.view.recommend(&self.query(domain, words, AMONG)).expect("a sentence is a query");
        found.items.into_iter().map(|item| item.id).collect()
    }

    /// The words whose vectors point the same way as a word's, nearest first.
    pub fn neighbours(&self, word: &Id) -> Vec<Id> {
        let near = self.view.similar(word, AMONG, &Filter::default()).expect("a known word");
        near.into_iter().map(|near| near.id).collect()
    }

    /// Cosine of a word's vectors here and there.
    pub fn cosine(&self, there: &Self, word: &Id) -> f32 {
        let vector = |known: &Self| known.view.item_embedding(word.as_str()).expect("a known word").values;
        cosine(&vector(self), &vector(there))
    }

    /// Number of words of a domain among the first ten that would come after these words in it.
    pub fn own_next(&self, domain: &Domain, words: &[Id]) -> usize {
        of_domain(domain, &self.next(domain, words))
    }
}

/// Number of these words that are of a domain alone.
pub fn of_domain(domain: &Domain, words: &[Id]) -> usize {
    words.iter().filter(|word| domain.owns(word)).count()
}

fn circumstance(domain: &Domain) -> String {
    format!("domain:{}", domain.name)
}

/// What the base learns: all domains, evenly mixed, of each sense that a fork will learn a fifth.
fn base_stream(contexts: bool) -> Stream {
    let mut sentences: Vec<(f64, Domain, Vec<Id>)> = Vec::new();
    for domain in ALL {
        let count = BASE[usize::from(domain == FINANCE || domain == MEDICINE)];
        let places = domain.sentences(0, count).enumerate();
        sentences.extend(places.map(|(place, words)| (place as f64 / count as f64, domain, words)));
    }
    sentences.sort_by(|a, b| a.0.total_cmp(&b.0));
    let mut stream = Stream::default();
    for (number, (_, domain, words)) in sentences.into_iter().enumerate() {
        add(&mut stream, domain, number, &words, contexts);
    }
    stream
}

/// Adds a sentence: a session of its own, its words a millisecond apart.
fn add(stream: &mut Stream, domain: Domain, number: usize, words: &[Id], contexts: bool) {
    let id = |text: String| Id::new("id", &text).expect("letters and numbers are an id");
    let session = id(format!("sentence-{number}"));
    for (place, word) in (0_i64..).zip(words) {
        let micros = i64::try_from(number).expect("a small number") * 1_000_000 + place * 1000;
        let event = Event {
            event_id: id(format!("{session}-{place}")),
            user: None,
            session: Some(session.clone()),
            item: word.clone(),
            kind: "view".to_owned(),
            value: None,
            ts: Timestamp::from_micros(micros).expect("some weeks of 1970"),
            context: if contexts { vec![circumstance(&domain)] } else { Vec::new() },
            recommendation_id: None,
            properties: None,
        };
        stream.event(event, &ModelConfig::default());
    }
}

fn learned(from: &State, stream: &Stream) -> anyhow::Result<State> {
    let protocol = Protocol { discard: 1.0, ..Protocol::default() };
    let mut run = Run::from_state(stream, from.clone(), &protocol)?;
    run.advance(stream.events.len())?;
    Ok(run.finish().state)
}
