//! Small learned vectors, shared by all queries.

use bytemuck::{Pod, Zeroable};

/// Buckets of the time from an event to the query.
pub const GAP_BUCKETS: usize = 20;
/// Buckets of a repeat's age.
pub const AGE_BUCKETS: usize = 16;
/// Buckets of a repeat's count.
pub const COUNT_BUCKETS: usize = 8;
/// Most places of a query's history (`ModelConfig::history`), each with a weight.
pub const PLACES_MAX: usize = 200;

/// Initial scale of the pooled dislikes.
const DISLIKE_SCALE: f32 = -0.3;

/// Columns of popularity that a score weighs: events at four half-lives, then entries at two.
pub const POPULARITY_COLUMNS: usize = 6;
/// Of these, columns of events.
pub const EVENT_COLUMNS: usize = 4;

/// The small vectors, named as in `docs/LEARNING.md`. The same type holds weights, gradients and AdaGrad accumulators.
#[derive(Debug, Clone, Copy, PartialEq, Pod, Zeroable)]
#[repr(C)]
pub struct Scalars {
    /// Log weight by place in the history, newest first.
    pub pos: [f32; PLACES_MAX],
    /// Log weight by time gap.
    pub hg: [f32; GAP_BUCKETS],
    /// Weights of pool, last item and user vector.
    pub sc: [f32; 3],
    /// Corrections of `sc` by the gap of the last event; 0 without history.
    pub scg: [[f32; GAP_BUCKETS + 1]; 3],
    /// Repeat term by age.
    pub rec: [f32; AGE_BUCKETS],
    /// Repeat term by count.
    pub cnt: [f32; COUNT_BUCKETS],
    /// Weight of the transition memory.
    pub wm: f32,
    /// Weights of popularity at the half-lives of 1,000, 10,000 and 100,000 events.
    pub wp: [f32; 3],
    /// What was added later.
    pub added: AddedWeights,
}

/// Small vectors that earlier builds have not: stored as a table of their own.
#[derive(Debug, Clone, Copy, PartialEq, Pod, Zeroable)]
#[repr(C)]
pub struct AddedWeights {
    /// Weight of popularity at the half-life of 200 events: a fourth of `wp`.
    pub wp_short: f32,
    /// Corrections of the four by the gap of the last event; 0 without history.
    pub wpg: [[f32; EVENT_COLUMNS]; GAP_BUCKETS + 1],
    /// Weights of entry popularity by the gap of the last event; 0 without history.
    pub we: [[f32; POPULARITY_COLUMNS - EVENT_COLUMNS]; GAP_BUCKETS + 1],
    /// Scale of the pooled dislikes.
    pub sd: f32,
}

impl Scalars {
    /// Returns the initial values.
    pub fn initial() -> Self {
        let mut scalars = Self::zeroed();
        for (k, pos) in scalars.pos.iter_mut().enumerate() {
            #[expect(clippy::cast_precision_loss, reason = "at most 200 places")]
            let k = k as f32;
            *pos = -k / 5.0;
        }
        scalars.sc = [1.0; 3];
        scalars.wm = 0.5;
        scalars.added.sd = DISLIKE_SCALE;
        scalars.wp = [0.0, 0.2, 0.0];
        scalars
    }

    /// Length of the stored form: all but [`AddedWeights`].
    pub(super) const STORED_BYTES: usize = size_of::<Self>() - size_of::<AddedWeights>();

    /// Returns the weights of the popularity columns in a context: `wp_h + wpg[g0][h]`, then `we[g0][h]`.
    #[inline]
    pub fn popularity_weights(&self, g0: usize) -> [f32; POPULARITY_COLUMNS] {
        let AddedWeights { wp_short, wpg, we, .. } = &self.added;
        let ([a, b, c], [ga, gb, gc, gd], [ea, eb]) = (self.wp, wpg[g0], we[g0]);
        [a + ga, b + gb, c + gc, wp_short + gd, ea, eb]
    }

    /// Returns the weights of the popularity columns where no history is asked about, known or empty: `wp_h`, without
    /// corrections by gap and without entries.
    #[inline]
    pub const fn mean_popularity_weights(&self) -> [f32; POPULARITY_COLUMNS] {
        let [a, b, c] = self.wp;
        [a, b, c, self.added.wp_short, 0.0, 0.0]
    }

    /// Adds a gradient of the popularity columns' weights in a context to that of the small vectors.
    pub fn add_popularity_gradient(&mut self, g0: usize, gradient: [f32; POPULARITY_COLUMNS]) {
        let [a, b, c, d, ea, eb] = gradient;
        let add = |to: &mut [f32], from: &[f32]| to.iter_mut().zip(from).for_each(|(to, from)| *to += from);
        add(&mut self.wp, &[a, b, c]);
        self.added.wp_short += d;
        add(&mut self.added.wpg[g0], &[a, b, c, d]);
        add(&mut self.added.we[g0], &[ea, eb]);
    }

    /// Returns the weights of pool, last item and user vector: `sc'_i = sc_i + scg[i][g0]`.
    #[inline]
    pub fn parts(&self, g0: usize) -> [f32; 3] {
        std::array::from_fn(|i| self.sc[i] + self.scg[i][g0])
    }
}

/// Returns the time-gap bucket `floor(0.75 log2(1 + seconds))`, at most 19. Events later than the query have gap 0.
#[inline]
pub fn gap_bucket(seconds: f64) -> u8 {
    bucket(0.75 * (1.0 + seconds.max(0.0)).log2(), GAP_BUCKETS)
}

/// Returns the age bucket `floor(1.5 log2 age)`, at most 15; `age >= 1`.
#[inline]
pub fn age_bucket(age: usize) -> u8 {
    octave_bucket(age, AGE_BUCKETS)
}

/// Returns the count bucket `floor(1.5 log2 count)`, at most 7; `count >= 1`.
#[inline]
pub fn count_bucket(count: usize) -> u8 {
    octave_bucket(count, COUNT_BUCKETS)
}

/// Computes `floor(1.5 log2 count)` as `floor(log2 count^3) / 2`, in integers: faster, and needed once per event of a
/// history.
fn octave_bucket(count: usize, buckets: usize) -> u8 {
    let bucket = count.saturating_pow(3).ilog2() as usize / 2;
    u8::try_from(bucket.min(buckets - 1)).expect("at most 16 buckets")
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "clamped to 0..buckets, at most 20")]
fn bucket(value: f64, buckets: usize) -> u8 {
    value.min(buckets as f64 - 1.0).max(0.0) as u8
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn integer_buckets_equal_the_logarithm() {
        for count in 1..=2_000_u16 {
            let formula = 1.5 * f64::from(count).log2();
            assert_eq!(age_bucket(count.into()), bucket(formula, AGE_BUCKETS), "age {count}");
            assert_eq!(count_bucket(count.into()), bucket(formula, COUNT_BUCKETS), "count {count}");
        }
    }
}
