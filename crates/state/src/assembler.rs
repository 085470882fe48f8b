//! Decoder of stored states: assembles a state from the segments of a base version and its deltas, in the order in
//! which they were written.

use std::sync::Arc;

use shelfmark_domain::{Id, Item, ModelConfig};

use super::{
    AddedWeights, CatalogEntry, Counters, CowRows, CowVec, Digester, EntryPopularity, History, IdMap, Labelled,
    LearnedTable, Popularity, Scalars, Segment, State, StateError, Table, TransitionRow,
};

/// A state under assembly, with the digest of the bytes read so far (P7).
#[derive(Debug, Default)]
pub struct Assembler {
    state: Option<State>,
    digester: Digester,
}

impl Assembler {
    /// Decodes the next segment: appends new rows and replaces existing ones.
    ///
    /// # Errors
    /// [`StateError::UnknownTable`] for a table of a newer program, [`StateError::Corrupt`] for bytes that do not
    /// decode.
    pub fn take(&mut self, segment: &Segment) -> Result<(), StateError> {
        let table = segment.table().ok_or(StateError::UnknownTable(segment.table))?;
        let corrupt = StateError::Corrupt { table, ordinal: segment.ordinal };
        let dim = self.state.as_ref().map_or(0, |state| state.config().dim);
        let Self { state, digester } = self;
        let taken = segment.read_rows(dim, |row, bytes| {
            digester.set(table, row as usize, bytes);
            match state {
                Some(state) => state.decode_row(table, row as usize, bytes),
                None if table == Table::Config => {
                    *state = Some(State::empty(Arc::new(serde_json::from_slice(bytes).ok()?)));
                    Some(())
                }
                None => None,
            }
        });
        taken.ok_or(corrupt)
    }

    /// Returns the state and its digester once all segments are in.
    ///
    /// # Errors
    /// [`StateError::Empty`] without a configuration, [`StateError::Mismatch`] when the sizes of tables do not agree.
    pub fn finish(self) -> Result<(State, Digester), StateError> {
        let mut state = self.state.ok_or(StateError::Empty)?;
        state.rebuild_derived()?;
        Ok((state, self.digester))
    }
}

impl State {
    /// Rebuilds a state bit for bit (P7) from its segments, in order.
    ///
    /// # Errors
    /// Those of [`Assembler::take`] and [`Assembler::finish`].
    pub fn from_segments(segments: impl IntoIterator<Item = Segment>) -> Result<Self, StateError> {
        let mut assembler = Assembler::default();
        for segment in segments {
            assembler.take(&segment)?;
        }
        Ok(assembler.finish()?.0)
    }

    /// Appends a row or replaces an existing one. Returns `None` when the bytes do not decode or the row would leave a
    /// gap.
    ///
    /// A row of an append-only table may come again with the same content, because deltas of early builds repeat rows
    /// of their parent.
    pub(super) fn decode_row(&mut self, table: Table, row: usize, bytes: &[u8]) -> Option<()> {
        let new = row == self.rows(table);
        if row > self.rows(table) {
            return None;
        }
        let r = &mut self.inference;
        match table {
            Table::Config => {
                let config: ModelConfig = serde_json::from_slice(bytes).ok()?;
                if config.dim != r.config.dim {
                    return None;
                }
                r.config = Arc::new(config);
            }
            Table::Counters => r.counters = read_pod::<Counters>(bytes)?,
            Table::Kinds => put_id(&mut r.kinds, row, bytes)?,
            Table::Tokens => put_id(&mut r.catalog.tokens, row, bytes)?,
            Table::Users => restore_id(&mut r.users, row, bytes)?,
            Table::Sessions => restore_id(&mut r.sessions, row, bytes)?,
            Table::Contexts => put_id(&mut r.contexts, row, bytes)?,
            Table::Items => self.decode_item(row, bytes)?,
            Table::Known => {
                let item = read_row(bytes)?;
                if !new {
                    return (r.catalog.known()[row] == item).then_some(());
                }
                if item as usize >= r.catalog.len() || r.catalog.is_known(item) {
                    return None;
                }
                r.catalog.set_known(item);
            }
            Table::UserHistories => put(&mut r.user_histories, row, Arc::new(History::decode(bytes)?)),
            Table::SessionHistories => put(&mut r.session_histories, row, Arc::new(History::decode(bytes)?)),
            Table::Popularity => put(&mut r.popularity, row, read_pod::<Popularity>(bytes)?),
            Table::Memory => put(&mut r.memory, row, Arc::new(TransitionRow::decode(bytes)?)),
            Table::Recent => put(&mut self.recent, row, read_row(bytes)?),
            Table::ItemVectors => self.decode_learned(LearnedTable::Items, row, bytes)?,
            Table::LastVectors => self.decode_learned(LearnedTable::Last, row, bytes)?,
            Table::UserVectors => self.decode_learned(LearnedTable::Users, row, bytes)?,
            Table::TokenVectors => self.decode_learned(LearnedTable::Tokens, row, bytes)?,
            Table::ContextVectors => self.decode_learned(LearnedTable::Context, row, bytes)?,
            Table::Projections => self.decode_learned(LearnedTable::Projections, row, bytes)?,
            Table::ItemBias => self.decode_learned(LearnedTable::Bias, row, bytes)?,
            Table::Scalars => {
                let (weights, accumulators) = bytes.split_at_checked(Scalars::STORED_BYTES)?;
                put_scalars(&mut r.parameters.scalars, weights)?;
                put_scalars(&mut self.accumulators.scalars, accumulators)?;
            }
            Table::AddedWeights => {
                let (weights, accumulators) = bytes.split_at_checked(size_of::<AddedWeights>())?;
                Arc::make_mut(&mut r.parameters.scalars).added = read_pod(weights)?;
                Arc::make_mut(&mut self.accumulators.scalars).added = read_pod(accumulators)?;
                self.has_added = true;
            }
            Table::EntryPopularity => put(&mut r.entries, row, read_pod::<EntryPopularity>(bytes)?),
            Table::Profiles => put(&mut r.profiles, row, Arc::new(Labelled::decode(bytes)?)),
            Table::EntryCounter => r.entries_counted = u64::from_le_bytes(bytes.try_into().ok()?),
            Table::Modalities => {
                let (inputs, name) = bytes.split_first_chunk::<8>()?;
                let inputs = usize::try_from(u64::from_le_bytes(*inputs)).ok()?;
                let name = std::str::from_utf8(name).ok()?;
                if !new {
                    let known = &r.content_vectors.modalities().all()[row];
                    return (known.name == name && known.inputs == inputs).then_some(());
                }
                return r.content_vectors.modalities_mut().admit(name, inputs).ok()?.then_some(());
            }
            Table::ContentVectors => {
                let (item, z) = bytes.split_first_chunk::<4>()?;
                let item = u32::from_le_bytes(*item);
                if new {
                    return r.decode_content(item, z);
                }
                return (r.content_vectors.item(row) == item)
                    .then(|| put_values(&mut r.content_vectors.rows, row, z))?;
            }
            Table::BaseWeights if new => self.base_weights.as_mut()?.decode(bytes)?,
            Table::BaseWeights => {
                let mut known = Vec::new();
                self.base_weights.as_ref()?.encode(row, &mut known);
                return (known == bytes).then_some(());
            }
            Table::UsersLastActive => put(&mut self.last_active.users, row, u64::from_le_bytes(bytes.try_into().ok()?)),
            Table::SessionsLastActive => {
                put(&mut self.last_active.sessions, row, u64::from_le_bytes(bytes.try_into().ok()?))
            }
        }
        Some(())
    }

    fn decode_learned(&mut self, table: LearnedTable, row: usize, bytes: &[u8]) -> Option<()> {
        let (weights, accumulators) = bytes.split_at_checked(bytes.len() / 2)?;
        put_values(self.inference.parameters.table_mut(table), row, weights)?;
        put_values(self.accumulators.table_mut(table), row, accumulators)
    }

    fn decode_item(&mut self, row: usize, bytes: &[u8]) -> Option<()> {
        let catalog = &mut self.inference.catalog;
        let (flags, rest) = bytes.split_first()?;
        if *flags > 3 {
            return None;
        }
        let (count, rest) = rest.split_first_chunk::<8>()?;
        let bytes_of_tokens = usize::try_from(u64::from_le_bytes(*count)).ok()?.checked_mul(4)?;
        let (tokens, rest) = rest.split_at_checked(bytes_of_tokens)?;
        let item: Item = serde_json::from_slice(rest).ok()?;
        if catalog.ensure(&item.id).0 as usize != row {
            return None;
        }
        let entry = catalog.entries.get_mut(row);
        *entry = CatalogEntry {
            item: Arc::new(item),
            tokens: tokens.as_chunks().0.iter().map(|c| u32::from_le_bytes(*c)).collect(),
            removed: flags & 1 != 0,
            weightless: flags & 2 != 0,
            content: entry.content,
        };
        Some(())
    }
}

fn put_id(id_map: &mut IdMap, row: usize, bytes: &[u8]) -> Option<()> {
    id_map.put(row, &id(bytes)?)
}

/// Decodes a row that may be free: empty bytes.
fn restore_id(id_map: &mut IdMap, row: usize, bytes: &[u8]) -> Option<()> {
    let id = if bytes.is_empty() { None } else { Some(id(bytes)?) };
    id_map.restore(row, id.as_ref())
}

fn id(bytes: &[u8]) -> Option<Id> {
    Id::new("id", std::str::from_utf8(bytes).ok()?).ok()
}

/// Replaces an element, or appends it when `place` is the length.
fn put<T: Clone>(values: &mut CowVec<T>, place: usize, value: T) {
    if place < values.len() {
        *values.get_mut(place) = value;
    } else {
        values.push(value);
    }
}

fn put_values(rows: &mut CowRows, row: usize, bytes: &[u8]) -> Option<()> {
    if row == rows.len() { rows.push_bytes(bytes) } else { rows.set_bytes(row, bytes) }
}

/// Replaces the stored part of the small vectors.
fn put_scalars(scalars: &mut Arc<Scalars>, bytes: &[u8]) -> Option<()> {
    let stored = &mut bytemuck::bytes_of_mut(Arc::make_mut(scalars))[..Scalars::STORED_BYTES];
    (stored.len() == bytes.len()).then(|| stored.copy_from_slice(bytes))
}

fn read_row(bytes: &[u8]) -> Option<u32> {
    Some(u32::from_le_bytes(bytes.try_into().ok()?))
}

fn read_pod<T: bytemuck::AnyBitPattern>(bytes: &[u8]) -> Option<T> {
    bytemuck::try_pod_read_unaligned(bytes).ok()
}
