//! Three ways into a new domain, measured alike.

use std::sync::Arc;

use shelfmark::{
    domain::{LearningRates, ModelConfig},
    evaluation::{MODEL_NAME, Protocol, Run, Stream, metrics::Sums},
    state::State,
};

use super::split::Split;

/// After how many events of the domain the figures are read.
pub const CHECKPOINTS: [usize; 3] = [100, 1_000, 10_000];

/// Everything that was measured.
pub struct Study {
    /// A model that begins empty, the base whose vectors stay, the fork.
    pub learners: [Measured; 3],
}

/// One way, and how it fared.
pub struct Measured {
    /// In the table.
    pub name: &'static str,
    /// Over the first events, by checkpoint; `None` where there are fewer.
    pub found: [Option<Found>; 3],
}

/// Figures from the beginning of the domain on.
#[derive(Debug, Clone, Copy)]
pub struct Found {
    /// All targets.
    pub all: Sums,
    /// Those that are new to their user in this domain.
    pub novel: Sums,
}

impl Study {
    /// Learns the base, then the domain in three ways.
    pub fn new(split: &Split, config: &ModelConfig, fork: &ModelConfig) -> anyhow::Result<Self> {
        let nothing = State::initial(Arc::new(config.clone()));
        let protocol = Protocol { discard: 1.0, ..Protocol::default() };
        eprintln!("learning {} events", split.base.events.len());
        let mut run = Run::from_state(&split.base, nothing.clone(), &protocol)?;
        run.advance(split.base.events.len())?;
        let base = run.finish().state;
        // A clone shares all rows with the base until one of them changes, as a fork of the service does.
        let configured = |config: &ModelConfig| {
            let mut state = base.clone();
            state.configure(config);
            state
        };
        let still = configured(&still(config));
        Ok(Self {
            learners: [
                measured("from scratch", nothing, &split.own)?,
                measured("base, its vectors as they were", still, &split.own)?,
                measured("fork of the base", configured(fork), &split.own)?,
            ],
        })
    }
}

/// The configuration with which no vector moves; histories, popularity and memory go on.
fn still(config: &ModelConfig) -> ModelConfig {
    let mut rates: LearningRates = config.rates.clone();
    rates.by_name().into_iter().for_each(|(_, rate)| *rate = 0.0);
    ModelConfig { rates, ..config.clone() }
}

fn measured(name: &'static str, state: State, stream: &Stream) -> anyhow::Result<Measured> {
    eprintln!("{name}: testing and learning {} events", stream.events.len());
    let protocol = Protocol { append: 16, discard: 0.0, ..Protocol::default() };
    let mut run = Run::from_state(stream, state, &protocol)?;
    let mut found = [None; CHECKPOINTS.len()];
    for (events, found) in CHECKPOINTS.into_iter().zip(&mut found) {
        if events > stream.events.len() {
            break;
        }
        run.advance(events)?;
        let model = run.methods().iter().find(|method| method.name == MODEL_NAME).expect("the model is always there");
        *found = Some(Found { all: model.tally.whole.all, novel: model.tally.whole.novel });
    }
    Ok(Measured { name, found })
}
