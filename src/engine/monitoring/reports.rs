//! Reports on the rows of a model: bias, terms that matter now, and comparisons with other vectors. One at a time with
//! traces, each CPU work of seconds at most beside the learner.

use std::sync::Arc;

use crate::engine::{EngineError, blocking::blocking, learning::parts::CoreParts, snapshots::recent_states::StateAt};
use shelfmark_domain::{Position, Served, VectorTable, VersionRef};
use shelfmark_monitor::forensics::{Comparison, NamedVectors, compare};
use shelfmark_monitor::health::{BiasReport, TermsReport, TermsTable, bias_report, terms_report};

/// Versions that are compared when none are named, the newest.
const COMPARED_VERSIONS: usize = 4;

/// Which terms to rank.
#[derive(Debug, Clone)]
pub struct TermsRequest {
    /// Tables to rank.
    pub tables: Vec<TermsTable>,
    /// Maximum number of terms of each.
    pub limit: usize,
    /// The earlier state that gradients are counted from; `None` for the oldest that is kept in memory.
    pub since: Option<VersionRef>,
}

/// Vectors and the states to compare them with.
#[derive(Debug, Clone)]
pub struct CompareRequest {
    /// The vectors, by item or token.
    pub given: Arc<NamedVectors>,
    /// The table that they are compared with.
    pub table: VectorTable,
    /// Versions, or `None` for the live state; empty: the live state and the newest versions.
    pub states: Vec<Option<VersionRef>>,
    /// Number of permutations.
    pub permutations: usize,
}

/// Comparison with one state.
#[derive(Debug, Clone)]
pub struct ComparedState {
    /// The state.
    pub state: Served,
    /// Its position.
    pub position: Position,
    /// The comparison.
    pub comparison: Comparison,
}

/// Says how unevenly events, places in lists and gradients are spread. Costs every item's row.
pub async fn bias(core: &CoreParts) -> Result<BiasReport, EngineError> {
    let permit = core.monitor.work()?;
    let at = core.learner.state().await?;
    let (exposure, lists) = core.monitor.exposure();
    let report = blocking(move || {
        let _permit = permit;
        bias_report(&at.state, at.position, &exposure, lists)
    });
    Ok(report.await)
}

/// Ranks the words, items and circumstances that had most gradient lately. Costs every row that moved since.
pub async fn terms(core: &CoreParts, request: TermsRequest) -> Result<TermsReport, EngineError> {
    let permit = core.monitor.work()?;
    let TermsRequest { tables, limit, since } = request;
    let now = core.learner.state().await?;
    let before = match since {
        None => earlier(core, now.position),
        Some(version) => {
            let manifest = core.stores.versions.get(&version).await?;
            let version = core.stores.version(manifest.version).await?;
            Some(Arc::new(StateAt { state: version.state.clone(), position: version.position }))
        }
    };
    let report = blocking(move || {
        let _permit = permit;
        let before = before.as_ref().map(|at| (&at.state, at.position));
        terms_report((&now.state, now.position), before, &tables, limit)
    });
    Ok(report.await)
}

/// Returns the oldest state in memory before a position: of those kept for traces, else the version that the live state
/// grew from.
fn earlier(core: &CoreParts, position: Position) -> Option<Arc<StateAt>> {
    core.stores.recent.oldest_before(position).or_else(|| {
        let version = core.stores.cache.look(core.learner.delta_tracker().parent()?)?;
        let before = version.position < position;
        before.then(|| Arc::new(StateAt { state: version.state.clone(), position: version.position }))
    })
}

/// Compares vectors with states, one after the other.
pub async fn compare_vectors(core: &CoreParts, request: CompareRequest) -> Result<Vec<ComparedState>, EngineError> {
    let permit = core.monitor.work()?;
    let CompareRequest { given, table, mut states, permutations } = request;
    if states.is_empty() {
        let newest = core.stores.versions.list(None, COMPARED_VERSIONS).await?;
        let versions = newest.iter().map(|manifest| Some(VersionRef::Number(manifest.version)));
        states = std::iter::once(None).chain(versions).collect();
    }
    let mut compared = Vec::with_capacity(states.len());
    for state in states {
        let version = match state {
            None => None,
            Some(version) => {
                let manifest = core.stores.versions.get(&version).await?;
                Some(core.stores.version(manifest.version).await?)
            }
        };
        let live = core.readers.live.load_full();
        let given = Arc::clone(&given);
        let found = blocking(move || {
            let view = version.map_or(live, |version| version.view());
            let comparison = compare(&given, &view, table, permutations);
            ComparedState { state: view.served(), position: view.position(), comparison }
        });
        compared.push(found.await);
    }
    drop(permit);
    Ok(compared)
}
