//! `/v1/models/{model}/learning/stream`: the points of the series as server-sent events.

use std::{convert::Infallible, time::Duration};

use axum::{
    extract::State,
    response::{
        Response, Sse,
        sse::{Event, KeepAlive},
    },
};
use futures::{Stream, stream};
use serde::Serialize;
use serde_json::json;
use tokio_util::sync::CancellationToken;
use utoipa::ToSchema;

use super::{
    Api,
    admission::{LongWorkKind, Share, take_part},
    error::ApiError,
    params::Segments,
    paths::ModelPath,
    problem::Problem,
    read_options::with_state_headers,
};
use crate::engine::PointStream;
use shelfmark_domain::Position;
use shelfmark_monitor::health::{Point, PointQuality, StepFigures, TableFigures};

/// A comment is sent this often while no point comes, so that dead connections are noticed.
const KEEP_ALIVE: Duration = Duration::from_secs(15);

/// The data of one event.
#[derive(Debug, Serialize, ToSchema)]
pub struct StreamPoint {
    /// Position of the last record of its last step; also the event's id.
    position: Position,
    /// What the steps did.
    #[serde(flatten)]
    steps: StepFigures,
    /// Live quality when the point closed.
    quality: PointQuality,
    /// Figures of each table.
    tables: Vec<TableFigures>,
}

impl From<&Point> for StreamPoint {
    fn from(point: &Point) -> Self {
        Self {
            position: point.through,
            steps: StepFigures::of(&point.sums),
            quality: point.quality,
            tables: TableFigures::all(&point.sums),
        }
    }
}

/// Streams the figures of learning as they come.
///
/// Server-sent events of type `point`, each over 512 targets (or 64 small steps). A reader that falls 64 points behind misses the oldest and
/// is told how many by an event of type `missed`: it never slows the learner down. At most 64 streams of a model may be open, of which a caller
/// gets a share. The stream ends when the service does.
#[utoipa::path(
    get, path = "/v1/models/{model}/learning/stream", tag = "learning", operation_id = "stream_learning",
    params(ModelPath),
    responses(
        (status = 200, description = "Points until the client goes away", body = StreamPoint, content_type = "text/event-stream"),
        (status = 503, description = "Too many streams are open (`overloaded`)", body = Problem, content_type = "application/problem+json"),
    )
)]
pub async fn get(State(api): State<Api>, Segments(path): Segments<ModelPath>) -> Result<Response, ApiError> {
    let model = api.model(&path.model)?;
    let share = take_part(LongWorkKind::Stream, model.name())?;
    let events = events(model.learning_stream()?, share, api.closing.clone());
    Ok(with_state_headers(&model.live(), Sse::new(events).keep_alive(KeepAlive::new().interval(KEEP_ALIVE))))
}

fn events(
    points: PointStream,
    share: Option<Share>,
    closing: CancellationToken,
) -> impl Stream<Item = Result<Event, Infallible>> {
    stream::unfold((points, share, closing), async |(mut points, share, closing)| {
        let next = tokio::select! {
            () = closing.cancelled() => None,
            next = points.next() => next,
        };
        let event = match next? {
            Ok(point) => Event::default()
                .event("point")
                .id(point.through.to_string())
                .json_data(StreamPoint::from(&*point))
                .expect("figures have a JSON form"),
            Err(missed) => {
                Event::default().event("missed").json_data(json!({"missed": missed})).expect("a number has a JSON form")
            }
        };
        Some((Ok(event), (points, share, closing)))
    })
}
