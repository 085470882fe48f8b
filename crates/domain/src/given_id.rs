//! Ids as callers write them: text, or a whole number, which stands for its digits.

use std::{borrow::Cow, fmt, ops::Deref};

use serde::{Deserialize, Deserializer, de};

/// Parses the text of an id, without checking it. Borrows where the input has no escapes.
///
/// Data frames and databases write numeric ids as numbers: `31` is `"31"`, and so is `31.0`. A number is taken only if
/// no digit of it can have been lost: floats below 2^53, integers below 2^64.
pub fn id_text<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Cow<'de, str>, D::Error> {
    struct Visitor;
    impl<'de> de::Visitor<'de> for Visitor {
        type Value = Cow<'de, str>;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("text or a whole number")
        }

        fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Cow<'de, str>, E> {
            Ok(Cow::Borrowed(text))
        }

        fn visit_str<E>(self, text: &str) -> Result<Cow<'de, str>, E> {
            Ok(Cow::Owned(text.to_owned()))
        }

        fn visit_string<E>(self, text: String) -> Result<Cow<'de, str>, E> {
            Ok(Cow::Owned(text))
        }

        fn visit_u64<E>(self, number: u64) -> Result<Cow<'de, str>, E> {
            Ok(Cow::Owned(number.to_string()))
        }

        fn visit_i64<E>(self, number: i64) -> Result<Cow<'de, str>, E> {
            Ok(Cow::Owned(number.to_string()))
        }

        #[expect(clippy::cast_possible_truncation, reason = "whole and below 2^53")]
        fn visit_f64<E: de::Error>(self, number: f64) -> Result<Cow<'de, str>, E> {
            const EXACT_BELOW: f64 = 9_007_199_254_740_992.0;
            if number.fract() == 0.0 && number.abs() < EXACT_BELOW {
                return Ok(Cow::Owned((number as i64).to_string()));
            }
            Err(E::invalid_value(
                de::Unexpected::Float(number),
                &"text or a whole number below 2^64; longer ones as text",
            ))
        }
    }
    deserializer.deserialize_any(Visitor)
}

/// An id as a caller wrote it, not checked yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GivenId(String);

impl GivenId {
    /// Returns the text.
    pub fn into_text(self) -> String {
        self.0
    }
}

impl From<String> for GivenId {
    fn from(text: String) -> Self {
        Self(text)
    }
}

impl Deref for GivenId {
    type Target = str;

    fn deref(&self) -> &str {
        &self.0
    }
}

impl<'de> Deserialize<'de> for GivenId {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(Self(id_text(deserializer)?.into_owned()))
    }
}

#[cfg(feature = "openapi")]
impl utoipa::PartialSchema for GivenId {
    fn schema() -> utoipa::openapi::RefOr<utoipa::openapi::schema::Schema> {
        use utoipa::openapi::schema::{ObjectBuilder, SchemaType, Type};
        ObjectBuilder::new()
            .schema_type(SchemaType::from_iter([Type::String, Type::Integer]))
            .min_length(Some(1))
            .max_length(Some(super::Id::BYTES_MAX))
            .description(Some(
                "Id: 1 to 256 bytes without control characters, or a whole number, which stands for its digits.",
            ))
            .into()
    }
}

#[cfg(feature = "openapi")]
impl utoipa::ToSchema for GivenId {
    fn name() -> Cow<'static, str> {
        Cow::Borrowed("GivenId")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whole_numbers_stand_for_their_digits_and_no_digit_is_lost() {
        let read = |text: &str| serde_json::from_str::<GivenId>(text).map(GivenId::into_text);
        for (text, id) in [
            (r#""u1""#, "u1"),
            (r#""a\"b""#, "a\"b"),
            ("31", "31"),
            ("31.0", "31"),
            ("-5", "-5"),
            ("0", "0"),
            ("9007199254740993", "9007199254740993"),
            ("18446744073709551615", "18446744073709551615"),
            ("-9223372036854775808", "-9223372036854775808"),
        ] {
            assert_eq!(read(text).expect(text), id);
        }
        for text in ["1.5", "18446744073709551616", "9007199254740992.0", "1e300", "null", "true", "[1]", "{}"] {
            read(text).expect_err(text);
        }
    }
}
