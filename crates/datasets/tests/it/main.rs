//! Files of events and vectors, read and written.

mod feeds_formats;
#[path = "../../../../tests/serving_world/mod.rs"]
mod serving_world;
mod vectors_export;
