//! The tables of a state, and the one encoding of their rows that digests and versions share.

use std::sync::Arc;

use super::{
    CatalogEntry, Counters, CowRows, History, Interner, MemoryRow, Popularity, Scalars, Segment, State, StateError,
};
use crate::domain::{Id, Item, Modality, ModelConfig};

/// Bytes of one segment at most, give or take a row.
const SEGMENT_BYTES: usize = 4 << 20;

/// Every kind of row that makes up a state. Numbers are stored: never reuse one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[repr(i16)]
pub enum Table {
    /// One row: the configuration.
    Config = 1,
    /// One row: counters and the open unit.
    Counters = 2,
    /// Names of kinds.
    Kinds = 3,
    /// Tokens' texts.
    Tokens = 4,
    /// Items' ids and metadata.
    Items = 5,
    /// Item rows in the order of their first event.
    Known = 6,
    /// Users' ids.
    Users = 7,
    /// Sessions' ids.
    Sessions = 8,
    /// Users' histories.
    UserHistories = 9,
    /// Sessions' histories.
    SessionHistories = 10,
    /// Decayed counts by item.
    Popularity = 11,
    /// Transition memory by item.
    Memory = 12,
    /// Ring of the newest events' items.
    Recent = 13,
    /// Item vectors and their accumulators.
    ItemVectors = 14,
    /// Last-item vectors; row 0 is "no item", item `j` is row `j + 1`.
    LastVectors = 15,
    /// User vectors.
    UserVectors = 16,
    /// Token vectors.
    TokenVectors = 17,
    /// Item biases.
    ItemBias = 18,
    /// One row: the small learned vectors and their accumulators.
    Scalars = 19,
    /// Names of circumstances.
    Contexts = 20,
    /// Context vectors.
    ContextVectors = 21,
    /// Names of modalities of dense vectors, with their lengths.
    Modalities = 22,
    /// Projections of dense vectors: a row for each number of each modality.
    Projections = 23,
    /// Content vectors, each with its item.
    Contents = 24,
    /// Rows of the learned tables as they were when `pull` was switched on.
    Anchor = 25,
}

impl Table {
    /// All tables, in the order in which they must be decoded.
    pub const ALL: [Self; 25] = [
        Self::Config,
        Self::Counters,
        Self::Kinds,
        Self::Tokens,
        Self::Items,
        Self::Known,
        Self::Users,
        Self::Sessions,
        Self::UserHistories,
        Self::SessionHistories,
        Self::Popularity,
        Self::Memory,
        Self::Recent,
        Self::ItemVectors,
        Self::LastVectors,
        Self::UserVectors,
        Self::TokenVectors,
        Self::ItemBias,
        Self::Scalars,
        Self::Contexts,
        Self::ContextVectors,
        Self::Modalities,
        Self::Projections,
        Self::Contents,
        Self::Anchor,
    ];

    /// Those with learned rows.
    pub const LEARNED: [Self; 7] = [
        Self::ItemVectors,
        Self::LastVectors,
        Self::UserVectors,
        Self::TokenVectors,
        Self::ContextVectors,
        Self::Projections,
        Self::ItemBias,
    ];

    /// The stored number.
    pub const fn number(self) -> i16 {
        self as i16
    }

    /// Index into [`Table::ALL`].
    pub const fn index(self) -> usize {
        self as usize - 1
    }

    fn from_number(number: i16) -> Option<Self> {
        Self::ALL.into_iter().find(|table| table.number() == number)
    }
}

impl State {
    /// Number of rows of a table.
    pub fn rows(&self, table: Table) -> usize {
        let r = &self.readable;
        match table {
            Table::Config | Table::Counters | Table::Scalars => 1,
            Table::Kinds => r.kinds.len(),
            Table::Tokens => r.catalog.tokens.len(),
            Table::Items => r.catalog.len(),
            Table::Known => r.catalog.known.len(),
            Table::Users => r.users.len(),
            Table::Sessions => r.sessions.len(),
            Table::Contexts => r.contexts.len(),
            Table::UserHistories => r.user_histories.len(),
            Table::SessionHistories => r.session_histories.len(),
            Table::Popularity => r.popularity.len(),
            Table::Memory => r.memory.len(),
            Table::Recent => self.recent.len(),
            Table::ItemVectors
            | Table::LastVectors
            | Table::UserVectors
            | Table::TokenVectors
            | Table::ContextVectors
            | Table::Projections
            | Table::ItemBias => r.parameters.table(table).len(),
            Table::Modalities => r.contents.modalities().all().len(),
            Table::Contents => r.contents.len(),
            Table::Anchor => self.anchor.as_ref().map_or(0, |anchor| anchor.len()),
        }
    }

    /// Encodes one row; equal rows have equal bytes, different rows different ones.
    pub fn encode_row(&self, table: Table, row: usize, out: &mut Vec<u8>) {
        let r = &self.readable;
        match table {
            Table::Config => json(&*r.config, out),
            Table::Counters => out.extend_from_slice(bytemuck::bytes_of(&r.counters)),
            Table::Kinds => encode_id(&r.kinds, row, out),
            Table::Tokens => encode_id(&r.catalog.tokens, row, out),
            Table::Users => encode_id(&r.users, row, out),
            Table::Sessions => encode_id(&r.sessions, row, out),
            Table::Contexts => encode_id(&r.contexts, row, out),
            Table::Items => {
                let entry = &r.catalog.entries[row];
                out.push(u8::from(entry.removed));
                out.extend_from_slice(&(entry.tokens.len() as u64).to_le_bytes());
                out.extend_from_slice(bytemuck::cast_slice(&entry.tokens));
                json(&*entry.item, out);
            }
            Table::Known => out.extend_from_slice(&r.catalog.known[row].to_le_bytes()),
            Table::UserHistories => r.user_histories[row].encode(out),
            Table::SessionHistories => r.session_histories[row].encode(out),
            Table::Popularity => out.extend_from_slice(bytemuck::bytes_of(&r.popularity[row])),
            Table::Memory => r.memory[row].encode(out),
            Table::Recent => out.extend_from_slice(&self.recent[row].to_le_bytes()),
            Table::ItemVectors
            | Table::LastVectors
            | Table::UserVectors
            | Table::TokenVectors
            | Table::ContextVectors
            | Table::Projections
            | Table::ItemBias => {
                out.extend_from_slice(bytemuck::cast_slice(r.parameters.table(table).row(row)));
                out.extend_from_slice(bytemuck::cast_slice(self.accumulators.table(table).row(row)));
            }
            Table::Scalars => {
                out.extend_from_slice(bytemuck::bytes_of(&*r.parameters.scalars));
                out.extend_from_slice(bytemuck::bytes_of(&*self.accumulators.scalars));
            }
            Table::Modalities => {
                let Modality { name, inputs, .. } = &r.contents.modalities().all()[row];
                out.extend_from_slice(&(*inputs as u64).to_le_bytes());
                out.extend_from_slice(name.as_bytes());
            }
            Table::Contents => {
                out.extend_from_slice(&r.contents.item(row).to_le_bytes());
                out.extend_from_slice(bytemuck::cast_slice(r.contents.row(row)));
            }
            Table::Anchor => self.anchor.as_ref().expect("it has rows").encode(row, out),
        }
    }

    /// Cuts the whole state into segments of about 4 MiB: `[length: u32 le, bytes]` a row.
    pub fn to_segments(&self) -> Vec<Segment> {
        let mut segments = Vec::new();
        for table in Table::ALL {
            let mut segment = Segment { table: table.number(), ordinal: 0, payload: Vec::new() };
            for row in 0..self.rows(table) {
                let start = segment.payload.len();
                segment.payload.extend_from_slice(&[0; 4]);
                self.encode_row(table, row, &mut segment.payload);
                let bytes = u32::try_from(segment.payload.len() - start - 4).expect("a row is far below 4 GiB");
                segment.payload[start..start + 4].copy_from_slice(&bytes.to_le_bytes());
                if segment.payload.len() >= SEGMENT_BYTES {
                    let next = Segment { ordinal: segment.ordinal + 1, payload: Vec::new(), ..segment };
                    segments.push(std::mem::replace(&mut segment, next));
                }
            }
            if !segment.payload.is_empty() {
                segments.push(segment);
            }
        }
        segments
    }

    /// Builds the state back, bit for bit (P7). Segments may come in any order.
    pub fn from_segments(mut segments: Vec<Segment>) -> Result<Self, StateError> {
        segments.sort_by_key(|segment| (segment.table, segment.ordinal));
        let mut state: Option<Self> = None;
        for segment in &segments {
            let table = Table::from_number(segment.table).ok_or(StateError::UnknownTable(segment.table))?;
            let corrupt = || StateError::Corrupt { table, ordinal: segment.ordinal };
            let mut rest = segment.payload.as_slice();
            while !rest.is_empty() {
                let (length, tail) = rest.split_first_chunk::<4>().ok_or_else(corrupt)?;
                let (row, tail) = tail.split_at_checked(u32::from_le_bytes(*length) as usize).ok_or_else(corrupt)?;
                rest = tail;
                match (&mut state, table) {
                    (None, Table::Config) => {
                        let config: ModelConfig = serde_json::from_slice(row).map_err(|_| corrupt())?;
                        state = Some(Self::empty(Arc::new(config)));
                    }
                    (Some(state), _) => state.decode_row(table, row).ok_or_else(corrupt)?,
                    (None, _) => return Err(corrupt()),
                }
            }
        }
        let mut state = state.ok_or(StateError::Empty)?;
        state.rebuild_derived()?;
        Ok(state)
    }

    fn decode_row(&mut self, table: Table, bytes: &[u8]) -> Option<()> {
        let r = &mut self.readable;
        match table {
            Table::Config => return None,
            Table::Counters => r.counters = read_pod::<Counters>(bytes)?,
            Table::Kinds => decode_id(&mut r.kinds, bytes)?,
            Table::Tokens => decode_id(&mut r.catalog.tokens, bytes)?,
            Table::Users => decode_id(&mut r.users, bytes)?,
            Table::Sessions => decode_id(&mut r.sessions, bytes)?,
            Table::Contexts => decode_id(&mut r.contexts, bytes)?,
            Table::Items => {
                let (removed, rest) = bytes.split_first()?;
                let (count, rest) = rest.split_first_chunk::<8>()?;
                let bytes_of_tokens = usize::try_from(u64::from_le_bytes(*count)).ok()?.checked_mul(4)?;
                let (tokens, rest) = rest.split_at_checked(bytes_of_tokens)?;
                let item: Item = serde_json::from_slice(rest).ok()?;
                let (_, new) = r.catalog.ensure(&item.id);
                if !new {
                    return None;
                }
                let row = r.catalog.len() - 1;
                *r.catalog.entries.get_mut(row) = CatalogEntry {
                    item: Arc::new(item),
                    tokens: tokens.as_chunks().0.iter().map(|c| u32::from_le_bytes(*c)).collect(),
                    removed: *removed != 0,
                    content: None,
                };
            }
            Table::Known => {
                let row = u32::from_le_bytes(bytes.try_into().ok()?);
                if row as usize >= r.catalog.len() || r.catalog.is_known(row) {
                    return None;
                }
                r.catalog.set_known(row);
            }
            Table::UserHistories => r.user_histories.push(Arc::new(History::decode(bytes)?)),
            Table::SessionHistories => r.session_histories.push(Arc::new(History::decode(bytes)?)),
            Table::Popularity => r.popularity.push(read_pod::<Popularity>(bytes)?),
            Table::Memory => r.memory.push(Arc::new(MemoryRow::decode(bytes)?)),
            Table::Recent => self.recent.push(u32::from_le_bytes(bytes.try_into().ok()?)),
            Table::ItemVectors
            | Table::LastVectors
            | Table::UserVectors
            | Table::TokenVectors
            | Table::ContextVectors
            | Table::Projections
            | Table::ItemBias => {
                decode_learned(r.parameters.table_mut(table), self.accumulators.table_mut(table), bytes)?;
            }
            Table::Scalars => {
                let (weights, accumulators) = bytes.split_at_checked(size_of::<Scalars>())?;
                r.parameters.scalars = Arc::new(read_pod(weights)?);
                self.accumulators.scalars = Arc::new(read_pod(accumulators)?);
            }
            Table::Modalities => {
                let (inputs, name) = bytes.split_first_chunk::<8>()?;
                let inputs = usize::try_from(u64::from_le_bytes(*inputs)).ok()?;
                let new = r.contents.modalities_mut().admit(std::str::from_utf8(name).ok()?, inputs).ok()?;
                return new.then_some(());
            }
            Table::Contents => {
                let (item, z) = bytes.split_first_chunk::<4>()?;
                return r.decode_content(u32::from_le_bytes(*item), z);
            }
            Table::Anchor => return self.anchor.as_mut()?.decode(bytes),
        }
        Some(())
    }
}

fn encode_id(interner: &Interner, row: usize, out: &mut Vec<u8>) {
    let row = u32::try_from(row).expect("rows are u32");
    out.extend_from_slice(interner.id(row).as_str().as_bytes());
}

fn decode_id(interner: &mut Interner, bytes: &[u8]) -> Option<()> {
    let id = Id::new("id", std::str::from_utf8(bytes).ok()?).ok()?;
    interner.intern(&id).1.then_some(())
}

fn decode_learned(weights: &mut CowRows, accumulators: &mut CowRows, bytes: &[u8]) -> Option<()> {
    let half = weights.dim() * 4;
    if bytes.len() != half * 2 {
        return None;
    }
    weights.push_bytes(&bytes[..half])?;
    accumulators.push_bytes(&bytes[half..])
}

/// JSON is the encoding of the few structured rows: readable in a dump, and its maps are sorted.
fn json<T: serde::Serialize>(value: &T, out: &mut Vec<u8>) {
    serde_json::to_writer(out, value).expect("configurations and items have a JSON form");
}

fn read_pod<T: bytemuck::AnyBitPattern>(bytes: &[u8]) -> Option<T> {
    bytemuck::try_pod_read_unaligned(bytes).ok()
}
