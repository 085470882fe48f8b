//! Times of events: numbers of seconds, milliseconds and so on, and texts.

use std::fmt;

use shelfmark_domain::Timestamp;

use super::cells::excerpt;

/// Unit of the times in a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum TsUnit {
    /// Seconds since 1970, whole or with a fraction.
    Seconds,
    /// Milliseconds since 1970.
    Milliseconds,
    /// Microseconds since 1970.
    Microseconds,
    /// Nanoseconds since 1970.
    Nanoseconds,
    /// Dates and times as text (RFC 3339, ISO 8601).
    Iso,
}

impl TsUnit {
    /// All units.
    pub const ALL: [Self; 5] = [Self::Seconds, Self::Milliseconds, Self::Microseconds, Self::Nanoseconds, Self::Iso];

    /// Returns the name on the command line.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Seconds => "seconds",
            Self::Milliseconds => "milliseconds",
            Self::Microseconds => "microseconds",
            Self::Nanoseconds => "nanoseconds",
            Self::Iso => "iso",
        }
    }

    /// Returns the unit in which a number is a time between the years 1973 and 2286; `None` where it is in none.
    pub(super) fn of(number: f64) -> Option<Self> {
        let is_date = |unit: &Self| *unit != Self::Iso && (1e8..1e10).contains(&(number.abs() * unit.seconds()));
        Self::ALL.into_iter().find(is_date)
    }

    const fn seconds(self) -> f64 {
        match self {
            Self::Seconds | Self::Iso => 1.0,
            Self::Milliseconds => 1e-3,
            Self::Microseconds => 1e-6,
            Self::Nanoseconds => 1e-9,
        }
    }

    fn timestamp(self, text: &str) -> Option<Timestamp> {
        // Whole numbers stay whole: nanoseconds do not fit a float.
        if let Ok(whole) = text.parse::<i64>() {
            let micros = match self {
                Self::Seconds | Self::Iso => whole.checked_mul(1_000_000),
                Self::Milliseconds => whole.checked_mul(1_000),
                Self::Microseconds => Some(whole),
                Self::Nanoseconds => Some(whole.div_euclid(1_000)),
            };
            return micros.and_then(Timestamp::from_micros);
        }
        Timestamp::from_seconds(text.parse::<f64>().ok()? * self.seconds())
    }
}

impl fmt::Display for TsUnit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// How the times of a file are read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct TsRule {
    /// The unit; `None` until the first time tells it.
    unit: Option<TsUnit>,
    /// Whether a person gave the unit. Then every number is in it, and a time without offset is in UTC.
    given: bool,
}

impl TsRule {
    /// Takes the unit that was given, else that of the format, else that of the first time.
    pub(super) fn new(given: Option<TsUnit>, format: Option<TsUnit>) -> Self {
        Self { unit: given.or(format), given: given.is_some() }
    }

    /// Returns the unit, once it is known.
    pub(super) fn unit(&self) -> Option<TsUnit> {
        self.unit
    }

    /// Whether a person gave the unit.
    pub(super) fn is_given(&self) -> bool {
        self.given
    }

    /// Parses a time. `name` names its column in errors.
    pub(super) fn parse(&mut self, text: &str, name: &str) -> Result<Timestamp, String> {
        let number: Option<f64> = text.parse().ok().filter(|number: &f64| number.is_finite());
        let unit = match (self.unit, number) {
            (Some(unit), _) => unit,
            (None, None) => TsUnit::Iso,
            (None, Some(number)) => TsUnit::of(number)
                .ok_or_else(|| format!("{name}: {text} is not clear: give --ts-unit seconds or milliseconds"))?,
        };
        let ts = match (unit, number) {
            (TsUnit::Iso, None) => date(text, self.given).map_err(|why| format!("{name}: {why}: {}", excerpt(text)))?,
            (TsUnit::Iso, Some(_)) => {
                return Err(format!("{name}: a number, not a date and time; --ts-unit says its unit: {text}"));
            }
            (_, None) => return Err(format!("{name}: not a number of {unit}: {}", excerpt(text))),
            (_, Some(number)) => {
                if let Some(other) = TsUnit::of(number).filter(|other| *other != unit && !self.given) {
                    let as_read = unit.timestamp(text).map(|ts| format!(" (as {unit}: {ts})")).unwrap_or_default();
                    return Err(format!(
                        "{name}: {text} looks like {other}, not {unit}{as_read}; --ts-unit {other} reads it so"
                    ));
                }
                unit.timestamp(text).ok_or_else(|| format!("{name}: out of range as {unit}: {}", excerpt(text)))?
            }
        };
        self.unit = Some(unit);
        Ok(ts)
    }
}

/// Parses RFC 3339 and the forms of ISO 8601 that programs print: a space for the T, ` UTC`, `+0000`, no seconds.
/// A time without offset is in UTC with `assume_utc`, else an error.
fn date(text: &str, assume_utc: bool) -> Result<Timestamp, String> {
    let wrong = || "no date and time".to_owned();
    if !text.is_ascii() || text.len() < 10 {
        return Err(wrong());
    }
    let (day, rest) = text.split_at(10);
    let rest = rest.strip_prefix(['T', 't', ' ']).unwrap_or(rest).trim();
    let end = rest.find(['+', '-', 'Z', 'z', ' ']).unwrap_or(rest.len());
    let (time, offset) = (&rest[..end], rest[end..].trim());
    let offset = match offset {
        "" if assume_utc => "Z".to_owned(),
        "" => return Err("has no offset from UTC; --ts-unit iso reads it as UTC".to_owned()),
        "UTC" | "GMT" | "Z" | "z" | "UTC+0" => "Z".to_owned(),
        signed => match (signed.len(), signed.contains(':')) {
            (3, false) => format!("{signed}:00"),
            (5, false) => format!("{}:{}", &signed[..3], &signed[3..]),
            _ => signed.to_owned(),
        },
    };
    let time = match time.matches(':').count() {
        0 if time.is_empty() => "00:00:00".to_owned(),
        1 => format!("{time}:00"),
        _ => time.to_owned(),
    };
    Timestamp::parse(&format!("{day}T{time}{offset}")).ok_or_else(wrong)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn micros(text: &str, rule: &mut TsRule) -> Result<i64, String> {
        rule.parse(text, "ts").map(Timestamp::micros)
    }

    #[test]
    fn the_first_time_tells_the_unit_and_another_unit_is_an_error() {
        let mut rule = TsRule::new(None, None);
        assert!(micros("5", &mut rule).is_err_and(|detail| detail.contains("--ts-unit")), "in no unit a date");
        assert_eq!(micros("1462752526309", &mut rule), Ok(1_462_752_526_309_000));
        assert_eq!(rule.unit(), Some(TsUnit::Milliseconds));
        let told = micros("1462752526", &mut rule).unwrap_err();
        assert!(told.contains("looks like seconds") && told.contains("1970-01-17"), "{told}");
    }

    #[test]
    fn a_given_unit_decides() {
        let given = |unit| TsRule::new(Some(unit), None);
        assert_eq!(micros("1462752526", &mut given(TsUnit::Milliseconds)), Ok(1_462_752_526_000));
        assert_eq!(micros("978300760.0", &mut given(TsUnit::Seconds)), Ok(978_300_760_000_000));
        assert_eq!(micros("1462752526309000001", &mut given(TsUnit::Nanoseconds)), Ok(1_462_752_526_309_000));
        assert!(micros("yesterday", &mut given(TsUnit::Seconds)).is_err());
    }

    #[test]
    fn dates_are_read_as_programs_print_them() {
        let mut rule = TsRule::new(None, Some(TsUnit::Iso));
        let expected = Ok(1_569_888_000_000_000);
        for text in [
            "2019-10-01 00:00:00 UTC",
            "2019-10-01T00:00:00Z",
            "2019-10-01 00:00:00+00:00",
            "2019-10-01T00:00:00.000+0000",
            "2019-10-01 02:00+02",
        ] {
            assert_eq!(micros(text, &mut rule), expected, "{text}");
        }
        for text in ["2019-10-01 00:00:00", "2019-10-01"] {
            assert!(micros(text, &mut rule).is_err_and(|detail| detail.contains("offset")), "{text}");
            assert_eq!(micros(text, &mut TsRule::new(Some(TsUnit::Iso), None)), expected, "{text}");
        }
        assert!(micros("tomorrow at ten", &mut rule).is_err());
    }
}
