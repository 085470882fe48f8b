//! Versions as tables.

use bytesize::ByteSize;
use indicatif::HumanCount;
use serde::Deserialize;
use serde_json::Value;
use shelfmark_domain::{Timestamp, VersionManifest};

use super::super::table::{Align, Table, WIDTH};

/// Width of the column of names.
const NAMES: usize = 20;

#[derive(Deserialize)]
struct VersionsPage {
    versions: Vec<VersionManifest>,
    next_cursor: Option<u32>,
}

/// Formats a page of versions, a line each.
pub fn page(answer: &Value) -> anyhow::Result<String> {
    let page: VersionsPage = serde_json::from_value(answer.clone())?;
    let mut table = Table::new(&[
        ("version", Align::Right, 10),
        ("label", Align::Left, 20),
        ("position", Align::Right, 15),
        ("taken (UTC)", Align::Left, 16),
        ("size", Align::Right, 9),
        ("why", Align::Left, 60),
    ]);
    for manifest in &page.versions {
        table.row([
            manifest.version.to_string(),
            manifest.label.clone().unwrap_or_default(),
            HumanCount(manifest.position.get()).to_string(),
            minute(manifest.created_at),
            ByteSize(manifest.bytes).display().si().to_string(),
            manifest.reason.clone().unwrap_or_else(|| format!("by {}", manifest.actor)),
        ]);
    }
    if table.is_empty() {
        return Ok("no versions\n".to_owned());
    }
    let more = page.next_cursor.map(|next| format!("older ones: --before {next}\n")).unwrap_or_default();
    Ok(format!("{table}{more}"))
}

/// Formats one version, a line for each of its facts.
pub fn one(manifest: &VersionManifest) -> String {
    let mut lines = vec![
        ("version", manifest.version.to_string()),
        ("label", manifest.label.clone().unwrap_or_else(|| "(none)".to_owned())),
        ("reason", manifest.reason.clone().unwrap_or_else(|| "(none)".to_owned())),
        ("position", HumanCount(manifest.position.get()).to_string()),
        ("parent", manifest.parent.map_or_else(|| "(none)".to_owned(), |parent| parent.to_string())),
        ("digest", manifest.digest.to_string()),
        ("size", ByteSize(manifest.bytes).display().si().to_string()),
        ("taken", manifest.created_at.to_string()),
        ("by", manifest.actor.clone()),
        ("numerics", manifest.fingerprint.clone()),
    ];
    for name in ["events", "users", "items", "sessions", "quarantined_events", "clipped_steps"] {
        if let Some(count) = manifest.metrics.get(name).and_then(Value::as_u64) {
            lines.push((name, HumanCount(count).to_string()));
        }
    }
    lines.into_iter().map(|(name, value)| format!("{name:<NAMES$}{}\n", folded(&value))).collect()
}

/// Breaks a text into lines that fit beside the names.
fn folded(text: &str) -> String {
    let characters: Vec<char> = text.chars().collect();
    let lines: Vec<String> = characters.chunks(usize::from(WIDTH) - NAMES).map(|line| line.iter().collect()).collect();
    lines.join(&format!("\n{}", " ".repeat(NAMES)))
}

/// `2026-11-24 12:00`.
fn minute(at: Timestamp) -> String {
    let text = at.to_string();
    text.get(..16).unwrap_or(&text).replace('T', " ")
}
