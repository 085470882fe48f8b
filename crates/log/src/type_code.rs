//! Codes of `records.type`.

pub(super) const EVENT: i16 = 1;
pub(super) const PUT_ITEM: i16 = 2;
pub(super) const REMOVE_ITEM: i16 = 3;
pub(super) const RESTORE: i16 = 4;
pub(super) const CONFIGURE: i16 = 5;
pub(super) const PUT_VECTOR: i16 = 6;
pub(super) const FORGET: i16 = 7;
pub(super) const PATCH_ITEM: i16 = 8;
pub(super) const MERGE: i16 = 9;
pub(super) const RESET_MODALITY: i16 = 10;
pub(super) const RETRACT: i16 = 11;
pub(super) const UPDATE_PROFILE: i16 = 12;
