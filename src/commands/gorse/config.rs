//! Gorse's configuration: which kinds of events get which weights, and what becomes of each setting.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::{Context, bail};
use shelfmark_domain::{Between, KindWeight, ValueTable, ValueWeight};
use toml::{Table, Value};

/// Weight of what is liked, as Gorse knows one only.
const POSITIVE: f32 = 1.0;
/// Weight of what is disliked: that of low ratings in a configuration of Shelfmark.
const NEGATIVE: f32 = -0.5;
/// Where the types of feedback stand.
const SOURCE: &str = "recommend.data_source";

/// What a configuration means here.
#[derive(Debug, Default)]
pub struct Settings {
    /// Weights by kind.
    pub kinds: BTreeMap<String, KindWeight>,
    /// What was done with each setting, by its name.
    pub said: BTreeMap<String, String>,
}

/// Feedback of a type, of any value or of some.
#[derive(Debug, Clone, PartialEq)]
struct Expression {
    kind: String,
    bound: Option<(Sign, f64)>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Sign {
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
    Equal,
}

impl Expression {
    fn read(text: &str) -> anyhow::Result<Self> {
        let signs = [
            (">=", Sign::GreaterOrEqual),
            ("<=", Sign::LessOrEqual),
            ("==", Sign::Equal),
            (">", Sign::Greater),
            ("<", Sign::Less),
            ("=", Sign::Equal),
        ];
        for (written, sign) in signs {
            if let Some((kind, number)) = text.split_once(written) {
                let number = number.trim().parse().ok().filter(|number: &f64| number.is_finite());
                let number = number.with_context(|| format!("{text:?} compares with no number"))?;
                return Ok(Self { kind: kind.trim().to_owned(), bound: Some((sign, number)) });
            }
        }
        Ok(Self { kind: text.trim().to_owned(), bound: None })
    }

    fn admits(&self, value: f64) -> bool {
        self.bound.is_none_or(|(sign, bound)| match sign {
            Sign::Less => value < bound,
            Sign::LessOrEqual => value <= bound,
            Sign::Greater => value > bound,
            Sign::GreaterOrEqual => value >= bound,
            Sign::Equal => value == bound,
        })
    }
}

/// The three lists of types.
#[derive(Debug, Default)]
struct Types {
    positive: Vec<Expression>,
    read: Vec<Expression>,
    negative: Vec<Expression>,
}

impl Types {
    fn kinds(&self) -> BTreeSet<&str> {
        let all = self.positive.iter().chain(&self.read).chain(&self.negative);
        all.map(|expression| expression.kind.as_str()).collect()
    }

    fn weight_at(&self, kind: &str, value: f64) -> f32 {
        let admits = |list: &[Expression]| list.iter().any(|one| one.kind == kind && one.admits(value));
        match (admits(&self.positive), admits(&self.negative)) {
            (true, _) => POSITIVE,
            (false, true) => NEGATIVE,
            (false, false) => 0.0,
        }
    }

    /// The weight of a kind: a step at each value that a type is compared with.
    fn weight(&self, kind: &str) -> Option<KindWeight> {
        let all = self.positive.iter().chain(&self.read).chain(&self.negative).filter(|one| one.kind == kind);
        let mut steps: Vec<f64> = all
            .filter_map(|expression| expression.bound)
            .flat_map(|(sign, bound)| match sign {
                Sign::Less | Sign::GreaterOrEqual => vec![bound],
                Sign::LessOrEqual | Sign::Greater => vec![bound.next_up()],
                Sign::Equal => vec![bound, bound.next_up()],
            })
            .collect();
        steps.sort_by(f64::total_cmp);
        steps.dedup();
        let Some(lowest) = steps.first() else { return Some(KindWeight::Constant(self.weight_at(kind, 0.0))) };
        let mut entries: Vec<(f64, f32)> = Vec::new();
        for value in std::iter::once(lowest - 1.0).chain(steps) {
            let weight = self.weight_at(kind, value);
            if entries.last().is_none_or(|(_, before)| before.to_bits() != weight.to_bits()) {
                entries.push((value, weight));
            }
        }
        if let [(_, weight)] = entries[..] {
            return Some(KindWeight::Constant(weight));
        }
        let without = self.weight_at(kind, 0.0);
        Some(KindWeight::ByValue(ValueWeight { by_value: ValueTable::new(entries)?, between: Between::Step, without }))
    }
}

impl Settings {
    /// Reads a configuration.
    pub fn read(text: &str) -> anyhow::Result<Self> {
        let config: Table = text.parse().context("it is no TOML")?;
        let mut settings = Self::default();
        let types = Types {
            positive: types(&config, "positive_feedback_types")?,
            read: types(&config, "read_feedback_types")?,
            negative: types(&config, "negative_feedback_types")?,
        };
        for kind in types.kinds() {
            let weight = types.weight(kind).with_context(|| format!("{SOURCE}: {kind} has too many values"))?;
            settings.kinds.insert(kind.to_owned(), weight);
        }
        settings.say("", &Value::Table(config));
        Ok(settings)
    }

    /// Says what becomes of each setting below a name.
    fn say(&mut self, name: &str, value: &Value) {
        if let Value::Table(table) = value {
            for (key, value) in table {
                let name = if name.is_empty() { key.clone() } else { format!("{name}.{key}") };
                self.say(&name, value);
            }
            return;
        }
        self.said.insert(name.to_owned(), said(name, value));
    }
}

fn types(config: &Table, name: &str) -> anyhow::Result<Vec<Expression>> {
    let source = config.get("recommend").and_then(|recommend| recommend.get("data_source"));
    match source.and_then(|source| source.get(name)) {
        None => Ok(Vec::new()),
        Some(Value::Array(list)) => {
            let read = |one: &Value| match one.as_str() {
                Some(text) => Expression::read(text).with_context(|| format!("{SOURCE}.{name}")),
                None => bail!("{SOURCE}.{name} must be a list of texts"),
            };
            list.iter().map(read).collect()
        }
        Some(_) => bail!("{SOURCE}.{name} must be a list of texts"),
    }
}

/// What becomes of a setting.
fn said(name: &str, value: &Value) -> String {
    let is_zero = value.as_integer() == Some(0);
    let short = name.strip_prefix("recommend.data_source.");
    let text = match (name, short) {
        (_, Some("positive_feedback_types")) => "taken: these kinds weigh 1, the rest of their values 0",
        (_, Some("read_feedback_types")) => "taken: these kinds weigh 0, and count as read like all kinds",
        (_, Some("negative_feedback_types")) => "taken: these kinds weigh -0.5, and disliked items are left out",
        (_, Some("positive_feedback_ttl" | "item_ttl")) if is_zero => "nothing to do: it is off",
        (_, Some("positive_feedback_ttl")) => {
            "not taken: learning weighs newer events more, and none is dropped by age"
        }
        (_, Some("item_ttl")) => "not taken: make old items unavailable (`IsHidden`), or filter by a property",
        ("server.default_n", _) if value.as_integer() == Some(10) => "nothing to do: lists have 10 items here too",
        ("server.default_n", _) => "not taken: lists have 10 items unless `n` says otherwise",
        ("server.api_key" | "master.admin_api_key", _) => "not taken: make keys with `shelfmark keys create`",
        ("server.auto_insert_user" | "server.auto_insert_item", _) if value.as_bool() == Some(true) => {
            "nothing to do: feedback makes users and items here too"
        }
        ("server.auto_insert_user" | "server.auto_insert_item", _) => {
            "not taken: feedback always makes the users and items that it names"
        }
        _ if name.starts_with("recommend.non-personalized") => {
            "not taken: `latest` and `popular` are there; use boosts and filters of /v1 for others"
        }
        _ if name.starts_with("recommend.item-to-item") || name.starts_with("recommend.user-to-user") => {
            "nothing to do: neighbours come from learned vectors, under every name"
        }
        _ if name.starts_with("recommend.replacement") => {
            "not taken: `GET /v1` with exclude_seen=false lists read items"
        }
        _ if name.starts_with("recommend.external") => {
            "not taken: rank candidates of your own with `POST /v1/.../rank`"
        }
        _ if name.starts_with("recommend.ranker.prompt") || name.starts_with("openai") => {
            "not taken: no language model is asked"
        }
        _ if name.starts_with("recommend") => {
            "nothing to do: every event is learned as it comes, and nothing is cached"
        }
        _ if name.starts_with("database") => "not taken: Postgres is set by --database-url, or comes along",
        _ if name.starts_with("tracing") => "not taken: see GET /metrics",
        _ if name.starts_with("oidc") => "not taken: keys say who may do what",
        _ if name.starts_with("master") || name.starts_with("server") => {
            "not taken: see `shelfmark serve --help` for addresses and limits"
        }
        _ => "not taken: there is no such setting here",
    };
    text.to_owned()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn types_become_weights_and_every_setting_is_accounted_for() {
        let text = r#"
            [server]
            default_n = 20
            [recommend.data_source]
            positive_feedback_types = ["star", "read>=3", "rating > 4"]
            read_feedback_types = ["read", "seen"]
            negative_feedback_types = ["rating<=2", "hate"]
            item_ttl = 0
            [[recommend.non-personalized]]
            name = "weekly"
            [mystery]
            setting = 1
        "#;
        let settings = Settings::read(text).expect("a configuration");
        let kinds = serde_json::to_value(&settings.kinds).expect("JSON");
        assert_eq!((&kinds["star"], &kinds["seen"], &kinds["hate"]), (&json!(1.0), &json!(0.0), &json!(-0.5)));
        let of = |kind: &str, value: f64| settings.kinds[kind].of(Some(value));
        assert_eq!([of("read", 2.9), of("read", 3.0), of("read", -7.0)], [0.0, 1.0, 0.0]);
        let ratings = [1.0, 2.0, 2.5, 4.0, 4.5, 5.0].map(|value| of("rating", value));
        assert_eq!(ratings, [-0.5, -0.5, 0.0, 0.0, 1.0, 1.0]);
        assert_eq!(settings.kinds["read"].of(None), 0.0);
        assert_eq!(settings.said.len(), 7, "{:?}", settings.said);
        assert!(settings.said["mystery.setting"].contains("no such setting"));
        assert!(settings.said["recommend.data_source.item_ttl"].contains("off"));
    }

    #[test]
    fn what_is_no_configuration_is_refused_by_name() {
        let told = |text: &str| format!("{:#}", Settings::read(text).expect_err("refused"));
        assert!(told("[").starts_with("it is no TOML"));
        let list = "[recommend.data_source]\npositive_feedback_types = ";
        assert_eq!(
            told(&format!("{list}[\"rating>=many\"]")),
            "recommend.data_source.positive_feedback_types: \"rating>=many\" compares with no number"
        );
        assert!(told(&format!("{list}3")).ends_with("must be a list of texts"));
    }
}
