//! Numbers as they were sent: whole ones of 64 bits, and floats. They are compared exactly.

use std::{cmp::Ordering, fmt};

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

/// A number. It is written again as it was sent: 7 as `7`, 7.0 as `7.0`; the two are equal.
#[derive(Clone, Copy)]
pub struct Number(Kind);

#[derive(Clone, Copy)]
enum Kind {
    Natural(u64),
    /// Below 0.
    Negative(i64),
    Float(f64),
}

/// A number's place in the exact order of all numbers: the nearest float, and what the number has beyond it. Only whole
/// numbers beyond 2^53 have a rest. It is 1,024 at most.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct NumberKey {
    /// The nearest float; 0 is never negative.
    pub nearest: f64,
    /// The number minus the nearest float.
    pub rest: i16,
}

impl Number {
    /// Returns the nearest float.
    #[expect(clippy::cast_precision_loss, reason = "the nearest float is what is asked for")]
    #[inline]
    pub fn as_f64(self) -> f64 {
        match self.0 {
            Kind::Natural(number) => number as f64,
            Kind::Negative(number) => number as f64,
            Kind::Float(number) => number,
        }
    }

    /// Returns a float as a whole number where it is one that JSON's readers keep exact: below 2^53.
    #[expect(clippy::cast_possible_truncation, reason = "whole and below 2^53")]
    pub fn whole_or_float(float: f64) -> Self {
        const EXACT_BELOW: f64 = 9_007_199_254_740_992.0;
        let is_negative_zero = float == 0.0 && float.is_sign_negative();
        if float.fract() == 0.0 && float.abs() < EXACT_BELOW && !is_negative_zero {
            return (float as i64).into();
        }
        float.into()
    }

    /// Returns the same number as a float; `None` when a float does not hold it exactly.
    pub fn exact_f64(self) -> Option<f64> {
        (self.key().rest == 0).then(|| self.as_f64())
    }

    /// Whether it is neither NaN nor infinite.
    #[inline]
    pub fn is_finite(self) -> bool {
        self.as_f64().is_finite()
    }

    /// Returns the place in the order of all numbers.
    #[expect(clippy::cast_possible_truncation, reason = "a float from an integer of 64 bits fits in 128")]
    pub fn key(self) -> NumberKey {
        // Adding 0 makes -0 equal to 0 in a total order too.
        let nearest = self.as_f64() + 0.0;
        let whole = match self.0 {
            Kind::Natural(number) => i128::from(number),
            Kind::Negative(number) => i128::from(number),
            Kind::Float(_) => return NumberKey { nearest, rest: 0 },
        };
        let rest = i16::try_from(whole - nearest as i128).expect("floats near 2^64 are 2,048 apart");
        NumberKey { nearest, rest }
    }

    /// Parses a decimal number. There is none in texts that are no number, or infinite, or a whole number of more than
    /// 64 bits, which would be rounded.
    pub fn parse(text: &str) -> Option<Self> {
        if let Ok(number) = text.parse::<u64>() {
            return Some(number.into());
        }
        if let Ok(number) = text.parse::<i64>() {
            return Some(number.into());
        }
        let is_whole = text.trim_start_matches(['+', '-']).bytes().all(|byte| byte.is_ascii_digit());
        text.parse::<f64>().ok().filter(|number| number.is_finite() && !is_whole).map(Self::from)
    }

    /// Whether a value anywhere in `value`, which was read from the JSON `text`, is a whole number that was rounded.
    pub fn any_was_rounded(value: &serde_json::Value, text: &[u8]) -> bool {
        match value {
            serde_json::Value::Number(number) if number.is_f64() => {
                number.as_f64().is_some_and(|float| Self::from(float).was_rounded(text))
            }
            serde_json::Value::Array(values) => values.iter().any(|value| Self::any_was_rounded(value, text)),
            serde_json::Value::Object(fields) => fields.values().any(|value| Self::any_was_rounded(value, text)),
            serde_json::Value::Null
            | serde_json::Value::Bool(_)
            | serde_json::Value::Number(_)
            | serde_json::Value::String(_) => false,
        }
    }

    /// Whether `text`, the JSON that the number was read from, has a whole number that became this float by rounding.
    pub fn was_rounded(self, text: &[u8]) -> bool {
        let Kind::Float(float) = self.0 else { return false };
        // 2^63: what is smaller and whole is no float when JSON is read.
        float.abs() >= 9.2e18 && whole_literals(text).any(|literal| literal.parse() == Ok(float))
    }
}

/// Iterates over the whole numbers of a JSON text that are longer than 18 digits.
fn whole_literals(text: &[u8]) -> impl Iterator<Item = &str> {
    let mut rest = text;
    std::iter::from_fn(move || {
        while let Some((first, after)) = rest.split_first() {
            if *first == b'"' {
                rest = after_string(after);
                continue;
            }
            let length = rest.iter().take_while(|byte| matches!(byte, b'0'..=b'9' | b'-' | b'+' | b'.' | b'e' | b'E'));
            let (literal, after) = rest.split_at(length.count().max(1));
            rest = after;
            let digits = literal.strip_prefix(b"-").unwrap_or(literal);
            if digits.len() > 18 && digits.iter().all(u8::is_ascii_digit) {
                return std::str::from_utf8(literal).ok();
            }
        }
        None
    })
}

/// Returns what follows a string whose opening quote was read.
fn after_string(mut text: &[u8]) -> &[u8] {
    while let Some((first, after)) = text.split_first() {
        match first {
            b'"' => return after,
            b'\\' => text = after.get(1..).unwrap_or_default(),
            _ => text = after,
        }
    }
    text
}

impl NumberKey {
    /// Returns the place right after this one.
    pub const fn next(self) -> Self {
        Self { rest: self.rest + 1, ..self }
    }

    /// Returns the place right before this one.
    pub const fn previous(self) -> Self {
        Self { rest: self.rest - 1, ..self }
    }

    /// Compares two places; NaN is beyond all.
    #[inline]
    pub fn total_cmp(&self, other: &Self) -> Ordering {
        self.nearest.total_cmp(&other.nearest).then(self.rest.cmp(&other.rest))
    }
}

impl PartialEq for Number {
    fn eq(&self, other: &Self) -> bool {
        self.key() == other.key()
    }
}

impl PartialOrd for Number {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        let (a, b) = (self.key(), other.key());
        Some(a.nearest.partial_cmp(&b.nearest)?.then(a.rest.cmp(&b.rest)))
    }
}

impl From<f64> for Number {
    fn from(number: f64) -> Self {
        Self(Kind::Float(number))
    }
}

impl From<u64> for Number {
    fn from(number: u64) -> Self {
        Self(Kind::Natural(number))
    }
}

impl From<i64> for Number {
    fn from(number: i64) -> Self {
        Self(u64::try_from(number).map_or(Kind::Negative(number), Kind::Natural))
    }
}

impl fmt::Display for Number {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Kind::Natural(number) => number.fmt(f),
            Kind::Negative(number) => number.fmt(f),
            Kind::Float(number) => number.fmt(f),
        }
    }
}

impl fmt::Debug for Number {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Kind::Natural(number) => number.fmt(f),
            Kind::Negative(number) => number.fmt(f),
            Kind::Float(number) => fmt::Debug::fmt(&number, f),
        }
    }
}

impl Serialize for Number {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.0 {
            Kind::Natural(number) => serializer.serialize_u64(number),
            Kind::Negative(number) => serializer.serialize_i64(number),
            Kind::Float(number) => serializer.serialize_f64(number),
        }
    }
}

impl<'de> Deserialize<'de> for Number {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Visitor;
        impl de::Visitor<'_> for Visitor {
            type Value = Number;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a number")
            }

            fn visit_u64<E>(self, number: u64) -> Result<Number, E> {
                Ok(number.into())
            }

            fn visit_i64<E>(self, number: i64) -> Result<Number, E> {
                Ok(number.into())
            }

            fn visit_f64<E>(self, number: f64) -> Result<Number, E> {
                Ok(number.into())
            }
        }
        deserializer.deserialize_any(Visitor)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn number(text: &str) -> Number {
        serde_json::from_str(text).expect(text)
    }

    #[test]
    fn a_text_is_the_number_that_it_shows_or_none() {
        let shown = |text: &str| Number::parse(text).map(|number| serde_json::to_string(&number).expect("JSON"));
        for (text, expected) in [
            ("1998", "1998"),
            ("24.50", "24.5"),
            ("7.0", "7.0"),
            ("-3", "-3"),
            ("18446744073709551615", "18446744073709551615"),
            ("-9223372036854775808", "-9223372036854775808"),
        ] {
            assert_eq!(shown(text).as_deref(), Some(expected));
        }
        for text in ["", "-", "1,5", "nan", "inf", "18446744073709551616", "-9223372036854775809", "0x1f"] {
            assert_eq!(shown(text), None, "{text}");
        }
    }

    #[test]
    fn numbers_are_written_as_they_were_sent() {
        for text in
            ["7", "7.0", "-7", "0", "2053013555631882655", "18446744073709551615", "-9223372036854775808", "0.1"]
        {
            assert_eq!(serde_json::to_string(&number(text)).expect("JSON"), text);
        }
        assert_eq!(number("2053013555631882655").to_string(), "2053013555631882655");
        assert_eq!((number("7.0").to_string(), number("7").to_string()), ("7".to_owned(), "7".to_owned()));
    }

    #[test]
    fn a_float_holds_a_number_exactly_or_not_at_all() {
        for text in ["7", "-7.5", "9007199254740992", "9007199254740994", "18446744073709549568"] {
            assert_eq!(number(text).exact_f64(), text.parse().ok(), "{text}");
        }
        for text in ["9007199254740993", "-9007199254740993", "18446744073709551615"] {
            assert_eq!(number(text).exact_f64(), None, "{text}");
        }
    }

    #[test]
    fn a_float_without_a_fraction_is_shown_as_a_whole_number() {
        let shown = |float: f64| serde_json::to_string(&Number::whole_or_float(float)).expect("JSON");
        for text in ["3", "-7", "0", "-0.0", "3.5", "9007199254740991", "9007199254740992.0", "1e+300"] {
            assert_eq!(shown(text.parse().expect(text)), text);
        }
    }

    #[test]
    fn a_rounded_number_is_found_at_any_depth() {
        let rounded = |text: &str| Number::any_was_rounded(&serde_json::from_str(text).expect(text), text.as_bytes());
        assert!(rounded(r#"{"a":[{"b":36893488147419103233}]}"#));
        assert!(!rounded(r#"{"a":[{"b":18446744073709551615}],"c":1e30,"d":"36893488147419103233"}"#));
    }

    #[test]
    fn numbers_are_compared_exactly() {
        let ascending = [
            "-1e300",
            "-9223372036854775808",
            "-9007199254740993",
            "-9007199254740992",
            "-0.5",
            "0",
            "7",
            "7.5",
            "9007199254740992",
            "9007199254740993",
            "9007199254740994.0",
            "2053013555631882655",
            "2053013555631882656",
            "18446744073709550591",
            "18446744073709551615",
            "18446744073709551616.0",
            "1e300",
        ];
        for (a, left) in ascending.iter().enumerate() {
            for (b, right) in ascending.iter().enumerate() {
                let (left, right) = (number(left), number(right));
                assert_eq!(left.partial_cmp(&right), Some(a.cmp(&b)), "{left} {right}");
                assert_eq!(left.key().total_cmp(&right.key()), a.cmp(&b), "{left} {right}");
            }
        }
        for (left, right) in [("7", "7.0"), ("0", "-0.0"), ("9007199254740992", "9007199254740992.0")] {
            assert_eq!(number(left), number(right));
        }
    }

    #[test]
    fn a_whole_number_beyond_64_bits_is_told_from_a_float() {
        let text = br#"{"id":"\"18446744073709551616","a":18446744073709551616,"b":1e20,"c":[-92233720368547758090]}"#;
        for (literal, rounded) in [
            ("18446744073709551616", true),
            ("18446744073709551616.0", true),
            ("-92233720368547758090", true),
            ("1e20", false),
            ("18446744073709551615", false),
        ] {
            assert_eq!(number(literal).was_rounded(text), rounded, "{literal}");
        }
        assert!(
            !number("18446744073709551616").was_rounded(br#"{"a":"18446744073709551616","b":18446744073709551616.0}"#)
        );
    }
}
