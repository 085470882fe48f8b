//! Offsets of streams outside, committed with the records that were read up to them.
//!
//! A sender names the offset that it began at. It is compared with the stored one under the lock of the head, so of two
//! senders that began at one offset only the first is accepted, and a request whose answer was lost is not accepted again.

use std::collections::HashMap;

use sqlx::{PgConnection, PgPool, Row};

use shelfmark_domain::{Id, OffsetCommit, OffsetMismatch, Position, StoredOffset, StreamPartition, Timestamp};

use super::{LogError, body::unreadable};

/// Offsets of the partitions that a batch names, as its requests move them.
#[derive(Default)]
pub(super) struct BatchOffsets {
    offsets: HashMap<StreamPartition, Offset>,
    /// Partitions with a stored offset, those of other batches among them.
    count: usize,
}

/// Offset of one partition.
#[derive(Default)]
struct Offset {
    next: Option<Id>,
    moved: bool,
}

impl BatchOffsets {
    /// Reads the stored offsets of the partitions that a batch names. Asks nothing when it names none.
    pub(super) async fn read(
        connection: &mut PgConnection,
        model_id: i32,
        named: impl Iterator<Item = &OffsetCommit>,
    ) -> Result<Self, sqlx::Error> {
        let mut offsets: HashMap<_, _> = named.map(|commit| (commit.of.clone(), Offset::default())).collect();
        if offsets.is_empty() {
            return Ok(Self::default());
        }
        let (topics, partitions): (Vec<&str>, Vec<&str>) =
            offsets.keys().map(|of| (of.topic.as_str(), of.partition.as_str())).unzip();
        let rows = sqlx::query(
            "select topic, partition, next_offset from stream_offsets where model_id = $1 \
             and (topic, partition) in (select * from unnest($2::text[], $3::text[]))",
        )
        .bind(model_id)
        .bind(topics)
        .bind(partitions)
        .fetch_all(&mut *connection)
        .await?;
        let missing = rows.len() < offsets.len();
        for row in &rows {
            let of = StreamPartition { topic: id(row.try_get(0)?)?, partition: id(row.try_get(1)?)? };
            offsets.insert(of, Offset { next: Some(id(row.try_get(2)?)?), moved: false });
        }
        let count: i64 = if missing {
            sqlx::query_scalar("select count(*) from stream_offsets where model_id = $1")
                .bind(model_id)
                .fetch_one(connection)
                .await?
        } else {
            0
        };
        Ok(Self { offsets, count: usize::try_from(count).unwrap_or(usize::MAX) })
    }

    /// Compares the offsets that a request began at with those that are stored.
    pub(super) fn check(&self, commits: &[OffsetCommit]) -> Result<(), LogError> {
        let stored = |commit: &OffsetCommit| self.offsets.get(&commit.of).and_then(|offset| offset.next.as_ref());
        let moved: Vec<OffsetMismatch> = commits
            .iter()
            .filter(|commit| stored(commit) != commit.start.as_ref())
            .map(|commit| OffsetMismatch {
                topic: commit.of.topic.clone(),
                partition: commit.of.partition.clone(),
                start_offset: commit.start.clone(),
                next_offset: stored(commit).cloned(),
            })
            .collect();
        if !moved.is_empty() {
            return Err(LogError::OffsetsMoved(moved));
        }
        let fresh = commits.iter().filter(|commit| commit.start.is_none()).count();
        if fresh > 0 && self.count + fresh > OffsetCommit::PARTITIONS_MAX {
            return Err(LogError::TooManyPartitions);
        }
        Ok(())
    }

    /// Moves the offsets of an accepted request.
    pub(super) fn apply(&mut self, commits: &[OffsetCommit]) {
        for OffsetCommit { of, start, next } in commits {
            self.count += usize::from(start.is_none());
            self.count -= usize::from(next.is_none() && self.count > 0);
            self.offsets.insert(of.clone(), Offset { next: next.clone(), moved: true });
        }
    }

    /// Whether a request was accepted that moved any.
    pub(super) fn are_moved(&self) -> bool {
        self.offsets.values().any(|offset| offset.moved)
    }

    /// Writes the moved offsets, within the transaction that holds the head's lock.
    pub(super) async fn write(
        &self,
        connection: &mut PgConnection,
        model_id: i32,
        head: Position,
    ) -> Result<(), sqlx::Error> {
        let (mut kept, mut removed) = ((Vec::new(), Vec::new(), Vec::new()), (Vec::new(), Vec::new()));
        for (of, offset) in self.offsets.iter().filter(|(_, offset)| offset.moved) {
            if let Some(next) = &offset.next {
                kept.0.push(of.topic.as_str());
                kept.1.push(of.partition.as_str());
                kept.2.push(next.as_str());
            } else {
                removed.0.push(of.topic.as_str());
                removed.1.push(of.partition.as_str());
            }
        }
        if !kept.0.is_empty() {
            sqlx::query(
                "insert into stream_offsets (model_id, topic, partition, next_offset, position, updated_at) \
                 select $1, topic, partition, next_offset, $5, clock_timestamp() \
                 from unnest($2::text[], $3::text[], $4::text[]) as moved (topic, partition, next_offset) \
                 on conflict (model_id, topic, partition) do update set next_offset = excluded.next_offset, \
                 position = excluded.position, updated_at = excluded.updated_at",
            )
            .bind(model_id)
            .bind(kept.0)
            .bind(kept.1)
            .bind(kept.2)
            .bind(head.as_i64())
            .execute(&mut *connection)
            .await?;
        }
        if !removed.0.is_empty() {
            sqlx::query(
                "delete from stream_offsets where model_id = $1 \
                 and (topic, partition) in (select * from unnest($2::text[], $3::text[]))",
            )
            .bind(model_id)
            .bind(removed.0)
            .bind(removed.1)
            .execute(connection)
            .await?;
        }
        Ok(())
    }
}

/// Lists the stored offsets, of one topic or all.
pub(super) async fn stored(pool: &PgPool, model_id: i32, topic: Option<&Id>) -> Result<Vec<StoredOffset>, LogError> {
    let rows = sqlx::query(
        "select topic, partition, next_offset, position, (extract(epoch from updated_at) * 1000000)::bigint \
         from stream_offsets where model_id = $1 \
         and ($2::text is null or topic = $2) order by topic, length(partition), partition",
    )
    .bind(model_id)
    .bind(topic.map(Id::as_str))
    .fetch_all(pool)
    .await?;
    rows.iter()
        .map(|row| {
            let position = Position::from_i64(row.try_get(3)?);
            let outside = || unreadable(position, "the time of an offset is out of range".to_owned());
            Ok(StoredOffset {
                topic: id(row.try_get(0)?)?,
                partition: id(row.try_get(1)?)?,
                next_offset: id(row.try_get(2)?)?,
                position,
                updated_at: Timestamp::from_micros(row.try_get(4)?).ok_or_else(outside)?,
            })
        })
        .collect()
}

fn id(text: &str) -> Result<Id, sqlx::Error> {
    Id::new("offset", text).map_err(|error| sqlx::Error::Decode(error.to_string().into()))
}
