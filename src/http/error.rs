//! Errors of requests, and the one table that maps each kind to status, code and title.

use std::time::Duration;

use axum::http::StatusCode;

use super::{
    admission::pool::{Exhausted, Refusal},
    ingest::{AppendSummary, NothingTaken},
};
use crate::engine::EngineError;
use shelfmark_datasets::vectors::ExportError;
use shelfmark_domain::{ErrorKind, FieldError, Position};
use shelfmark_log::LogError;
use shelfmark_serving::QueryError;
use shelfmark_store::operations::OperationError;
use shelfmark_store::versions::VersionError;
use shelfmark_store::{audit::AuditError, keys::KeyError, processes::ProcessError};

/// Content codings of requests that are taken, as the header `accept-encoding` of a refusal names them.
pub const CODINGS: &str = "gzip, zstd";

/// Why a request was not answered as asked. What callers are told of it is in `error_response.rs`.
#[derive(Debug, thiserror::Error)]
pub enum ApiError {
    /// The body is not JSON.
    #[error("{detail}")]
    Malformed {
        /// What the parser met, with line and column.
        detail: String,
    },
    /// The path or its percent-encoding cannot be read.
    #[error("the path cannot be read: {0}")]
    BadPath(String),
    /// The request line or the headers are no HTTP.
    #[error("the request line or a header is not valid HTTP/1.1")]
    BadHead,
    /// The path with its query is longer than the server reads.
    #[error("the path with its query is too long")]
    UriTooLong,
    /// The headers are longer than the server reads.
    #[error("the headers are too large or too many")]
    HeadTooLarge,
    /// The Host header is missing, doubled or no host (RFC 9112, 3.2).
    #[error("{0}")]
    BadHost(&'static str),
    /// The body ended early, or the connection broke while it was read.
    #[error("the body could not be read to its end")]
    BodyBroken,
    /// Readable, but values break their rules.
    #[error("{}", first_detail(.0))]
    Invalid(Vec<FieldError>),
    /// No key, or one that is not known.
    #[error("{0}")]
    Unauthorized(&'static str),
    /// The key may not do this.
    #[error("{0}")]
    Forbidden(String),
    /// The process only follows what others write.
    #[error("this process only reads (--read-only): send writes to one that does not")]
    ReadOnly,
    /// Without keys: the request came by another name than this machine's own (DNS rebinding, a foreign web page).
    #[error("{0}")]
    HostRefused(String),
    /// A page of an origin that the key is not for, or no page at all.
    #[error("the key is for pages of its own origins alone, which the Origin header names")]
    OriginRefused,
    /// The key makes more requests than it may.
    #[error("the key makes more requests a second than it may")]
    RateLimited(Duration),
    /// No such route.
    #[error("there is nothing at this path")]
    RouteNotFound,
    /// The route has other methods.
    #[error("this path does not take this method; the allow header names those it takes")]
    MethodNotAllowed,
    /// No such model.
    #[error("there is no model {0:?}")]
    ModelNotFound(String),
    /// No such event, item, user, guard.
    #[error("there is no {what} {id:?}")]
    NotFound {
        /// `event`, `item`, `user`, `operation` or `guard`.
        what: &'static str,
        /// Its id.
        id: String,
    },
    /// It would make a new row, and there is no room for one.
    #[error("{0}")]
    NoRoom(FieldError),
    /// Entries came, and none was taken: to a sender who looks at the status alone, a success would say the opposite.
    #[error("{}", .0.reason())]
    NothingTaken(Box<NothingTaken>),
    /// An event with this id and another body stands in the log.
    #[error("an event with this event_id and another body stands at position {0}")]
    EventConflict(Position),
    /// The same event stands in the log, and a rollback gave it up.
    #[error(
        "this event stands at position {0}, and a rollback gave it up: it is not learned. To have it learned again, send \
         it with another event_id, or restore a position before the rollback"
    )]
    EventRolledBack(Position),
    /// The body is larger than the limit.
    #[error("the body has more than {bytes_max} bytes")]
    TooLarge {
        /// The limit.
        bytes_max: usize,
    },
    /// One line of a stream is larger than the limit.
    #[error("line {line} has more than {bytes_max} bytes")]
    LineTooLarge {
        /// Which, from 0.
        line: u64,
        /// The limit.
        bytes_max: usize,
    },
    /// A content type this route does not take.
    #[error("content-type must be {expected}")]
    MediaType {
        /// What it takes.
        expected: &'static str,
    },
    /// A content coding that is not taken.
    #[error("content-encoding is {given}; taken are {}, or none", CODINGS)]
    ContentEncoding {
        /// What the request says.
        given: String,
    },
    /// The client stopped sending.
    #[error(
        "the body came too slowly: it may pause for {seconds} seconds, and bring {rate_min} bytes per second otherwise"
    )]
    Stalled {
        /// The longest pause.
        seconds: u64,
        /// The lowest rate.
        rate_min: u64,
    },
    /// The request took longer than the limit.
    #[error("the request took longer than {0} seconds")]
    TimedOut(u64),
    /// All that there is of something is in use, or all that this caller may have of it.
    #[error("{}", refusal_detail(.0))]
    NotAdmitted(Refusal),
    /// The connection is one of those that are kept for probes.
    #[error("there are too many connections: this one is kept for /livez, /readyz and /metrics")]
    NoConnection,
    /// A version is asked for together with a later position.
    #[error("the version stands at position {stands}, before min_position {wanted}")]
    VersionBefore {
        /// The version's position.
        stands: Position,
        /// `min_position`.
        wanted: Position,
    },
    /// Rows cannot be written in the format that was asked for.
    #[error(transparent)]
    NotExportable(#[from] ExportError),
    /// A room said no.
    #[error(transparent)]
    Engine(#[from] EngineError),
    /// What was asked cannot be put on record, so it was not begun.
    #[error(transparent)]
    Audit(#[from] AuditError),
    /// Where the processes stand is not known.
    #[error(transparent)]
    Processes(#[from] ProcessError),
    /// The store of the API keys said no.
    #[error(transparent)]
    Key(#[from] KeyError),
    /// A stream ended early; what it did until then is in the answer.
    #[error("{cause}")]
    Stream {
        /// Why it ended.
        cause: Box<ApiError>,
        /// What was taken before.
        tally: Box<AppendSummary>,
    },
    /// A handler panicked, or a promise was broken.
    #[error("internal error")]
    Internal(String),
}

impl From<Refusal> for ApiError {
    fn from(refusal: Refusal) -> Self {
        Self::NotAdmitted(refusal)
    }
}

impl From<FieldError> for ApiError {
    fn from(error: FieldError) -> Self {
        Self::Invalid(vec![error])
    }
}

impl From<LogError> for ApiError {
    fn from(error: LogError) -> Self {
        Self::Engine(EngineError::Log(error))
    }
}

impl From<VersionError> for ApiError {
    fn from(error: VersionError) -> Self {
        Self::Engine(EngineError::Version(error))
    }
}

impl From<OperationError> for ApiError {
    fn from(error: OperationError) -> Self {
        Self::Engine(EngineError::Operation(error))
    }
}

impl From<QueryError> for ApiError {
    fn from(error: QueryError) -> Self {
        Self::Engine(EngineError::Query(error))
    }
}

fn first_detail(errors: &[FieldError]) -> String {
    errors.first().map_or_else(String::new, |error| error.to_string())
}

fn refusal_detail(refusal: &Refusal) -> String {
    let Refusal { exhausted, what, held, total } = refusal;
    match exhausted {
        Exhausted::Share => format!("this caller holds {held} of the {total} {what}, which is its share for now"),
        Exhausted::Pool => format!("all {total} {what} are in use"),
    }
}

/// Status, stable code and title of an error.
type Meaning = (StatusCode, &'static str, &'static str);

impl ApiError {
    /// The kind of failure, where another room found it.
    pub(super) fn kind(&self) -> Option<ErrorKind> {
        if let Self::Engine(error) = self {
            return Some(error.kind());
        }
        if let Self::Audit(error) = self {
            return Some(error.kind());
        }
        if let Self::Processes(error) = self {
            return Some(error.kind());
        }
        if let Self::Key(error) = self {
            return Some(error.kind());
        }
        None
    }

    /// The rows of the table for what this room finds; a new variant does not compile until it has one.
    pub(super) fn meaning(&self) -> Meaning {
        use StatusCode as S;
        match self {
            Self::Malformed { .. } => (S::BAD_REQUEST, "malformed", "The body is not valid JSON"),
            Self::BadPath(_) => (S::BAD_REQUEST, "bad_path", "The path cannot be read"),
            Self::BadHead => (S::BAD_REQUEST, "bad_head", "The request cannot be read"),
            Self::UriTooLong => (S::URI_TOO_LONG, "uri_too_long", "The path is too long"),
            Self::HeadTooLarge => (S::REQUEST_HEADER_FIELDS_TOO_LARGE, "head_too_large", "The headers are too large"),
            Self::BadHost(_) => (S::BAD_REQUEST, "bad_host", "One Host header is needed"),
            Self::BodyBroken => (S::BAD_REQUEST, "body_broken", "The body ended early"),
            Self::Invalid(errors) => (S::UNPROCESSABLE_ENTITY, invalid_code(errors), "A value breaks its rule"),
            Self::Unauthorized(_) => (S::UNAUTHORIZED, "unauthorized", "A valid key is needed"),
            Self::Forbidden(_) => (S::FORBIDDEN, "forbidden", "The key may not do this"),
            Self::ReadOnly => (S::FORBIDDEN, "read_only", "This process only reads"),
            Self::HostRefused(_) => (S::FORBIDDEN, "host_refused", "Only this machine may ask while there are no keys"),
            Self::OriginRefused => (S::FORBIDDEN, "origin_refused", "The key is for other pages"),
            Self::RateLimited(_) => (S::TOO_MANY_REQUESTS, "rate_limited", "The key makes too many requests"),
            Self::RouteNotFound => (S::NOT_FOUND, "route_not_found", "No such path"),
            Self::MethodNotAllowed => (S::METHOD_NOT_ALLOWED, "method_not_allowed", "No such method here"),
            Self::ModelNotFound(_) => meaning(ErrorKind::ModelNotFound),
            Self::NotFound { what, .. } => (S::NOT_FOUND, not_found_code(what), "Not found"),
            Self::NoRoom(_) => (S::INSUFFICIENT_STORAGE, "memory_budget", "There is no room for a new row"),
            Self::NothingTaken(nothing) if nothing.is_for_room() => {
                (S::INSUFFICIENT_STORAGE, "memory_budget", "There is no room for a new row")
            }
            Self::NothingTaken(_) => (S::UNPROCESSABLE_ENTITY, "nothing_taken", "None of the entries was taken"),
            Self::EventConflict(_) => (S::CONFLICT, "conflict", "Another event has this id"),
            Self::EventRolledBack(_) => (S::CONFLICT, "rolled_back", "A rollback gave this event up"),
            Self::TooLarge { .. } => meaning(ErrorKind::TooManyBytes),
            Self::LineTooLarge { .. } => (S::PAYLOAD_TOO_LARGE, "line_too_large", "A line is too large"),
            Self::MediaType { .. } => {
                (S::UNSUPPORTED_MEDIA_TYPE, "unsupported_media_type", "Another content type is needed")
            }
            Self::ContentEncoding { .. } => {
                (S::UNSUPPORTED_MEDIA_TYPE, "unsupported_content_encoding", "Another content coding is needed")
            }
            Self::Stalled { .. } => (S::REQUEST_TIMEOUT, "stalled", "The body stopped coming"),
            Self::TimedOut(_) => (S::SERVICE_UNAVAILABLE, "timed_out", "The request took too long"),
            Self::NotAdmitted(Refusal { exhausted: Exhausted::Share, .. }) => {
                (S::TOO_MANY_REQUESTS, "share_used_up", "The caller holds its share")
            }
            Self::NotAdmitted(Refusal { exhausted: Exhausted::Pool, .. }) => {
                (S::SERVICE_UNAVAILABLE, "overloaded", "Too many requests at once")
            }
            Self::NoConnection => (S::SERVICE_UNAVAILABLE, "overloaded", "Too many connections"),
            Self::VersionBefore { .. } => {
                (S::UNPROCESSABLE_ENTITY, "version_before_position", "The version is older than asked for")
            }
            Self::NotExportable(_) => (S::UNPROCESSABLE_ENTITY, "not_exportable", "The format cannot hold these rows"),
            Self::Engine(error) => meaning(error.kind()),
            Self::Audit(error) => meaning(error.kind()),
            Self::Processes(error) => meaning(error.kind()),
            Self::Key(error) => meaning(error.kind()),
            Self::Stream { cause, .. } => cause.meaning(),
            Self::Internal(_) => (S::INTERNAL_SERVER_ERROR, "internal", "Internal error"),
        }
    }
}

fn invalid_code(errors: &[FieldError]) -> &'static str {
    match errors {
        [only] if only.code == "not_supported" => "not_supported",
        _ => "invalid",
    }
}

fn not_found_code(what: &str) -> &'static str {
    match what {
        "event" => "event_not_found",
        "item" => "item_not_found",
        "user" => "user_not_found",
        "operation" => "operation_not_found",
        "guard" => "guard_not_found",
        _ => "not_found",
    }
}

/// The table: status, stable code and title of every kind of failure.
const fn meaning(kind: ErrorKind) -> Meaning {
    use ErrorKind as K;
    use StatusCode as S;
    match kind {
        K::Invalid => (S::UNPROCESSABLE_ENTITY, "invalid", "A value breaks its rule"),
        K::ModelNotFound => (S::NOT_FOUND, "model_not_found", "No such model"),
        K::EventConflict => (S::CONFLICT, "conflict", "Another event has this id"),
        K::OffsetConflict => (S::CONFLICT, "offset_conflict", "Another offset is stored"),
        K::TooManyPartitions => (S::CONFLICT, "too_many_partitions", "There are as many offsets as there may be"),
        K::VersionNotFound => (S::NOT_FOUND, "version_not_found", "No such version"),
        K::OperationNotFound => (S::NOT_FOUND, "operation_not_found", "No such operation"),
        K::ItemNotFound => (S::NOT_FOUND, "item_not_found", "Not found"),
        K::UserNotFound => (S::NOT_FOUND, "user_not_found", "Not found"),
        K::KeyNotFound => (S::NOT_FOUND, "key_not_found", "No such key"),
        K::KeyExists => (S::CONFLICT, "key_exists", "Another key has this name"),
        K::TooManyKeys => (S::CONFLICT, "too_many_keys", "There are as many keys as there may be"),
        K::LastKey => (S::CONFLICT, "last_key", "The last key is not revoked by a request"),
        K::ModelExists => (S::CONFLICT, "model_exists", "Another model has this name"),
        K::TooManyModels => (S::CONFLICT, "too_many_models", "There are as many models as there may be"),
        K::ModelInUse => (S::CONFLICT, "model_in_use", "Forks stand on the model"),
        K::ModelRequired => (S::CONFLICT, "model_required", "The model is always there"),
        K::LabelTaken => (S::CONFLICT, "label_taken", "The label is taken"),
        K::VersionInUse => (S::CONFLICT, "version_in_use", "The version is in use"),
        K::RollbackRunning => (S::CONFLICT, "rollback_running", "Another rollback is running"),
        K::OperationRunning => (S::CONFLICT, "operation_running", "Another operation is running"),
        K::ReplayNotAvailable => {
            (S::CONFLICT, "trace_not_available", "No state is near enough to learn the log again from")
        }
        K::EventNotLearned => (S::CONFLICT, "trace_not_available", "The event was not learned"),
        K::TooManyRecords => (S::PAYLOAD_TOO_LARGE, "too_many_records", "Too many records in one request"),
        K::TooManyBytes => (S::PAYLOAD_TOO_LARGE, "too_large", "The body is too large"),
        K::QueueFull => (S::TOO_MANY_REQUESTS, "queue_full", "The append queue is full"),
        K::LearnerBehind => (S::TOO_MANY_REQUESTS, "learner_behind", "Learning is too far behind"),
        K::SearchesBusy => (S::SERVICE_UNAVAILABLE, "overloaded", "Too many searches at once"),
        K::ReportsBusy => (S::SERVICE_UNAVAILABLE, "overloaded", "Too much of this at once"),
        K::PositionNotReached => {
            (S::SERVICE_UNAVAILABLE, "position_not_reached", "The position was not reached in time")
        }
        K::LearnerDown => (S::SERVICE_UNAVAILABLE, "learner_down", "The learner is not running"),
        K::ModelNotStarted => (S::SERVICE_UNAVAILABLE, "model_not_started", "The model does not start"),
        K::Cancelled => (S::SERVICE_UNAVAILABLE, "cancelled", "It was cancelled"),
        K::ShuttingDown => (S::SERVICE_UNAVAILABLE, "shutting_down", "The service is shutting down"),
        K::DatabaseUnavailable => (S::SERVICE_UNAVAILABLE, "database_unavailable", "The database did not answer"),
        K::CommitUnknown => (S::SERVICE_UNAVAILABLE, "commit_unknown", "The database was lost during the commit"),
        K::UserForgottenMeanwhile => {
            (S::SERVICE_UNAVAILABLE, "user_forgotten_meanwhile", "A user was forgotten meanwhile, ask again")
        }
        K::RecordUnreadable => (S::INTERNAL_SERVER_ERROR, "record_unreadable", "A stored record cannot be read"),
        K::VersionCorrupt => (S::INTERNAL_SERVER_ERROR, "version_corrupt", "The stored version is damaged"),
        K::VersionReadBackFailed => {
            (S::INTERNAL_SERVER_ERROR, "version_read_back_failed", "The version did not come back as it was stored")
        }
        K::ReplayFailed => (S::INTERNAL_SERVER_ERROR, "replay_failed", "The replay ended with an error"),
        K::SearchFailed => (S::INTERNAL_SERVER_ERROR, "search_failed", "The search ended with an error"),
    }
}
