//! Rankings: the orders that a search can put rows in.

/// What the scan orders rows by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Ranking {
    /// `q . v_j + bias_j`, plus what `adjust` says.
    Score,
    /// `q . v_j / |v_j|`, plus what `adjust` says; `q` has length 1.
    Cosine,
    /// `bias_j`, plus what `adjust` says: nothing is known of the subject.
    Popularity,
}
