//! Follower of deployments: serves what the last one says, whichever process wrote it.

use std::{sync::Arc, time::Duration};

use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use crate::engine::{EngineError, blocking::blocking, deployment::readers::Readers, stores::Stores};
use shelfmark_domain::{Served, Serving};
use shelfmark_serving::View;

/// Pause before a version that could not be loaded is tried again.
const RETRY_PAUSE: Duration = Duration::from_secs(2);

/// Switches readers over, by pointer. The views of all versions are there before the first reader is switched.
pub async fn serve(stores: &Stores, readers: &Readers, serving: &Serving) -> Result<(), EngineError> {
    let views = views(stores, readers, serving).await?;
    switch(readers, serving, views);
    Ok(())
}

/// The same with the views of all versions among the arms at hand.
pub fn switch(readers: &Readers, serving: &Serving, views: Vec<Arc<View>>) {
    let main = serving.main();
    let pinned = views.iter().find(|view| view.served() == main).cloned();
    readers.pinned.store(pinned);
    readers.arms.serve(serving, views);
}

/// The views of all versions among the arms, built where they were not yet. A corrupt version is refused here.
pub async fn views(stores: &Stores, readers: &Readers, serving: &Serving) -> Result<Vec<Arc<View>>, EngineError> {
    let mut served = readers.arms.versions();
    served.extend(readers.pinned.load_full());
    let mut views = Vec::new();
    for arm in serving.arms() {
        let Served::Version(number) = arm.served else { continue };
        if let Some(view) = served.iter().find(|view| view.served() == arm.served) {
            views.push(Arc::clone(view));
            continue;
        }
        let version = stores.version(number).await?;
        views.push(blocking(move || version.view()).await);
    }
    Ok(views)
}

/// Follows deployments until `stop`.
pub async fn run(
    stores: Arc<Stores>,
    readers: Arc<Readers>,
    mut serving: watch::Receiver<Serving>,
    stop: CancellationToken,
) {
    loop {
        let wanted = serving.borrow_and_update().clone();
        if let Err(error) = serve(&stores, &readers, &wanted).await {
            tracing::error!(
                model = %stores.name, %error,
                "deployment.apply_failed: {} cannot be served, trying again", wanted.main()
            );
            tokio::select! {
                () = stop.cancelled() => return,
                () = tokio::time::sleep(RETRY_PAUSE) => continue,
            }
        }
        tokio::select! {
            () = stop.cancelled() => return,
            changed = serving.changed() => if changed.is_err() { return },
        }
    }
}
