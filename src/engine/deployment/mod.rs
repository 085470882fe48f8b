//! Deployment: the views that readers get, the arms of a split, and the attribution of clicks.

pub(super) mod arm_status;
pub(super) mod arms;
pub(super) mod attribution;
pub(super) mod deployments;
pub(super) mod follow;
pub(super) mod readers;
pub(super) mod slot;
