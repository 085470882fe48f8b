//! Search threads: each answers batches of what waits.

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    time::Instant,
};

use super::{
    SearchScratch,
    batch::answer,
    cpu_time::thread_cpu_time,
    queue::{BatchTime, Shared},
    request::Answer,
};

/// Answers batches until the queue is stopped and empty.
pub(super) fn work(shared: &Shared) {
    let mut scratch = SearchScratch::default();
    let mut batch = Vec::with_capacity(shared.settings.batch_max);
    while shared.next_batch(&mut batch).is_some() {
        let (started, cpu_before) = (Instant::now(), thread_cpu_time());
        let given = batch.len();
        batch.retain(|job| !job.request.cancelled());
        shared.meters.cancelled.increment((given - batch.len()) as u64);
        if batch.is_empty() {
            shared.done(given, 0, BatchTime::default());
            continue;
        }
        #[expect(clippy::cast_precision_loss, reason = "a batch is small")]
        shared.meters.batch.record(batch.len() as f64);
        let searches = batch.len();
        for job in &batch {
            shared.meters.wait.record(started.duration_since(job.queued));
        }
        match catch_unwind(AssertUnwindSafe(|| answer(&batch, &mut scratch, &shared.meters))) {
            Ok(answers) => {
                if let Some((job, query)) = batch.iter().find_map(|job| Some((job, job.request.query()?))) {
                    shared.samples.offer(&job.view, query);
                }
                for (job, answer) in batch.drain(..).zip(answers) {
                    job.request.reply(answer, &shared.meters);
                }
            }
            // One of them is the culprit: alone, it fails alone.
            Err(_) => {
                for job in batch.drain(..) {
                    scratch = SearchScratch::default();
                    let alone = std::slice::from_ref(&job);
                    let answer = catch_unwind(AssertUnwindSafe(|| answer(alone, &mut scratch, &shared.meters).pop()))
                        .ok()
                        .flatten()
                        .unwrap_or_else(|| {
                            tracing::error!(name: "search.failed", "a search panicked; its requester got an error");
                            Answer::Failed
                        });
                    job.request.reply(answer, &shared.meters);
                }
                scratch = SearchScratch::default();
            }
        }
        let took = BatchTime { wall: started.elapsed(), cpu: thread_cpu_time().saturating_sub(cpu_before) };
        shared.done(given, searches, took);
        shared.meters.time.record(took.wall);
    }
}
