//! A Parquet file with columns `id` and `values`, a list of floats. Values are stored as they are: they hardly pack.

use std::{fmt, sync::Arc};

use parquet::{
    basic::{LogicalType, Repetition, Type as PhysicalType},
    data_type::{ByteArray, ByteArrayType, FloatType},
    errors::ParquetError,
    file::{properties::WriterProperties, writer::SerializedFileWriter},
    schema::types::Type,
};

use super::rows::ExportRows;

/// Approximate size of a row group in bytes. Each is a piece of the file.
const GROUP_BYTES: usize = 4 << 20;
/// Bytes that an id is taken for.
const ID_BYTES: usize = 32;

/// Writer of the file, one row group after the other.
pub(super) struct ParquetWriter {
    /// `None` once the end was written.
    file: Option<SerializedFileWriter<Vec<u8>>>,
    next: usize,
}

impl fmt::Debug for ParquetWriter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ParquetWriter").field("next", &self.next).finish_non_exhaustive()
    }
}

impl ParquetWriter {
    pub(super) fn new() -> Self {
        let properties = WriterProperties::builder().set_dictionary_enabled(false).build();
        let file = schema()
            .and_then(|schema| SerializedFileWriter::new(Vec::new(), Arc::new(schema), Arc::new(properties)))
            .expect("the schema is sound, and memory takes what is written");
        Self { file: Some(file), next: 0 }
    }

    /// Returns the next piece of the file.
    pub(super) fn next(&mut self, rows: &mut ExportRows) -> Option<Vec<u8>> {
        let mut file = self.file.take()?;
        if self.next >= rows.len() {
            return Some(file.into_inner().expect(WRITTEN));
        }
        let count = (GROUP_BYTES / (rows.dim() * 4 + ID_BYTES)).max(1).min(rows.len() - self.next);
        group(&mut file, rows, self.next, count).and_then(|()| file.flush().map_err(Into::into)).expect(WRITTEN);
        self.next += count;
        let piece = std::mem::take(file.inner_mut());
        self.file = Some(file);
        Some(piece)
    }
}

/// Why writing cannot fail: rows fit the schema, and memory takes what is written.
const WRITTEN: &str = "rows fit the schema, and memory takes what is written";

/// Makes the schema: lists have three levels, as the specification of Parquet has them.
fn schema() -> Result<Type, ParquetError> {
    let id = Type::primitive_type_builder("id", PhysicalType::BYTE_ARRAY)
        .with_repetition(Repetition::REQUIRED)
        .with_logical_type(Some(LogicalType::String))
        .build()?;
    let element =
        Type::primitive_type_builder("element", PhysicalType::FLOAT).with_repetition(Repetition::REQUIRED).build()?;
    let list = Type::group_type_builder("list")
        .with_repetition(Repetition::REPEATED)
        .with_fields(vec![Arc::new(element)])
        .build()?;
    let values = Type::group_type_builder("values")
        .with_repetition(Repetition::REQUIRED)
        .with_logical_type(Some(LogicalType::List))
        .with_fields(vec![Arc::new(list)])
        .build()?;
    Type::group_type_builder("vectors").with_fields(vec![Arc::new(id), Arc::new(values)]).build()
}

/// Writes rows as a row group.
fn group(
    file: &mut SerializedFileWriter<Vec<u8>>,
    rows: &mut ExportRows,
    first: usize,
    count: usize,
) -> Result<(), ParquetError> {
    let mut group = file.next_row_group()?;
    if let Some(mut column) = group.next_column()? {
        let ids: Vec<ByteArray> =
            (first..first + count).map(|place| ByteArray::from(rows.id(place).as_str())).collect();
        column.typed::<ByteArrayType>().write_batch(&ids, None, None)?;
        column.close()?;
    }
    if let Some(mut column) = group.next_column()? {
        let dim = rows.dim();
        let mut values = Vec::with_capacity(count * dim);
        for place in first..first + count {
            values.extend_from_slice(rows.values(place));
        }
        // The first value of a row begins its list, and none is missing.
        let begins: Vec<i16> = (0..values.len()).map(|place| i16::from(place % dim != 0)).collect();
        column.typed::<FloatType>().write_batch(&values, Some(&vec![1; values.len()]), Some(&begins))?;
        column.close()?;
    }
    group.close()?;
    Ok(())
}
