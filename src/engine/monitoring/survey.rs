//! Periodic survey of the live state's rows, beside the learner.

use tokio_util::sync::CancellationToken;

use crate::engine::{blocking::blocking, learning::parts::CoreParts, snapshots::recent_states::StateAt, status};
use shelfmark_domain::Position;
use shelfmark_monitor::health::{SurveyedVersion, Surveyor};

/// Surveys until `stop`.
pub async fn run(parts: CoreParts, stop: CancellationToken) {
    let CoreParts { stores, readers, learner, monitor, .. } = parts;
    let mut surveyor = Surveyor::default();
    let mut last: Option<Position> = None;
    loop {
        tokio::select! {
            () = stop.cancelled() => return,
            () = tokio::time::sleep(stores.settings.survey_interval) => {}
        }
        let (records, milliseconds) = status::lag(&stores, &readers, &learner);
        monitor.lag(records, milliseconds);
        if last == Some(readers.position()) {
            continue;
        }
        // A learner that is down has nothing new to show.
        let Ok(StateAt { state, position }) = learner.state().await else { continue };
        // Rows have the same numbers in the version that the state grew from, and in no other for sure.
        let version = learner.delta_tracker().parent().and_then(|number| stores.cache.look(number));
        let dim = state.config().dim;
        let survey;
        (survey, surveyor) = blocking(move || {
            let version = version.as_ref().map(|version| SurveyedVersion {
                number: version.number,
                position: version.position,
                state: &version.state,
            });
            (surveyor.survey(&state, position, version), surveyor)
        })
        .await;
        monitor.surveyed(survey, dim);
        last = Some(position);
    }
}
