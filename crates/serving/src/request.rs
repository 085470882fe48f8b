//! What can be asked of the search threads, and how several requests are answered with one pass.

use tokio::sync::oneshot;

use shelfmark_domain::{Filter, Id, Query, Recommendations, ScoredItem};

use super::{
    QueryError, SearchScratch, View,
    metric::Meters,
    plan::{self, Plan},
    queue::Job,
    scan::Search,
};

pub(super) type Reply<T> = oneshot::Sender<Result<T, QueryError>>;

#[derive(Debug)]
pub(super) enum Request {
    Recommend {
        query: Query,
        reply: Reply<Recommendations>,
    },
    Similar {
        item: Id,
        limit: usize,
        filter: Filter,
        reply: Reply<Vec<ScoredItem>>,
    },
    /// A defect, to see that it stays the requester's own.
    #[cfg(test)]
    Panic {
        reply: Reply<Recommendations>,
    },
}

/// An answer before it is sent.
pub(super) enum Answer {
    Recommend(Result<Recommendations, QueryError>),
    Similar(Result<Vec<ScoredItem>, QueryError>),
    Failed,
}

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
    let mut planned: Vec<Planned<'_>> = jobs.iter().map(|job| job.request.plan(&job.view, scratch)).collect();
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
            Planned::Similar(search) => Answer::Similar(Ok(plan::similar_items(&job.view, search))),
            Planned::Done(answer) => answer,
        })
        .collect()
}

impl Request {
    /// The query of a recommendation.
    pub(super) const fn query(&self) -> Option<&Query> {
        match self {
            Self::Recommend { query, .. } => Some(query),
            Self::Similar { .. } => None,
            #[cfg(test)]
            Self::Panic { .. } => None,
        }
    }

    pub(super) fn cancelled(&self) -> bool {
        match self {
            Self::Recommend { reply, .. } => reply.is_closed(),
            Self::Similar { reply, .. } => reply.is_closed(),
            #[cfg(test)]
            Self::Panic { .. } => false,
        }
    }

    /// Tells the requester why there is no answer. Who went away need not be told.
    pub(super) fn refuse(self, error: QueryError) {
        match self {
            Self::Recommend { reply, .. } => drop(reply.send(Err(error))),
            Self::Similar { reply, .. } => drop(reply.send(Err(error))),
            #[cfg(test)]
            Self::Panic { reply } => drop(reply.send(Err(error))),
        }
    }

    fn plan(&self, view: &View, scratch: &mut SearchScratch) -> Planned<'_> {
        match self {
            Self::Recommend { query, .. } => Plan::new(view, query, scratch).map_or_else(
                |error| Planned::Done(Answer::Recommend(Err(error))),
                |plan| Planned::Recommend(Box::new(plan)),
            ),
            Self::Similar { item, limit, filter, .. } => plan::similar(view, item, *limit, filter)
                .map_or_else(|error| Planned::Done(Answer::Similar(Err(error))), Planned::Similar),
            #[cfg(test)]
            Self::Panic { .. } => panic!("asked to"),
        }
    }

    pub(super) fn reply(self, answer: Answer, meters: &Meters) {
        match (self, answer) {
            (Self::Recommend { reply, .. }, Answer::Recommend(answer)) => send(reply, answer, meters),
            (Self::Similar { reply, .. }, Answer::Similar(answer)) => send(reply, answer, meters),
            (request, Answer::Failed | Answer::Recommend(_) | Answer::Similar(_)) => {
                meters.failed.increment(1);
                request.refuse(QueryError::Failed);
            }
        }
    }
}

fn send<T>(reply: Reply<T>, answer: Result<T, QueryError>, meters: &Meters) {
    meters.count(&answer);
    // An error means that the requester went away while we searched.
    drop(reply.send(answer));
}
