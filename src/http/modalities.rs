//! `/v1/models/{model}/modalities/{name}`.

use axum::{Extension, extract::State};

use super::{
    Api,
    auth::Caller,
    error::ApiError,
    ingest::{self, AppendResponse, AppendSummary, ParsedEntry, WaitQuery},
    params::{Params, Segments},
    paths::ModalityPath,
    problem::Problem,
};
use shelfmark_domain::{Id, NewRecord, RecordBody, text_within};

/// Resets a modality of dense vectors, so that vectors of another length are accepted.
///
/// The model forgets how long the vectors are and what it learned about them, and the items lose theirs. Send the new
/// ones once the answer says `applied` (`wait=applied`): until the reset is in the live view, the old length is asked for.
/// Versions keep what they had. A name that no item has is accepted and changes nothing.
#[utoipa::path(
    delete, path = "/v1/models/{model}/modalities/{name}", tag = "items", operation_id = "reset_modality",
    params(ModalityPath, WaitQuery),
    responses(
        (status = 200, description = "Durable, and in the live view (`wait=applied`)", body = AppendSummary),
        (status = 202, description = "Durable", body = AppendSummary),
        (status = 429, description = "The append queue is full (`queue_full`)", body = Problem, content_type = "application/problem+json"),
    )
)]
pub async fn reset(
    State(api): State<Api>,
    Extension(caller): Extension<Caller>,
    Segments(path): Segments<ModalityPath>,
    Params(wait): Params<WaitQuery>,
) -> Result<AppendResponse, ApiError> {
    let model = api.model(&path.model)?;
    text_within("name", &path.name, Id::BYTES_MAX)?;
    let body = RecordBody::ResetModality { modality: path.name };
    let record = NewRecord { source: caller.source(), ..NewRecord::own(body) };
    ingest::append_one(&model, ParsedEntry { record, made_id: None }, &wait).await
}
