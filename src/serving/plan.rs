//! From a query to a search, and from the rows found to an answer.

use crate::{
    domain::{ExcludeSeen, Fallback, FieldError, Id, Query, Recommendations, ScoredItem, Subject},
    state::{Actor, Catalog, Context, History, Past, QueryRows, Readable, Scalars, compose, dot},
};

use super::{
    QueryError, RowSet, SearchScratch, View,
    scan::{Ranking, Search},
    top::{Hit, Top},
};

/// Largest magnitude of a value in a vector given along with a query: keeps scores finite.
const VECTOR_VALUE_MAX: f32 = 1e6;

/// A recommendation under way.
pub(super) struct Plan<'a> {
    pub(super) search: Search,
    query: &'a Query,
    fallback: Option<Fallback>,
}

/// What is known of the subject.
enum Known {
    /// A stored history.
    Actor(Actor),
    /// The visit that the query gave, oldest first.
    Visit(History),
    /// A vector.
    Vector(Vec<f32>),
    /// Nothing.
    Nothing,
}

impl<'a> Plan<'a> {
    /// Checks the query and computes its vector and sparse terms. Costs the history and its memory rows.
    pub(super) fn new(view: &View, query: &'a Query, scratch: &mut SearchScratch) -> Result<Self, QueryError> {
        let readable = view.readable();
        check_limit(query.limit)?;
        within("exclude", query.exclude.len(), Query::EXCLUDE_MAX)?;
        let known = known_of(readable, query)?;
        let terms = readable.context_rows(query.context.iter().map(String::as_str));
        let mut adjust = Vec::new();
        let (ranking, vector, fallback) = match &known {
            Known::Nothing if terms.is_empty() => (Ranking::Popularity, Vec::new(), Some(Fallback::Popular)),
            Known::Vector(vector) => (Ranking::Score, vector.clone(), None),
            Known::Actor(_) | Known::Visit(_) | Known::Nothing => {
                let (context, fallback) = match &known {
                    Known::Actor(actor) => (readable.context(*actor, query.at, &mut scratch.context), None),
                    Known::Visit(visit) => (readable.context_of(visit, query.at, &mut scratch.context), None),
                    // Nobody, in known circumstances: what is popular there.
                    Known::Vector(_) | Known::Nothing => (
                        readable.context_of(&History::default(), query.at, &mut scratch.context),
                        Some(Fallback::Popular),
                    ),
                };
                let context = Context { terms, ..context };
                sparse_terms(&context, &readable.parameters.scalars, &mut adjust);
                (Ranking::Score, query_vector(readable, &context, &mut scratch.history), fallback)
            }
        };
        let explore = (readable.config.explore > 0.0).then_some(query.seed);
        let left_out = |row| (row, f32::NEG_INFINITY);
        adjust.extend(query.exclude.iter().filter_map(|id| readable.catalog.row(id.as_str())).map(left_out));
        match (&query.exclude_seen, &known) {
            (ExcludeSeen::No, _) | (_, Known::Vector(_) | Known::Nothing) => {}
            (ExcludeSeen::All, Known::Actor(actor)) => {
                adjust.extend(readable.history(*actor).newest(0).map(|past| left_out(past.item)));
            }
            (ExcludeSeen::All, Known::Visit(visit)) => {
                adjust.extend(visit.items().iter().copied().map(left_out));
            }
            (ExcludeSeen::Kinds(kinds), Known::Actor(actor)) => {
                let kinds: Vec<u32> = kinds.iter().filter_map(|kind| readable.kinds.get(kind)).collect();
                let seen = readable.history(*actor).newest(0).filter(|past| kinds.contains(&u32::from(past.kind)));
                adjust.extend(seen.map(|past| left_out(past.item)));
            }
            // Items given in the request were not met by any kind.
            (ExcludeSeen::Kinds(_), Known::Visit(_)) => {}
        }
        // Stable, so that the terms of one row are added up in one order.
        adjust.sort_by_key(|(row, _)| *row);
        adjust.dedup_by(|later, kept| {
            let same = later.0 == kept.0;
            if same {
                kept.1 += later.1;
            }
            same
        });
        let search = Search { ranking, vector, adjust, explore, admitted: None, top: Top::new(query.limit) };
        Ok(Self { search, query, fallback })
    }

    /// The answer, once the search was scanned.
    pub(super) fn answer(self, view: &View) -> Recommendations {
        let catalog = &view.readable().catalog;
        let items = self.search.top.into_hits().map(|hit| ScoredItem {
            item: self.query.with_item.then(|| catalog.entry(hit.row).item.clone()),
            embedding: self.query.with_embedding.then(|| view.embedding_of(hit.row)),
            ..scored(view, hit)
        });
        Recommendations { fallback: self.fallback, items: items.collect() }
    }
}

/// A search for the neighbours of an item.
pub(super) fn similar(view: &View, item: &Id, limit: usize, category: Option<&str>) -> Result<Search, QueryError> {
    check_limit(limit)?;
    let row = view.row(item.as_str()).ok_or_else(|| QueryError::UnknownItem(item.clone()))?;
    let mut vector = vec![0.0; view.readable().config.dim];
    view.readable().item_vector(row, &mut vector);
    let norm = dot(&vector, &vector).sqrt();
    if norm > 0.0 {
        vector.iter_mut().for_each(|value| *value /= norm);
    }
    Ok(Search {
        ranking: Ranking::Cosine,
        vector,
        adjust: vec![(row, f32::NEG_INFINITY)],
        explore: None,
        admitted: category.map(|category| of_category(&view.readable().catalog, category)),
        top: Top::new(limit),
    })
}

/// The rows of a category, letter by letter.
fn of_category(catalog: &Catalog, category: &str) -> RowSet {
    let mut words = vec![0_u64; catalog.len().div_ceil(64)];
    for row in 0..u32::try_from(catalog.len()).expect("rows are u32") {
        let holds = catalog.entry(row).item.categories.iter().any(|name| name == category);
        words[row as usize / 64] |= u64::from(holds) << (row % 64);
    }
    RowSet::from_words(words)
}

/// The neighbours, once the search was scanned.
pub(super) fn similar_items(view: &View, search: Search) -> Vec<ScoredItem> {
    let clamped = |hit: Hit| Hit { score: hit.score.clamp(-1.0, 1.0), ..hit };
    search.top.into_hits().map(|hit| scored(view, clamped(hit))).collect()
}

/// `q` of a context, `[dim]`. `history` is work space.
pub(super) fn query_vector(readable: &Readable, context: &Context, history: &mut Vec<f32>) -> Vec<f32> {
    let dim = readable.config.dim;
    history.resize(context.history.len() * dim, 0.0);
    for (row, values) in context.history.iter().zip(history.chunks_exact_mut(dim)) {
        readable.item_vector(*row, values);
    }
    let rows = GatheredRows { readable, history: &context.history, vectors: history };
    compose(context, &readable.parameters.scalars, &rows, dim).q
}

/// The vectors of one context.
struct GatheredRows<'a> {
    readable: &'a Readable,
    history: &'a [u32],
    /// `[history, dim]`.
    vectors: &'a [f32],
}

impl QueryRows for GatheredRows<'_> {
    fn item(&self, row: u32) -> &[f32] {
        let dim = self.readable.config.dim;
        let place = self.history.iter().position(|past| *past == row).expect("only items of the history are asked for");
        &self.vectors[place * dim..][..dim]
    }

    fn last(&self, row: Option<u32>) -> &[f32] {
        self.readable.parameters.last.row(row.map_or(0, |row| row as usize + 1))
    }

    fn user(&self, row: u32) -> &[f32] {
        self.readable.parameters.users.row(row as usize)
    }

    fn context(&self, row: u32) -> &[f32] {
        self.readable.parameters.contexts.row(row as usize)
    }
}

/// The terms of the score that only some rows have: repeats and transition memory.
fn sparse_terms(context: &Context, scalars: &Scalars, terms: &mut Vec<(u32, f32)>) {
    terms.extend(
        context
            .repeats
            .iter()
            .map(|repeat| (repeat.item, scalars.rec[usize::from(repeat.age)] + scalars.cnt[usize::from(repeat.count)])),
    );
    terms.extend(context.memory.iter().map(|remembered| (remembered.item, scalars.wm * remembered.value)));
}

fn known_of(readable: &Readable, query: &Query) -> Result<Known, FieldError> {
    Ok(match &query.subject {
        Subject::User(id) => readable.user(id.as_str()).map_or(Known::Nothing, Known::Actor),
        Subject::SessionId(id) => readable.session(id.as_str()).map_or(Known::Nothing, Known::Actor),
        Subject::Session(ids) => {
            within("session", ids.len(), Query::SESSION_MAX)?;
            let mut visit = History::default();
            for item in ids.iter().filter_map(|id| readable.catalog.row(id.as_str())) {
                // Met just now; kinds are not asked of a visit.
                visit.push(Past { item, at: query.at, kind: u8::MAX });
            }
            if visit.is_empty() { Known::Nothing } else { Known::Visit(visit) }
        }
        Subject::Vector(vector) => {
            let dim = readable.config.dim;
            if vector.len() != dim {
                let detail = format!("must have {dim} numbers, has {}", vector.len());
                return Err(FieldError::new("vector", "bad_dimension", detail));
            }
            // Written so that NaN fails.
            if !vector.iter().all(|value| value.abs() <= VECTOR_VALUE_MAX) {
                let detail = format!("must hold finite numbers of at most {VECTOR_VALUE_MAX} either way");
                return Err(FieldError::new("vector", "out_of_range", detail));
            }
            Known::Vector(vector.clone())
        }
        Subject::Nobody => Known::Nothing,
    })
}

fn check_limit(limit: usize) -> Result<(), FieldError> {
    if (1..=Query::LIMIT_MAX).contains(&limit) {
        return Ok(());
    }
    let detail = format!("must be 1 to {}, is {limit}", Query::LIMIT_MAX);
    Err(FieldError::new("limit", "out_of_range", detail))
}

fn within(field: &str, count: usize, max: usize) -> Result<(), FieldError> {
    if count <= max {
        return Ok(());
    }
    Err(FieldError::new(field, "too_many", format!("at most {max}, has {count}")))
}

fn scored(view: &View, hit: Hit) -> ScoredItem {
    ScoredItem {
        id: view.readable().catalog.id(hit.row).clone(),
        // JSON has no infinity; rows are finite (P8), so only their sum could be one.
        score: hit.score.clamp(f32::MIN, f32::MAX),
        item: None,
        embedding: None,
    }
}
