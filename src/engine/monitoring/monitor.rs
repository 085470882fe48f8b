//! Monitor of one model: written by the learner thread and the sampling tasks, read by requests.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use serde::Serialize;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, broadcast};
use utoipa::ToSchema;

use crate::engine::{
    EngineError,
    monitoring::{metrics::MonitorMetrics, ranking::RankedSample},
};
use shelfmark_domain::{Id, ModelConfig, ModelName, Position, Served};
use shelfmark_learner::StepReport;
use shelfmark_monitor::health::{
    Exposure, Health, Metric, Point, PointQuality, Quality, QualityWindow, Series, Survey, judge,
};

/// Streams of points that may be open.
pub const STREAMS_MAX: usize = 64;
/// Traces and reports that may be made at once: a caller who always makes one leaves room for another.
pub const REPORTS_MAX: usize = 2;
/// Points that a slow stream may lie behind; then it misses the oldest.
const STREAM_POINTS: usize = 64;

/// The health of a model and what surrounds it.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct Learning {
    /// Verdicts and figures.
    #[serde(flatten)]
    pub health: Health,
    /// Records of the log that the live view does not hold.
    pub lag_records: u64,
    /// Age of the oldest of them in milliseconds; 0 without lag.
    pub lag_ms: u64,
    /// Whether learning is frozen: figures and verdicts are of the steps before.
    pub frozen: bool,
    /// Recall and mean reciprocal rank of what was recommended before events came, over the newest 1,000 sampled
    /// targets.
    pub quality: PointQuality,
    /// Targets sampled since the start.
    pub quality_sampled: u64,
    /// Where the newest look at the rows stood.
    pub survey_position: Option<Position>,
}

/// Points as they come.
pub struct PointStream {
    points: broadcast::Receiver<Arc<Point>>,
    _permit: OwnedSemaphorePermit,
}

/// One model's watch. Locks are held for copies of figures only.
pub struct Monitor {
    known: Mutex<Known>,
    points: broadcast::Sender<Arc<Point>>,
    streams: Arc<Semaphore>,
    /// Traces and reports are CPU work of a second or so each.
    work: Arc<Semaphore>,
    metrics: MonitorMetrics,
}

#[derive(Default)]
struct Known {
    series: Series,
    survey: Option<Arc<Survey>>,
    quality: Windows,
    exposure: Exposure,
}

/// The windows of live quality.
#[derive(Default)]
struct Windows {
    live: QualityWindow,
    /// Of the versions that are served: of the pinned one, or of a split's.
    versions: Vec<(Served, QualityWindow)>,
    /// What reads that are nobody's get.
    main: Option<Served>,
}

impl Windows {
    fn now(&self) -> PointQuality {
        let live = self.live.quality();
        PointQuality { live, served: self.main.and_then(|main| self.of(main)).unwrap_or(live) }
    }

    fn of(&self, served: Served) -> Option<Quality> {
        match served {
            Served::Live => Some(self.live.quality()),
            Served::Version(_) => {
                let known = self.versions.iter().find(|(of, _)| *of == served);
                known.map(|(_, window)| window.quality())
            }
        }
    }
}

impl Monitor {
    /// Nothing known yet.
    pub fn new(model: &ModelName) -> Self {
        Self {
            known: Mutex::default(),
            points: broadcast::Sender::new(STREAM_POINTS),
            streams: Arc::new(Semaphore::new(STREAMS_MAX)),
            work: Arc::new(Semaphore::new(REPORTS_MAX)),
            metrics: MonitorMetrics::new(model.as_str()),
        }
    }

    /// Learning begins, again perhaps, at a position.
    pub fn rewind(&self, position: Position) {
        self.known().series.rewind(position);
    }

    /// Takes in what steps did.
    pub fn learned(&self, steps: &[StepReport]) {
        let mut known = self.known();
        let mut closed = Vec::new();
        for step in steps {
            let Known { series, quality, .. } = &mut *known;
            closed.extend(series.add(step, || quality.now()));
        }
        drop(known);
        if let Some(newest) = closed.last() {
            self.metrics.point(newest);
        }
        for point in closed {
            // Nobody may be listening.
            drop(self.points.send(point));
        }
    }

    /// Notes how far the live view lies behind the log.
    pub fn lag(&self, records: u64, milliseconds: u64) {
        self.metrics.lag(records, milliseconds);
    }

    /// Takes in a look at the rows.
    pub fn surveyed(&self, survey: Survey, dim: usize) {
        self.metrics.survey(&survey);
        let survey = Arc::new(survey);
        let mut known = self.known();
        known.survey = Some(Arc::clone(&survey));
        let health = judge(&known.series, Some(&survey), dim);
        drop(known);
        self.metrics.verdicts(&health);
    }

    /// Takes in where a sample's targets stood.
    pub fn sampled(&self, sample: RankedSample) {
        let mut known = self.known();
        let Windows { live, versions, main } = &mut known.quality;
        sample.live.into_iter().for_each(|ranked| live.add(ranked));
        *main = Some(sample.main);
        // Another version begins anew, and one that is no longer served is forgotten.
        let mut before = std::mem::take(versions);
        versions.extend(sample.versions.into_iter().map(|(served, places)| {
            let there = before.iter().position(|(of, _)| *of == served);
            let mut window = there.map(|there| before.swap_remove(there).1).unwrap_or_default();
            places.into_iter().for_each(|ranked| window.add(ranked));
            (served, window)
        }));
        known.exposure.add(sample.shown);
        let quality = known.quality.now();
        drop(known);
        self.metrics.quality(&quality);
    }

    /// Live quality now.
    pub fn quality(&self) -> PointQuality {
        self.known().quality.now()
    }

    /// Live quality now of a state that is served; nothing before its first sample.
    pub fn quality_of(&self, served: Served) -> Quality {
        self.known().quality.of(served).unwrap_or_default()
    }

    /// The newest look at the rows.
    pub fn survey(&self) -> Option<Arc<Survey>> {
        self.known().survey.clone()
    }

    /// How often each item was in a sampled list, and how many lists there were.
    pub fn exposure(&self) -> (std::collections::BTreeMap<Id, u64>, usize) {
        let known = self.known();
        (known.exposure.counts(), known.exposure.lists())
    }

    /// Figures and verdicts now.
    pub fn learning(&self, config: &ModelConfig, lag_records: u64, lag_ms: u64) -> Learning {
        let known = self.known();
        Learning {
            health: judge(&known.series, known.survey.as_deref(), config.dim),
            lag_records,
            lag_ms,
            frozen: !config.learning,
            quality: known.quality.now(),
            quality_sampled: known.quality.live.sampled(),
            survey_position: known.survey.as_ref().map(|survey| survey.position),
        }
    }

    /// One figure by position, after a position, oldest first.
    pub fn series(&self, metric: Metric, after: Position, limit: usize) -> Vec<(Position, Option<f64>)> {
        let points = self.known().series.after(after, limit);
        points.iter().map(|point| (point.through, metric.value(point))).collect()
    }

    /// Points from now on.
    pub fn stream(&self) -> Result<PointStream, EngineError> {
        let permit = Arc::clone(&self.streams).try_acquire_owned();
        let permit = permit.map_err(|_| EngineError::WatchBusy("too many streams are open"))?;
        Ok(PointStream { points: self.points.subscribe(), _permit: permit })
    }

    /// The right to do a trace or a report; given back when dropped.
    pub fn work(&self) -> Result<OwnedSemaphorePermit, EngineError> {
        let permit = Arc::clone(&self.work).try_acquire_owned();
        permit.map_err(|_| EngineError::WatchBusy("other traces or reports are being made"))
    }

    fn known(&self) -> MutexGuard<'_, Known> {
        // Nothing panics halfway through a change.
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl PointStream {
    /// The next point, or how many were missed because this reader was slow. `None`: there will be no more.
    pub async fn next(&mut self) -> Option<Result<Arc<Point>, u64>> {
        match self.points.recv().await {
            Ok(point) => Some(Ok(point)),
            Err(broadcast::error::RecvError::Lagged(missed)) => Some(Err(missed)),
            Err(broadcast::error::RecvError::Closed) => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn monitor() -> Monitor {
        Monitor::new(&ModelName::new("default").expect("a name"))
    }

    #[tokio::test]
    async fn a_slow_stream_misses_the_oldest_points_and_is_told_how_many() {
        let monitor = monitor();
        let mut stream = monitor.stream().expect("room");
        let step = |n| StepReport { targets: 512, through: Position::new(n), known: 10, ..StepReport::default() };
        monitor.learned(&(1..=100).map(step).collect::<Vec<_>>());
        assert_eq!(stream.next().await, Some(Err(36)));
        let point = stream.next().await.expect("open").expect("a point");
        assert_eq!(point.through, Position::new(37));
        let others: Vec<PointStream> = (1..STREAMS_MAX).map(|_| monitor.stream().expect("room")).collect();
        assert!(monitor.stream().is_err());
        drop(others);
        assert!(monitor.stream().is_ok());
        let working: Vec<_> = (0..REPORTS_MAX).map(|_| monitor.work().expect("free")).collect();
        assert!(monitor.work().is_err());
        drop(working);
        assert!(monitor.work().is_ok());
    }
}
