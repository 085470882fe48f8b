//! Reports of an evaluation: the same figures as tables, as JSON, as curves and as a page.

mod curves;
mod html;
mod table;

use std::collections::BTreeMap;

use serde::Serialize;

use shelfmark_domain::ModelConfig;

use super::{
    Evaluated, Interval, Method, Observations, Protocol, Stream,
    ablation::Ablated,
    lead::Lead,
    metrics::{CURVE_POINTS, Cut, FIFTHS, K, SHOTS, Sums},
    observations::{Resampled, Slice},
    prequential::best_settings,
};

/// Report of an evaluation.
#[derive(Debug, Clone, Serialize)]
pub struct Report {
    /// Length of the lists.
    pub k: usize,
    /// Number of events of an append, at least.
    pub append: usize,
    /// Share of the stream that was not counted.
    pub discard: f64,
    /// Whether all events of one timestamp were ranked before any of them was learned.
    pub whole_timestamps: bool,
    /// The data.
    pub data: Data,
    /// The model's configuration.
    pub config: ModelConfig,
    /// Events learned per second, on one thread, without ranking.
    pub events_per_second: f64,
    /// Number of gradient steps.
    pub steps: u64,
    /// Number of steps whose gradient was clipped.
    pub clipped: u64,
    /// The model first, then the baselines.
    pub methods: Vec<MethodReport>,
    /// Passes with one term switched off.
    pub ablations: Vec<Ablated>,
    /// Terms without an exact switch.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub not_ablatable: Vec<&'static str>,
}

/// Counts of a stream.
#[derive(Debug, Clone, Serialize)]
pub struct Data {
    /// Events tested and learned.
    pub events: u64,
    /// Events left out because the configuration has no weight for their kind, by kind.
    pub refused: BTreeMap<String, u64>,
    /// Events left out because their id came before.
    pub duplicates: u64,
    /// Users and sessions without a user.
    pub actors: u64,
    /// Items with an event.
    pub items: u64,
    /// Items with metadata before the first event.
    pub items_listed: u64,
    /// Targets that count: distinct items of units after the discarded part.
    pub targets: u64,
    /// Share of targets that are new to their actor.
    pub novel_share: f64,
    /// Share of targets whose actor has no past event.
    pub cold_user_share: f64,
    /// Share of targets whose item has no past event: misses of every method in `all` and `novel`.
    pub cold_item_share: f64,
}

/// Metrics of one method.
#[derive(Debug, Clone, Serialize)]
pub struct MethodReport {
    /// Name on the command line.
    pub name: String,
    /// Description in one line.
    pub about: String,
    /// Over all counted targets.
    #[serde(flatten)]
    pub whole: Cut,
    /// Items among the first `k` of any list, over items with an event.
    pub coverage: f64,
    /// Metrics by fifth of the counted stream.
    pub fifths: [Cut; FIFTHS],
    /// Metrics by past events of the actor.
    pub user_shots: Vec<Shot>,
    /// Metrics by past events of the target.
    pub item_shots: Vec<Shot>,
    /// Recall by fortieth of the counted stream: `[all, novel]`, null where there is no target.
    pub curve: Vec<[Option<f64>; 2]>,
    /// Intervals of the curve's recall.
    pub curve_intervals: Vec<[Option<Interval>; 2]>,
    /// How far the model is ahead of this method; null for the model.
    pub lead: Option<Lead>,
    /// The settings that were tried, of which this is the better one; empty where there is one.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub tried: Vec<Tried>,
    /// Time for scoring and ranking and, for baselines, learning.
    pub seconds: f64,
}

/// A setting of a baseline.
#[derive(Debug, Clone, Serialize)]
pub struct Tried {
    /// Description in one line.
    pub about: String,
    /// Recall over all targets.
    pub all: f64,
    /// Recall over novel targets.
    pub novel: f64,
}

/// Metrics of targets with a number of past events.
#[derive(Debug, Clone, Serialize)]
pub struct Shot {
    /// Range of past events: `0`, `1`, `2`, `3-4`, `5-9` or `10+`.
    pub past_events: String,
    /// The metrics.
    #[serde(flatten)]
    pub cut: Cut,
}

/// Resamples of every slice that a report shows.
struct Resampling {
    whole: Resampled,
    fifths: Vec<Resampled>,
    user_shots: Vec<Resampled>,
    item_shots: Vec<Resampled>,
    points: Vec<Resampled>,
}

impl Resampling {
    fn new(observations: &Observations, methods: usize, seed: u64) -> Self {
        let slices = |count: usize, slice: fn(usize) -> Slice| {
            (0..count).map(|number| observations.resample(slice(number), methods, seed)).collect()
        };
        Self {
            whole: observations.resample(Slice::Whole, methods, seed),
            fifths: slices(FIFTHS, Slice::Fifth),
            user_shots: slices(SHOTS.len(), Slice::UserShot),
            item_shots: slices(SHOTS.len(), Slice::ItemShot),
            points: slices(CURVE_POINTS, Slice::Point),
        }
    }
}

impl MethodReport {
    fn new(methods: &[Method], number: usize, items: usize, resampling: &Resampling) -> Self {
        let method = &methods[number];
        let stats = &method.stats;
        let recall = |sums: &Sums| (sums.targets > 0).then(|| sums.recall());
        let with = |cut: &Cut, resampled: &Resampled| {
            let mut cut = *cut;
            resampled.intervals(number).write(&mut cut);
            cut
        };
        let each = |cuts: &[Cut], resampled: &[Resampled]| -> Vec<Cut> {
            cuts.iter().zip(resampled).map(|(cut, resampled)| with(cut, resampled)).collect()
        };
        let points = each(&stats.curve, &resampling.points);
        let mut fifths = stats.fifths;
        fifths.iter_mut().zip(&resampling.fifths).for_each(|(cut, resampled)| *cut = with(cut, resampled));
        let model = &methods[0].stats.whole;
        let mut whole = with(&stats.whole, &resampling.whole);
        let item_shots = shots(&each(&stats.item_shots, &resampling.item_shots));
        // The same targets, drawn among the same actors.
        whole.arrivals.interval = item_shots[0].cut.arrivals.interval;
        let tried = methods.iter().filter(|other| other.name == method.name).map(|other| Tried {
            about: other.about.to_owned(),
            all: other.stats.whole.all.recall(),
            novel: other.stats.whole.novel.recall(),
        });
        let tried: Vec<Tried> = tried.collect();
        Self {
            name: method.name.to_owned(),
            about: method.about.to_owned(),
            whole,
            coverage: stats.covered() as f64 / items.max(1) as f64,
            fifths,
            user_shots: shots(&each(&stats.user_shots, &resampling.user_shots)),
            item_shots,
            curve: points.iter().map(|cut| [recall(&cut.all), recall(&cut.novel)]).collect(),
            curve_intervals: points.iter().map(|cut| [cut.all.interval, cut.novel.interval]).collect(),
            lead: (number > 0).then(|| Lead::new(model, &stats.whole, resampling.whole.lead(number))),
            tried: if tried.len() > 1 { tried } else { Vec::new() },
            seconds: method.time.as_secs_f64(),
        }
    }
}

fn shots(cuts: &[Cut]) -> Vec<Shot> {
    let name = |place: usize| match SHOTS.get(place + 1) {
        None => format!("{}+", SHOTS[place]),
        Some(next) if next - 1 == SHOTS[place] => SHOTS[place].to_string(),
        Some(next) => format!("{}-{}", SHOTS[place], next - 1),
    };
    cuts.iter().enumerate().map(|(place, cut)| Shot { past_events: name(place), cut: *cut }).collect()
}

impl Report {
    /// Makes the report of a pass.
    pub fn new(stream: &Stream, protocol: &Protocol, evaluated: &Evaluated) -> Self {
        let catalog = &evaluated.state.inference.catalog;
        let items = catalog.known().len();
        let methods = evaluated.prequential.methods();
        let stats = &methods[0].stats;
        let targets = stats.whole.all.targets;
        let observations = evaluated.prequential.observations();
        let resampling = Resampling::new(observations, methods.len(), evaluated.state.config().seed);
        let share = |part: u64| part as f64 / targets.max(1) as f64;
        let listed = stream.items.iter().map(|item| item.id.as_str()).collect::<std::collections::HashSet<_>>().len();
        Self {
            k: K,
            append: protocol.append,
            discard: protocol.discard,
            whole_timestamps: protocol.whole_timestamps,
            data: Data {
                events: stream.events.len() as u64,
                refused: stream.refused.clone(),
                duplicates: stream.duplicates,
                actors: evaluated.prequential.actors() as u64,
                items: items as u64,
                items_listed: listed as u64,
                targets,
                novel_share: share(stats.whole.novel.targets),
                cold_user_share: share(stats.user_shots[0].all.targets),
                cold_item_share: share(stats.item_shots[0].all.targets),
            },
            config: (**evaluated.state.config()).clone(),
            events_per_second: stream.events.len() as f64 / evaluated.learning.as_secs_f64().max(1e-9),
            steps: evaluated.steps,
            clipped: evaluated.clipped,
            methods: best_settings(methods)
                .into_iter()
                .map(|number| MethodReport::new(methods, number, items, &resampling))
                .collect(),
            ablations: Vec::new(),
            not_ablatable: Vec::new(),
        }
    }

    /// Returns the metrics of the model.
    pub fn model(&self) -> &MethodReport {
        &self.methods[0]
    }

    /// Returns the baseline of the best recall over all targets.
    pub fn best_baseline(&self) -> Option<&MethodReport> {
        self.methods[1..].iter().max_by(|a, b| a.whole.all.recall().total_cmp(&b.whole.all.recall()))
    }
}
