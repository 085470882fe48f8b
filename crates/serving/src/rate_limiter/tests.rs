//! The rate limiter in front of a simulated runtime: a clock, a queue, a scheduler and neighbours that want the CPU.

use std::collections::VecDeque;

use super::super::lag_probe::PROBE;
use super::*;

const LAG_MAX: Duration = Duration::from_millis(5);
const STEP: Duration = Duration::from_millis(1);
/// Searches a millisecond that the world can answer without neighbours: its knee.
const KNEE: f64 = 10.0;

/// A runtime of one thread on a clock of its own. What comes waits in order until its turn is there. Being refused
/// takes a twentieth of the time that an answer takes. The thread takes turns with its neighbours.
struct World {
    limiter: RateLimiter,
    now: Instant,
    due: Instant,
    /// When those that wait came.
    waiting: VecDeque<Instant>,
    /// Searches that have come in part.
    coming: f64,
    /// Milliseconds of work done ahead.
    ahead: f64,
    /// Other programs that always want the CPU.
    neighbours: u32,
    turn: Turn,
    /// Of the interval.
    threads: ThreadUsage,
    slices: u32,
    searches: SearchUsage,
    refused: usize,
}

/// What the scheduler does with the thread.
#[derive(Clone, Copy, PartialEq)]
enum Turn {
    Sleeps,
    /// For so many steps more.
    Waits(u32),
    /// For so many steps at most.
    Runs(u32),
}

/// Answers of a run.
struct Outcome {
    /// Searches answered a millisecond.
    admitted: f64,
    refused: usize,
    /// How long those that were answered waited, from the shortest on.
    waits: Vec<Duration>,
}

impl Outcome {
    fn p99(&self) -> Duration {
        self.waits[self.waits.len() * 99 / 100]
    }
}

impl World {
    /// Of an answer.
    const MILLISECONDS: f64 = 1.0 / KNEE;
    /// The part of it that is measured as the search's.
    const MEASURED: f64 = 0.6;
    /// Each has one request under way.
    const CONNECTIONS: usize = 1000;
    /// Steps that the scheduler gives to each that wants the CPU, in turn.
    const SLICE: u32 = 4;

    fn new(neighbours: u32) -> Self {
        let now = Instant::now();
        Self {
            limiter: RateLimiter::new(LAG_MAX, now),
            now,
            due: now + PROBE,
            waiting: VecDeque::new(),
            coming: 0.0,
            ahead: 0.0,
            neighbours,
            turn: Turn::Sleeps,
            threads: ThreadUsage::default(),
            slices: 0,
            searches: SearchUsage::default(),
            refused: 0,
        }
    }

    /// Lets so many searches come each millisecond of `time`.
    fn run(&mut self, searches: f64, time: Duration) -> Outcome {
        let mut waits = Vec::new();
        let end = self.now + time;
        let refused = self.refused;
        while self.now < end {
            self.now += STEP;
            self.coming += searches;
            let come = (self.coming as usize).min(Self::CONNECTIONS - self.waiting.len());
            self.coming = self.coming.fract();
            self.waiting.extend(std::iter::repeat_n(self.now, come));
            self.step(&mut waits);
        }
        waits.sort();
        let admitted = waits.len() as f64 / time.as_millis() as f64;
        Outcome { admitted, refused: self.refused - refused, waits }
    }

    /// Lets a millisecond pass.
    fn step(&mut self, waits: &mut Vec<Duration>) {
        let wanted = !self.waiting.is_empty() || self.ahead > 0.0 || self.now >= self.due;
        let others = self.neighbours * Self::SLICE;
        self.turn = match self.turn {
            _ if !wanted => Turn::Sleeps,
            Turn::Sleeps | Turn::Runs(0) if others > 0 => Turn::Waits(others),
            Turn::Sleeps | Turn::Runs(0) | Turn::Waits(0) => {
                self.slices += 1;
                Turn::Runs(Self::SLICE)
            }
            turn @ (Turn::Waits(_) | Turn::Runs(_)) => turn,
        };
        match &mut self.turn {
            Turn::Sleeps => self.threads.slept += STEP,
            Turn::Waits(steps) => {
                *steps -= 1;
                self.threads.run_delay += STEP;
            }
            Turn::Runs(steps) => {
                *steps -= 1;
                self.work(waits);
                self.probe();
            }
        }
    }

    /// Answers and refuses for a millisecond.
    fn work(&mut self, waits: &mut Vec<Duration>) {
        let mut budget = 1.0 - self.ahead;
        while budget > 0.0
            && let Some(came) = self.waiting.pop_front()
        {
            if self.limiter.admit(self.now) {
                waits.push(self.now - came);
                budget -= Self::MILLISECONDS;
                self.searches.count += 1;
                self.searches.cpu += STEP.mul_f64(Self::MILLISECONDS * Self::MEASURED);
            } else {
                budget -= Self::MILLISECONDS / 20.0;
                self.refused += 1;
            }
        }
        self.ahead = (-budget).max(0.0);
        let slept = STEP.mul_f64(budget.max(0.0));
        self.threads.slept += slept;
        self.threads.ran += STEP - slept;
    }

    fn probe(&mut self) {
        if self.now < self.due {
            return;
        }
        let waiting = self.waiting.front().map_or(Duration::ZERO, |came| self.now - *came);
        let lag = waiting.max(self.now - self.due);
        if self.limiter.observe_lag(self.now, lag) {
            self.threads.run_delay_mean = self.threads.run_delay / self.slices.max(1);
            let usage = Usage { threads: self.threads, searches: self.searches };
            (self.threads, self.slices, self.searches) = (ThreadUsage::default(), 0, SearchUsage::default());
            self.limiter.adjust(self.now, &usage);
        }
        self.due = self.now + PROBE;
    }
}

#[test]
fn of_ten_times_too_many_those_that_are_taken_wait_little_and_all_are_taken_when_it_is_over() {
    let mut world = World::new(0);
    assert_eq!(world.run(5.0, Duration::from_secs(5)).admitted, 5.0, "half of what it can do");
    world.run(100.0, Duration::from_secs(2));
    for second in 0..60 {
        let outcome = world.run(100.0, Duration::from_secs(1));
        // Refusing the others takes half of the time.
        assert!((4.5..=6.0).contains(&outcome.admitted), "second {second}: {} in a millisecond", outcome.admitted);
        let p99 = outcome.p99();
        assert!(p99 <= 3 * LAG_MAX, "second {second}: {p99:?}");
    }
    world.run(5.0, Duration::from_millis(500));
    let outcome = world.run(5.0, Duration::from_secs(5));
    assert_eq!((outcome.admitted, outcome.waits[outcome.waits.len() - 1]), (5.0, Duration::ZERO), "as before");
}

#[test]
fn beside_busy_neighbours_a_light_load_is_not_refused() {
    for (neighbours, part) in [(1, 0.02), (1, 0.2), (1, 0.45), (2, 0.02), (2, 0.2), (4, 0.02), (4, 0.15)] {
        let mut world = World::new(neighbours);
        let outcome = world.run(part * KNEE, Duration::from_secs(60));
        let lag = Duration::from_millis(u64::from(neighbours * World::SLICE));
        assert!(outcome.p99() >= lag, "the neighbours make it late: {:?}", outcome.p99());
        assert_eq!(outcome.refused, 0, "{part} of the knee beside {neighbours}");
    }
}

#[test]
fn beside_busy_neighbours_no_more_is_refused_than_their_part_of_the_cpu_makes_necessary() {
    // A third of the CPU is left. Of it, 180% are wanted and 1,500%, of which refusals take 75%.
    for (part, admitted_min, p99_max) in [(0.6, 0.85, 80), (5.0, 0.2, 40)] {
        let mut world = World::new(2);
        world.run(part * KNEE, Duration::from_secs(2));
        for second in 0..60 {
            let outcome = world.run(part * KNEE, Duration::from_secs(1));
            let admitted = outcome.admitted / (KNEE / 3.0);
            assert!(admitted >= admitted_min, "second {second}: {admitted} of what can be done");
            let p99 = outcome.p99();
            assert!(p99 <= Duration::from_millis(p99_max), "second {second}: {p99:?}");
        }
        // Over as soon as without neighbours.
        world.run(0.2 * KNEE, Duration::from_millis(500));
        assert_eq!(world.run(0.2 * KNEE, Duration::from_secs(5)).refused, 0, "after {part} of the knee");
    }
}

#[test]
fn a_neighbour_that_goes_away_leaves_all_the_searches_admitted_at_once() {
    let mut world = World::new(2);
    assert!(world.run(0.6 * KNEE, Duration::from_secs(5)).refused > 0, "a third of the CPU is too little");
    world.neighbours = 0;
    world.run(0.6 * KNEE, Duration::from_millis(500));
    assert_eq!(world.run(0.6 * KNEE, Duration::from_secs(5)).refused, 0);
}

#[test]
fn bursts_and_stalls_pass_and_a_light_load_is_not_to_blame() {
    let mut world = World::new(0);
    for _ in 0..20 {
        // 30 ms of work at once, which is done before an interval is over.
        let burst = world.run(300.0, Duration::from_millis(1)).waits.len();
        assert_eq!(burst + world.run(1.0, Duration::from_millis(100)).waits.len(), 400);
        // Nothing ran for a second.
        world.now += Duration::from_secs(1);
        world.threads.run_delay += Duration::from_secs(1);
    }
    assert_eq!(world.refused, 0);
}

/// An interval of one thread that is late: what it did, and what searches took of it.
fn late(limiter: &mut RateLimiter, now: &mut Instant, offered: u32, usage: &Usage) -> u32 {
    let mut admitted = 0;
    for probe in 0..5 {
        *now += INTERVAL / 5;
        admitted += (0..offered / 5).map(|_| u32::from(limiter.admit(*now))).sum::<u32>();
        let over = limiter.observe_lag(*now, 4 * LAG_MAX);
        assert_eq!(over, probe == 4, "five probes an interval");
    }
    limiter.adjust(*now, usage);
    admitted
}

#[test]
fn threads_that_sleep_or_work_for_others_have_no_searches_refused() {
    let cpu = Duration::from_millis;
    // Of 100 ms a thread ran, wanted to run, and slept; and searches took some of it.
    let harmless = [
        (20, 80, 0, 16, 20, "of 20 ms of lag it waited 16 for a CPU"),
        (50, 20, 30, 4, 40, "it slept"),
        (100, 0, 0, 0, 20, "others than searches took it"),
        (100, 0, 0, 0, 0, "searches took nothing"),
    ];
    for (ran, run_delay, slept, delay_mean, searching, why) in harmless {
        let mut now = Instant::now();
        let mut limiter = RateLimiter::new(LAG_MAX, now);
        let (ran, run_delay, slept, run_delay_mean) = (cpu(ran), cpu(run_delay), cpu(slept), cpu(delay_mean));
        let threads = ThreadUsage { ran, run_delay, slept, run_delay_mean };
        for _ in 0..100 {
            let searches = SearchUsage { count: 1000, cpu: cpu(searching) };
            assert_eq!(late(&mut limiter, &mut now, 1000, &Usage { threads, searches }), 1000, "{why}");
        }
    }
    let mut now = Instant::now();
    let mut limiter = RateLimiter::new(LAG_MAX, now);
    let threads = ThreadUsage { ran: cpu(95), slept: cpu(5), ..ThreadUsage::default() };
    let searches = SearchUsage { count: 1000, cpu: cpu(60) };
    late(&mut limiter, &mut now, 1000, &Usage { threads, searches });
    assert_eq!(limiter.per_second().map(f64::round), Some(8000.0), "four fifths: searches took it");
}

#[test]
fn no_rate_is_below_a_part_of_what_the_cpu_time_is_enough_for() {
    let cpu = Duration::from_millis;
    let mut now = Instant::now();
    let mut limiter = RateLimiter::new(LAG_MAX, now);
    let threads = ThreadUsage { ran: cpu(100), run_delay: cpu(100), ..ThreadUsage::default() };
    // Refusals, or a defect of the probe, keep it late whatever is refused. A search costs 0.1 ms.
    for _ in 0..100 {
        let searches = SearchUsage { count: 100, cpu: cpu(10) };
        late(&mut limiter, &mut now, 10_000, &Usage { threads, searches });
    }
    let rate = limiter.per_second().expect("a rate");
    assert!((990.0..=1010.0).contains(&rate), "a tenth of 10,000 a second: {rate}");
}
