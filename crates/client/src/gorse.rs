//! The Gorse-compatible surface of a service, and servers of Gorse that are read.

use std::path::Path;

use reqwest::{Url, header};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::{
    Client, ClientError,
    connection::{answered, http_client},
};

impl Client {
    /// Sends entries of `users`, `items` or `feedback` to the model of the key.
    pub async fn post_gorse(&self, table: &str, entries: &[impl Serialize + Sync]) -> Result<(), ClientError> {
        self.answer(self.gorse(table).json(entries)).await.map(drop)
    }
}

/// A page of a table.
#[derive(Deserialize)]
struct Page {
    #[serde(rename = "Cursor", default)]
    cursor: String,
    /// Gorse writes null for an empty list.
    #[serde(alias = "Users", alias = "Items", alias = "Feedback")]
    entries: Option<Vec<Box<RawValue>>>,
}

/// A server of Gorse that is read.
#[derive(Debug)]
pub struct GorseServer {
    http: reqwest::Client,
    base: String,
    key: Option<String>,
}

impl GorseServer {
    /// Checks the address. The first request connects.
    pub fn new(url: &Url, key: Option<String>, ca_file: Option<&Path>) -> Result<Self, ClientError> {
        let base = url.as_str().trim_end_matches('/').to_owned();
        Ok(Self { http: http_client(url, ca_file)?, base, key })
    }

    /// Reads a page of `users`, `items` or `feedback`: its entries, and the cursor of the next page, empty at the end.
    pub async fn page(&self, table: &str, n: usize, cursor: &str) -> Result<(Vec<Box<RawValue>>, String), ClientError> {
        let mut request = self.http.get(format!("{}/api/{table}", self.base)).query(&[("cursor", cursor)]);
        request = request.query(&[("n", n)]).header(header::ACCEPT, "application/json");
        if let Some(key) = &self.key {
            request = request.header("x-api-key", key);
        }
        let bytes = answered(request).await?.bytes().await?;
        serde_json::from_slice(&bytes)
            .map(|page: Page| (page.entries.unwrap_or_default(), page.cursor))
            .map_err(ClientError::UnreadableAnswer)
    }
}
