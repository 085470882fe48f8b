//! Last committed position known to this process, and position of its reader, both with waiting for a later one.

use tokio::sync::watch;

use shelfmark_domain::{Position, Timestamp};

/// Head, with the time of its commit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Head {
    pub position: Position,
    pub at: Timestamp,
}

/// Last committed position known to this process. It only moves forward.
#[derive(Debug)]
pub(super) struct KnownHead {
    sender: watch::Sender<Head>,
}

impl KnownHead {
    pub(super) fn new(head: Head) -> Self {
        Self { sender: watch::Sender::new(head) }
    }

    /// Advances to a head. One that is not later than the known head changes nothing.
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

    /// Waits until the head is at `position` or later.
    pub(super) async fn reached(&self, position: Position) {
        self.sender
            .subscribe()
            .wait_for(|head| head.position >= position)
            .await
            .expect("the sender lives as long as `self`");
    }
}

/// Position of this process's reader, if there is one. It determines the commit delay.
#[derive(Debug, Default)]
pub(super) struct ReaderPosition {
    sender: watch::Sender<Option<Position>>,
}

impl ReaderPosition {
    pub(super) fn set(&self, position: Position) {
        self.sender.send_replace(Some(position));
    }

    /// Returns the position of the reader; `None` without a reader.
    pub(super) fn get(&self) -> Option<Position> {
        *self.sender.borrow()
    }

    /// Waits until the reader is at `position` or later. Returns at once without a reader.
    pub(super) async fn reached(&self, position: Position) {
        self.sender
            .subscribe()
            .wait_for(|reader| reader.is_none_or(|reader| reader >= position))
            .await
            .expect("the sender lives as long as `self`");
    }
}
