//! The exact best rows of several searches, with one pass over the codes of all rows.
//!
//! Rows that a search names (`adjust`) are bounded first, one by one; the best of them set a floor that most other rows
//! do not reach. The pass then bounds 16 rows at a time and offers those that may beat the floor to
//! [`super::top_k::Top`], which scores the few that are left exactly. A search that admits few rows looks at their tiles alone.

use shelfmark_state::{InferenceState, POPULARITY_COLUMNS, set_bits};

use super::{
    RowMask,
    codes::{STRIP_TILES, TILE_ROWS},
    index::Index,
    kernel::{Found, GROUP, Group, Machine, StripTiles},
    quantized_query::Probe,
    ranking::Ranking,
    row_bounds::{BiasBound, Written, is_masked},
    score::{Scorer, Terms, sum},
    search::{RowBoost, Search},
    top_k::Top,
};

/// A search that admits less than this share of the tiles' number of rows goes from tile to tile.
const FEW: usize = 2;
/// Exploration is this many deviations at most: what [`shelfmark_state::CounterRng::normal`] can give.
const CHANCE_MAX: f32 = 6.0;

/// Finds the best rows of every search.
pub(super) fn scan(index: &Index, inference: &InferenceState, searches: &mut [&mut Search]) {
    scan_on(Machine::detect(), index, inference, searches);
}

/// [`scan`] on a machine, for tests: the answers are the same on all.
pub(super) fn scan_on(machine: Machine, index: &Index, inference: &InferenceState, searches: &mut [&mut Search]) {
    let now = Written { events: inference.counters.counted, entries: inference.entries_counted };
    let lost = index.written().lost(now);
    let mut runs: Vec<Run<'_>> = searches.iter_mut().map(|search| Run::new(search, index, inference, lost)).collect();
    runs.iter_mut().for_each(|run| run.take_named(machine));
    let (mut few, mut all): (Vec<Run<'_>>, Vec<Run<'_>>) = runs.into_iter().partition(Run::admits_few);
    few.iter_mut().for_each(|run| run.take_admitted(machine));
    // One ranking a group; searches without a vector read no codes.
    all.sort_by_key(|run| run.ranking);
    let mut groups: Vec<(&mut [Run<'_>], Group)> = all
        .chunk_by_mut(|a, b| a.ranking == b.ranking)
        .flat_map(|runs| runs.chunks_mut(GROUP))
        .map(|runs| {
            let probes: Vec<_> = runs.iter().map(|run| (&run.probe, &run.bias)).collect();
            let group = Group::new(&probes);
            (runs, group)
        })
        .collect();
    for (runs, group) in &mut groups {
        for (place, run) in runs.iter().enumerate() {
            group.set_floor(place, run.top.floor());
        }
    }
    for strip in 0..index.strips() {
        let tiles = index.strip(strip);
        for (runs, group) in &mut groups {
            group.pass(machine, &tiles, &mut |found| match runs.get_mut(found.search) {
                Some(run) => run.take(&tiles, strip * STRIP_TILES, &found),
                // A place without a search.
                None => f32::INFINITY,
            });
        }
    }
    few.iter_mut().chain(&mut all).for_each(Run::finish);
}

/// A search under way.
struct Run<'a> {
    ranking: Ranking,
    adjust: &'a [(u32, f32)],
    admitted: Option<&'a RowMask>,
    top: &'a mut Top,
    probe: Probe,
    scorer: Scorer<'a, &'a Index>,
    index: &'a Index,
    bias: BiasBound,
}

impl<'a> Run<'a> {
    fn new(
        search: &'a mut Search,
        index: &'a Index,
        inference: &'a InferenceState,
        lost: [f32; POPULARITY_COLUMNS],
    ) -> Self {
        let Search { ranking, vector, popularity, adjust, explore, boosts, admitted, top } = search;
        let terms = Terms { ranking: *ranking, vector, popularity, adjust, explore: *explore, boosts };
        let chance = if explore.is_some() { inference.config.explore * CHANCE_MAX } else { 0.0 };
        let extra = chance + RowBoost::most(boosts);
        Self {
            ranking: *ranking,
            adjust,
            admitted: admitted.as_ref(),
            top,
            probe: Probe::new(*ranking, vector, extra),
            scorer: Scorer::new(index, inference, terms),
            index,
            bias: BiasBound::new(popularity, lost),
        }
    }

    /// Whether it goes from tile to tile.
    fn admits_few(&self) -> bool {
        let tiles = self.index.strips() * STRIP_TILES;
        self.admitted.is_some_and(|admitted| admitted.len() * FEW < tiles)
    }

    /// Bounds the named rows.
    fn take_named(&mut self, machine: Machine) {
        let mut group = Group::new(&[(&self.probe, &self.bias)]);
        for (row, term) in self.adjust {
            let (tile, lane) = (*row as usize / TILE_ROWS, *row as usize % TILE_ROWS);
            if *term == f32::NEG_INFINITY || self.admitted.is_some_and(|admitted| !admitted.contains(*row)) {
                continue;
            }
            let (strip, tile) = (tile / STRIP_TILES, tile % STRIP_TILES);
            let tiles = self.index.strip(strip).only(tile);
            // Nothing is below no number, so every row of the tile is found.
            group.set_floor(0, f32::NAN);
            group.pass(machine, &tiles, &mut |found| {
                self.offer(&tiles, *row, lane, found.products[lane], Some(*term));
                f32::NAN
            });
        }
        self.top.begin_again();
    }

    /// Looks at the tiles of the admitted rows.
    fn take_admitted(&mut self, machine: Machine) {
        let Some(admitted) = self.admitted else { return };
        let index = self.index;
        let mut group = Group::new(&[(&self.probe, &self.bias)]);
        for strip in 0..index.strips() {
            let tiles = index.strip(strip);
            for tile in 0..tiles.len() {
                if of_tile(admitted, strip * STRIP_TILES + tile) != 0 {
                    let only = tiles.only(tile);
                    group.set_floor(0, self.top.floor());
                    group.pass(machine, &only, &mut |found| self.take(&only, strip * STRIP_TILES + tile, &found));
                }
            }
        }
    }

    /// Takes what the pass found in tiles of which the first is `first`; returns the new floor.
    fn take(&mut self, tiles: &StripTiles<'_>, first: usize, found: &Found<'_>) -> f32 {
        let tile = first + found.tile;
        let rows = match self.admitted {
            None => found.rows,
            Some(admitted) => found.rows & of_tile(admitted, tile),
        };
        for lane in set_bits(u64::from(rows)) {
            let lane = lane as usize;
            let row = u32::try_from(tile * TILE_ROWS + lane).expect("rows are u32");
            if self.adjust.binary_search_by_key(&row, |(row, _)| *row).is_err() {
                self.offer(&tiles.only(found.tile), row, lane, found.products[lane], None);
            }
        }
        self.top.floor()
    }

    /// Offers a lane of the one tile in `tiles`.
    fn offer(&mut self, tiles: &StripTiles<'_>, row: u32, lane: usize, product: i32, term: Option<f32>) {
        let tile = tiles.tile(0);
        if is_masked(tile.errors_biases[lane]) {
            return;
        }
        let mut bounds = self.probe.bounds(&tile, lane, product, &self.bias);
        if let Some(term) = sum(term, self.scorer.extra(row)) {
            bounds = bounds.plus(term);
        }
        if bounds.upper > self.top.floor() {
            let scorer = &mut self.scorer;
            self.top.offer(row, bounds, &mut |row| scorer.score(row));
        }
    }

    fn finish(&mut self) {
        let scorer = &mut self.scorer;
        self.top.finish(&mut |row| scorer.score(row));
    }
}

/// The admitted rows of a tile.
#[expect(clippy::cast_possible_truncation, reason = "16 of 64 bits")]
fn of_tile(admitted: &RowMask, tile: usize) -> u16 {
    (admitted.word(tile / 4) >> (tile % 4 * TILE_ROWS)) as u16
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use shelfmark_domain::{Id, Item, ModelConfig, Position, Served};
    use shelfmark_state::{AddedWeights, CounterRng, GAP_BUCKETS, State, Table};

    use crate::{Publisher, score::best_of_all, top_k::Hit};

    use super::*;

    struct World {
        state: State,
        publisher: Publisher,
        draws: CounterRng,
    }

    impl World {
        /// Items with vectors of very different lengths, some zero, some with the same vector and bias.
        fn new(seed: u64, items: usize) -> Self {
            let mut draws = CounterRng::new(seed, 1, 2);
            let explore = [0.0, 0.0, 0.3][draws.below(3)];
            let mut state = State::initial(Arc::new(ModelConfig { dim: 10, explore, ..ModelConfig::default() }));
            for item in 0..items {
                let mut item = Item::bare(Id::new("id", &format!("i{item}")).expect("valid"));
                item.available = draws.below(10) > 0;
                state.put_item(&item);
            }
            let mut world = Self { state, publisher: Publisher::new(), draws };
            (0..items).for_each(|row| world.move_row(row));
            world
        }

        fn move_row(&mut self, row: usize) {
            let Self { state, draws, .. } = self;
            let (size, bias) = match draws.below(12) {
                0 => (0.0, 0.0),
                1 => (1e4, 0.0),
                2 => (1e-4, 1.0),
                3 => (1.0, 1e6 * draws.normal()),
                4 => (1e-38, 0.0),
                _ => (1.0, draws.normal()),
            };
            let tied = draws.below(3) == 0;
            for value in state.inference.parameters.items.row_mut(row) {
                *value = if tied { size } else { size * draws.normal() };
            }
            state.inference.parameters.bias.row_mut(row)[0] = bias;
            let now = state.inference.counters.counted;
            state.inference.popularity.get_mut(row).add(now);
            if draws.below(3) == 0 {
                let now = state.inference.entries_counted;
                state.inference.entries.get_mut(row).add(draws.unit() as f32, now);
                state.touched.mark(Table::EntryPopularity, u32::try_from(row).expect("few"));
            }
            for table in [Table::ItemVectors, Table::ItemBias, Table::Popularity] {
                state.touched.mark(table, u32::try_from(row).expect("few"));
            }
        }

        /// What steps and events do between two publications.
        fn learn(&mut self) {
            let events = self.draws.below(3_000) as u64;
            self.state.inference.counters.counted += events;
            self.state.inference.entries_counted += self.draws.below(300) as u64;
            let scalars = Arc::make_mut(&mut self.state.inference.parameters.scalars);
            let size = [1.0, 1.0, 1e-44][self.draws.below(3)];
            scalars.wp = std::array::from_fn(|_| size * self.draws.normal());
            let AddedWeights { wp_short, wpg, we, .. } = &mut scalars.added;
            *wp_short = size * self.draws.normal();
            for weight in wpg.iter_mut().flatten().chain(we.iter_mut().flatten()) {
                *weight = if self.draws.below(4) == 0 { 0.0 } else { size * self.draws.normal() };
            }
            let items = self.state.inference.catalog.len();
            for _ in 0..self.draws.below(items) {
                let row = self.draws.below(items);
                self.move_row(row);
            }
        }

        fn search(&mut self) -> Search {
            let items = self.state.inference.catalog.len();
            let g0 = self.draws.below(GAP_BUCKETS + 1);
            let popularity = self.state.inference.parameters.scalars.popularity_weights(g0);
            let ranking = [Ranking::Score, Ranking::Score, Ranking::Cosine, Ranking::Popularity][self.draws.below(4)];
            let draws = &mut self.draws;
            let size = [0.0, 1e-20, 1.0, 1.0, 1e6][draws.below(5)];
            let vector = if ranking == Ranking::Popularity {
                Vec::new()
            } else {
                (0..10).map(|_| size * draws.normal()).collect()
            };
            let mut adjust: Vec<(u32, f32)> = (0..draws.below(120))
                .map(|_| {
                    (
                        draws.below(items) as u32,
                        if draws.below(3) == 0 { f32::NEG_INFINITY } else { 3.0 * draws.normal() },
                    )
                })
                .collect();
            adjust.sort_by_key(|(row, _)| *row);
            adjust.dedup_by_key(|(row, _)| *row);
            let share = [1, 2, 30, 400][draws.below(4)];
            let words: Vec<u64> = (0..items.div_ceil(64))
                .map(|_| (0..64).fold(0, |word, bit| word | u64::from(draws.below(share) == 0) << bit))
                .collect();
            let most = [3, 30, 2 * items][draws.below(3)];
            let limit = 1 + draws.below(most);
            let explores = self.state.inference.config.explore > 0.0 && ranking != Ranking::Cosine;
            let boosts = if draws.below(3) == 0 { boosts(draws, items) } else { Vec::new() };
            Search {
                ranking,
                vector,
                popularity,
                adjust,
                boosts,
                explore: explores.then_some(draws.bits()),
                admitted: (draws.below(2) == 0).then(|| RowMask::from_words(words)),
                top: Top::new(limit),
            }
        }
    }

    /// One to three boosts of some rows or of all, up and down.
    fn boosts(draws: &mut CounterRng, items: usize) -> Vec<RowBoost> {
        let boost = |draws: &mut CounterRng| {
            let rows = (draws.below(4) > 0).then(|| {
                let share = [1, 3, 200][draws.below(3)];
                let bits = |draws: &mut CounterRng| {
                    (0..64).fold(0, |word, bit| word | u64::from(draws.below(share) == 0) << bit)
                };
                RowMask::from_words((0..items.div_ceil(64)).map(|_| bits(draws)).collect::<Vec<u64>>())
            });
            RowBoost { rows, add: [-100.0, -0.25, 0.5, 3.0, 100.0][draws.below(5)] }
        };
        (0..1 + draws.below(3)).map(|_| boost(draws)).collect()
    }

    /// Goal: two passes give the bits of the slow, obvious scan, on every machine, in every batch, however rows moved
    /// since their codes were made. Method: random histories of publications over extreme rows; random searches of all
    /// kinds together.
    #[test]
    fn two_passes_find_what_scoring_every_row_finds() {
        for seed in 0..12 {
            let mut world = World::new(seed, [7, 100, 1_500, 9_000][seed as usize % 4]);
            for _ in 0..3 {
                world.learn();
                let position = Position::new(1);
                let view =
                    world.publisher.publish(&world.state.inference, &world.state.touched, position, Served::Live);
                world.state.touched.clear();
                let mut searches: Vec<Search> = (0..1 + world.draws.below(12)).map(|_| world.search()).collect();
                let limits: Vec<usize> = searches.iter().map(|search| search.top.limit()).collect();
                for machine in [Machine::Plain, Machine::detect()] {
                    for (search, limit) in searches.iter_mut().zip(&limits) {
                        search.top = Top::new(*limit);
                    }
                    let mut all: Vec<&mut Search> = searches.iter_mut().collect();
                    scan_on(machine, view.index(), view.inference(), &mut all);
                    for (search, limit) in searches.iter_mut().zip(&limits) {
                        let bits = |hit: Hit| (hit.row, (hit.score + 0.0).to_bits());
                        let expected: Vec<_> = best_of_all(view.inference(), search).into_iter().map(bits).collect();
                        let top = std::mem::replace(&mut search.top, Top::new(*limit));
                        let found: Vec<_> = top.into_hits().map(bits).collect();
                        assert!(found == expected, "seed {seed}, {machine:?}: {search:?}\n{found:?}\n{expected:?}");
                    }
                }
            }
        }
    }

    /// Goal: rows that are worth the same, or nearly, because nothing is known of them are not scored one by one.
    /// Method: a catalogue before its first events, but for a few rows; nobody, and queries that say little and much.
    #[test]
    fn a_catalogue_of_which_nothing_is_known_is_not_scored() {
        let mut state = State::initial(Arc::new(ModelConfig { dim: 10, ..ModelConfig::default() }));
        for item in 0..20_000 {
            state.put_item(&Item::bare(Id::new("id", &format!("i{item}")).expect("valid")));
        }
        for row in [3, 10_000] {
            state.inference.popularity.get_mut(row).add(0);
            state.inference.parameters.bias.row_mut(row)[0] = -1.0;
        }
        Arc::make_mut(&mut state.inference.parameters.scalars).wp = [0.3; 3];
        let view = Publisher::from_scratch(&state.inference, Position::new(1), Served::Live);
        for (ranking, size) in [(Ranking::Popularity, 0.0), (Ranking::Score, 1e-4), (Ranking::Score, 1.0)] {
            let vector = if size > 0.0 { vec![size; 10] } else { Vec::new() };
            let popularity = view.inference().parameters.scalars.popularity_weights(0);
            let (adjust, top) = (vec![(7, -1.0)], Top::new(50));
            let boosts = Vec::new();
            let mut search = Search { ranking, vector, popularity, adjust, explore: None, boosts, admitted: None, top };
            scan(view.index(), view.inference(), &mut [&mut search]);
            assert!(search.top.scored() <= 500, "{ranking:?} {size}: {}", search.top.scored());
            let expected = best_of_all(view.inference(), &search);
            assert_eq!(search.top.into_hits().collect::<Vec<_>>(), expected, "{ranking:?} {size}");
        }
    }
}
