//! Input files, in the order in which `replay` sends them and `evaluate` learns from them.

use std::{path::PathBuf, str::FromStr, sync::Arc};

use anyhow::{Context, bail};
use indicatif::HumanCount;
use shelfmark_client::Origin;
use shelfmark_datasets::feeds::{
    BadLine, ColumnRoles, Feed, FeedBody, FeedError, FeedFormat, FeedOptions, LineMeaning, Separator, TextEncoding,
    TsUnit,
};
use shelfmark_domain::{Event, Timestamp};

use super::stats::ReadStats;

/// Most events that `--sort` holds in memory.
const SORT_MAX: usize = 10_000_000;

/// How files are read, where their content does not say it, or says it wrongly.
#[derive(Debug, Clone, Default, clap::Args)]
pub struct FeedArgs {
    /// What the columns of a table of events are, by name or by number: user=user_id,item=sku,kind=event,ts=time; also
    /// session, value and event_id. Reads lines of JSON with other names, too.
    #[arg(long, help_heading = "Tables and times", value_name = "NAME=COLUMN,...")]
    columns: Option<ColumnRoles>,
    /// What separates the fields of a table: comma, semicolon, tab, pipe, or the text itself.
    #[arg(long, help_heading = "Tables and times", value_name = "TEXT")]
    separator: Option<Separator>,
    /// The first line of the table is a row: columns are numbers from 1.
    #[arg(long, help_heading = "Tables and times", requires = "columns")]
    no_header: bool,
    /// Unit of times: seconds, milliseconds, microseconds, nanoseconds (s, ms, us, ns), or iso for dates and times, which are in UTC
    /// where they do not say it.
    #[arg(long, help_heading = "Tables and times", alias = "time", value_name = "UNIT", value_parser = ts_unit)]
    ts_unit: Option<TsUnit>,
    /// Kind of the events of a table, where no column has it.
    #[arg(long, help_heading = "Tables and times", requires = "columns")]
    kind: Option<String>,
    /// Encoding of the files, such as latin1 or utf-16le; UTF-8, unless a byte order mark says otherwise.
    #[arg(long, help_heading = "Tables and times", value_name = "NAME")]
    encoding: Option<TextEncoding>,
}

fn ts_unit(text: &str) -> Result<TsUnit, String> {
    let short = |unit: &TsUnit| match unit {
        TsUnit::Seconds => "s",
        TsUnit::Milliseconds => "ms",
        TsUnit::Microseconds => "us",
        TsUnit::Nanoseconds => "ns",
        TsUnit::Iso => "iso8601",
    };
    TsUnit::ALL
        .into_iter()
        .find(|unit| [unit.name(), short(unit)].contains(&text))
        .ok_or_else(|| format!("must be one of {}", TsUnit::ALL.map(TsUnit::name).join(", ")))
}

impl FeedArgs {
    /// Returns the options of reading.
    pub fn options(&self, format: Option<FormatChoice>) -> FeedOptions {
        let FormatChoice { format, meaning } = format.unwrap_or_default();
        FeedOptions {
            format,
            meaning,
            columns: self.columns.clone(),
            kind: self.kind.clone(),
            separator: self.separator.clone(),
            no_header: self.no_header,
            ts_unit: self.ts_unit,
            encoding: self.encoding,
            ..FeedOptions::default()
        }
    }
}

/// A format on the command line.
#[derive(Debug, Clone, Copy, Default)]
pub struct FormatChoice {
    format: Option<FeedFormat>,
    meaning: LineMeaning,
}

impl FromStr for FormatChoice {
    type Err = String;

    fn from_str(name: &str) -> Result<Self, String> {
        let ndjson = |meaning| Ok(Self { format: Some(FeedFormat::Ndjson), meaning });
        match name {
            "ndjson-events" => ndjson(LineMeaning::Events),
            "ndjson-items" => ndjson(LineMeaning::Items),
            name => match FeedFormat::named(name) {
                Some(format) => Ok(Self { format: Some(format), meaning: LineMeaning::ByFields }),
                None => Err(format!(
                    "must be one of ndjson-events, ndjson-items, {}",
                    FeedFormat::all().map(FeedFormat::name).collect::<Vec<_>>().join(", ")
                )),
            },
        }
    }
}

/// Files to read, and how. Reading them twice gives the same entries in the same order.
#[derive(Clone)]
pub struct InputFiles {
    /// Files of items, read before all others.
    pub items: Vec<PathBuf>,
    /// Files of events or items.
    pub files: Vec<PathBuf>,
    /// Options of each of `files`.
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
        // What was said of the events is not said of them.
        let of_items =
            FeedOptions { format: None, meaning: LineMeaning::LikelyItems, columns: None, ..self.options.clone() };
        let mut feeds = self.items.iter().map(|path| Feed::open(path, &of_items)).collect::<Result<Vec<_>, _>>()?;
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
            sink.stats().passed_over += feed.passed_over();
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
