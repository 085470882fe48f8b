//! Input files, in the order in which `replay` sends them and `evaluate` learns from them.

use std::{path::PathBuf, sync::Arc};

use anyhow::{Context, bail};
use indicatif::HumanCount;
use shelfmark::{
    domain::{Event, Timestamp},
    feeds::{BadLine, Feed, FeedBody, FeedError, FeedOptions},
};
use shelfmark_client::Origin;

use super::stats::ReadStats;

/// Most events that `--sort` holds in memory.
const SORT_MAX: usize = 10_000_000;

/// Files to read, and how. Reading them twice gives the same entries in the same order.
#[derive(Clone)]
pub struct InputFiles {
    /// Files of items, read before all others.
    pub items: Vec<PathBuf>,
    /// Files of events or items.
    pub files: Vec<PathBuf>,
    /// Options of each file.
    pub options: FeedOptions,
    /// Whether to order events by time instead of by line.
    pub sort: bool,
    /// Whether to stop at the first bad line.
    pub strict: bool,
}

/// Receiver of entries.
pub trait EntrySink {
    /// Takes an entry.
    fn entry(&mut self, origin: Origin, body: FeedBody) -> anyhow::Result<()>;
    /// Takes a bad line.
    fn bad(&mut self, file: &Arc<str>, bad: &BadLine) -> anyhow::Result<()>;
    /// Returns the counts of reading.
    fn stats(&mut self) -> &mut ReadStats;
}

impl InputFiles {
    /// Opens all files, so that a missing or unknown file is reported before anything is sent.
    pub fn open(&self) -> anyhow::Result<Vec<Feed>> {
        let open = |path: &PathBuf| Feed::open(path, &self.options);
        let mut feeds = self.items.iter().map(open).collect::<Result<Vec<_>, _>>()?;
        let (metadata, events): (Vec<_>, Vec<_>) =
            self.files.iter().map(open).collect::<Result<Vec<_>, _>>()?.into_iter().partition(Feed::is_metadata);
        feeds.extend(metadata);
        feeds.extend(events);
        Ok(feeds)
    }

    /// Passes everything to `sink`, in order.
    pub fn read(&self, feeds: Vec<Feed>, sink: &mut impl EntrySink) -> anyhow::Result<()> {
        let mut held: Vec<(Origin, Event)> = Vec::new();
        for mut feed in feeds {
            let file: Arc<str> = Arc::from(feed.name());
            let lines_before = sink.stats().lines;
            let mut newest = Timestamp::MIN;
            while let Some(entry) = feed.next() {
                sink.stats().lines = lines_before + feed.lines();
                match entry {
                    Ok(entry) => {
                        let origin = Origin { file: file.clone(), line: entry.line };
                        match entry.body {
                            FeedBody::Event(event) if self.sort => {
                                if held.len() == SORT_MAX {
                                    bail!(
                                        "--sort holds at most {} events in memory: sort the file",
                                        HumanCount(SORT_MAX as u64)
                                    );
                                }
                                held.push((origin, event));
                            }
                            FeedBody::Event(event) => {
                                sink.stats().backwards += u64::from(event.ts < newest);
                                newest = event.ts;
                                sink.entry(origin, FeedBody::Event(event))?;
                            }
                            FeedBody::Item(item) => sink.entry(origin, FeedBody::Item(item))?,
                        }
                    }
                    Err(FeedError::Bad(bad)) => {
                        sink.bad(&file, &bad)?;
                        if self.strict {
                            sink.stats().stopped = true;
                            break;
                        }
                    }
                    Err(error @ FeedError::Unreadable { .. }) => return Err(error).context(file),
                }
            }
            sink.stats().lines = lines_before + feed.lines();
            if sink.stats().stopped {
                break;
            }
        }
        // Stable: events of one time stay in the order of their lines, so baskets stay together.
        held.sort_by_key(|(_, event)| event.ts);
        for (origin, event) in held {
            sink.entry(origin, FeedBody::Event(event))?;
        }
        Ok(())
    }
}
