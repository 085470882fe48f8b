//! What came of a run, for programs (`--json`); `display` has its table.

use std::{collections::BTreeMap, time::Duration};

use hdrhistogram::{Counter, Histogram};
use serde::Serialize;

use super::record::{PerKind, Piece, Record, RequestKind, Requests};
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

#[cfg(test)]
mod tests {
    use std::time::Instant;

    use super::*;
    use crate::commands::bench::{connection::RequestOutcome, record::Times};

    fn report(rates: &[f64]) -> LoadReport {
        let step = |rate: &f64| {
            let begin = Instant::now();
            let at = |ms| begin + Duration::from_millis(ms);
            let mut record = Record::new(begin, Duration::from_millis(250), 4);
            // The service answers 100 of them and refuses the others.
            for number in 0..1000 {
                let times = Times { due: at(number), sent: at(number + 1), ended: at(number + 3) };
                let refused = RequestOutcome::Refused("503 overloaded".to_owned());
                let outcome = if number % 10 == 0 || *rate < 500.0 { RequestOutcome::Answered } else { refused };
                record.ended(RequestKind::Recommendations, times, outcome);
            }
            let rates = PerKind::new(|kind| if kind == RequestKind::Recommendations { *rate } else { 0.0 });
            let lag = Lag { records_max: Some(1234), records_last: Some(0) };
            let times = (Duration::ZERO, Duration::from_secs(1));
            StepReport::new(&record, &rates, &PerKind::new(|_| 1003), times, lag)
        };
        let mut report = LoadReport {
            url: "http://h".to_owned(),
            model: "default".to_owned(),
            source: "generated".to_owned(),
            events_per_request: 1,
            connections: 64,
            interrupted: false,
            kept_up_with: None,
            steps: rates.iter().map(step).collect(),
        };
        report.find_knee();
        report
    }

    #[test]
    fn the_tables_fit_80_columns_and_say_what_was_not_answered() {
        let one = report(&[1000.0]).to_string();
        assert!(one.lines().all(|line| line.chars().count() <= 80), "{one}");
        for said in
            ["recommendations", "answered", "refused", "unfinished", "900 times 503 overloaded", "lag: at most 1,234"]
        {
            assert!(one.contains(said), "{said}: {one}");
        }
        let steps = report(&[100.0, 400.0, 1_000_000.0]).to_string();
        assert!(steps.lines().all(|line| line.chars().count() <= 80), "{steps}");
        assert!(steps.ends_with("99% were answered at up to 400 recommendations a second\n"), "{steps}");
        assert!(report(&[900.0, 901.0]).to_string().ends_with("at no rate were 99% answered\n"));
    }

    #[test]
    fn what_is_due_is_the_sum_of_what_became_of_it() {
        let report = serde_json::to_value(report(&[1000.0])).expect("JSON");
        let requests = &report["steps"][0]["recommendations"];
        let of = |name: &str| requests[name].as_u64().expect("a count");
        let sum: u64 = ["answered", "refused", "failed", "unsent", "unfinished"].into_iter().map(of).sum();
        assert_eq!((of("due"), of("unfinished"), sum), (1003, 3, 1003), "{requests}");
        assert_eq!(requests["response_ms"]["p50"], 3.001, "three digits: 3 ms to 3.001");
        let answered = |piece: usize| report["steps"][0]["pieces"][piece]["recommendations"]["answered"].clone();
        assert_eq!([0, 1, 2, 3].map(answered), [25, 25, 25, 25]);
    }
}
