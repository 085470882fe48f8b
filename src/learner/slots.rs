//! Row numbers of a step mapped to dense places without hashing or clearing: one entry a row, told apart by epoch.

/// Maps row numbers to `0..len` in the order of first insertion.
#[derive(Debug, Default)]
pub struct Slots {
    epoch: u32,
    entries: Vec<(u32, u32)>,
    rows: Vec<u32>,
}

impl Slots {
    /// Forgets all rows; `rows_max` is the size of the table.
    pub fn begin(&mut self, rows_max: usize) {
        if self.entries.len() < rows_max {
            self.entries.resize(rows_max, (0, 0));
        }
        self.rows.clear();
        self.epoch = self.epoch.wrapping_add(1);
        if self.epoch == 0 {
            self.entries.fill((0, 0));
            self.epoch = 1;
        }
    }

    /// The place of a row, given now if it had none.
    pub fn insert(&mut self, row: u32) -> usize {
        let entry = &mut self.entries[row as usize];
        if entry.0 != self.epoch {
            *entry = (self.epoch, u32::try_from(self.rows.len()).expect("as many places as rows"));
            self.rows.push(row);
        }
        entry.1 as usize
    }

    /// The place of a row that has one.
    pub fn get(&self, row: u32) -> Option<usize> {
        let (epoch, place) = *self.entries.get(row as usize)?;
        (epoch == self.epoch).then_some(place as usize)
    }

    /// The rows, by place.
    pub fn rows(&self) -> &[u32] {
        &self.rows
    }
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

    /// The sum of one row, zeros at first, `[dim]`.
    pub fn row(&mut self, row: u32) -> &mut [f32] {
        let place = self.slots.insert(row);
        if self.values.len() == place * self.dim {
            self.values.resize((place + 1) * self.dim, 0.0);
        }
        &mut self.values[place * self.dim..(place + 1) * self.dim]
    }

    /// Rows with their sums, in the order of first touch.
    pub fn iter(&self) -> impl Iterator<Item = (u32, &[f32])> {
        self.slots.rows().iter().copied().zip(self.values.chunks_exact(self.dim.max(1)))
    }

    /// All sums.
    pub fn values(&self) -> &[f32] {
        &self.values
    }
}
