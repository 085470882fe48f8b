//! Comparison of two states of a model, each a version or the live one.

use std::sync::Arc;

use crate::engine::{
    EngineError,
    blocking::blocking,
    snapshots::{store::figures, take::Snapshots},
};
use shelfmark_domain::{VersionManifest, VersionRef};
use shelfmark_monitor::diff::{Diff, DiffOptions, Side, diff};
use shelfmark_serving::View;

/// One side, loaded. Owns what a [`Side`] borrows.
struct Loaded {
    view: Arc<View>,
    manifest: Option<VersionManifest>,
    metrics: serde_json::Value,
}

impl Loaded {
    /// A version's state, or with `None` the live one.
    async fn new(of: &Snapshots, version: Option<&VersionRef>) -> Result<Self, EngineError> {
        let Some(version) = version else {
            let view = of.readers.live.load_full();
            let metrics = figures(view.inference(), &serde_json::json!(of.monitor.quality()));
            return Ok(Self { view, manifest: None, metrics });
        };
        let manifest = of.stores.versions.get(version).await?;
        let version = of.stores.version(manifest.version).await?;
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

impl Snapshots {
    /// Compares two states, each a version or, with `None`, the live one. One at a time with traces and reports.
    pub async fn compare(
        &self,
        from: Option<VersionRef>,
        to: Option<VersionRef>,
        options: DiffOptions,
    ) -> Result<Diff, EngineError> {
        let permit = self.monitor.work()?;
        let from = Loaded::new(self, from.as_ref()).await?;
        let to = Loaded::new(self, to.as_ref()).await?;
        let compared = blocking(move || {
            let _permit = permit;
            diff(&from.side(), &to.side(), options)
        });
        Ok(compared.await)
    }
}
