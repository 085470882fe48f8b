//! Jagged array: lists of different lengths in one allocation, with the end offset of each.

/// Lists, end to end. [`Jagged::push`] appends to the open list, [`Jagged::close`] ends it.
#[derive(Debug, Clone, Default)]
pub struct Jagged<T> {
    all: Vec<T>,
    ends: Vec<usize>,
}

impl<T> Jagged<T> {
    /// Removes all lists.
    pub fn clear(&mut self) {
        self.all.clear();
        self.ends.clear();
    }

    /// Appends a value to the open list.
    pub fn push(&mut self, value: T) {
        self.all.push(value);
    }

    /// Appends several values to the open list.
    pub fn extend(&mut self, values: &[T])
    where
        T: Copy,
    {
        self.all.extend_from_slice(values);
    }

    /// Closes the open list, which may be empty.
    pub fn close(&mut self) {
        self.ends.push(self.all.len());
    }

    /// Returns the range of a closed list among all values.
    pub fn range(&self, list: usize) -> std::ops::Range<usize> {
        let start = if list == 0 { 0 } else { self.ends[list - 1] };
        start..self.ends[list]
    }

    /// Returns a closed list.
    pub fn of(&self, list: usize) -> &[T] {
        &self.all[self.range(list)]
    }

    /// Returns the values of all lists.
    pub fn all(&self) -> &[T] {
        &self.all
    }
}
