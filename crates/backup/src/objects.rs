//! Objects of a store: a cloud's, through `object_store`, or files of a folder.

use std::{path::PathBuf, sync::Arc, time::Duration};

use object_store::{
    BackoffConfig, ObjectStore, RetryConfig, aws::AmazonS3Builder, azure::MicrosoftAzureBuilder,
    gcp::GoogleCloudStorageBuilder, path::Path, prefix::PrefixStore,
};

use crate::{
    BackupError,
    address::{StoreAddress, StoreSettings},
    folder::Folder,
    http::HttpConnections,
};

/// Most repetitions of one request, after errors that pass.
const RETRIES_MAX: usize = 8;

/// Where the objects are.
#[derive(Debug, Clone)]
pub(crate) enum Objects {
    Cloud(Arc<dyn ObjectStore>),
    Folder(Arc<Folder>),
}

impl Objects {
    /// Opens the store of an address, below its prefix. A folder is made if it is missing. Keys and addresses of clouds
    /// come from the variables of the environment: `AWS_*`, `AZURE_*`, `GOOGLE_*`.
    pub fn open(address: &StoreAddress, settings: &StoreSettings) -> Result<Self, BackupError> {
        let retries = RetryConfig {
            backoff: BackoffConfig { max_backoff: Duration::from_secs(5), ..BackoffConfig::default() },
            max_retries: RETRIES_MAX,
            retry_timeout: settings.timeout.saturating_mul(2),
        };
        let connections = HttpConnections { timeout: settings.timeout };
        let bucket = address.url().host_str().unwrap_or_default();
        let opened: Result<Arc<dyn ObjectStore>, object_store::Error> = match address.url().scheme() {
            "s3" => AmazonS3Builder::from_env()
                .with_bucket_name(bucket)
                .with_retry(retries)
                .with_http_connector(connections)
                .build()
                .map(|store| Arc::new(store) as _),
            "az" => MicrosoftAzureBuilder::from_env()
                .with_container_name(bucket)
                .with_retry(retries)
                .with_http_connector(connections)
                .build()
                .map(|store| Arc::new(store) as _),
            "gs" => GoogleCloudStorageBuilder::from_env()
                .with_bucket_name(bucket)
                .with_retry(retries)
                .with_http_connector(connections)
                .build()
                .map(|store| Arc::new(store) as _),
            _ => return Self::open_folder(address),
        };
        let store = opened.map_err(|error| address.unusable(&error.to_string()))?;
        let prefix = Path::from_url_path(address.url().path()).map_err(|error| address.unusable(&error.to_string()))?;
        Ok(Self::Cloud(Arc::new(PrefixStore::new(store, prefix))))
    }

    fn open_folder(address: &StoreAddress) -> Result<Self, BackupError> {
        let path: PathBuf = address.url().to_file_path().map_err(|()| address.unusable("it is not a path"))?;
        let folder = Folder::open(&path).map_err(|error| address.unusable(&error.to_string()))?;
        Ok(Self::Folder(Arc::new(folder)))
    }
}
