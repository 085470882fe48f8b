//! Looks at the rows of the live state now and then, beside the learner.

use std::sync::Arc;

use tokio_util::sync::CancellationToken;

use crate::engine::{
    shared::{Shared, StateAt, blocking},
    status,
};
use crate::{
    domain::Position,
    health::{SurveyedVersion, Surveyor},
};

/// Surveys until `stop`.
pub async fn run(shared: Arc<Shared>, stop: CancellationToken) {
    let mut surveyor = Surveyor::default();
    let mut last: Option<Position> = None;
    loop {
        tokio::select! {
            () = stop.cancelled() => return,
            () = tokio::time::sleep(shared.settings.survey_interval) => {}
        }
        let (records, milliseconds) = status::lag(&shared);
        shared.watch.lag(records, milliseconds);
        if last == Some(shared.position()) {
            continue;
        }
        // A learner that is down has nothing new to show.
        let Ok(StateAt { state, position }) = shared.state().await else { continue };
        // Rows have the same numbers in the version that the state grew from, and in no other for sure.
        let version = shared.growth().parent().and_then(|number| shared.cache.look(number));
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
        shared.watch.surveyed(survey, dim);
        last = Some(position);
    }
}
