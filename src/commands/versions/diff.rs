//! A diff of two states as tables.

use indicatif::HumanCount;
use serde::Deserialize;
use serde_json::Value;
use shelfmark_domain::{Id, Position};

use super::super::table::{Align, Table, WIDTH, cut, short};

#[derive(Deserialize)]
struct DiffAnswer {
    from: StateSummary,
    to: StateSummary,
    tables: Vec<TableRow>,
    movers: Vec<MoverRow>,
    neighbours: ChurnSummary,
    ranks: ChurnSummary,
    configuration: Vec<SettingChange>,
    metrics: Vec<FigureChange>,
}

#[derive(Deserialize)]
struct StateSummary {
    version: Option<u32>,
    label: Option<String>,
    position: Position,
    users: u64,
    items: u64,
    events: u64,
}

#[derive(Deserialize)]
struct TableRow {
    table: String,
    rows_to: u64,
    added: u64,
    removed: u64,
    moved: u64,
    distance: Option<Distribution>,
    relative: Option<Distribution>,
}

#[derive(Deserialize)]
struct Distribution {
    mean: f64,
    p50: f64,
    p99: f64,
    max: f64,
}

#[derive(Deserialize)]
struct MoverRow {
    item: Id,
    title: Option<String>,
    norm_before: f64,
    norm_now: f64,
    distance: f64,
    cosine: f64,
}

#[derive(Deserialize)]
struct ChurnSummary {
    sampled: u64,
    k: u64,
    churn: Option<Distribution>,
    unchanged: u64,
    first_changed: u64,
    most_changed: Vec<ChangedList>,
}

#[derive(Deserialize)]
struct ChangedList {
    id: Id,
    title: Option<String>,
    churn: f64,
    gone: Vec<Id>,
    came: Vec<Id>,
}

#[derive(Deserialize)]
struct SettingChange {
    field: String,
    from: Option<Value>,
    to: Option<Value>,
}

#[derive(Deserialize)]
struct FigureChange {
    name: String,
    from: Option<f64>,
    to: Option<f64>,
    change: Option<f64>,
}

/// Formats a diff.
pub fn text(answer: &Value) -> anyhow::Result<String> {
    let diff: DiffAnswer = serde_json::from_value(answer.clone())?;
    let mut text = format!("from  {}\nto    {}\n", side(&diff.from), side(&diff.to));
    let mut section = |title: &str, body: String| {
        if !body.is_empty() {
            text.push_str(&format!("\n{title}\n{body}"));
        }
    };
    section("rows", rows(&diff.tables));
    section("items that moved farthest", movers(&diff.movers));
    section("neighbours of items", churn("items", &diff.neighbours));
    section("recommendations for users", churn("users", &diff.ranks));
    section("settings", settings(&diff.configuration));
    section("figures", figures(&diff.metrics));
    Ok(text)
}

fn side(side: &StateSummary) -> String {
    let name = side.version.map_or_else(|| "live".to_owned(), |version| format!("version {version}"));
    let label = side.label.as_ref().map(|label| format!(" ({label})")).unwrap_or_default();
    let counts = format!(
        ": position {}, {} items, {} users, {} events",
        HumanCount(side.position.get()),
        HumanCount(side.items),
        HumanCount(side.users),
        HumanCount(side.events)
    );
    cut(&format!("{name}{label}{counts}"), usize::from(WIDTH) - 6)
}

fn rows(tables: &[TableRow]) -> String {
    let mut table = Table::new(&[
        ("", Align::Left, 11),
        ("rows", Align::Right, 11),
        ("added", Align::Right, 10),
        ("removed", Align::Right, 10),
        ("moved", Align::Right, 11),
        ("mean", Align::Right, 8),
        ("p99", Align::Right, 8),
        ("relative", Align::Right, 8),
    ]);
    for one in tables.iter().filter(|one| one.rows_to > 0 || one.removed > 0) {
        let number = |value: Option<f64>| value.map_or_else(|| "-".to_owned(), short);
        table.row([
            one.table.clone(),
            HumanCount(one.rows_to).to_string(),
            HumanCount(one.added).to_string(),
            HumanCount(one.removed).to_string(),
            HumanCount(one.moved).to_string(),
            number(one.distance.as_ref().map(|distance| distance.mean)),
            number(one.distance.as_ref().map(|distance| distance.p99)),
            number(one.relative.as_ref().map(|relative| relative.p50)),
        ]);
    }
    format!("{table}mean and p99 of the distance moved; relative: median of distance over length\n")
}

fn movers(movers: &[MoverRow]) -> String {
    let mut table = Table::new(&[
        ("distance", Align::Right, 9),
        ("cosine", Align::Right, 7),
        ("length", Align::Right, 17),
        ("item", Align::Left, 24),
        ("title", Align::Left, 60),
    ]);
    for mover in movers {
        table.row([
            short(mover.distance),
            format!("{:.3}", mover.cosine),
            format!("{} -> {}", short(mover.norm_before), short(mover.norm_now)),
            mover.item.to_string(),
            mover.title.clone().unwrap_or_default(),
        ]);
    }
    if table.is_empty() { String::new() } else { table.to_string() }
}

fn churn(of: &str, churn: &ChurnSummary) -> String {
    let Some(spread) = &churn.churn else { return String::new() };
    let mut table = Table::new(&[
        ("churn", Align::Right, 6),
        ("whose", Align::Left, 28),
        ("gone", Align::Left, 18),
        ("came", Align::Left, 30),
    ]);
    for changed in &churn.most_changed {
        let whose =
            changed.title.as_ref().map_or_else(|| changed.id.to_string(), |title| format!("{} {title}", changed.id));
        let list = |ids: &[Id]| ids.iter().map(Id::as_str).collect::<Vec<_>>().join(" ");
        table.row([format!("{:.2}", changed.churn), whose, list(&changed.gone), list(&changed.came)]);
    }
    let changed = if table.is_empty() { String::new() } else { table.to_string() };
    format!(
        "sampled {} {of}, first {}: mean churn {:.3}, median {:.3}, largest {:.3};\n\
         {} unchanged, first place another for {}\n{changed}",
        HumanCount(churn.sampled),
        churn.k,
        spread.mean,
        spread.p50,
        spread.max,
        HumanCount(churn.unchanged),
        HumanCount(churn.first_changed)
    )
}

fn settings(settings: &[SettingChange]) -> String {
    let value = |value: &Option<Value>| value.as_ref().map_or_else(|| "(none)".to_owned(), Value::to_string);
    let line = |setting: &SettingChange| {
        let line = format!("{}: {} -> {}", setting.field, value(&setting.from), value(&setting.to));
        format!("{}\n", cut(&line, usize::from(WIDTH)))
    };
    settings.iter().map(line).collect()
}

fn figures(figures: &[FigureChange]) -> String {
    let mut table = Table::new(&[
        ("", Align::Left, 36),
        ("from", Align::Right, 12),
        ("to", Align::Right, 12),
        ("change", Align::Right, 12),
    ]);
    for figure in figures {
        let number = |value: Option<f64>| value.map_or_else(|| "-".to_owned(), short);
        let change = figure.change.map_or_else(String::new, |change| {
            if change > 0.0 { format!("+{}", short(change)) } else { short(change) }
        });
        table.row([figure.name.clone(), number(figure.from), number(figure.to), change]);
    }
    if table.is_empty() { String::new() } else { table.to_string() }
}
