//! What can go wrong with the roster.

use shelfmark_domain::{ErrorKind, ModelName};

/// What can go wrong with the roster.
#[derive(Debug, thiserror::Error)]
pub enum ModelCatalogError {
    /// No such model.
    #[error("there is no model {0}")]
    Unknown(ModelName),
    /// There is one of this name.
    #[error("there is a model {0} already, and it was made otherwise")]
    Exists(ModelName),
    /// As many models as there may be.
    #[error("there are {0} models, which is the most there may be (--models-max)")]
    TooMany(usize),
    /// Forks stand on its versions.
    #[error("model {model} cannot be deleted: {} on its versions", standing(.forks))]
    InUse {
        /// The model.
        model: ModelName,
        /// The forks, by name.
        forks: Vec<ModelName>,
    },
    /// The model that is always there.
    #[error("model {0} is always there and cannot be deleted")]
    Required(ModelName),
    /// Postgres failed.
    #[error("the database of the models failed")]
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

    /// What a client is told where the error's own text says too much or too little.
    pub fn public_detail(&self) -> Option<String> {
        match self {
            Self::Database(_) => Some("the database did not answer; nothing was committed: try again".to_owned()),
            Self::Unknown(_) | Self::Exists(_) | Self::TooMany(_) | Self::InUse { .. } | Self::Required(_) => None,
        }
    }
}

fn standing(forks: &[ModelName]) -> String {
    let names: Vec<&str> = forks.iter().map(ModelName::as_str).collect();
    format!("{} {}", names.join(", "), if names.len() == 1 { "stands" } else { "stand" })
}

/// A stored name as a value.
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
        assert_eq!(one.to_string(), "model base cannot be deleted: a stands on its versions");
        let two = ModelCatalogError::InUse { model, forks: vec![a, b] };
        assert_eq!(two.to_string(), "model base cannot be deleted: a, b stand on its versions");
    }
}
