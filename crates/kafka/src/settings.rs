//! The file of settings, checked.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
    time::Duration,
};

use serde::Deserialize;
use shelfmark_client::{ServiceAddress, Url};
use shelfmark_domain::ModelName;

use crate::{ConnectorError, field_path::FieldPath};

/// Environment variable of the API key, as of the command line of the service.
const KEY_VARIABLE: &str = "SHELFMARK_KEY";
/// Properties of librdkafka that the connector sets itself, with the reason.
const OWN_PROPERTIES: [(&str, &str); 7] = [
    ("bootstrap.servers", "it is kafka.brokers"),
    ("group.id", "it is kafka.group"),
    ("enable.auto.commit", "the offsets that count are committed by the service"),
    ("enable.auto.offset.store", "the offsets that count are committed by the service"),
    ("auto.offset.reset", "it is kafka.start, and offsets that Kafka no longer has stop the connector"),
    ("partition.assignment.strategy", "partitions are handed over as a whole: range and roundrobin"),
    ("group.protocol", "it is the classic one"),
];

/// Settings of a connector.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// Where events go.
    pub(crate) service: ServiceSettings,
    /// Where messages come from.
    pub(crate) kafka: KafkaSettings,
    /// How many go together.
    #[serde(default)]
    pub(crate) batch: BatchSettings,
    /// What a message becomes.
    pub(crate) event: EventSettings,
}

/// Model and address.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ServiceSettings {
    pub url: String,
    pub model: String,
    /// File with the API key. Without it, the environment variable.
    pub key_file: Option<PathBuf>,
    /// File of certificates of authorities in PEM.
    pub ca_file: Option<PathBuf>,
}

/// Brokers and topics.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct KafkaSettings {
    pub brokers: String,
    pub group: String,
    pub topics: Vec<String>,
    pub dead_letter_topic: Option<String>,
    #[serde(default)]
    pub start: Start,
    /// Any property of librdkafka.
    #[serde(default)]
    pub properties: BTreeMap<String, String>,
    /// Properties whose values are in environment variables.
    #[serde(default)]
    pub properties_from_env: BTreeMap<String, String>,
}

/// Where a partition without a stored offset is begun.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Start {
    /// At the oldest message.
    #[default]
    Earliest,
    /// At the next message.
    Latest,
}

/// Bounds of a batch.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct BatchSettings {
    pub records: usize,
    pub bytes: usize,
    pub wait_ms: u64,
}

impl Default for BatchSettings {
    fn default() -> Self {
        Self { records: 1_000, bytes: 1 << 20, wait_ms: 100 }
    }
}

impl BatchSettings {
    /// Returns how long the first message waits for others.
    pub const fn wait(&self) -> Duration {
        Duration::from_millis(self.wait_ms)
    }
}

/// Unit of numbers that are times.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
pub(crate) enum TimeUnit {
    #[default]
    #[serde(rename = "s")]
    Seconds,
    #[serde(rename = "ms")]
    Milliseconds,
    #[serde(rename = "us")]
    Microseconds,
    #[serde(rename = "ns")]
    Nanoseconds,
}

/// What becomes of messages whose kind is not among the named ones.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum OtherKinds {
    /// They are bad messages.
    #[default]
    Reject,
    /// They become no event.
    Ignore,
}

/// Where the fields of an event are in a message.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct EventSettings {
    pub user: Option<FieldPath>,
    pub session: Option<FieldPath>,
    pub item: FieldPath,
    pub kind: FieldPath,
    pub value: Option<FieldPath>,
    /// Without it, the time that Kafka has of the message.
    pub time: Option<FieldPath>,
    #[serde(default)]
    pub time_unit: TimeUnit,
    /// Without it, `topic/partition/offset`.
    pub event_id: Option<FieldPath>,
    pub recommendation_id: Option<FieldPath>,
    #[serde(default)]
    pub properties: BTreeMap<String, FieldPath>,
    /// Kinds of the model by the names of the messages. Empty: names are kinds.
    #[serde(default)]
    pub kinds: BTreeMap<String, String>,
    #[serde(default)]
    pub other_kinds: OtherKinds,
}

impl Settings {
    /// Reads and checks a file.
    ///
    /// # Errors
    /// Names the file, and the setting at fault.
    pub fn read(path: &Path) -> Result<Self, ConnectorError> {
        let text =
            fs::read_to_string(path).map_err(|source| ConnectorError::Unreadable { path: path.to_owned(), source })?;
        let settings: Self = toml::from_str(&text)
            .map_err(|error| ConnectorError::Malformed { path: path.to_owned(), detail: error.to_string() })?;
        settings.check()?;
        Ok(settings)
    }

    fn check(&self) -> Result<(), ConnectorError> {
        let Self { kafka, batch, .. } = self;
        if kafka.topics.is_empty() {
            return Err(ConnectorError::setting("kafka.topics", "must name a topic"));
        }
        if kafka.topics.iter().any(|topic| topic.starts_with('^')) {
            return Err(ConnectorError::setting("kafka.topics", "must be names: patterns are not taken"));
        }
        if kafka.dead_letter_topic.as_ref().is_some_and(|dead| kafka.topics.contains(dead)) {
            return Err(ConnectorError::setting("kafka.dead_letter_topic", "must not be one that is read"));
        }
        for (table, names) in [("properties", &kafka.properties), ("properties_from_env", &kafka.properties_from_env)] {
            if let Some((own, why)) = OWN_PROPERTIES.iter().find(|(own, _)| names.contains_key(*own)) {
                return Err(ConnectorError::setting(format!("kafka.{table}.{own}"), format!("is not taken: {why}")));
            }
        }
        for (field, value, max) in [
            ("batch.records", batch.records as u64, shelfmark_client::ENTRIES_MAX as u64),
            ("batch.bytes", batch.bytes as u64, 8 << 20),
            ("batch.wait_ms", batch.wait_ms.saturating_add(1), 60_001),
        ] {
            if value == 0 || value > max {
                return Err(ConnectorError::setting(field, format!("must be within 1 and {max}, is {value}")));
            }
        }
        Ok(())
    }

    /// Returns the address of the model, with the key of the file or the environment.
    ///
    /// # Errors
    /// The key file cannot be read, or the name of the model is none.
    pub(crate) fn address(&self) -> Result<ServiceAddress, ConnectorError> {
        let ServiceSettings { url, model, key_file, ca_file } = &self.service;
        let key = match key_file {
            Some(path) => {
                let text = fs::read_to_string(path)
                    .map_err(|source| ConnectorError::Unreadable { path: path.clone(), source })?;
                Some(text.trim().to_owned())
            }
            None => std::env::var(KEY_VARIABLE).ok().filter(|key| !key.is_empty()),
        };
        let url = Url::parse(url).map_err(|error| ConnectorError::setting("service.url", error.to_string()))?;
        let model = ModelName::new(model).map_err(|error| ConnectorError::setting("service.model", error.detail))?;
        Ok(ServiceAddress { url, model, key, ca_file: ca_file.clone() })
    }

    /// Returns the properties of librdkafka, those of the environment among them.
    ///
    /// # Errors
    /// A variable is not set.
    pub(crate) fn properties(&self) -> Result<BTreeMap<String, String>, ConnectorError> {
        let mut properties = self.kafka.properties.clone();
        for (name, variable) in &self.kafka.properties_from_env {
            let value = std::env::var(variable).map_err(|_| {
                let detail = format!("the environment variable {variable} is not set");
                ConnectorError::setting(format!("kafka.properties_from_env.{name}"), detail)
            })?;
            properties.insert(name.clone(), value);
        }
        Ok(properties)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LEAST: &str = "[service]\nurl = \"http://127.0.0.1:8080\"\nmodel = \"default\"\n[kafka]\nbrokers = \"b:9092\"\n\
        group = \"g\"\ntopics = [\"clicks\"]\n[event]\nuser = \"user\"\nitem = \"item\"\nkind = \"kind\"\n";

    fn read(text: &str) -> Result<Settings, String> {
        let settings: Settings = toml::from_str(text).map_err(|error| error.to_string())?;
        settings.check().map_err(|error| error.to_string())?;
        Ok(settings)
    }

    #[test]
    fn every_bad_setting_is_named() {
        read(LEAST).expect("the least that is needed");
        for (change, to, named) in [
            ("topics = [\"clicks\"]", "topics = []", "kafka.topics"),
            ("topics = [\"clicks\"]", "topics = [\"^c\"]", "kafka.topics"),
            ("group = \"g\"", "group = \"g\"\ndead_letter_topic = \"clicks\"", "kafka.dead_letter_topic"),
            ("[event]", "[kafka.properties]\n\"group.id\" = \"x\"\n[event]", "kafka.properties.group.id"),
            ("[event]", "[batch]\nrecords = 10001\n[event]", "batch.records"),
            ("[event]", "[batch]\nbytes = 0\n[event]", "batch.bytes"),
            ("item = \"item\"", "item = 5", "user.id"),
            ("item = \"item\"", "", "item"),
            ("kind = \"kind\"", "kind = \"kind\"\ncolour = \"x\"", "colour"),
            ("kind = \"kind\"", "kind = \"kind\"\ntime_unit = \"h\"", "time_unit"),
        ] {
            let text = LEAST.replacen(change, to, 1);
            let error = read(&text).expect_err(&text);
            assert!(error.contains(named), "{named}: {error}");
        }
    }
}
