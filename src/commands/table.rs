//! Tables for terminals: columns without borders, in lines of at most 80 characters.

use std::fmt;

use comfy_table::{CellAlignment, ColumnConstraint, ContentArrangement, Row, Width, presets};
use indicatif::HumanCount;

use super::progress_bar::whole;

/// Width of the narrowest common terminal, in characters.
pub const WIDTH: u16 = 80;
/// Mark where a text was cut.
const CUT: &str = "…";
/// Spaces between columns.
const GAP: u16 = 2;

/// Alignment of a column.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Align {
    /// For text.
    Left,
    /// For numbers.
    Right,
}

/// A table whose rows take one line each. Cells are cut at the width of their column, those of the last column also at
/// what the line has left.
#[derive(Debug)]
pub struct Table {
    table: comfy_table::Table,
    widths_max: Vec<u16>,
}

impl Table {
    /// Makes an empty table. A column has a name, an alignment and a greatest width.
    pub fn new(columns: &[(&'static str, Align, u16)]) -> Self {
        let mut table = comfy_table::Table::new();
        table.load_preset(presets::NOTHING).set_width(WIDTH + GAP);
        table.set_content_arrangement(ContentArrangement::Dynamic).set_truncation_indicator(CUT);
        table.set_header(one_line(columns.iter().map(|(name, ..)| (*name).to_owned())));
        for (column, (_, align, _)) in table.column_iter_mut().zip(columns) {
            column.set_padding((0, GAP)).set_cell_alignment(match align {
                Align::Left => CellAlignment::Left,
                Align::Right => CellAlignment::Right,
            });
        }
        Self { table, widths_max: columns.iter().map(|(.., max)| *max).collect() }
    }

    /// Adds a row with a cell for each column.
    pub fn row(&mut self, cells: impl IntoIterator<Item = String>) {
        self.table.add_row(one_line(cells));
    }

    /// Adds a row whose cells are wrapped instead of cut.
    pub fn wrapped_row(&mut self, cells: impl IntoIterator<Item = String>) {
        self.table.add_row(Row::from(cells));
    }

    /// Whether the table has no rows.
    pub fn is_empty(&self) -> bool {
        self.table.is_empty()
    }
}

fn one_line(cells: impl IntoIterator<Item = String>) -> Row {
    let mut row = Row::from(cells);
    row.max_height(1);
    row
}

impl fmt::Display for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut table = self.table.clone();
        let widths = table.column_max_content_widths();
        let mut left = WIDTH + GAP;
        for ((column, width), max) in table.column_iter_mut().zip(widths).zip(&self.widths_max) {
            let width = (width.min(*max) + GAP).min(left).max(GAP + 1);
            left = left.saturating_sub(width);
            column.set_constraint(ColumnConstraint::Absolute(Width::Fixed(width)));
        }
        writeln!(f, "{}", table.trim_fmt())
    }
}

/// Formats a number: whole ones whole, others with four significant digits.
pub fn short(value: f64) -> String {
    if value.fract() == 0.0 && value.abs() < 1e15 {
        let sign = if value < 0.0 { "-" } else { "" };
        return format!("{sign}{}", HumanCount(whole(value.abs())));
    }
    match value.abs() {
        below if below < 0.001 => format!("{value:.1e}"),
        below if below < 10.0 => format!("{value:.4}"),
        below if below < 1000.0 => format!("{value:.2}"),
        _ => format!("{value:.0}"),
    }
}

/// Cuts a text to at most `width` characters, and marks where.
pub fn cut(text: &str, width: usize) -> String {
    if text.chars().count() <= width {
        return text.to_owned();
    }
    text.chars().take(width.saturating_sub(1)).chain(CUT.chars()).collect()
}

/// Breaks a text at spaces into lines that fit a terminal; further lines of a paragraph begin with two spaces.
pub fn wrap(text: &str) -> String {
    let mut out = String::new();
    let mut column = 0;
    for word in text.trim_end().split(' ') {
        let length = word.chars().count();
        if column > 0 && column + 1 + length > usize::from(WIDTH) {
            out.push_str("\n  ");
            column = 2;
        } else if column > 0 {
            out.push(' ');
            column += 1;
        }
        out.push_str(word);
        column += length;
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_fit_a_terminal_and_mark_cuts() {
        let mut table = Table::new(&[("id", Align::Left, 4), ("count", Align::Right, 9), ("why", Align::Left, 200)]);
        table.row(["äöü".to_owned(), "7".to_owned(), "short".to_owned()]);
        table.row(["too long".to_owned(), "1,000".to_owned(), "x".repeat(100)]);
        let text = table.to_string();
        let lines: Vec<&str> = text.lines().collect();
        assert_eq!(lines[..2], ["id    count  why", "äöü       7  short"], "{text}");
        assert!(lines[2].ends_with('…') && lines[2].contains("…  1,000  xxx"), "{text}");
        assert_eq!(lines[2].chars().count(), usize::from(WIDTH));
        assert_eq!(lines.len(), 3);
    }

    #[test]
    fn paragraphs_are_broken_at_spaces() {
        assert_eq!(wrap("one line"), "one line");
        let text = wrap(&"12345678 ".repeat(30));
        assert!(text.lines().all(|line| line.chars().count() <= 80 && !line.ends_with(' ')), "{text}");
        assert_eq!(text.split_whitespace().count(), 30);
    }
}
