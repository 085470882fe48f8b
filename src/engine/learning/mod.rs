//! Learning: records are read in order and learned on a thread of the model's own, from the newest sound version on.

pub(super) mod configure;
pub(super) mod feed;
pub(super) mod freeze;
pub(super) mod handle;
pub(super) mod parts;
pub(super) mod recovery;
pub(super) mod supervisor;
pub(super) mod worker;
