//! The commands: each turns its arguments into calls of the library.
//!
//! | commands | how they work |
//! |---|---|
//! | `serve` | runs the service ([`shelfmark::app`]) |
//! | `replay`, `demo`, `import` | one [`pipeline`]: a producer reads or generates entries, a sender of `crates/client` posts them |
//! | `evaluate`, `tune` | read the same files ([`input`]) and need no service |
//! | `recommend`, `learning`, `bias`, `trace`, `history`, `forget`, `rollback`, `unpin`, `operations`, `models`, `fork`, `versions`, `serving`, `guard`, `ready` | send a request and print its answer ([`client_command`]) |
//! | `bench` | drives `crates/loadgen` |
//! | `keys`, `verify`, `backup`, `restore` | open the [`database`]; `backups` needs none |
//! | `size` | computes with its arguments alone |
//! | `completions`, `man-pages` | print a script for a shell, write manual pages |
//!
//! Answers are printed as text, with [`table`]s of at most 80 columns, or as JSON. Progress goes to standard error
//! ([`progress_bar`]).

pub mod backup;
pub mod bench;
pub mod bias;
mod client_command;
pub mod completions;
mod database;
pub mod demo;
mod dry_run;
mod ending;
pub mod evaluate;
pub mod exit_status;
pub mod forget;
mod gorse;
pub mod guard;
pub mod history;
pub mod import;
mod input;
pub mod keys;
pub mod learning;
pub mod man_pages;
mod model_log;
pub mod models;
pub mod operations;
mod pipeline;
mod poll;
mod progress_bar;
pub mod ready;
pub mod recommend;
pub mod replay;
pub mod restore;
pub mod rollback;
mod send_progress;
pub mod serve;
pub mod serving;
pub mod size;
mod stats;
mod table;
mod targets_file;
pub mod trace;
pub mod tune;
mod vectors;
pub mod verify;
pub mod versions;
