//! Summaries of full ranges in the index by user and item. Inserts leave them to this task, so that they cost appends
//! nothing.
//!
//! The range at the end of the table is left out. Each insert into a range that has a summary writes the summary anew,
//! with both of its filters: 30 us a record, while an append takes 5.

use std::{sync::Arc, time::Duration};

use sqlx::PgPool;

use super::state::LogState;

/// Records of this process after which ranges are summarised. Until then a filtered page reads them one by one.
const RECORDS: u64 = 65_536;
/// Ranges of one statement, which holds off a vacuum and other summaries: some 20 ms.
const RANGES_MAX: i64 = 256;
/// Pause after a failure.
const PAUSE: Duration = Duration::from_secs(10);

/// Summarises every so many records that this process appended, until shutdown.
pub(super) async fn run(shared: Arc<LogState>) {
    shared.shutdown.run_until_cancelled(follow(&shared)).await;
}

async fn follow(shared: &LogState) {
    let mut appended = shared.level.appended();
    let mut summarised = *appended.borrow_and_update();
    let mut ranges = 0;
    loop {
        if appended.wait_for(|records| records - summarised >= RECORDS).await.is_err() {
            return;
        }
        let records = *appended.borrow();
        match summarise(&shared.pool, &mut ranges).await {
            Ok(()) => summarised = records,
            Err(error) => {
                tracing::warn!(error = &error as &dyn std::error::Error, "log.summary_failed");
                tokio::time::sleep(PAUSE).await;
            }
        }
    }
}

/// Summarises the full ranges of the table from `next` on, and moves `next` behind them. Those that have a summary, by
/// another process or a vacuum, cost a look each.
async fn summarise(pool: &PgPool, next: &mut i64) -> Result<(), sqlx::Error> {
    loop {
        let done: i64 = sqlx::query_scalar(
            "with full_ranges as (
                 select n, n * 32 as block from generate_series(
                     $1, pg_relation_size('records') / (32 * current_setting('block_size')::bigint) - 1) as n
                 limit $2)
             select count(brin_summarize_range('records_users_items', block)) from full_ranges",
        )
        .bind(*next)
        .bind(RANGES_MAX)
        .fetch_one(pool)
        .await?;
        *next += done;
        if done < RANGES_MAX {
            return Ok(());
        }
    }
}
