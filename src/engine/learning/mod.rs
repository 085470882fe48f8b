//! The way of a record into the live state: read in order, learned on a thread of its own, from the newest sound version on;
//! and the same beside the learner, for whoever needs a state that is not live.

pub(super) mod configure;
pub(super) mod feed;
pub(super) mod freeze;
pub(super) mod handle;
pub(super) mod parts;
pub(super) mod recovery;
pub(super) mod supervisor;
pub(super) mod worker;
