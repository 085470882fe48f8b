//! Feedback in order of time: Gorse gives it by type, user and item, and a model learns in the order of the log.

use anyhow::Context;
use serde::Deserialize;
use serde_json::value::RawValue;
use shelfmark_domain::Timestamp;

use super::source::Entries;

/// Feedback that is put in order at once: some 250 bytes each.
pub const FEEDBACK_MAX: usize = 5_000_000;

/// What the order needs of feedback.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Timed {
    timestamp: Option<String>,
}

/// Feedback with its times.
#[derive(Default)]
pub struct ByTime(Vec<(Timestamp, Box<RawValue>)>);

impl ByTime {
    /// Adds feedback. What has no time happens when it arrives, and comes last.
    pub fn add(&mut self, feedback: Entries) -> anyhow::Result<()> {
        for entry in feedback {
            let timed: Timed = serde_json::from_str(entry.get()).with_context(|| format!("feedback {entry}"))?;
            let at = timed.timestamp.as_deref().filter(|at| !at.starts_with("0001-")).and_then(Timestamp::parse);
            self.0.push((at.unwrap_or(Timestamp::MAX), entry));
        }
        Ok(())
    }

    /// Whether no more is put in order together.
    pub fn is_full(&self) -> bool {
        self.0.len() >= FEEDBACK_MAX
    }

    /// Takes everything, oldest first; what has equal times in the order in which it came.
    pub fn take(&mut self) -> Entries {
        self.0.sort_by_key(|(at, _)| *at);
        self.0.drain(..).map(|(_, entry)| entry).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_oldest_comes_first_whatever_its_zone_and_what_has_no_time_last() {
        let entry = |text: &str| RawValue::from_string(text.to_owned()).expect("JSON");
        let mut by_time = ByTime::default();
        let given = [
            r#"{"ItemId":"none"}"#,
            r#"{"ItemId":"c","Timestamp":"2021-05-01T10:00:00Z"}"#,
            r#"{"ItemId":"a","Timestamp":"2021-05-01T10:00:00+02:00"}"#,
            r#"{"ItemId":"year 1","Timestamp":"0001-01-01T00:00:00Z"}"#,
            r#"{"ItemId":"b","Timestamp":"2021-05-01T09:00:00.5Z"}"#,
            r#"{"ItemId":"c2","Timestamp":"2021-05-01T10:00:00Z"}"#,
        ];
        by_time.add(given.map(entry).into()).expect("feedback");
        let order: Vec<String> = by_time
            .take()
            .iter()
            .map(|entry| serde_json::from_str::<serde_json::Value>(entry.get()).expect("JSON")["ItemId"].to_string())
            .collect();
        assert_eq!(order.join(" "), r#""a" "b" "c" "c2" "none" "year 1""#);
        assert!(by_time.take().is_empty());
        assert!(by_time.add(vec![entry("[1]")]).is_err());
    }
}
