//! Which state a reader gets: what the last deployment says, and the arms of a split.

pub(super) mod arm_status;
pub(super) mod arms;
pub(super) mod attribution;
pub(super) mod deployments;
pub(super) mod follow;
pub(super) mod readers;
pub(super) mod slot;
