//! Moves of the live map: computed once for all who follow one basis and sample, and told to each in order.
//!
//! Followers drive the feed: whoever looks first when the next look is due computes it. Without followers nothing is
//! computed. A follower that falls behind the looks that are kept gets every point.

use std::{
    collections::{HashMap, VecDeque},
    sync::{Arc, OnceLock},
    time::{Duration, Instant},
};

use tokio::sync::{Mutex, OwnedSemaphorePermit};

use crate::engine::{
    blocking::blocking,
    deployment::readers::Readers,
    monitoring::map_drawing::{Basis, draw, points},
};
use shelfmark_domain::{Id, Position};
use shelfmark_serving::View;

/// Moves of live are looked for this often.
const LOOK_INTERVAL: Duration = Duration::from_millis(400);
/// Looks that are kept for followers that are a little behind.
const LOOKS_KEPT: usize = 8;
/// Shortest time between two samples, after which new items show.
const SAMPLE_INTERVAL_MIN: Duration = Duration::from_secs(2);
/// A feed draws samples for one part in so many of its time.
const SAMPLE_REST: u32 = 300;

/// Points of live that moved since a follower was told last.
pub struct Moves {
    /// Position of the state that they are of.
    pub position: Position,
    /// Items that moved or are new in the sample.
    pub ids: Vec<Id>,
    /// Coordinates of the items, x and y by turns.
    pub points: Vec<f32>,
    /// The moves as they are sent, made by the first who sends them: all followers get the same.
    pub sent: OnceLock<Arc<str>>,
}

/// What the feed saw last, and what moved in the looks before.
#[derive(Default)]
struct Seen {
    position: Option<Position>,
    rows: Vec<u32>,
    /// The rows' items.
    ids: Vec<Id>,
    points: Vec<f32>,
    /// When the next sample is due; at once without one.
    sample_due: Option<Instant>,
    looked_at: Option<Instant>,
    /// Number of looks in which something moved.
    looks: u64,
    /// The newest of them, the oldest first.
    kept: VecDeque<Arc<Moves>>,
    /// Every point, for those who come now.
    all: Option<Arc<Moves>>,
}

/// The moves of one basis and sample.
pub struct MapFeed {
    readers: Arc<Readers>,
    basis: Basis,
    sampled: usize,
    seen: Mutex<Seen>,
}

impl MapFeed {
    /// Nothing is computed yet.
    pub fn new(readers: Arc<Readers>, basis: Basis, sampled: usize) -> Self {
        Self { readers, basis, sampled, seen: Mutex::default() }
    }

    /// The moves after a number of looks, or every point for those who saw none or are too far behind; and the number
    /// of looks then. `None` when nothing moved.
    async fn after(&self, looks: Option<u64>) -> Option<(Arc<Moves>, u64)> {
        let mut seen = self.seen.lock().await;
        let is_newest = looks == Some(seen.looks);
        if (is_newest || seen.position.is_none()) && seen.looked_at.is_none_or(|at| at.elapsed() >= LOOK_INTERVAL) {
            self.look(&mut seen).await;
        }
        let behind =
            looks.and_then(|looks| seen.looks.checked_sub(looks)).and_then(|behind| usize::try_from(behind).ok());
        match behind {
            Some(0) => None,
            Some(behind) if behind <= seen.kept.len() => {
                let place = seen.kept.len() - behind;
                Some((Arc::clone(&seen.kept[place]), seen.looks - behind as u64 + 1))
            }
            Some(_) | None => Some((seen.all()?, seen.looks)),
        }
    }

    async fn look(&self, seen: &mut Seen) {
        let live = self.readers.live.load_full();
        seen.looked_at = Some(Instant::now());
        if seen.position == Some(live.position()) {
            return;
        }
        // Whoever computes may be dropped meanwhile. Then the number of looks is beyond what all others saw, and they
        // get every point.
        let lost = Seen { looks: seen.looks + LOOKS_KEPT as u64 + 1, ..Seen::default() };
        let before = std::mem::replace(seen, lost);
        let (basis, sampled) = (self.basis.clone(), self.sampled);
        *seen = blocking(move || looked(live, before, basis, sampled)).await;
    }
}

impl Seen {
    /// Every point as it was seen last.
    fn all(&mut self) -> Option<Arc<Moves>> {
        if self.all.is_none() && !self.ids.is_empty() {
            let (ids, points) = (self.ids.clone(), self.points.clone());
            self.all = Some(Arc::new(Moves { position: self.position?, ids, points, sent: OnceLock::new() }));
        }
        self.all.clone()
    }
}

fn looked(live: Arc<View>, before: Seen, basis: Basis, size: usize) -> Seen {
    let position = live.position();
    // A restore takes rows away; otherwise they keep their numbers, and the sample need not be drawn each time.
    let still_there = before.rows.iter().all(|row| (*row as usize) < live.inference().catalog.len());
    let started = Instant::now();
    let sampled = still_there
        && before.position.is_some_and(|before| before < position)
        && before.sample_due.is_some_and(|due| started < due);
    let (rows, ids, points, sample_due) = if sampled {
        let points = points(&live, &before.rows, basis.projection.as_deref());
        (before.rows.clone(), before.ids.clone(), points, before.sample_due)
    } else {
        let map = draw(Arc::clone(&live), &live, basis, size, &[]);
        let rest = (started.elapsed() * SAMPLE_REST).max(SAMPLE_INTERVAL_MIN);
        let ids = ids_of(&live, &map.rows);
        (map.rows, ids, map.points, Some(Instant::now() + rest))
    };
    let moves = moved(position, (&before.rows, &before.points), (&rows, &points), &ids);
    let Seen { looked_at, mut looks, mut kept, .. } = before;
    if !moves.ids.is_empty() {
        looks += 1;
        if kept.len() == LOOKS_KEPT {
            kept.pop_front();
        }
        kept.push_back(Arc::new(moves));
    }
    Seen { position: Some(position), rows, ids, points, sample_due, looked_at, looks, kept, all: None }
}

fn ids_of(view: &View, rows: &[u32]) -> Vec<Id> {
    rows.iter().map(|row| view.inference().catalog.id(*row).clone()).collect()
}

/// Points that are not where they were, of rows with their items.
fn moved(position: Position, before: (&[u32], &[f32]), now: (&[u32], &[f32]), ids: &[Id]) -> Moves {
    let place = |points: &[f32], index: usize| [points[index * 2], points[index * 2 + 1]];
    // Most looks have the rows of the look before.
    let others: Option<HashMap<u32, [f32; 2]>> = (before.0 != now.0)
        .then(|| before.0.iter().enumerate().map(|(index, row)| (*row, place(before.1, index))).collect());
    let mut moves = Moves { position, ids: Vec::new(), points: Vec::new(), sent: OnceLock::new() };
    for (index, row) in now.0.iter().enumerate() {
        let point = place(now.1, index);
        let was = match &others {
            Some(others) => others.get(row).copied(),
            None => Some(place(before.1, index)),
        };
        if was != Some(point) {
            moves.ids.push(ids[index].clone());
            moves.points.extend_from_slice(&point);
        }
    }
    moves
}

/// Follower of the points of live.
pub struct MapMoves {
    feed: Arc<MapFeed>,
    /// Looks of the feed that it was told of.
    looks: Option<u64>,
    /// Items besides the sample.
    ids: Vec<Id>,
    /// Where these were, by row.
    besides: (Vec<u32>, Vec<f32>),
    besides_at: Option<Position>,
    _permit: OwnedSemaphorePermit,
}

impl MapMoves {
    /// Follows a feed, and items besides its sample.
    pub fn new(feed: Arc<MapFeed>, ids: Vec<Id>, permit: OwnedSemaphorePermit) -> Self {
        Self { feed, looks: None, ids, besides: Default::default(), besides_at: None, _permit: permit }
    }

    /// Waits for the next moves. The first answer has every point of the sample.
    pub async fn next(&mut self) -> Arc<Moves> {
        loop {
            if let Some((moves, looks)) = self.feed.after(self.looks).await {
                self.looks = Some(looks);
                return moves;
            }
            if let Some(moves) = self.besides() {
                return moves;
            }
            tokio::time::sleep(LOOK_INTERVAL).await;
        }
    }

    /// Moves of the items besides the sample: at most 200, so that they are computed at once.
    fn besides(&mut self) -> Option<Arc<Moves>> {
        let live = self.feed.readers.live.load_full();
        if self.ids.is_empty() || self.besides_at == Some(live.position()) {
            return None;
        }
        self.besides_at = Some(live.position());
        let rows: Vec<u32> = self.ids.iter().filter_map(|id| live.row(id.as_str())).collect();
        let now = points(&live, &rows, self.feed.basis.projection.as_deref());
        let moves = moved(live.position(), (&self.besides.0, &self.besides.1), (&rows, &now), &ids_of(&live, &rows));
        self.besides = (rows, now);
        (!moves.ids.is_empty()).then(|| Arc::new(moves))
    }
}
