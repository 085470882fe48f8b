//! API keys: creation, listing, revocation and authentication.
//!
//! **Promises.**
//! - A key is shown once, when it is created. Only its SHA-256 is stored; the key itself is never logged or printed.
//! - A presented key is compared with all hashes in constant time.
//! - [`KeyStore::authenticate`] reads a cache in memory, which a task refreshes every 2 s. A key that another process
//!   revokes therefore works here for 2 s more. While Postgres is unreachable, the last cache stays in use. Changes
//!   made through this store apply at once.
//!
//! **Bounds.** At most 1,000 keys. A presented key of more than 128 bytes is refused unhashed.
//!
//! **Used by** `http` (authentication), `app` (the rest) and `engine`, which revokes the keys of a deleted model with
//! [`revoke_model_keys`]. What a scope allows is decided elsewhere.

mod error;
mod new_key;
mod secret;
mod store;

pub use error::KeyError;
pub use new_key::NewKey;
pub use secret::Secret;
pub use store::{KeyStore, revoke_model_keys};
