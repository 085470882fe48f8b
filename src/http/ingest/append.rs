//! Appends of a request's records to the log, from its body to its answer.

use std::time::Duration;

use axum::{
    Json,
    body::Body,
    http::{HeaderMap, StatusCode},
    response::{IntoResponse, Response},
};
use bytes::Bytes;
use serde::Deserialize;
use utoipa::{IntoParams, ToSchema};

use super::{
    AppendSummary, EntryKind, NothingTaken, ParsedEntry,
    content::{BatchIn, Content, content},
    context::EntryContext,
    entry::EntryRun,
    lag::{LagBound, within_lag},
    stream::Lines,
    wait, whole_batch,
};
use crate::{
    engine::{Appended, Model},
    http::{
        auth::Caller,
        body::{self, Format},
        body_pace::PaceLimits,
        body_stream::BodyStream,
        error::ApiError,
        limits::Limits,
        off_worker, params,
    },
};
use shelfmark_domain::{Scope, Timestamp};
use shelfmark_log::AppendOutcome;

/// What the answer waits for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum WaitFor {
    /// The commit: 202.
    #[default]
    Logged,
    /// The live view, which holds what was learned from the records: 200.
    Applied,
}

/// Query parameters of every append.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct WaitQuery {
    /// What the answer waits for: `logged` (default) answers 202 after the commit, `applied` 200 once the live view holds the
    /// records; when that takes longer than `timeout_ms`, the answer is 202 with `applied: false`.
    #[serde(default)]
    #[param(inline, required = false)]
    pub wait: WaitFor,
    /// Longest wait for `applied`, 0 to 30,000; 2,000 when left out.
    #[param(maximum = 30_000)]
    pub timeout_ms: Option<u64>,
}

/// How long the queue may stay full, or learning behind, before a stream is ended.
const FULL_PATIENCE: Duration = Duration::from_secs(30);

/// The answer of an append.
pub struct AppendResponse(AppendSummary);

impl AppendResponse {
    /// Returns what it says.
    pub(super) fn into_summary(self) -> AppendSummary {
        self.0
    }
}

impl IntoResponse for AppendResponse {
    fn into_response(self) -> Response {
        let status = match self.0.applied {
            Some(true) => StatusCode::OK,
            Some(false) | None => StatusCode::ACCEPTED,
        };
        (status, Json(self.0)).into_response()
    }
}

/// What was sent, and by whom.
pub struct AppendRequest<'a> {
    /// Whether learning may be behind.
    pub lag: LagBound,
    /// Who.
    pub caller: &'a Caller,
    /// Headers.
    pub headers: &'a HeaderMap,
    /// Body.
    pub body: Body,
}

/// Takes a body of events, items or vectors, in JSON or as lines.
pub async fn append(
    model: &Model,
    limits: &Limits,
    kind: EntryKind,
    wait: &WaitQuery,
    AppendRequest { lag, caller, headers, body }: AppendRequest<'_>,
) -> Result<AppendResponse, ApiError> {
    let timeout = params::wait(wait.timeout_ms)?;
    wait::check(wait)?;
    // Before the body is read: refusing must cost little.
    within_lag(model, lag, Duration::ZERO).await?;
    let arrival = || arrival(model, caller);
    let format = body::format(headers, caller.may_stream())?;
    let tally = match format {
        Format::Lines => {
            let body = BodyStream::new(headers, body)?;
            let pace = PaceLimits { idle: limits.stream_idle, rate_min: limits.body_rate_min };
            stream(model, lag, &arrival, &kind, Lines::new(body, limits.line_bytes_max, pace)).await?
        }
        Format::Json => {
            let bytes = body::whole(headers, body, caller.body_bytes_max(limits)).await?;
            let arrival = arrival();
            let work = bytes.len();
            let of = kind.clone();
            match off_worker(work, move || content(&of, &bytes, &arrival)).await?? {
                Content::One(run) => one(model, run).await?,
                Content::Batch(sent) if !sent.offsets.is_empty() => {
                    // Whoever moves an offset decides what is read: that is not for pages.
                    caller.check(Scope::Write, Some(model.name().as_str()))?;
                    let tally = whole_batch::append_whole(model, &kind, sent).await?;
                    return finish(model, tally, wait.wait, timeout).await;
                }
                Content::Batch(BatchIn { run, count, .. }) => batch(model, &kind, run, count).await?,
            }
        }
    };
    if tally.has_no_record() && tally.came() > 0 {
        let entries = if format == Format::Lines { "lines" } else { kind.key() };
        let summary = AppendSummary { position: model.log().head_known().0, event_ids: None, ..tally };
        return Err(ApiError::NothingTaken(Box::new(NothingTaken { summary, entries, whole_of: None })));
    }
    finish(model, tally, wait.wait, timeout).await
}

/// Appends one record that is already checked.
pub async fn append_one(model: &Model, parsed: ParsedEntry, wait: &WaitQuery) -> Result<AppendResponse, ApiError> {
    let timeout = params::wait(wait.timeout_ms)?;
    wait::check(wait)?;
    let tally = one(model, EntryRun::one(parsed)).await?;
    finish(model, tally, wait.wait, timeout).await
}

/// What an entry that arrives now is checked against.
pub fn arrival(model: &Model, caller: &Caller) -> EntryContext {
    let (config, modalities) = (model.config(), model.modalities());
    EntryContext { config, modalities, at: Timestamp::now(), source: caller.source() }
}

async fn one(model: &Model, run: EntryRun) -> Result<AppendSummary, ApiError> {
    if let Some(error) = run.records.first().and_then(|record| model.no_room_for(&record.body)) {
        return Err(ApiError::NoRoom(error));
    }
    let mut tally = AppendSummary { event_ids: AppendSummary::event_ids(&run, 1), ..AppendSummary::default() };
    let appended = model.append(run.records, Duration::ZERO).await?;
    match appended.outcomes[..] {
        [AppendOutcome::Conflict(position)] => return Err(ApiError::EventConflict(position)),
        [AppendOutcome::Duplicate(position)] if appended.rolled_back.contains(&position) => {
            return Err(ApiError::EventRolledBack(position));
        }
        _ => {}
    }
    tally.add(&run.indexes, run.rejected, &appended);
    Ok(tally)
}

pub(super) async fn batch(
    model: &Model,
    kind: &EntryKind,
    run: EntryRun,
    count: usize,
) -> Result<AppendSummary, ApiError> {
    let run = run.admitted(model);
    let mut tally = AppendSummary { event_ids: AppendSummary::event_ids(&run, count), ..AppendSummary::default() };
    tally.leave_out(kind, run.unknown);
    let appended =
        if run.records.is_empty() { Appended::default() } else { model.append(run.records, Duration::ZERO).await? };
    tally.add(&run.indexes, run.rejected, &appended);
    Ok(tally)
}

/// Appends a stream as it arrives: one run is committed while the next is read, so order is kept and memory bounded.
async fn stream(
    model: &Model,
    lag: LagBound,
    arrival: &(impl Fn() -> EntryContext + Sync),
    kind: &EntryKind,
    mut lines: Lines,
) -> Result<AppendSummary, ApiError> {
    let mut tally = AppendSummary::default();
    let mut next = read(arrival, kind, &mut lines).await;
    loop {
        let run = match next {
            Ok(Some(run)) => run.admitted(model),
            Ok(None) => break,
            Err(cause) => return Err(ended(cause, tally)),
        };
        let EntryRun { records, indexes, rejected, unknown, .. } = run;
        tally.leave_out(kind, unknown);
        let lines_read = lines.count();
        // A full queue makes the stream wait, which the sender feels as back-pressure on its connection.
        let append = async {
            within_lag(model, lag, FULL_PATIENCE).await?;
            model.append(records, FULL_PATIENCE).await
        };
        let (appended, following) = tokio::join!(append, read(arrival, kind, &mut lines));
        match appended {
            Ok(appended) => tally.add(&indexes, rejected, &appended),
            Err(cause) => return Err(ended(cause.into(), tally)),
        }
        tally.lines = lines_read;
        next = following;
    }
    tally.lines = lines.count();
    Ok(tally)
}

fn ended(cause: ApiError, tally: AppendSummary) -> ApiError {
    ApiError::Stream { cause: Box::new(cause), tally: Box::new(tally) }
}

async fn read(
    arrival: &(impl Fn() -> EntryContext + Sync),
    kind: &EntryKind,
    lines: &mut Lines,
) -> Result<Option<EntryRun>, ApiError> {
    let Some(run) = lines.run().await? else {
        return Ok(None);
    };
    let arrival = arrival();
    let bytes = run.lines.iter().map(|(_, line): &(u64, Bytes)| line.len()).sum();
    let kind = kind.clone();
    let run = off_worker(bytes, move || {
        let entries = run.lines.iter().map(|(index, line)| (*index, line.as_ref()));
        EntryRun::parse(&kind, entries, &arrival)
    });
    run.await.map(Some)
}

pub(super) async fn finish(
    model: &Model,
    mut tally: AppendSummary,
    wait: WaitFor,
    timeout: Duration,
) -> Result<AppendResponse, ApiError> {
    if tally.has_no_record() {
        tally.position = model.log().head_known().0;
    }
    if wait == WaitFor::Applied {
        tally.applied = Some(wait::applied(model, tally.position, timeout).await?);
    }
    Ok(AppendResponse(tally))
}
