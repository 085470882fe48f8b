//! Field errors, ids and model names: checked values and the error that names the field.

use std::{borrow::Borrow, fmt, sync::Arc};

use serde::{Deserialize, Serialize};
use smol_str::SmolStr;

use super::id_text;

/// An invalid value, with the name of its field as the caller wrote it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{field}: {detail}")]
pub struct FieldError {
    /// Name of the field as in the request, dotted for nested ones.
    pub field: String,
    /// Stable, machine-readable reason, for example `too_long`.
    pub code: &'static str,
    /// What is wrong and what is allowed.
    pub detail: String,
}

/// Result of checking a field.
pub type FieldResult<T> = Result<T, FieldError>;

impl FieldError {
    /// Creates the error.
    pub fn new(field: impl Into<String>, code: &'static str, detail: impl Into<String>) -> Self {
        Self { field: field.into(), code, detail: detail.into() }
    }
}

/// Checks that `text` has 1 to `bytes_max` bytes and no control characters. `field` is formatted only for an error.
pub fn text_within(field: impl fmt::Display, text: &str, bytes_max: usize) -> FieldResult<()> {
    if text.is_empty() {
        return Err(FieldError::new(field.to_string(), "empty", "must not be empty"));
    }
    bytes_within(&field, text, bytes_max)?;
    if text.chars().any(char::is_control) {
        return Err(FieldError::new(field.to_string(), "control_character", "must not contain control characters"));
    }
    Ok(())
}

/// Checks that `text` has at most `bytes_max` bytes.
pub(super) fn bytes_within(field: impl fmt::Display, text: &str, bytes_max: usize) -> FieldResult<()> {
    if text.len() <= bytes_max {
        return Ok(());
    }
    let detail = format!("must have at most {bytes_max} bytes, has {}", text.len());
    Err(FieldError::new(field.to_string(), "too_long", detail))
}

/// Checks that a value is in `min..=max`; NaN is not.
pub(super) fn in_range<T: PartialOrd + fmt::Display>(
    field: impl fmt::Display,
    value: T,
    min: T,
    max: T,
) -> FieldResult<()> {
    if value >= min && value <= max {
        return Ok(());
    }
    Err(FieldError::new(field.to_string(), "out_of_range", format!("must be {min} to {max}, is {value}")))
}

/// Checks that a list has at most `max` entries.
pub fn count_within(field: impl fmt::Display, count: usize, max: usize) -> FieldResult<()> {
    if count <= max {
        return Ok(());
    }
    Err(FieldError::new(field.to_string(), "too_many", format!("must have at most {max} entries, has {count}")))
}

/// Parses a field that may be left out but is not null (`deserialize_with`, beside `default`). For restrictions: a
/// client whose variable is unset sends null, and must not be answered as if it had asked for none.
pub fn not_null<'de, D: serde::Deserializer<'de>, T: Deserialize<'de>>(deserializer: D) -> Result<Option<T>, D::Error> {
    T::deserialize(deserializer).map(Some)
}

/// Id of a user, item, session or event: 1 to 256 bytes of UTF-8 without control characters. Cheap to clone.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(transparent)]
#[cfg_attr(feature = "openapi", schema(value_type = String, min_length = 1, max_length = 256))]
pub struct Id(
    // Up to 23 bytes are stored inline, which saves a cache miss per lookup; longer ids are shared.
    SmolStr,
);

impl Id {
    /// Longest id, in bytes.
    pub const BYTES_MAX: usize = 256;

    /// Checks an id; `field` names it in the error.
    pub fn new(field: &str, text: &str) -> FieldResult<Self> {
        text_within(field, text, Self::BYTES_MAX)?;
        Ok(Self(SmolStr::new(text)))
    }

    /// Returns the id as text.
    #[inline]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether the text is stored on the heap, shared by all clones.
    pub fn is_shared(&self) -> bool {
        self.0.is_heap_allocated()
    }
}

impl<'de> Deserialize<'de> for Id {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = id_text(deserializer)?;
        Self::new("id", &text).map_err(|error| serde::de::Error::custom(error.detail))
    }
}

impl Borrow<str> for Id {
    #[inline]
    fn borrow(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Id {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for Id {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", &*self.0)
    }
}

/// Name of a model: 1 to 64 of `a-z 0-9 - _`, beginning with a letter or digit.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[serde(transparent)]
pub struct ModelName(Arc<str>);

impl ModelName {
    /// Checks a model name.
    pub fn new(text: &str) -> FieldResult<Self> {
        let ok = text.len() <= 64
            && text.starts_with(|c: char| c.is_ascii_lowercase() || c.is_ascii_digit())
            && text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-' || b == b'_');
        if !ok {
            let detail = "must have 1 to 64 characters of a-z, 0-9, '-' and '_', and begin with a letter or digit";
            return Err(FieldError::new("model", "bad_name", detail));
        }
        Ok(Self(Arc::from(text)))
    }

    /// Returns the name as text.
    #[inline]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for ModelName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
