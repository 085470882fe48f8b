//! Arms of a split: the view of each reader, and the lists and clicks of each arm.
//!
//! A list's id says which arm made it (`RecommendationId`), so clicks are attributed without a memory of lists: only
//! the ids of the newest [`CLICKED_MAX`] clicked ones are kept, so that a list counts once however often it is clicked.

use std::{
    collections::{HashSet, VecDeque},
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
};

use arc_swap::{ArcSwap, ArcSwapOption};

use shelfmark_domain::{ForgottenUser, ModelName, RecommendationId, Served, Serving, Split};
use shelfmark_serving::View;

/// Clicked lists that are remembered.
const CLICKED_MAX: usize = 65_536;

/// The arms of one model, as readers meet them.
pub struct Arms {
    split: ArcSwapOption<SplitViews>,
    counts: ArcSwap<Vec<Arc<ArmCounts>>>,
    clicked: Mutex<Clicked>,
}

/// A split with the views of its versions.
struct SplitViews {
    split: Split,
    versions: Vec<Arc<View>>,
}

/// What came of one arm's lists, in this process, since the arm is served.
#[derive(Debug)]
pub struct ArmCounts {
    /// The arm.
    pub served: Served,
    /// Its share.
    pub percent: u8,
    counters: Arc<ArmCounters>,
}

#[derive(Debug, Default)]
struct ArmCounters {
    lists: AtomicU64,
    clicks: AtomicU64,
}

#[derive(Default)]
struct Clicked {
    ids: HashSet<u64>,
    order: VecDeque<u64>,
}

impl Default for Arms {
    fn default() -> Self {
        let one = counts_of(&Serving::One(Served::Live), &[]);
        Self { split: ArcSwapOption::empty(), counts: ArcSwap::from_pointee(one), clicked: Mutex::default() }
    }
}

impl ArmCounts {
    /// Lists that were recommended.
    pub fn lists(&self) -> u64 {
        self.counters.lists.load(Ordering::Relaxed)
    }

    /// Lists that something was clicked of.
    pub fn clicks(&self) -> u64 {
        self.counters.clicks.load(Ordering::Relaxed)
    }
}

impl Arms {
    /// Takes a forgotten user's id out of the views of all versions.
    pub fn forget(&self, user: &ForgottenUser) {
        self.split.rcu(|split| {
            split.as_ref().map(|split| {
                let versions = split.versions.iter().map(|view| view.forgetting(user)).collect();
                Arc::new(SplitViews { split: split.split.clone(), versions })
            })
        });
    }

    /// Serves this from now on. `versions`: the views of all its versions. Arms that stay keep their counts.
    pub fn serve(&self, serving: &Serving, versions: Vec<Arc<View>>) {
        let known = self.counts.load();
        self.counts.store(Arc::new(counts_of(serving, &known)));
        self.split.store(match serving {
            Serving::One(_) => None,
            Serving::Split(split) => Some(Arc::new(SplitViews { split: split.clone(), versions })),
        });
    }

    /// The arm of a reader; `None` without a split. `Some(None)` is the live state.
    pub fn choose(&self, model: &ModelName, reader: &str) -> Option<Option<Arc<View>>> {
        let split = self.split.load();
        let split = split.as_ref()?;
        let chosen = split.split.choose(model, reader);
        Some(split.versions.iter().find(|view| view.served() == chosen).cloned())
    }

    /// Views of the versions of a split; none without a split.
    pub fn versions(&self) -> Vec<Arc<View>> {
        self.split.load().as_ref().map(|split| split.versions.clone()).unwrap_or_default()
    }

    /// What came of each arm's lists.
    pub fn counts(&self) -> Arc<Vec<Arc<ArmCounts>>> {
        self.counts.load_full()
    }

    /// A list of this arm was recommended.
    pub fn shown(&self, served: Served) {
        if let Some(arm) = self.counts.load().iter().find(|arm| arm.served == served) {
            arm.counters.lists.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// Something was clicked of a list. The arm, when it is being served and the list was not clicked before.
    pub fn clicked(&self, list: &RecommendationId) -> Option<Served> {
        let counts = self.counts.load();
        let arm = counts.iter().find(|arm| arm.served == list.served)?;
        let mut clicked = self.clicked.lock().unwrap_or_else(PoisonError::into_inner);
        if !clicked.insert(list.random) {
            return None;
        }
        arm.counters.clicks.fetch_add(1, Ordering::Relaxed);
        Some(arm.served)
    }
}

impl Clicked {
    fn insert(&mut self, id: u64) -> bool {
        if !self.ids.insert(id) {
            return false;
        }
        self.order.push_back(id);
        if self.order.len() > CLICKED_MAX
            && let Some(oldest) = self.order.pop_front()
        {
            self.ids.remove(&oldest);
        }
        true
    }
}

fn counts_of(serving: &Serving, known: &[Arc<ArmCounts>]) -> Vec<Arc<ArmCounts>> {
    let arms = serving.arms().into_iter().map(|arm| {
        let counters = known.iter().find(|known| known.served == arm.served).map(|known| Arc::clone(&known.counters));
        Arc::new(ArmCounts { served: arm.served, percent: arm.percent, counters: counters.unwrap_or_default() })
    });
    arms.collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use shelfmark_domain::{Arm, Position, VersionNumber};

    #[test]
    fn a_list_counts_once_for_its_arm_while_that_is_served() {
        let arms = Arms::default();
        let (live, version) = (Served::Live, Served::Version(VersionNumber(3)));
        let list = |served, random| RecommendationId { served, position: Position::new(1), random };
        arms.shown(live);
        arms.shown(version);
        assert_eq!(arms.clicked(&list(live, 1)), Some(live));
        assert_eq!(arms.clicked(&list(live, 1)), None, "clicked before");
        assert_eq!(arms.clicked(&list(version, 2)), None, "not served");
        let counts = |arms: &Arms| -> Vec<(Served, u8, u64, u64)> {
            arms.counts().iter().map(|arm| (arm.served, arm.percent, arm.lists(), arm.clicks())).collect()
        };
        assert_eq!(counts(&arms), [(live, 100, 1, 1)]);
        let arm = |served, percent| Arm { served, percent };
        let split = Split::new(vec![arm(version, 10), arm(live, 90)]).expect("valid");
        arms.serve(&Serving::Split(split), Vec::new());
        arms.shown(version);
        assert_eq!(arms.clicked(&list(version, 4)), Some(version));
        assert_eq!(counts(&arms), [(version, 10, 1, 1), (live, 90, 1, 1)], "the arm that stays keeps its counts");
        arms.serve(&Serving::One(live), Vec::new());
        assert_eq!(counts(&arms), [(live, 100, 1, 1)]);
    }

    #[test]
    fn as_many_clicked_lists_are_remembered_as_is_said() {
        let mut clicked = Clicked::default();
        assert!((0..=CLICKED_MAX as u64).all(|id| clicked.insert(id)));
        assert_eq!((clicked.ids.len(), clicked.order.len()), (CLICKED_MAX, CLICKED_MAX));
        assert!(clicked.insert(0) && !clicked.insert(2), "the oldest is forgotten");
    }
}
