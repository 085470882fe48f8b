//! Where a fork comes from.

use serde::Serialize;

use super::{ModelName, VersionNumber};

/// The version of another model that a fork's state at position 0 is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ForkOrigin {
    /// The model that it comes from.
    #[cfg_attr(feature = "openapi", schema(value_type = String))]
    pub model: ModelName,
    /// The version of that model. It cannot be deleted while the fork is there.
    #[cfg_attr(feature = "openapi", schema(value_type = u32))]
    pub version: VersionNumber,
}
