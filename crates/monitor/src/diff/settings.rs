//! Comparison of the configurations and figures of two states.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;
use serde_json::Value;

use shelfmark_domain::ModelConfig;

/// Setting that differs.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Setting {
    /// Its name, with dots between levels: `rates.items`.
    pub field: String,
    /// Its value before; null where there was none.
    #[cfg_attr(feature = "openapi", schema(value_type = Object))]
    pub from: Option<Value>,
    /// Its value after; null where there is none.
    #[cfg_attr(feature = "openapi", schema(value_type = Object))]
    pub to: Option<Value>,
}

/// Figure of both states.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Figure {
    /// Its name, with dots between levels: `quality.live.recall`.
    pub name: String,
    /// Value before; null where it was not measured.
    pub from: Option<f64>,
    /// Value after; null where it was not measured.
    pub to: Option<f64>,
    /// Value after minus value before.
    pub change: Option<f64>,
}

/// Lists the settings that differ, by name.
pub(super) fn settings(from: &ModelConfig, to: &ModelConfig) -> Vec<Setting> {
    let [mut old, mut new] = [from, to].map(values);
    let names: BTreeSet<String> = old.keys().chain(new.keys()).cloned().collect();
    names
        .into_iter()
        .map(|field| Setting { from: old.remove(&field), to: new.remove(&field), field })
        .filter(|setting| setting.from != setting.to)
        .collect()
}

/// Lists a configuration's values by path. Converted through text, so that 0.08 as f32 stays 0.08 instead of its
/// nearest f64.
fn values(config: &ModelConfig) -> BTreeMap<String, Value> {
    let text = serde_json::to_string(config).expect("a configuration has a JSON form");
    let value: Value = serde_json::from_str(&text).expect("it was just written");
    leaves(&value)
}

/// Lists the numbers of both, by name.
pub(super) fn figures(from: &Value, to: &Value) -> Vec<Figure> {
    let [old, new] = [from, to].map(leaves);
    let number = |side: &BTreeMap<String, Value>, name: &String| side.get(name).and_then(Value::as_f64);
    let names: BTreeSet<&String> = old.keys().chain(new.keys()).collect();
    names
        .into_iter()
        .map(|name| {
            let (from, to) = (number(&old, name), number(&new, name));
            Figure { name: name.clone(), from, to, change: from.zip(to).map(|(from, to)| to - from) }
        })
        .filter(|figure| figure.from.is_some() || figure.to.is_some())
        .collect()
}

/// Lists the leaves of a JSON value by path.
fn leaves(value: &Value) -> BTreeMap<String, Value> {
    let mut found = BTreeMap::new();
    let mut todo = vec![(String::new(), value)];
    while let Some((path, value)) = todo.pop() {
        match value {
            Value::Object(fields) => todo.extend(fields.iter().map(|(name, value)| {
                let path = if path.is_empty() { name.clone() } else { format!("{path}.{name}") };
                (path, value)
            })),
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Array(_) => {
                found.insert(path, value.clone());
            }
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn settings_are_told_by_path_and_only_where_they_differ() {
        let from = ModelConfig::default();
        let mut to = from.clone();
        assert_eq!(settings(&from, &to), []);
        to.rates.items = 0.5;
        to.memory = false;
        to.kinds.insert("wish".to_owned(), 2.0.into());
        let told: Vec<_> = settings(&from, &to).into_iter().map(|s| (s.field, s.from, s.to)).collect();
        let expected = [
            ("kinds.wish".to_owned(), None, Some(json!(2.0))),
            ("memory".to_owned(), Some(json!(true)), Some(json!(false))),
            ("rates.items".to_owned(), Some(json!(0.08)), Some(json!(0.5))),
        ];
        assert_eq!(told, expected);
    }

    #[test]
    fn figures_stand_side_by_side_where_either_was_measured() {
        let from = json!({"events": 10, "quality": {"live": {"recall": 0.25, "mrr": null}}, "note": "x"});
        let to = json!({"events": 30, "quality": {"live": {"recall": 0.5, "mrr": null, "targets": 7}}});
        let told: Vec<_> = figures(&from, &to).into_iter().map(|f| (f.name, f.from, f.to, f.change)).collect();
        let expected = [
            ("events".to_owned(), Some(10.0), Some(30.0), Some(20.0)),
            ("quality.live.recall".to_owned(), Some(0.25), Some(0.5), Some(0.25)),
            ("quality.live.targets".to_owned(), None, Some(7.0), None),
        ];
        assert_eq!(told, expected);
    }
}
