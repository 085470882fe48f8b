//! Health of Postgres as a log sees it: whether it answers, and whether it takes appends.
//!
//! Both follow from work that is done anyway: the timer that reads the head, and the appends. After an append that
//! failed, and so while nobody may send any more, `write_probe.rs` tries to write until that succeeds.

use std::{
    sync::{Mutex, PoisonError},
    time::Duration,
};

use tokio::{sync::watch, time::Instant};

use super::LogError;

/// What a log knows of its database.
#[derive(Debug)]
pub(super) struct DatabaseHealth {
    /// When Postgres last answered.
    answered: Mutex<Instant>,
    /// Why the last append failed; `None` after one that succeeded.
    write_failure: watch::Sender<Option<String>>,
}

impl DatabaseHealth {
    pub(super) fn new() -> Self {
        Self { answered: Mutex::new(Instant::now()), write_failure: watch::Sender::new(None) }
    }

    /// Notes an answer of Postgres.
    pub(super) fn answered(&self) {
        *self.answered.lock().unwrap_or_else(PoisonError::into_inner) = Instant::now();
    }

    /// Notes an append that was committed, or a probe that could have been.
    pub(super) fn written(&self) {
        self.answered();
        self.write_failure.send_if_modified(|failure| failure.take().is_some());
    }

    /// Follows why the last append failed.
    pub(super) fn write_failures(&self) -> watch::Receiver<Option<String>> {
        self.write_failure.subscribe()
    }

    /// Notes an append that failed.
    pub(super) fn write_failed(&self, error: &LogError) {
        self.write_failure.send_replace(Some(reason(error)));
    }

    /// Returns what is wrong, in words; `None` while Postgres answers and takes appends. `answer_max` is the longest
    /// time without an answer.
    pub(super) fn problem(&self, answer_max: Duration) -> Option<String> {
        let silent = self.answered.lock().unwrap_or_else(PoisonError::into_inner).elapsed();
        if silent > answer_max {
            let seconds = silent.as_secs();
            return Some(format!("the database has not answered for {seconds} s; reads are answered from memory"));
        }
        let failure = self.write_failure.borrow().clone();
        failure.map(|reason| format!("the log cannot be written: {reason}; reads are answered from memory"))
    }
}

/// Says why an append failed. It may be read by anybody, so it has nothing of the server's own texts.
fn reason(error: &LogError) -> String {
    let (LogError::Database(source) | LogError::CommitUnknown(source)) = error else {
        return "an append failed".to_owned();
    };
    if let sqlx::Error::Database(refusal) = &**source {
        return match refusal.code().as_deref() {
            Some("53100") => "the disk of the database is full (SQLSTATE 53100)".to_owned(),
            Some(code) => format!("the database refused an append (SQLSTATE {code})"),
            None => "the database refused an append".to_owned(),
        };
    }
    if matches!(**source, sqlx::Error::PoolTimedOut) {
        return "the database did not answer an append in time".to_owned();
    }
    "the connection to the database was lost during an append".to_owned()
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;

    #[test]
    fn silence_and_failed_appends_are_told_until_they_end() {
        let health = DatabaseHealth::new();
        let long = Duration::from_secs(3600);
        assert_eq!(health.problem(long), None);
        let problem = health.problem(Duration::ZERO).expect("silent for longer than that");
        assert!(problem.starts_with("the database has not answered for 0 s"), "{problem}");
        health.write_failed(&LogError::Database(Arc::new(sqlx::Error::PoolTimedOut)));
        health.answered();
        let problem = health.problem(long).expect("an append failed, whatever else is answered");
        assert!(problem.contains("did not answer an append in time"), "{problem}");
        health.written();
        assert_eq!(health.problem(long), None);
    }
}
