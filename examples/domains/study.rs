//! Three ways into a new domain, measured alike.

use std::sync::Arc;

use shelfmark_domain::{LearningRates, ModelConfig};
use shelfmark_evaluation::{MODEL_NAME, Protocol, Run, Stream, metrics::Sums};
use shelfmark_state::State;

use super::split::Split;

/// After how many events of the domain the figures are read.
const CHECKPOINTS: [usize; 3] = [100, 1_000, 10_000];

/// Everything that was measured.
pub struct Study {
    /// A model that begins empty, the base whose vectors stay, the fork.
    pub learners: [Measured; 3],
}

/// One way, and how it fared.
pub struct Measured {
    /// In the table.
    pub name: &'static str,
    /// Over the first events, by checkpoint.
    pub found: [Sums; 3],
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
        // What is not of the domain is withdrawn from it, so that all choose among the same items.
        let configured = |config: &ModelConfig| {
            let mut state = base.clone();
            state.configure(config);
            for item in &split.others {
                state.remove_item(item);
            }
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

/// The checkpoints; of a shorter domain its end.
pub fn checkpoints(stream: &Stream) -> [usize; 3] {
    CHECKPOINTS.map(|events| events.min(stream.events.len()))
}

fn measured(name: &'static str, state: State, stream: &Stream) -> anyhow::Result<Measured> {
    eprintln!("{name}: testing and learning {} events", stream.events.len());
    let protocol = Protocol { append: 16, discard: 0.0, ..Protocol::default() };
    let mut run = Run::from_state(stream, state, &protocol)?;
    let mut found = [Sums::default(); CHECKPOINTS.len()];
    for (events, found) in checkpoints(stream).into_iter().zip(&mut found) {
        run.advance(events)?;
        let model = run.methods().iter().find(|method| method.name == MODEL_NAME).expect("the model is always there");
        *found = model.stats.whole.servable;
    }
    Ok(Measured { name, found })
}
