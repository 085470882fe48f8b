//! Check of a whole log: every record is there, and every append matches its checksum.

use futures::TryStreamExt;
use serde::Serialize;
use sqlx::{PgPool, Row, postgres::PgRow};

use shelfmark_domain::Position;

use super::{
    LogError,
    append_check::AppendCheck,
    checksum::{Checksum, Mismatch},
    copy::record_columns,
    stored_row,
};

/// Records of one query.
const PAGE: i64 = 20_000;
/// Problems that are described; more are counted.
const PROBLEMS_MAX: usize = 100;

/// What a check of a log found.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct LogCheck {
    /// Records in the table.
    pub records: u64,
    /// Appends that do not disagree with their checksums.
    pub appends: u64,
    /// Position from which on appends have checksums. What is before it was appended by builds without.
    pub checked_from: Position,
    /// Appends that a user was erased from since.
    pub erased: u64,
    /// What is wrong, by position; empty when nothing is. At most 100, and then how many more.
    pub problems: Vec<String>,
}

/// Reads all records of a model in order.
pub(super) async fn check_log(
    pool: &PgPool,
    model_id: i32,
    reached: &(dyn Fn(Position) + Send + Sync),
) -> Result<LogCheck, LogError> {
    let mut transaction = pool.begin().await?;
    // One snapshot: an erasure that commits meanwhile changes rows and checksums together.
    sqlx::query("set transaction isolation level repeatable read, read only").execute(&mut *transaction).await?;
    let row = sqlx::query(
        "select head, unchecked_through, greatest(head, (select max(position) from records where model_id = id)) \
         from models where id = $1",
    )
    .bind(model_id)
    .fetch_one(&mut *transaction)
    .await?;
    let [head, unchecked, end]: [i64; 3] = [row.try_get(0)?, row.try_get(1)?, row.try_get(2)?];
    let mut walk = Walk::new(Position::from_i64(unchecked));
    let mut from = 0;
    while from < end {
        let mut rows = sqlx::query(concat!(
            "select ",
            record_columns!(),
            ", checksum from records where model_id = $1 and position > $2 and position <= $3 order by position",
        ))
        .bind(model_id)
        .bind(from)
        .bind(from.saturating_add(PAGE))
        .fetch(&mut *transaction);
        while let Some(row) = rows.try_next().await? {
            walk.take(&row)?;
        }
        from = from.saturating_add(PAGE);
        reached(Position::from_i64(from.min(end)));
    }
    transaction.rollback().await?;
    Ok(walk.end(Position::from_i64(head)))
}

/// State of the check between two rows.
struct Walk {
    check: AppendCheck,
    found: LogCheck,
    unchecked_through: Position,
    /// Position of the row before.
    previous: Position,
    /// First record of the append that is not at its end yet.
    open: Option<Position>,
    more: u64,
}

impl Walk {
    fn new(unchecked_through: Position) -> Self {
        Self {
            check: AppendCheck::after(Position::ZERO),
            found: LogCheck { checked_from: unchecked_through.next(), ..LogCheck::default() },
            unchecked_through,
            previous: Position::ZERO,
            open: None,
            more: 0,
        }
    }

    fn take(&mut self, row: &PgRow) -> Result<(), LogError> {
        let (position, append_last) = (stored_row::position(row)?, stored_row::append_last(row)?);
        if position != self.previous.next() {
            self.missing(self.previous.next(), Position::new(position.get() - 1));
            // The next append may have lost its beginning, and nothing in its rows says so. It is not compared.
            self.check.interrupt();
            self.open = None;
        }
        self.found.records += 1;
        self.previous = position;
        let first = *self.open.get_or_insert(position);
        let ends = position == append_last;
        let mismatch = self.check.take(row, ends)?;
        if !ends {
            return Ok(());
        }
        self.open = None;
        match mismatch {
            None => {
                self.found.appends += 1;
                let erased = matches!(stored_row::checksum(row)?, Some(Ok(Checksum::Erased { .. })));
                self.found.erased += u64::from(erased);
            }
            Some(Mismatch::Missing) if position <= self.unchecked_through => {}
            Some(mismatch) => self.problem(format!("append at positions {first} to {position}: {mismatch}")),
        }
        Ok(())
    }

    fn missing(&mut self, first: Position, last: Position) {
        self.problem(format!("P3: the records at positions {first} to {last} are missing"));
    }

    fn problem(&mut self, problem: String) {
        if self.found.problems.len() < PROBLEMS_MAX {
            self.found.problems.push(problem);
        } else {
            self.more += 1;
        }
    }

    fn end(mut self, head: Position) -> LogCheck {
        if let Some(first) = self.open {
            self.problem(format!("P3: the append that begins at position {first} lacks its last records"));
        }
        if self.previous < head {
            self.missing(self.previous.next(), head);
        }
        if self.previous > head {
            let last = self.previous;
            self.problem(format!("P3: the log ends at position {head}, and there are records up to position {last}"));
        }
        if self.more > 0 {
            self.found.problems.push(format!("{} more problems of the log", self.more));
        }
        self.found
    }
}
