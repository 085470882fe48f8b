//! Reasons that callers give for a change: kept with the deployment or version that it leads to.

use shelfmark_domain::{FieldResult, text_within};

/// A reason that keeps its rule: 1 to 1,024 bytes without control characters.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reason(String);

impl Reason {
    /// Longest reason, in bytes.
    pub const BYTES_MAX: usize = 1024;

    /// Checks the field `reason` of a body.
    pub fn new(text: String) -> FieldResult<Self> {
        text_within("reason", &text, Self::BYTES_MAX)?;
        Ok(Self(text))
    }

    /// Checks the field where it may be left out, and gives its text.
    pub fn optional(text: Option<String>) -> FieldResult<Option<String>> {
        Ok(text.map(Self::new).transpose()?.map(Self::into_text))
    }

    fn into_text(self) -> String {
        self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reason_has_1_to_1024_bytes_and_may_be_left_out() {
        assert_eq!(Reason::optional(None), Ok(None));
        assert_eq!(Reason::optional(Some("x".repeat(1024))).expect("valid").map(|text| text.len()), Some(1024));
        for (text, code) in [(String::new(), "empty"), ("x".repeat(1025), "too_long")] {
            let error = Reason::optional(Some(text)).expect_err("refused");
            assert_eq!((error.field.as_str(), error.code), ("reason", code));
        }
    }
}
