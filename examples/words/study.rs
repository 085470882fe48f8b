//! A base that learned both texts, its forks, and how well each knows what word comes next.

use std::sync::Arc;

use anyhow::bail;
use shelfmark_domain::{Event, Id, ModelConfig, Timestamp};
use shelfmark_evaluation::{MODEL_NAME, Protocol, Run, Stream, metrics::Sums};
use shelfmark_state::State;

use super::{
    meaning::Meaning,
    text::{Part, Sentence, Text},
};

/// Kind of the events: a word was read.
const KIND: &str = "view";

/// Everything that was learned.
pub struct Study {
    pub texts: [Text; 2],
    /// Learned the base part of both texts in one pass.
    pub base: Meaning,
    /// The base, then the tuning part of one text.
    pub forks: [Meaning; 2],
    /// The text that was also learned from scratch.
    pub own: usize,
    /// From scratch, the base, the forks.
    pub quality: [Quality; 4],
}

/// How well a state goes on, on the test part of each text: every word is ranked before it is learned.
pub struct Quality {
    /// By text.
    pub of: [Sums; 2],
}

impl Study {
    /// Learns everything. `own` is the text that is also learned from scratch.
    pub fn new(texts: [Text; 2], own: usize, config: &ModelConfig, fork: &ModelConfig) -> anyhow::Result<Self> {
        for text in &texts {
            for part in [Part::Base, Part::Tuning, Part::Test] {
                if text.part(part).next().is_none() {
                    bail!("{}: too short, its {part:?} part is empty", text.name);
                }
            }
        }
        let nothing = State::initial(Arc::new(config.clone()));
        let base = learned(&nothing, &mixed(&texts))?;
        let forked = |text: &Text| {
            // A clone shares all rows with the base until one of them changes.
            let mut state = base.clone();
            state.configure(fork);
            learned(&state, &stream(Part::Tuning, text.part(Part::Tuning).map(|sentence| (text, sentence))))
        };
        let forks = [forked(&texts[0])?, forked(&texts[1])?];
        let tuning = texts[own].part(Part::Tuning).map(|sentence| (&texts[own], sentence));
        let scratch = learned(&nothing, &stream(Part::Tuning, tuning))?;
        let quality = |state: &State| -> anyhow::Result<Quality> {
            Ok(Quality { of: [tested(state, &texts[0])?, tested(state, &texts[1])?] })
        };
        let quality = [quality(&scratch)?, quality(&base)?, quality(&forks[0])?, quality(&forks[1])?];
        Ok(Self { base: Meaning::of(&base), forks: forks.each_ref().map(Meaning::of), texts, own, quality })
    }

    /// What one text alone taught.
    pub fn scratch_quality(&self) -> &Quality {
        &self.quality[0]
    }

    pub fn base_quality(&self) -> &Quality {
        &self.quality[1]
    }

    pub fn fork_quality(&self, text: usize) -> &Quality {
        &self.quality[2 + text]
    }
}

/// The base parts of both texts, evenly mixed.
fn mixed(texts: &[Text; 2]) -> Stream {
    let mut sentences: Vec<(f64, (&Text, &Sentence))> = Vec::new();
    for text in texts {
        let count = text.part(Part::Base).count() as f64;
        let places = text.part(Part::Base).enumerate();
        sentences.extend(places.map(|(place, sentence)| (place as f64 / count, (text, sentence))));
    }
    sentences.sort_by(|a, b| a.0.total_cmp(&b.0));
    stream(Part::Base, sentences.into_iter().map(|(_, sentence)| sentence))
}

/// A sentence is a session, a word an event of it. Words are a millisecond apart: far enough to come one after the
/// other, near enough that all have the same gap in time, as the items of a visit given along with a query.
///
/// The sentences of a part come after those of the parts before it, as sessions of their own.
fn stream<'a>(part: Part, sentences: impl Iterator<Item = (&'a Text, &'a Sentence)>) -> Stream {
    let config = ModelConfig::default();
    let mut stream = Stream::default();
    let first = match part {
        Part::Base => 0,
        Part::Tuning => 1_000_000,
        Part::Test => 2_000_000,
    };
    for (number, (text, sentence)) in (first..).zip(sentences) {
        let session = id(&format!("{}-{number}", text.name));
        for (place, word) in (0_i64..).zip(&sentence.words) {
            let event = Event {
                event_id: id(&format!("{session}-{place}")),
                user: None,
                session: Some(session.clone()),
                item: word.clone(),
                kind: KIND.to_owned(),
                value: None,
                ts: Timestamp::from_micros(number * 1_000_000 + place * 1000).expect("some weeks of 1970"),
                context: Vec::new(),
                recommendation_id: None,
                properties: None,
            };
            stream.event(event, &config);
        }
    }
    stream
}

fn id(text: &str) -> Id {
    Id::new("id", text).expect("a file's name and numbers are an id")
}

fn learned(from: &State, stream: &Stream) -> anyhow::Result<State> {
    eprintln!("learning {} words", stream.events.len());
    let protocol = Protocol { discard: 1.0, ..Protocol::default() };
    let mut run = Run::from_state(stream, from.clone(), &protocol)?;
    run.advance(stream.events.len())?;
    Ok(run.finish().state)
}

fn tested(from: &State, text: &Text) -> anyhow::Result<Sums> {
    let stream = stream(Part::Test, text.part(Part::Test).map(|sentence| (text, sentence)));
    eprintln!("testing on {} words", stream.events.len());
    let protocol = Protocol { discard: 0.0, ..Protocol::default() };
    let mut run = Run::from_state(&stream, from.clone(), &protocol)?;
    run.advance(stream.events.len())?;
    let found = run.finish().prequential;
    let model = found.methods().iter().find(|method| method.name == MODEL_NAME).expect("the model is always there");
    Ok(model.stats.whole.all)
}
