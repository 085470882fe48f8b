//! Everything that answers with a list of items for somebody: one query, many from one state, a user's short form, and
//! the order of given candidates. They are read by one set of rules (`request`) and answered in one way (`answer`).

mod answer;
pub mod batch;
pub mod rank;
mod request;
pub mod single;
