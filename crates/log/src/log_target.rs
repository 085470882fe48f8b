//! Address of a log within the database, for whoever writes to it.

/// Log that an appender writes to, and the appender's own number.
#[derive(Debug, Clone, Copy)]
pub(super) struct LogTarget {
    pub model_id: i32,
    /// Random number of this handle's appender, so that it can ignore its own notifications.
    pub origin: u64,
}
