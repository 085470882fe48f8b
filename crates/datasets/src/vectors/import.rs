//! Imports: which rows of a file a model can use, and how they are fitted to it.
//!
//! A file is read twice. [`PreparedImport::read`] learns what it holds, and [`PreparedImport::hand_over`] gives its
//! rows.

use std::collections::{HashMap, HashSet};

use serde::Serialize;
use xxhash_rust::xxh3::xxh3_64;

use shelfmark_domain::{Id, RowVector, VectorTable, VectorValues};
use shelfmark_state::token_named;

use super::{
    Fit, FitSettings, Moments, VectorError, VectorFile, VectorRow,
    sample::{OutlyingRows, RowSample, norm},
};

/// Number of unknown ids that are listed.
const NAMED_MAX: usize = 10;

/// Rows of a model that vectors may be imported into.
#[derive(Debug, Default)]
pub struct ImportTargets {
    rows: HashMap<Id, usize>,
    tokens: bool,
    create: bool,
}

impl ImportTargets {
    /// Takes the rows of these ids. With `create`, other items are wanted too; tokens cannot be made.
    pub fn new(into: VectorTable, ids: impl IntoIterator<Item = Id>, create: bool) -> Self {
        let rows = ids.into_iter().enumerate().map(|(row, id)| (id, row)).collect();
        let tokens = into == VectorTable::Tokens;
        Self { rows, tokens, create: create && !tokens }
    }

    /// Returns the table of the rows.
    pub fn table(&self) -> VectorTable {
        if self.tokens { VectorTable::Tokens } else { VectorTable::Items }
    }

    /// Returns the number of rows.
    pub fn len(&self) -> usize {
        self.rows.len()
    }

    /// Whether there are no rows.
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// Returns the model's id for a word of a file.
    fn id(&self, word: &str) -> Option<Id> {
        if self.tokens { token_named(word) } else { Id::new("id", word).ok() }
    }
}

/// Counts of the rows of a file.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct SelectionStats {
    /// Rows in the file.
    pub rows: u64,
    /// Rows of the model that get a vector.
    pub matched: u64,
    /// Items that will be made.
    pub created: u64,
    /// Rows whose id the model does not know.
    pub unknown: u64,
    /// The first unknown ids.
    pub unknown_first: Vec<String>,
    /// Rows whose id came before; the first row counts.
    pub duplicates: u64,
    /// Rows of zeros, which are left out.
    pub zero: u64,
    /// Rows with a value that is not finite, which are left out.
    pub not_finite: u64,
    /// Rows that are far longer than all others, which are left out when asked to.
    pub outliers: u64,
    /// Rows of the model without a vector in the file.
    pub left_over: u64,
}

/// Reader of the wanted rows of a file.
pub struct RowSelection<'a> {
    file: VectorFile,
    targets: &'a ImportTargets,
    seen: Vec<bool>,
    /// Hashes of the ids of new items.
    new: HashSet<u64>,
    row: VectorRow,
    /// Length of the longest row that is taken.
    norm_max: f32,
    stats: SelectionStats,
}

impl<'a> RowSelection<'a> {
    /// Takes a file that was just opened.
    pub fn new(file: VectorFile, targets: &'a ImportTargets) -> Self {
        let stats = SelectionStats { left_over: targets.len() as u64, ..SelectionStats::default() };
        let (seen, row, norm_max) = (vec![false; targets.len()], VectorRow::default(), f32::INFINITY);
        Self { file, targets, seen, new: HashSet::new(), row, norm_max, stats }
    }

    /// Leaves out rows that are longer.
    #[must_use]
    pub fn with_norm_max(mut self, norm_max: f32) -> Self {
        self.norm_max = norm_max;
        self
    }

    /// Reads id and values of the next wanted row; `None` at the end.
    pub fn next_wanted(&mut self) -> Result<Option<(Id, &[f32])>, VectorError> {
        while self.file.next(&mut self.row)? {
            self.stats.rows += 1;
            if let Some(id) = self.wanted() {
                return Ok(Some((id, &self.row.values)));
            }
        }
        Ok(None)
    }

    /// Returns the counts so far.
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
        if norm(&self.row.values) > self.norm_max {
            stats.outliers += 1;
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

/// A file that was read once, and can be imported.
pub struct PreparedImport<'a> {
    targets: &'a ImportTargets,
    fit: Fit,
    stats: SelectionStats,
    norm_max: f32,
    neighbours_kept: Option<f32>,
}

impl<'a> PreparedImport<'a> {
    /// Reads a file to its end, for a model with `dim` values a row. Refuses one whose rows would become nothing: a few
    /// of them are far longer than all others ([`VectorError::Outliers`]), or all are the same.
    pub fn read(
        file: VectorFile,
        targets: &'a ImportTargets,
        dim: usize,
        settings: &FitSettings,
    ) -> Result<Self, VectorError> {
        Self::read_below(file, targets, dim, settings, f32::INFINITY)
    }

    /// Reads a file likewise, and leaves out rows that are longer than `norm_max`.
    pub fn read_below(
        file: VectorFile,
        targets: &'a ImportTargets,
        dim: usize,
        settings: &FitSettings,
        norm_max: f32,
    ) -> Result<Self, VectorError> {
        let name = file.name().to_owned();
        let (mut moments, mut sample) = (Moments::new(file.dim(), dim), RowSample::default());
        let mut selection = RowSelection::new(file, targets).with_norm_max(norm_max);
        // The longest row so far: a row that outlies is one of those that were the longest when they came.
        let mut longest = (0.0, 0, String::new());
        while let Some((id, values)) = selection.next_wanted()? {
            moments.add(values);
            sample.add(values);
            let norm = norm(values);
            if norm > longest.0 {
                longest = (norm, selection.stats().rows, id.to_string());
            }
        }
        if let Some(OutlyingRows { times, count, norm_max }) = sample.outlying() {
            let (_, row, id) = longest;
            return Err(VectorError::Outliers { name, row, id, times, count, rows: sample.len(), norm_max });
        }
        if moments.is_constant(settings.centre) {
            let detail = format!(
                "all {} vectors that match are the same: nothing is left of them without their mean \
                 (--keep-mean keeps it)",
                sample.len()
            );
            return Err(VectorError::Unclear { name, detail });
        }
        let fit = Fit::new(&sample.robust(moments, dim), dim, settings);
        let neighbours_kept = sample.neighbours_kept(&fit);
        Ok(Self { targets, fit, stats: selection.stats().clone(), norm_max, neighbours_kept })
    }

    /// Returns the counts of the file's rows.
    pub fn stats(&self) -> &SelectionStats {
        &self.stats
    }

    /// Returns the fit of the vectors.
    pub fn fit(&self) -> &Fit {
        &self.fit
    }

    /// Returns which part of the ten nearest rows, of a sample, are the same in the file and in the model; `None` when
    /// there are fewer than twenty.
    pub fn neighbours_kept(&self) -> Option<f32> {
        self.neighbours_kept
    }

    /// Reads the same file again, and passes on each wanted row with its number in the file, from 1.
    pub fn hand_over<E: From<VectorError>>(
        &self,
        file: VectorFile,
        mut take: impl FnMut(u64, RowVector) -> Result<(), E>,
    ) -> Result<(), E> {
        let into = self.targets.table();
        let mut selection = RowSelection::new(file, self.targets).with_norm_max(self.norm_max);
        while let Some((id, values)) = selection.next_wanted()? {
            let values = VectorValues::new(self.fit.apply(values));
            take(selection.stats().rows, RowVector { into, id, values })?;
        }
        Ok(())
    }
}
