//! Recognition of a file's format, and of the text between its fields, by its first lines.

use super::{
    ColumnRole, FeedFormat, FeedOptions, OpenError, PublishedFormat, Separator,
    cells::excerpt,
    csv::{CsvHeader, RecordScan},
    movielens,
    options::ColumnRoles,
    parser::Parser,
    records::RecordReader,
    table::{self, Table},
    times::TsUnit,
};

/// Lines behind the first one that a guess is checked on.
const SAMPLE_LINES: usize = 20;

/// What was recognised.
pub(super) struct Recognised {
    pub format: FeedFormat,
    pub parser: Parser,
    /// Whether the first line names the columns.
    pub has_header: bool,
    /// Text between fields, and their number, where quoted fields may go over lines.
    pub quoting: Option<(Separator, Option<usize>)>,
}

/// Recognises what is in `records`, of which the first line that is not blank is the current one.
///
/// What was given decides, then content, then the file's name.
pub(super) fn recognise(
    name: &str,
    records: &mut RecordReader,
    options: &FeedOptions,
) -> Result<Recognised, OpenError> {
    let first = String::from_utf8_lossy(records.current()).into_owned();
    let sample: Vec<String> =
        records.peek(SAMPLE_LINES).map(|line| String::from_utf8_lossy(line).into_owned()).collect();
    let lines = Lines { name, first: &first, sample: &sample };
    let unclear = |detail: String| OpenError::Unclear { name: name.to_owned(), detail };
    if let Some(format) = options.format.filter(|format| *format != FeedFormat::Table) {
        return lines.of(format, options).map_err(unclear);
    }
    let by_content = || lines.by_content(options.separator.as_ref());
    if let Some(roles) = &options.columns {
        return match lines.table(roles, options) {
            Ok(found) => Ok(found),
            // Films beside a table of events: the columns were not meant for them.
            Err(error) => match by_content().filter(|_| options.format.is_none()) {
                Some(format) => lines.of(format, options).map_err(unclear),
                None => Err(unclear(error)),
            },
        };
    }
    if options.format == Some(FeedFormat::Table) {
        return Err(unclear("a table needs --columns, such as user=user_id,item=item_id,kind=kind,ts=time".to_owned()));
    }
    match by_content().or_else(|| FeedFormat::by_name(name)) {
        Some(format) => lines.of(format, options).map_err(unclear),
        None => {
            Err(OpenError::Unrecognised { name: name.to_owned(), begins_with: excerpt(&first), hint: lines.hint() })
        }
    }
}

/// Whether the columns of a table are those of a format that is recognised by its header.
pub(super) fn is_table(header: &CsvHeader) -> bool {
    let has = |format: FeedFormat| {
        format.columns().is_some_and(|columns| columns.iter().all(|column| header.find(column).is_some()))
    };
    FeedFormat::OWN.into_iter().any(has) || PublishedFormat::by_header(header).is_some()
}

/// The first lines of a file.
struct Lines<'a> {
    name: &'a str,
    first: &'a str,
    sample: &'a [String],
}

impl Lines<'_> {
    fn by_content(&self, separator: Option<&Separator>) -> Option<FeedFormat> {
        let first = self.first.trim();
        if let Some(format) = PublishedFormat::by_first_line(first, separator) {
            return Some(FeedFormat::Published(format));
        }
        if first.starts_with('{') {
            return Some(FeedFormat::Ndjson);
        }
        let has_columns = |format: &FeedFormat| {
            format.columns().is_some_and(|columns| self.separator_of(columns, separator).is_some())
        };
        if let Some(format) = FeedFormat::OWN.into_iter().find(has_columns) {
            return Some(format);
        }
        if self.are_ratings("\t") {
            return Some(FeedFormat::MovieLensData);
        }
        if self.are_ratings("::") {
            return Some(FeedFormat::MovieLensRatingsDat);
        }
        let is_number = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
        let pipes: Vec<&str> = first.split('|').collect();
        if pipes.len() == 24 && pipes[5..].iter().all(|flag| matches!(flag.trim(), "0" | "1")) {
            return Some(FeedFormat::MovieLensItem);
        }
        let is_user = |fields: &[&str], sex: usize| {
            fields.len() == 5 && is_number(fields[0]) && matches!(fields[sex], "M" | "F") && is_number(fields[3 - sex])
        };
        let colons: Vec<&str> = first.split("::").collect();
        if is_user(&pipes, 2) || is_user(&colons, 1) {
            return Some(FeedFormat::MovieLensUsers);
        }
        let is_film = colons.len() >= 3 && is_number(colons[0]);
        // Some titles have no year, and some hold colons.
        let has_year = |line: &str| line.rsplit_once("::").is_some_and(|(film, _)| film.trim_end().ends_with(')'));
        let has_years = has_year(self.first) || self.sample.iter().any(|line| has_year(line));
        (is_film && has_years).then_some(FeedFormat::MovieLensMoviesDat)
    }

    /// Whether the lines have four numbers that can only be user, film, rating and seconds.
    fn are_ratings(&self, between: &str) -> bool {
        let is_rating = |line: &str| {
            let fields: Vec<&str> = line.split(between).map(str::trim).collect();
            let [user, movie, rating, seconds] = fields[..] else { return false };
            let number = |text: &str| text.parse::<f64>().ok();
            let is_whole = |text: &str| number(text).is_some_and(|number| number >= 0.0 && number.fract() == 0.0);
            // Half stars, five or ten of them.
            let is_stars = |stars: f64| (0.0..=10.0).contains(&stars) && (2.0 * stars).fract() == 0.0;
            is_whole(user)
                && is_whole(movie)
                && number(rating).is_some_and(is_stars)
                && number(seconds).is_some_and(|seconds| TsUnit::of(seconds) == Some(TsUnit::Seconds))
        };
        let lines = std::iter::once(self.first).chain(self.sample.iter().map(String::as_str));
        let lines = lines.filter(|line| !line.trim().is_empty());
        let (sound, all) = lines.fold((0, 0), |(sound, all), line| (sound + usize::from(is_rating(line)), all + 1));
        // A broken line among the first ones does not make it another format.
        is_rating(self.first) && 2 * sound >= all
    }

    /// Returns the text between the fields of a header that has these columns.
    fn separator_of(&self, columns: &[&str], given: Option<&Separator>) -> Option<Separator> {
        let has = |separator: &Separator| {
            let header = CsvHeader::new(self.first, separator);
            columns.iter().all(|column| header.find(column).is_some())
        };
        match given {
            Some(given) => has(given).then(|| given.clone()),
            None => Separator::KNOWN.into_iter().find(has),
        }
    }

    /// Makes the parser of a format.
    fn of(&self, format: FeedFormat, options: &FeedOptions) -> Result<Recognised, String> {
        let given = options.separator.clone();
        if let Some(columns) = format.columns() {
            let separator = self.separator_of(columns, given.as_ref()).ok_or_else(|| self.lacks(format, columns))?;
            let header = CsvHeader::new(self.first, &separator);
            if let Some(twice) = header.twice(columns.iter().copied()) {
                return Err(format!("column {twice} is there twice"));
            }
            let fields = header.names().len();
            let parser = Parser::with_header(format, &header, separator.clone(), options);
            return Ok(Recognised { format, parser, has_header: true, quoting: Some((separator, Some(fields))) });
        }
        if let FeedFormat::Published(published) = format {
            return self.published(published, given, options);
        }
        let separator = given.or_else(|| match format {
            FeedFormat::MovieLensData => Some(self.splitting(4).unwrap_or(Separator::TAB)),
            FeedFormat::MovieLensRatingsDat => Some(self.splitting(4).unwrap_or(Separator::DOUBLE_COLON)),
            FeedFormat::MovieLensMoviesDat => Some(Separator::DOUBLE_COLON),
            FeedFormat::Ndjson
            | FeedFormat::MovieLensItem
            | FeedFormat::MovieLensRatings
            | FeedFormat::MovieLensMovies
            | FeedFormat::MovieLensUsers
            | FeedFormat::RetailRocket
            | FeedFormat::Rees46
            | FeedFormat::Table
            | FeedFormat::Published(_) => None,
        });
        let parser = Parser::without_header(format, separator.unwrap_or(Separator::COMMA), options);
        Ok(Recognised { format, parser, has_header: false, quoting: None })
    }

    /// Makes the parser of a published format.
    fn published(
        &self,
        published: PublishedFormat,
        given: Option<Separator>,
        options: &FeedOptions,
    ) -> Result<Recognised, String> {
        let format = FeedFormat::Published(published);
        if !published.has_header() {
            let parser = Parser::without_header(format, given.unwrap_or(Separator::COMMA), options);
            return Ok(Recognised { format, parser, has_header: false, quoting: None });
        }
        let fits = |separator: &Separator| published.fits(&CsvHeader::new(self.first, separator));
        let separator = given
            .filter(fits)
            .or_else(|| Separator::KNOWN.into_iter().find(fits))
            .ok_or_else(|| format!("is no {format}: its columns are {}", self.widest_header().names().join(", ")))?;
        let header = CsvHeader::new(self.first, &separator);
        if let Some(twice) = header.twice(header.names().iter().map(String::as_str)) {
            return Err(format!("column {twice} is there twice"));
        }
        let fields = header.names().len();
        let parser = Parser::with_header(format, &header, separator.clone(), options);
        Ok(Recognised { format, parser, has_header: true, quoting: Some((separator, Some(fields))) })
    }

    /// Returns the separator that splits the first line into so many fields.
    fn splitting(&self, fields: usize) -> Option<Separator> {
        let has = |separator: &Separator| self.first.split(separator.as_str()).count() == fields;
        [Separator::TAB, Separator::DOUBLE_COLON, Separator::COMMA, Separator::PIPE].into_iter().find(has)
    }

    fn lacks(&self, format: FeedFormat, columns: &[&str]) -> String {
        let header = self.widest_header();
        let lacking: Vec<&str> = columns.iter().copied().filter(|column| header.find(column).is_none()).collect();
        format!(
            "is no {format}: it has no column {}; its columns are {}",
            lacking.join(", "),
            header.names().join(", ")
        )
    }

    /// Returns the header under the separator that gives the most columns.
    fn widest_header(&self) -> CsvHeader {
        let headers = Separator::KNOWN.map(|separator| CsvHeader::new(self.first, &separator));
        headers.into_iter().rev().max_by_key(|header| header.names().len()).expect("five separators")
    }

    /// Makes the parser of a table of one's own.
    fn table(&self, roles: &ColumnRoles, options: &FeedOptions) -> Result<Recognised, String> {
        let format = FeedFormat::Table;
        let named: Vec<&str> = ColumnRole::ALL.into_iter().filter_map(|role| roles.get(role)).collect();
        if self.first.trim_start().starts_with('{') {
            let object = super::json::object(self.first.trim().as_bytes())?;
            if options.format.is_none() && !named.iter().any(|name| object.contains_key(*name)) {
                return Err(format!("its first object has none of {}", named.join(", ")));
            }
            let parser = Parser::Table(Box::new(Table::objects(options, roles)?));
            return Ok(Recognised { format, parser, has_header: false, quoting: None });
        }
        let separator = match &options.separator {
            Some(given) => given.clone(),
            None if options.no_header => self.separator_by_count(&named)?,
            None => self.separator_by_names(&named)?,
        };
        let header = (!options.no_header).then(|| CsvHeader::new(self.first, &separator));
        let fields = match &header {
            Some(header) => Some(header.names().len()),
            None => self.fields(&separator),
        };
        let table = Table::separated(separator.clone(), header.as_ref(), options, roles)?;
        let parser = Parser::Table(Box::new(table));
        Ok(Recognised { format, parser, has_header: header.is_some(), quoting: Some((separator, fields)) })
    }

    /// Finds the separator under which the header has all named columns.
    fn separator_by_names(&self, named: &[&str]) -> Result<Separator, String> {
        let numbers = named.iter().all(|name| table::number(name).is_some());
        let has = |separator: &Separator| {
            let header = CsvHeader::new(self.first, separator);
            named.iter().all(|name| {
                header.find(name).is_some() || table::number(name).is_some_and(|place| place < header.names().len())
            })
        };
        let mut found = Separator::KNOWN.into_iter().filter(has);
        match (found.next(), found.next()) {
            (Some(only), None) => Ok(only),
            // Names in full are under one separator alone, or there is a single column.
            (Some(first), Some(_)) if !numbers => Ok(first),
            (Some(_), Some(_)) => Err("its fields may be separated by several signs: give --separator".to_owned()),
            (None, _) => {
                let header = self.widest_header();
                let lacking: Vec<&str> = named.iter().copied().filter(|name| header.find(name).is_none()).collect();
                let columns = header.names().join(", ");
                Err(format!("has no column {:?}; its columns are {columns}", lacking.first().unwrap_or(&"")))
            }
        }
    }

    /// Finds the separator under which all lines have as many fields, and enough of them.
    fn separator_by_count(&self, named: &[&str]) -> Result<Separator, String> {
        let needed = named.iter().filter_map(|name| table::number(name)).max().unwrap_or(0) + 1;
        let fits = |separator: &Separator| self.fields(separator).is_some_and(|fields| fields >= needed.max(2));
        let mut found = Separator::KNOWN.into_iter().filter(fits);
        match (found.next(), found.next()) {
            (Some(only), None) => Ok(only),
            (Some(_), Some(_)) => Err("its fields may be separated by several signs: give --separator".to_owned()),
            (None, _) => Err(format!("no sign separates {needed} fields in its first lines: give --separator")),
        }
    }

    /// Returns the number of fields of the first records, if all have as many.
    fn fields(&self, separator: &Separator) -> Option<usize> {
        let mut counts = Vec::new();
        let mut scan = RecordScan::new();
        let lines = std::iter::once(self.first).chain(self.sample.iter().map(String::as_str));
        for line in lines.filter(|line| !line.trim().is_empty()) {
            if !separator.has_quotes() {
                counts.push(line.split(separator.as_str()).count());
                continue;
            }
            scan.line(line.as_bytes(), separator, false);
            if !scan.is_open() {
                counts.push(std::mem::replace(&mut scan, RecordScan::new()).fields());
            }
        }
        let first = *counts.first()?;
        counts.iter().all(|count| *count == first).then_some(first)
    }

    /// Says how a file that was not recognised can be read.
    fn hint(&self) -> String {
        if self.name.ends_with(".xz") || self.first.starts_with("\u{fffd}7zXZ") {
            return "; xz is not read: xz -dc FILE | shelfmark replay -".to_owned();
        }
        if self.first.starts_with("PK\u{3}\u{4}") {
            return "; a zip is read as a file, not from a pipe".to_owned();
        }
        if self.first.starts_with("PAR1") {
            return "; Parquet is read as a file, not from a pipe and not packed".to_owned();
        }
        if self.first.contains('\0') {
            return "; it has zero bytes: if it is UTF-16, give --encoding utf-16le or utf-16be".to_owned();
        }
        if self.first.starts_with('[') {
            return "; a JSON array is not read, one object a line is: jq -c '.[]' FILE".to_owned();
        }
        let header = self.widest_header();
        let columns = header.names();
        if columns.len() < 3 {
            return String::new();
        }
        if columns.iter().all(|column| column.parse::<f64>().is_ok()) {
            return "; if it is a table without a header, say which column is what: --no-header --columns \
                    user=1,item=2,value=3,ts=4 --kind rating, or --format movielens-data"
                .to_owned();
        }
        format!(
            "; if it is a table of events, say which of its columns ({}) is what: --columns user=NAME,item=NAME,\
             kind=NAME,ts=NAME",
            columns.join(", ")
        )
    }
}

/// Decodes a line as its format has it.
pub(super) fn text(format: FeedFormat, line: &[u8]) -> Result<std::borrow::Cow<'_, str>, String> {
    match format {
        FeedFormat::MovieLensItem | FeedFormat::MovieLensMoviesDat => Ok(movielens::latin(line)),
        FeedFormat::Ndjson
        | FeedFormat::MovieLensData
        | FeedFormat::MovieLensRatings
        | FeedFormat::MovieLensMovies
        | FeedFormat::MovieLensRatingsDat
        | FeedFormat::MovieLensUsers
        | FeedFormat::RetailRocket
        | FeedFormat::Rees46
        | FeedFormat::Table
        | FeedFormat::Published(_) => std::str::from_utf8(line)
            .map(std::borrow::Cow::Borrowed)
            .map_err(|error| format!("not UTF-8: {error}; --encoding latin1 or another reads it")),
    }
}
