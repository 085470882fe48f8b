//! Batch: the requests of one append, with the outcome of each record.

use std::{borrow::Cow, collections::HashMap, time::Duration};

use tokio::sync::oneshot;

use shelfmark_domain::{NewRecord, OffsetCommit, Position, Record, RecordBody, Timestamp, VersionNumber};

use super::{
    AppendOutcome, LogError,
    body::event_id,
    checksum::{Chain, Checksum, Content},
    copy::{self, EncodedRows},
    queue::{Answer, Request},
    stream_offsets::BatchOffsets,
};

/// Requests whose records are committed together.
pub(super) struct Batch {
    pub entries: Vec<Entry>,
    /// Bytes of all encoded rows.
    pub bytes: usize,
}

/// One request of a batch.
pub(super) struct Entry {
    pub records: Vec<NewRecord>,
    pub rows: EncodedRows,
    pub offsets: Vec<OffsetCommit>,
    answer: Option<oneshot::Sender<Answer>>,
    /// Error of a request that is left out of the append as a whole.
    pub refused: Option<LogError>,
    /// Outcome of each record, once known.
    pub outcomes: Vec<AppendOutcome>,
}

/// Event that is in the log already.
#[derive(Debug, Clone, Copy)]
pub(super) struct ExistingEvent {
    pub position: Position,
    pub retry_hash: Option<i64>,
}

impl Batch {
    /// Builds a batch, and releases the reservations of its requests in the queue.
    pub(super) fn new(requests: Vec<Request>) -> Self {
        let bytes = requests.iter().map(Request::bytes).sum();
        let entries = requests
            .into_iter()
            .map(|request| {
                drop(request.reservation);
                Entry {
                    outcomes: Vec::new(),
                    records: request.records,
                    rows: request.rows,
                    offsets: request.offsets,
                    answer: Some(request.answer),
                    refused: None,
                }
            })
            .collect();
        Self { entries, bytes }
    }

    /// Counts the records of requests that are not refused.
    pub(super) fn records(&self) -> usize {
        let taken = self.entries.iter().filter(|entry| entry.refused.is_none());
        taken.map(|entry| entry.records.len()).sum()
    }

    /// Lists the ids of all events, for the lookup.
    pub(super) fn event_ids(&self) -> Vec<Cow<'_, str>> {
        self.entries.iter().flat_map(|entry| &entry.records).filter_map(|record| event_id(&record.body)).collect()
    }

    /// Lists the offsets of all requests.
    pub(super) fn offsets(&self) -> impl Iterator<Item = &OffsetCommit> {
        self.entries.iter().flat_map(|entry| &entry.offsets)
    }

    /// Whether a request commits offsets.
    pub(super) fn has_offsets(&self) -> bool {
        self.offsets().next().is_some()
    }

    /// Lists the versions that restores of the batch name, each with the indexes of its request and record.
    pub(super) fn restores(&self) -> Vec<(usize, usize, VersionNumber)> {
        let mut named = Vec::new();
        for (request, entry) in self.entries.iter().enumerate() {
            for (index, record) in entry.records.iter().enumerate() {
                if let RecordBody::Restore { version, .. } = &record.body {
                    named.push((request, index, *version));
                }
            }
        }
        named
    }

    /// Assigns the next position to every record. Correct only when no id is repeated, in the log or in the batch.
    pub(super) fn accept_all(&mut self, head: Position) {
        let mut last = head;
        for entry in self.entries.iter_mut().filter(|e| e.refused.is_none()) {
            entry.outcomes.clear();
            entry.outcomes.extend(entry.records.iter().map(|_| {
                last = last.next();
                AppendOutcome::Accepted(last)
            }));
        }
    }

    /// Assigns positions to the records whose ids are neither in the log nor earlier in the batch, and moves the offsets
    /// of their requests. Refuses requests whose offsets do not begin where the stored ones are, and those with offsets
    /// whose events have ids of other events. Returns the number of positions.
    pub(super) fn accept_new(
        &mut self,
        head: Position,
        mut existing: HashMap<String, ExistingEvent>,
        offsets: &mut BatchOffsets,
    ) -> u64 {
        let mut last = head;
        for entry in self.entries.iter_mut().filter(|e| e.refused.is_none()) {
            entry.outcomes.clear();
            if let Err(refused) = offsets.check(&entry.offsets) {
                entry.refused = Some(refused);
                continue;
            }
            let before = last;
            let mut added = Vec::new();
            for record in &entry.records {
                let id = event_id(&record.body);
                if let Some(first) = id.as_ref().and_then(|id| existing.get(id.as_ref())) {
                    // An id that the service generated is never sent again as a retry, so this is another event.
                    let same = record.retry_hash.is_some() && record.retry_hash == first.retry_hash;
                    entry.outcomes.push(if same {
                        AppendOutcome::Duplicate(first.position)
                    } else {
                        AppendOutcome::Conflict(first.position)
                    });
                    continue;
                }
                last = last.next();
                entry.outcomes.push(AppendOutcome::Accepted(last));
                if let Some(id) = id {
                    let here = ExistingEvent { position: last, retry_hash: record.retry_hash };
                    if !entry.offsets.is_empty() {
                        added.push(id.clone());
                    }
                    existing.insert(id.into_owned(), here);
                }
            }
            if entry.offsets.is_empty() {
                continue;
            }
            let conflicts = conflicts(&entry.outcomes);
            if conflicts.is_empty() {
                offsets.apply(&entry.offsets);
                continue;
            }
            for id in &added {
                existing.remove(id.as_ref());
            }
            entry.outcomes.clear();
            entry.refused = Some(LogError::Conflicts(conflicts));
            last = before;
        }
        last.since(head)
    }

    /// Writes the accepted rows in COPY format, in pieces of about `piece_bytes`. The first piece has the header, the
    /// last one the checksum and the trailer.
    pub(super) fn encoded(&self, append: PlacedAppend, piece_bytes: usize) -> EncodedPieces<'_> {
        let rows = self.entries.iter().flat_map(|entry| {
            entry.outcomes.iter().enumerate().filter_map(|(i, outcome)| {
                let AppendOutcome::Accepted(position) = outcome else {
                    return None;
                };
                Some((*position, entry.rows.row(i)))
            })
        });
        EncodedPieces {
            rows: Box::new(rows),
            append,
            piece_bytes,
            begun: false,
            ended: false,
            content: Content::default(),
            chain: append.before,
        }
    }

    /// Moves the accepted records out.
    pub(super) fn take_records(&mut self, appended_at: Timestamp) -> Vec<Record> {
        let mut taken = Vec::with_capacity(self.records());
        for entry in &mut self.entries {
            let records = std::mem::take(&mut entry.records);
            for (record, outcome) in records.into_iter().zip(&entry.outcomes) {
                if let AppendOutcome::Accepted(position) = outcome {
                    let NewRecord { body, source, .. } = record;
                    taken.push(Record { position: *position, appended_at, source, body });
                }
            }
        }
        taken
    }

    /// Counts the duplicates and the conflicts.
    pub(super) fn repeats(&self) -> (u64, u64) {
        let mut repeats = (0, 0);
        for outcome in self.entries.iter().flat_map(|entry| &entry.outcomes) {
            match outcome {
                AppendOutcome::Accepted(_) => {}
                AppendOutcome::Duplicate(_) => repeats.0 += 1,
                AppendOutcome::Conflict(_) => repeats.1 += 1,
            }
        }
        repeats
    }

    /// Answers every request with its outcomes. The records of a caller that has left are durable all the same.
    pub(super) fn answer(mut self) {
        for entry in &mut self.entries {
            if let Some(answer) = entry.answer.take() {
                let outcomes = std::mem::take(&mut entry.outcomes);
                let _ = answer.send(entry.refused.take().map_or(Ok(outcomes), Err));
            }
        }
    }

    /// Answers every request with the same error.
    pub(super) fn fail(mut self, error: &LogError) {
        for entry in &mut self.entries {
            if let Some(answer) = entry.answer.take() {
                let _ = answer.send(Err(entry.refused.take().unwrap_or_else(|| error.clone())));
            }
        }
    }
}

/// Lists the records that conflict, each with the position of the other event.
fn conflicts(outcomes: &[AppendOutcome]) -> Vec<(usize, Position)> {
    let conflict = |(index, outcome): (usize, &AppendOutcome)| match outcome {
        AppendOutcome::Conflict(position) => Some((index, *position)),
        AppendOutcome::Accepted(_) | AppendOutcome::Duplicate(_) => None,
    };
    outcomes.iter().enumerate().filter_map(conflict).collect()
}

/// What the rows of an append get once the head is locked.
#[derive(Debug, Clone, Copy)]
pub(super) struct PlacedAppend {
    pub last: Position,
    pub at: Timestamp,
    /// Chain of the append before it.
    pub before: Chain,
}

/// Rows of an append, encoded piece by piece.
pub(super) struct EncodedPieces<'a> {
    rows: Box<dyn Iterator<Item = (Position, &'a [u8])> + Send + 'a>,
    append: PlacedAppend,
    piece_bytes: usize,
    begun: bool,
    ended: bool,
    content: Content,
    chain: Chain,
}

impl EncodedPieces<'_> {
    /// Returns the chain after the append, once all pieces were taken.
    pub(super) const fn chain_after(&self) -> Chain {
        self.chain
    }
}

impl Iterator for EncodedPieces<'_> {
    type Item = Vec<u8>;

    fn next(&mut self) -> Option<Vec<u8>> {
        if self.ended {
            return None;
        }
        let PlacedAppend { last, at, before } = self.append;
        let mut piece = Vec::with_capacity(self.piece_bytes + 4096);
        if !self.begun {
            self.begun = true;
            piece.extend_from_slice(copy::HEADER);
        }
        while piece.len() < self.piece_bytes {
            let Some((position, row)) = self.rows.next() else {
                self.ended = true;
                piece.extend_from_slice(copy::TRAILER);
                break;
            };
            let start = piece.len();
            piece.extend_from_slice(row);
            copy::place(&mut piece[start..], position, last, at);
            self.content.add(copy::covered(&piece[start..]));
            if position == last {
                let checksum = Checksum::new(before, self.content);
                self.chain = checksum.chain();
                copy::place_checksum(&mut piece, &checksum);
            }
        }
        Some(piece)
    }
}

/// Committed append.
pub(super) struct Committed {
    /// Head after it.
    pub head: Position,
    pub appended_at: Timestamp,
    /// Records that took a position.
    pub records: u64,
    pub took: Duration,
}
