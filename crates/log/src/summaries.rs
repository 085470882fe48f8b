//! Summaries of full ranges in the index by user and item. Inserts leave them to this task, so that they cost appends
//! nothing.

use std::{sync::Arc, time::Duration};

use super::state::LogState;

/// Records of this process after which ranges are summarised. Until then a filtered page reads them one by one.
const RECORDS: u64 = 65_536;
/// Pause after a failure.
const PAUSE: Duration = Duration::from_secs(10);

/// Summarises every so many records that this process appended, until shutdown.
pub(super) async fn run(shared: Arc<LogState>) {
    shared.shutdown.run_until_cancelled(follow(&shared)).await;
}

async fn follow(shared: &LogState) {
    let mut appended = shared.level.appended();
    let mut summarised = *appended.borrow_and_update();
    loop {
        if appended.wait_for(|records| records - summarised >= RECORDS).await.is_err() {
            return;
        }
        let records = *appended.borrow();
        // Another process, or a vacuum, may be at it: the lock is waited for.
        let summary =
            sqlx::query("select brin_summarize_new_values('records_users_items')").execute(&shared.pool).await;
        match summary {
            Ok(_) => summarised = records,
            Err(error) => {
                tracing::warn!(error = &error as &dyn std::error::Error, "log.summary_failed");
                tokio::time::sleep(PAUSE).await;
            }
        }
    }
}
