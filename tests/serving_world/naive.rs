//! The slow, obvious way to answer a query, written from docs/reference/http-api.md and docs/LEARNING.md; and how
//! answers are held against it. Scores may differ by rounding, so an item counts as wrongly left out, or wrongly
//! chosen, only beyond that.

use std::collections::{BTreeMap, BTreeSet};

use shelfmark_domain::{
    Condition, ExcludeSeen, Fallback, Filter, GroupBy, Id, Item, Labels, Number, PropertyValue, Query, Recommendations,
    ScoredItem, Subject, Timestamp,
};
use shelfmark_state::{ContextScratch, History, PastEvent, QueryRows, Stance, State, compose};

/// A score with how far rounding alone may move it.
#[derive(Clone, Copy)]
pub struct Score {
    value: f32,
    rounding: f32,
}

/// What a score is summed from, with the sum of the sizes: parts of either sign leave the rounding of both behind.
#[derive(Clone, Copy, Default)]
struct Sum {
    value: f64,
    size: f64,
}

impl Sum {
    fn add(&mut self, part: f32) {
        self.value += f64::from(part);
        self.size += f64::from(part.abs());
    }

    /// Either side adds some tens of parts, each step within half an epsilon of what it has by then.
    fn score(self) -> Score {
        Score { value: self.value as f32, rounding: (16.0 * f64::from(f32::EPSILON) * self.size).max(1e-4) as f32 }
    }
}

/// A state with the vectors of all items.
pub struct Naive<'a> {
    state: &'a State,
    vectors: Vec<Vec<f32>>,
}

impl QueryRows for Naive<'_> {
    fn item(&self, row: u32) -> &[f32] {
        &self.vectors[row as usize]
    }
    fn last(&self, row: Option<u32>) -> &[f32] {
        self.state.inference.parameters.last.row(row.map_or(0, |row| row as usize + 1))
    }
    fn user(&self, row: u32) -> &[f32] {
        self.state.inference.parameters.users.row(row as usize)
    }
    fn context(&self, row: u32) -> &[f32] {
        self.state.inference.parameters.contexts.row(row as usize)
    }
}

impl<'a> Naive<'a> {
    pub fn new(state: &'a State) -> Self {
        let vector = |row: usize| {
            let mut vector = vec![0.0; state.inference.config.dim];
            state.inference.item_vector(row as u32, &mut vector);
            vector
        };
        Self { state, vectors: (0..state.inference.catalog.len()).map(vector).collect() }
    }

    /// Every item that may be answered with its full score, by the learning rule read literally, and the fallback.
    pub fn scores(&self, query: &Query) -> (BTreeMap<Id, Score>, Option<Fallback>) {
        let inference = &self.state.inference;
        let items = inference.catalog.len();
        let mut scores = vec![Sum::default(); items];
        let given: &[Id] = match &query.subject {
            Subject::Session(ids) => ids,
            Subject::Item(id) => std::slice::from_ref(id),
            Subject::User(_)
            | Subject::UserWithItem { .. }
            | Subject::SessionId(_)
            | Subject::Vector(_)
            | Subject::Nobody => &[],
        };
        let mut visit = History::default();
        for (n, item) in given.iter().filter_map(|id| inference.catalog.row(id.as_str())).enumerate() {
            // A visit has an order: each item is a unit of its own, the last one just before the query.
            let at = query.at.micros() - (given.len() - 1 - n) as i64;
            let at = Timestamp::from_micros(at).expect("a time");
            visit.push(PastEvent { item, at, kind: u8::MAX, stance: Stance::Liked });
        }
        let actor = match &query.subject {
            Subject::User(id) | Subject::UserWithItem { user: id, .. } => inference.user(id.as_str()),
            Subject::SessionId(id) => inference.session(id.as_str()),
            Subject::Session(_) | Subject::Item(_) | Subject::Vector(_) | Subject::Nobody => None,
        };
        let is_vector = matches!(query.subject, Subject::Vector(_));
        let known = actor.is_some() || !visit.is_empty() || is_vector;
        let mut scratch = ContextScratch::default();
        let terms: BTreeSet<u32> = query.context.iter().filter_map(|name| inference.contexts.get(name)).collect();
        let context = match actor {
            _ if is_vector => None,
            Some(actor) => {
                let mut history = inference.history(actor).clone();
                if let Subject::UserWithItem { item, .. } = &query.subject
                    && let Some(item) = inference.catalog.row(item.as_str())
                {
                    history.push(PastEvent { item, at: query.at, kind: u8::MAX, stance: Stance::Liked });
                }
                Some(inference.context_with(actor, &history, query.at, &mut scratch))
            }
            None if known || !terms.is_empty() => Some(inference.context_of(&visit, query.at, &mut scratch)),
            None => None,
        };
        let context = context.map(|mut context| {
            context.terms = terms.into_iter().collect();
            context
        });
        let dim = inference.config.dim;
        let scalars = &inference.parameters.scalars;
        let composed = context.as_ref().map(|context| compose(context, scalars, self, dim));
        let q = match (&query.subject, &composed) {
            (Subject::Vector(vector), _) => vector.clone(),
            (_, Some(composed)) => composed.q.clone(),
            (_, None) => vec![0.0; dim],
        };
        let g0 = composed.as_ref().map(|composed| composed.g0);
        let (wp, gaps) = (scalars.wp, scalars.added);
        for (row, score) in scores.iter_mut().enumerate() {
            score.add(inference.parameters.bias.row(row)[0]);
            let events = inference.popularity[row].logs(inference.counters.counted);
            for (h, log) in events.into_iter().enumerate() {
                score.add(wp.get(h).copied().unwrap_or(gaps.wp_short) * log);
                score.add(g0.map_or(0.0, |g0| gaps.wpg[g0][h]) * log);
            }
            for (h, log) in inference.entries[row].logs(inference.entries_counted).into_iter().enumerate() {
                score.add(g0.map_or(0.0, |g0| gaps.we[g0][h]) * log);
            }
        }
        for (score, vector) in scores.iter_mut().zip(&self.vectors) {
            for (a, b) in q.iter().zip(vector) {
                score.add(a * b);
            }
        }
        if let Some(context) = &context {
            for repeat in &context.repeats {
                scores[repeat.item as usize].add(scalars.rec[repeat.age as usize]);
                scores[repeat.item as usize].add(scalars.cnt[repeat.count as usize]);
            }
            for remembered in &context.memory {
                scores[remembered.item as usize].add(scalars.wm * remembered.value);
            }
        }
        if inference.config.explore > 0.0 {
            for (row, score) in scores.iter_mut().enumerate() {
                score.add(inference.exploration(row as u32, query.seed));
            }
        }
        for boost in &query.boosts {
            for (row, score) in scores.iter_mut().enumerate() {
                if admits(&boost.filter, &inference.catalog.entry(row as u32).item) {
                    score.add(boost.add);
                }
            }
        }
        let disliked = context.as_ref().map_or(&[][..], |context| &context.disliked);
        let disliked = if query.among.is_none() { disliked } else { &[] };
        let seen: Vec<u32> = match (&query.exclude_seen, actor) {
            (ExcludeSeen::No, _) => Vec::new(),
            (ExcludeSeen::All, Some(actor)) => {
                inference.history(actor).remembered(&inference.history_kinds()).map(|(item, _)| item).collect()
            }
            (ExcludeSeen::All, None) => visit.items().to_vec(),
            (ExcludeSeen::Kinds(kinds), Some(actor)) => inference
                .history(actor)
                .remembered(&inference.history_kinds())
                .filter(|(_, row)| kinds.iter().any(|kind| kind == inference.kinds.id(u32::from(*row)).as_str()))
                .map(|(item, _)| item)
                .collect(),
            (ExcludeSeen::Kinds(_), None) => Vec::new(),
        };
        let scores = (0..items)
            .filter(|row| inference.catalog.entry(*row as u32).recommendable() && !seen.contains(&(*row as u32)))
            .filter(|row| !disliked.contains(&(*row as u32)))
            .filter(|row| admits(&query.filter, &inference.catalog.entry(*row as u32).item))
            .map(|row| (inference.catalog.id(row as u32).clone(), scores[row].score()))
            .filter(|(id, _)| !query.exclude.contains(id))
            .filter(|(id, _)| match (&query.among, &query.subject) {
                (Some(among), _) => among.contains(id),
                (None, subject) => subject.looked_at() != Some(id),
            });
        (scores.collect(), (!known).then_some(Fallback::Popular))
    }

    /// Holds an answer against the scores and the rule of diversity.
    pub fn check(&self, query: &Query, answer: &Recommendations) {
        let (all, fallback) = self.scores(query);
        assert_eq!(answer.fallback, fallback, "{query:?}");
        assert_eq!(answer.items.len(), query.limit.min(all.len()), "a full page when enough items remain: {query:?}");
        let mut answered = BTreeSet::new();
        for item in &answer.items {
            let score = all.get(&item.id).unwrap_or_else(|| panic!("{:?} must not be answered: {query:?}", item.id));
            let difference = (score.value - item.score).abs();
            assert!(difference <= score.rounding, "{:?}: {} for {}", item.id, item.score, score.value);
            assert!(answered.insert(item.id.clone()), "{:?} twice", item.id);
            assert_eq!(item.explanation.is_some(), query.with_explanation);
            if let Some(parts) = &item.explanation {
                // Each part is rounded, and so are the sums of either side.
                let sum: f64 = parts.iter().map(|part| f64::from(part.value)).sum();
                let size: f64 = parts.iter().map(|part| f64::from(part.value.abs())).sum();
                let difference = (sum - f64::from(item.score)).abs();
                assert!(difference <= 1e-5 * size, "{sum} is not {}, by {parts:?}", item.score);
            }
        }
        if query.diversity > 0.0 {
            self.check_diversity(query, answer, &all);
        } else {
            assert!(answer.items.is_sorted_by(|a, b| a.score >= b.score), "best first");
            if let Some(last) = answer.items.last() {
                let last = Score { value: last.score, ..all[&last.id] };
                for (id, score) in &all {
                    let fine = answered.contains(id) || score.value <= last.value + last.rounding + score.rounding;
                    assert!(fine, "{id:?} with {} is missing below {}: {query:?}", score.value, last.value);
                }
            }
        }
    }

    /// Holds an answer with few items of a group against the scores: what is left out is no better, or its group is
    /// full.
    pub fn check_groups(&self, query: &Query, group_by: &GroupBy, answer: &Recommendations) {
        let (all, _) = self.scores(query);
        let catalog = &self.state.inference.catalog;
        let values = |id: &Id| {
            let item = &catalog.entry(catalog.row(id.as_str()).expect("known")).item;
            item.properties.get(&group_by.property).map(|value| value.values().to_vec()).unwrap_or_default()
        };
        assert!(answer.items.is_sorted_by(|a, b| a.score >= b.score), "best first: {query:?}");
        // The answered items that a value has.
        let of = |value: &PropertyValue| {
            answer.items.iter().filter(|item| values(&item.id).contains(value)).collect::<Vec<_>>()
        };
        for item in &answer.items {
            let score = all.get(&item.id).unwrap_or_else(|| panic!("{:?} must not be answered: {query:?}", item.id));
            assert!((score.value - item.score).abs() <= score.rounding, "{:?}", item.id);
            for value in values(&item.id) {
                assert!(of(&value).len() <= group_by.limit, "{value:?} has too many: {query:?}");
            }
        }
        let last = answer.items.last().filter(|_| answer.items.len() == query.limit);
        for (id, score) in all.iter().filter(|(id, _)| answer.items.iter().all(|item| item.id != **id)) {
            let later = last.is_some_and(|last| score.value <= last.score + 2.0 * score.rounding);
            let better = |item: &&&ScoredItem| item.score >= score.value - 2.0 * score.rounding;
            let full = values(id).iter().any(|value| of(value).iter().filter(better).count() >= group_by.limit);
            assert!(later || full, "{id:?} with {} is missing: {query:?}", score.value);
        }
    }

    /// Every item is, up to rounding, the best choice after those before it, among the pool.
    fn check_diversity(&self, query: &Query, answer: &Recommendations, all: &BTreeMap<Id, Score>) {
        let mut scores: Vec<Score> = all.values().copied().collect();
        scores.sort_by(|a, b| b.value.total_cmp(&a.value));
        scores.truncate((5 * query.limit).clamp(100, 1000));
        let (Some(high), Some(low)) = (scores.first(), scores.last()) else { return };
        let rounding = all.values().map(|score| score.rounding).fold(0.0, f32::max);
        let (low, span) = (low.value, high.value - low.value);
        let relevance = |score: f32| if span > 0.0 { (score - low) / span } else { 0.0 };
        let row = |id: &Id| self.state.inference.catalog.row(id.as_str()).expect("known") as usize;
        let cosine = |a: &Id, b: &Id| {
            let (a, b) = (&self.vectors[row(a)], &self.vectors[row(b)]);
            let dot = |a: &[f32], b: &[f32]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f32>();
            let norms = (dot(a, a) * dot(b, b)).sqrt();
            if norms > 0.0 { dot(a, b) / norms } else { 0.0 }
        };
        // What rounding of scores does to the scale, and of vectors to cosines.
        let slack = (1.0 - query.diversity) * 4.0 * rounding / span.max(f32::MIN_POSITIVE) + 1e-4;
        // What is left, with the largest cosine to what was chosen.
        let mut left: BTreeMap<&Id, Option<f32>> = all.keys().map(|id| (id, None)).collect();
        let value = |id: &Id, nearest: Option<f32>| match nearest {
            None => relevance(all[id].value),
            Some(nearest) => (1.0 - query.diversity) * relevance(all[id].value) - query.diversity * nearest,
        };
        for item in &answer.items {
            assert!(all[&item.id].value >= low - rounding, "{:?} is not of the pool", item.id);
            let nearest = left.remove(&item.id).expect("each once");
            let chosen = value(&item.id, nearest);
            for (id, nearest) in &mut left {
                if all[*id].value > low + rounding {
                    assert!(value(id, *nearest) <= chosen + slack, "{id:?} before {:?}: {query:?}", item.id);
                }
                let cosine = cosine(&item.id, id);
                *nearest = Some(nearest.map_or(cosine, |nearest| nearest.max(cosine)));
            }
        }
    }
}

/// Whether an item meets a filter, condition by condition.
pub fn admits(filter: &Filter, item: &Item) -> bool {
    let Filter { categories, tags, properties, or } = filter;
    categories.as_ref().is_none_or(|labels| meets_labels(labels, &item.categories))
        && tags.as_ref().is_none_or(|labels| meets_labels(labels, &item.tags))
        && properties.iter().all(|(name, condition)| meets(condition, item.properties.get(name)))
        && or.as_ref().is_none_or(|alternatives| alternatives.iter().any(|filter| admits(filter, item)))
}

fn meets_labels(labels: &Labels, of: &[String]) -> bool {
    labels.any.as_ref().is_none_or(|any| any.iter().any(|label| of.contains(label)))
        && labels.all.iter().flatten().all(|label| of.contains(label))
        && !labels.none.iter().flatten().any(|label| of.contains(label))
}

fn meets(condition: &Condition, value: Option<&PropertyValue>) -> bool {
    let Condition { eq, one_of, none, gt, gte, lt, lte } = condition;
    let number = match value {
        Some(PropertyValue::Number(number)) => Some(*number),
        Some(PropertyValue::Flag(_) | PropertyValue::Text(_) | PropertyValue::List(_)) | None => None,
    };
    let values = value.map(PropertyValue::values).unwrap_or_default();
    let bound = |bound: &Option<Number>, holds: fn(&Number, &Number) -> bool| {
        bound.is_none_or(|bound| number.is_some_and(|number| holds(&number, &bound)))
    };
    eq.as_ref().is_none_or(|wanted| values.contains(wanted))
        && one_of.as_ref().is_none_or(|wanted| values.iter().any(|value| wanted.contains(value)))
        && !none.iter().flatten().any(|refused| values.contains(refused))
        && bound(gt, Number::gt)
        && bound(gte, Number::ge)
        && bound(lt, Number::lt)
        && bound(lte, Number::le)
}
