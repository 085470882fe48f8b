//! Tables and lines for a terminal of 100 columns: what the examples print.

use std::{
    fmt,
    io::{self, Write},
    process::ExitCode,
};

/// Width that everything fits into.
pub const WIDTH: usize = 100;

/// Rows of text under headings. A column whose cells are all numbers (`12`, `> 1000`) stands right.
#[derive(Debug, Clone, Default)]
pub struct Table {
    rows: Vec<Vec<String>>,
}

impl Table {
    /// A table with these headings.
    pub fn new<const N: usize>(headings: [&str; N]) -> Self {
        Self { rows: vec![headings.map(str::to_owned).to_vec()] }
    }

    /// Adds a row.
    pub fn row<const N: usize>(&mut self, cells: [String; N]) {
        self.rows.push(cells.to_vec());
    }
}

impl fmt::Display for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let columns = self.rows[0].len();
        let width = |column: usize| self.rows.iter().map(|row| row[column].chars().count()).max().unwrap_or(0);
        let widths: Vec<usize> = (0..columns).map(width).collect();
        let is_number = |cell: &String| cell.is_empty() || cell.trim_start_matches("> ").parse::<f64>().is_ok();
        let right: Vec<bool> =
            (0..columns).map(|column| self.rows[1..].iter().all(|row| is_number(&row[column]))).collect();
        for row in &self.rows {
            let mut line = String::from("  ");
            for ((cell, width), right) in row.iter().zip(&widths).zip(&right) {
                match right {
                    true => line.push_str(&format!("{cell:>width$}  ")),
                    false => line.push_str(&format!("{cell:<width$}  ")),
                }
            }
            writeln!(f, "{}", line.trim_end())?;
        }
        Ok(())
    }
}

/// The first `width` characters of a text, with an ellipsis where it was cut.
pub fn cut(text: &str, width: usize) -> String {
    if text.chars().count() <= width {
        return text.to_owned();
    }
    let kept: String = text.chars().take(width - 1).collect();
    format!("{}…", kept.trim_end())
}

/// A number with commas.
pub fn grouped(number: usize) -> String {
    let digits = number.to_string();
    let groups: Vec<&[u8]> = digits.as_bytes().rchunks(3).rev().collect();
    String::from_utf8(groups.join(&b',')).expect("digits and commas")
}

/// Writes prose, broken between words.
pub fn say(out: &mut dyn Write, text: &str) -> io::Result<()> {
    let mut line = String::new();
    for word in text.split_whitespace() {
        if !line.is_empty() && line.chars().count() + 1 + word.chars().count() > WIDTH {
            writeln!(out, "{line}")?;
            line.clear();
        }
        if !line.is_empty() {
            line.push(' ');
        }
        line.push_str(word);
    }
    writeln!(out, "{line}")
}

/// What the next table answers.
pub fn heading(out: &mut dyn Write, text: &str) -> io::Result<()> {
    writeln!(out)?;
    say(out, text)
}

/// The end of a command. `finance | head` is no failure.
pub fn ended(result: anyhow::Result<()>) -> ExitCode {
    match result {
        Err(error) if !error.chain().any(is_broken_pipe) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
        Ok(()) | Err(_) => ExitCode::SUCCESS,
    }
}

fn is_broken_pipe(cause: &(dyn std::error::Error + 'static)) -> bool {
    cause.downcast_ref::<io::Error>().is_some_and(|error| error.kind() == io::ErrorKind::BrokenPipe)
}
