//! `/v1/models/{model}/versions/{version}/export`: rows as a file.

use std::io;

use axum::{
    body::{Body, Bytes},
    extract::State,
    http::{HeaderValue, header},
    response::{IntoResponse, Response},
};
use futures::{Stream, stream};
use serde::Deserialize;
use utoipa::IntoParams;

use super::{
    Api,
    admission::{LongWorkKind, Share, take_part},
    error::ApiError,
    off_worker,
    params::{Params, Segments},
    paths::VersionPath,
    problem::Problem,
    read_options::{AnsweredBy, VersionSelector, with_state_headers},
};
use crate::engine::ExportSource;
use shelfmark_datasets::vectors::{Export, ExportFormat, ExportOptions, ExportTable};
use shelfmark_domain::FieldError;

/// Query parameters of an export.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct ExportQuery {
    /// `safetensors`, `npz`, `word2vec` (its text form), `jsonl`, `projector` or `parquet`.
    #[param(inline)]
    format: ExportFormat,
    /// `items`, `users` or `tokens`; `items` when left out.
    #[serde(default)]
    #[param(inline, required = false)]
    table: ExportTable,
    /// Items' vectors with what their tokens and dense vectors add, as `.../embedding` gives them. When left out they are the rows
    /// as learned, which an import can put back.
    #[serde(default)]
    content: bool,
}

/// Writes the learned rows of a version, or of the live state (`live`), as a file that other programs read.
///
/// `safetensors`: one tensor `[rows, dim]` of f32, named as the table; the ids are a JSON list in the metadata under `ids`. `npz`: arrays
/// `vectors` and `ids`. `word2vec`: its text form; ids with white space are a 422 (`not_exportable`). `jsonl`: a line
/// `{"id", "values"}` for each row. `projector`: `vectors.tsv` and `metadata.tsv` of the TensorFlow Embedding Projector in a
/// zip. `parquet`: columns `id` and `values`. Removed items are left out. The answer is streamed from one state, whatever is learned meanwhile. At most
/// four exports of a model at once, of which a caller gets a share. An export that nobody reads is broken off.
#[utoipa::path(
    get, path = "/v1/models/{model}/versions/{version}/export", tag = "versions", operation_id = "export_version",
    params(VersionPath, ExportQuery),
    responses(
        (status = 200, description = "The file", content(
            (Vec<u8> = "application/octet-stream"), (Vec<u8> = "application/zip"), (String = "text/plain"), (String = "application/x-ndjson"),
            (Vec<u8> = "application/vnd.apache.parquet"),
        )),
        (status = 422, description = "The format cannot hold these rows (`not_exportable`), or a value breaks its rule (`invalid`)", body = Problem, content_type = "application/problem+json"),
        (status = 503, description = "Too many exports are under way (`overloaded`)", body = Problem, content_type = "application/problem+json"),
    )
)]
pub async fn get(
    State(api): State<Api>,
    Segments(path): Segments<VersionPath>,
    Params(query): Params<ExportQuery>,
) -> Result<Response, ApiError> {
    let model = api.model(&path.model)?;
    let ExportQuery { format, table, content } = query;
    if content && table != ExportTable::Items {
        return Err(FieldError::new("content", "not_supported", "only items have more than their rows").into());
    }
    let version = VersionSelector::parse("version", &path.version)?.version();
    let share = take_part(LongWorkKind::Export, model.name())?;
    let source = model.export_source(version).await?;
    let view = source.view.clone();
    let options = ExportOptions { format, table, content };
    let rows = view.inference().clone();
    let export = off_worker(usize::MAX, move || Export::new(&rows, options)).await??;
    let bytes = export.bytes();
    let of = match AnsweredBy::of(&view) {
        AnsweredBy::Version(number) => number.to_string(),
        AnsweredBy::Live(_) => format!("live-{}", view.position()),
    };
    let name = format!("attachment; filename=\"{}-{of}-{table}.{}\"", path.model, format.ending());
    let mut response = Body::from_stream(pieces(export, (source, share))).into_response();
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(format.media_type()));
    if let Ok(name) = HeaderValue::from_str(&name) {
        headers.insert(header::CONTENT_DISPOSITION, name);
    }
    if let Some(bytes) = bytes {
        headers.insert(header::CONTENT_LENGTH, HeaderValue::from(bytes));
    }
    Ok(with_state_headers(&view, response))
}

/// Each piece is made when the one before it was sent: a slow reader holds one, and the state. A defect breaks the answer off
/// rather than let a part pass for the whole.
fn pieces(export: Export, held: (ExportSource, Option<Share>)) -> impl Stream<Item = io::Result<Bytes>> {
    stream::try_unfold((export, held), async |(mut export, held)| {
        let next = tokio::task::spawn_blocking(move || export.next().map(|piece| (Bytes::from(piece), export)));
        let next = next.await.map_err(io::Error::other)?;
        Ok(next.map(|(piece, export)| (piece, (export, held))))
    })
}
