//! Batches: several requests for one state, answered with one pass over its items.

use super::{
    SearchScratch, View,
    metric::Meters,
    plan::{Plan, similar, similar_items},
    queue::Job,
    request::{Answer, Request},
    search::Search,
};

/// A request between planning and answering.
enum Planned<'a> {
    Recommend(Box<Plan<'a>>),
    Similar(Search),
    Done(Answer),
}

impl Planned<'_> {
    fn search(&mut self) -> Option<&mut Search> {
        match self {
            Self::Recommend(plan) => Some(&mut plan.search),
            Self::Similar(search) => Some(search),
            Self::Done(_) => None,
        }
    }
}

/// Answers jobs of one state with one pass over its items, in order.
pub(super) fn answer(jobs: &[Job], scratch: &mut SearchScratch, meters: &Meters) -> Vec<Answer> {
    let mut planned: Vec<Planned<'_>> = jobs.iter().map(|job| plan(&job.request, &job.view, scratch)).collect();
    let mut searches: Vec<&mut Search> = planned.iter_mut().filter_map(Planned::search).collect();
    jobs[0].view.scan(&mut searches);
    for search in searches {
        #[expect(clippy::cast_precision_loss, reason = "a statistic")]
        meters.scored.record(search.top.scored() as f64);
    }
    planned
        .into_iter()
        .zip(jobs)
        .map(|(planned, job)| match planned {
            Planned::Recommend(plan) => Answer::Recommend(Ok(plan.answer(&job.view))),
            Planned::Similar(search) => Answer::Similar(Ok(similar_items(&job.view, search))),
            Planned::Done(answer) => answer,
        })
        .collect()
}

/// Plans one request; what cannot be planned is answered at once.
fn plan<'a>(request: &'a Request, view: &View, scratch: &mut SearchScratch) -> Planned<'a> {
    match request {
        Request::Recommend { query, .. } => Plan::new(view, query, scratch).map_or_else(
            |error| Planned::Done(Answer::Recommend(Err(error))),
            |plan| Planned::Recommend(Box::new(plan)),
        ),
        Request::Similar { item, limit, filter, .. } => similar(view, item, *limit, filter)
            .map_or_else(|error| Planned::Done(Answer::Similar(Err(error))), Planned::Similar),
        #[cfg(test)]
        Request::Panic { .. } => panic!("asked to"),
    }
}
