//! Rows of one table that an export writes.

use shelfmark_domain::Id;
use shelfmark_state::{CowRows, InferenceState};

use super::{
    encode::{self, Encoder},
    options::ExportTable,
};

/// Rows of one table, shared with their state.
#[derive(Debug)]
pub(super) struct ExportRows {
    inference: InferenceState,
    table: ExportTable,
    content: bool,
    /// Numbers of the rows, without removed items and without free rows of users.
    numbers: Vec<u32>,
    /// Scratch space, `[dim]`.
    vector: Vec<f32>,
}

impl ExportRows {
    pub(super) fn new(inference: &InferenceState, table: ExportTable, content: bool) -> Self {
        let catalog = &inference.catalog;
        let count = match table {
            ExportTable::Items => catalog.len(),
            ExportTable::Users => inference.users.len(),
            ExportTable::Tokens => catalog.tokens_len(),
        };
        let numbers = (0..u32::try_from(count).expect("rows are u32"))
            .filter(|row| match table {
                ExportTable::Items => !catalog.entry(*row).removed,
                ExportTable::Users => inference.users.get_id(*row).is_some(),
                ExportTable::Tokens => true,
            })
            .collect();
        let vector = vec![0.0; inference.config.dim];
        Self { inference: inference.clone(), table, content: content && table == ExportTable::Items, numbers, vector }
    }

    pub(super) const fn len(&self) -> usize {
        self.numbers.len()
    }

    pub(super) const fn dim(&self) -> usize {
        self.vector.len()
    }

    pub(super) fn id(&self, place: usize) -> &Id {
        let row = self.numbers[place];
        match self.table {
            ExportTable::Items => self.inference.catalog.id(row),
            ExportTable::Users => self.inference.users.id(row),
            ExportTable::Tokens => self.inference.catalog.token(row),
        }
    }

    pub(super) fn ids(&self) -> impl Iterator<Item = &Id> {
        (0..self.len()).map(|place| self.id(place))
    }

    fn learned(&self) -> &CowRows {
        let parameters = &self.inference.parameters;
        match self.table {
            ExportTable::Items => &parameters.items,
            ExportTable::Users => &parameters.users,
            ExportTable::Tokens => &parameters.tokens,
        }
    }

    /// Writes one row in an encoding.
    pub(super) fn encode(&mut self, encoder: Encoder, place: usize, out: &mut Vec<u8>) {
        match encoder {
            Encoder::QuotedId => encode::quoted_id(place, self.id(place), out),
            Encoder::WideId(width) => encode::wide_id(self.id(place), width, out),
            Encoder::Values => self.values(place).iter().for_each(|value| out.extend_from_slice(&value.to_le_bytes())),
            Encoder::WordLine => {
                let id = self.id(place).clone();
                encode::word_line(&id, self.values(place), out);
            }
            Encoder::TabLine => encode::tab_line(self.values(place), out),
            Encoder::MetadataLine => encode::metadata_line(&self.metadata(place), out),
            Encoder::JsonLine => {
                let id = self.id(place).clone();
                encode::json_line(&id, self.values(place), out);
            }
        }
    }

    /// Returns the columns of a row's metadata: of an item id, title and first category, else the id.
    pub(super) fn metadata(&self, place: usize) -> Vec<&str> {
        let id = self.id(place).as_str();
        match self.table {
            ExportTable::Items => {
                let item = &self.inference.catalog.entry(self.numbers[place]).item;
                let category = item.categories.first().map_or("", String::as_str);
                vec![id, item.title.as_deref().unwrap_or(""), category]
            }
            ExportTable::Users | ExportTable::Tokens => vec![id],
        }
    }

    pub(super) fn values(&mut self, place: usize) -> &[f32] {
        let row = self.numbers[place];
        if !self.content {
            return self.learned().row(row as usize);
        }
        self.inference.item_vector(row, &mut self.vector);
        &self.vector
    }
}
