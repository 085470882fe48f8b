//! What a guard watches, how sure it must be, and what it then does.

use serde::{Deserialize, Serialize};

use super::{FieldError, FieldResult, Timestamp, VersionNumber};

/// What is measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum GuardMetric {
    /// Share of sampled next events among the first 20 that would have been recommended.
    Recall,
    /// Mean of 1 / place of sampled next events, 0 beyond 20.
    Mrr,
    /// Lists with a click by lists shown; needs a split between the live state and a version.
    Ctr,
}

/// What is done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum GuardAction {
    /// Learning stops where it is.
    Freeze,
    /// Readers see the reference until unpinned; learning goes on.
    Pin,
    /// The live state becomes the reference's.
    Restore,
}

/// The settings of a guard.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct GuardSettings {
    /// What is measured, on the live state against the reference.
    pub metric: GuardMetric,
    /// The live state may fall below the reference by this part of it, above 0 and at most 0.9.
    pub drop: f64,
    /// A fall has to show within so many samples, and the reference is older than that; 50 to 1,000,000.
    pub window: u64,
    /// No alarm before so many samples, 1 to `window`.
    pub min_samples: u64,
    /// False alarms a sample that are accepted at most, on average: 0.000001 is one in a million samples. 1e-12 to 0.1 / `window`.
    pub false_alarms: f64,
    /// What is done at an alarm.
    pub action: GuardAction,
    /// The version that live is measured against, and returned to; null: the newest one that is older than `window` samples.
    pub reference: Option<VersionNumber>,
}

impl GuardSettings {
    /// Checks every rule; the error names the field.
    pub fn check(&self) -> FieldResult<()> {
        let within = |field: &str, value: f64, min: f64, max: f64| {
            // Written so that NaN fails.
            if value >= min && value <= max {
                return Ok(());
            }
            Err(FieldError::new(field, "out_of_range", format!("must be {min} to {max}, is {value}")))
        };
        let count = |field: &str, value: u64, min: u64, max: u64| {
            if (min..=max).contains(&value) {
                return Ok(());
            }
            Err(FieldError::new(field, "out_of_range", format!("must be {min} to {max}, is {value}")))
        };
        within("drop", self.drop, 0.01, 0.9)?;
        count("window", self.window, 50, 1_000_000)?;
        count("min_samples", self.min_samples, 1, self.window)?;
        within("false_alarms", self.false_alarms, 1e-12, 0.01)?;
        if self.false_alarms * self.window as f64 > 0.1 {
            let detail = format!("must be at most 0.1 / window, {}", 0.1 / self.window as f64);
            return Err(FieldError::new("false_alarms", "out_of_range", detail));
        }
        Ok(())
    }
}

/// A guard as it is kept.
#[derive(Debug, Clone, PartialEq)]
pub struct Guard {
    /// What it watches.
    pub settings: GuardSettings,
    /// Whether it watches; it stops when it has acted.
    pub armed: bool,
    /// What live is measured against now.
    pub reference: Option<VersionNumber>,
    /// Who armed it.
    pub actor: String,
    /// When.
    pub armed_at: Timestamp,
    /// What it did, if it did.
    pub acted: Option<GuardActed>,
}

/// An action of a guard.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct GuardActed {
    /// When.
    pub at: Timestamp,
    /// Number of the deployment entry.
    pub deployment: u64,
    /// The numbers that led to it, as in the deployment entry.
    #[cfg_attr(feature = "openapi", schema(value_type = Object))]
    pub details: serde_json::Value,
}
