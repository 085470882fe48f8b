//! Segments of paths.

use serde::Deserialize;
use utoipa::IntoParams;

/// `/v1/models/{model}`.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Path)]
pub struct ModelPath {
    /// Name of the model; `default` exists.
    #[param(example = "default")]
    pub model: String,
}

/// `/v1/models/{model}/.../{id}`.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Path)]
pub struct IdPath {
    /// Name of the model; `default` exists.
    #[param(example = "default")]
    pub model: String,
    /// The id, percent-encoded: 1 to 256 bytes.
    #[param(example = "i9")]
    pub id: String,
}

/// `/v1/models/{model}/operations/{operation}`.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Path)]
pub struct OperationPath {
    /// Name of the model; `default` exists.
    #[param(example = "default")]
    pub model: String,
    /// Id of the operation.
    #[param(example = "019abb6e-7c1e-7a1c-9d49-2f0c8d2f7a10")]
    pub operation: String,
}

/// `/v1/models/{model}/versions/{version}`.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Path)]
pub struct VersionPath {
    /// Name of the model; `default` exists.
    #[param(example = "default")]
    pub model: String,
    /// Number or label of the version.
    #[param(example = "12")]
    pub version: String,
}

/// `/v1/models/{model}/modalities/{name}`.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Path)]
pub struct ModalityPath {
    /// Name of the model; `default` exists.
    #[param(example = "default")]
    pub model: String,
    /// Name of the modality, as items have it in `vectors`.
    #[param(example = "image")]
    pub name: String,
}
