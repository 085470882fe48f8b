//! Files in the order in which `replay` sends them and `evaluate` learns from them.

use std::{path::PathBuf, sync::Arc};

use anyhow::{Context, bail};
use shelfmark::{
    domain::{Event, Timestamp},
    feeds::{BadLine, Feed, FeedBody, FeedError, FeedOptions},
};
use shelfmark_client::Origin;

use super::stats::{ReadStats, grouped};

/// Most events that `--sort` holds.
const SORT_MAX: usize = 10_000_000;

/// What to read, and how. Reading twice gives the same entries in the same order.
#[derive(Clone)]
pub struct InputFiles {
    /// Item files, before all others.
    pub items: Vec<PathBuf>,
    /// Files of any kind.
    pub files: Vec<PathBuf>,
    /// How to read each.
    pub options: FeedOptions,
    /// Events in order of time instead of lines.
    pub sort: bool,
    /// Stop at the first bad line.
    pub strict: bool,
}

/// Where entries go.
pub trait EntrySink {
    /// Takes an entry.
    fn entry(&mut self, origin: Origin, body: FeedBody) -> anyhow::Result<()>;
    /// Hears of a bad line.
    fn bad(&mut self, file: &Arc<str>, bad: &BadLine) -> anyhow::Result<()>;
    /// Where reading is counted.
    fn stats(&mut self) -> &mut ReadStats;
}

impl InputFiles {
    /// Opens all files: a file that is not there or not understood is told before anything is sent.
    pub fn open(&self) -> anyhow::Result<Vec<Feed>> {
        let open = |path: &PathBuf| Feed::open(path, &self.options);
        let mut feeds = self.items.iter().map(open).collect::<Result<Vec<_>, _>>()?;
        let (metadata, events): (Vec<_>, Vec<_>) =
            self.files.iter().map(open).collect::<Result<Vec<_>, _>>()?.into_iter().partition(Feed::is_metadata);
        feeds.extend(metadata);
        feeds.extend(events);
        Ok(feeds)
    }

    /// Hands everything to `sink`, in order.
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
                                        grouped(SORT_MAX as u64)
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
