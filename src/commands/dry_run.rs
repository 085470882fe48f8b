//! `shelfmark replay --dry-run`: files are read to their end, and what would be sent is counted.

use std::{collections::BTreeMap, fmt, process::ExitCode, sync::Arc};

use indicatif::HumanCount;
use shelfmark_client::Origin;
use shelfmark_datasets::feeds::{BadLine, Feed, FeedBody};
use shelfmark_domain::Timestamp;

use super::{
    exit_status::Taken,
    input::{EntrySink, InputFiles},
    stats::ReadStats,
    table::wrap,
};

/// Kinds that are counted one by one. A model has no more.
const KINDS_MAX: usize = 64;

/// Counts of what was read.
#[derive(Default)]
struct DryRun {
    stats: ReadStats,
    items: u64,
    events: u64,
    kinds: BTreeMap<String, u64>,
    /// Events of kinds beyond [`KINDS_MAX`].
    other_kinds: u64,
    /// Times of the earliest and the latest event.
    times: Option<(Timestamp, Timestamp)>,
}

impl EntrySink for DryRun {
    fn entry(&mut self, _: Origin, body: FeedBody) -> anyhow::Result<()> {
        let FeedBody::Event(event) = body else {
            self.items += 1;
            return Ok(());
        };
        self.events += 1;
        let (first, last) = self.times.unwrap_or((event.ts, event.ts));
        self.times = Some((first.min(event.ts), last.max(event.ts)));
        if let Some(count) = self.kinds.get_mut(&event.kind) {
            *count += 1;
        } else if self.kinds.len() < KINDS_MAX {
            self.kinds.insert(event.kind, 1);
        } else {
            self.other_kinds += 1;
        }
        Ok(())
    }

    fn bad(&mut self, file: &Arc<str>, bad: &BadLine) -> anyhow::Result<()> {
        if let Some(line) = self.stats.count_bad(file, bad) {
            eprintln!("{line}");
        }
        Ok(())
    }

    fn stats(&mut self) -> &mut ReadStats {
        &mut self.stats
    }
}

impl fmt::Display for DryRun {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}", self.stats)?;
        writeln!(f, "items       {}", HumanCount(self.items))?;
        write!(f, "events      {}", HumanCount(self.events))?;
        if let Some((first, last)) = self.times {
            write!(f, ", {first} to {last}")?;
        }
        writeln!(f)?;
        let mut kinds: Vec<String> =
            self.kinds.iter().map(|(kind, count)| format!("{kind}: {}", HumanCount(*count))).collect();
        if self.other_kinds > 0 {
            kinds.push(format!("others: {}", HumanCount(self.other_kinds)));
        }
        if !kinds.is_empty() {
            writeln!(f, "{}", wrap(&format!("kinds       {}", kinds.join(", "))))?;
        }
        write!(f, "nothing was sent")
    }
}

/// Reads all files and prints the counts.
pub fn run(input: &InputFiles, feeds: Vec<Feed>, allow_bad: u64) -> anyhow::Result<ExitCode> {
    let mut run = DryRun::default();
    input.read(feeds, &mut run)?;
    println!("{run}");
    Ok(Taken { taken: run.items + run.events, refused: run.stats.bad }.exit_code(allow_bad))
}
