//! Positions in a model's log, and intervals of them.

use std::fmt;

use serde::{Deserialize, Serialize};

/// Position of a record in its model's log: dense, from 1, in commit order (P3). 0 is before the first record.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(transparent)]
#[cfg_attr(feature = "openapi", schema(value_type = u64, maximum = 9_223_372_036_854_775_807i64))]
pub struct Position(u64);

impl Position {
    /// Before the first record.
    pub const ZERO: Self = Self(0);

    /// The greatest position: a `bigint` in Postgres.
    pub const LAST: Self = Self(i64::MAX.cast_unsigned());

    /// Wraps a number.
    pub const fn new(number: u64) -> Self {
        Self(number)
    }

    /// Converts a Postgres `bigint`. Negative numbers, which the schema forbids, become 0.
    pub fn from_i64(number: i64) -> Self {
        Self(u64::try_from(number).unwrap_or(0))
    }

    /// Returns the number.
    #[inline]
    pub const fn get(self) -> u64 {
        self.0
    }

    /// Converts to a Postgres `bigint`.
    #[inline]
    pub fn as_i64(self) -> i64 {
        i64::try_from(self.0).expect("positions stay below 2^63: one per nanosecond for 292 years")
    }

    /// Returns the next position.
    #[inline]
    #[must_use]
    pub const fn next(self) -> Self {
        Self(self.0 + 1)
    }

    /// Returns the previous position; 0 stays 0.
    #[inline]
    #[must_use]
    pub const fn previous(self) -> Self {
        Self(self.0.saturating_sub(1))
    }

    /// Returns the position `count` records later.
    #[inline]
    #[must_use]
    pub const fn advanced(self, count: u64) -> Self {
        Self(self.0 + count)
    }

    /// Returns the number of records in `(earlier, self]`; 0 when `earlier` is later.
    #[inline]
    pub const fn since(self, earlier: Self) -> u64 {
        self.0.saturating_sub(earlier.0)
    }
}

/// Refuses numbers beyond [`Position::LAST`], which Postgres could not compare with.
impl<'de> Deserialize<'de> for Position {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let position = Self(u64::deserialize(deserializer)?);
        if position > Self::LAST {
            return Err(serde::de::Error::custom(format_args!("must be 0 to {}, is {position}", Self::LAST)));
        }
        Ok(position)
    }
}

impl fmt::Display for Position {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// The interval of positions `(after, through]`; `[after, through]` in JSON.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(from = "(Position, Position)", into = "(Position, Position)")]
pub struct Interval {
    /// Exclusive lower end.
    pub after: Position,
    /// Inclusive upper end.
    pub through: Position,
}

impl Interval {
    /// Whether a position is in the interval.
    #[inline]
    pub fn contains(self, position: Position) -> bool {
        self.after < position && position <= self.through
    }
}

impl From<(Position, Position)> for Interval {
    fn from((after, through): (Position, Position)) -> Self {
        Self { after, through }
    }
}

impl From<Interval> for (Position, Position) {
    fn from(interval: Interval) -> Self {
        (interval.after, interval.through)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_position_that_is_read_is_one_that_postgres_knows() {
        let read = |text: &str| serde_json::from_str::<Position>(text);
        assert_eq!(read("9223372036854775807").expect("the last"), Position::LAST);
        for text in ["9223372036854775808", "18446744073709551615", "18446744073709551616", "-1", "1.5", "1e3"] {
            read(text).expect_err(text);
        }
        assert_eq!(Position::LAST.as_i64(), i64::MAX);
    }
}
