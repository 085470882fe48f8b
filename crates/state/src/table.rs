//! Tables of a state, and the row encoding that digests and versions share.

use shelfmark_domain::Modality;

use super::{AddedWeights, Counters, EntryPopularity, IdMap, LearnedTable, Popularity, Scalars, State, as_row};

/// Tables of a state. The numbers are stored: never reuse one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[repr(i16)]
pub enum Table {
    /// One row: the configuration.
    Config = 1,
    /// One row: counters and the open unit.
    Counters = 2,
    /// Names of event kinds.
    Kinds = 3,
    /// Texts of tokens.
    Tokens = 4,
    /// Ids and metadata of items.
    Items = 5,
    /// Item rows in the order of their first event.
    Known = 6,
    /// Ids of users.
    Users = 7,
    /// Ids of sessions.
    Sessions = 8,
    /// Histories of users.
    UserHistories = 9,
    /// Histories of sessions.
    SessionHistories = 10,
    /// Decayed event counts, by item.
    Popularity = 11,
    /// Transition memory, by item.
    Memory = 12,
    /// Ring of recent items.
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
    /// Names and lengths of the modalities of dense vectors.
    Modalities = 22,
    /// Projections of dense vectors: a row for each input of each modality.
    Projections = 23,
    /// Content vectors with their item rows.
    ContentVectors = 24,
    /// Learned rows as they were when `pull` was raised from 0.
    BaseWeights = 25,
    /// Number of events when each user was last active, while idle users are evicted.
    UsersLastActive = 26,
    /// Number of events when each session was last active, while idle sessions are evicted.
    SessionsLastActive = 27,
    /// One row: small learned vectors that were added later, and their accumulators. Absent in states of earlier
    /// builds.
    AddedWeights = 28,
    /// Decayed entry counts, by item. Absent in states of earlier builds.
    EntryPopularity = 29,
    /// One row: number of entries counted. Absent in states of earlier builds.
    EntryCounter = 30,
    /// Profiles of users, up to the last user who has one. Absent in states of earlier builds.
    Profiles = 31,
}

impl Table {
    /// All tables, in decoding order.
    pub const ALL: [Self; 31] = [
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
        Self::ContentVectors,
        Self::BaseWeights,
        Self::UsersLastActive,
        Self::SessionsLastActive,
        Self::AddedWeights,
        Self::EntryPopularity,
        Self::EntryCounter,
        Self::Profiles,
    ];

    /// Returns the stored number.
    #[inline]
    pub const fn number(self) -> i16 {
        self as i16
    }

    /// Returns the index in [`Table::ALL`].
    #[inline]
    pub const fn index(self) -> usize {
        self as usize - 1
    }

    /// Returns the length of an encoded row, in bytes; `None` when rows differ in length.
    pub const fn row_bytes(self, dim: usize) -> Option<usize> {
        match self {
            Self::Counters => Some(size_of::<Counters>()),
            Self::Scalars => Some(2 * Scalars::STORED_BYTES),
            Self::AddedWeights => Some(2 * size_of::<AddedWeights>()),
            Self::Popularity => Some(size_of::<Popularity>()),
            Self::EntryPopularity => Some(size_of::<EntryPopularity>()),
            Self::Known | Self::Recent => Some(4),
            Self::ItemVectors
            | Self::LastVectors
            | Self::UserVectors
            | Self::TokenVectors
            | Self::ContextVectors
            | Self::Projections => Some(8 * dim),
            Self::ItemBias | Self::UsersLastActive | Self::SessionsLastActive | Self::EntryCounter => Some(8),
            Self::ContentVectors => Some(4 + 4 * dim),
            Self::Config
            | Self::Kinds
            | Self::Tokens
            | Self::Items
            | Self::Users
            | Self::Sessions
            | Self::UserHistories
            | Self::SessionHistories
            | Self::Memory
            | Self::Contexts
            | Self::Modalities
            | Self::BaseWeights
            | Self::Profiles => None,
        }
    }
}

impl State {
    /// Returns the number of rows of a table.
    pub fn rows(&self, table: Table) -> usize {
        let r = &self.inference;
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
            Table::ItemVectors => r.parameters.items.len(),
            Table::LastVectors => r.parameters.last.len(),
            Table::UserVectors => r.parameters.users.len(),
            Table::TokenVectors => r.parameters.tokens.len(),
            Table::ContextVectors => r.parameters.contexts.len(),
            Table::Projections => r.parameters.projections.len(),
            Table::ItemBias => r.parameters.bias.len(),
            Table::Modalities => r.content_vectors.modalities().all().len(),
            Table::ContentVectors => r.content_vectors.len(),
            Table::BaseWeights => self.base_weights.as_ref().map_or(0, |base_weights| base_weights.len()),
            Table::UsersLastActive => self.last_active.users.len(),
            Table::SessionsLastActive => self.last_active.sessions.len(),
            Table::AddedWeights | Table::EntryCounter => usize::from(self.has_added),
            Table::EntryPopularity => r.entries.len(),
            Table::Profiles => r.profiles.len(),
        }
    }

    /// Appends the encoding of a row to `out`. Different rows have different encodings.
    pub fn encode_row(&self, table: Table, row: usize, out: &mut Vec<u8>) {
        let r = &self.inference;
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
                out.push(u8::from(entry.removed) | (u8::from(entry.weightless) << 1));
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
            Table::ItemVectors => self.encode_learned(LearnedTable::Items, row, out),
            Table::LastVectors => self.encode_learned(LearnedTable::Last, row, out),
            Table::UserVectors => self.encode_learned(LearnedTable::Users, row, out),
            Table::TokenVectors => self.encode_learned(LearnedTable::Tokens, row, out),
            Table::ContextVectors => self.encode_learned(LearnedTable::Context, row, out),
            Table::Projections => self.encode_learned(LearnedTable::Projections, row, out),
            Table::ItemBias => self.encode_learned(LearnedTable::Bias, row, out),
            Table::Scalars => {
                for scalars in [&r.parameters.scalars, &self.accumulators.scalars] {
                    out.extend_from_slice(&bytemuck::bytes_of(&**scalars)[..Scalars::STORED_BYTES]);
                }
            }
            Table::Modalities => {
                let Modality { name, inputs, .. } = &r.content_vectors.modalities().all()[row];
                out.extend_from_slice(&(*inputs as u64).to_le_bytes());
                out.extend_from_slice(name.as_bytes());
            }
            Table::ContentVectors => {
                out.extend_from_slice(&r.content_vectors.item(row).to_le_bytes());
                out.extend_from_slice(bytemuck::cast_slice(r.content_vectors.row(row)));
            }
            Table::BaseWeights => self.base_weights.as_ref().expect("it has rows").encode(row, out),
            Table::UsersLastActive => out.extend_from_slice(&self.last_active.users[row].to_le_bytes()),
            Table::SessionsLastActive => out.extend_from_slice(&self.last_active.sessions[row].to_le_bytes()),
            Table::AddedWeights => {
                for scalars in [&r.parameters.scalars, &self.accumulators.scalars] {
                    out.extend_from_slice(bytemuck::bytes_of(&scalars.added));
                }
            }
            Table::EntryPopularity => out.extend_from_slice(bytemuck::bytes_of(&r.entries[row])),
            Table::EntryCounter => out.extend_from_slice(&r.entries_counted.to_le_bytes()),
            Table::Profiles => r.profiles[row].encode(out),
        }
    }

    /// Encodes a learned row: weights, then accumulators.
    fn encode_learned(&self, table: LearnedTable, row: usize, out: &mut Vec<u8>) {
        out.extend_from_slice(bytemuck::cast_slice(self.inference.parameters.table(table).row(row)));
        out.extend_from_slice(bytemuck::cast_slice(self.accumulators.table(table).row(row)));
    }
}

/// Encodes the id of a row; nothing for a free row, as no id is empty.
fn encode_id(id_map: &IdMap, row: usize, out: &mut Vec<u8>) {
    if let Some(id) = id_map.get_id(as_row(row)) {
        out.extend_from_slice(id.as_str().as_bytes());
    }
}

/// Encodes structured rows as JSON: readable in a dump, with sorted maps.
fn json<T: serde::Serialize>(value: &T, out: &mut Vec<u8>) {
    serde_json::to_writer(out, value).expect("configurations and items have a JSON form");
}
