//! Cache of versions in memory: the newest, and those that were asked for lately.

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex, OnceLock, PoisonError},
};

use shelfmark_domain::{ForgottenUser, Position, Served, VersionManifest, VersionNumber};
use shelfmark_serving::{Publisher, View};
use shelfmark_state::{Digester, State};

/// One version's state, and its view once somebody wanted it.
pub struct CachedVersion {
    /// Its number.
    pub number: VersionNumber,
    /// Its position.
    pub position: Position,
    /// Whether its state is not the log's at its position: nothing is applied on top of it but by a replay.
    pub derived: bool,
    /// Its state; shares rows with the live state where they have not moved.
    pub state: State,
    /// Its hashes: who goes on from this state need not hash it again.
    pub digester: Digester,
    prepared: OnceLock<Prepared>,
}

/// What readers need of a version, and what goes on from there.
struct Prepared {
    publisher: Publisher,
    view: Arc<View>,
}

impl CachedVersion {
    /// Wraps a state.
    pub fn new(manifest: &VersionManifest, state: State, digester: Digester) -> Self {
        assert!(state.touched.is_empty(), "P7: learning that goes on from a version counts its changes from none");
        let VersionManifest { version: number, position, derived, .. } = manifest;
        let prepared = OnceLock::new();
        Self { number: *number, position: *position, derived: derived.is_some(), state, digester, prepared }
    }

    /// The version's view; the first call builds it (CPU work in proportion to the state).
    pub fn view(&self) -> Arc<View> {
        Arc::clone(&self.prepared().view)
    }

    /// A publisher that has published the version's state, for learning that goes on from it; builds the view too.
    pub fn publisher(&self) -> Publisher {
        self.prepared().publisher.clone()
    }

    fn prepared(&self) -> &Prepared {
        self.prepared.get_or_init(|| {
            let mut publisher = Publisher::new();
            let view = publisher.rebuild(&self.state.inference, self.position, Served::Version(self.number));
            Prepared { publisher, view }
        })
    }
}

/// The newest `capacity` versions used, newest last.
pub struct VersionCache {
    capacity: usize,
    versions: Mutex<VecDeque<Arc<CachedVersion>>>,
}

impl VersionCache {
    /// An empty cache.
    pub fn new(capacity: usize) -> Self {
        Self { capacity: capacity.max(1), versions: Mutex::default() }
    }

    /// A version, if it is here; it counts as used.
    pub fn get(&self, number: VersionNumber) -> Option<Arc<CachedVersion>> {
        let mut versions = self.versions.lock().unwrap_or_else(PoisonError::into_inner);
        let place = versions.iter().position(|version| version.number == number)?;
        let version = versions.remove(place)?;
        versions.push_back(Arc::clone(&version));
        Some(version)
    }

    /// A version, if it is here; a look does not count as use.
    pub fn look(&self, number: VersionNumber) -> Option<Arc<CachedVersion>> {
        let versions = self.versions.lock().unwrap_or_else(PoisonError::into_inner);
        versions.iter().find(|version| version.number == number).cloned()
    }

    /// The newest version before a position whose state is the log's.
    pub fn newest_before(&self, position: Position) -> Option<Arc<CachedVersion>> {
        let versions = self.versions.lock().unwrap_or_else(PoisonError::into_inner);
        let before = versions.iter().filter(|version| !version.derived && version.position < position);
        before.max_by_key(|version| version.position).cloned()
    }

    /// Takes a forgotten user's id out of every version here; views of them are built anew when somebody wants one.
    pub fn forget(&self, user: &ForgottenUser) {
        let mut versions = self.versions.lock().unwrap_or_else(PoisonError::into_inner);
        for version in versions.iter_mut() {
            let CachedVersion { number, position, derived, .. } = **version;
            let (mut state, mut digester) = (version.state.clone(), version.digester.clone());
            if state.forget_id(user, &mut digester) {
                let prepared = OnceLock::new();
                *version = Arc::new(CachedVersion { number, position, derived, state, digester, prepared });
            }
        }
    }

    /// Keeps a version; the one used longest ago goes when there are too many.
    pub fn insert(&self, version: Arc<CachedVersion>) {
        let mut versions = self.versions.lock().unwrap_or_else(PoisonError::into_inner);
        versions.retain(|known| known.number != version.number);
        versions.push_back(version);
        while versions.len() > self.capacity {
            versions.pop_front();
        }
    }
}
