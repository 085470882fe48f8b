//! `shelfmark history`: how the vector of an item or a user came to be what it is.

use std::{fmt::Write as _, process::ExitCode};

use clap::Args;
use serde_json::Value;
use shelfmark_client::ApiRequest;

use super::{
    client_command::{ClientArgs, count, decimal, figure, plain},
    table::{Align, Table, cut},
};

/// Show where an item's or a user's vector stood in the newest versions, and which steps moved it farthest.
///
/// The vector is the row as learned: of an item without its words and dense vectors, of a user without the history.
#[derive(Debug, Args)]
pub struct HistoryArgs {
    /// Id of the item, or with --user of the user.
    id: String,
    /// Show a user instead of an item.
    #[arg(long)]
    user: bool,
    /// Number of newest versions that are looked at.
    #[arg(long, default_value_t = 50, value_parser = clap::value_parser!(u8).range(1..=200))]
    versions: u8,
    /// Number of newest records that are learned again to find the farthest steps; 0 for none.
    #[arg(long, default_value_t = 16_384, value_parser = clap::value_parser!(u32).range(0..=1_000_000))]
    records: u32,
    #[command(flatten)]
    client: ClientArgs,
}

/// Runs the command.
pub fn run(args: &HistoryArgs) -> anyhow::Result<ExitCode> {
    let table = if args.user { "users" } else { "items" };
    let request = ApiRequest::get(&[table, &args.id, "history"]);
    args.client.run(request.query("limit", args.versions).query("records", args.records), shown)
}

/// Describes the history of a row.
fn shown(history: &Value) -> anyhow::Result<String> {
    let mut text = plain(&history["id"]);
    if let Some(title) = history["title"].as_str() {
        write!(text, ": {}", cut(title, 50))?;
    }
    let now = &history["now"];
    writeln!(text, "\nlength {} at position {}\n", figure(&now["norm"]), count(&now["position"]))?;

    let mut table = Table::new(&[
        ("state", Align::Right, 9),
        ("position", Align::Right, 14),
        ("length", Align::Right, 9),
        ("distance", Align::Right, 9),
        ("cosine to now", Align::Right, 13),
        ("label", Align::Left, 20),
    ]);
    for version in history["versions"].as_array().into_iter().flatten() {
        table.row([
            plain(&version["version"]),
            count(&version["position"]),
            figure(&version["norm"]),
            figure(&version["distance"]),
            decimal(&version["cosine_to_now"]),
            version["label"].as_str().unwrap_or_default().to_owned(),
        ]);
    }
    table.row([
        "live".to_owned(),
        count(&now["position"]),
        figure(&now["norm"]),
        figure(&now["distance"]),
        String::new(),
        String::new(),
    ]);
    writeln!(text, "{table}distance: from the state above that has the row")?;

    let steps = &history["steps"];
    if steps.is_null() {
        return Ok(text);
    }
    let (moved, after, through) = (count(&steps["moved"]), count(&steps["after"]), count(&steps["through"]));
    writeln!(text, "\nmoved {moved} times from position {after} to {through}; farthest:")?;
    let mut table = Table::new(&[
        ("positions", Align::Right, 17),
        ("cause", Align::Left, 10),
        ("distance", Align::Right, 9),
        ("cosine", Align::Right, 7),
        ("loss", Align::Right, 7),
        ("own events", Align::Left, 60),
    ]);
    for step in steps["largest"].as_array().into_iter().flatten() {
        let clipped = if step["clipped"] == true { "clipped" } else { "" };
        let events = step["events"].as_array().into_iter().flatten().map(event);
        let events: Vec<String> =
            [clipped.to_owned()].into_iter().chain(events).filter(|text| !text.is_empty()).collect();
        table.wrapped_row([
            format!("{}-{}", plain(&step["first"]), plain(&step["last"])),
            plain(&step["cause"]),
            figure(&step["distance"]),
            decimal(&step["cosine"]),
            figure(&step["loss"]),
            events.join(", "),
        ]);
    }
    text.push_str(&table.to_string());
    Ok(text)
}

/// Names an event in a few words.
fn event(event: &Value) -> String {
    let who = event["user"].as_str().or(event["session"].as_str()).unwrap_or("nobody");
    format!("{who} {} {}", plain(&event["kind"]), plain(&event["item"]))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_history_has_a_line_a_version_and_a_line_a_step() {
        let version = json!({
            "version": 3, "label": "before-sale", "position": 1_234_567, "found": true, "norm": 0.5, "distance": null,
            "cosine_to_now": 0.75
        });
        let step = json!({
            "cause": "competitor", "first": 1_234_500, "last": 1_234_600, "distance": 0.125, "cosine": 0.99,
            "loss": 3.25, "clipped": true, "targets": 9, "own_targets": 1,
            "events": [{"position": 1, "user": "somebody-of-a-long-name", "kind": "purchase", "item": "kettle"}]
        });
        let mut history = json!({
            "id": "kettle", "title": "Red kettle", "table": "items", "versions": [version],
            "now": {"position": 1_234_900, "norm": 0.625, "distance": 0.25},
            "steps": {"after": 0, "through": 1_234_900, "replayed_after": 0, "moved": 12, "largest": [step]}
        });
        let text = shown(&history).expect("text");
        assert!(text.lines().all(|line| line.chars().count() <= 80), "{text}");
        assert!(text.starts_with("kettle: Red kettle\nlength 0.6250 at position 1,234,900\n"), "{text}");
        assert!(text.contains("before-sale") && text.contains("moved 12 times"), "{text}");
        let cells: Vec<&str> = text.split_once("own events").expect("a table").1.split_whitespace().collect();
        let expected = ["1234500-1234600", "competitor", "0.1250", "0.9900", "3.2500", "clipped,"];
        assert_eq!(cells[..6], expected, "{text}");
        assert!(["purchase", "kettle"].iter().all(|word| cells.contains(word)), "wrapped, not cut: {text}");
        history["steps"] = Value::Null;
        assert!(shown(&history).expect("text").ends_with("has the row\n"));
    }
}
