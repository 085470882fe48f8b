//! Row numbers of a step mapped to dense places without hashing or clearing: one entry a row, told apart by epoch.

use shelfmark_state::{add_scaled, add_scaled_4, set_bits};

/// Maps row numbers to `0..len` in the order of first insertion.
#[derive(Debug, Default)]
pub struct Slots {
    epoch: u32,
    entries: Vec<(u32, u32)>,
    rows: Vec<u32>,
    /// One bit a row that has a place.
    bits: Vec<u64>,
}

impl Slots {
    /// Forgets all rows; `rows_max` is the size of the table.
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

    /// The place of a row, given now if it had none.
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

    /// The place of a row that has one.
    #[inline]
    pub fn get(&self, row: u32) -> Option<usize> {
        let (epoch, place) = *self.entries.get(row as usize)?;
        (epoch == self.epoch).then_some(place as usize)
    }

    /// The rows, by place.
    pub fn rows(&self) -> &[u32] {
        &self.rows
    }

    /// Rows in ascending order, each with its place: neighbours in a table are updated one after the other. Costs a word
    /// for every 64 rows of the table.
    pub fn ascending(&self) -> impl Iterator<Item = (u32, usize)> {
        let words = self.bits.iter().enumerate().filter(|(_, bits)| **bits != 0);
        words.flat_map(|(word, bits)| set_bits(*bits).map(move |bit| (word, bit))).map(|(word, bit)| {
            let row = word * 64 + bit as usize;
            let row = u32::try_from(row).expect("rows are u32");
            (row, self.entries[row as usize].1 as usize)
        })
    }
}

/// A place as it is stored.
pub fn as_place(place: usize) -> u32 {
    u32::try_from(place).expect("as many places as rows, which are u32")
}

/// Work space of [`RowSums::scatter`].
#[derive(Debug, Default)]
pub struct ScatterWorkspace {
    starts: Vec<usize>,
    /// Where a source begins, and its factor.
    entries: Vec<(usize, f32)>,
}

/// Sums of gradient rows, `[rows, dim]`, by row number.
#[derive(Debug, Default)]
pub struct RowSums {
    slots: Slots,
    values: Vec<f32>,
    dim: usize,
}

impl RowSums {
    /// Starts with no rows.
    pub fn begin(&mut self, rows_max: usize, dim: usize) {
        self.slots.begin(rows_max);
        self.values.clear();
        self.dim = dim;
    }

    /// Starts with `rows`, each once, of a table of `rows_max`; `values` `[rows, dim]` become their sums, and what was here theirs.
    pub fn begin_with(&mut self, rows_max: usize, dim: usize, rows: impl Iterator<Item = u32>, values: &mut Vec<f32>) {
        self.begin(rows_max, dim);
        rows.for_each(|row| {
            self.slots.insert(row);
        });
        std::mem::swap(&mut self.values, values);
    }

    /// Starts with all rows of a table at zero; their sums, `[rows, dim]`.
    pub fn begin_whole(&mut self, rows: usize, dim: usize) -> &mut [f32] {
        self.begin(rows, dim);
        for row in 0..u32::try_from(rows).expect("rows are u32") {
            self.slots.insert(row);
        }
        self.values.resize(rows * dim, 0.0);
        &mut self.values
    }

    /// The sum of one row, zeros at first, `[dim]`.
    pub fn row(&mut self, row: u32) -> &mut [f32] {
        let place = self.slots.insert(row);
        if self.values.len() == place * self.dim {
            self.values.resize((place + 1) * self.dim, 0.0);
        }
        &mut self.values[place * self.dim..(place + 1) * self.dim]
    }

    /// Sums scattered rows: `sources` `[.., dim]` are added, each scaled, to the rows that `targets` names by source.
    /// Sorted by target first, so that a sum stays in the nearest cache while it grows.
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
        // Every start has moved on to its end.
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

    /// Which rows there are.
    pub const fn slots(&self) -> &Slots {
        &self.slots
    }

    /// All sums, by place.
    pub fn values(&self) -> &[f32] {
        &self.values
    }
}
