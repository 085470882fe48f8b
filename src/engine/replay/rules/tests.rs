//! Goal: the rules keep the records that a slow, obvious simulation keeps. Method: random logs of events, versions,
//! restores and replays, where a state is the plain set of the events that it learned; the simulation goes forward
//! through the log and remembers the set at every position, the rules are found from the newest restore back.

use std::{collections::BTreeSet, convert::Infallible};

use futures::executor::block_on;

use super::*;
use shelfmark_domain::{Id, Item, Timestamp};
use shelfmark_state::CounterRng;

type Set = BTreeSet<u64>;

#[derive(Clone)]
enum Entry {
    Event,
    Restore(VersionNumber, Option<Exclusions>),
}

struct Version {
    position: u64,
    kept: Set,
    replay: Option<(VersionNumber, Exclusions)>,
}

/// A log, and what counts at each of its positions.
struct World {
    log: Vec<Entry>,
    live: Vec<Set>,
    versions: Vec<Version>,
}

/// A replay under way, within others.
struct Context<'a> {
    base: VersionNumber,
    floor: u64,
    states: Vec<Set>,
    excepts: Vec<(Interval, Exclusions)>,
    outer: Option<&'a Context<'a>>,
}

impl<'a> Context<'a> {
    /// The innermost of this one and those around it that reaches down to a position.
    fn reaching(context: Option<&'a Self>, position: u64) -> Option<&'a Self> {
        let mut context = context;
        while let Some(inner) = context {
            if inner.floor <= position {
                break;
            }
            context = inner.outer;
        }
        context
    }
}

impl World {
    fn head(&self) -> u64 {
        self.log.len() as u64
    }

    fn version(&self, number: VersionNumber) -> &Version {
        &self.versions[number.0 as usize]
    }

    fn keep(&mut self, position: u64, kept: Set, replay: Option<(VersionNumber, Exclusions)>) -> VersionNumber {
        self.versions.push(Version { position, kept, replay });
        VersionNumber(self.versions.len() as u32 - 1)
    }

    fn append(&mut self, entry: Entry) {
        let kept = match &entry {
            Entry::Event => {
                let mut kept = self.live[self.log.len()].clone();
                kept.insert(self.head() + 1);
                kept
            }
            Entry::Restore(version, None) => self.version(*version).kept.clone(),
            Entry::Restore(version, Some(except)) => self.replay(*version, except, self.head()),
        };
        self.live.push(kept);
        self.log.push(entry);
    }

    /// What counts after a replay.
    fn replay(&self, base: VersionNumber, except: &Exclusions, through: u64) -> Set {
        let floor = self.version(base).position;
        let within = Interval { after: Position::new(floor), through: Position::LAST };
        let kept = self.version(base).kept.clone();
        self.forward(base, kept, vec![(within, except.clone())], None, through)
    }

    fn forward(
        &self,
        base: VersionNumber,
        kept: Set,
        excepts: Vec<(Interval, Exclusions)>,
        outer: Option<&Context<'_>>,
        through: u64,
    ) -> Set {
        let floor = self.version(base).position;
        let mut context = Context { base, floor, states: vec![kept], excepts, outer };
        for at in floor + 1..=through {
            let mut kept = context.states[context.states.len() - 1].clone();
            let here = Position::new(at);
            let left_out = context.excepts.iter().any(|(within, e)| within.contains(here) && e.names_position(here));
            match &self.log[at as usize - 1] {
                _ if left_out => {}
                Entry::Event => {
                    kept.insert(at);
                }
                Entry::Restore(version, None) => kept = self.state_of(Some(&context), *version),
                Entry::Restore(version, Some(except)) => {
                    let position = self.version(*version).position;
                    let mut excepts = context.excepts.clone();
                    let after = Position::new(position);
                    excepts.push((Interval { after, through: Position::LAST }, except.clone()));
                    let outer = Context::reaching(Some(&context), position);
                    let first = self.state_of(Some(&context), *version);
                    kept = self.forward(*version, first, excepts, outer, at - 1);
                }
            }
            context.states.push(kept);
        }
        context.states.pop().expect("the first is there")
    }

    /// What counts in a version's state, as a replay under way sees it.
    fn state_of(&self, context: Option<&Context<'_>>, number: VersionNumber) -> Set {
        let version = self.version(number);
        let Some(inner) = context else { return version.kept.clone() };
        if inner.base == number {
            return inner.states[0].clone();
        }
        if version.position < inner.floor {
            return self.state_of(inner.outer, number);
        }
        let Some((from, except)) = &version.replay else {
            return inner.states[(version.position - inner.floor) as usize].clone();
        };
        let began = self.version(*from).position;
        let outer = Context::reaching(context, began);
        let mut excepts = inner.excepts.clone();
        excepts.push((Interval { after: Position::new(began), through: Position::LAST }, except.clone()));
        let first = self.state_of(outer, *from);
        self.forward(*from, first, excepts, outer, version.position)
    }

    /// What the rules keep.
    fn by_rules(&self, base: VersionNumber, except: &Exclusions, through: u64) -> Set {
        let origin = block_on(self.origin(base)).expect("infallible");
        let rules = block_on(Rules::resolve(self, origin, except, Position::new(through))).expect("infallible");
        let mut kept = self.version(rules.start).kept.clone();
        for at in rules.after.get() + 1..=through {
            let body = match &self.log[at as usize - 1] {
                Entry::Event => RecordBody::PutItem(Item::bare(Id::new("id", "i").expect("an id"))),
                Entry::Restore(version, _) => RecordBody::Restore { version: *version, replay: None },
            };
            let position = Position::new(at);
            let record = Record { position, appended_at: Timestamp::default(), source: None, body };
            if rules.leaves_out(&record).is_none() {
                kept.insert(at);
            }
        }
        kept
    }
}

impl Lineage for World {
    type Error = Infallible;

    async fn last_restore(&self, within: Interval) -> Result<Option<RestoreAt>, Infallible> {
        let found = (within.after.get() + 1..=within.through.get()).rev().find_map(|at| {
            let Entry::Restore(version, replay) = self.log.get(at as usize - 1)? else { return None };
            Some(RestoreAt { position: Position::new(at), version: *version, replay: replay.clone() })
        });
        Ok(found)
    }

    async fn origin(&self, version: VersionNumber) -> Result<Origin, Infallible> {
        let Version { position, replay, .. } = self.version(version);
        Ok(Origin { version, position: Position::new(*position), replay: replay.clone() })
    }
}

fn ranges(draws: &mut CounterRng, head: u64) -> Exclusions {
    let mut except = Exclusions::default();
    for _ in 0..draws.below(3) {
        let after = draws.below(head as usize + 1) as u64;
        let through = after + 1 + draws.below(4) as u64;
        except.positions.insert(Interval { after: Position::new(after), through: Position::new(through) });
    }
    except
}

fn grow(world: &mut World, draws: &mut CounterRng) {
    let any = |world: &World, draws: &mut CounterRng| VersionNumber(draws.below(world.versions.len()) as u32);
    match draws.below(12) {
        0..=5 => world.append(Entry::Event),
        6 => {
            let (head, kept) = (world.head(), world.live[world.log.len()].clone());
            world.keep(head, kept, None);
        }
        7 => {
            let at = draws.below(world.live.len());
            world.keep(at as u64, world.live[at].clone(), None);
        }
        8 | 9 => {
            let version = any(world, draws);
            world.append(Entry::Restore(version, None));
        }
        _ => {
            let (from, head) = (any(world, draws), world.head());
            let except = ranges(draws, head);
            let kept = world.replay(from, &except, head);
            let result = world.keep(head, kept, Some((from, except.clone())));
            // What comes in while the result is stored, another process's rollback included; or it is only stored.
            for _ in 0..draws.below(3) {
                let entry = if draws.below(4) > 0 { Entry::Event } else { Entry::Restore(any(world, draws), None) };
                world.append(entry);
            }
            if draws.below(4) > 0 {
                world.append(Entry::Restore(result, Some(except)));
            }
        }
    }
}

#[test]
fn the_rules_keep_what_a_slow_simulation_of_every_rollback_keeps() {
    for seed in 0..600 {
        let mut draws = CounterRng::new(seed, 5, 0);
        let first = Version { position: 0, kept: Set::new(), replay: None };
        let mut world = World { log: Vec::new(), live: vec![Set::new()], versions: vec![first] };
        for _ in 0..40 {
            grow(&mut world, &mut draws);
        }
        let head = world.head();
        let nothing = Exclusions::default();
        assert_eq!(
            world.by_rules(VersionNumber(0), &nothing, head),
            world.live[world.log.len()],
            "a replay of everything from the beginning is the live state, seed {seed}"
        );
        for number in 0..world.versions.len() as u32 {
            let version = VersionNumber(number);
            let except = ranges(&mut draws, head);
            assert_eq!(
                world.by_rules(version, &except, head),
                world.replay(version, &except, head),
                "from version {number} without {except:?}, seed {seed}"
            );
        }
    }
}
