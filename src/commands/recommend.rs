//! `shelfmark recommend`: what a user, a visit or somebody who looks at an item is recommended.

use std::process::ExitCode;

use anyhow::Context;
use clap::Args;
use serde_json::{Map, Value, json};
use shelfmark_client::ApiRequest;

use super::{
    client_command::{ClientArgs, decimal, plain},
    table::{Align, Table},
};

/// Recommend items for a user, a visit or an item; without any of them, what is popular.
///
/// `--explain` adds what each score is made of, largest term first. The values of an item add up to its score.
#[derive(Debug, Args)]
pub struct RecommendArgs {
    /// User, by history.
    user: Option<String>,
    /// Items of a visit, oldest first, with commas between them. For a user who is unknown, or alone.
    #[arg(long, value_name = "ITEMS", value_delimiter = ',', conflicts_with = "item")]
    session: Vec<String>,
    /// Item that somebody looks at: what goes with it, for the user if one is named.
    #[arg(long)]
    item: Option<String>,
    /// Circumstance, such as device:mobile. May be given several times.
    #[arg(long, value_name = "NAME")]
    context: Vec<String>,
    /// Number of items.
    #[arg(long, default_value_t = 20, value_parser = clap::value_parser!(u16).range(1..=1000))]
    limit: u16,
    /// Only items of this category, or of one below it.
    #[arg(long)]
    category: Option<String>,
    /// Condition on the items' metadata as JSON, such as {"properties":{"price":{"lt":50}}}.
    #[arg(long, value_name = "JSON", conflicts_with = "category", value_parser = object)]
    filter: Option<Value>,
    /// Leave out what the user met, by events of any kind, or of KINDS with commas between them.
    #[arg(
        long,
        value_name = "KINDS",
        value_delimiter = ',',
        num_args = 0..=1,
        require_equals = true,
        default_missing_value = ""
    )]
    exclude_seen: Option<Vec<String>>,
    /// State that answers: a version's number or label, or live [default: what is served]
    #[arg(long, value_name = "VERSION")]
    state: Option<String>,
    /// Show what each score is made of.
    #[arg(long)]
    explain: bool,
    #[command(flatten)]
    client: ClientArgs,
}

fn object(text: &str) -> Result<Value, String> {
    let value: Map<String, Value> = serde_json::from_str(text).map_err(|error| error.to_string())?;
    Ok(value.into())
}

/// Encodes the request.
fn body(args: &RecommendArgs) -> Value {
    let mut with = vec!["item"];
    with.extend(args.explain.then_some("explanation"));
    let mut body = json!({ "limit": args.limit, "with": with });
    let mut set = |field: &str, value: Option<Value>| {
        if let Some(value) = value {
            body[field] = value;
        }
    };
    set("user", args.user.clone().map(Value::from));
    set("item", args.item.clone().map(Value::from));
    set("session", (!args.session.is_empty()).then(|| json!(args.session)));
    set("context", (!args.context.is_empty()).then(|| json!(args.context)));
    set("version", args.state.clone().map(Value::from));
    let category = args.category.as_ref().map(|category| json!({ "categories": { "any": [category] } }));
    set("filter", args.filter.clone().or(category));
    set(
        "exclude_seen",
        args.exclude_seen.as_ref().map(|kinds| match kinds.as_slice() {
            [only] if only.is_empty() => json!(true),
            kinds => json!(kinds),
        }),
    );
    body
}

/// Runs the command.
pub fn run(args: &RecommendArgs) -> anyhow::Result<ExitCode> {
    args.client.run(ApiRequest::post(&["recommendations"]).json(body(args)), list)
}

/// Formats a list: an item a line, and where they are given the terms of its score below it.
fn list(answer: &Value) -> anyhow::Result<String> {
    let items = answer["items"].as_array().context("the answer holds no items")?;
    let mut text = format!("by {} at position {}", state(&answer["version"]), plain(&answer["position"]));
    match answer["fallback"].as_str() {
        Some("session") => text.push_str("; the user is unknown: by the session"),
        Some(_) => text.push_str("; nobody who is known: what is popular"),
        None => {}
    }
    text.push('\n');
    if items.is_empty() {
        text.push_str("no item\n");
        return Ok(text);
    }
    let explained = items.iter().any(|item| item["explanation"].is_array());
    let mut table = Table::new(&[
        ("rank", Align::Right, 4),
        ("score", Align::Right, 9),
        (if explained { "item or term" } else { "item" }, Align::Left, 30),
        ("title", Align::Left, 60),
    ]);
    for (place, item) in items.iter().enumerate() {
        let title = item["item"]["title"].as_str().unwrap_or_default().to_owned();
        table.row([(place + 1).to_string(), decimal(&item["score"]), plain(&item["id"]), title]);
        for term in item["explanation"].as_array().into_iter().flatten() {
            table.row([String::new(), decimal(&term["value"]), format!("  {}", plain(&term["source"])), of(term)]);
        }
    }
    text.push_str(&table.to_string());
    Ok(text)
}

/// Names the state that answered.
fn state(version: &Value) -> String {
    version.as_u64().map_or_else(|| "the live state".to_owned(), |version| format!("version {version}"))
}

/// Says what a term comes from.
fn of(term: &Value) -> String {
    let parts = ["item", "name", "kind", "at"].into_iter().filter_map(|field| term[field].as_str());
    parts.collect::<Vec<_>>().join("  ")
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    #[derive(Parser)]
    struct Line {
        #[command(flatten)]
        args: RecommendArgs,
    }

    fn asked(line: &[&str]) -> Value {
        let line = ["recommend"].into_iter().chain(line.iter().copied());
        body(&Line::try_parse_from(line).expect("a command line").args)
    }

    #[test]
    fn the_line_becomes_a_query() {
        assert_eq!(asked(&[]), json!({"limit": 20, "with": ["item"]}));
        assert_eq!(
            asked(&["u1", "--item", "i1", "--limit", "3", "--exclude-seen", "--explain"]),
            json!({"user": "u1", "item": "i1", "limit": 3, "exclude_seen": true, "with": ["item", "explanation"]})
        );
        assert_eq!(
            asked(&["--session", "a,b", "--exclude-seen=click,cart", "--category", "Home"]),
            json!({
                "session": ["a", "b"], "limit": 20, "exclude_seen": ["click", "cart"], "with": ["item"],
                "filter": {"categories": {"any": ["Home"]}}
            })
        );
        assert!(Line::try_parse_from(["recommend", "--filter", "[]"]).is_err());
    }

    #[test]
    fn a_list_has_a_line_an_item_and_its_terms_below() {
        let terms = json!([
            {"source": "event", "item": "pan", "kind": "click", "at": "2026-01-05T08:00:00Z", "value": 1.5},
            {"source": "bias", "value": -0.25}
        ]);
        let kettle = json!({"id": "kettle", "score": 1.25, "item": {"title": "Red kettle"}, "explanation": terms});
        let text = list(&json!({"version": "live", "position": 9, "fallback": null, "items": [kettle]})).expect("text");
        let lines: Vec<&str> = text.lines().collect();
        assert_eq!(lines[0], "by the live state at position 9");
        assert_eq!(lines[2].split_whitespace().collect::<Vec<_>>(), ["1", "1.2500", "kettle", "Red", "kettle"]);
        assert!(lines[3].contains("event") && lines[3].contains("pan  click  2026-01-05T08:00:00Z"), "{text}");
        assert!(lines[4].trim_start().starts_with("-0.2500"), "{text}");
        assert!(lines.iter().all(|line| line.chars().count() <= 80), "{text}");
        let none = list(&json!({"version": 3, "position": 9, "fallback": "popular", "items": []})).expect("text");
        assert_eq!(none, "by version 3 at position 9; nobody who is known: what is popular\nno item\n");
    }
}
