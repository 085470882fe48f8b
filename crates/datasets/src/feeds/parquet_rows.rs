//! Rows of a Parquet file as lines, for the readers of text: one JSON object for each row or, where the columns are
//! those of a known table, tab-separated fields behind a header.
//!
//! Whole numbers stay exact, times become RFC 3339 whatever their unit, and missing values and numbers that are not
//! finite become null. Lists and structs become those of JSON. Bytes that are text become text, others null.
//!
//! **Bounds.** One page of each column is in memory at a time; its size is the writer's choice.

use std::{
    fs::File,
    io::{self, BufReader, Read},
};

use parquet::{
    basic::{LogicalType, TimeUnit},
    errors::ParquetError,
    file::reader::{FileReader, SerializedFileReader},
    record::{Field, Row, reader::RowIter},
    schema::types::Type,
};
use serde_json::{Map, Number, Value};
use shelfmark_domain::Timestamp;

use super::{Separator, counted::ReadSoFar, csv::CsvHeader, recognise};

/// First and last bytes of a file.
pub(super) const PARQUET_MAGIC: &[u8] = b"PAR1";

/// Microseconds of a day.
const DAY_MICROS: i64 = 86_400_000_000;

/// Reader of rows as lines.
pub(super) struct ParquetRows {
    rows: RowIter<'static>,
    columns: Vec<Column>,
    /// Whether lines are fields and not objects.
    is_table: bool,
    line: io::Cursor<Vec<u8>>,
    /// Bytes of the file for each row, on average.
    row_bytes: f64,
    rows_read: u64,
    read: ReadSoFar,
}

/// A column of the first level.
struct Column {
    name: String,
    /// Unit of its times, where it holds times.
    unit: Option<TimeUnit>,
}

impl ParquetRows {
    /// Opens a file.
    pub(super) fn open(file: File, read: ReadSoFar) -> io::Result<Self> {
        let bytes = file.metadata()?.len();
        let reader = SerializedFileReader::new(file).map_err(broken)?;
        let metadata = reader.metadata().file_metadata();
        let columns: Vec<Column> = metadata.schema().get_fields().iter().map(|field| column(field)).collect();
        #[expect(clippy::cast_precision_loss, reason = "for a progress bar")]
        let row_bytes = bytes as f64 / metadata.num_rows().max(1) as f64;
        let header: Vec<&str> = columns.iter().map(|column| column.name.as_str()).collect();
        let header = header.join("\t");
        let is_table = recognise::is_table(&CsvHeader::new(&header, &Separator::TAB));
        let first = if is_table { format!("{header}\n") } else { String::new() };
        let rows = RowIter::from_file_into(Box::new(reader));
        let line = io::Cursor::new(first.into_bytes());
        Ok(Self { rows, columns, is_table, line, row_bytes, rows_read: 0, read })
    }

    /// Wraps the lines in a buffer.
    pub(super) fn buffered(self) -> BufReader<Self> {
        BufReader::with_capacity(128 * 1024, self)
    }

    /// Reads the next row, and returns `false` at the end.
    fn next_line(&mut self) -> io::Result<bool> {
        let Some(row) = self.rows.next() else { return Ok(false) };
        let values = self.values(row.map_err(broken)?);
        let mut line = if self.is_table {
            let fields: Vec<String> = values.into_iter().map(|(_, value)| field(value)).collect();
            fields.join("\t")
        } else {
            Value::Object(values.into_iter().collect::<Map<_, _>>()).to_string()
        };
        line.push('\n');
        self.line = io::Cursor::new(line.into_bytes());
        self.rows_read += 1;
        #[expect(
            clippy::cast_precision_loss,
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "for a progress bar"
        )]
        self.read.set((self.rows_read as f64 * self.row_bytes) as u64);
        Ok(true)
    }

    fn values(&self, row: Row) -> Vec<(String, Value)> {
        let fields = row.into_columns().into_iter().enumerate();
        let value = |(place, (name, field)): (usize, (String, Field))| {
            let unit = self.columns.get(place).and_then(|column| column.unit.as_ref());
            let value = match (unit, field) {
                (Some(unit), Field::Long(number)) => time(micros(number, unit)),
                (_, field) => json(field),
            };
            (name, value)
        };
        fields.map(value).collect()
    }
}

impl Read for ParquetRows {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        loop {
            match self.line.read(buffer)? {
                0 if !buffer.is_empty() && self.next_line()? => {}
                count => return Ok(count),
            }
        }
    }
}

fn broken(error: ParquetError) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, format!("no Parquet that can be read: {error}"))
}

fn column(field: &Type) -> Column {
    let unit = if let Some(LogicalType::Timestamp(timestamp)) = field.get_basic_info().logical_type_ref() {
        Some(timestamp.unit)
    } else {
        None
    };
    Column { name: field.name().to_owned(), unit }
}

fn micros(number: i64, unit: &TimeUnit) -> Option<i64> {
    match unit {
        TimeUnit::MILLIS => number.checked_mul(1_000),
        TimeUnit::MICROS => Some(number),
        TimeUnit::NANOS => Some(number.div_euclid(1_000)),
    }
}

fn time(micros: Option<i64>) -> Value {
    micros.and_then(Timestamp::from_micros).map_or(Value::Null, |ts| ts.to_string().into())
}

fn float(number: f64) -> Value {
    Number::from_f64(number).map_or(Value::Null, Value::Number)
}

/// Returns a value as JSON.
fn json(field: Field) -> Value {
    match field {
        Field::Null => Value::Null,
        Field::Bool(flag) => flag.into(),
        Field::Byte(number) => number.into(),
        Field::Short(number) => number.into(),
        Field::Int(number) | Field::TimeMillis(number) => number.into(),
        Field::Long(number) | Field::TimeMicros(number) => number.into(),
        Field::UByte(number) => number.into(),
        Field::UShort(number) => number.into(),
        Field::UInt(number) => number.into(),
        Field::ULong(number) => number.into(),
        Field::Float16(number) => float(number.to_f64()),
        Field::Float(number) => float(number.into()),
        Field::Double(number) => float(number),
        Field::Decimal(_) => field.to_string().parse::<f64>().map_or(Value::Null, float),
        Field::Str(text) => text.into(),
        Field::Bytes(bytes) => bytes.as_utf8().map_or(Value::Null, Into::into),
        Field::Date(days) => time(i64::from(days).checked_mul(DAY_MICROS)),
        Field::TimestampMillis(number) => time(number.checked_mul(1_000)),
        Field::TimestampMicros(number) => time(Some(number)),
        Field::Group(row) => {
            row.into_columns().into_iter().map(|(name, field)| (name, json(field))).collect::<Map<_, _>>().into()
        }
        Field::ListInternal(list) => list.elements().iter().cloned().map(json).collect(),
        Field::MapInternal(map) => {
            let entry =
                |(key, value): &(Field, Field)| Some((json(key.clone()).as_str()?.to_owned(), json(value.clone())));
            map.entries().iter().filter_map(entry).collect::<Map<_, _>>().into()
        }
    }
}

/// Returns a value as the field of a table.
fn field(value: Value) -> String {
    let text = match value {
        Value::Null => String::new(),
        Value::String(text) => text,
        other @ (Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_)) => other.to_string(),
    };
    if text.contains(['\t', '"', '\n', '\r']) { format!("\"{}\"", text.replace('"', "\"\"")) } else { text }
}
