//! Answers to validated queries: a list of items with its id.

use std::{borrow::Cow, sync::Arc};

use serde::Serialize;
use utoipa::ToSchema;

use super::request::ValidQuery;
use crate::{
    engine::Model,
    http::{error::ApiError, event_kinds, read_options::ReadOptions},
};
use shelfmark_domain::{ExcludeSeen, Fallback, Query, Recommendations, ScoredItem, Subject};
use shelfmark_serving::View;

/// A list of items.
#[derive(Debug, Serialize, ToSchema)]
pub struct Answer {
    /// Send it back in the events that follow from these items: it says which arm of a split made the list.
    pub recommendation_id: String,
    /// Reason why the answer is less personal than requested; null when it is not.
    pub fallback: Option<Fallback>,
    /// Best first; with `diversity`, in the order of choice.
    pub items: Vec<ScoredItem>,
}

impl ValidQuery {
    /// The view that answers this one query: that of the reader's arm, unless the state is asked for by name.
    pub async fn view(&self, model: &Model, at: &ReadOptions) -> Result<Arc<View>, ApiError> {
        at.view_for(model, Some(&self.reader())).await
    }

    /// Whose arm of a split answers: the user's, else the session's, else that of this one request.
    fn reader(&self) -> Cow<'_, str> {
        match &self.query.subject {
            Subject::User(id) | Subject::SessionId(id) => Cow::Borrowed(id.as_str()),
            Subject::UserWithItem { user, .. } => Cow::Borrowed(user.as_str()),
            Subject::Session(_) | Subject::Item(_) | Subject::Vector(_) | Subject::Nobody => {
                Cow::Owned(format!("{:016x}", self.query.seed))
            }
        }
    }

    /// Answers from `view`, which was chosen by `at`.
    pub async fn answer(self, model: &Model, view: &Arc<View>, at: &ReadOptions) -> Result<Answer, ApiError> {
        let Self { query, instead, offset, unique } = self;
        if let ExcludeSeen::Kinds(kinds) = &query.exclude_seen {
            event_kinds::check_known("exclude_seen", kinds, model, view)?;
        }
        let seed = query.seed;
        let Recommendations { fallback, mut items } = search(model, view, query, instead).await?;
        items.drain(..offset.min(items.len()));
        // A list that was asked of a state by name is nobody's arm.
        let recommendation_id = match at.version {
            None => model.recommended(view, seed).text(model.name()),
            Some(_) => unique.to_string(),
        };
        Ok(Answer { recommendation_id, fallback, items })
    }
}

/// Asks for the user first, and for the session given along only when the user is unknown: from the same view.
async fn search(
    model: &Model,
    view: &Arc<View>,
    query: Query,
    instead: Option<Subject>,
) -> Result<Recommendations, ApiError> {
    let Some(subject) = instead else {
        return Ok(model.recommend(Arc::clone(view), query).await?);
    };
    let second = Query { subject, ..query.clone() };
    let found = model.recommend(Arc::clone(view), query).await?;
    if found.fallback.is_none() {
        return Ok(found);
    }
    let mut found = model.recommend(Arc::clone(view), second).await?;
    found.fallback = found.fallback.or(Some(Fallback::Session));
    Ok(found)
}
