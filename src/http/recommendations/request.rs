//! Requests for recommendations, and their validation.

use serde::Deserialize;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::http::read_options::VersionSelector;
use shelfmark_domain::{
    Boost, Event, ExcludeSeen, FieldError, FieldResult, Filter, GivenId, GroupBy, Id, ModelConfig, Position, Query,
    Subject, Timestamp, count_within, not_null, text_within,
};

/// Items when the caller names no number.
const LIMIT_DEFAULT: usize = 20;
/// Longest vector that is read.
const VECTOR_MAX: usize = 4096;

/// For whom, how many, and which not.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"user": "u1", "limit": 20, "filter": {"properties": {"price": {"lt": 50}}}, "exclude_seen": ["purchase"], "diversity": 0.3, "with": ["item"]}))]
pub struct RecommendationsBody {
    /// A user, by their history. With `session` or `session_id` beside it, that one is used when the user is unknown.
    #[serde(default, deserialize_with = "not_null")]
    #[schema(nullable = false)]
    pub user: Option<GivenId>,
    /// Items of a visit, oldest first; at most 1,000.
    #[serde(default, deserialize_with = "not_null")]
    #[schema(nullable = false)]
    pub session: Option<Vec<GivenId>>,
    /// Id of a session, as its events name it, 1 to 256 bytes.
    #[serde(default, deserialize_with = "not_null")]
    #[schema(nullable = false)]
    pub session_id: Option<GivenId>,
    /// An item that somebody looks at: what goes with it, without itself. Alone, or beside `user`: then for this user, and
    /// as if alone for one who is unknown.
    #[serde(default, deserialize_with = "not_null")]
    #[schema(nullable = false)]
    pub item: Option<GivenId>,
    /// A vector of the model's dimension. Alone.
    #[serde(default, deserialize_with = "not_null")]
    #[schema(nullable = false)]
    pub vector: Option<Vec<f32>>,
    /// Circumstances as in events, such as `device:mobile` or `query:running shoes`; at most 32. Those that no event has
    /// named say nothing.
    #[serde(default)]
    pub context: Vec<String>,
    /// Number of items, 1 to 1,000; 20 when left out.
    #[serde(default, deserialize_with = "not_null")]
    #[schema(nullable = false, minimum = 1, maximum = 1_000)]
    pub limit: Option<usize>,
    /// Number of items that are left out at the beginning, for a next page; `limit` and `offset` sum to at most 1,000.
    #[serde(default, deserialize_with = "not_null")]
    #[schema(nullable = false, maximum = 999)]
    pub offset: Option<usize>,
    /// Which items may be answered, by their metadata; applied before ranking.
    #[serde(default)]
    #[schema(required = false)]
    pub filter: Filter,
    /// Items never wanted; at most 10,000.
    #[serde(default)]
    pub exclude: Vec<GivenId>,
    /// Leave out items of the subject's history: all, none (default), or those met by some kinds of event.
    #[serde(default)]
    pub exclude_seen: Seen,
    /// How much likeness to items above counts against an item (MMR): 0 (the default) not at all, 1 nothing else counts.
    #[serde(default)]
    #[schema(minimum = 0, maximum = 1)]
    pub diversity: f32,
    /// What is added to the scores of items that meet conditions, to promote or demote them; at most 8. The sum of those that
    /// an item meets is part of its score.
    #[serde(default)]
    #[schema(max_items = 8)]
    pub boost: Vec<Boost>,
    /// Most items of the list with one value of a property, such as one of each brand.
    #[serde(default, deserialize_with = "not_null")]
    #[schema(nullable = false)]
    pub group_by: Option<GroupBy>,
    /// A version's number or label, or `live`; what is served when left out. In a batch: beside `queries`.
    #[serde(default, deserialize_with = "not_null")]
    #[schema(value_type = Option<String>, nullable = false, min_length = 1, max_length = 128, pattern = "^[^\\x00-\\x1f\\x7f-\\x9f]+$")]
    pub version: Option<VersionSelector>,
    /// Answer from a state at this position or later: waits up to `timeout_ms`, then 503 with the position reached. In a
    /// batch: beside `queries`.
    #[serde(default, deserialize_with = "not_null")]
    #[schema(nullable = false)]
    pub min_position: Option<Position>,
    /// Longest wait for `min_position`, 0 to 30,000; 2,000 when left out. In a batch: beside `queries`.
    #[serde(default, deserialize_with = "not_null")]
    #[schema(nullable = false, maximum = 30_000)]
    pub timeout_ms: Option<u64>,
    /// What to add to each item: `item` (metadata), `embedding`, `explanation` (what its score is made of).
    #[serde(default)]
    pub with: Vec<String>,
}

/// Which of the subject's own items are left out.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(untagged, expecting = "true, false or a list of kinds")]
pub enum Seen {
    /// All or none.
    All(bool),
    /// Those met by one of these kinds of event.
    Kinds(Vec<String>),
}

impl Default for Seen {
    fn default() -> Self {
        Self::All(false)
    }
}

/// A query that keeps its rules.
#[derive(Debug)]
pub struct ValidQuery {
    /// Of which the seed is half of `unique`.
    pub query: Query,
    /// The subject to use when the user is unknown.
    pub instead: Option<Subject>,
    /// Items of the query's that are left out at the beginning.
    pub offset: usize,
    /// Tells this answer from all others.
    pub unique: Uuid,
}

/// The subject as callers write it.
pub struct SubjectBody {
    pub user: Option<GivenId>,
    pub session: Option<Vec<GivenId>>,
    pub session_id: Option<GivenId>,
    pub item: Option<GivenId>,
    pub vector: Option<Vec<f32>>,
}

impl RecommendationsBody {
    /// Checks what was asked at `at`; where the state is chosen is not looked at.
    pub fn read(self, at: Timestamp) -> FieldResult<ValidQuery> {
        let subject = SubjectBody {
            user: self.user,
            session: self.session,
            session_id: self.session_id,
            item: self.item,
            vector: self.vector,
        };
        let mut asked = subject.read(self.context, at)?;
        add(&mut asked.query, &self.with)?;
        count_within("exclude", self.exclude.len(), Query::EXCLUDE_MAX)?;
        let limit = self.limit.unwrap_or(LIMIT_DEFAULT);
        Query::check_limit(limit)?;
        asked.offset = self.offset.unwrap_or(0);
        if asked.offset > Query::LIMIT_MAX - limit {
            let detail = format!("limit and offset must sum to at most {}", Query::LIMIT_MAX);
            return Err(FieldError::new("offset", "out_of_range", detail));
        }
        asked.query = Query {
            limit: limit + asked.offset,
            filter: self.filter,
            exclude: ids("exclude", &self.exclude)?,
            exclude_seen: self.exclude_seen.read()?,
            diversity: self.diversity,
            boosts: self.boost,
            group_by: self.group_by,
            ..asked.query
        };
        asked.query.check()?;
        Ok(asked)
    }
}

impl Seen {
    fn read(self) -> FieldResult<ExcludeSeen> {
        Ok(match self {
            Self::All(false) => ExcludeSeen::No,
            Self::All(true) => ExcludeSeen::All,
            Self::Kinds(kinds) => {
                count_within("exclude_seen", kinds.len(), ModelConfig::KINDS_MAX)?;
                ExcludeSeen::Kinds(kinds)
            }
        })
    }
}

impl SubjectBody {
    /// A query for that subject in these circumstances, without any wish beyond that.
    pub fn read(self, context: Vec<String>, at: Timestamp) -> FieldResult<ValidQuery> {
        count_within("context", context.len(), Event::CONTEXT_MAX)?;
        for (index, entry) in context.iter().enumerate() {
            text_within(format_args!("context[{index}]"), entry, Event::CONTEXT_BYTES_MAX)?;
        }
        if self.vector.is_some() && !context.is_empty() {
            return Err(FieldError::new("context", "ambiguous", "a vector stands alone, without context"));
        }
        let (subject, instead) = self.subjects()?;
        let unique = Uuid::now_v7();
        // The second half of the id is random.
        let seed = unique.as_u64_pair().1;
        let query = Query { context, seed, ..Query::new(subject, LIMIT_DEFAULT, at) };
        Ok(ValidQuery { query, instead, offset: 0, unique })
    }

    fn subjects(self) -> FieldResult<(Subject, Option<Subject>)> {
        let user = self.user.map(|user| Id::new("user", &user)).transpose()?;
        let visit = match (self.session, self.session_id) {
            (Some(_), Some(_)) => {
                return Err(FieldError::new("session_id", "ambiguous", "give session or session_id, not both"));
            }
            (Some(items), None) => {
                count_within("session", items.len(), Query::SESSION_MAX)?;
                Some(Subject::Session(ids("session", &items)?))
            }
            (None, Some(id)) => Some(Subject::SessionId(Id::new("session_id", &id)?)),
            (None, None) => None,
        };
        let others = user.is_some() || visit.is_some();
        let alone = |field: &str| Err(FieldError::new(field, "ambiguous", "stands alone, without user or session"));
        Ok(match (self.item, self.vector) {
            (Some(_), Some(_)) => return Err(FieldError::new("vector", "ambiguous", "give item or vector, not both")),
            (Some(_), None) if visit.is_some() => {
                return Err(FieldError::new("item", "ambiguous", "stands alone or beside user, without a session"));
            }
            (None, Some(_)) if others => return alone("vector"),
            (Some(item), None) => {
                let item = Id::new("item", &item)?;
                match user {
                    Some(user) => (Subject::UserWithItem { user, item: item.clone() }, Some(Subject::Item(item))),
                    None => (Subject::Item(item), None),
                }
            }
            (None, Some(vector)) => {
                count_within("vector", vector.len(), VECTOR_MAX)?;
                (Subject::Vector(vector), None)
            }
            (None, None) => match (user, visit) {
                (Some(user), instead) => (Subject::User(user), instead),
                (None, Some(visit)) => (visit, None),
                (None, None) => (Subject::Nobody, None),
            },
        })
    }
}

/// Notes in the query what is to be added to each item.
pub fn add(query: &mut Query, with: &[String]) -> FieldResult<()> {
    for name in with {
        match name.as_str() {
            "item" => query.with_item = true,
            "embedding" => query.with_embedding = true,
            "explanation" => query.with_explanation = true,
            _ => {
                let name: String = name.chars().take(64).collect();
                let detail = format!("{name:?} is not among item, embedding, explanation");
                return Err(FieldError::new("with", "invalid_value", detail));
            }
        }
    }
    Ok(())
}

/// Reads ids; an error names the place.
pub fn ids(field: &str, texts: &[GivenId]) -> FieldResult<Vec<Id>> {
    texts
        .iter()
        .enumerate()
        .map(|(index, text)| {
            Id::new(field, text).map_err(|error| FieldError { field: format!("{field}[{index}]"), ..error })
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::{decode, error::ApiError};

    fn asked(text: &str) -> Result<ValidQuery, ApiError> {
        let body: RecommendationsBody = decode::json(text.as_bytes())?;
        Ok(body.read(Timestamp::default())?)
    }

    fn refused(text: &str) -> (String, &'static str) {
        match asked(text) {
            Err(ApiError::Invalid(errors)) => (errors[0].field.clone(), errors[0].code),
            other => panic!("{text}: {other:?}"),
        }
    }

    #[test]
    fn each_subject_is_read_and_a_session_beside_a_user_is_kept_for_the_unknown() {
        let id = |text| Id::new("id", text).expect("valid");
        let found =
            asked(r#"{"user":"u","session":["a","b"],"exclude_seen":["cart"],"diversity":0.5}"#).expect("valid");
        assert_eq!(found.query.subject, Subject::User(id("u")));
        assert_eq!(found.instead, Some(Subject::Session(vec![id("a"), id("b")])));
        assert_eq!(found.query.exclude_seen, ExcludeSeen::Kinds(vec!["cart".to_owned()]));
        assert_eq!((found.query.limit, found.query.seed), (20, found.unique.as_u64_pair().1));
        let subject = |text| asked(text).expect("valid").query.subject;
        assert_eq!(subject("{}"), Subject::Nobody);
        assert_eq!(subject(r#"{"vector":[1,2.5]}"#), Subject::Vector(vec![1.0, 2.5]));
        assert_eq!(subject(r#"{"session_id":"s"}"#), Subject::SessionId(id("s")));
        assert_eq!(subject(r#"{"item":"i"}"#), Subject::Item(id("i")));
        assert_eq!(subject(r#"{"item":31}"#), Subject::Item(id("31")));
        let both = asked(r#"{"user":"u","item":"i"}"#).expect("valid");
        assert_eq!(both.query.subject, Subject::UserWithItem { user: id("u"), item: id("i") });
        assert_eq!(both.instead, Some(Subject::Item(id("i"))));
        assert_eq!(subject(r#"{"session":["a",2]}"#), Subject::Session(vec![id("a"), id("2")]));
        assert!(asked(r#"{"filter":{}}"#).expect("valid").query.filter.is_empty());
    }

    #[test]
    fn a_condition_without_anything_in_it_is_refused() {
        for (text, field) in [
            (r#"{"filter":{"properties":{"rating":{}}}}"#, "filter.properties.rating"),
            (r#"{"filter":{"tags":{}}}"#, "filter.tags"),
            (r#"{"filter":{"or":[{"categories":{}}]}}"#, "filter.or[0].categories"),
            (r#"{"boost":[{"filter":{"categories":{}},"add":1}]}"#, "boost[0].filter.categories"),
        ] {
            assert_eq!(refused(text), (field.to_owned(), "empty"), "{text}");
        }
        asked(r#"{"filter":{"properties":{"rating":{"none":[]}},"tags":{"all":[]}}}"#).expect("lists may be empty");
    }

    #[test]
    fn null_is_never_no_restriction() {
        let fields = ["user", "session", "session_id", "item", "vector", "context", "limit", "offset", "filter"];
        let others = ["exclude", "exclude_seen", "diversity", "boost", "group_by", "version", "min_position"];
        let others = others.into_iter().chain(["timeout_ms", "with"]);
        for field in fields.into_iter().chain(others) {
            assert_eq!(refused(&format!(r#"{{"{field}":null}}"#)), (field.to_owned(), "invalid_value"));
        }
        for (text, field) in [
            (r#"{"filter":{"categories":null}}"#, "filter.categories"),
            (r#"{"filter":{"categories":{"any":null}}}"#, "filter.categories.any"),
            (r#"{"filter":{"tags":{"none":[null]}}}"#, "filter.tags.none[0]"),
            (r#"{"filter":{"properties":{"rating":null}}}"#, "filter.properties.rating"),
            (r#"{"filter":{"properties":{"rating":{"eq":null}}}}"#, "filter.properties.rating.eq"),
            (r#"{"filter":{"properties":{"rating":{"in":["G",null]}}}}"#, "filter.properties.rating.in[1]"),
            (r#"{"filter":{"properties":{"price":{"lt":null}}}}"#, "filter.properties.price.lt"),
            (r#"{"session":["a",null]}"#, "session[1]"),
            (r#"{"exclude":[null]}"#, "exclude[0]"),
        ] {
            assert_eq!(refused(text), (field.to_owned(), "invalid_value"), "{text}");
        }
    }

    #[test]
    fn what_cannot_be_answered_is_refused_by_name_and_never_ignored() {
        for (text, field, code) in [
            (r#"{"user":"u","filter":{"colour":1}}"#, "filter.colour", "unknown_field"),
            (r#"{"filter":{"categories":["a"]}}"#, "filter.categories[0]", "invalid_value"),
            (r#"{"filter":{"categories":{"any":["a",""]}}}"#, "filter.categories.any[1]", "empty"),
            (r#"{"filter":{"tags":{"some":[]}}}"#, "filter.tags.some", "unknown_field"),
            (r#"{"filter":{"properties":{"p":{"gte":"1"}}}}"#, "filter.properties.p.gte", "invalid_value"),
            (r#"{"filter":{"properties":{"p":{"eq":[1]}}}}"#, "filter.properties.p.eq", "invalid_value"),
            (r#"{"filter":{"properties":{"p":{"ne":1}}}}"#, "filter.properties.p.ne", "unknown_field"),
            (r#"{"user":"u","diversity":1.5}"#, "diversity", "out_of_range"),
            (r#"{"user":"u","diversity":-0.1}"#, "diversity", "out_of_range"),
            (r#"{"user":"u","diversity":"much"}"#, "diversity", "invalid_value"),
            (r#"{"user":"u","position":3}"#, "position", "unknown_field"),
            (r#"{"user":"u","context":["a",""]}"#, "context[1]", "empty"),
            (r#"{"vector":[1],"context":["a"]}"#, "context", "ambiguous"),
            (r#"{"user":"u","with":["price"]}"#, "with", "invalid_value"),
            (r#"{"user":"u","colour":1}"#, "colour", "unknown_field"),
            (r#"{"user":"u","limit":0}"#, "limit", "out_of_range"),
            (r#"{"user":"u","limit":1001}"#, "limit", "out_of_range"),
            (r#"{"user":"u","limit":20,"offset":981}"#, "offset", "out_of_range"),
            (r#"{"user":"u","offset":18446744073709551615}"#, "offset", "out_of_range"),
            (r#"{"user":"u","offset":-1}"#, "offset", "invalid_value"),
            (r#"{"user":"u","vector":[1]}"#, "vector", "ambiguous"),
            (r#"{"item":"i","vector":[1]}"#, "vector", "ambiguous"),
            (r#"{"user":"u","item":"i","session":["a"]}"#, "item", "ambiguous"),
            (r#"{"user":"u","item":""}"#, "item", "empty"),
            (r#"{"session":["a"],"item":"i"}"#, "item", "ambiguous"),
            (r#"{"item":""}"#, "item", "empty"),
            (r#"{"session":["a",""]}"#, "session[1]", "empty"),
            (r#"{"session":["a"],"session_id":"s"}"#, "session_id", "ambiguous"),
            (r#"{"user":"u","exclude_seen":"all"}"#, "exclude_seen", "invalid_value"),
        ] {
            assert_eq!(refused(text), (field.to_owned(), code), "{text}");
        }
    }
}
