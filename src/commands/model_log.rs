//! The log of a running service's model, as a stream to evaluate on.

use std::collections::BTreeMap;

use anyhow::{Context, bail};
use indicatif::HumanCount;
use serde::Deserialize;
use serde_json::{Map, Value};
use shelfmark_client::{ApiRequest, Client};
use shelfmark_domain::{ModelConfig, RecordBody};
use shelfmark_evaluation::Stream;

use super::progress_bar::WorkProgress;

/// Records of a page.
const PAGE: usize = 1000;

/// A page of the log.
#[derive(Deserialize)]
struct Page {
    records: Vec<Map<String, Value>>,
    next_cursor: Option<u64>,
}

/// Returns what a record says, without its place.
fn body(mut record: Map<String, Value>) -> serde_json::Result<RecordBody> {
    for of_place in ["position", "appended_at", "source"] {
        record.remove(of_place);
    }
    serde_json::from_value(Value::Object(record))
}

/// Log of a model as it was read.
pub struct ModelLog {
    /// Events in the order of the log; metadata and profiles before them.
    pub stream: Stream,
    /// Records that a stream does not hold, by type.
    pub left_out: BTreeMap<&'static str, u64>,
}

/// Reads the configuration of the model.
pub async fn config(client: &Client) -> anyhow::Result<ModelConfig> {
    let mut model: Value = client.send(ApiRequest::get(&[])).await.context("the model")?;
    serde_json::from_value(model["config"].take()).context("the model's configuration")
}

/// Reads the log to its present end, `limit` events at most. The key needs scope export.
pub async fn read(client: &Client, config: &ModelConfig, limit: usize, quiet: bool) -> anyhow::Result<ModelLog> {
    let head = client.status().await?.head;
    let progress = WorkProgress::new("reading the log", usize::try_from(head).unwrap_or(usize::MAX), "records", quiet);
    let mut log = ModelLog { stream: Stream::default(), left_out: BTreeMap::new() };
    let mut cursor = 0;
    while cursor < head {
        let request = ApiRequest::get(&["events"]).query("cursor", cursor).query("limit", PAGE);
        let page: Page = client.send(request).await.context("the log, which needs a key of scope export")?;
        for record in page.records {
            log.add(body(record).context("a record of the log")?, config, limit)?;
        }
        let Some(next) = page.next_cursor else { break };
        cursor = next;
        progress.update(usize::try_from(cursor).unwrap_or(usize::MAX), String::new);
    }
    progress.finish();
    Ok(log)
}

impl ModelLog {
    fn add(&mut self, body: RecordBody, config: &ModelConfig, limit: usize) -> anyhow::Result<()> {
        let left_out = match body {
            RecordBody::Event(_) if self.stream.events.len() >= limit => return Ok(()),
            RecordBody::Event(event) => {
                if !self.stream.event(event, config) {
                    bail!("the log has more than {} events: --limit", HumanCount(Stream::EVENTS_MAX as u64));
                }
                return Ok(());
            }
            RecordBody::PutItem(item) => {
                self.stream.item(item);
                return Ok(());
            }
            body @ (RecordBody::PatchItem(_) | RecordBody::UpdateProfile(_)) => {
                self.stream.updates.push(body);
                return Ok(());
            }
            RecordBody::PutVector(row) => {
                self.stream.vectors.push(row);
                return Ok(());
            }
            RecordBody::RemoveItem { .. } => "remove_item",
            RecordBody::Restore { .. } => "restore",
            RecordBody::Configure { .. } => "configure",
            RecordBody::Merge(_) => "merge",
            RecordBody::Retract(_) => "retract",
            RecordBody::ResetModality { .. } => "reset_modality",
            RecordBody::Forget(_) => "forget",
        };
        *self.left_out.entry(left_out).or_default() += 1;
        Ok(())
    }
}
