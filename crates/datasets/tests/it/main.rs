//! Files of events and vectors, read and written.

mod feeds_formats;
mod feeds_packed;
mod feeds_parquet;
mod feeds_published;
mod feeds_tables;
mod messages;
#[path = "../../../../tests/serving_world/mod.rs"]
mod serving_world;
mod vectors_export;
mod vectors_odd;
