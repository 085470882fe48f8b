//! Which rows of a file a model can use.

use std::collections::{HashMap, HashSet};

use serde::Serialize;
use xxhash_rust::xxh3::xxh3_64;

use shelfmark_domain::{Id, VectorTable};
use shelfmark_state::token_named;

use super::{VectorError, VectorFile, VectorRow};

/// How many unknown ids are named.
const NAMED_MAX: usize = 10;

/// The rows of a model that vectors may be put into.
#[derive(Debug, Default)]
pub struct ImportTargets {
    rows: HashMap<Id, usize>,
    tokens: bool,
    create: bool,
}

impl ImportTargets {
    /// The rows of these ids. `create`: items that are not among them are wanted too; tokens cannot be made.
    pub fn new(into: VectorTable, ids: impl IntoIterator<Item = Id>, create: bool) -> Self {
        let rows = ids.into_iter().enumerate().map(|(row, id)| (id, row)).collect();
        let tokens = into == VectorTable::Tokens;
        Self { rows, tokens, create: create && !tokens }
    }

    /// Which rows.
    pub fn table(&self) -> VectorTable {
        if self.tokens { VectorTable::Tokens } else { VectorTable::Items }
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.rows.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// The model's id for a word of a file.
    fn id(&self, word: &str) -> Option<Id> {
        if self.tokens { token_named(word) } else { Id::new("id", word).ok() }
    }
}

/// What became of a file's rows.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct SelectionStats {
    /// Rows of the file.
    pub rows: u64,
    /// Rows of the model that get a vector.
    pub matched: u64,
    /// Items that will be new.
    pub created: u64,
    /// Rows whose id the model does not know.
    pub unknown: u64,
    /// The first of them.
    pub unknown_first: Vec<String>,
    /// Rows whose id came before; the first one counts.
    pub duplicates: u64,
    /// Rows of zeros, which say nothing.
    pub zero: u64,
    /// Rows with a number that is not finite.
    pub not_finite: u64,
    /// Rows of the model without a vector in the file.
    pub left_over: u64,
}

/// Goes through a file and stops at what is wanted.
pub struct RowSelection<'a> {
    file: VectorFile,
    targets: &'a ImportTargets,
    seen: Vec<bool>,
    /// Hashes of new items' ids.
    new: HashSet<u64>,
    row: VectorRow,
    stats: SelectionStats,
}

impl<'a> RowSelection<'a> {
    /// Of a file just opened.
    pub fn new(file: VectorFile, targets: &'a ImportTargets) -> Self {
        let stats = SelectionStats { left_over: targets.len() as u64, ..SelectionStats::default() };
        Self { file, targets, seen: vec![false; targets.len()], new: HashSet::new(), row: VectorRow::default(), stats }
    }

    /// Id and values of the next wanted row.
    pub fn next_wanted(&mut self) -> Result<Option<(Id, &[f32])>, VectorError> {
        while self.file.next(&mut self.row)? {
            self.stats.rows += 1;
            if let Some(id) = self.wanted() {
                return Ok(Some((id, &self.row.values)));
            }
        }
        Ok(None)
    }

    /// Counts so far; whole at the end.
    pub fn stats(&self) -> &SelectionStats {
        &self.stats
    }

    fn wanted(&mut self) -> Option<Id> {
        let stats = &mut self.stats;
        let id = self.targets.id(&self.row.id);
        let place = id.as_ref().and_then(|id| self.targets.rows.get(id)).copied();
        let Some(id) = id.filter(|_| place.is_some() || self.targets.create) else {
            stats.unknown += 1;
            if stats.unknown_first.len() < NAMED_MAX {
                stats.unknown_first.push(self.row.id.chars().take(64).collect());
            }
            return None;
        };
        if self.row.values.iter().any(|x| !x.is_finite()) {
            stats.not_finite += 1;
            return None;
        }
        if self.row.values.iter().all(|x| *x == 0.0) {
            stats.zero += 1;
            return None;
        }
        let first = match place {
            Some(place) => !std::mem::replace(&mut self.seen[place], true),
            None => self.new.insert(xxh3_64(id.as_str().as_bytes())),
        };
        if !first {
            stats.duplicates += 1;
            return None;
        }
        match place {
            Some(_) => {
                stats.matched += 1;
                stats.left_over -= 1;
            }
            None => stats.created += 1,
        }
        Some(id)
    }
}
