//! `/v1/models/{model}/map`: items as points of a plane.

use std::{collections::BTreeMap, convert::Infallible, sync::Arc, time::Duration};

use axum::{
    Json,
    extract::State,
    response::{
        Response, Sse,
        sse::{Event, KeepAlive},
    },
};
use futures::{Stream, stream};
use serde::{Deserialize, Serialize};
use tokio_util::sync::CancellationToken;
use utoipa::{IntoParams, ToSchema};

use super::{
    Api,
    error::ApiError,
    params::{self, Params, Segments},
    paths::ModelPath,
    problem::Problem,
    read_options::{VersionSelector, with_state_headers},
};
use crate::engine::{Basis, BasisState, Map, MapMoves, MapRequest, MapState, Moves};
use shelfmark_domain::{FieldError, FieldResult, Id, PackedVector, Position};
use shelfmark_monitor::map::SAMPLE_MAX;

/// Items that are sampled when nothing is said.
const SAMPLE_DEFAULT: usize = 5_000;
/// Items that may be asked for besides the sample.
const IDS_MAX: usize = 200;
/// A comment is sent this often while nothing moves, so that dead connections are noticed.
const KEEP_ALIVE: Duration = Duration::from_secs(15);

/// Query parameters of a map.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct MapQuery {
    /// The state that is drawn: a version's number or label, or `live`; `live` when left out.
    #[param(value_type = Option<String>)]
    version: Option<VersionSelector>,
    /// The state that is drawn: that after the append with this position. It is found by learning the log again.
    #[param(value_type = Option<u64>, maximum = 9_223_372_036_854_775_807i64)]
    position: Option<Position>,
    /// The state whose principal directions are the axes: a version's number or label, `live`, or `@` and a position. When left
    /// out the newest version, or the live state while no version has three items.
    basis: Option<String>,
    /// Number of sampled items, 1 to 20,000; 5,000 when left out.
    #[param(minimum = 1, maximum = 20_000)]
    sample: Option<usize>,
    /// Items that are drawn besides the sample: a JSON list of at most 200 ids.
    ids: Option<String>,
}

/// Query parameters of a map that is followed.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct FollowQuery {
    /// As of the map: send the `basis.state` that it answered.
    basis: Option<String>,
    /// Number of sampled items, 1 to 20,000; 5,000 when left out.
    #[param(minimum = 1, maximum = 20_000)]
    sample: Option<usize>,
    /// Items that are followed besides the sample: a JSON list of at most 200 ids.
    ids: Option<String>,
}

/// What fixes the coordinates.
#[derive(Debug, Serialize, ToSchema)]
pub struct BasisOut {
    /// The state whose principal directions are the axes, to be sent back as `basis`: a version's number, or `@` and a position.
    state: String,
    /// Share of the variance of the items' vectors that each axis shows, 0 to 1.
    explained: [f64; 2],
    /// Number of items that the axes were computed from.
    items: u64,
}

/// Items as points.
#[derive(Debug, Serialize, ToSchema)]
pub struct MapOut {
    /// What fixes the coordinates; null while the basis state has fewer than three items: all points are then at the origin.
    basis: Option<BasisOut>,
    /// Position of the state that is drawn.
    position: Position,
    /// Number of items in the state, drawn or not.
    total: u64,
    /// Ids of the items that are drawn: the sample, then those that were asked for.
    ids: Vec<Id>,
    /// The items' titles; null where there is none.
    titles: Vec<Option<String>>,
    /// Names of the categories.
    category_names: Vec<String>,
    /// Index into `category_names` of each item's first category; null where there is none.
    categories: Vec<Option<usize>>,
    /// Number of events of each item, decayed with a half-life of 100,000 events.
    popularity: Vec<f32>,
    /// How many items had their first event before each item had its own; null for items without an event.
    first_event_ranks: Vec<Option<u32>>,
    /// Number of items of the state that have had an event.
    items_with_events: usize,
    /// Coordinates: x and y of each item by turns, as base64 of little-endian f32.
    #[schema(value_type = String, format = "byte")]
    points: Packed,
}

/// Points that moved.
#[derive(Debug, Serialize, ToSchema)]
pub struct MovesOut {
    /// Position of the state that they are of; also the event's id.
    position: Position,
    /// Ids of the items.
    ids: Vec<Id>,
    /// Coordinates: x and y of each item by turns, as base64 of little-endian f32.
    #[schema(value_type = String, format = "byte")]
    points: Packed,
}

/// Numbers that are written as base64.
#[derive(Debug)]
struct Packed(Vec<f32>);

impl Serialize for Packed {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        PackedVector(&self.0).serialize(serializer)
    }
}

/// Draws the items of a state as points of a plane.
///
/// The axes are the two principal directions of the vectors of one state, the basis. Coordinates are linear in a vector: with an
/// equal basis a point moves only when its vector does. The items are a sample of the live state, stratified by popularity: an equal share
/// of each power of two of their events, by a hash of their ids. Maps of several states show the same items, as far as the states have them. Equal
/// states give equal answers.
///
/// A `position` where no state is kept is found by learning the log again, one at a time with traces and reports.
#[utoipa::path(
    get, path = "/v1/models/{model}/map", tag = "embeddings", operation_id = "get_map",
    params(ModelPath, MapQuery),
    responses(
        (status = 200, description = "The points", body = MapOut),
        (status = 409, description = "No state is near enough to learn the position again from (`trace_not_available`)", body = Problem, content_type = "application/problem+json"),
        (status = 503, description = "Another report is being made (`overloaded`), or the position is not reached (`position_not_reached`)", body = Problem, content_type = "application/problem+json"),
    )
)]
pub async fn get(
    State(api): State<Api>,
    Segments(path): Segments<ModelPath>,
    Params(query): Params<MapQuery>,
) -> Result<Response, ApiError> {
    let model = api.model(&path.model)?;
    let state = match (query.version, query.position) {
        (Some(_), Some(_)) => {
            return Err(FieldError::new("position", "invalid_value", "goes without version").into());
        }
        (None, Some(position)) => MapState::Position(position),
        (Some(VersionSelector::Version(version)), None) => MapState::Version(version),
        (Some(VersionSelector::Live) | None, None) => MapState::Live,
    };
    let request = request(state, query.basis.as_deref(), query.sample, query.ids.as_deref())?;
    let map = Box::pin(model.maps().map(request)).await?;
    let view = Arc::clone(&map.view);
    Ok(with_state_headers(&view, Json(drawn(map))))
}

/// Streams the points of live that move.
///
/// Server-sent events of type `moves`, a few a second while records come. The first one has every point. Items that
/// the caller does not know yet are new in the sample. At most 64 maps of a model are followed at once. The stream ends when the service does.
#[utoipa::path(
    get, path = "/v1/models/{model}/map/stream", tag = "embeddings", operation_id = "stream_map",
    params(ModelPath, FollowQuery),
    responses(
        (status = 200, description = "Moves until the client goes away", body = MovesOut, content_type = "text/event-stream"),
        (status = 503, description = "Too many maps are followed (`overloaded`)", body = Problem, content_type = "application/problem+json"),
    )
)]
pub async fn follow(
    State(api): State<Api>,
    Segments(path): Segments<ModelPath>,
    Params(query): Params<FollowQuery>,
) -> Result<Response, ApiError> {
    let model = api.model(&path.model)?;
    let request = request(MapState::Live, query.basis.as_deref(), query.sample, query.ids.as_deref())?;
    let moves = Box::pin(model.maps().follow(request)).await?;
    let events = events(moves, api.closing.clone());
    Ok(with_state_headers(&model.live(), Sse::new(events).keep_alive(KeepAlive::new().interval(KEEP_ALIVE))))
}

fn events(moves: MapMoves, closing: CancellationToken) -> impl Stream<Item = Result<Event, Infallible>> {
    stream::unfold((moves, closing), async |(mut moves, closing)| {
        let next = tokio::select! {
            () = closing.cancelled() => None,
            next = moves.next() => Some(next),
        };
        let next = next?;
        let text = next.sent.get_or_init(|| sent(&next));
        let event = Event::default().event("moves").id(next.position.to_string()).data(text);
        Some((Ok(event), (moves, closing)))
    })
}

/// Moves as they are sent.
fn sent(moves: &Moves) -> Arc<str> {
    let out = MovesOut { position: moves.position, ids: moves.ids.clone(), points: Packed(moves.points.clone()) };
    serde_json::to_string(&out).expect("moves have a JSON form").into()
}

fn request(
    state: MapState,
    basis: Option<&str>,
    sample: Option<usize>,
    ids: Option<&str>,
) -> Result<MapRequest, ApiError> {
    Ok(MapRequest {
        state,
        basis: basis.map(parse_basis).transpose()?,
        sample: params::limit("sample", sample, SAMPLE_DEFAULT, SAMPLE_MAX)?,
        ids: ids.map_or_else(|| Ok(Vec::new()), parse_ids)?,
    })
}

fn parse_basis(text: &str) -> FieldResult<MapState> {
    if let Some(position) = text.strip_prefix('@') {
        let position = position.parse::<u64>().ok().filter(|position| i64::try_from(*position).is_ok());
        let detail = "after @ must be a position, a whole number";
        return position
            .map(|position| MapState::Position(Position::new(position)))
            .ok_or_else(|| FieldError::new("basis", "invalid_value", detail));
    }
    Ok(VersionSelector::parse("basis", text)?.version().map_or(MapState::Live, MapState::Version))
}

fn parse_ids(text: &str) -> FieldResult<Vec<Id>> {
    let ids: Vec<String> = serde_json::from_str(text)
        .map_err(|_| FieldError::new("ids", "malformed", "must be a JSON list of text, such as [\"i9\"]"))?;
    if ids.len() > IDS_MAX {
        let detail = format!("must have at most {IDS_MAX} entries, has {}", ids.len());
        return Err(FieldError::new("ids", "out_of_range", detail));
    }
    ids.iter().enumerate().map(|(index, id)| Id::new(&format!("ids[{index}]"), id)).collect()
}

fn drawn(map: Map) -> MapOut {
    let Map { view, rows, points, popularity, first_event_ranks, basis } = map;
    let catalog = &view.inference().catalog;
    let mut names = BTreeMap::new();
    let mut category_names: Vec<String> = Vec::new();
    let mut category = |name: &String| {
        *names.entry(name.clone()).or_insert_with(|| {
            category_names.push(name.clone());
            category_names.len() - 1
        })
    };
    let categories = rows.iter().map(|row| catalog.entry(*row).item.categories.first().map(&mut category)).collect();
    MapOut {
        basis: basis_out(&basis),
        position: view.position(),
        total: view.counts().items,
        ids: rows.iter().map(|row| catalog.id(*row).clone()).collect(),
        titles: rows.iter().map(|row| catalog.entry(*row).item.title.clone()).collect(),
        category_names,
        categories,
        popularity,
        first_event_ranks,
        items_with_events: catalog.known().len(),
        points: Packed(points),
    }
}

fn basis_out(basis: &Basis) -> Option<BasisOut> {
    let projection = basis.projection.as_ref()?;
    let state = match basis.state {
        BasisState::Version(number) => number.to_string(),
        BasisState::Position(position) => format!("@{position}"),
    };
    Some(BasisOut { state, explained: projection.explained(), items: projection.items() })
}

#[cfg(test)]
mod tests {
    use super::*;
    use shelfmark_domain::{VersionNumber, VersionRef};

    #[test]
    fn a_basis_is_a_version_live_or_a_position() {
        assert_eq!(parse_basis("live"), Ok(MapState::Live));
        assert_eq!(parse_basis("7"), Ok(MapState::Version(VersionRef::Number(VersionNumber(7)))));
        assert_eq!(parse_basis("@4711"), Ok(MapState::Position(Position::new(4711))));
        for bad in ["", "@", "@x", "@-1", "@9223372036854775808"] {
            assert_eq!(parse_basis(bad).expect_err(bad).field, "basis");
        }
    }

    #[test]
    fn ids_are_a_bounded_list_of_ids() {
        assert_eq!(parse_ids(r#"["a,b","c"]"#).expect("valid").len(), 2);
        assert_eq!(parse_ids("a").expect_err("no list").field, "ids");
        assert_eq!(parse_ids(r#"["a",""]"#).expect_err("no id").field, "ids[1]");
        let many = serde_json::to_string(&vec!["a"; IDS_MAX + 1]).expect("text");
        assert_eq!(parse_ids(&many).expect_err("too many").code, "out_of_range");
    }
}
