//! Responses for errors: what callers are told, and what only the log is told.

use std::{sync::Arc, time::Duration};

use axum::{
    http::{HeaderName, HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};

use super::{
    error::{ApiError, CODINGS},
    problem::{Failure, FieldProblem},
};
use crate::engine::{EngineError, RunningRollback};
use shelfmark_domain::{ErrorKind, OffsetMismatch, Position};
use shelfmark_log::LogError;
use shelfmark_store::keys::KeyError;

/// What is said of our own failures.
const SEE_LOG: &str = "the cause is in the service's log under this request_id";

impl ApiError {
    /// When to try again, for errors that pass.
    fn retry_after(&self) -> Option<Duration> {
        if let Self::Engine(error) = self
            && let Some(wait) = error.retry_after()
        {
            return Some(wait);
        }
        if let Self::Stream { cause, .. } = self {
            return cause.retry_after();
        }
        if let Self::RateLimited(wait) = self {
            return Some(*wait);
        }
        let passes = [StatusCode::SERVICE_UNAVAILABLE, StatusCode::TOO_MANY_REQUESTS];
        passes.contains(&self.meaning().0).then_some(Duration::from_secs(1))
    }

    /// What the caller is told: the case for what the caller can mend, nothing of our insides otherwise.
    pub(super) fn detail(&self) -> String {
        if let Self::Stream { cause, tally } = self {
            return format!(
                "{}; the stream ended after {} lines: {} accepted, {} duplicates, {} rejected",
                cause.detail(),
                tally.lines,
                tally.accepted,
                tally.duplicates,
                tally.rejected_count
            );
        }
        if let Self::Engine(error) = self
            && let Some(told) = error.public_detail()
        {
            return told;
        }
        if self.meaning().0 == StatusCode::INTERNAL_SERVER_ERROR {
            return SEE_LOG.to_owned();
        }
        self.to_string()
    }

    /// The fields at fault.
    pub(super) fn errors(&self) -> Vec<FieldProblem> {
        if let Self::Invalid(errors) = self {
            return errors.iter().map(FieldProblem::from).collect();
        }
        if let Self::NoRoom(error) = self {
            return vec![FieldProblem::from(error)];
        }
        if let Self::NothingTaken(nothing) = self {
            return nothing.errors();
        }
        if let Self::Engine(error) = self {
            return error.field().map(FieldProblem::from).into_iter().collect();
        }
        if let Self::Key(KeyError::Field(error)) = self {
            return vec![FieldProblem::from(error)];
        }
        Vec::new()
    }

    /// The position reached, where that is what the caller waits for; the position of the other event of a conflict.
    fn position(&self) -> Option<Position> {
        if let Self::Engine(EngineError::NotReached { reached, .. }) = self {
            return Some(*reached);
        }
        if let Self::EventConflict(position) | Self::EventRolledBack(position) = self {
            return Some(*position);
        }
        if let Self::NothingTaken(nothing) = self {
            return Some(nothing.summary.position);
        }
        None
    }

    /// The rollback that runs, when it is in the way.
    fn running(&self) -> Option<RunningRollback> {
        if let Self::Engine(EngineError::RollbackRunning(running)) = self {
            return Some((**running).clone());
        }
        None
    }

    /// The offsets that are stored, where the request began at others.
    fn offsets(&self) -> Vec<OffsetMismatch> {
        if let Self::Engine(EngineError::Log(LogError::OffsetsMoved(moved))) = self {
            return moved.clone();
        }
        Vec::new()
    }

    /// The cause with its chain, for the log; `None` when the caller was told everything. Refusals that callers bring
    /// about are counted in the metrics and not logged: a line each would be a second load.
    fn cause(&self) -> Option<String> {
        let told = matches!(self, Self::NotAdmitted(_) | Self::NoConnection | Self::NoRoom(_) | Self::NothingTaken(_))
            || matches!(
                self.kind(),
                Some(
                    ErrorKind::PositionNotReached
                        | ErrorKind::ReportsBusy
                        | ErrorKind::SearchesBusy
                        | ErrorKind::ShuttingDown
                )
            );
        if told || !self.meaning().0.is_server_error() {
            return None;
        }
        if let Self::Stream { cause, .. } = self {
            return cause.cause();
        }
        if let Self::Internal(cause) = self {
            return Some(cause.clone());
        }
        Some(chain(self))
    }
}

/// The error and its sources, `: ` between them. A transparent variant repeats its source's words: they are said once.
fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut next = error.source();
    while let Some(source) = next {
        let more = source.to_string();
        if !text.ends_with(&more) {
            text.push_str(": ");
            text.push_str(&more);
        }
        next = source.source();
    }
    text
}

impl ApiError {
    fn failure(self) -> Failure {
        let (status, code, title) = self.meaning();
        Failure {
            status,
            code,
            title,
            detail: self.detail(),
            errors: self.errors(),
            position: self.position(),
            cause: self.cause(),
            running: self.running(),
            offsets: self.offsets(),
            stream: if let Self::Stream { tally, .. } = &self { Some((**tally).clone()) } else { None },
            nothing_taken: if let Self::NothingTaken(nothing) = self { Some(nothing.summary) } else { None },
        }
    }

    /// The problem document of a request that no handler saw.
    pub(super) fn document(&self, request_id: &str) -> Vec<u8> {
        let (status, code, title) = self.meaning();
        Failure { status, code, title, detail: self.detail(), ..Failure::default() }.document(request_id)
    }

    /// Headers that say more than the document.
    fn headers(&self) -> impl Iterator<Item = (HeaderName, HeaderValue)> + use<> {
        let seconds = self.retry_after().map(|wait| wait.as_secs_f64().ceil().max(1.0));
        let retry_after = seconds.and_then(|seconds| HeaderValue::from_str(&format!("{seconds:.0}")).ok());
        let codings = matches!(self, Self::ContentEncoding { .. }).then_some(HeaderValue::from_static(CODINGS));
        let scheme =
            matches!(self, Self::Unauthorized(_)).then_some(HeaderValue::from_static("Bearer realm=\"shelfmark\""));
        [(header::RETRY_AFTER, retry_after), (header::ACCEPT_ENCODING, codings), (header::WWW_AUTHENTICATE, scheme)]
            .into_iter()
            .filter_map(|(name, value)| Some((name, value?)))
    }
}

impl IntoResponse for ApiError {
    /// Status and headers; the body is written by the frame around all routes, which knows the request id.
    fn into_response(self) -> Response {
        let mut response = self.meaning().0.into_response();
        response.headers_mut().extend(self.headers());
        response.extensions_mut().insert(Arc::new(self.failure()));
        response
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use shelfmark_store::versions::VersionError;

    #[test]
    fn our_own_failures_are_told_to_the_log_and_not_to_the_caller() {
        let secret = || sqlx::Error::Protocol("password=hunter2".to_owned());
        for error in [
            ApiError::Internal("password=hunter2".to_owned()),
            LogError::from(secret()).into(),
            VersionError::from(secret()).into(),
            EngineError::LearnerDown("password=hunter2".to_owned()).into(),
        ] {
            assert!(!error.detail().contains("hunter2"), "{}", error.detail());
            assert!(error.cause().expect("for the log").contains("hunter2"), "{:?}", error.cause());
        }
    }

    #[test]
    fn what_passes_says_when_to_try_again() {
        let full = LogError::Full { records: 1, retry_after: Duration::from_millis(2500) };
        let response = ApiError::from(full).into_response();
        assert_eq!(response.status(), StatusCode::TOO_MANY_REQUESTS);
        assert_eq!(response.headers()[header::RETRY_AFTER], "3");
        let reached = EngineError::NotReached { wanted: Position::new(9), reached: Position::new(7) };
        let error = ApiError::from(reached);
        assert_eq!(error.position(), Some(Position::new(7)));
        assert_eq!(error.into_response().headers()[header::RETRY_AFTER], "1");
    }
}
