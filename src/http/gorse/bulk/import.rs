//! Imports: entries are checked and appended some at a time, as they arrive.

use std::time::{Duration, Instant};

use axum::{
    Extension, Json,
    body::Body,
    extract::{Path, State},
    http::HeaderMap,
    response::{IntoResponse, Response},
};
use serde::Serialize;

use super::{
    RUN_ENTRIES, dump,
    entries::{Entries, Table},
    form,
    frames::{Frame, Frames},
};
use crate::{
    engine::Model,
    http::{
        Api,
        auth::Caller,
        body_pace::PaceLimits,
        body_stream::BodyStream,
        cpu_pool::off_worker,
        gorse::{APPLIED, TextError, affected, feedback, items::GorseItem, model, users::User},
        ingest::{self, Lines, Patience},
        profiles,
    },
};
use shelfmark_domain::RecordBody;

/// How long a part of an import waits: for room, which its sender feels on the connection, and not for the live view.
const PART: Patience = Patience { queue: Duration::from_secs(30), applied: Duration::ZERO };
/// How long the end of an import waits for the live view.
const END: Patience = Patience { queue: Duration::ZERO, applied: APPLIED };
/// Bytes of records after which they are appended, however few they are.
const RUN_BYTES: usize = 4 << 20;

/// An import under way.
struct Importer<'a> {
    model: &'a Model,
    caller: &'a Caller,
    /// What entries are called.
    entry: &'static str,
    taken: u64,
}

impl Importer<'_> {
    /// Appends entries, all of them or none.
    async fn take(&mut self, entries: Entries) -> Result<(), TextError> {
        let count = entries.len();
        match entries {
            Entries::Users(users) => {
                let updates = users.into_iter().enumerate();
                let updates = updates.map(|(place, user)| User::update(user).map_err(|error| error.at(place)));
                let updates = updates.collect::<Result<Vec<_>, _>>()?;
                profiles::append_updates(self.model, self.caller, updates, PART).await?;
            }
            Entries::Items(items) => {
                let records = items.into_iter().enumerate();
                let record = |(place, item)| GorseItem::item(item).map_err(|error| error.at(place));
                let records = records.map(record).collect::<Result<Vec<_>, _>>()?;
                let bodies = records.into_iter().map(RecordBody::PutItem).collect();
                ingest::append_bodies(self.model, self.caller, bodies, PART).await?;
            }
            Entries::Feedback(all) => Box::pin(feedback::append(self.model, self.caller, &all, PART)).await?,
        }
        self.taken += count as u64;
        Ok(())
    }

    /// Says which entry is bad, and how many were taken before. `numbers` are those of the entries of its run, from 0.
    fn refused(&self, error: TextError, numbers: impl Fn(usize) -> u64) -> TextError {
        let Self { entry, taken, .. } = self;
        let place = error.place.map(|place| format!("{entry} {}: ", numbers(place) + 1)).unwrap_or_default();
        TextError::new(error.status, format!("{place}{}; {taken} entries before it were taken", error.text))
    }
}

fn pace(api: &Api) -> PaceLimits {
    PaceLimits { idle: api.limits.stream_idle, rate_min: api.limits.body_rate_min }
}

/// Takes a table as lines of JSON, alone or as the file of a form.
pub async fn import(
    State(api): State<Api>,
    Extension(caller): Extension<Caller>,
    Path(table): Path<Table>,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, TextError> {
    let model = model(&api, &caller)?;
    let body = match form::boundary(&headers)? {
        Some(boundary) => form::file(body, &boundary).await?,
        None => body,
    };
    let mut lines = Lines::new(BodyStream::new(&headers, body)?, api.limits.line_bytes_max, pace(&api));
    let mut importer = Importer { model: &model, caller: &caller, entry: "line", taken: 0 };
    loop {
        let run = lines.run().await.map_err(|error| importer.refused(error.into(), |_| 0))?;
        let Some(run) = run else { break };
        let numbers: Vec<u64> = run.lines.iter().map(|(number, _)| *number).collect();
        let number = |place: usize| numbers.get(place).copied().unwrap_or_default();
        let bytes = run.lines.iter().map(|(_, line)| line.len()).sum();
        let parsed =
            off_worker(bytes, move || Entries::parse(table, run.lines.iter().map(|(_, line)| line.as_ref()))).await?;
        let entries = parsed.map_err(|error| importer.refused(error, number))?;
        Box::pin(importer.take(entries)).await.map_err(|error| importer.refused(error, number))?;
    }
    let taken = usize::try_from(importer.taken).unwrap_or(usize::MAX);
    ingest::settled(&model, END).await?;
    Ok(affected(taken))
}

/// What a restore took, as Gorse says it.
#[derive(Debug, Default, Serialize)]
#[serde(rename_all = "PascalCase")]
struct DumpStats {
    users: u64,
    items: u64,
    feedback: u64,
    /// Nanoseconds.
    duration: u64,
}

/// Takes a dump of Gorse.
pub async fn restore(
    State(api): State<Api>,
    Extension(caller): Extension<Caller>,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, TextError> {
    let began = Instant::now();
    let model = model(&api, &caller)?;
    let frames = Frames::new(BodyStream::new(&headers, body)?, api.limits.line_bytes_max, pace(&api))?;
    let mut dump = Dump { frames, table: None, marker: None };
    let mut importer = Importer { model: &model, caller: &caller, entry: "record", taken: 0 };
    let mut stats = DumpStats::default();
    loop {
        let first = importer.taken;
        let number = |place: usize| first + place as u64;
        let run = dump.run().await.map_err(|error| importer.refused(error, number))?;
        let Some((table, entries)) = run else { break };
        let count = entries.len() as u64;
        Box::pin(importer.take(entries)).await.map_err(|error| importer.refused(error, number))?;
        dump.frames.done();
        match table {
            Table::Users => stats.users += count,
            Table::Items => stats.items += count,
            Table::Feedback => stats.feedback += count,
        }
    }
    ingest::settled(&model, END).await?;
    stats.duration = u64::try_from(began.elapsed().as_nanos()).unwrap_or(u64::MAX);
    Ok(Json(stats).into_response())
}

/// A dump that is read.
struct Dump {
    frames: Frames,
    table: Option<Table>,
    /// A marker that ended the records before it.
    marker: Option<i64>,
}

impl Dump {
    /// Reads records of one table, [`RUN_ENTRIES`] at most; `None` at the end.
    async fn run(&mut self) -> Result<Option<(Table, Entries)>, TextError> {
        loop {
            match self.marker.take() {
                Some(dump::END) => return Ok(None),
                Some(marker) => self.table = Some(dump::table(marker)?),
                None => {}
            }
            let mut entries = self.table.map(Entries::new);
            let (mut count, mut bytes) = (0, 0);
            while count < RUN_ENTRIES && bytes < RUN_BYTES {
                match self.frames.next().await? {
                    Some(Frame::Record(record)) => {
                        let entries =
                            entries.as_mut().ok_or_else(|| TextError::bad("the dump begins with no marker"))?;
                        entries.push_record(&record).map_err(|error| error.at(count))?;
                        count += 1;
                        bytes += record.len();
                    }
                    Some(Frame::Marker(marker)) => {
                        self.marker = Some(marker);
                        break;
                    }
                    // Gorse takes nothing for an empty dump, too.
                    None if self.table.is_none() => return Ok(None),
                    None => return Err(TextError::bad("the dump ends without its end marker")),
                }
            }
            if let (Some(table), Some(entries)) = (self.table, entries)
                && count > 0
            {
                return Ok(Some((table, entries)));
            }
        }
    }
}
