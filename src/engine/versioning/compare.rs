//! The diff of two states of a model: brings both sides to where they can be compared.

use std::sync::Arc;

use crate::engine::{
    EngineError,
    shared::{Shared, blocking},
    versioning::taking,
};
use crate::{
    compare::{Diff, DiffOptions, Side, diff},
    domain::{VersionManifest, VersionRef},
    serving::View,
};

/// One side, loaded. Owns what a [`Side`] borrows.
struct Loaded {
    view: Arc<View>,
    manifest: Option<VersionManifest>,
    metrics: serde_json::Value,
}

impl Loaded {
    /// A version's state, or with `None` the live one.
    async fn new(shared: &Shared, version: Option<&VersionRef>) -> Result<Self, EngineError> {
        let Some(version) = version else {
            let view = shared.live.load_full();
            let metrics = taking::figures(view.readable(), &serde_json::json!(shared.watch.quality()));
            return Ok(Self { view, manifest: None, metrics });
        };
        let manifest = shared.versions.get(version).await?;
        let version = shared.version(manifest.version).await?;
        let view = blocking(move || version.view()).await;
        Ok(Self { view, metrics: manifest.metrics.clone(), manifest: Some(manifest) })
    }

    fn side(&self) -> Side<'_> {
        Side {
            view: &self.view,
            label: self.manifest.as_ref().and_then(|manifest| manifest.label.as_deref()),
            digest: self.manifest.as_ref().map(|manifest| manifest.digest),
            metrics: &self.metrics,
        }
    }
}

/// Compares two states, each a version or, with `None`, the live one. One at a time with traces and reports.
pub async fn compare(
    shared: &Shared,
    from: Option<VersionRef>,
    to: Option<VersionRef>,
    options: DiffOptions,
) -> Result<Diff, EngineError> {
    let permit = shared.watch.work()?;
    let from = Loaded::new(shared, from.as_ref()).await?;
    let to = Loaded::new(shared, to.as_ref()).await?;
    let compared = blocking(move || {
        let _permit = permit;
        diff(&from.side(), &to.side(), options)
    });
    Ok(compared.await)
}
