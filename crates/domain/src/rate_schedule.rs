//! Learning rate schedules.

use serde::{Deserialize, Serialize};

use super::{FieldError, FieldResult, field::in_range};

/// Factor of a learning rate as a function of the number `n` of events learned.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case", tag = "shape", deny_unknown_fields)]
pub enum RateSchedule {
    /// Always 1.
    Constant,
    /// Inverse square root: `1 / sqrt(1 + n / events)`.
    InverseRoot {
        /// Events after which the factor is `1 / sqrt(2)`.
        #[cfg_attr(feature = "openapi", schema(minimum = 1))]
        events: u64,
    },
    /// Cosine annealing with restarts (Loshchilov and Hutter 2017): `floor + (1 - floor) (1 + cos(pi (n mod events) /
    /// events)) / 2`.
    CosineRestarts {
        /// Events of one period.
        #[cfg_attr(feature = "openapi", schema(minimum = 1))]
        events: u64,
        /// Factor at the end of a period, 0 to 1.
        floor: f32,
    },
}

impl RateSchedule {
    /// Returns the factor after `n` events.
    #[expect(clippy::cast_precision_loss, clippy::cast_possible_truncation, reason = "a factor between 0 and 1")]
    pub fn factor(&self, n: u64) -> f32 {
        match self {
            Self::Constant => 1.0,
            Self::InverseRoot { events } => (1.0 + n as f64 / *events as f64).sqrt().recip() as f32,
            Self::CosineRestarts { events, floor } => {
                let through = (n % events) as f64 / *events as f64;
                let falling = (1.0 + (std::f64::consts::PI * through).cos()) / 2.0;
                floor + (1.0 - floor) * falling as f32
            }
        }
    }

    pub(super) fn check(&self, field: &str) -> FieldResult<()> {
        match self {
            Self::Constant => Ok(()),
            Self::InverseRoot { events } | Self::CosineRestarts { events, .. } if *events == 0 => {
                Err(FieldError::new(format!("{field}.events"), "out_of_range", "must be at least 1"))
            }
            Self::InverseRoot { .. } => Ok(()),
            Self::CosineRestarts { floor, .. } => in_range(format_args!("{field}.floor"), *floor, 0.0, 1.0),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_schedule_follows_its_formula() {
        assert_eq!(RateSchedule::Constant.factor(1_000_000), 1.0);
        let root = RateSchedule::InverseRoot { events: 100 };
        assert_eq!([root.factor(0), root.factor(300)], [1.0, 0.5]);
        let cosine = RateSchedule::CosineRestarts { events: 100, floor: 0.2 };
        assert_eq!([cosine.factor(0), cosine.factor(100)], [1.0, 1.0]);
        assert!((cosine.factor(50) - 0.6).abs() < 1e-6);
        let none = RateSchedule::InverseRoot { events: 0 }.check("schedules.items").expect_err("refused");
        assert_eq!(none.field, "schedules.items.events");
    }
}
