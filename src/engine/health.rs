//! Readiness of a model: a state machine that only facts of the learner's real work move on.
//!
//! A model begins as not ready. It becomes ready in two steps, in this order. The supervisor says that the learner runs
//! and which head it has to reach ([`Health::running`]). Then a view that holds that head is published
//! ([`Health::reached`]). Nothing else makes it ready, neither at a start nor at a restart after a failure.
//!
//! The head is that of the moment when the learner began. Later records are lag, which a ready model may have.

use tokio::sync::watch;

use shelfmark_domain::Position;

/// Readiness of one model.
#[derive(Debug, Default)]
pub struct Health {
    phase: watch::Sender<Phase>,
}

#[derive(Debug, Clone, PartialEq, Eq, Default)]
enum Phase {
    /// Opened; its learner has not begun.
    #[default]
    Starting,
    /// The learner runs, and the live view has not held this head yet.
    CatchingUp(Position),
    /// The live view has held the head.
    Ready,
    /// The learner stopped for this reason.
    Down(String),
}

impl Health {
    /// Notes that the learner stopped.
    pub fn failed(&self, reason: String) {
        self.phase.send_replace(Phase::Down(reason));
    }

    /// Notes that the learner runs; the model is ready once a view published from here on holds `head`.
    pub fn running(&self, head: Position) {
        self.phase.send_replace(Phase::CatchingUp(head));
    }

    /// Notes that the live view stands at `position`. Call it once readers can see that view. It changes nothing while
    /// the learner does not run.
    pub fn reached(&self, position: Position) {
        self.phase.send_if_modified(|phase| {
            let caught_up = matches!(phase, Phase::CatchingUp(head) if position >= *head);
            if caught_up {
                *phase = Phase::Ready;
            }
            caught_up
        });
    }

    /// Returns the failure, if the learner is down.
    pub fn failure(&self) -> Option<String> {
        match &*self.phase.borrow() {
            Phase::Down(reason) => Some(reason.clone()),
            Phase::Starting | Phase::CatchingUp(_) | Phase::Ready => None,
        }
    }

    /// Whether the model is ready.
    pub fn is_ready(&self) -> bool {
        *self.phase.borrow() == Phase::Ready
    }

    /// Returns why the model is not ready, in words; `None` when it is.
    pub fn not_ready(&self, model: &str, position: Position) -> Option<String> {
        match &*self.phase.borrow() {
            Phase::Starting => Some(format!("model {model}: starting, its learner does not run yet")),
            Phase::CatchingUp(head) => Some(format!("model {model}: replaying the log, position {position} of {head}")),
            Phase::Ready => None,
            Phase::Down(reason) => Some(format!("model {model}: the learner is down: {reason}")),
        }
    }

    /// Waits until the model is ready or its learner is down.
    pub async fn settled(&self) {
        let settled = |phase: &Phase| matches!(phase, Phase::Ready | Phase::Down(_));
        self.phase.subscribe().wait_for(settled).await.expect("the sender lives as long as `self`");
    }
}

#[cfg(test)]
mod tests {
    use futures::FutureExt;

    use super::*;

    fn at(position: u64) -> Position {
        Position::new(position)
    }

    fn is_ready(health: &Health) -> bool {
        health.not_ready("m", at(0)).is_none()
    }

    #[test]
    fn a_model_is_not_ready_before_its_learner_runs() {
        let health = Health::default();
        assert_eq!(health.not_ready("m", at(0)).unwrap(), "model m: starting, its learner does not run yet");
        health.reached(at(1_000_000));
        assert!(!is_ready(&health), "a view without a learner says nothing");
        health.running(at(0));
        assert!(!is_ready(&health), "not even at an empty log, before the learner has shown a view");
        health.reached(at(0));
        assert!(is_ready(&health));
    }

    #[test]
    fn only_a_view_that_holds_the_head_makes_a_model_ready() {
        let health = Health::default();
        health.running(at(10));
        health.reached(at(9));
        assert_eq!(health.not_ready("m", at(9)).unwrap(), "model m: replaying the log, position 9 of 10");
        health.reached(at(12));
        assert!(is_ready(&health));
        health.reached(at(3));
        assert!(is_ready(&health), "lag and rollbacks are no matter of readiness");
    }

    #[test]
    fn a_restart_begins_anew() {
        let health = Health::default();
        health.running(at(10));
        health.reached(at(10));
        health.failed("it panicked".to_owned());
        assert_eq!(health.failure().as_deref(), Some("it panicked"));
        health.reached(at(10));
        assert!(!is_ready(&health), "the last view of a learner that failed");
        health.running(at(20));
        assert_eq!(health.failure(), None);
        health.reached(at(10));
        assert!(!is_ready(&health));
        health.reached(at(20));
        assert!(is_ready(&health));
    }

    #[tokio::test]
    async fn a_model_settles_when_it_is_ready_or_its_learner_is_down() {
        let health = Health::default();
        let settled = || health.settled().now_or_never().is_some();
        assert!(!settled());
        health.running(at(10));
        assert!(!settled());
        health.reached(at(10));
        assert!(settled());
        health.running(at(20));
        assert!(!settled());
        health.failed("it panicked".to_owned());
        assert!(settled());
    }
}
