//! Searches and publications, held against slow and obvious ways.

mod exact;
mod publish;
mod query;
#[path = "../../../../tests/serving_world/mod.rs"]
mod serving_world;
