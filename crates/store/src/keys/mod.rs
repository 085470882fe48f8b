//! API keys: made, listed, taken back, and recognised.
//!
//! Promises: a key is shown once, when it is made, and never kept, logged or printed: only its SHA-256 is. A presented key
//! is compared with all hashes in constant time. [`KeyStore::authenticate`] asks no database: it reads a snapshot that a
//! task renews every 2 s, so a key that another process takes back works here for that long at most (while Postgres is
//! away the last snapshot stays); changes made here hold at once.
//!
//! Bounds: at most 1,000 keys; a presented key of more than 128 bytes is refused unhashed.
//!
//! Who may call: `http` (authenticate) and `app` (the rest); `engine` takes back the keys of a
//! model that is deleted ([`revoke_model_keys`]). It does not decide what a scope may do.

mod error;
mod secret;
mod store;

pub use error::KeyError;
pub use secret::Secret;
pub use store::{KeyStore, revoke_model_keys};
