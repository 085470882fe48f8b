//! Exports: everything of a table, as it is read.

use std::{io, sync::Arc};

use axum::{
    Extension,
    body::{Body, Bytes},
    extract::{Path, State},
    http::header,
    response::{IntoResponse, Response},
};
use futures::{Stream, stream};

use super::{
    RUN_ENTRIES, dump,
    entries::{Entries, Table},
};
use crate::{
    engine::Model,
    http::{
        Api,
        admission::{LongWorkKind, Share, take_part},
        auth::Caller,
        cpu_pool::off_worker,
        gorse::{
            TextError,
            feedback_log::{FeedbackLog, RECORDS_MAX},
            items::GorseItem,
            keyed::KindFilter,
            model,
            users::{self, User},
        },
    },
};
use shelfmark_domain::Position;
use shelfmark_serving::View;

/// Reader of a table, ordered by id as text; feedback in the order of the log.
struct TableReader {
    model: Model,
    /// The state when the export began.
    view: Arc<View>,
    table: Table,
    /// Rows of users or items in order, and how many were read.
    rows: Vec<u32>,
    read: usize,
    feedback: FeedbackLog,
}

impl TableReader {
    async fn new(model: &Model, table: Table) -> Result<Self, TextError> {
        let view = model.live();
        let rows = match table {
            Table::Users => {
                off_worker(usize::MAX, {
                    let view = Arc::clone(&view);
                    move || user_rows(&view)
                })
                .await?
            }
            Table::Items => {
                off_worker(usize::MAX, {
                    let view = Arc::clone(&view);
                    move || item_rows(&view)
                })
                .await?
            }
            Table::Feedback => Vec::new(),
        };
        let feedback = FeedbackLog::new(model, Position::ZERO, KindFilter::default());
        Ok(Self { model: model.clone(), view, table, rows, read: 0, feedback })
    }

    /// Reads the next entries, maybe none; `None` at the end.
    async fn next(&mut self) -> Result<Option<Entries>, TextError> {
        if self.table == Table::Feedback {
            let found = self.feedback.next(RECORDS_MAX).await?;
            return Ok(found.map(|found| Entries::Feedback(found.into_iter().map(|(_, one)| one).collect())));
        }
        let end = self.rows.len().min(self.read + RUN_ENTRIES);
        let rows = self.rows[self.read..end].to_vec();
        if rows.is_empty() {
            return Ok(None);
        }
        self.read = end;
        let (view, live, table) = (Arc::clone(&self.view), self.model.live(), self.table);
        let found = off_worker(usize::MAX, move || match table {
            // Whoever was forgotten meanwhile is not known to the live view.
            Table::Users => Entries::Users(users_of(&view, &live, &rows)),
            Table::Items | Table::Feedback => {
                let item = |row: &u32| GorseItem::of(&view.inference().catalog.entry(*row).item);
                Entries::Items(rows.iter().map(item).collect())
            }
        })
        .await?;
        Ok(Some(match found {
            Entries::Users(found) => Entries::Users(users::commented(&self.model, found).await?),
            Entries::Items(_) | Entries::Feedback(_) => found,
        }))
    }
}

fn user_rows(view: &View) -> Vec<u32> {
    let mut rows: Vec<(u32, &str)> = users::known(view).collect();
    rows.sort_unstable_by_key(|(_, id)| *id);
    rows.into_iter().map(|(row, _)| row).collect()
}

fn item_rows(view: &View) -> Vec<u32> {
    let catalog = &view.inference().catalog;
    let rows = 0..u32::try_from(catalog.len()).unwrap_or(u32::MAX);
    let mut rows: Vec<u32> = rows.filter(|row| !catalog.entry(*row).removed).collect();
    rows.sort_unstable_by_key(|row| catalog.id(*row).as_str());
    rows
}

fn users_of(view: &View, live: &View, rows: &[u32]) -> Vec<User> {
    let ids = rows.iter().filter_map(|row| view.inference().users.get_id(*row));
    ids.filter_map(|id| users::user(live, id.as_str())).collect()
}

/// Form of an export.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Form {
    Lines,
    Dump,
}

/// An export under way: tables one after the other.
struct Export {
    model: Model,
    form: Form,
    left: &'static [Table],
    reading: Option<TableReader>,
    ended: bool,
    _share: Option<Share>,
}

impl Export {
    /// Returns the next piece; `None` at the end.
    async fn piece(&mut self) -> Result<Option<Bytes>, TextError> {
        loop {
            if let Some(reader) = &mut self.reading {
                if let Some(entries) = reader.next().await? {
                    let form = self.form;
                    let piece = off_worker(usize::MAX, move || match form {
                        Form::Lines => entries.lines().map_err(|error| TextError::bad(error.to_string())),
                        Form::Dump => Ok(dump::records(&entries)),
                    });
                    let piece = piece.await??;
                    if piece.is_empty() {
                        continue;
                    }
                    return Ok(Some(piece.into()));
                }
                self.reading = None;
            }
            let marker = match self.left.split_first() {
                Some((table, left)) => {
                    self.left = left;
                    self.reading = Some(TableReader::new(&self.model, *table).await?);
                    dump::marker(*table)
                }
                None if self.ended => return Ok(None),
                None => {
                    self.ended = true;
                    dump::END
                }
            };
            if self.form == Form::Dump {
                return Ok(Some(Bytes::copy_from_slice(&marker.to_le_bytes())));
            }
        }
    }

    /// Each piece is made when the one before it was sent. A defect breaks the answer off rather than let a part pass
    /// for the whole.
    fn pieces(self) -> impl Stream<Item = io::Result<Bytes>> {
        stream::try_unfold(self, async |mut export| match export.piece().await {
            Ok(piece) => Ok(piece.map(|piece| (piece, export))),
            Err(error) => Err(io::Error::other(error)),
        })
    }
}

fn begin(model: Model, form: Form, tables: &'static [Table]) -> Result<Body, TextError> {
    let share = take_part(LongWorkKind::Export, model.name())?;
    let export = Export { model, form, left: tables, reading: None, ended: false, _share: share };
    Ok(Body::from_stream(export.pieces()))
}

/// Writes a table as lines of JSON.
pub async fn export(
    State(api): State<Api>,
    Extension(caller): Extension<Caller>,
    Path(table): Path<Table>,
) -> Result<Response, TextError> {
    let tables: &'static [Table] = match table {
        Table::Users => &[Table::Users],
        Table::Items => &[Table::Items],
        Table::Feedback => &[Table::Feedback],
    };
    let body = begin(model(&api, &caller)?, Form::Lines, tables)?;
    let name = format!("attachment;filename={}.jsonl", table.name());
    let headers = [(header::CONTENT_TYPE, "application/jsonl".to_owned()), (header::CONTENT_DISPOSITION, name)];
    Ok((headers, body).into_response())
}

/// Writes everything in Gorse's form.
pub async fn dump_all(State(api): State<Api>, Extension(caller): Extension<Caller>) -> Result<Response, TextError> {
    let body = begin(model(&api, &caller)?, Form::Dump, &[Table::Users, Table::Items, Table::Feedback])?;
    Ok(([(header::CONTENT_TYPE, "application/octet-stream")], body).into_response())
}
