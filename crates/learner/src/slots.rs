//! Sparse set of a step's rows: maps row numbers to dense indices (slots), without hashing and without clearing.

use shelfmark_state::{add_scaled, add_scaled_4, set_bits};

/// Maps row numbers to `0..len` in insertion order. An entry is valid for one epoch.
#[derive(Debug, Default)]
pub struct Slots {
    epoch: u32,
    entries: Vec<(u32, u32)>,
    rows: Vec<u32>,
    /// One bit per row, set when the row has a slot.
    bits: Vec<u64>,
}

impl Slots {
    /// Removes all rows; `rows_max` is the size of the table.
    pub fn begin(&mut self, rows_max: usize) {
        if self.entries.len() < rows_max {
            self.entries.resize(rows_max, (0, 0));
            self.bits.resize(rows_max.div_ceil(64), 0);
        }
        for row in self.rows.drain(..) {
            self.bits[row as usize / 64] = 0;
        }
        self.epoch = self.epoch.wrapping_add(1);
        if self.epoch == 0 {
            self.entries.fill((0, 0));
            self.epoch = 1;
        }
    }

    /// Returns the slot of a row, inserting the row when new.
    #[inline]
    pub fn insert(&mut self, row: u32) -> usize {
        let entry = &mut self.entries[row as usize];
        if entry.0 != self.epoch {
            *entry = (self.epoch, as_place(self.rows.len()));
            self.rows.push(row);
            self.bits[row as usize / 64] |= 1 << (row % 64);
        }
        entry.1 as usize
    }

    /// Returns the slot of a row, or `None` without one.
    #[inline]
    pub fn get(&self, row: u32) -> Option<usize> {
        let (epoch, place) = *self.entries.get(row as usize)?;
        (epoch == self.epoch).then_some(place as usize)
    }

    /// Returns the rows, by slot.
    pub fn rows(&self) -> &[u32] {
        &self.rows
    }

    /// Iterates over (row, slot) in ascending order of rows, so that neighbours in a table are updated one after the
    /// other. Costs a word for every 64 rows of the table.
    pub fn ascending(&self) -> impl Iterator<Item = (u32, usize)> {
        let words = self.bits.iter().enumerate().filter(|(_, bits)| **bits != 0);
        words.flat_map(|(word, bits)| set_bits(*bits).map(move |bit| (word, bit))).map(|(word, bit)| {
            let row = word * 64 + bit as usize;
            let row = u32::try_from(row).expect("rows are u32");
            (row, self.entries[row as usize].1 as usize)
        })
    }
}

/// Converts a slot to its stored width.
pub fn as_place(place: usize) -> u32 {
    u32::try_from(place).expect("as many places as rows, which are u32")
}

/// Workspace of [`RowSums::scatter`].
#[derive(Debug, Default)]
pub struct ScatterWorkspace {
    starts: Vec<usize>,
    /// Offset of a source and its factor.
    entries: Vec<(usize, f32)>,
}

/// Sums of gradients by row number, `[rows, dim]`.
#[derive(Debug, Default)]
pub struct RowSums {
    slots: Slots,
    values: Vec<f32>,
    dim: usize,
}

impl RowSums {
    /// Begins with no rows.
    pub fn begin(&mut self, rows_max: usize, dim: usize) {
        self.slots.begin(rows_max);
        self.values.clear();
        self.dim = dim;
    }

    /// Begins with distinct `rows` of a table of `rows_max`. Swaps `values`, `[rows, dim]`, in as their sums.
    pub fn begin_with(&mut self, rows_max: usize, dim: usize, rows: impl Iterator<Item = u32>, values: &mut Vec<f32>) {
        self.begin(rows_max, dim);
        rows.for_each(|row| {
            self.slots.insert(row);
        });
        std::mem::swap(&mut self.values, values);
    }

    /// Begins with all rows of a table at zero. Returns their sums, `[rows, dim]`.
    pub fn begin_whole(&mut self, rows: usize, dim: usize) -> &mut [f32] {
        self.begin(rows, dim);
        for row in 0..u32::try_from(rows).expect("rows are u32") {
            self.slots.insert(row);
        }
        self.values.resize(rows * dim, 0.0);
        &mut self.values
    }

    /// Returns the sum of a row, `[dim]`, zero when new.
    pub fn row(&mut self, row: u32) -> &mut [f32] {
        let place = self.slots.insert(row);
        if self.values.len() == place * self.dim {
            self.values.resize((place + 1) * self.dim, 0.0);
        }
        &mut self.values[place * self.dim..(place + 1) * self.dim]
    }

    /// Scatter-add: adds each row of `sources`, `[.., dim]`, times its factor to all target rows of that source. Sorts
    /// by target first, so that a sum stays in the L1 cache while it grows.
    pub fn scatter<'a>(
        &mut self,
        sources: &[f32],
        targets: impl Iterator<Item = (&'a [u32], f32)> + Clone,
        space: &mut ScatterWorkspace,
    ) {
        let ScatterWorkspace { starts, entries } = space;
        starts.clear();
        for row in targets.clone().flat_map(|(rows, _)| rows) {
            let place = self.slots.insert(*row);
            if starts.len() <= place {
                starts.resize(place + 1, 0);
            }
            starts[place] += 1;
        }
        let mut total = 0;
        for start in &mut *starts {
            total += std::mem::replace(start, total);
        }
        entries.resize(total, (0, 0.0));
        for (source, (rows, factor)) in targets.enumerate() {
            for row in rows {
                let place = self.slots.get(*row).expect("inserted above");
                entries[starts[place]] = (source * self.dim, factor);
                starts[place] += 1;
            }
        }
        // Each start has advanced to the end of its target.
        self.values.resize(starts.len() * self.dim, 0.0);
        let mut start = 0;
        for (end, sum) in starts.iter().zip(self.values.chunks_exact_mut(self.dim.max(1))) {
            let source = |entry: &(usize, f32)| &sources[entry.0..entry.0 + self.dim];
            let (fours, rest) = entries[start..*end].as_chunks::<4>();
            for four in fours {
                add_scaled_4(sum, four.map(|entry| entry.1), four.each_ref().map(source));
            }
            for one in rest {
                add_scaled(sum, one.1, source(one));
            }
            start = *end;
        }
    }

    /// Returns the rows and their slots.
    pub const fn slots(&self) -> &Slots {
        &self.slots
    }

    /// Returns all sums, by slot.
    pub fn values(&self) -> &[f32] {
        &self.values
    }
}
