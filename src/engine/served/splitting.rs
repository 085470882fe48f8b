//! Readers split over several states, and what each state is worth to them.

use std::{sync::Arc, time::Duration};

use serde::Serialize;
use utoipa::ToSchema;

use crate::engine::{
    EngineError,
    served::follow::{switch, views},
    shared::Shared,
};
use crate::{
    domain::{ArmText, Deployment, NewRecord, RecordBody, Serving, Split},
    health::Quality,
    log::Outcome,
};

/// One arm and what came of it.
#[derive(Debug, Clone, Copy, Serialize, ToSchema)]
pub struct ArmStatus {
    /// The arm.
    #[serde(flatten)]
    pub arm: ArmText,
    /// Lists that this process recommended from it since it is served.
    pub lists: u64,
    /// Lists of it that an event with a liked kind sent back; each counts once.
    pub clicks: u64,
    /// Clicks by lists; null without lists.
    pub ctr: Option<f64>,
    /// How the arm's lists would have done on what came next, over the newest 1,000 sampled targets of all readers.
    pub quality: Quality,
}

/// Splits readers; returns once this process serves them so.
pub async fn split(
    shared: &Arc<Shared>,
    split: Split,
    actor: String,
    reason: Option<String>,
) -> Result<Deployment, EngineError> {
    let _only_one = shared.rollback.claim("split", &actor)?;
    let serving = Serving::from(split.clone());
    // Built before it is announced: no reader waits for them, and a corrupt version is refused here.
    let views = views(shared, &serving).await?;
    let deployment = shared.versions.deploy_split(split, actor, reason).await?;
    switch(shared, &serving, views);
    Ok(deployment)
}

/// The arms that are served, with their figures.
pub fn arms(shared: &Shared) -> Vec<ArmStatus> {
    let arm = |counts: &crate::engine::served::arms::ArmCounts| {
        let (lists, clicks) = (counts.lists(), counts.clicks());
        ArmStatus {
            arm: crate::domain::Arm { served: counts.served, percent: counts.percent }.into(),
            lists,
            clicks,
            ctr: (lists > 0).then(|| clicks as f64 / lists as f64),
            quality: shared.watch.quality_of(counts.served),
        }
    };
    shared.arms.counts().iter().map(|counts| arm(counts)).collect()
}

/// Appends records, and attributes the events among them that came from recommended lists to the arms that made these.
pub async fn append(shared: &Shared, records: Vec<NewRecord>, patience: Duration) -> Result<Vec<Outcome>, EngineError> {
    let config = Arc::clone(&shared.live.load().readable().config);
    let mut lists = Vec::new();
    for (index, record) in records.iter().enumerate() {
        if let RecordBody::Event(event) = &record.body
            && let Some(id) = &event.recommendation_id
            && config.kind_weight(&event.kind) > 0.0
            && let Some(list) = crate::domain::RecommendationId::parse(&shared.name, id.as_str())
        {
            lists.push((index, list));
        }
    }
    let outcomes = shared.log.append_within(records, patience).await?;
    for (index, list) in lists {
        // What was sent again counted the first time.
        if let Some(Outcome::Accepted(_)) = outcomes.get(index)
            && let Some(served) = shared.arms.clicked(&list)
        {
            shared.guard.clicked(served);
        }
    }
    Ok(outcomes)
}

/// The figures of all arms in the Prometheus text format, rendered when asked: what is no longer served is not in it.
pub fn metrics<'a>(models: impl Iterator<Item = &'a Shared> + Clone) -> String {
    use std::fmt::Write as _;
    type Figure = fn(&ArmStatus) -> Option<f64>;
    let figures: [(&str, &str, &str, Figure); 5] = [
        ("shelfmark_serving_arm_share", "gauge", "Share of the readers", |arm| {
            Some(f64::from(arm.arm.percent) / 100.0)
        }),
        ("shelfmark_serving_arm_lists", "counter", "Lists recommended since the arm is served", |arm| {
            Some(arm.lists as f64)
        }),
        ("shelfmark_serving_arm_clicks", "counter", "Lists that something was clicked of", |arm| {
            Some(arm.clicks as f64)
        }),
        ("shelfmark_serving_arm_recall", "gauge", "Recall@20 of sampled targets", |arm| arm.quality.recall),
        ("shelfmark_serving_arm_mrr", "gauge", "Mean reciprocal rank@20 of sampled targets", |arm| arm.quality.mrr),
    ];
    let arms: Vec<(&str, Vec<ArmStatus>)> = models.map(|shared| (shared.name.as_str(), arms(shared))).collect();
    let mut text = String::new();
    for (name, kind, help, figure) in figures {
        // Writing to a string does not fail.
        let _ = writeln!(text, "# HELP {name} {help}\n# TYPE {name} {kind}");
        for (model, arm) in arms.iter().flat_map(|(model, arms)| arms.iter().map(move |arm| (model, arm))) {
            let version = arm.arm.version.map_or_else(|| "live".to_owned(), |version| version.to_string());
            if let Some(value) = figure(arm) {
                let _ = writeln!(text, "{name}{{model=\"{model}\",arm=\"{version}\"}} {value}");
            }
        }
    }
    text
}
