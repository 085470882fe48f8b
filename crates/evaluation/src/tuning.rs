//! Tuning: a search for a configuration by random trials and successive halving, scored by test-then-train.
//!
//! Random search (Bergstra and Bengio 2012) draws trials around a base configuration. Successive halving (Jamieson and
//! Talwalkar 2016) gives all of them the first quarter of the stream, the best third the second quarter, and the best
//! third of those the rest. Test-then-train fits it well: a survivor goes on where it stopped, so nothing is computed
//! twice. The base itself is never dropped, so that the winner can be compared with it on the whole stream.
//!
//! Equal seeds and numbers of trials give equal results. A number that is left to the budget depends on the machine's
//! speed. The winner's figure is the best of several on the data that chose it, and so a little too good.

use std::time::{Duration, Instant};

use shelfmark_domain::ModelConfig;
use shelfmark_learner::ApplyError;
use shelfmark_state::CounterRng;

use super::{Protocol, Run, Stream, metrics::Cut};

/// Largest number of trials.
pub const TRIALS_MAX: usize = 81;
/// Ends of the rungs, as shares of the stream.
const RUNGS: [f64; 3] = [0.25, 0.5, 1.0];
/// One of so many trials continues in the next rung.
const KEEP_ONE_OF: usize = 3;
/// Cost of a trial in passes of the whole stream, later rungs included: 1/4 + 1/3 * 1/4 + 1/9 * 1/2.
const CANDIDATE_PASSES: f64 = 0.39;
/// Events between two checks of the time.
const STRIDE: usize = 512;
/// Factor by which a pass takes longer than its beginning suggests: later events cost more, since there are more items.
const SLOWER_LATER: f64 = 1.3;

/// Settings of a search.
#[derive(Debug, Clone)]
pub struct TuningSettings {
    /// Time after which no further trial begins.
    pub budget: Duration,
    /// Number of trials beside the base; as many as the budget allows when left out.
    pub trials: Option<usize>,
    /// Seed of the random draws.
    pub seed: u64,
    /// Whether `dim` may change.
    pub vary_dim: bool,
}

/// A trial: a configuration, and how far it came.
#[derive(Debug, Clone)]
pub struct Trial {
    /// Number of the trial; 0 is the base.
    pub number: usize,
    /// The configuration.
    pub config: ModelConfig,
    /// Differences from the base, as text.
    pub changes: Vec<String>,
    /// Number of events tested.
    pub events: usize,
    /// Metrics over the events tested.
    pub whole: Cut,
    /// Time that the trial took.
    pub time: Duration,
}

impl Trial {
    /// Returns the objective: the mean of recall over all and over novel targets.
    pub fn objective(&self) -> f64 {
        if self.whole.novel.targets == 0 {
            return self.whole.all.recall();
        }
        0.5 * (self.whole.all.recall() + self.whole.novel.recall())
    }
}

/// Result of a search.
#[derive(Debug)]
pub struct TuningResult {
    /// All trials: those that came furthest first, then the best first.
    pub trials: Vec<Trial>,
    /// Number of events at which the last rung ends.
    pub events: usize,
    /// Whether time ran out before the last rung was done.
    pub cut_short: bool,
}

impl TuningResult {
    /// Returns the best of the trials that came furthest.
    pub fn best(&self) -> &Trial {
        &self.trials[0]
    }
}

/// Receiver of progress: the trial and rung under way, and its number of events.
pub type TuningObserver<'w> = dyn FnMut(&str, usize) + 'w;

struct RunningTrial<'a> {
    trial: Trial,
    run: Run<'a>,
}

/// Searches for a configuration. Shortens the stream when the budget does not allow three trials on the whole of it.
pub fn tune(
    stream: &mut Stream,
    base: &ModelConfig,
    protocol: &Protocol,
    settings: &TuningSettings,
    observe: &mut TuningObserver<'_>,
) -> Result<TuningResult, ApplyError> {
    let deadline = Instant::now() + settings.budget;
    let protocol = Protocol { baselines: Vec::new(), ..protocol.clone() };
    let count = match settings.trials {
        Some(count) => count,
        None => {
            let (count, events) = plan(stream, base, &protocol, settings, observe)?;
            stream.events.truncate(events);
            count
        }
    };
    let stream = &*stream;
    let items = stream.events.iter().map(|event| &event.item).collect::<std::collections::HashSet<_>>().len();
    let space = SearchSpace { vary_dim: settings.vary_dim, sampled: items >= base.full_softmax_below };
    let mut waiting: Vec<Trial> =
        (0..=count.min(TRIALS_MAX)).map(|number| space.draw(base, settings.seed, number)).collect();
    let mut going: Vec<RunningTrial<'_>> = Vec::new();
    let mut out: Vec<Trial> = Vec::new();
    let mut cut_short = false;
    for (rung, part) in RUNGS.into_iter().enumerate() {
        let end = part_of(stream.events.len(), part);
        let size = if rung == 0 { waiting.len() } else { going.len() };
        let keep = if rung + 1 == RUNGS.len() { size } else { size.div_ceil(KEEP_ONE_OF).max(2) };
        let mut done: Vec<RunningTrial<'_>> = Vec::new();
        let mut running = std::mem::take(&mut going).into_iter();
        let mut new = std::mem::take(&mut waiting).into_iter();
        for place in 0..size {
            let mut running_trial = match running.next() {
                Some(running_trial) => running_trial,
                None => {
                    let trial = new.next().expect("as many as were counted");
                    let run = Run::new(stream, trial.config.clone(), &protocol)?;
                    RunningTrial { trial, run }
                }
            };
            let label = format!("rung {} of {}, {} of {size}", rung + 1, RUNGS.len(), place + 1);
            let finished = go(&mut running_trial, end, deadline, &mut |events| observe(&label, events))?;
            if !finished {
                cut_short = true;
                // Compared on what all others of its rung have not seen, its figure would mislead.
                break;
            }
            done.push(running_trial);
            done.sort_by(|a, b| better(&a.trial, &b.trial));
            while done.len() > keep.max(2) {
                // States are large: only those that may go on are kept. The base always may.
                let last =
                    done.iter().rposition(|running_trial| running_trial.trial.number != 0).expect("at least two");
                out.push(done.remove(last).trial);
            }
        }
        if cut_short {
            out.extend(done.into_iter().map(|running_trial| running_trial.trial));
            out.extend(running.map(|running_trial| running_trial.trial));
            break;
        }
        going = done;
    }
    out.extend(going.into_iter().map(|running_trial| running_trial.trial));
    out.sort_by(better);
    Ok(TuningResult { trials: out, events: stream.events.len(), cut_short })
}

/// Orders trials: the furthest first, then the best, then by number.
fn better(a: &Trial, b: &Trial) -> std::cmp::Ordering {
    let objective = b.objective().total_cmp(&a.objective());
    b.events.cmp(&a.events).then(objective).then(a.number.cmp(&b.number))
}

/// Runs a trial until `end`, and returns `false` when the time ran out before.
fn go(
    running_trial: &mut RunningTrial<'_>,
    end: usize,
    deadline: Instant,
    observe: &mut dyn FnMut(usize),
) -> Result<bool, ApplyError> {
    let began = Instant::now();
    let RunningTrial { trial, run } = running_trial;
    while run.done() < end {
        if Instant::now() >= deadline {
            return Ok(false);
        }
        run.advance(end.min(run.done() + STRIDE))?;
        observe(run.done());
    }
    trial.events = run.done();
    trial.whole = run.methods()[0].stats.whole;
    trial.time += began.elapsed();
    Ok(true)
}

/// Estimates how many trials the budget allows, and on how many events, from the beginning of the stream. Takes at most
/// a tenth of the budget.
fn plan(
    stream: &Stream,
    base: &ModelConfig,
    protocol: &Protocol,
    settings: &TuningSettings,
    observe: &mut TuningObserver<'_>,
) -> Result<(usize, usize), ApplyError> {
    let budget = settings.budget.as_secs_f64();
    let began = Instant::now();
    // Ranked from the first event on, as most of the stream is.
    let mut run = Run::new(stream, base.clone(), &Protocol { discard: 0.0, ..protocol.clone() })?;
    let sample = part_of(stream.events.len(), 0.125).max(STRIDE);
    while run.done() < sample.min(stream.events.len()) && began.elapsed().as_secs_f64() < 0.1 * budget {
        run.advance(run.done() + STRIDE)?;
        observe("measuring", run.done());
    }
    let pass = SLOWER_LATER * began.elapsed().as_secs_f64() * stream.events.len() as f64 / run.done().max(1) as f64;
    // The base goes all the way; three trials are the least that can be halved.
    let left = 0.9 * budget;
    let least = pass * (1.0 + 3.0 * CANDIDATE_PASSES);
    if left < least {
        return Ok((3, part_of(stream.events.len(), left / least).max(1)));
    }
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "clamped to at most 81")]
    let count = ((left / pass - 1.0) / CANDIDATE_PASSES).clamp(3.0, TRIALS_MAX as f64) as usize;
    Ok((count, stream.events.len()))
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a part of a count")]
fn part_of(count: usize, part: f64) -> usize {
    (count as f64 * part.clamp(0.0, 1.0)).ceil() as usize
}

/// Settings that may change.
struct SearchSpace {
    vary_dim: bool,
    /// Whether the softmax is sampled with so many items, so that the number of negatives matters.
    sampled: bool,
}

impl SearchSpace {
    /// Draws trial `number`. Each setting stays as in the base half of the time. Rates change by a factor between 1/3
    /// and 3, evenly in the logarithm.
    fn draw(&self, base: &ModelConfig, seed: u64, number: usize) -> Trial {
        let mut config = base.clone();
        let mut changes = Vec::new();
        if number > 0 {
            let mut draws = CounterRng::new(seed, 21, number as u64);
            let vectors = factor(&mut draws);
            let rates = &mut config.rates;
            // One factor for the three tables of vectors: they move together in every good configuration that was seen.
            for (name, rate, factor) in [
                ("rates.items", &mut rates.items, vectors),
                ("rates.last", &mut rates.last, vectors),
                ("rates.users", &mut rates.users, vectors),
                ("rates.tokens", &mut rates.tokens, factor(&mut draws)),
                ("rates.bias", &mut rates.bias, factor(&mut draws)),
                ("rates.history", &mut rates.history, factor(&mut draws)),
                ("rates.parts", &mut rates.parts, factor(&mut draws)),
                ("rates.repeat", &mut rates.repeat, factor(&mut draws)),
                ("rates.memory", &mut rates.memory, factor(&mut draws)),
                ("rates.popularity", &mut rates.popularity, factor(&mut draws)),
            ] {
                if let Some(factor) = factor {
                    *rate = rounded((*rate * factor).min(10.0));
                    changes.push(format!("{name}={rate}"));
                }
            }
            choose(&mut draws, "history", &[5, 10, 20, 40, 80], true, &mut config.history, &mut changes);
            choose(&mut draws, "dim", &[64, 128], self.vary_dim, &mut config.dim, &mut changes);
            let negatives = [1024, 2048, 4096];
            choose(&mut draws, "negatives", &negatives, self.sampled, &mut config.negatives, &mut changes);
        }
        Trial { number, config, changes, events: 0, whole: Cut::default(), time: Duration::ZERO }
    }
}

/// Draws a factor from 1/3 to 3; `None` half of the time.
fn factor(draws: &mut CounterRng) -> Option<f32> {
    let keep = draws.below(2) == 0;
    let place = draws.below(10_001);
    #[expect(clippy::cast_precision_loss, reason = "at most 10,000")]
    let exponent = place as f32 / 5_000.0 - 1.0;
    (!keep).then(|| 3.0_f32.powf(exponent))
}

fn choose(draws: &mut CounterRng, name: &str, of: &[usize], may: bool, value: &mut usize, changes: &mut Vec<String>) {
    // Drawn in any case, so that one setting's freedom does not change the others' draws.
    let (keep, chosen) = (draws.below(2) == 0, of[draws.below(of.len())]);
    if may && !keep && chosen != *value {
        *value = chosen;
        changes.push(format!("{name}={chosen}"));
    }
}

/// Rounds to two digits, since a rate is not known better.
fn rounded(rate: f32) -> f32 {
    format!("{rate:.1e}").parse().expect("a number that was just written")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn draws_are_valid_repeat_and_leave_the_base_alone() {
        let base = ModelConfig::default();
        let space = SearchSpace { vary_dim: true, sampled: true };
        assert_eq!(space.draw(&base, 1, 0).config, base);
        for number in 1..200 {
            let drawn = space.draw(&base, 1, number);
            drawn.config.check().expect("valid");
            assert_eq!(drawn.config, space.draw(&base, 1, number).config);
            assert_eq!(drawn.changes.is_empty(), drawn.config == base, "{:?}", drawn.changes);
            let fixed = SearchSpace { vary_dim: false, sampled: false }.draw(&base, 1, number).config;
            assert_eq!((fixed.dim, fixed.negatives), (base.dim, base.negatives));
            assert_eq!(fixed.history, drawn.config.history);
        }
    }

    #[test]
    fn who_came_further_is_before_who_looked_better_early() {
        let space = SearchSpace { vary_dim: false, sampled: false };
        let trial = |number, events, hits| {
            let mut trial = space.draw(&ModelConfig::default(), 1, number);
            trial.events = events;
            trial.whole.all.targets = 10;
            trial.whole.all.hits = hits;
            trial
        };
        let mut all = [trial(1, 50, 9), trial(2, 100, 3), trial(0, 100, 5)];
        all.sort_by(better);
        assert_eq!(all.map(|trial| trial.number), [0, 2, 1]);
    }
}
