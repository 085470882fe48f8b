//! Map of the items: a fixed linear projection of their vectors to two coordinates, and a sample that stands for all.
//!
//! **Promises.**
//! - A projection is linear and depends on its basis state alone. So a point moves only when its vector does.
//! - Equal states give equal projections and equal samples, to the bit.
//! - The sample is stratified by popularity ([`sample`]). It depends on ids and popularity, not on the order of rows.
//!
//! **Must not know** where the states come from. It neither loads nor waits.
//!
//! **Bounds.** A projection reads at most [`BASIS_ROWS_MAX`] rows and takes `rows * dim^2 / 2` multiply-adds, then at
//! most 1,000 products with a `dim x dim` matrix. A sample reads every item once and has at most [`SAMPLE_MAX`] rows
//! besides those that were asked for. Call both outside the async workers.

mod projection;
mod stratified_sample;

pub use projection::{BASIS_ROWS_MAX, Projection};
pub use stratified_sample::{SAMPLE_MAX, first_event_ranks, popularity, sample};
