//! Processes on one database: where each of them stands, as it said itself.
//!
//! **Promises.** What is listed was said within the last 20 s. Nothing decides by it.
//!
//! **Bounds.** At most 1,000 processes are listed. Rows of processes that said nothing for a minute are deleted.

mod register;

pub use register::{ModelStanding, ProcessError, ProcessRegister, ProcessReport, SeenProcess};
