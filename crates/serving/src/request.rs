//! Requests to the search threads, and their answers.

use tokio::sync::oneshot;

use shelfmark_domain::{Filter, Id, Query, Recommendations, ScoredItem};

use super::{QueryError, metric::Meters};

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
