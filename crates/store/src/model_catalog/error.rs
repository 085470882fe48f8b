//! Errors of the model catalogue.

use shelfmark_domain::{ErrorKind, ModelName};

/// Error of the model catalogue.
#[derive(Debug, thiserror::Error)]
pub enum ModelCatalogError {
    /// No model has this name.
    #[error("there is no model {0}")]
    Unknown(ModelName),
    /// A model of this name exists with another origin or configuration.
    #[error("model {0} exists already, and was created with other settings")]
    Exists(ModelName),
    /// The maximum number of models is reached.
    #[error("there are {0} models, which is the maximum (--models-max)")]
    TooMany(usize),
    /// The model has forks, whose versions are deltas of its own.
    #[error("model {model} cannot be deleted: {} forked from it", forked(.forks))]
    InUse {
        /// The model.
        model: ModelName,
        /// The forks, by name.
        forks: Vec<ModelName>,
    },
    /// The model `default` cannot be deleted.
    #[error("model {0} always exists and cannot be deleted")]
    Required(ModelName),
    /// A statement failed, or Postgres could not be reached.
    #[error("the database of the model catalogue failed")]
    Database(#[from] sqlx::Error),
}

impl ModelCatalogError {
    /// The kind of failure.
    pub const fn kind(&self) -> ErrorKind {
        match self {
            Self::Unknown(_) => ErrorKind::ModelNotFound,
            Self::Exists(_) => ErrorKind::ModelExists,
            Self::TooMany(_) => ErrorKind::TooManyModels,
            Self::InUse { .. } => ErrorKind::ModelInUse,
            Self::Required(_) => ErrorKind::ModelRequired,
            Self::Database(_) => ErrorKind::DatabaseUnavailable,
        }
    }

    /// Detail for clients, where the error's own text says too much or too little.
    pub fn public_detail(&self) -> Option<String> {
        match self {
            Self::Database(_) => Some("the database did not answer; nothing was committed: try again".to_owned()),
            Self::Unknown(_) | Self::Exists(_) | Self::TooMany(_) | Self::InUse { .. } | Self::Required(_) => None,
        }
    }
}

fn forked(forks: &[ModelName]) -> String {
    let names: Vec<&str> = forks.iter().map(ModelName::as_str).collect();
    format!("{} {}", names.join(", "), if names.len() == 1 { "is" } else { "are" })
}

/// Parses a stored name.
pub(super) fn name(text: &str) -> Result<ModelName, sqlx::Error> {
    ModelName::new(text).map_err(|error| sqlx::Error::Decode(error.into()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_names_all_forks() {
        let [model, a, b] = ["base", "a", "b"].map(|text| ModelName::new(text).expect("a name"));
        let one = ModelCatalogError::InUse { model: model.clone(), forks: vec![a.clone()] };
        assert_eq!(one.to_string(), "model base cannot be deleted: a is forked from it");
        let two = ModelCatalogError::InUse { model, forks: vec![a, b] };
        assert_eq!(two.to_string(), "model base cannot be deleted: a, b are forked from it");
    }
}
