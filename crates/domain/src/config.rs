//! Model configuration: part of the state, changed only by a record.

use std::{
    collections::{BTreeMap, BTreeSet},
    ops::RangeInclusive,
};

use serde::{Deserialize, Serialize};

use super::{
    Event, FieldError, FieldResult, KindWeight, LearningRates, RateSchedule, WordRule, field::in_range, text_within,
};

/// Configuration of a model: everything that decides how it learns. States with different configurations have different
/// digests.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(default, deny_unknown_fields)]
pub struct ModelConfig {
    /// Dimension of embeddings; a multiple of 4.
    #[cfg_attr(feature = "openapi", schema(minimum = 4, maximum = 1024, multiple_of = 4))]
    pub dim: usize,
    /// Number of newest units (baskets) that make up a query, at most five times as many events; of newest events
    /// where `history_units` is off.
    #[cfg_attr(feature = "openapi", schema(minimum = 1, maximum = 200))]
    pub history: usize,
    /// Whether places in a history count units, which are the events of one time, instead of events.
    #[serde(skip_serializing_if = "is_on")]
    pub history_units: bool,
    /// Weight of a target's loss by the event's kind, -100 to 100, or by kind and value; events of other kinds are
    /// refused. An event with a negative weight is a dislike: it pushes the item's score down. One with weight 0
    /// changes nothing. Neither is a part of query histories, memory or popularity.
    pub kinds: BTreeMap<String, KindWeight>,
    /// Seed of all random numbers, together with position and step.
    #[cfg_attr(feature = "openapi", schema(format = "uint64"))]
    pub seed: u64,
    /// Least number of targets of a gradient step, doubled once the softmax is sampled. A step takes up to twice as
    /// many, to leave no remainder.
    #[cfg_attr(feature = "openapi", schema(minimum = 1, maximum = 1024))]
    pub step_targets: usize,
    /// Shared negatives of a step once the softmax is sampled.
    #[cfg_attr(feature = "openapi", schema(minimum = 16, maximum = 65_536))]
    pub negatives: usize,
    /// Number of known items from which the softmax is sampled.
    #[cfg_attr(feature = "openapi", schema(maximum = 65_536))]
    pub full_softmax_below: usize,
    /// Approximate number of items, among those that compete for all targets of a step, that take and give gradients of
    /// vectors. They are drawn by importance sampling, so the gradient is unbiased. 65,536 means all.
    #[serde(skip_serializing_if = "is_usual")]
    #[cfg_attr(feature = "openapi", schema(minimum = 16, maximum = 65_536))]
    pub gradient_items: usize,
    /// AdaGrad learning rates by table.
    pub rates: LearningRates,
    /// Schedules of learning rates, by their names in `rates`. A rate without one is constant, because AdaGrad already
    /// slows down.
    pub schedules: BTreeMap<String, RateSchedule>,
    /// Whether a row of vectors has one accumulator per value or one for all of its values.
    pub optimizer: Optimizer,
    /// L2 regularization of touched rows: `l2 * weight` is added to the gradient.
    pub l2: f32,
    /// Greatest total weight of the targets of one user or session in a step. A larger total is scaled down to it.
    pub user_weight_max: f32,
    /// Whether the transition memory takes part in scores.
    pub memory: bool,
    /// Whether circumstances of events and queries (`context`) take part in query vectors.
    pub context: bool,
    /// Whether words, categories and other metadata of items take part in item vectors.
    pub tokens: bool,
    /// Rule by which titles are cut into words and labels compared. Items keep their tokens until they are put again.
    #[serde(skip_serializing_if = "is_unicode")]
    pub words: WordRule,
    /// Whether dense vectors of items (`vectors`) take part in item vectors, by learned projections.
    pub modalities: bool,
    /// Strength of exploration: recommendations add `explore * N(0, 1) / sqrt(1 + events of the item)` to scores, drawn
    /// anew for each request. 0 means off.
    pub explore: f32,
    /// Regularization of touched rows towards the base (L2-SP): `pull * (weight - base weight)` is added to the
    /// gradient. The base is the model as it was when `pull` was raised from 0; at 0 it is dropped. Rows added later
    /// have no base.
    pub pull: f32,
    /// Whether the items that a user or session disliked are pooled and, with a learned scale, part of query vectors.
    #[serde(skip_serializing_if = "is_on")]
    pub dislikes: bool,
    /// Weight of a second softmax for targets that are new to their user, over items that are. 0 means off.
    #[serde(skip_serializing_if = "is_novel_weight")]
    pub novel_weight: f32,
    /// Gradient clipping: a global gradient norm above this multiple of its running median is scaled down to it.
    pub clip_ratio: f32,
    /// Whether events are learned from. While `false`, learning is frozen: events are added to histories, and new ids
    /// get rows, but nothing else changes.
    #[serde(skip_serializing_if = "is_on")]
    pub learning: bool,
    /// Number of events learned after which idle users and sessions are evicted. They lose their rows, and are unknown
    /// when they return. 0 means never; else 1,000 to 1,000,000,000,000.
    #[serde(skip_serializing_if = "is_zero")]
    #[cfg_attr(feature = "openapi", schema(maximum = 1_000_000_000_000i64))]
    pub drop_idle_events: u64,
    /// Kinds of events that are remembered for longer than the last 1,000 events of a user or session, for
    /// `exclude_seen`: up to 10,000 pairs of item and kind, the newest. Each must be one of `kinds`.
    #[serde(skip_serializing_if = "is_purchase")]
    #[cfg_attr(feature = "openapi", schema(value_type = Vec<String>))]
    pub lasting_kinds: BTreeSet<String>,
}

// Fields added later are skipped at their defaults, so that older configurations keep their stored form and digest.
fn is_on(switch: &bool) -> bool {
    *switch
}

/// Default of `novel_weight`.
const NOVEL_WEIGHT: f32 = 0.3;

fn is_novel_weight(weight: &f32) -> bool {
    *weight == NOVEL_WEIGHT
}

/// Default of `gradient_items`.
const GRADIENT_ITEMS: usize = 512;

fn is_usual(gradient_items: &usize) -> bool {
    *gradient_items == GRADIENT_ITEMS
}

fn is_unicode(words: &WordRule) -> bool {
    *words == WordRule::Unicode
}

fn is_zero(events: &u64) -> bool {
    *events == 0
}

/// Default of `lasting_kinds`.
fn purchase() -> BTreeSet<String> {
    BTreeSet::from(["purchase".to_owned()])
}

fn is_purchase(kinds: &BTreeSet<String>) -> bool {
    *kinds == purchase()
}

/// Layout of AdaGrad accumulators.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum Optimizer {
    /// One accumulator per value (Duchi, Hazan and Singer 2011).
    #[default]
    Adagrad,
    /// One accumulator per row, the sum of the mean squared gradients: all values of a row learn at one rate.
    RowWiseAdagrad,
}

impl Default for ModelConfig {
    fn default() -> Self {
        let kinds = ["view", "click", "like", "favorite", "cart", "purchase", "play", "share"];
        let mut kinds: BTreeMap<_, _> = kinds.map(|kind| (kind.to_owned(), KindWeight::Constant(1.0))).into();
        kinds.insert("rating".to_owned(), KindWeight::stars());
        Self {
            dim: 128,
            history: 20,
            history_units: true,
            kinds,
            seed: 0,
            step_targets: 64,
            negatives: 2048,
            full_softmax_below: 4096,
            gradient_items: GRADIENT_ITEMS,
            rates: LearningRates::default(),
            schedules: BTreeMap::new(),
            optimizer: Optimizer::default(),
            l2: 0.0,
            user_weight_max: 48.0,
            memory: true,
            context: true,
            tokens: true,
            words: WordRule::default(),
            modalities: true,
            explore: 0.0,
            pull: 0.0,
            dislikes: true,
            novel_weight: NOVEL_WEIGHT,
            clip_ratio: 10.0,
            learning: true,
            drop_idle_events: 0,
            lasting_kinds: purchase(),
        }
    }
}

impl ModelConfig {
    /// Most kinds.
    pub const KINDS_MAX: usize = 64;

    /// Returns every setting by its name, also those that the stored form leaves out at their defaults.
    pub fn settings(&self) -> serde_json::Map<String, serde_json::Value> {
        let mut settings = match serde_json::to_value(self) {
            Ok(serde_json::Value::Object(settings)) => settings,
            other => unreachable!("a configuration is an object of plain values: {other:?}"),
        };
        let mut rates = self.rates.clone();
        let number = |rate: &f32| serde_json::to_value(rate).unwrap_or_default();
        let rates = rates.by_name().map(|(name, rate)| (name.to_owned(), number(rate)));
        settings.insert("rates".to_owned(), serde_json::Map::from_iter(rates).into());
        settings.insert("words".to_owned(), serde_json::to_value(self.words).unwrap_or_default());
        settings.insert("history_units".to_owned(), self.history_units.into());
        settings.insert("dislikes".to_owned(), self.dislikes.into());
        settings.insert("novel_weight".to_owned(), number(&self.novel_weight));
        settings.insert("gradient_items".to_owned(), self.gradient_items.into());
        settings.insert("learning".to_owned(), self.learning.into());
        settings.insert("drop_idle_events".to_owned(), self.drop_idle_events.into());
        settings.insert("lasting_kinds".to_owned(), self.lasting_kinds.iter().cloned().collect());
        settings
    }

    /// Valid values of `drop_idle_events` other than 0.
    const DROP_IDLE_EVENTS: RangeInclusive<u64> = 1000..=1_000_000_000_000;

    /// Checks all values. The error names the field as in JSON.
    pub fn check(&self) -> FieldResult<()> {
        in_range("dim", self.dim, 4, 1024)?;
        if !self.dim.is_multiple_of(4) {
            return Err(FieldError::new("dim", "not_a_multiple", "must be a multiple of 4"));
        }
        in_range("history", self.history, 1, 200)?;
        in_range("step_targets", self.step_targets, 1, 1024)?;
        in_range("negatives", self.negatives, 16, 65_536)?;
        in_range("full_softmax_below", self.full_softmax_below, 0, 65_536)?;
        in_range("gradient_items", self.gradient_items, 16, 65_536)?;
        in_range("kinds", self.kinds.len(), 1, Self::KINDS_MAX)?;
        for (kind, weight) in &self.kinds {
            text_within("kinds", kind, Event::CONTEXT_BYTES_MAX)?;
            weight.check(&format!("kinds.{kind}"))?;
        }
        // The default may name a kind that a model has not.
        if !is_purchase(&self.lasting_kinds)
            && let Some(unknown) = self.lasting_kinds.iter().find(|kind| !self.kinds.contains_key(*kind))
        {
            text_within("lasting_kinds", unknown, Event::CONTEXT_BYTES_MAX)?;
            let known: Vec<&str> = self.kinds.keys().map(String::as_str).collect();
            let detail = format!("{unknown:?} is not among the kinds: {}", known.join(", "));
            return Err(FieldError::new("lasting_kinds", "unknown_kind", detail));
        }
        let mut rates = self.rates.clone();
        let mut names = Vec::new();
        for (name, rate) in rates.by_name() {
            in_range(format_args!("rates.{name}"), *rate, 0.0, 10.0)?;
            names.push(name);
        }
        for (name, schedule) in &self.schedules {
            let field = format!("schedules.{name}");
            if !names.contains(&name.as_str()) {
                let detail = format!("must be the name of a rate: {}", names.join(", "));
                return Err(FieldError::new(field, "unknown_field", detail));
            }
            schedule.check(&field)?;
        }
        in_range("l2", self.l2, 0.0, 1.0)?;
        in_range("pull", self.pull, 0.0, 100.0)?;
        in_range("novel_weight", self.novel_weight, 0.0, 10.0)?;
        in_range("explore", self.explore, 0.0, 100.0)?;
        in_range("user_weight_max", self.user_weight_max, 1.0, 1e6)?;
        in_range("clip_ratio", self.clip_ratio, 1.0, 1e6)?;
        let idle = self.drop_idle_events;
        if idle == 0 || Self::DROP_IDLE_EVENTS.contains(&idle) {
            return Ok(());
        }
        let (min, max) = Self::DROP_IDLE_EVENTS.into_inner();
        Err(FieldError::new("drop_idle_events", "out_of_range", format!("must be 0 or {min} to {max}, is {idle}")))
    }

    /// Returns the learning rates after so many events, with their schedules applied.
    pub fn rates_at(&self, events: u64) -> LearningRates {
        let mut rates = self.rates.clone();
        if !self.schedules.is_empty() {
            for (name, rate) in rates.by_name() {
                *rate *= self.schedules.get(name).map_or(1.0, |schedule| schedule.factor(events));
            }
        }
        rates
    }

    /// Returns the weight of an event, by its kind and value; 1 for an unknown kind.
    pub fn event_weight(&self, event: &Event) -> f32 {
        self.kinds.get(&event.kind).map_or(1.0, |weight| weight.of(event.value))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_name_every_field_at_its_default_too() {
        let default = ModelConfig::default();
        let unusual = ModelConfig {
            gradient_items: 7,
            history_units: false,
            novel_weight: 0.0,
            dislikes: false,
            learning: false,
            drop_idle_events: 9,
            lasting_kinds: BTreeSet::new(),
            words: WordRule::Alphanumeric,
            ..default.clone()
        };
        let stored = serde_json::to_value(&unusual).expect("an object");
        let mut stored: Vec<&String> = stored.as_object().expect("an object").keys().collect();
        let settings = default.settings();
        let mut named: Vec<&String> = settings.keys().collect();
        named.sort();
        stored.sort();
        assert_eq!(named, stored);
        assert_eq!(settings["rates"].as_object().map(serde_json::Map::len), Some(14));
        let read: ModelConfig = serde_json::from_value(settings.into()).expect("a configuration");
        assert_eq!(read, default);
    }

    #[test]
    fn the_rule_of_words_is_named_where_it_is_not_that_of_unicode() {
        let first = ModelConfig { words: WordRule::Alphanumeric, ..ModelConfig::default() };
        let json = |config: &ModelConfig| serde_json::to_value(config).expect("a JSON form");
        assert_eq!(json(&first)["words"], "alphanumeric");
        // The bytes, and so the digests, of models from before the setting stay.
        assert!(json(&ModelConfig::default()).get("words").is_none());
        assert_eq!(ModelConfig::default().settings()["words"], "unicode");
        assert_eq!(serde_json::from_value::<ModelConfig>(json(&first)).expect("parses"), first);
    }

    #[test]
    fn the_default_is_valid_and_errors_name_the_field() {
        ModelConfig::default().check().expect("valid");
        let bad = ModelConfig { dim: 6, ..ModelConfig::default() };
        assert_eq!(bad.check().expect_err("refused").field, "dim");
        let bad = ModelConfig { drop_idle_events: 999, ..ModelConfig::default() };
        assert_eq!(bad.check().expect_err("refused").field, "drop_idle_events");
        let bad = ModelConfig { lasting_kinds: ["lease".to_owned()].into(), ..ModelConfig::default() };
        assert_eq!(bad.check().expect_err("refused").field, "lasting_kinds");
        let mut bad = ModelConfig::default();
        bad.rates.bias = f32::NAN;
        assert_eq!(bad.check().expect_err("refused").field, "rates.bias");
        let scheduled = |text: &str| serde_json::from_str::<ModelConfig>(text).expect("parses");
        let bad = scheduled(r#"{"schedules":{"colours":{"shape":"inverse_root","events":10}}}"#);
        assert_eq!(bad.check().expect_err("refused").field, "schedules.colours");
        let good = scheduled(r#"{"schedules":{"items":{"shape":"inverse_root","events":100}}}"#);
        good.check().expect("valid");
        assert_eq!((good.rates_at(300).items, good.rates_at(300).bias), (0.04, 0.1));
    }

    #[test]
    fn later_fields_are_skipped_at_their_defaults() {
        let text = |config: &ModelConfig| serde_json::to_string(config).expect("a JSON form");
        assert!(!text(&ModelConfig::default()).contains("learning") && !text(&ModelConfig::default()).contains("idle"));
        let frozen = ModelConfig { learning: false, ..ModelConfig::default() };
        assert!(text(&frozen).ends_with(r#","learning":false}"#));
        assert_eq!(serde_json::from_str::<ModelConfig>(&text(&frozen)).expect("parses"), frozen);
    }
}
