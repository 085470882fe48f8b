//! Weights of event kinds: a number, or a function of the event's value.

use std::{collections::BTreeMap, fmt};

use serde::{
    Deserialize, Deserializer, Serialize, Serializer,
    de::{self, IntoDeserializer, MapAccess, Visitor},
};

use super::{FieldError, FieldResult, field::in_range};

/// Weight of a target's loss by the event's kind: a number, or a function of the event's value.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(untagged)]
pub enum KindWeight {
    /// The same for all events of the kind.
    Constant(f32),
    /// By the event's value.
    ByValue(ValueWeight),
}

/// Weight as a function of an event's value: a table, with a rule for the values between its entries. Below the lowest
/// and above the highest entry the weight is constant.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct ValueWeight {
    /// Weights by value, 1 to 64 of them, such as `{"1": -1, "3": 0, "5": 1.5}`.
    #[cfg_attr(feature = "openapi", schema(value_type = BTreeMap<String, f32>))]
    pub by_value: ValueTable,
    /// Rule for values between two entries.
    #[serde(default)]
    pub between: Between,
    /// Weight of events without a value.
    #[serde(default = "one")]
    pub without: f32,
}

/// Rule for values between two entries of a table.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum Between {
    /// Linear interpolation.
    #[default]
    Line,
    /// The weight of the entry below.
    Step,
    /// Linear interpolation in `log(1 + value)`, for counts such as plays. Values must not be negative.
    Log,
}

/// Pairs of value and weight, ascending by value.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct ValueTable(Vec<(f64, f32)>);

fn one() -> f32 {
    1.0
}

impl From<f32> for KindWeight {
    fn from(weight: f32) -> Self {
        Self::Constant(weight)
    }
}

impl KindWeight {
    /// Returns the weight of an event with this value.
    pub fn of(&self, value: Option<f64>) -> f32 {
        match (self, value) {
            (Self::Constant(weight), _) => *weight,
            (Self::ByValue(weight), Some(value)) => weight.of(value),
            (Self::ByValue(weight), None) => weight.without,
        }
    }

    /// Returns the weight of all events of the kind; `None` where it depends on the value.
    pub const fn constant(&self) -> Option<f32> {
        match self {
            Self::Constant(weight) => Some(*weight),
            Self::ByValue(_) => None,
        }
    }

    /// Returns the default of ratings: those below 3 are weak dislikes, all others weigh 1. This suits scales of five
    /// stars, with halves or without.
    pub(super) fn stars() -> Self {
        let by_value = ValueTable(vec![(0.5, -0.5), (3.0, 1.0)]);
        Self::ByValue(ValueWeight { by_value, between: Between::Step, without: 1.0 })
    }

    pub(super) fn check(&self, field: &str) -> FieldResult<()> {
        const LIMIT: f32 = 100.0;
        match self {
            Self::Constant(weight) => in_range(field, *weight, -LIMIT, LIMIT),
            Self::ByValue(ValueWeight { by_value, between, without }) => {
                in_range(format_args!("{field}.by_value"), by_value.0.len(), 1, ValueTable::ENTRIES_MAX)?;
                for (value, weight) in &by_value.0 {
                    in_range(format_args!("{field}.by_value.{value}"), *weight, -LIMIT, LIMIT)?;
                }
                if *between == Between::Log && by_value.0[0].0 < 0.0 {
                    let detail = "must have no negative values where between is log";
                    return Err(FieldError::new(format!("{field}.by_value"), "out_of_range", detail));
                }
                in_range(format_args!("{field}.without"), *without, -LIMIT, LIMIT)
            }
        }
    }
}

impl ValueWeight {
    fn of(&self, value: f64) -> f32 {
        let entries = &self.by_value.0;
        let above = entries.partition_point(|(at, _)| *at <= value);
        let Some((low, weight)) = above.checked_sub(1).map(|below| entries[below]) else {
            return entries.first().map_or(self.without, |(_, weight)| *weight);
        };
        let Some((high, upper)) = entries.get(above) else { return weight };
        let part = match self.between {
            Between::Step => return weight,
            Between::Line => (value - low) / (high - low),
            Between::Log => ((1.0 + value) / (1.0 + low)).ln() / ((1.0 + high) / (1.0 + low)).ln(),
        };
        #[expect(clippy::cast_possible_truncation, reason = "between two weights")]
        let weight = (f64::from(weight) + part * (f64::from(*upper) - f64::from(weight))) as f32;
        weight
    }
}

impl ValueTable {
    /// Most entries.
    pub const ENTRIES_MAX: usize = 64;

    /// Creates a table from pairs of value and weight. Returns `None` when a value is not finite or comes twice.
    pub fn new(mut entries: Vec<(f64, f32)>) -> Option<Self> {
        entries.sort_by(|a, b| a.0.total_cmp(&b.0));
        let distinct = entries.windows(2).all(|pair| pair[0].0 < pair[1].0);
        (distinct && entries.iter().all(|(value, _)| value.is_finite())).then_some(Self(entries))
    }
}

impl Serialize for ValueTable {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.iter().map(|(value, weight)| (value.to_string(), weight)))
    }
}

impl<'de> Deserialize<'de> for ValueTable {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let entries = BTreeMap::<String, f32>::deserialize(deserializer)?;
        let number = |(text, weight): (String, f32)| match text.trim().parse::<f64>() {
            Ok(value) if value.is_finite() => Ok((value, weight)),
            _ => Err(de::Error::custom(format_args!("{text:?} is not a number, as values are"))),
        };
        let entries = entries.into_iter().map(number).collect::<Result<_, _>>()?;
        Self::new(entries).ok_or_else(|| de::Error::custom("a value stands twice in the table"))
    }
}

impl<'de> Deserialize<'de> for KindWeight {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Either;
        impl<'de> Visitor<'de> for Either {
            type Value = KindWeight;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a number or an object with by_value")
            }

            #[expect(clippy::cast_possible_truncation, reason = "a weight has the precision of f32")]
            fn visit_f64<E: de::Error>(self, weight: f64) -> Result<KindWeight, E> {
                Ok(KindWeight::Constant(weight as f32))
            }

            fn visit_i64<E: de::Error>(self, weight: i64) -> Result<KindWeight, E> {
                f32::deserialize(weight.into_deserializer()).map(KindWeight::Constant)
            }

            fn visit_u64<E: de::Error>(self, weight: u64) -> Result<KindWeight, E> {
                f32::deserialize(weight.into_deserializer()).map(KindWeight::Constant)
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<KindWeight, A::Error> {
                ValueWeight::deserialize(de::value::MapAccessDeserializer::new(map)).map(KindWeight::ByValue)
            }
        }
        deserializer.deserialize_any(Either)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn weight(text: &str) -> KindWeight {
        serde_json::from_str(text).expect(text)
    }

    #[test]
    fn values_between_entries_follow_the_rule() {
        let stars = weight(r#"{"by_value": {"1": -1, "2": -0.5, "10": 1.5, "3": 0}}"#);
        let found = [0.0, 1.0, 1.5, 2.0, 2.5, 3.0, 6.5, 10.0, 99.0].map(|value| stars.of(Some(value)));
        assert_eq!(found, [-1.0, -1.0, -0.75, -0.5, -0.25, 0.0, 0.75, 1.5, 1.5]);
        assert_eq!(stars.of(None), 1.0);
        let plays = weight(r#"{"by_value": {"0": 0, "1": 1, "127": 7}, "between": "log", "without": 0.5}"#);
        let found = [0.0, 1.0, 7.0, 31.0, 127.0, 1e9].map(|value| plays.of(Some(value)));
        for (found, expected) in found.into_iter().zip([0.0, 1.0, 3.0, 5.0, 7.0, 7.0]) {
            assert!((found - expected).abs() < 1e-6, "{found} {expected}");
        }
        assert_eq!(plays.of(None), 0.5);
        let steps = weight(r#"{"by_value": {"-1": -2, "1": 2}, "between": "step"}"#);
        assert_eq!([-5.0, -1.0, 0.99, 1.0].map(|value| steps.of(Some(value))), [-2.0, -2.0, -2.0, 2.0]);
        assert_eq!(weight("2").of(Some(7.0)), 2.0);
    }

    #[test]
    fn ratings_below_three_are_no_likes_by_default() {
        let stars = KindWeight::stars();
        stars.check("kinds.rating").expect("valid");
        assert_eq!([0.5, 1.0, 2.5, 2.99].map(|value| stars.of(Some(value))), [-0.5; 4]);
        assert_eq!([3.0, 3.5, 5.0, 10.0].map(|value| stars.of(Some(value))), [1.0; 4]);
        assert_eq!(stars.of(None), 1.0);
    }

    #[test]
    fn tables_read_back_and_bad_ones_are_refused_by_name() {
        for text in ["1.5", r#"{"by_value":{"0.5":0.0,"3":1.0},"between":"step","without":1.0}"#] {
            assert_eq!(serde_json::to_string(&weight(text)).expect("a JSON form"), text);
        }
        for text in [
            r#""much""#,
            "[1]",
            r#"{"by_value": {"good": 1}}"#,
            r#"{"by_value": {"inf": 1}}"#,
            r#"{"by_value": {"1": 1, "1.0": 2}}"#,
            r#"{"by_value": {"1": 1}, "colour": 2}"#,
            r#"{"between": "step"}"#,
        ] {
            assert!(serde_json::from_str::<KindWeight>(text).is_err(), "{text}");
        }
        for (text, field) in [
            (r#"{"by_value": {}}"#, "kinds.x.by_value"),
            (r#"{"by_value": {"2": 101}}"#, "kinds.x.by_value.2"),
            (r#"{"by_value": {"-1": 1}, "between": "log"}"#, "kinds.x.by_value"),
            (r#"{"by_value": {"1": 1}, "without": -101}"#, "kinds.x.without"),
            ("1e30", "kinds.x"),
        ] {
            assert_eq!(weight(text).check("kinds.x").expect_err(text).field, field, "{text}");
        }
    }
}
