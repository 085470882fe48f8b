//! Vectors: rows imported into a model, dense vectors of items, and embeddings read from a model.

use std::{collections::BTreeMap, fmt};

use base64::{Engine, prelude::BASE64_STANDARD};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use super::{FieldError, FieldResult, Id, Position};

/// The rows of a model into which vectors can be imported.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum VectorTable {
    /// Item vectors, by the item's id.
    #[default]
    Items,
    /// Token vectors, by token in lower case: `t:` and a word of titles, `c:` and a category, `g:` and a tag, `b:` and
    /// a brand.
    Tokens,
}

impl VectorTable {
    /// Returns the name in JSON, paths and flags.
    #[inline]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Items => "items",
            Self::Tokens => "tokens",
        }
    }
}

impl fmt::Display for VectorTable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// A vector to import, as stored in the log.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "openapi", schema(example = json!({"into": "items", "id": "i9", "values": [0.12, -0.03, 0.4, 0.0]})))]
pub struct RowVector {
    /// The table to import into.
    pub into: VectorTable,
    /// Id of the item, or the token.
    #[cfg_attr(feature = "openapi", schema(value_type = super::GivenId))]
    pub id: Id,
    /// The vector.
    pub values: VectorValues,
}

impl RowVector {
    /// Greatest magnitude of a value. Learned values stay below 10. A much larger row would dominate every score, and
    /// values near the limit of f32 would make every step on them fail.
    pub const VALUE_MAX: f32 = 100.0;

    /// Checks all rules, for a model of dimension `dim`.
    pub fn check(&self, dim: usize) -> FieldResult<()> {
        let values = self.values.as_slice();
        if values.len() != dim {
            let detail = format!("must have the model's {dim} values, has {}", values.len());
            return Err(FieldError::new("values", "bad_dimension", detail));
        }
        if values.iter().any(|x| !x.is_finite()) {
            return Err(FieldError::new("values", "not_finite", "must contain finite numbers only"));
        }
        if values.iter().any(|x| x.abs() > Self::VALUE_MAX) {
            let detail = format!("must contain values from -{0} to {0} only", Self::VALUE_MAX);
            return Err(FieldError::new("values", "out_of_range", detail));
        }
        Ok(())
    }
}

/// Values that survive a round trip bit for bit. Serialized as base64 of little-endian f32, half as long as decimal
/// numbers. Parsed from that or from a list of numbers.
#[derive(Debug, Clone, PartialEq)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "openapi", schema(value_type = Vec<f32>))]
pub struct VectorValues(Vec<f32>);

impl VectorValues {
    /// Most values: the largest dimension of a model.
    pub const MAX: usize = 1024;

    /// Wraps values.
    pub const fn new(values: Vec<f32>) -> Self {
        Self(values)
    }

    /// Returns the values.
    #[inline]
    pub fn as_slice(&self) -> &[f32] {
        &self.0
    }
}

impl Serialize for VectorValues {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        PackedVector(&self.0).serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for VectorValues {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(ValuesVisitor { most: Self::MAX }).map(Self)
    }
}

/// A vector that is serialized as base64 of little-endian f32.
#[derive(Debug, Clone, Copy)]
pub struct PackedVector<'a>(pub &'a [f32]);

impl Serialize for PackedVector<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let bytes: Vec<u8> = self.0.iter().flat_map(|value| value.to_le_bytes()).collect();
        serializer.serialize_str(&BASE64_STANDARD.encode(bytes))
    }
}

/// A dense vector of an item. Serialized as base64 of little-endian f32, parsed from that or from a list of numbers. The
/// caller checks its length.
#[derive(Debug, Clone, PartialEq)]
pub struct DenseVector(pub Vec<f32>);

impl Serialize for DenseVector {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        PackedVector(&self.0).serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for DenseVector {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(ValuesVisitor { most: usize::MAX }).map(Self)
    }
}

/// Parses named vectors, each a list of numbers or base64 of little-endian f32. The caller checks their lengths.
pub fn named_vectors<'de, D: Deserializer<'de>>(deserializer: D) -> Result<BTreeMap<String, Vec<f32>>, D::Error> {
    let named = BTreeMap::<String, DenseVector>::deserialize(deserializer)?;
    Ok(named.into_iter().map(|(name, values)| (name, values.0)).collect())
}

/// Parses at most `most` numbers in either form.
struct ValuesVisitor {
    most: usize,
}

impl<'de> de::Visitor<'de> for ValuesVisitor {
    type Value = Vec<f32>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.most < usize::MAX {
            write!(f, "at most {} ", self.most)?;
        }
        f.write_str("numbers, or base64 of little-endian f32")
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<Vec<f32>, E> {
        let bytes = BASE64_STANDARD.decode(text).map_err(|error| E::custom(format!("not base64: {error}")))?;
        let (values, rest) = bytes.as_chunks();
        if !rest.is_empty() || values.len() > self.most {
            return Err(E::invalid_length(bytes.len(), &self));
        }
        Ok(values.iter().map(|chunk| f32::from_le_bytes(*chunk)).collect())
    }

    fn visit_seq<A: de::SeqAccess<'de>>(self, mut list: A) -> Result<Vec<f32>, A::Error> {
        let mut values = Vec::new();
        while let Some(value) = list.next_element::<f32>()? {
            if values.len() == self.most {
                return Err(de::Error::invalid_length(values.len() + 1, &self));
            }
            values.push(value);
        }
        Ok(values)
    }
}

/// An embedding, read from a state.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Embedding {
    /// Id of the item or user.
    pub id: Id,
    /// Number of values.
    pub dim: usize,
    /// The vector, `[dim]`.
    pub values: Vec<f32>,
    /// Euclidean norm.
    pub norm: f32,
    /// Position of the state that it was read from.
    pub position: Position,
}

impl Embedding {
    /// Creates an embedding and computes its norm.
    pub fn new(id: Id, values: Vec<f32>, position: Position) -> Self {
        let norm = values.iter().map(|x| x * x).sum::<f32>().sqrt();
        Self { id, dim: values.len(), values, norm, position }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Goal: no bit is lost on the way through JSON. Method: every kind of f32, as the log writes them and as the
    /// shortest decimal that names them.
    #[test]
    fn values_round_trip_bit_for_bit() {
        let values = vec![0.1, -0.0, f32::MIN_POSITIVE, 1e-45, f32::MAX, 1.0 / 3.0, f32::EPSILON, 16_777_217.0];
        let row = RowVector {
            into: VectorTable::Tokens,
            id: Id::new("id", "t:globe").expect("valid"),
            values: VectorValues::new(values.clone()),
        };
        let bits = |values: &[f32]| values.iter().map(|x| x.to_bits()).collect::<Vec<_>>();
        let text = serde_json::to_string(&row).expect("JSON");
        assert!(text.contains(r#""values":""#), "{text}");
        let back: RowVector = serde_json::from_str(&text).expect("reads");
        assert_eq!(bits(back.values.as_slice()), bits(&values));
        let decimal = format!(r#"{{"into":"tokens","id":"t:globe","values":{}}}"#, serde_json::json!(values));
        let decimal: RowVector = serde_json::from_str(&decimal).expect("reads");
        assert_eq!(bits(decimal.values.as_slice()), bits(&values));
    }

    #[test]
    fn invalid_rows_are_rejected_by_code() {
        let row = |values: &str| -> Result<RowVector, String> {
            serde_json::from_str(&format!(r#"{{"into":"items","id":"i","values":{values}}}"#))
                .map_err(|error| error.to_string())
        };
        let refused = |values: &str| row(values).expect("reads").check(2).expect_err("refused").code;
        assert_eq!(row("[1,-100]").expect("reads").check(2), Ok(()));
        assert_eq!(refused("[1]"), "bad_dimension");
        assert_eq!(refused("[1,100.1]"), "out_of_range");
        // A quiet NaN, little-endian, and 1.
        assert_eq!(refused("\"AADAfwAAgD8=\""), "not_finite");
        assert!(row("\"AADAf\"").expect_err("cut").contains("base64"));
        assert!(row("\"AADA\"").expect_err("three bytes").contains("little-endian f32"));
        assert!(row("7").is_err() && row(&format!("[{}1]", "1,".repeat(VectorValues::MAX))).is_err());
    }
}
