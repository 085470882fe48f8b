//! Times, as people read them.

use std::time::Duration;

use serde_json::{Value, json};

/// Some times, ascending.
pub struct Times(Vec<Duration>);

impl Times {
    pub fn new(mut times: Vec<Duration>) -> anyhow::Result<Self> {
        anyhow::ensure!(!times.is_empty(), "nothing was timed");
        times.sort_unstable();
        Ok(Self(times))
    }

    /// The smallest time that so many per cent do not exceed, in milliseconds.
    pub fn ms(&self, per_cent: usize) -> f64 {
        let place = (self.0.len() * per_cent).div_ceil(100).max(1) - 1;
        self.0[place].as_secs_f64() * 1e3
    }

    pub fn text(&self) -> String {
        format!("p50 {:.1} ms, p99 {:.1} ms, slowest {:.1} ms", self.ms(50), self.ms(99), self.ms(100))
    }

    pub fn json(&self) -> Value {
        json!({ "unit": "ms", "p50": self.ms(50), "p99": self.ms(99), "max": self.ms(100), "count": self.0.len() })
    }
}
