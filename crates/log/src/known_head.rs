//! The last committed position that this process knows of, and the wake-up of those who wait for a later one.

use tokio::sync::watch;

use shelfmark_domain::{Position, Timestamp};

/// A head and the time of its commit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Head {
    pub position: Position,
    pub at: Timestamp,
}

/// Only ever moves forward.
#[derive(Debug)]
pub(super) struct KnownHead {
    sender: watch::Sender<Head>,
}

impl KnownHead {
    pub(super) fn new(head: Head) -> Self {
        Self { sender: watch::Sender::new(head) }
    }

    /// Takes note of a head; earlier ones than the known one change nothing.
    pub(super) fn advance(&self, head: Head) {
        self.sender.send_if_modified(|known| {
            let later = head.position > known.position;
            if later {
                *known = head;
            }
            later
        });
    }

    pub(super) fn get(&self) -> Head {
        *self.sender.borrow()
    }

    /// Waits until something stands at `position`.
    pub(super) async fn reached(&self, position: Position) {
        self.sender
            .subscribe()
            .wait_for(|head| head.position >= position)
            .await
            .expect("the sender lives as long as `self`");
    }
}

/// How far the reader of this process has got, if there is one: what paces the appender.
#[derive(Debug, Default)]
pub(super) struct ReaderPosition {
    sender: watch::Sender<Option<Position>>,
}

impl ReaderPosition {
    pub(super) fn set(&self, position: Position) {
        self.sender.send_replace(Some(position));
    }

    /// Where the reader stands; `None` when there is none.
    pub(super) fn get(&self) -> Option<Position> {
        *self.sender.borrow()
    }

    /// Waits until the reader stands at `position`; without a reader there is nothing to wait for.
    pub(super) async fn reached(&self, position: Position) {
        self.sender
            .subscribe()
            .wait_for(|reader| reader.is_none_or(|reader| reader >= position))
            .await
            .expect("the sender lives as long as `self`");
    }
}
