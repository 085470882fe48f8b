//! Outcomes of single targets, kept so that actors can be resampled: 12 bytes a target.

use super::{
    bootstrap::{ActorCounts, Interval, Ratio, Resamples},
    metrics::{CURVE_POINTS, Cut, FIFTHS, TargetRanks, TargetSlice, is_hit, part, shot},
};

/// Most methods whose outcomes are kept.
pub(super) const METHODS_MAX: usize = 16;

/// What became of a target.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Observation {
    actor: u32,
    /// Part of the curve.
    point: u8,
    user_shot: u8,
    item_shot: u8,
    flags: u8,
    /// Methods that found it, by bit.
    hits: u16,
    /// The same among novel items.
    novel_hits: u16,
}

const NOVEL: u8 = 1;
const SERVED_HIT: u8 = 2;
const ARRIVAL: u8 = 4;
const ARRIVAL_HIT: u8 = 8;

/// Whether a target was found, among several sets of candidates; `None` where it is no target.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Found {
    pub all: bool,
    pub novel: Option<bool>,
    pub served: bool,
    pub arrival: Option<bool>,
}

impl Found {
    pub(super) fn new(ranks: &TargetRanks) -> Self {
        Self {
            all: is_hit(ranks.all),
            novel: ranks.novel.map(is_hit),
            served: ranks.servable.is_some_and(is_hit),
            arrival: ranks.arrivals.map(is_hit),
        }
    }
}

/// Outcomes of all counted targets.
#[derive(Debug, Clone, Default)]
pub struct Observations {
    list: Vec<Observation>,
    actors: usize,
}

/// A slice of the targets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Slice {
    Whole,
    Fifth(usize),
    UserShot(usize),
    ItemShot(usize),
    Point(usize),
}

impl Slice {
    fn holds(self, observation: &Observation) -> bool {
        match self {
            Self::Whole => true,
            Self::Fifth(fifth) => usize::from(observation.point) * FIFTHS / CURVE_POINTS == fifth,
            Self::UserShot(shot) => usize::from(observation.user_shot) == shot,
            Self::ItemShot(shot) => usize::from(observation.item_shot) == shot,
            Self::Point(point) => usize::from(observation.point) == point,
        }
    }

    /// Key of the draws. Slices are resampled apart.
    const fn key(self) -> u64 {
        let (kind, number) = match self {
            Self::Whole => (0, 0),
            Self::Fifth(number) => (1, number),
            Self::UserShot(number) => (2, number),
            Self::ItemShot(number) => (3, number),
            Self::Point(number) => (4, number),
        };
        kind << 32 | number as u64
    }
}

// Places of the counts of an actor: targets, hits of the model as served, then of every method.
const ALL: usize = 0;
const NOVEL_TARGETS: usize = 1;
const ARRIVALS: usize = 2;
const SERVED: usize = 3;
const ARRIVALS_FOUND: usize = 4;
const METHODS: usize = 5;

/// Intervals of the four figures of a cut.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Intervals {
    all: Option<Interval>,
    novel: Option<Interval>,
    served: Option<Interval>,
    arrivals: Option<Interval>,
}

impl Intervals {
    /// Writes them beside the sums.
    pub(super) fn write(self, cut: &mut Cut) {
        let of_model = cut.servable.targets > 0;
        cut.all.interval = self.all;
        cut.novel.interval = self.novel;
        cut.servable.interval = self.served.filter(|_| of_model);
        cut.arrivals.interval = self.arrivals.filter(|_| of_model);
    }
}

/// Resamples of a slice.
pub(super) struct Resampled {
    methods: usize,
    resamples: Option<Resamples>,
}

impl Observations {
    /// Returns the number of targets.
    pub(super) fn len(&self) -> usize {
        self.list.len()
    }

    /// Adds a target that nobody has found yet.
    pub(super) fn add(&mut self, actor: usize, place: TargetSlice) {
        // One byte each: parts and shots are few.
        let byte = |number: usize| u8::try_from(number).expect("few parts");
        self.actors = self.actors.max(actor + 1);
        self.list.push(Observation {
            actor: u32::try_from(actor).expect("actors are rows"),
            point: byte(part(place.time, CURVE_POINTS)),
            user_shot: byte(shot(place.user_events)),
            item_shot: byte(shot(place.item_events)),
            flags: 0,
            hits: 0,
            novel_hits: 0,
        });
    }

    /// Notes whether a method found a target.
    pub(super) fn found(&mut self, target: usize, method: usize, found: Found) {
        let observation = &mut self.list[target];
        let bit = |is_hit: bool| u16::from(is_hit) << method;
        observation.hits |= bit(found.all);
        observation.novel_hits |= bit(found.novel == Some(true));
        let mut flag = |flag: u8, is: bool| observation.flags |= if is { flag } else { 0 };
        flag(NOVEL, found.novel.is_some());
        flag(SERVED_HIT, found.served);
        flag(ARRIVAL, found.arrival.is_some());
        flag(ARRIVAL_HIT, found.arrival == Some(true));
    }

    /// Resamples the actors that have a target in a slice.
    pub(super) fn resample(&self, slice: Slice, methods: usize, seed: u64) -> Resampled {
        let mut counts = ActorCounts::new(METHODS + 2 * methods);
        let mut places: Vec<Option<usize>> = vec![None; self.actors];
        for observation in self.list.iter().filter(|observation| slice.holds(observation)) {
            let place = *places[observation.actor as usize].get_or_insert_with(|| counts.add_actor());
            observation.count(counts.of(place), methods);
        }
        Resampled { methods, resamples: counts.resample(seed, slice.key()) }
    }

    /// Resamples the actors of two passes over one stream together: the model of this one is the first method, that of
    /// the other the second.
    pub(super) fn resample_with(&self, other: &Self, seed: u64) -> Paired {
        let width = METHODS + 2;
        let mut counts = ActorCounts::new(2 * width);
        let mut places: Vec<Option<usize>> = vec![None; self.actors.max(other.actors)];
        for (pass, observations) in [self, other].into_iter().enumerate() {
            for observation in &observations.list {
                let place = *places[observation.actor as usize].get_or_insert_with(|| counts.add_actor());
                observation.count(&mut counts.of(place)[pass * width..][..width], 1);
            }
        }
        Paired { width, resamples: counts.resample(seed, Slice::Whole.key()) }
    }
}

impl Observation {
    fn count(&self, counts: &mut [u32], methods: usize) {
        let is = |flag: u8| u32::from(self.flags & flag != 0);
        counts[ALL] += 1;
        counts[NOVEL_TARGETS] += is(NOVEL);
        counts[ARRIVALS] += is(ARRIVAL);
        counts[SERVED] += is(SERVED_HIT);
        counts[ARRIVALS_FOUND] += is(ARRIVAL_HIT);
        let (all, novel) = counts[METHODS..].split_at_mut(methods);
        for (method, (all, novel)) in all.iter_mut().zip(novel).enumerate() {
            *all += u32::from(self.hits >> method & 1);
            *novel += u32::from(self.novel_hits >> method & 1);
        }
    }
}

impl Resampled {
    const fn all(method: usize) -> Ratio {
        Ratio { hits: METHODS + method, targets: ALL }
    }

    const fn novel(&self, method: usize) -> Ratio {
        Ratio { hits: METHODS + self.methods + method, targets: NOVEL_TARGETS }
    }

    fn of(&self, ratio: Ratio) -> Option<Interval> {
        self.resamples.as_ref()?.interval(ratio)
    }

    /// Returns the intervals of a method; those of what is served are the model's.
    pub(super) fn intervals(&self, method: usize) -> Intervals {
        Intervals {
            all: self.of(Self::all(method)),
            novel: self.of(self.novel(method)),
            served: self.of(Ratio { hits: SERVED, targets: ALL }),
            arrivals: self.of(Ratio { hits: ARRIVALS_FOUND, targets: ARRIVALS }),
        }
    }

    /// Returns the intervals of how far the model is ahead of a method: over all and over novel targets.
    pub(super) fn lead(&self, over: usize) -> [Option<Interval>; 2] {
        let of = |of, from| self.resamples.as_ref()?.difference(of, from);
        [of(Self::all(0), Self::all(over)), of(self.novel(0), self.novel(over))]
    }
}

/// Resamples of two passes.
pub(super) struct Paired {
    width: usize,
    resamples: Option<Resamples>,
}

impl Paired {
    /// Returns the intervals of the first model's recall minus the second's: over all and over novel targets.
    pub(super) fn differences(&self) -> [Option<Interval>; 2] {
        let ratios = [(ALL, METHODS), (NOVEL_TARGETS, METHODS + 1)];
        ratios.map(|(targets, hits)| {
            let of = |pass: usize| Ratio { targets: pass * self.width + targets, hits: pass * self.width + hits };
            self.resamples.as_ref()?.difference(of(0), of(1))
        })
    }
}
