//! Prequential evaluation: an observer of the learner that ranks every unit before it is learned.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use shelfmark_domain::{Position, Timestamp};
use shelfmark_learner::Observer;
use shelfmark_state::{Actor, InferenceState, State, Unit};

use super::{
    Uncounted,
    actors::Actors,
    baselines::{Baseline, BaselineKind, KnownActor},
    kept_targets::{KeptTargets, RankedTarget},
    metrics::{MethodStats, Rank, TargetRanks, TargetSlice},
    model::ModelScores,
    observations::{Found, METHODS_MAX, Observations},
    ranking,
};

/// Name of the model in reports.
pub const MODEL_NAME: &str = "shelfmark";
/// Number of units scored at a time: their queries share one pass over the item vectors.
const GROUP_UNITS: usize = 32;

/// A method and its metrics.
pub struct Method {
    /// Name on the command line.
    pub name: &'static str,
    /// Description in one line.
    pub about: &'static str,
    /// Metrics.
    pub stats: MethodStats,
    /// Time for scoring, ranking and, for baselines, learning.
    pub time: Duration,
    baseline: Option<Box<dyn Baseline>>,
}

impl Method {
    fn count(
        &mut self,
        place: TargetSlice,
        list: &CandidateScores<'_>,
        target: u32,
        own: &super::ActorHistory,
        served: ServedRanks,
    ) -> TargetRanks {
        let ServedRanks { servable, arrivals } = served;
        let all = ranking::rank(list.scores, list.mask, target);
        let is_novel = !own.own.contains(&target);
        let novel = is_novel.then(|| ranking::rank_without(list.scores, list.mask, target, all, &own.own));
        let ranks = TargetRanks { all, novel, servable, arrivals };
        self.stats.add(place, &ranks);
        ranks
    }

    fn cover(&mut self, list: &CandidateScores<'_>, best: &mut Vec<(f32, u32)>) {
        ranking::best(list.scores, list.mask, best);
        best.iter().for_each(|(_, row)| self.stats.cover(*row));
    }
}

/// Scores of all rows, and the mask of candidates.
struct CandidateScores<'a> {
    scores: &'a [f32],
    mask: &'a [f32],
}

/// Ranks of a target among what the service would recommend.
#[derive(Debug, Clone, Copy, Default)]
struct ServedRanks {
    servable: Option<Rank>,
    arrivals: Option<Rank>,
}

impl ServedRanks {
    fn of(model: &ModelScores, scores: &[f32], target: u32) -> Self {
        let arrives = model.arrivals()[target as usize] == 0.0;
        Self {
            servable: Some(ranking::rank(scores, model.servable(), target)),
            arrivals: arrives.then(|| ranking::rank(scores, model.arrivals(), target)),
        }
    }
}

/// Observer that ranks each unit and lets the baselines learn it, before the learner does.
pub struct Prequential {
    /// Number of events that the state had learned before the stream.
    learned: u64,
    /// Number of targets of the whole stream.
    events: u64,
    /// Number of events at the beginning that are not counted.
    skip: u64,
    uncounted: Arc<Uncounted>,
    /// Rows below it have metadata.
    listed: usize,
    model: ModelScores,
    /// The model first, then the baselines.
    methods: Vec<Method>,
    actors: Actors,
    /// Past events by item row, as of the last batch.
    item_events: Vec<u32>,
    observations: Observations,
    scores: Vec<f32>,
    best: Vec<(f32, u32)>,
    whole_timestamps: bool,
    /// Units that are ranked, and not yet learned by the baselines.
    ranked: Vec<RankedUnit>,
    kept: Option<KeptTargets>,
}

/// A unit after its ranks are counted.
struct RankedUnit {
    actor: usize,
    at: Timestamp,
    /// Rows of liked items that count.
    liked: Vec<u32>,
    /// Rows of all items.
    met: Vec<u32>,
}

impl Prequential {
    /// Makes an observer of a stream of `events` targets, whose first share `discard` (0 to 1) is not counted. `listed`
    /// is the number of items that have metadata before the first event.
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a part of a count")]
    pub fn new(events: u64, discard: f64, listed: usize, baselines: &[BaselineKind], seed: u64) -> Self {
        let about = "this service";
        let model =
            Method { name: MODEL_NAME, about, stats: MethodStats::default(), time: Duration::ZERO, baseline: None };
        // Each once, in the order given.
        let kinds = baselines.iter().enumerate().filter(|(place, kind)| !baselines[..*place].contains(kind));
        let others = kinds.flat_map(|(_, kind)| {
            kind.variants(seed).into_iter().map(|(about, baseline)| Method {
                name: kind.name(),
                about,
                stats: MethodStats::default(),
                time: Duration::ZERO,
                baseline: Some(baseline),
            })
        });
        Self {
            learned: 0,
            events,
            skip: (events as f64 * discard.clamp(0.0, 1.0)) as u64,
            uncounted: Arc::default(),
            listed,
            model: ModelScores::default(),
            methods: std::iter::once(model).chain(others).take(METHODS_MAX).collect(),
            actors: Actors::default(),
            item_events: Vec::new(),
            observations: Observations::default(),
            scores: Vec::new(),
            best: Vec::new(),
            whole_timestamps: false,
            ranked: Vec::new(),
            kept: None,
        }
    }

    /// Sets the number of events that the state has learned before the stream.
    #[must_use]
    pub fn after(self, learned: u64) -> Self {
        Self { learned, ..self }
    }

    /// Sets the events that are learned but not counted.
    #[must_use]
    pub fn leaving_out(self, uncounted: Arc<Uncounted>) -> Self {
        Self { uncounted, ..self }
    }

    /// Sets whether baselines learn after each timestamp instead of each unit.
    #[must_use]
    pub fn by_whole_timestamps(self, whole_timestamps: bool) -> Self {
        Self { whole_timestamps, ..self }
    }

    /// Keeps the ranks of single targets from here on.
    pub fn keep_targets(&mut self) {
        self.kept = Some(KeptTargets::default());
    }

    /// Returns the targets that were kept since the last call.
    pub fn take_targets(&mut self) -> Vec<RankedTarget> {
        self.kept.as_mut().map(|kept| std::mem::take(&mut kept.targets)).unwrap_or_default()
    }

    /// Returns the outcomes of single targets.
    pub const fn observations(&self) -> &Observations {
        &self.observations
    }

    /// Returns the metrics, of the model first. A baseline with several settings is there several times.
    pub fn methods(&self) -> &[Method] {
        &self.methods
    }

    /// Returns the metrics by value, of the model first, and each baseline in the best of its settings.
    pub fn into_methods(self) -> Vec<Method> {
        let best = best_settings(&self.methods);
        let methods = self.methods.into_iter().enumerate();
        methods.filter(|(place, _)| best.contains(place)).map(|(_, method)| method).collect()
    }

    /// Returns the number of actors.
    pub fn actors(&self) -> usize {
        self.actors.len()
    }

    /// Returns the position of an event in the counted stream, 0 to 1.
    fn time(&self, event: u64) -> f64 {
        event.saturating_sub(self.skip) as f64 / (self.events - self.skip.min(self.events)).max(1) as f64
    }

    /// Ranks one unit by the model's scores and by every baseline.
    fn rank_unit(&mut self, inference: &InferenceState, unit: &Unit, at: u64, model_scores: &[f32]) {
        let number = self.actors.number(unit.actor);
        let history = self.actors.history(number);
        let actor = KnownActor { number, at: unit.at.micros(), history };
        // A disliked item in the list is no success, and simple methods do not learn it.
        let actor_id = match unit.actor {
            Actor::User(row) => inference.users.get_id(row),
            Actor::Session(row) => inference.sessions.get_id(row),
        };
        let counts = |item: u32| {
            let left_out = |id| self.uncounted.contains(id, inference.catalog.id(item), unit.at);
            !actor_id.is_some_and(left_out)
        };
        let liked = unit.targets.iter().filter(|target| target.weight > 0.0 && counts(target.item));
        let rows: Vec<u32> = liked.map(|target| target.item).collect();
        let mut place = TargetSlice {
            time: self.time(at),
            user_events: u32::try_from(history.past.len()).unwrap_or(u32::MAX),
            item_events: 0,
        };
        let counted = at >= self.skip;
        let first_target = self.observations.len();
        let past = |row: u32| self.item_events.get(row as usize).copied().unwrap_or(0);
        if counted {
            for row in &rows {
                self.observations.add(number, TargetSlice { item_events: past(*row), ..place });
            }
        }
        let mut ranks = vec![Vec::new(); if self.kept.is_some() { rows.len() } else { 0 }];
        let mut own_scores = std::mem::take(&mut self.scores);
        own_scores.resize(self.model.rows(), 0.0);
        for (method_number, method) in self.methods.iter_mut().enumerate() {
            let began = Instant::now();
            let is_model = method.baseline.is_none();
            if counted {
                if let Some(baseline) = &mut method.baseline {
                    baseline.score(&actor, &mut own_scores);
                }
                let scores = if is_model { model_scores } else { &own_scores };
                let list = CandidateScores { scores, mask: self.model.known() };
                method.cover(&list, &mut self.best);
                for (target, row) in rows.iter().enumerate() {
                    place.item_events = past(*row);
                    let served =
                        if is_model { ServedRanks::of(&self.model, scores, *row) } else { ServedRanks::default() };
                    let target_ranks = method.count(place, &list, *row, history, served);
                    self.observations.found(first_target + target, method_number, Found::new(&target_ranks));
                    if let Some(ranks) = ranks.get_mut(target) {
                        ranks.push((target_ranks.all, target_ranks.novel));
                    }
                }
            }
            method.time += began.elapsed();
        }
        self.scores = own_scores;
        if let Some(kept) = &mut self.kept {
            kept.add(number, unit, &rows, ranks);
        }
        let met = unit.targets.iter().map(|target| target.item).collect();
        self.ranked.push(RankedUnit { actor: number, at: unit.at, liked: rows, met });
    }

    /// Lets the baselines learn what is ranked, and moves the histories of its actors.
    fn learn_ranked(&mut self) {
        for RankedUnit { actor: number, at, liked, met } in self.ranked.drain(..) {
            let actor = KnownActor { number, at: at.micros(), history: self.actors.history(number) };
            for method in &mut self.methods {
                if let Some(baseline) = &mut method.baseline {
                    let began = Instant::now();
                    baseline.learn(&actor, &liked);
                    method.time += began.elapsed();
                }
            }
            self.actors.add(number, &liked, met.into_iter());
        }
    }
}

impl Observer for Prequential {
    fn before_learning(&mut self, state: &State, units: &[Unit]) {
        let began = Instant::now();
        // Histories have moved on already; what is settled has not.
        let first = state.inference.counters.counted - self.learned;
        self.model.refresh(state, self.listed);
        self.methods[0].time += began.elapsed();
        for method in &mut self.methods {
            if let Some(baseline) = &mut method.baseline {
                let began = Instant::now();
                baseline.pass(first as f64 / self.events.max(1) as f64);
                method.time += began.elapsed();
            }
        }
        let mut at = first;
        let mut scores = Vec::new();
        for group in units.chunks(GROUP_UNITS) {
            let began = Instant::now();
            let counted: Vec<&Unit> =
                if is_skipped(group, at, self.skip) { Vec::new() } else { group.iter().collect() };
            self.model.score(&state.inference, &counted, &mut scores);
            self.methods[0].time += began.elapsed();
            let rows = self.model.rows();
            for (place, unit) in group.iter().enumerate() {
                let scores = if counted.is_empty() { &[] } else { &scores[place * rows..][..rows] };
                let waits = self.whole_timestamps && self.ranked.last().is_some_and(|last| last.at == unit.at);
                if !waits {
                    self.learn_ranked();
                }
                self.rank_unit(&state.inference, unit, at, scores);
                at += liked(unit);
            }
        }
        self.learn_ranked();
        if let Some(kept) = &mut self.kept {
            kept.batch += 1;
        }
        for target in units.iter().flat_map(|unit| &unit.targets).filter(|target| target.weight > 0.0) {
            let row = target.item as usize;
            if self.item_events.len() <= row {
                self.item_events.resize(row + 1, 0);
            }
            self.item_events[row] += 1;
        }
    }

    fn after_learning(&mut self, state: &mut State, _: Position) {
        self.model.moved(state);
    }
}

/// Whether no unit of a group counts.
fn is_skipped(group: &[Unit], at: u64, skip: u64) -> bool {
    at + group.iter().map(liked).sum::<u64>() <= skip
}

/// Returns the number of targets with a positive weight.
fn liked(unit: &Unit) -> u64 {
    unit.targets.iter().filter(|target| target.weight > 0.0).count() as u64
}

/// Returns the places of the methods to report: of a baseline's settings the one with the best mean of recall over all
/// and over novel targets.
pub(super) fn best_settings(methods: &[Method]) -> Vec<usize> {
    let worth = |place: usize| methods[place].stats.whole.all.recall() + methods[place].stats.whole.novel.recall();
    let mut best: Vec<usize> = Vec::new();
    for (place, method) in methods.iter().enumerate() {
        match best.iter_mut().find(|other| methods[**other].name == method.name) {
            Some(other) if worth(place) > worth(*other) => *other = place,
            Some(_) => {}
            None => best.push(place),
        }
    }
    best
}
