//! Which state a reader gets: what the last deployment says, and the arms of a split.

pub(super) mod arms;
pub(super) mod follow;
pub(super) mod splitting;
