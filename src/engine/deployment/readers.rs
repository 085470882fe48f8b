//! Views of one model's readers: live, pinned, of a split's arms, or a preview of a rollback.

use std::{sync::Arc, time::Duration};

use arc_swap::{ArcSwap, ArcSwapOption};
use tokio::sync::watch;

use crate::engine::{EngineError, deployment::arms::Arms};
use shelfmark_domain::{ForgottenUser, ModelName, Position, Served};
use shelfmark_serving::View;

/// One model's views. Readers take them by pointer.
pub struct Readers {
    name: ModelName,
    /// The newest published state.
    pub live: ArcSwap<View>,
    /// The pinned version's view, while one is pinned; of a split, that of the largest arm, if it is a version.
    pub pinned: ArcSwapOption<View>,
    /// Where a rollback takes readers, while its deployment is still being written: see [`Readers::preview`].
    preview: ArcSwapOption<View>,
    /// Who is answered by which state, and what came of it.
    pub arms: Arms,
    /// Position of `live`.
    applied: watch::Sender<Position>,
}

impl Readers {
    /// Serves one view, the live one.
    pub fn new(name: ModelName, view: Arc<View>) -> Self {
        let position = view.position();
        Self {
            name,
            live: ArcSwap::new(view),
            pinned: ArcSwapOption::empty(),
            preview: ArcSwapOption::empty(),
            arms: Arms::default(),
            applied: watch::Sender::new(position),
        }
    }

    /// Returns where the live view stands.
    pub fn position(&self) -> Position {
        *self.applied.borrow()
    }

    /// Makes a view the live one and wakes who waits for it. Returns where it stands.
    pub fn publish(&self, view: Arc<View>) -> Position {
        let position = view.position();
        self.live.store(view);
        self.applied.send_replace(position);
        position
    }

    /// Waits until the live view holds `position`.
    pub async fn wait_applied(&self, position: Position, timeout: Duration) -> Result<(), EngineError> {
        let mut applied = self.applied.subscribe();
        let reached = tokio::time::timeout(timeout, applied.wait_for(|reached| *reached >= position)).await;
        match reached {
            Ok(Ok(_)) => Ok(()),
            Ok(Err(_)) | Err(_) => Err(EngineError::NotReached { wanted: position, reached: self.position() }),
        }
    }

    /// Waits until what a reader (or, with `None`, nobody in particular) is served stands at `position` or later (P6).
    pub async fn wait_served(
        &self,
        reader: Option<&str>,
        position: Position,
        timeout: Duration,
    ) -> Result<Arc<View>, EngineError> {
        let served = self.served(reader);
        if served.position() >= position {
            return Ok(served);
        }
        // A rollback that is not written yet goes back behind what the reader knows of.
        let served = self.deployed(reader);
        if served.position() >= position {
            return Ok(served);
        }
        if served.served() != Served::Live {
            // A pinned version does not move.
            return Err(EngineError::NotReached { wanted: position, reached: served.position() });
        }
        self.wait_applied(position, timeout).await?;
        let served = self.deployed(reader);
        if served.position() >= position {
            return Ok(served);
        }
        Err(EngineError::NotReached { wanted: position, reached: served.position() })
    }

    /// Shows a version to all readers from now on, until the answer is dropped. Whoever rolls back by hand wants the
    /// bad state gone, not its successor durable: a commit may take longer than everything else of a rollback.
    pub fn preview(&self, view: Arc<View>) -> Preview<'_> {
        self.preview.store(Some(view));
        Preview(self)
    }

    /// Returns what a reader gets: where a rollback under way takes everybody, else the view of their arm; without a
    /// reader, what reads that are nobody's get.
    pub fn served(&self, reader: Option<&str>) -> Arc<View> {
        self.preview.load_full().unwrap_or_else(|| self.deployed(reader))
    }

    /// Returns the same by the last deployment that was written.
    pub fn deployed(&self, reader: Option<&str>) -> Arc<View> {
        match reader.and_then(|reader| self.arms.choose(&self.name, reader)) {
            None => self.pinned.load_full().unwrap_or_else(|| self.live.load_full()),
            Some(version) => version.unwrap_or_else(|| self.live.load_full()),
        }
    }

    /// Takes a forgotten user's id out of every view beside the live one.
    pub fn forget(&self, user: &ForgottenUser) {
        for view in [&self.pinned, &self.preview] {
            view.rcu(|view| view.as_ref().map(|view| view.forgetting(user)));
        }
        self.arms.forget(user);
    }
}

/// Readers are shown a version whose deployment is being written. When it is dropped they get what is deployed.
pub struct Preview<'a>(&'a Readers);

impl Drop for Preview<'_> {
    fn drop(&mut self) {
        self.0.preview.store(None);
    }
}
