//! Where the service is, for every command that talks to one.

use std::path::PathBuf;

use reqwest::Url;
use shelfmark::domain::ModelName;
use shelfmark_client::Address;
pub use shelfmark_client::{Client, ClientError, Status};

/// A service and a model.
#[derive(Debug, Clone, clap::Args)]
pub struct ServiceArgs {
    /// The service, by http or https.
    #[arg(long, global = true, env = "SHELFMARK_URL", default_value = "http://127.0.0.1:8080")]
    pub url: Url,
    /// The model.
    #[arg(long, global = true, env = "SHELFMARK_MODEL", default_value = "default", value_parser = ModelName::new)]
    pub model: ModelName,
    /// API key with the scope that the command needs: `write` for events, `admin` for imports, rollbacks and changes of versions and models; better given by the environment than in a command line that others can see.
    #[arg(long, global = true, env = "SHELFMARK_KEY", hide_env_values = true)]
    pub key: Option<String>,
    /// Certificates of authorities in PEM that are trusted beside the system's, for https.
    #[arg(long, global = true, env = "SHELFMARK_CA_FILE", value_name = "FILE")]
    pub ca_file: Option<PathBuf>,
}

impl From<&ServiceArgs> for Address {
    fn from(args: &ServiceArgs) -> Self {
        Self { url: args.url.clone(), model: args.model.clone(), key: args.key.clone(), ca_file: args.ca_file.clone() }
    }
}
