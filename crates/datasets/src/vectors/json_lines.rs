//! Lines of JSON, `{"id": ..., "values": [...]}`, as an export writes them.

use serde::Deserialize;
use serde_json::Value;

use super::{FILE_DIM_MAX, VectorRow, error::Fault, word2vec::line};
use crate::feeds::LineReader;

/// Reader of the lines.
pub(super) struct JsonReader {
    lines: LineReader,
    dim: usize,
    /// Whether the current line was read for the dimension and is still to be given.
    held: bool,
}

#[derive(Deserialize)]
struct Line {
    id: Value,
    values: Vec<f32>,
}

impl JsonReader {
    /// Reads the first line, whose values are counted.
    pub(super) fn open(mut lines: LineReader) -> Result<Self, Fault> {
        if !line(&mut lines)? {
            return Err(Fault::Unclear("is empty".to_owned()));
        }
        let mut reader = Self { lines, dim: 0, held: true };
        reader.dim = reader.parse()?.values.len();
        if !(1..=FILE_DIM_MAX).contains(&reader.dim) {
            let detail = format!("must have 1 to {FILE_DIM_MAX} values, has {}", reader.dim);
            return Err(Fault::at_line(reader.lines.number(), detail));
        }
        Ok(reader)
    }

    pub(super) fn dim(&self) -> usize {
        self.dim
    }

    fn parse(&self) -> Result<Line, Fault> {
        serde_json::from_slice(self.lines.current())
            .map_err(|error| Fault::at_line(self.lines.number(), format!("is not {{\"id\", \"values\"}}: {error}")))
    }

    pub(super) fn next(&mut self, row: &mut VectorRow) -> Result<bool, Fault> {
        if !std::mem::take(&mut self.held) && !line(&mut self.lines)? {
            return Ok(false);
        }
        let Line { id, values } = self.parse()?;
        let wrong = |detail: String| Fault::at_line(self.lines.number(), detail);
        if values.len() != self.dim {
            return Err(wrong(format!("has {} values, the first line has {}", values.len(), self.dim)));
        }
        row.id = match id {
            Value::String(text) => text,
            Value::Number(number) if number.is_i64() || number.is_u64() => number.to_string(),
            other @ (Value::Null | Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_)) => {
                return Err(wrong(format!("id must be text or a whole number, is {other}")));
            }
        };
        row.values = values;
        Ok(true)
    }
}
