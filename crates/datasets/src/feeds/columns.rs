//! Comma-separated values: columns by name, and the fields of a line.

use std::borrow::Cow;

/// Indexes of columns by name, in any case.
pub(super) struct CsvHeader {
    names: Vec<String>,
}

impl CsvHeader {
    pub(super) fn new(line: &str) -> Self {
        let names = fields(line).unwrap_or_default();
        Self { names: names.iter().map(|name| name.trim().to_ascii_lowercase()).collect() }
    }

    pub(super) fn find(&self, name: &str) -> Option<usize> {
        self.names.iter().position(|column| column == name)
    }

    /// Returns the index of a column that the format was recognised by.
    pub(super) fn place(&self, name: &str) -> usize {
        self.find(name).expect("the format was recognised by its columns")
    }
}

/// Splits a line at commas, with quotes as in RFC 4180. Every line is a record: quoted line ends do not occur in
/// these formats, and one stray quote must not swallow the rest of the file.
pub(super) fn fields(line: &str) -> Result<Vec<Cow<'_, str>>, String> {
    if !line.contains('"') {
        return Ok(line.split(',').map(Cow::Borrowed).collect());
    }
    if line.bytes().filter(|&byte| byte == b'"').count() % 2 == 1 {
        return Err("a quote is not closed".to_owned());
    }
    let mut reader =
        csv::ReaderBuilder::new().has_headers(false).buffer_capacity(line.len()).from_reader(line.as_bytes());
    let mut record = csv::StringRecord::new();
    match reader.read_record(&mut record) {
        Ok(true) => Ok(record.iter().map(|field| Cow::Owned(field.to_owned())).collect()),
        Ok(false) => Ok(Vec::new()),
        Err(error) => Err(error.to_string()),
    }
}

/// Returns the field at `place`, trimmed. An empty field is missing.
pub(super) fn field<'a>(row: &'a [Cow<'_, str>], place: usize, name: &str) -> Result<&'a str, String> {
    optional(row, Some(place)).ok_or_else(|| format!("{name} is missing"))
}

/// Returns the field at `place`, trimmed; `None` when there is no such column, the line is short or the field is empty.
pub(super) fn optional<'a>(row: &'a [Cow<'_, str>], place: Option<usize>) -> Option<&'a str> {
    let text = row.get(place?)?.trim();
    (!text.is_empty()).then_some(text)
}

/// Parses a finite number.
pub(super) fn number(text: &str, name: &str) -> Result<f64, String> {
    let number: f64 = text.parse().map_err(|_| format!("{name} is not a number: {}", excerpt(text)))?;
    if !number.is_finite() {
        return Err(format!("{name} is not a finite number: {}", excerpt(text)));
    }
    Ok(number)
}

/// Returns the beginning of a text for a message, quoted and escaped.
pub(super) fn excerpt(text: &str) -> String {
    const CHARS_MAX: usize = 60;
    let short: String = text.chars().take(CHARS_MAX).collect();
    let dots = if short.len() < text.len() { "..." } else { "" };
    format!("{short:?}{dots}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quotes_keep_commas_and_an_open_quote_is_an_error() {
        assert_eq!(fields("1,\"a, \"\"b\"\"\",c").unwrap(), ["1", "a, \"b\"", "c"]);
        assert_eq!(fields("1,,c").unwrap(), ["1", "", "c"]);
        assert!(fields("1,\"a,c").is_err());
    }
}
