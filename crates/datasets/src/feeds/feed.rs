//! Feeds: files as streams of entries.

use std::{
    collections::VecDeque,
    io::{self, BufRead, BufReader},
    path::Path,
};

use super::{
    BadLine, EventIds, FeedBody, FeedEntry, FeedError, FeedFormat, FeedOptions, FeedSource, LINE_BYTES_MAX, LineReader,
    ReadSoFar,
    encoding::decoded,
    parser::Parser,
    recognise::{Recognised, recognise, text},
    records::{NextRecord, RecordReader},
    xml_products::{self, XmlProducts},
};

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
        "{name} has no format that is known; it begins with {begins_with}. Known are: our ndjson, MovieLens, \
         RetailRocket, REES46, Yoochoose, Diginetica, RecBole, Amazon Personalize, Segment, Google Analytics 4, Google \
         Merchant{hint}"
    )]
    Unrecognised {
        /// Name of the file.
        name: String,
        /// Beginning of its first line.
        begins_with: String,
        /// What may help.
        hint: String,
    },
    /// The content does not fit what was said of it.
    #[error("{name}: {detail}")]
    Unclear {
        /// Name of the file.
        name: String,
        /// The error.
        detail: String,
    },
}

/// An opened file: an iterator over its entries, in order, in constant memory.
pub struct Feed {
    name: String,
    bytes: Option<u64>,
    read: ReadSoFar,
    format: FeedFormat,
    records: RecordReader,
    /// Whether the current record was read to recognise the format and is still to be parsed.
    held: bool,
    begins_with_item: bool,
    parser: Parser,
    ids: EventIds,
    /// What the current record says; empty between records.
    bodies: Vec<FeedBody>,
    /// Records that said nothing of an event or item.
    passed_over: u64,
    /// Entries that were read and not given yet: the second one of a line, and those of a preview.
    pending: VecDeque<Result<FeedEntry, FeedError>>,
    ended: bool,
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
        let broken = |source| OpenError::Io { name: name.clone(), source };
        let text = as_lines(decoded(reader, options.encoding).map_err(broken)?).map_err(broken)?;
        let mut records = RecordReader::new(LineReader::new(text));
        let mut empty = false;
        loop {
            match records.next().map_err(broken)? {
                NextRecord::Record if records.current().trim_ascii().is_empty() => {}
                NextRecord::Record => break,
                NextRecord::TooLong => {
                    let begins_with = format!("a line of more than {LINE_BYTES_MAX} bytes");
                    return Err(OpenError::Unrecognised { name, begins_with, hint: String::new() });
                }
                NextRecord::End => {
                    empty = true;
                    break;
                }
            }
        }
        if empty {
            // A file of no events, whatever it was meant to be.
            let options = FeedOptions { format: Some(FeedFormat::Ndjson), ..options.clone() };
            let recognised = recognise(&name, &mut records, &options)?;
            return Ok(Self::of((name, bytes, read), records, recognised, &options, true));
        }
        let recognised = recognise(&name, &mut records, options)?;
        Ok(Self::of((name, bytes, read), records, recognised, options, false))
    }

    fn of(
        (name, bytes, read): (String, Option<u64>, ReadSoFar),
        mut records: RecordReader,
        Recognised { format, parser, has_header, quoting }: Recognised,
        options: &FeedOptions,
        ended: bool,
    ) -> Self {
        let begins_with_item = parser.gives_items(records.current());
        if let Some((separator, fields)) = quoting {
            records.set_quoting(separator, fields, !has_header);
        }
        let ids = EventIds::new(format, options.salt.clone());
        let (held, pending) = (!ended && !has_header, VecDeque::new());
        Self {
            name,
            bytes,
            read,
            format,
            records,
            held,
            begins_with_item,
            parser,
            ids,
            bodies: Vec::new(),
            passed_over: 0,
            pending,
            ended,
        }
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
        self.begins_with_item
    }

    /// Returns the number of lines read so far.
    pub fn lines(&self) -> u64 {
        self.records.lines()
    }

    /// Returns the number of records so far that were understood and say nothing of an event or item.
    pub fn passed_over(&self) -> u64 {
        self.passed_over
    }

    /// Returns the first entries as they were understood, without taking them: `count` at most, out of a few lines.
    pub fn preview(&mut self, count: usize) -> impl Iterator<Item = &FeedEntry> {
        const LINES_MAX: usize = 20;
        let understood = |pending: &VecDeque<Result<FeedEntry, FeedError>>| pending.iter().flatten().count();
        while understood(&self.pending) < count && self.pending.len() < LINES_MAX && self.fill() {}
        self.pending.iter().flatten().take(count)
    }

    /// Reads the next record that says something into `pending`, and returns `false` at the end.
    fn fill(&mut self) -> bool {
        while !self.ended {
            if !std::mem::take(&mut self.held) {
                let line = self.records.lines();
                match self.records.next() {
                    Ok(NextRecord::Record) => {}
                    Ok(NextRecord::TooLong) => {
                        let detail = format!("longer than {LINE_BYTES_MAX} bytes");
                        self.pending.push_back(Err(BadLine { line: self.records.number(), detail }.into()));
                        return true;
                    }
                    Ok(NextRecord::End) => {
                        self.ended = true;
                        return false;
                    }
                    Err(source) => {
                        self.ended = true;
                        self.pending.push_back(Err(FeedError::Unreadable { line, source }));
                        return true;
                    }
                }
            }
            // Spaces at the end are no part of a line for its id, as in earlier releases.
            let (line, record) = (self.records.number(), self.records.current());
            let trimmed = record.trim_ascii_end();
            if trimmed.is_empty() {
                continue;
            }
            let event_id = self.ids.next(line, trimmed);
            let parsed =
                text(self.format, record).and_then(|record| self.parser.parse(&record, event_id, &mut self.bodies));
            // A record of several events may be wrong in one of them: the others are good.
            let before = self.pending.len();
            self.pending.extend(self.bodies.drain(..).map(|body| Ok(FeedEntry { line, body })));
            match parsed {
                Ok(()) if self.pending.len() == before => self.passed_over += 1,
                Ok(()) => return true,
                Err(detail) => {
                    self.pending.push_back(Err(BadLine { line, detail }.into()));
                    return true;
                }
            }
        }
        false
    }
}

/// Returns text in lines: as it is, or the products of an XML file.
fn as_lines(mut text: Box<dyn BufRead + Send>) -> io::Result<Box<dyn BufRead + Send>> {
    if !xml_products::begins(&mut text)? {
        return Ok(text);
    }
    Ok(Box::new(BufReader::new(XmlProducts::new(text))))
}

impl Iterator for Feed {
    type Item = Result<FeedEntry, FeedError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.pending.is_empty() {
            self.fill();
        }
        self.pending.pop_front()
    }
}
