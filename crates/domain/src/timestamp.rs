//! Timestamps: microseconds since the Unix epoch, RFC 3339 as text.

use std::fmt;

use serde::{Deserialize, Serialize};
use time::{OffsetDateTime, format_description::well_known::Rfc3339};

/// A time in whole microseconds since 1970-01-01T00:00:00Z, between the years 1 and 9999.
///
/// Serialized as RFC 3339. Parsed from RFC 3339 or from Unix seconds, whole or with a fraction.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "openapi", schema(value_type = String, format = DateTime))]
pub struct Timestamp(i64);

impl Timestamp {
    /// Earliest time: 0001-01-01T00:00:00Z.
    pub const MIN: Self = Self(-62_135_596_800_000_000);
    /// Latest time: 9999-12-31T23:59:59.999999Z.
    pub const MAX: Self = Self(253_402_300_799_999_999);

    /// Converts microseconds since the epoch; `None` outside the years 1 to 9999.
    pub fn from_micros(micros: i64) -> Option<Self> {
        (Self::MIN.0..=Self::MAX.0).contains(&micros).then_some(Self(micros))
    }

    /// Converts Unix seconds; `None` when not finite or outside the years 1 to 9999.
    pub fn from_seconds(seconds: f64) -> Option<Self> {
        let micros = (seconds * 1e6).round();
        // Coarse check against overflow; the exact range is checked on the integer.
        if !micros.is_finite() || micros.abs() > 9e17 {
            return None;
        }
        #[expect(clippy::cast_possible_truncation, reason = "checked to be below 9e17 just above")]
        Self::from_micros(micros as i64)
    }

    /// Reads the system's clock. For request handlers only: the learner never reads a clock.
    pub fn now() -> Self {
        Self::from(OffsetDateTime::now_utc())
    }

    /// Returns the microseconds since the epoch.
    #[inline]
    pub const fn micros(self) -> i64 {
        self.0
    }

    /// Returns the seconds from `earlier` to `self`; negative when `earlier` is later.
    #[inline]
    #[expect(clippy::cast_precision_loss, reason = "gaps are put into 20 logarithmic buckets")]
    pub fn seconds_since(self, earlier: Self) -> f64 {
        (self.0 - earlier.0) as f64 * 1e-6
    }

    /// Converts to a date and time of the `time` crate, for SQL and text.
    pub fn to_datetime(self) -> OffsetDateTime {
        OffsetDateTime::from_unix_timestamp_nanos(i128::from(self.0) * 1000).expect("range is checked on the way in")
    }

    /// Says what is wrong with a number of seconds that is out of range, for the common reasons.
    pub fn advice_on_seconds(seconds: f64) -> Option<String> {
        // 2001 to 2100: what a time that people send is, whatever its unit.
        const USUAL: std::ops::Range<f64> = 1e9..4.1e9;
        let units = [(1e3, "milliseconds"), (1e6, "microseconds"), (1e9, "nanoseconds")];
        let (divisor, unit) = units.into_iter().find(|(divisor, _)| USUAL.contains(&(seconds / divisor)))?;
        Some(format!("{seconds} looks like {unit}; Unix seconds are taken: divide by {divisor}"))
    }

    /// Says what is wrong with a text that is no RFC 3339, for the common reasons.
    pub fn advice_on_text(text: &str) -> Option<String> {
        if text.len() > 40 {
            return None;
        }
        if text.parse::<f64>().is_ok() {
            return Some(format!("{text:?} is text; Unix seconds are a number, without quotes"));
        }
        let with_t = text.replacen(' ', "T", 1);
        if Self::parse(&format!("{with_t}Z")).is_some() {
            return Some(format!("{text:?} has no offset: add Z for UTC, or one like +02:00"));
        }
        if Self::parse(&with_t).is_some() {
            return Some(format!("{text:?} has a blank between date and time: write T"));
        }
        let is_date = Self::parse(&format!("{text}T00:00:00Z")).is_some();
        is_date.then(|| format!("{text:?} is a date: add a time and an offset, like T00:00:00Z"))
    }

    /// Parses RFC 3339.
    pub fn parse(text: &str) -> Option<Self> {
        OffsetDateTime::parse(text, &Rfc3339)
            .ok()
            .and_then(|at| i64::try_from(at.unix_timestamp_nanos().div_euclid(1000)).ok().and_then(Self::from_micros))
    }
}

impl From<OffsetDateTime> for Timestamp {
    fn from(at: OffsetDateTime) -> Self {
        let micros = i64::try_from(at.unix_timestamp_nanos().div_euclid(1000)).unwrap_or(0);
        Self(micros.clamp(Self::MIN.0, Self::MAX.0))
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.to_datetime().format(&Rfc3339).expect("years 1 to 9999 have an RFC 3339 form"))
    }
}

impl Serialize for Timestamp {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Timestamp {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Visitor;
        impl serde::de::Visitor<'_> for Visitor {
            type Value = Timestamp;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an RFC 3339 time or Unix seconds, between the years 1 and 9999")
            }

            fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<Timestamp, E> {
                Timestamp::parse(text).ok_or_else(|| match Timestamp::advice_on_text(text) {
                    Some(advice) => E::custom(advice),
                    None => E::invalid_value(serde::de::Unexpected::Str(text), &self),
                })
            }

            #[expect(clippy::cast_precision_loss, reason = "seconds of the years 1 to 9999 fit in 53 bits")]
            fn visit_i64<E: serde::de::Error>(self, seconds: i64) -> Result<Timestamp, E> {
                self.visit_f64(seconds as f64)
            }

            #[expect(clippy::cast_precision_loss, reason = "seconds of the years 1 to 9999 fit in 53 bits")]
            fn visit_u64<E: serde::de::Error>(self, seconds: u64) -> Result<Timestamp, E> {
                self.visit_f64(seconds as f64)
            }

            fn visit_f64<E: serde::de::Error>(self, seconds: f64) -> Result<Timestamp, E> {
                Timestamp::from_seconds(seconds).ok_or_else(|| match Timestamp::advice_on_seconds(seconds) {
                    Some(advice) => E::custom(advice),
                    None => E::invalid_value(serde::de::Unexpected::Float(seconds), &self),
                })
            }
        }
        deserializer.deserialize_any(Visitor)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rfc_3339_and_unix_seconds_agree() {
        let text: Timestamp = serde_json::from_str("\"2010-12-01T08:26:00Z\"").expect("valid");
        let seconds: Timestamp = serde_json::from_str("1291191960").expect("valid");
        assert_eq!(text, seconds);
        assert_eq!(text.to_string(), "2010-12-01T08:26:00Z");
    }

    #[test]
    fn common_mistakes_are_told_apart() {
        for (text, told) in [
            ("1700000000000", "milliseconds"),
            ("1700000000000000", "microseconds"),
            ("1.7e18", "nanoseconds"),
            ("\"2026-11-23T10:00:00\"", "no offset"),
            ("\"2026-11-23 10:00:00.5\"", "no offset"),
            ("\"2026-11-23\"", "is a date"),
            ("\"1700000000\"", "without quotes"),
            ("\"yesterday\"", "RFC 3339"),
            ("1e300", "between the years"),
        ] {
            let error = serde_json::from_str::<Timestamp>(text).expect_err(text).to_string();
            assert!(error.contains(told), "{text}: {error}");
        }
    }

    #[test]
    fn years_outside_1_to_9999_are_rejected() {
        assert!(serde_json::from_str::<Timestamp>("1e300").is_err());
        assert!(Timestamp::from_micros(Timestamp::MAX.micros() + 1).is_none());
        assert!(Timestamp::from_seconds(f64::NAN).is_none());
    }
}
