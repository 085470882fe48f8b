//! Cells of a table: what counts as missing, ids that went through a float, and numbers.

use std::borrow::Cow;

use shelfmark_domain::{Id, Number};

/// Spellings of a missing value, in any case: those that pandas, R, SQL dumps, spreadsheets and scripts write.
const MISSING: [&str; 29] = [
    "nan",
    "-nan",
    "+nan",
    "none",
    "null",
    "(null)",
    "\\n",
    "na",
    "n/a",
    "<na>",
    "#n/a",
    "#na",
    "#n/a n/a",
    "n.a.",
    "nat",
    "nil",
    "<nil>",
    "?",
    "undefined",
    "1.#qnan",
    "-1.#qnan",
    "1.#ind",
    "-1.#ind",
    "#null!",
    "#value!",
    "#ref!",
    "#name?",
    "#num!",
    "#div/0!",
];

/// Whether a text stands for no value.
pub(super) fn is_missing(text: &str) -> bool {
    let text = text.trim();
    text.is_empty() || MISSING.iter().any(|spelling| text.eq_ignore_ascii_case(spelling))
}

/// What a column of ids holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum IdColumn {
    /// Whole numbers, by the format's own description. A fraction is an error.
    Numbers,
    /// Anything. A fraction is a text like any other.
    Texts,
}

/// The fields of a record.
pub(super) struct Cells<'a>(pub(super) Vec<Cow<'a, str>>);

impl Cells<'_> {
    /// Returns the cell at `place`, trimmed; `None` when it is not there or stands for no value.
    pub(super) fn present(&self, place: Option<usize>) -> Option<&str> {
        self.0.get(place?).map(|text| text.trim()).filter(|text| !is_missing(text))
    }

    /// Returns the cell at `place`, trimmed, which must hold a value.
    pub(super) fn required(&self, place: usize, name: &str) -> Result<&str, String> {
        self.present(Some(place)).ok_or_else(|| missing(name, self.0.get(place)))
    }

    /// Returns the id at `place`.
    pub(super) fn id(&self, place: usize, name: &str, column: IdColumn) -> Result<Id, String> {
        id(self.required(place, name)?, name, column)
    }

    /// Returns the id at `place`, if it holds a value.
    pub(super) fn optional_id(&self, place: Option<usize>, name: &str, column: IdColumn) -> Result<Option<Id>, String> {
        self.present(place).map(|text| id(text, name, column)).transpose()
    }

    /// Returns the parts of the cell at `place`, trimmed, without those that stand for no value.
    pub(super) fn parts(&self, place: Option<usize>, separator: char) -> impl Iterator<Item = &str> {
        parts(self.present(place).unwrap_or_default(), separator)
    }

    /// Returns the number at `place`, whole where it is written so. What is no finite number is no value.
    pub(super) fn optional_number(&self, place: Option<usize>) -> Option<Number> {
        Number::parse(self.present(place)?)
    }

    /// Returns the number at `place` as the value of an event. What a float does not hold exactly is no value.
    pub(super) fn optional_value(&self, place: Option<usize>) -> Option<f64> {
        self.optional_number(place).and_then(Number::exact_f64)
    }
}

/// Returns the parts of a text, trimmed, without those that stand for no value.
pub(super) fn parts(text: &str, separator: char) -> impl Iterator<Item = &str> {
    text.split(separator).map(str::trim).filter(|part| !is_missing(part))
}

/// Parses a number in a column that may hold anything. A text that would not read back as it is written, such as `007`
/// or `12e3`, is no number.
pub(super) fn plain_number(text: &str) -> Option<Number> {
    let (whole, fraction) = text.split_once('.').map_or((text, None), |(whole, fraction)| (whole, Some(fraction)));
    let whole = whole.strip_prefix('-').unwrap_or(whole);
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let is_plain = digits(whole) && (whole == "0" || !whole.starts_with('0')) && fraction.is_none_or(digits);
    Number::parse(text).filter(|_| is_plain)
}

/// Describes a missing cell, with its spelling where it has one.
pub(super) fn missing(name: &str, cell: Option<impl AsRef<str>>) -> String {
    match cell.as_ref().map(|cell| cell.as_ref().trim()).filter(|cell| !cell.is_empty()) {
        Some(spelling) => format!("{name} is missing ({} stands for no value)", excerpt(spelling)),
        None => format!("{name} is missing"),
    }
}

/// Checks an id. A whole number that was written as a float loses its fraction of zeros; nothing is rounded.
pub(super) fn id(text: &str, name: &str, column: IdColumn) -> Result<Id, String> {
    let text = text.trim();
    let text = match (decimal(text), column) {
        (Decimal::Whole(digits), IdColumn::Numbers) => digits,
        (Decimal::Whole(digits), IdColumn::Texts) if text.ends_with(".0") => digits,
        (Decimal::Fraction, IdColumn::Numbers) => {
            return Err(format!("{name} is not a whole number: {}", excerpt(text)));
        }
        (Decimal::Exponent, _) => {
            let detail = "is in scientific notation, which may have lost digits";
            return Err(format!("{name} {detail}: {}", excerpt(text)));
        }
        (Decimal::Whole(_) | Decimal::Fraction | Decimal::Other, _) => text,
    };
    Id::new(name, text).map_err(|error| error.to_string())
}

/// What a text is as a decimal number with a point.
enum Decimal<'a> {
    /// A number with a fraction of zeros: the digits before it.
    Whole(&'a str),
    /// A number with another fraction.
    Fraction,
    /// A number with a signed exponent, or with a point and an exponent, as programs print them.
    Exponent,
    /// No number, or one without a point.
    Other,
}

fn decimal(text: &str) -> Decimal<'_> {
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    if let Some((number, power)) = text.split_once(['e', 'E']) {
        let (whole, fraction) = number.split_once('.').map_or((number, None), |(whole, rest)| (whole, Some(rest)));
        let signed = power.starts_with(['+', '-']);
        let is_number = digits(whole.strip_prefix('-').unwrap_or(whole)) && fraction.is_none_or(digits);
        let is_power = digits(power.strip_prefix(['+', '-']).unwrap_or(power));
        return if is_number && is_power && (signed || fraction.is_some()) {
            Decimal::Exponent
        } else {
            Decimal::Other
        };
    }
    let Some((whole, fraction)) = text.split_once('.') else { return Decimal::Other };
    let number = whole.strip_prefix('-').unwrap_or(whole);
    let printed = digits(number) && (number == "0" || !number.starts_with('0'));
    match printed && fraction.bytes().all(|byte| byte.is_ascii_digit()) {
        true if fraction.bytes().all(|byte| byte == b'0') => Decimal::Whole(whole),
        true => Decimal::Fraction,
        false => Decimal::Other,
    }
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
    fn spellings_of_missing_are_no_values() {
        for spelling in [
            "", "  ", "nan", "NaN", "NAN", "-nan", "None", "null", "NULL", "\\N", "N/A", "NA", "<NA>", "NaT", "?",
            "nil", "#N/A N/A", "#DIV/0!", "n.a.",
        ] {
            assert!(is_missing(spelling), "{spelling:?}");
            let cells = Cells(vec![spelling.into()]);
            assert!(cells.present(Some(0)).is_none() && cells.required(0, "user").is_err(), "{spelling:?}");
        }
        for value in ["0", "nancy", "Nonesuch", "N", "-", "nullable"] {
            assert!(!is_missing(value), "{value:?}");
        }
    }

    #[test]
    fn a_text_that_only_looks_like_a_number_stays_a_text() {
        for (text, expected) in [("24", Some("24")), ("-3", Some("-3")), ("24.50", Some("24.5")), ("0", Some("0"))] {
            assert_eq!(plain_number(text).map(|number| number.to_string()).as_deref(), expected);
        }
        for text in ["007", "+5", "12e3", "1e5", ".5", "5.", "-", "", "18446744073709551616", "00.5"] {
            assert!(plain_number(text).is_none(), "{text}");
        }
    }

    #[test]
    fn a_whole_number_written_as_a_float_is_the_number_and_nothing_is_rounded() {
        let whole = |text, column| id(text, "item", column).map(|id| id.to_string());
        for column in [IdColumn::Numbers, IdColumn::Texts] {
            assert_eq!(whole("31.0", column).as_deref(), Ok("31"));
            assert_eq!(whole("-7.0", column).as_deref(), Ok("-7"));
            assert_eq!(whole("9007199254740993.0", column).as_deref(), Ok("9007199254740993"));
            assert!(whole("1e+06", column).is_err_and(|detail| detail.contains("scientific")));
            assert!(whole("1.5e6", column).is_err());
            for text in ["85123A", "12e3", "1.2.3", "007.0", "v1.0"] {
                assert_eq!(whole(text, column).as_deref(), Ok(text));
            }
        }
        assert!(whole("31.5", IdColumn::Numbers).is_err_and(|detail| detail.contains("whole number")));
        assert_eq!(whole("31.5", IdColumn::Texts).as_deref(), Ok("31.5"));
        assert_eq!(whole("31.000000", IdColumn::Numbers).as_deref(), Ok("31"));
        assert_eq!(whole("1.00", IdColumn::Texts).as_deref(), Ok("1.00"), "a text beside 1.10");
    }
}
