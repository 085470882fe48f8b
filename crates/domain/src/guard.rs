//! Guards: the metric they compare, the error rate they accept, and the action they take.

use serde::{Deserialize, Serialize};

use super::{FieldError, FieldResult, Timestamp, VersionNumber, field::in_range};

/// Metric of a guard.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum GuardMetric {
    /// Share of sampled next events among the first 20 recommendations (Recall@20).
    Recall,
    /// Mean reciprocal rank of sampled next events within the first 20 recommendations (MRR@20).
    Mrr,
    /// Click-through rate: lists with a click per list shown. Needs a split between the live state and a version.
    Ctr,
}

/// Action of a guard at an alarm.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum GuardAction {
    /// Learning is frozen.
    Freeze,
    /// Readers see the reference until unpinned; learning goes on.
    Pin,
    /// The live state becomes that of the reference.
    Restore,
}

/// Settings of a guard.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct GuardSettings {
    /// Metric by which the live state is compared with the reference.
    pub metric: GuardMetric,
    /// Relative fall below the reference that counts as a failure, 0.01 to 0.9.
    pub drop: f64,
    /// Number of samples within which a fall must show; the reference is older than that. 50 to 1,000,000.
    pub window: u64,
    /// Number of samples before the first alarm, 1 to `window`.
    pub min_samples: u64,
    /// Greatest accepted rate of false alarms per sample: 0.000001 is one in a million samples. 1e-12 to 0.01, and at
    /// most 0.1 / `window`.
    pub false_alarms: f64,
    /// Action at an alarm.
    pub action: GuardAction,
    /// Version to compare with and return to. Null means the newest one older than `window` samples.
    pub reference: Option<VersionNumber>,
}

impl GuardSettings {
    /// Checks all values; the error names the field.
    pub fn check(&self) -> FieldResult<()> {
        in_range("drop", self.drop, 0.01, 0.9)?;
        in_range("window", self.window, 50, 1_000_000)?;
        in_range("min_samples", self.min_samples, 1, self.window)?;
        in_range("false_alarms", self.false_alarms, 1e-12, 0.01)?;
        if self.false_alarms * self.window as f64 > 0.1 {
            let detail = format!("must be at most 0.1 / window = {}", 0.1 / self.window as f64);
            return Err(FieldError::new("false_alarms", "out_of_range", detail));
        }
        Ok(())
    }
}

/// A guard as stored.
#[derive(Debug, Clone, PartialEq)]
pub struct Guard {
    /// Settings of the guard.
    pub settings: GuardSettings,
    /// Whether the guard is active; it is disarmed once it has acted.
    pub armed: bool,
    /// The version that the live state is compared with now.
    pub reference: Option<VersionNumber>,
    /// Name of the API key that armed the guard.
    pub actor: String,
    /// When the guard was armed.
    pub armed_at: Timestamp,
    /// What the guard did, if it has acted.
    pub acted: Option<GuardActed>,
}

/// Action taken by a guard.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct GuardActed {
    /// Time of the action.
    pub at: Timestamp,
    /// Number of the deployment entry.
    pub deployment: u64,
    /// The numbers behind the action, as in the deployment entry.
    #[cfg_attr(feature = "openapi", schema(value_type = Object))]
    pub details: serde_json::Value,
}
