//! Series of learning figures by position: a ring of points, each the sum of some steps.

use std::{collections::VecDeque, sync::Arc};

use serde::Serialize;

use shelfmark_domain::Position;
use shelfmark_learner::StepReport;

use super::{Sums, quality::Quality};

/// Maximum number of points: the last two million events, at 512 per point.
pub const POINTS_MAX: usize = 4096;
/// Number of targets that completes a point.
pub const POINT_TARGETS: u64 = 512;
/// Number of steps that completes a point, when steps are small. A multiple of [`shelfmark_learner::STATISTICS_EVERY`],
/// so that every point has measured steps.
pub const POINT_STEPS_MAX: u64 = 64;

/// Minimum number of measured steps of a window.
const MEASURED_MIN: u64 = 2;

/// Live quality as of a point.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct PointQuality {
    /// Quality of the live view.
    pub live: Quality,
    /// Quality of the served view.
    pub served: Quality,
    /// Quality of one list for everybody, of what is popular in the live view: the baseline. Its `novel_` figures are not
    /// measured.
    pub popularity: Quality,
}

/// Point of a series: the sum of some steps.
#[derive(Debug, Clone, PartialEq)]
pub struct Point {
    /// Position of the last record of its last step.
    pub through: Position,
    /// Sums over its steps.
    pub sums: Sums,
    /// Live quality at its completion.
    pub quality: PointQuality,
}

/// Series: the newest points, oldest first, and the steps since the last point.
#[derive(Debug, Default)]
pub struct Series {
    points: VecDeque<Arc<Point>>,
    open: Sums,
    through: Position,
}

impl Series {
    /// Adds a step, and returns the point that it completes. `quality` is called only then.
    pub fn add(&mut self, step: &StepReport, quality: impl FnOnce() -> PointQuality) -> Option<Arc<Point>> {
        self.open.add(step);
        self.through = step.through;
        if self.open.targets < POINT_TARGETS && self.open.steps < POINT_STEPS_MAX {
            return None;
        }
        let sums = std::mem::take(&mut self.open);
        let point = Arc::new(Point { through: self.through, sums, quality: quality() });
        if self.points.len() == POINTS_MAX {
            self.points.pop_front();
        }
        self.points.push_back(Arc::clone(&point));
        Some(point)
    }

    /// Drops the points after `position`, from which learning restarts.
    pub fn rewind(&mut self, position: Position) {
        self.points.retain(|point| point.through <= position);
        self.open = Sums::default();
        self.through = position;
    }

    /// Returns the points after a position, oldest first, at most `limit`.
    pub fn after(&self, after: Position, limit: usize) -> Vec<Arc<Point>> {
        let start = self.points.partition_point(|point| point.through <= after);
        self.points.range(start..).take(limit).cloned().collect()
    }

    /// Returns the newest points, oldest first, at most `limit`.
    pub fn newest(&self, limit: usize) -> Vec<Arc<Point>> {
        let start = self.points.len().saturating_sub(limit);
        self.points.range(start..).cloned().collect()
    }

    /// Returns the sums of the steps since the last point.
    pub const fn open(&self) -> &Sums {
        &self.open
    }

    /// Returns the position of the last record of the last step.
    pub const fn through(&self) -> Position {
        self.through
    }

    /// Returns the sums of the newest steps and of the steps before them. The newest have at least `recent` targets and
    /// two measured steps, the others at least `before` targets, where the series is long enough.
    pub fn windows(&self, recent: u64, before: u64) -> (Sums, Sums) {
        let mut newest = self.open;
        let mut older = Sums::default();
        for point in self.points.iter().rev() {
            // Very large steps may reach the targets without a measured step among them.
            if (newest.targets < recent || newest.measured < MEASURED_MIN) && older.steps == 0 {
                newest.absorb(&point.sums);
            } else if older.targets < before {
                older.absorb(&point.sums);
            } else {
                break;
            }
        }
        (newest, older)
    }
}

#[cfg(test)]
mod tests {
    use shelfmark_learner::{LikedLoss, LikedLosses};

    use super::*;

    fn step(position: u64, targets: usize) -> StepReport {
        let through = Position::new(position);
        let liked = LikedLosses::of_kind(0, LikedLoss { targets, sum: 2.0 * targets as f64 });
        StepReport { measured: true, targets, liked, through, known: 10, ..StepReport::default() }
    }

    #[test]
    fn a_point_closes_by_targets_or_by_steps_and_the_oldest_go() {
        let mut series = Series::default();
        let closed = |series: &mut Series, n, targets| series.add(&step(n, targets), PointQuality::default);
        for n in 1..8 {
            assert!(closed(&mut series, n, 64).is_none());
        }
        let point = closed(&mut series, 8, 64).expect("512 targets");
        assert_eq!((point.through, point.sums.targets, point.sums.mean_loss()), (Position::new(8), 512, Some(2.0)));
        for n in 9..72 {
            assert!(closed(&mut series, n, 1).is_none());
        }
        assert_eq!(closed(&mut series, 72, 1).expect("64 steps").sums.targets, 64);
        for n in 0..POINTS_MAX as u64 {
            closed(&mut series, 100 + n, 512).expect("a point each");
        }
        assert_eq!(series.after(Position::ZERO, usize::MAX).len(), POINTS_MAX);
        assert_eq!(series.after(Position::ZERO, 1)[0].through, Position::new(100));
        assert_eq!(series.after(Position::new(4000), 3)[0].through, Position::new(4001));
    }

    #[test]
    fn windows_are_the_newest_steps_and_those_before_and_a_rewind_forgets_what_came_after() {
        let mut series = Series::default();
        for n in 1..=10 {
            series.add(&step(n, 512), PointQuality::default);
        }
        series.add(&step(11, 30), PointQuality::default);
        let (recent, before) = series.windows(1000, 2000);
        assert_eq!((recent.targets, before.targets), (1054, 2048));
        series.rewind(Position::new(4));
        let (recent, before) = series.windows(1000, 2000);
        assert_eq!((recent.targets, before.targets), (1024, 1024));
    }

    #[test]
    fn numbers_of_a_dropped_step_do_not_enter_the_sums() {
        let mut series = Series::default();
        let dropped = StepReport { quarantined: true, loss: f64::NAN, gradient_norm: f32::INFINITY, ..step(1, 64) };
        series.add(&dropped, PointQuality::default);
        series.add(&step(2, 64), PointQuality::default);
        let sums = series.open();
        assert_eq!((sums.steps, sums.quarantined, sums.mean_loss()), (2, 1, Some(2.0)));
    }
}
