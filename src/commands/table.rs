//! Rows of text in columns, for terminals.

use std::fmt;

/// Characters of a line: what every terminal has.
pub const WIDTH: usize = 80;
/// What stands where text was cut.
const CUT: char = '…';

/// How a column stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Align {
    /// Text.
    Left,
    /// Numbers.
    Right,
}

/// A table whose lines have at most [`WIDTH`] characters: the last column is cut to what is left.
#[derive(Debug)]
pub struct Table {
    heads: Vec<(&'static str, Align, usize)>,
    rows: Vec<Vec<String>>,
}

impl Table {
    /// Columns by name, side and greatest width.
    pub fn new(columns: &[(&'static str, Align, usize)]) -> Self {
        Self { heads: columns.to_vec(), rows: Vec::new() }
    }

    /// Adds a row of as many cells as there are columns.
    pub fn row(&mut self, cells: impl IntoIterator<Item = String>) {
        self.rows.push(cells.into_iter().collect());
    }

    /// Whether it has no rows.
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    fn widths(&self) -> Vec<usize> {
        let widest = |place: usize| self.rows.iter().filter_map(|row| row.get(place)).map(|cell| length(cell)).max();
        let widths = self
            .heads
            .iter()
            .enumerate()
            .map(|(place, (name, _, max))| widest(place).unwrap_or(0).min(*max).max(length(name)));
        let mut widths: Vec<usize> = widths.collect();
        if let Some((last, before)) = widths.split_last_mut() {
            let taken: usize = before.iter().map(|width| width + 2).sum();
            *last = (*last).min(WIDTH.saturating_sub(taken));
        }
        widths
    }
}

impl fmt::Display for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let widths = self.widths();
        let heads: Vec<String> = self.heads.iter().map(|(name, ..)| (*name).to_owned()).collect();
        for row in std::iter::once(&heads).chain(&self.rows) {
            let mut line = String::new();
            for ((cell, width), (_, align, _)) in row.iter().zip(&widths).zip(&self.heads) {
                let cell = cut(cell, *width);
                let gap = " ".repeat(width - length(&cell));
                match align {
                    Align::Left => line.push_str(&format!("{cell}{gap}  ")),
                    Align::Right => line.push_str(&format!("{gap}{cell}  ")),
                }
            }
            writeln!(f, "{}", line.trim_end())?;
        }
        Ok(())
    }
}

fn length(text: &str) -> usize {
    text.chars().count()
}

/// Text of at most `width` characters; the last one says that there was more.
pub fn cut(text: &str, width: usize) -> String {
    if length(text) <= width {
        return text.to_owned();
    }
    let mut short: String = text.chars().take(width.saturating_sub(1)).collect();
    short.push(CUT);
    short
}

/// A size for people: `14.2 MB`.
pub fn size(bytes: u64) -> String {
    #[expect(clippy::cast_precision_loss, reason = "a figure for people")]
    let mut size = bytes as f64;
    for unit in ["B", "kB", "MB", "GB"] {
        if size < 1000.0 {
            return if unit == "B" { format!("{bytes} B") } else { format!("{size:.1} {unit}") };
        }
        size /= 1000.0;
    }
    format!("{size:.1} TB")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_fit_a_terminal_and_say_where_they_were_cut() {
        let mut table = Table::new(&[("id", Align::Left, 4), ("count", Align::Right, 9), ("why", Align::Left, 200)]);
        table.row(["äöü".to_owned(), "7".to_owned(), "short".to_owned()]);
        table.row(["too long".to_owned(), "1,000".to_owned(), "x".repeat(100)]);
        let text = table.to_string();
        let lines: Vec<&str> = text.lines().collect();
        assert_eq!(lines[..2], ["id    count  why", "äöü       7  short"]);
        assert!(lines[2].starts_with("too…  1,000  xxx") && lines[2].ends_with('…'), "{text}");
        assert_eq!(length(lines[2]), WIDTH);
    }

    #[test]
    fn sizes_are_told_in_the_unit_that_fits() {
        let told = [0, 999, 1_000, 14_150_000, 3_000_000_000_000_000].map(size);
        assert_eq!(told, ["0 B", "999 B", "1.0 kB", "14.2 MB", "3000.0 TB"]);
    }
}
