//! Content vectors: what the dense vectors of items add to their item vectors.
//!
//! An item with dense vectors `x` has the content vector `z = sum over modalities of M x`, with `x` scaled by
//! [`normalise`]. The projections `M` change with every step, so a stored `z` is **as of its last refresh**. An item is
//! refreshed when it takes part in a step and when its metadata is put. In addition, every step refreshes the next
//! [`REFRESHED_PER_STEP`] content rows in turn ([`State::next_refresh`]). So the cost of a step and of a publication
//! does not grow with the catalogue, and a cold item is refreshed within `items / REFRESHED_PER_STEP` steps.

use std::sync::Arc;

use shelfmark_domain::{Item, Modalities, Modality};

use super::{ACCUMULATOR_INITIAL, CowRows, CowVec, InferenceState, LearnedTable, State, Table, add_scaled, as_row};

/// Content vectors that a step refreshes in turn, in addition to those of its own items.
pub const REFRESHED_PER_STEP: usize = 64;

/// Content vectors by content row: in the order in which items first had a dense vector.
#[derive(Debug, Clone)]
pub struct ContentVectors {
    modalities: Arc<Modalities>,
    /// Item row by content row.
    pub(super) items: CowVec<u32>,
    /// `[contents, dim]`.
    pub(super) rows: CowRows,
}

impl ContentVectors {
    pub(super) fn new(dim: usize) -> Self {
        Self { modalities: Arc::default(), items: CowVec::default(), rows: CowRows::new(dim) }
    }

    /// Returns the modalities that the model learns from.
    #[inline]
    pub const fn modalities(&self) -> &Arc<Modalities> {
        &self.modalities
    }

    pub(super) fn modalities_mut(&mut self) -> &mut Modalities {
        Arc::make_mut(&mut self.modalities)
    }

    /// Number of items that have ever had a dense vector.
    #[inline]
    pub const fn len(&self) -> usize {
        self.items.len()
    }

    /// Whether no item has ever had a dense vector.
    #[inline]
    pub const fn is_empty(&self) -> bool {
        self.items.is_empty()
    }

    /// Returns the item row of a content row. Panics when out of range.
    #[inline]
    pub fn item(&self, row: usize) -> u32 {
        self.items[row]
    }

    /// Returns the content vector `z` of a content row, `[dim]`. Panics when out of range.
    #[inline]
    pub fn row(&self, row: usize) -> &[f32] {
        self.rows.row(row)
    }

    fn push(&mut self, item: u32) {
        self.items.push(item);
        self.rows.push_filled(0.0);
    }
}

/// Writes `x`, scaled to a mean square of 1, to `out`. A zero vector stays zero. Computes in f64, because squares of
/// f32 may overflow.
pub fn normalise(x: &[f32], out: &mut [f32]) {
    let mut lanes = [0.0_f64; 8];
    let (eights, rest) = x.as_chunks::<8>();
    for eight in eights {
        for (lane, x) in lanes.iter_mut().zip(eight) {
            *lane += f64::from(*x) * f64::from(*x);
        }
    }
    let rest: f64 = rest.iter().map(|x| f64::from(*x) * f64::from(*x)).sum();
    let squares = lanes.iter().sum::<f64>() + rest;
    #[expect(clippy::cast_precision_loss, reason = "at most 4,096")]
    let factor = if squares > 0.0 { (x.len() as f64 / squares).sqrt() } else { 0.0 };
    for (out, x) in out.iter_mut().zip(x) {
        #[expect(clippy::cast_possible_truncation, reason = "between -64 and 64")]
        let value = (f64::from(*x) * factor) as f32;
        *out = value;
    }
}

impl InferenceState {
    /// Decodes and appends a content vector. Returns `None` when the item is unknown or already has one.
    pub(super) fn decode_content(&mut self, item: u32, z: &[u8]) -> Option<()> {
        if item as usize >= self.catalog.len() || self.catalog.entry(item).content.is_some() {
            return None;
        }
        self.catalog.set_content(item, as_row(self.content_vectors.len()));
        self.content_vectors.items.push(item);
        self.content_vectors.rows.push_bytes(z)
    }

    /// Returns an item's dense vector of a modality. `None` when it is absent or has another length than the modality.
    #[inline]
    pub fn dense<'a>(&self, item: &'a Item, modality: &Modality) -> Option<&'a [f32]> {
        let vector = item.vectors.get(&modality.name)?;
        (vector.len() == modality.inputs).then_some(vector)
    }
}

impl State {
    /// Registers the modalities of an item whose metadata is new, and refreshes its content vector.
    pub(super) fn take_vectors(&mut self, row: u32) {
        if !self.inference.config.modalities {
            return;
        }
        let item = Arc::clone(&self.inference.catalog.entry(row).item);
        let mut any = false;
        for (name, vector) in &item.vectors {
            // Requests with a wrong length are refused. Records from before the modality was known are ignored here.
            let Ok(new) = self.inference.content_vectors.modalities_mut().admit(name, vector.len()) else { continue };
            any = true;
            if new {
                let number = self.inference.content_vectors.modalities().all().len() - 1;
                self.touched.mark(Table::Modalities, as_row(number));
                (0..vector.len()).for_each(|_| _ = self.push_row(LearnedTable::Projections, ACCUMULATOR_INITIAL));
            }
        }
        let content = self.inference.catalog.entry(row).content;
        if content.is_none() && any {
            self.inference.catalog.set_content(row, as_row(self.inference.content_vectors.len()));
            self.touched.mark(Table::ContentVectors, as_row(self.inference.content_vectors.len()));
            self.inference.content_vectors.push(row);
        } else if content.is_none() {
            return;
        }
        self.refresh_content(row);
    }

    pub(super) fn refresh_content(&mut self, row: u32) {
        let entry = self.inference.catalog.entry(row);
        let Some(content) = entry.content else { return };
        let mut z = vec![0.0; self.inference.config.dim];
        for modality in self.inference.content_vectors.modalities().all() {
            let Some(vector) = self.inference.dense(&entry.item, modality) else { continue };
            let mut x = vec![0.0; vector.len()];
            normalise(vector, &mut x);
            for (i, x) in x.iter().enumerate() {
                add_scaled(&mut z, *x, self.inference.parameters.projections.row(modality.first + i));
            }
        }
        self.set_content(content, &z);
    }

    /// Replaces a content vector. Marks it as touched only when it changed.
    pub fn set_content(&mut self, content: u32, z: &[f32]) {
        if self.inference.content_vectors.row(content as usize) == z {
            return;
        }
        self.inference.content_vectors.rows.row_mut(content as usize).copy_from_slice(z);
        self.touched.mark(Table::ContentVectors, content);
    }

    /// Returns the next [`REFRESHED_PER_STEP`] content rows to refresh, round-robin, and advances the position.
    pub fn next_refresh(&mut self) -> impl Iterator<Item = u32> + use<> {
        let all = as_row(self.inference.content_vectors.len());
        let first = self.inference.counters.refresh_cursor;
        let count = all.min(as_row(REFRESHED_PER_STEP));
        if all > 0 {
            self.count_step(|counters| counters.refresh_cursor = (first + count) % all);
        }
        (first..first + count).map(move |row| row % all)
    }

    /// Applies a change of `config.modalities`: off sets all content vectors to zero, on computes them again. Costs a
    /// pass over the catalogue.
    pub(super) fn switch_modalities(&mut self) {
        if self.inference.config.modalities {
            (0..as_row(self.inference.catalog.len())).for_each(|row| self.take_vectors(row));
        } else {
            let nothing = vec![0.0; self.inference.config.dim];
            (0..as_row(self.inference.content_vectors.len())).for_each(|content| self.set_content(content, &nothing));
        }
    }
}
