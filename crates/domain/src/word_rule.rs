//! Rule by which metadata of items become tokens.

use serde::{Deserialize, Serialize};

/// Rule by which titles are cut into words, and labels compared. It is part of the configuration, because the tokens of
/// items, and so what is learned, follow from it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum WordRule {
    /// Words of Unicode text segmentation (UAX 29), after composition (NFC). Scripts without spaces give pairs of
    /// neighbouring characters.
    #[default]
    Unicode,
    /// Runs of letters and digits, as the first builds had it. They cut scripts with combining marks into pieces.
    Alphanumeric,
}
