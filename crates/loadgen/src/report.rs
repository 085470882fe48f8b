//! Reports of a load, as JSON for programs.

use std::{collections::BTreeMap, time::Duration};

use hdrhistogram::{Counter, Histogram};
use serde::Serialize;

use crate::record::{PerKind, Piece, Record, RequestKind, Requests};
/// Part of the requests due that have to be answered for a step to count as kept up with.
const KEPT_UP: f64 = 0.99;

/// A whole run.
#[derive(Debug, Serialize)]
pub struct LoadReport {
    /// The service.
    pub url: String,
    /// The model.
    pub model: String,
    /// Where users and events came from.
    pub source: String,
    /// Events of a request.
    pub events_per_request: usize,
    /// Connections of each kind of request but probes.
    pub connections: u16,
    /// Whether it was ended before its time.
    pub interrupted: bool,
    /// The highest rate of recommendations, in requests a second, at which 99% of those due were answered.
    pub kept_up_with: Option<f64>,
    /// Steps, in order.
    pub steps: Vec<StepReport>,
}

/// One step. Times are in milliseconds.
#[derive(Debug, Serialize)]
pub struct StepReport {
    /// Seconds that counted.
    pub seconds: f64,
    /// Requests for recommendations.
    pub recommendations: Option<RequestsReport>,
    /// Requests with events.
    pub events: Option<RequestsReport>,
    /// Requests to `/livez`: what HTTP, client and machine take by themselves.
    pub probes: Option<RequestsReport>,
    /// How far learning was behind the log.
    pub lag: Lag,
    /// The step's time in pieces.
    pub pieces: Vec<PieceReport>,
}

/// Records between the log's end and the live view, as far as the service said.
#[derive(Debug, Clone, Copy, Default, Serialize)]
pub struct Lag {
    /// Most.
    pub records_max: Option<u64>,
    /// Newest.
    pub records_last: Option<u64>,
}

/// One kind's requests, by when they were due.
#[derive(Debug, Serialize)]
pub struct RequestsReport {
    /// Requests a second that were to be sent.
    pub asked_per_second: f64,
    /// Requests that were due: answered, refused, failed, not sent and unfinished ones together.
    pub due: u64,
    /// Requests with an answer (2xx).
    pub answered: u64,
    /// The same a second.
    pub answered_per_second: f64,
    /// Requests that were refused with 429 or 503.
    pub refused: u64,
    /// Requests with another status or without an answer.
    pub failed: u64,
    /// Requests for which no connection was free in time; times leave them out.
    pub unsent: u64,
    /// Requests that were under way, or waited for a connection, when the run was ended early.
    pub unfinished: u64,
    /// Refusals and failures, by status and code.
    pub errors: BTreeMap<String, u64>,
    /// From when a request was due to its answer.
    pub response_ms: Option<Quantiles>,
    /// From when it was sent to its answer.
    pub service_ms: Option<Quantiles>,
    /// From when it was due to when it was sent.
    pub delay_ms: Option<Quantiles>,
    /// From when it was sent to its refusal.
    pub refusal_ms: Option<Quantiles>,
}

/// Quantiles in milliseconds.
#[derive(Debug, Clone, Copy, Serialize)]
pub struct Quantiles {
    /// Half took no longer.
    pub p50: f64,
    /// 90%.
    pub p90: f64,
    /// 99%.
    pub p99: f64,
    /// 99.9%.
    pub p999: f64,
    /// All.
    pub max: f64,
}

/// A piece of a step's time, by when requests were due.
#[derive(Debug, Serialize)]
pub struct PieceReport {
    /// Seconds that counted before it, over all steps.
    pub at_s: f64,
    /// Its length in seconds.
    pub seconds: f64,
    /// Recommendations.
    pub recommendations: PieceRequests,
    /// Events.
    pub events: PieceRequests,
}

/// Requests of one kind in a piece.
#[derive(Debug, Serialize)]
pub struct PieceRequests {
    /// With an answer.
    pub answered: u64,
    /// Refused with 429 or 503.
    pub refused: u64,
    /// Failed or not sent.
    pub lost: u64,
    /// From when a request was due to its answer.
    pub response_ms: Option<Quantiles>,
}

impl StepReport {
    /// Sums up a step that counted for `elapsed`, after steps of `before`.
    pub fn new(
        record: &Record,
        rates: &PerKind<f64>,
        due: &PerKind<u64>,
        (before, elapsed): (Duration, Duration),
        lag: Lag,
    ) -> Self {
        let seconds = elapsed.as_secs_f64();
        let of = |kind| {
            (rates[kind] > 0.0).then(|| RequestsReport::new(&record.requests[kind], rates[kind], due[kind], seconds))
        };
        let all = PerKind::new(|kind| record.pieces[kind].as_slice());
        let lengths = record.lengths(elapsed);
        let pieces = all[RequestKind::Recommendations].iter().zip(all[RequestKind::Events]).zip(lengths);
        let pieces = pieces.map(|((recommendations, events), (begin, length))| PieceReport {
            at_s: (before + begin).as_secs_f64(),
            seconds: length.as_secs_f64(),
            recommendations: PieceRequests::new(recommendations),
            events: PieceRequests::new(events),
        });
        Self {
            seconds,
            recommendations: of(RequestKind::Recommendations),
            events: of(RequestKind::Events),
            probes: of(RequestKind::Probes),
            lag,
            pieces: pieces.collect(),
        }
    }

    /// One kind's requests.
    pub fn of(&self, kind: RequestKind) -> Option<&RequestsReport> {
        match kind {
            RequestKind::Recommendations => self.recommendations.as_ref(),
            RequestKind::Events => self.events.as_ref(),
            RequestKind::Probes => self.probes.as_ref(),
        }
    }
}

#[expect(clippy::cast_precision_loss, reason = "counts of requests are far below 2^53")]
impl RequestsReport {
    fn new(requests: &Requests, asked: f64, due: u64, seconds: f64) -> Self {
        let answered = requests.answered();
        Self {
            asked_per_second: asked,
            due,
            answered,
            answered_per_second: answered as f64 / seconds.max(1e-3),
            refused: requests.refused(),
            failed: requests.failed,
            unsent: requests.unsent,
            unfinished: due.saturating_sub(requests.known()),
            errors: requests.errors.clone(),
            response_ms: Quantiles::of(&requests.response),
            service_ms: Quantiles::of(&requests.service),
            delay_ms: Quantiles::of(&requests.delay),
            refusal_ms: Quantiles::of(&requests.refusal),
        }
    }

    /// Whether (nearly) all that was due was answered.
    fn kept_up(&self) -> bool {
        self.answered as f64 >= KEPT_UP * self.due as f64
    }
}

impl Quantiles {
    /// Of microseconds; none of nothing.
    pub fn of<T: Counter>(histogram: &Histogram<T>) -> Option<Self> {
        #[expect(clippy::cast_precision_loss, reason = "microseconds to milliseconds")]
        let ms = |micros: u64| micros as f64 / 1000.0;
        let at = |quantile| ms(histogram.value_at_quantile(quantile));
        (!histogram.is_empty()).then(|| Self {
            p50: at(0.5),
            p90: at(0.9),
            p99: at(0.99),
            p999: at(0.999),
            max: ms(histogram.max()),
        })
    }
}

impl PieceRequests {
    fn new(piece: &Piece) -> Self {
        Self {
            answered: piece.response.len(),
            refused: piece.refused,
            lost: piece.lost,
            response_ms: Quantiles::of(&piece.response),
        }
    }
}

impl LoadReport {
    /// Finds the highest rate that was kept up with.
    pub fn find_knee(&mut self) {
        let kept = self.steps.iter().filter_map(|step| step.recommendations.as_ref()).filter(|step| step.kept_up());
        self.kept_up_with = kept.map(|step| step.asked_per_second).reduce(f64::max);
    }

    /// Requests that were answered, of all kinds but probes.
    pub fn answered(&self) -> u64 {
        let kinds = self.steps.iter().flat_map(|step| [&step.recommendations, &step.events]);
        kinds.flatten().map(|requests| requests.answered).sum()
    }
}
