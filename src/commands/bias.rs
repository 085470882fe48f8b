//! `shelfmark bias`: who is shown and who is learned.

use std::{fmt::Write as _, process::ExitCode};

use clap::Args;
use serde_json::Value;
use shelfmark_client::ApiRequest;

use super::{
    client_command::{ClientArgs, count, figure, plain},
    table::{Align, Table, wrap},
};

/// Show how events, places in lists and gradients are spread over popular and rare items, and over categories.
#[derive(Debug, Args)]
pub struct BiasArgs {
    /// Number of categories that are shown, of the 100 that the service names.
    #[arg(long, default_value_t = 20, value_parser = clap::value_parser!(u8).range(0..=100))]
    categories: u8,
    #[command(flatten)]
    client: ClientArgs,
}

/// Runs the command.
pub fn run(args: &BiasArgs) -> anyhow::Result<ExitCode> {
    args.client.run(ApiRequest::get(&["learning", "bias"]), |report| shown(report, usize::from(args.categories)))
}

/// Describes the report.
fn shown(report: &Value, categories: usize) -> anyhow::Result<String> {
    let mut text = format!(
        "{} items met at position {}; exposure counted in {} sampled lists\n",
        count(&report["items"]),
        count(&report["position"]),
        count(&report["lists"])
    );
    let gini = format!(
        "Gini coefficient (0 equal, 1 one item has all): events {}, exposure {}, gradients {}",
        figure(&report["events_gini"]),
        figure(&report["exposure_gini"]),
        figure(&report["gradient_gini"])
    );
    writeln!(text, "{}\n", wrap(&gini))?;
    let mut table = shares(("popularity", Align::Left, 18));
    for decile in report["deciles"].as_array().into_iter().flatten() {
        let name = match decile["decile"].as_u64() {
            Some(1) => "most popular tenth".to_owned(),
            Some(10) => "rarest tenth".to_owned(),
            _ => format!("tenth {}", plain(&decile["decile"])),
        };
        row(&mut table, name, decile);
    }
    writeln!(text, "{table}")?;
    let all = report["categories"].as_array().map_or(&[][..], Vec::as_slice);
    let mut table = shares(("category", Align::Left, 32));
    for category in all.iter().take(categories) {
        row(&mut table, category["category"].as_str().unwrap_or("(none)").to_owned(), category);
    }
    if !table.is_empty() {
        text.push_str(&table.to_string());
    }
    let hidden = all.len().saturating_sub(categories) as u64 + report["categories_left_out"].as_u64().unwrap_or(0);
    if hidden > 0 {
        writeln!(text, "{hidden} more categories")?;
    }
    Ok(text)
}

/// Makes a table of shares by group.
fn shares(group: (&'static str, Align, u16)) -> Table {
    let right = |name, width| (name, Align::Right, width);
    Table::new(&[group, right("items", 10), right("events", 8), right("exposure", 8), right("gradients", 9)])
}

/// Adds a group to the table.
fn row(table: &mut Table, name: String, group: &Value) {
    let percent =
        |value: &Value| value.as_f64().map_or_else(|| "-".to_owned(), |share| format!("{:.1}%", 100.0 * share));
    table.row([
        name,
        count(&group["items"]),
        percent(&group["events"]),
        percent(&group["exposure"]),
        percent(&group["gradient"]),
    ]);
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn shares_are_percentages_within_80_columns() {
        let group = |name: &str, value: Value| json!({name: value, "items": 1200, "events": 0.5, "exposure": 0.25, "gradient": 0.125});
        let report = json!({
            "position": 4711, "items": 12_000, "lists": 900, "events_gini": 0.5, "exposure_gini": null,
            "gradient_gini": 0.25, "deciles": [group("decile", json!(1)), group("decile", json!(10))],
            "categories": [group("category", json!("x".repeat(60))), group("category", Value::Null)],
            "categories_left_out": 3
        });
        let text = shown(&report, 1).expect("text");
        assert!(text.lines().all(|line| line.chars().count() <= 80), "{text}");
        assert!(
            text.starts_with("12,000 items met at position 4,711; exposure counted in 900 sampled lists"),
            "{text}"
        );
        let popular = text.lines().find(|line| line.starts_with("most popular tenth")).expect("a row");
        assert_eq!(popular.split_whitespace().skip(3).collect::<Vec<_>>(), ["1,200", "50.0%", "25.0%", "12.5%"]);
        assert!(text.ends_with("4 more categories\n"), "{text}");
    }
}
