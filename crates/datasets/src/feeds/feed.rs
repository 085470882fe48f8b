//! Feeds: files as streams of entries.

use std::{io, path::Path};

use shelfmark_domain::{Event, Item};

use super::{
    EventIds, FeedFormat, FeedSource, LINE_BYTES_MAX, LineReader, NextLine, ReadSoFar, Rees46,
    columns::{CsvHeader, excerpt},
    movielens, ndjson,
    retailrocket::RetailRocket,
};

/// An entry that was read from a line.
#[derive(Debug, Clone, PartialEq)]
pub struct FeedEntry {
    /// Line of the file, from 1.
    pub line: u64,
    /// The event or item.
    pub body: FeedBody,
}

/// An event or an item, as the HTTP API takes them.
#[derive(Debug, Clone, PartialEq)]
pub enum FeedBody {
    /// An event.
    Event(Event),
    /// An item with all of its metadata.
    Item(Item),
}

/// Error of a line that cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: {detail}")]
pub struct BadLine {
    /// Line of the file, from 1.
    pub line: u64,
    /// The error, with the name of the field where there is one.
    pub detail: String,
}

/// Errors of reading an entry.
#[derive(Debug, thiserror::Error)]
pub enum FeedError {
    /// The line cannot be used. Reading goes on after it.
    #[error(transparent)]
    Bad(#[from] BadLine),
    /// The file cannot be read any further (a broken disk, a truncated gzip stream). The feed has ended.
    #[error("cannot be read beyond line {line}")]
    Unreadable {
        /// Last line that was read.
        line: u64,
        /// Error of the system.
        source: io::Error,
    },
}

/// Options of reading a file.
#[derive(Debug, Clone, Default)]
pub struct FeedOptions {
    /// Salt that makes every event id new: see [`EventIds`].
    pub salt: Option<String>,
    /// Whether to make items from event rows that carry metadata (REES46).
    pub items_from_events: bool,
}

/// Errors of opening a file.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The system cannot open the file.
    #[error("{name} cannot be opened")]
    Io {
        /// Name of the file.
        name: String,
        /// Error of the system.
        source: io::Error,
    },
    /// Neither content nor name have a known format.
    #[error(
        "{name} has no format that is known; it begins with {begins_with}. Known are: our ndjson, MovieLens u.data, \
         u.item, ratings.csv and movies.csv, RetailRocket events.csv, REES46 csv (each also with gzip)"
    )]
    Unrecognised {
        /// Name of the file.
        name: String,
        /// Beginning of its first line.
        begins_with: String,
    },
}

/// An opened file: an iterator over its entries, in order, in constant memory.
pub struct Feed {
    name: String,
    bytes: Option<u64>,
    read: ReadSoFar,
    format: FeedFormat,
    lines: LineReader,
    /// Whether the current line was read to recognise the format and is still to be parsed.
    held: bool,
    begins_with_item: bool,
    parser: Parser,
    ids: EventIds,
    /// Second entry of the previous line.
    pending: Option<FeedEntry>,
    ended: bool,
}

enum Parser {
    Ndjson,
    MovieLensData,
    MovieLensItem,
    MovieLensRatings(movielens::Ratings),
    MovieLensMovies(movielens::Movies),
    RetailRocket(RetailRocket),
    Rees46(Box<Rees46>),
}

impl Feed {
    /// Opens a file; `-` is standard input.
    pub fn open(path: &Path, options: &FeedOptions) -> Result<Self, OpenError> {
        let name = || path.display().to_string();
        let source = FeedSource::open(path).map_err(|source| OpenError::Io { name: name(), source })?;
        Self::new(source, options)
    }

    /// Recognises the format of a source.
    pub fn new(source: FeedSource, options: &FeedOptions) -> Result<Self, OpenError> {
        let FeedSource { name, bytes, read, reader } = source;
        let mut lines = LineReader::new(reader);
        let mut empty = false;
        loop {
            match lines.next().map_err(|source| OpenError::Io { name: name.clone(), source })? {
                NextLine::Line if lines.current().trim_ascii().is_empty() => {}
                NextLine::Line => break,
                NextLine::TooLong => {
                    let begins_with = format!("a line of more than {LINE_BYTES_MAX} bytes");
                    return Err(OpenError::Unrecognised { name, begins_with });
                }
                NextLine::End => {
                    empty = true;
                    break;
                }
            }
        }
        let first = lines.current();
        // An empty file is a file of no events, whatever it was meant to be.
        let format = if empty { Some(FeedFormat::Ndjson) } else { FeedFormat::recognise(first, &name) };
        let Some(format) = format else {
            let begins_with = excerpt(&String::from_utf8_lossy(first));
            return Err(OpenError::Unrecognised { name, begins_with });
        };
        let header = || CsvHeader::new(&String::from_utf8_lossy(first));
        let parser = match format {
            FeedFormat::Ndjson => Parser::Ndjson,
            FeedFormat::MovieLensData => Parser::MovieLensData,
            FeedFormat::MovieLensItem => Parser::MovieLensItem,
            FeedFormat::MovieLensRatings => Parser::MovieLensRatings(movielens::Ratings::new(&header())),
            FeedFormat::MovieLensMovies => Parser::MovieLensMovies(movielens::Movies::new(&header())),
            FeedFormat::RetailRocket => Parser::RetailRocket(RetailRocket::new(&header())),
            FeedFormat::Rees46 => Parser::Rees46(Box::new(Rees46::new(&header(), options.items_from_events))),
        };
        let ids = EventIds::new(format, options.salt.clone());
        let held = !empty && !format.has_header();
        let begins_with_item = format == FeedFormat::Ndjson && std::str::from_utf8(first).is_ok_and(ndjson::is_item);
        Ok(Self { name, bytes, read, format, lines, held, begins_with_item, parser, ids, pending: None, ended: empty })
    }

    /// Returns the name of the file.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Returns the size of the file as stored, if known.
    pub fn bytes(&self) -> Option<u64> {
        self.bytes
    }

    /// Returns the counter of bytes read.
    pub fn read_so_far(&self) -> ReadSoFar {
        self.read.clone()
    }

    /// Returns the format.
    pub fn format(&self) -> FeedFormat {
        self.format
    }

    /// Whether the file holds items, by its format or, in ndjson, by its first line.
    pub fn is_metadata(&self) -> bool {
        match self.format {
            FeedFormat::MovieLensItem | FeedFormat::MovieLensMovies => true,
            FeedFormat::Ndjson => self.begins_with_item,
            FeedFormat::MovieLensData
            | FeedFormat::MovieLensRatings
            | FeedFormat::RetailRocket
            | FeedFormat::Rees46 => false,
        }
    }

    /// Returns the number of lines read so far.
    pub fn lines(&self) -> u64 {
        self.lines.number()
    }

    fn parse(&mut self) -> Result<(Option<Item>, Option<Event>), String> {
        let bytes = self.lines.current();
        let event_id = self.ids.next(self.lines.number(), bytes);
        if matches!(self.parser, Parser::MovieLensItem) {
            return movielens::item(bytes).map(|item| (Some(item), None));
        }
        let line = std::str::from_utf8(bytes).map_err(|error| format!("not UTF-8: {error}"))?;
        let event = match &mut self.parser {
            Parser::Ndjson => {
                return ndjson::body(line, event_id, self.ids.is_salted()).map(|body| match body {
                    FeedBody::Event(event) => (None, Some(event)),
                    FeedBody::Item(item) => (Some(item), None),
                });
            }
            Parser::MovieLensItem => unreachable!("read as Latin-1 above"),
            Parser::MovieLensMovies(movies) => return movies.item(line).map(|item| (Some(item), None)),
            Parser::Rees46(rees46) => {
                return rees46.entries(line, event_id).map(|(item, event)| (item, Some(event)));
            }
            Parser::MovieLensData => movielens::data_event(line, event_id)?,
            Parser::MovieLensRatings(ratings) => ratings.event(line, event_id)?,
            Parser::RetailRocket(retailrocket) => retailrocket.event(line, event_id)?,
        };
        Ok((None, Some(event)))
    }
}

impl Iterator for Feed {
    type Item = Result<FeedEntry, FeedError>;

    fn next(&mut self) -> Option<Self::Item> {
        if let Some(entry) = self.pending.take() {
            return Some(Ok(entry));
        }
        while !self.ended {
            if !std::mem::take(&mut self.held) {
                let line = self.lines.number();
                match self.lines.next() {
                    Ok(NextLine::Line) => {}
                    Ok(NextLine::TooLong) => {
                        let detail = format!("longer than {LINE_BYTES_MAX} bytes");
                        return Some(Err(BadLine { line: self.lines.number(), detail }.into()));
                    }
                    Ok(NextLine::End) => {
                        self.ended = true;
                        break;
                    }
                    Err(source) => {
                        self.ended = true;
                        return Some(Err(FeedError::Unreadable { line, source }));
                    }
                }
            }
            if self.lines.current().trim_ascii().is_empty() {
                continue;
            }
            let line = self.lines.number();
            let entry = |body| FeedEntry { line, body };
            return Some(match self.parse() {
                Ok((item, event)) => {
                    let mut bodies = item.map(FeedBody::Item).into_iter().chain(event.map(FeedBody::Event));
                    let first = bodies.next().expect("a line that was read says something");
                    self.pending = bodies.next().map(entry);
                    Ok(entry(first))
                }
                Err(detail) => Err(BadLine { line, detail }.into()),
            });
        }
        None
    }
}
