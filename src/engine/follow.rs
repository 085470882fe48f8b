//! Serves what the last deployment says, whichever process wrote it.

use std::{sync::Arc, time::Duration};

use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use super::{
    EngineError,
    shared::{Shared, blocking},
};
use crate::domain::Served;

/// Pause before a version that could not be loaded is tried again.
const RETRY_PAUSE: Duration = Duration::from_secs(2);

/// Switches readers over, by pointer.
pub async fn serve(shared: &Arc<Shared>, served: Served) -> Result<(), EngineError> {
    match served {
        Served::Live => shared.pinned.store(None),
        Served::Version(number) => {
            if shared.pinned.load().as_ref().is_some_and(|view| view.served() == served) {
                return Ok(());
            }
            let version = shared.version(number).await?;
            let view = blocking(move || version.view()).await;
            shared.pinned.store(Some(view));
        }
    }
    Ok(())
}

/// Follows deployments until `stop`.
pub async fn run(shared: Arc<Shared>, mut served: watch::Receiver<Served>, stop: CancellationToken) {
    loop {
        let wanted = *served.borrow_and_update();
        if let Err(error) = serve(&shared, wanted).await {
            tracing::error!(model = %shared.name, %error, "serving.behind: {wanted} cannot be served, trying again");
            tokio::select! {
                () = stop.cancelled() => return,
                () = tokio::time::sleep(RETRY_PAUSE) => continue,
            }
        }
        tokio::select! {
            () = stop.cancelled() => return,
            changed = served.changed() => if changed.is_err() { return },
        }
    }
}
