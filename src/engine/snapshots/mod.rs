//! States as versions: taken, kept in memory, retained, exported, compared and verified.

pub(super) mod cache;
pub(super) mod compare;
pub(super) mod delta_tracker;
pub(super) mod export;
pub(super) mod load;
pub(super) mod recent_states;
pub(super) mod retention;
pub(super) mod store;
pub(super) mod take;
pub(super) mod verify;
