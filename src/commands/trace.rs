//! `shelfmark trace`: what one event did to the model.

use std::{fmt::Write as _, process::ExitCode};

use clap::Args;
use serde_json::Value;
use shelfmark_client::ApiRequest;

use super::{
    client_command::{ClientArgs, count, decimal, figure, plain},
    table::{Align, Table, wrap},
};

/// Show what an event did: the step that learned it, the rows that moved and the neighbours that changed.
///
/// The log is learned again beside the learner, from the nearest state before the event. That takes about a second for
/// a recent event. Needs a key of scope `export`.
#[derive(Debug, Args)]
pub struct TraceArgs {
    /// Id of the event.
    event: String,
    /// Number of rows that are shown, of the 100 that the service names.
    #[arg(long, default_value_t = 20, value_parser = clap::value_parser!(u8).range(1..=100))]
    rows: u8,
    #[command(flatten)]
    client: ClientArgs,
}

/// Runs the command.
pub fn run(args: &TraceArgs) -> anyhow::Result<ExitCode> {
    let request = ApiRequest::get(&["events", &args.event]).query("trace", true);
    args.client.run(request, |answer| shown(answer, usize::from(args.rows)))
}

/// Describes an event and its trace.
fn shown(event: &Value, rows: usize) -> anyhow::Result<String> {
    let mut text = String::new();
    let who = event["user"].as_str().or(event["session"].as_str()).unwrap_or("nobody");
    let said =
        format!("position {}: {} {} {}", count(&event["position"]), who, plain(&event["kind"]), plain(&event["item"]));
    writeln!(text, "{}", wrap(&said))?;
    let trace = &event["trace"];
    let step = &trace["step"];
    let clipped = if step["clipped"].as_u64() == Some(1) { ", clipped" } else { "" };
    let learned = format!(
        "learned with weight {} in a step of {} targets ({} to {}), loss {}, gradient {}{clipped}; {} rows moved",
        figure(&trace["weight"]),
        count(&step["targets"]),
        count(&trace["batch_first"]),
        count(&trace["batch_last"]),
        figure(&step["loss"]),
        figure(&step["gradient_norm"]),
        count(&trace["rows_moved"]),
    );
    writeln!(text, "{}", wrap(&learned))?;

    let mut table = Table::new(&[
        ("table", Align::Left, 11),
        ("part", Align::Left, 7),
        ("moved", Align::Right, 8),
        ("length", Align::Right, 17),
        ("row", Align::Left, 20),
        ("title", Align::Left, 60),
    ]);
    for row in trace["rows"].as_array().into_iter().flatten().take(rows) {
        table.row([
            plain(&row["table"]),
            plain(&row["part"]),
            figure(&row["moved"]),
            format!("{} -> {}", figure(&row["norm_before"]), figure(&row["norm_after"])),
            plain(&row["id"]),
            row["title"].as_str().unwrap_or_default().to_owned(),
        ]);
    }
    if !table.is_empty() {
        write!(text, "\n{table}")?;
    }

    let mut table = Table::new(&[
        ("similarity", Align::Right, 18),
        ("rank", Align::Right, 9),
        ("neighbour", Align::Left, 20),
        ("title", Align::Left, 60),
    ]);
    for near in trace["neighbours"].as_array().into_iter().flatten() {
        table.row([
            format!("{} -> {}", decimal(&near["similarity_before"]), decimal(&near["similarity_after"])),
            format!("{} -> {}", plain(&near["place_before"]), plain(&near["place_after"])),
            plain(&near["id"]),
            near["title"].as_str().unwrap_or_default().to_owned(),
        ]);
    }
    if !table.is_empty() {
        write!(text, "\n{table}")?;
    }
    Ok(text)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_trace_names_the_step_the_rows_and_the_neighbours_within_80_columns() {
        let row = json!({
            "table": "projections", "part": "history", "moved": 0.031_25, "norm_before": 1.25, "norm_after": 1.5,
            "id": "a-rather-long-id-of-an-item", "title": "A long title of something that a shop sells to people"
        });
        let near = json!({
            "id": "pan", "title": null, "similarity_before": -0.25, "similarity_after": 0.5, "place_before": null,
            "place_after": 3
        });
        let event = json!({
            "position": 4711, "user": "u1", "kind": "click", "item": "kettle",
            "trace": {
                "weight": 1.0, "batch_first": 4700, "batch_last": 4720, "rows_moved": 1234,
                "step": {"targets": 21, "loss": 4.5, "gradient_norm": 0.5, "clipped": 1},
                "rows": [row.clone(), row], "neighbours": [near]
            }
        });
        let text = shown(&event, 1).expect("text");
        assert!(text.lines().all(|line| line.chars().count() <= 80), "{text}");
        assert!(text.starts_with("position 4,711: u1 click kettle\nlearned with weight 1 in a step of 21 targets"));
        assert!(text.contains("clipped") && text.contains("1,234 rows"), "{text}");
        assert_eq!(text.lines().filter(|line| line.starts_with("projections")).count(), 1, "{text}");
        assert!(text.contains("-0.2500 -> 0.5000") && text.contains("- -> 3"), "{text}");
    }
}
