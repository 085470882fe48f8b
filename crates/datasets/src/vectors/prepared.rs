//! From a file to rows: read once to learn what it holds, and a second time to hand it over.

use shelfmark_domain::{RowVector, VectorValues};

use super::{Fit, FitSettings, ImportTargets, Moments, RowSelection, SelectionStats, VectorError, VectorFile};

/// A file that was read once.
pub struct PreparedImport<'a> {
    targets: &'a ImportTargets,
    fit: Fit,
    stats: SelectionStats,
}

impl<'a> PreparedImport<'a> {
    /// Reads a file to its end, for a model with `dim` values a row.
    pub fn read(
        file: VectorFile,
        targets: &'a ImportTargets,
        dim: usize,
        settings: &FitSettings,
    ) -> Result<Self, VectorError> {
        let mut moments = Moments::new(file.dim(), dim);
        let mut selection = RowSelection::new(file, targets);
        while let Some((_, values)) = selection.next_wanted()? {
            moments.add(values);
        }
        Ok(Self { targets, fit: Fit::new(&moments, dim, settings), stats: selection.stats().clone() })
    }

    /// What the file holds for the model.
    pub fn stats(&self) -> &SelectionStats {
        &self.stats
    }

    /// How its vectors are fitted.
    pub fn fit(&self) -> &Fit {
        &self.fit
    }

    /// Reads the same file again and gives each wanted row, with its number in the file, from 1.
    pub fn hand_over<E: From<VectorError>>(
        &self,
        file: VectorFile,
        mut take: impl FnMut(u64, RowVector) -> Result<(), E>,
    ) -> Result<(), E> {
        let into = self.targets.table();
        let mut selection = RowSelection::new(file, self.targets);
        while let Some((id, values)) = selection.next_wanted()? {
            let values = VectorValues::new(self.fit.apply(values));
            take(selection.stats().rows, RowVector { into, id, values })?;
        }
        Ok(())
    }
}
