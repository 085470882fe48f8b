//! Several short lists in one piece of memory: one list a query of a step.

/// Lists, end to end. The open one grows by [`Jagged::push`] until [`Jagged::close`] begins the next.
#[derive(Debug, Clone, Default)]
pub struct Jagged<T> {
    all: Vec<T>,
    ends: Vec<usize>,
}

impl<T> Jagged<T> {
    /// No lists.
    pub fn clear(&mut self) {
        self.all.clear();
        self.ends.clear();
    }

    /// Adds to the open list.
    pub fn push(&mut self, value: T) {
        self.all.push(value);
    }

    /// Adds several to the open list.
    pub fn extend(&mut self, values: &[T])
    where
        T: Copy,
    {
        self.all.extend_from_slice(values);
    }

    /// Ends the open list, which may be empty.
    pub fn close(&mut self) {
        self.ends.push(self.all.len());
    }

    /// Where a closed list stands among all values.
    pub fn range(&self, list: usize) -> std::ops::Range<usize> {
        let start = if list == 0 { 0 } else { self.ends[list - 1] };
        start..self.ends[list]
    }

    /// A closed list.
    pub fn of(&self, list: usize) -> &[T] {
        &self.all[self.range(list)]
    }

    /// The values of all lists.
    pub fn all(&self) -> &[T] {
        &self.all
    }
}
