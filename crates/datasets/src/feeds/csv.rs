//! Separated values: the fields of a record, with quotes as in RFC 4180, and columns by name.
//!
//! Split here rather than by the crate csv. A reader of that crate takes a stray quote for the beginning of a field
//! that lasts to the next quote, whatever lies between, and its separators are single bytes.

use std::{borrow::Cow, fmt, str::FromStr};

/// Text between fields: a comma, a tab, or a few characters.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Separator(Cow<'static, str>);

impl Separator {
    /// The comma of csv.
    pub const COMMA: Self = Self(Cow::Borrowed(","));
    /// A tab.
    pub const TAB: Self = Self(Cow::Borrowed("\t"));
    /// The double colon of MovieLens 1M and 10M.
    pub const DOUBLE_COLON: Self = Self(Cow::Borrowed("::"));
    /// The pipe of MovieLens 100k.
    pub const PIPE: Self = Self(Cow::Borrowed("|"));
    /// Those that are looked for when none is given.
    pub const KNOWN: [Self; 5] = [Self::COMMA, Self(Cow::Borrowed(";")), Self::TAB, Self::DOUBLE_COLON, Self::PIPE];
    /// Longest separator, in bytes.
    const BYTES_MAX: usize = 8;

    /// Returns the separator as it stands in files.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether fields may be quoted. The double colon comes from files without quoting, whose titles hold quotes.
    pub(super) fn has_quotes(&self) -> bool {
        *self != Self::DOUBLE_COLON
    }
}

impl FromStr for Separator {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "comma" => Ok(Self::COMMA),
            "semicolon" => Ok(Self(Cow::Borrowed(";"))),
            "tab" | "\\t" => Ok(Self::TAB),
            "pipe" => Ok(Self::PIPE),
            "space" => Ok(Self(Cow::Borrowed(" "))),
            "" => Err("must not be empty".to_owned()),
            _ if text.contains(['"', '\n', '\r']) => Err("must hold no quote and no line end".to_owned()),
            _ if text.len() > Self::BYTES_MAX => Err(format!("must have at most {} bytes", Self::BYTES_MAX)),
            _ => Ok(Self(Cow::Owned(text.to_owned()))),
        }
    }
}

impl fmt::Display for Separator {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.as_str() {
            "," => "comma",
            ";" => "semicolon",
            "\t" => "tab",
            "|" => "pipe",
            " " => "space",
            other => other,
        })
    }
}

/// Indexes of columns by name, in any case.
#[derive(Debug, Clone)]
pub(super) struct CsvHeader {
    names: Vec<String>,
}

impl CsvHeader {
    pub(super) fn new(record: &str, separator: &Separator) -> Self {
        let names = split(record, separator).unwrap_or_default();
        Self { names: names.iter().map(|name| name.trim().to_owned()).collect() }
    }

    /// Returns the names as they stand in the file.
    pub(super) fn names(&self) -> &[String] {
        &self.names
    }

    pub(super) fn find(&self, name: &str) -> Option<usize> {
        self.names.iter().position(|column| column.eq_ignore_ascii_case(name))
    }

    /// Returns the index of a column that the format was recognised by.
    pub(super) fn place(&self, name: &str) -> usize {
        self.find(name).expect("the format was recognised by its columns")
    }

    /// Returns the first of `names` that two columns have.
    pub(super) fn twice<'a>(&self, names: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
        let count = |name: &str| self.names.iter().filter(|column| column.eq_ignore_ascii_case(name)).count();
        names.into_iter().find(|name| count(name) > 1)
    }
}

/// Where a scan of a record stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum ScanState {
    /// At the beginning of a field.
    Begin,
    /// In a field without quotes, where a quote is a character like any other.
    Bare,
    /// Between quotes.
    Quoted,
    /// Behind a quote that ends the field, or is the first of two that stand for one.
    Closing,
}

/// A scan of a record that may go over several lines.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct RecordScan {
    state: ScanState,
    fields: usize,
}

impl RecordScan {
    pub(super) fn new() -> Self {
        Self { state: ScanState::Begin, fields: 1 }
    }

    /// Reads a line without its end. With `strict`, returns `false` when text follows a closing quote.
    pub(super) fn line(&mut self, line: &[u8], separator: &Separator, strict: bool) -> bool {
        let separator = separator.as_str().as_bytes();
        let mut at = 0;
        while at < line.len() {
            let byte = line[at];
            if self.state != ScanState::Quoted && line[at..].starts_with(separator) {
                self.state = ScanState::Begin;
                self.fields += 1;
                at += separator.len();
                continue;
            }
            self.state = match self.state {
                ScanState::Begin if byte == b'"' => ScanState::Quoted,
                ScanState::Begin | ScanState::Bare => ScanState::Bare,
                ScanState::Quoted if byte == b'"' => ScanState::Closing,
                ScanState::Quoted => ScanState::Quoted,
                ScanState::Closing if byte == b'"' => ScanState::Quoted,
                ScanState::Closing if byte == b' ' => ScanState::Closing,
                ScanState::Closing if strict => return false,
                ScanState::Closing => ScanState::Bare,
            };
            at += 1;
        }
        true
    }

    /// Whether a quote is open.
    pub(super) fn is_open(self) -> bool {
        self.state == ScanState::Quoted
    }

    /// Returns the number of fields.
    pub(super) fn fields(self) -> usize {
        self.fields
    }
}

/// Splits a record. Quotes are taken off fields that begin with one, and line ends between quotes become spaces.
pub(super) fn split<'a>(record: &'a str, separator: &Separator) -> Result<Vec<Cow<'a, str>>, String> {
    let between = separator.as_str();
    if !separator.has_quotes() || !record.contains('"') {
        return Ok(record.split(between).map(Cow::Borrowed).collect());
    }
    let mut fields = Vec::new();
    let mut rest = record;
    loop {
        let Some(quoted) = rest.strip_prefix('"') else {
            match rest.split_once(between) {
                Some((field, behind)) => {
                    fields.push(Cow::Borrowed(field));
                    rest = behind;
                    continue;
                }
                None => {
                    fields.push(Cow::Borrowed(rest));
                    return Ok(fields);
                }
            }
        };
        let mut field = String::new();
        rest = quoted;
        loop {
            let (inner, behind) = rest.split_once('"').ok_or("a quote is not closed")?;
            field.push_str(inner);
            match behind.strip_prefix('"') {
                Some(behind) => {
                    field.push('"');
                    rest = behind;
                }
                None => {
                    rest = behind;
                    break;
                }
            }
        }
        // What stands between a closing quote and the separator belongs to the field.
        let (behind, next) = rest.split_once(between).map_or((rest, None), |(behind, next)| (behind, Some(next)));
        field.push_str(behind);
        fields.push(Cow::Owned(one_line(field)));
        match next {
            Some(next) => rest = next,
            None => return Ok(fields),
        }
    }
}

fn one_line(field: String) -> String {
    if field.contains(['\n', '\r']) { field.replace("\r\n", " ").replace(['\n', '\r'], " ") } else { field }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quotes_keep_separators_and_line_ends_and_an_open_quote_is_an_error() {
        let fields = |record| split(record, &Separator::COMMA);
        assert_eq!(fields("1,\"a, \"\"b\"\"\",c").unwrap(), ["1", "a, \"b\"", "c"]);
        assert_eq!(fields("1,,c").unwrap(), ["1", "", "c"]);
        assert_eq!(fields("1,\"two\r\nlines\nthree\",").unwrap(), ["1", "two lines three", ""]);
        assert_eq!(fields("1,19\" wide,c").unwrap(), ["1", "19\" wide", "c"], "only a field's first quote opens it");
        assert_eq!(fields("1,\"Great\" things,c").unwrap(), ["1", "Great things", "c"]);
        assert!(fields("1,\"a,c").is_err());
        let double: Separator = "::".parse().unwrap();
        assert_eq!(split("5::\"Great\" (1998)::x", &double).unwrap(), ["5", "\"Great\" (1998)", "x"]);
    }

    #[test]
    fn a_scan_finds_open_quotes_and_text_behind_closed_ones() {
        let scan = |lines: &[&str]| {
            let mut scan = RecordScan::new();
            let sound = lines.iter().all(|line| scan.line(line.as_bytes(), &Separator::COMMA, true));
            (sound, scan.is_open(), scan.fields())
        };
        assert_eq!(scan(&["31,\"A title", "over two lines (1998)\",Drama"]), (true, false, 3));
        assert_eq!(scan(&["31,\"A title"]), (true, true, 2));
        assert!(!scan(&["31,\"A title", "40,\"Other\",Drama"]).0);
        assert_eq!(scan(&["31,\"say \"\"hi\"\"\",Drama"]), (true, false, 3));
        assert_eq!(scan(&["31,19\" wide,Drama"]), (true, false, 3));
    }
}
