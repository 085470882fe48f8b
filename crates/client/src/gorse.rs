//! The Gorse-compatible surface of a service, and servers of Gorse that are read.

use std::{path::Path, time::Duration};

use reqwest::{Body, Url, header};
use serde_json::Value;

use super::{
    Client, ClientError,
    connection::{answered, http_client},
};

/// Longest time of a dump on its way.
const DUMP_TIME: Duration = Duration::from_hours(24);

impl Client {
    /// Sends entries of `users`, `items` or `feedback` to the model of the key.
    pub async fn post_gorse(&self, table: &str, entries: &[Value]) -> Result<(), ClientError> {
        self.answer(self.gorse(table).json(entries)).await.map(drop)
    }

    /// Sends a dump of Gorse to the model of the key, as it is read. Returns how much of each table it held.
    pub async fn restore_gorse(&self, dump: impl Into<Body>) -> Result<Value, ClientError> {
        let bytes = self.answer(self.gorse("restore").timeout(DUMP_TIME).body(dump)).await?.bytes().await?;
        serde_json::from_slice(&bytes).map_err(ClientError::UnreadableAnswer)
    }
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
    pub async fn page(&self, table: &str, n: usize, cursor: &str) -> Result<(Vec<Value>, String), ClientError> {
        let mut request = self.http.get(format!("{}/api/{table}", self.base)).query(&[("cursor", cursor)]);
        request = request.query(&[("n", n)]).header(header::ACCEPT, "application/json");
        if let Some(key) = &self.key {
            request = request.header("x-api-key", key);
        }
        let bytes = answered(request).await?.bytes().await?;
        let mut page: Value = serde_json::from_slice(&bytes).map_err(ClientError::UnreadableAnswer)?;
        let name = match table {
            "users" => "Users",
            "items" => "Items",
            _ => "Feedback",
        };
        // Gorse writes null for an empty list.
        let entries = match page.get_mut(name).map(Value::take) {
            Some(Value::Array(entries)) => entries,
            _ => Vec::new(),
        };
        Ok((entries, page["Cursor"].as_str().unwrap_or_default().to_owned()))
    }
}
