//! Orthogonal Procrustes: how well one table of vectors fits another after the best rotation, and how well by chance.

use serde::Serialize;

use shelfmark_state::CounterRng;

use super::{EXCEEDED_MAX, PERMUTATIONS_MAX, directions::centred, eigenvalues::eigenvalues};

/// Similarity of two tables of vectors of the same ids.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Similarity {
    /// Agreement after the best rotation, shift and scale: 1 the same up to these, 0 nothing in common. Its square is the
    /// share of one table's variance that the other explains.
    pub similarity: f64,
    /// Mean agreement with permuted ids. It grows with the number of values and falls with that of rows.
    pub by_chance: f64,
    /// Greatest agreement with permuted ids.
    pub by_chance_max: f64,
    /// `(similarity - by_chance) / (1 - by_chance)`: 0 no better than by chance, 1 the same.
    pub beyond_chance: f64,
    /// Share of permutations that agree as well, the given order counted among them.
    pub p_value: f64,
    /// Number of permutations tried. It ends early once ten of them agree as well.
    pub permutations: u64,
}

/// Compares two tables row by row, each of one width of its own. `None` when one of them has no variance. Costs
/// `rows * width^2` for each permutation.
///
/// With centred tables of norm 1 the greatest trace of `X R Y^T` over rotations `R` is the nuclear norm of `X^T Y`
/// (Schönemann 1966).
pub fn similarity(given: &[&[f32]], ours: &[&[f32]], permutations: usize) -> Option<Similarity> {
    let (given, width) = centred(given)?;
    let (ours, our_width) = centred(ours)?;
    let rows = given.len() / width;
    let mut order: Vec<usize> = (0..rows).collect();
    let fit = |order: &[usize]| nuclear_norm(&cross(&given, width, &ours, our_width, order), width, our_width);
    let similarity = fit(&order).min(1.0);
    let (mut exceeded, mut sum, mut max, mut tried) = (0_usize, 0.0, 0.0_f64, 0_usize);
    let mut draws = CounterRng::new(rows as u64, 1, 1);
    while tried < permutations.min(PERMUTATIONS_MAX) && exceeded < EXCEEDED_MAX {
        // Fisher and Yates.
        for place in (1..rows).rev() {
            order.swap(place, draws.below(place + 1));
        }
        let by_chance = fit(&order);
        exceeded += usize::from(by_chance >= similarity);
        sum += by_chance;
        max = max.max(by_chance);
        tried += 1;
    }
    let by_chance = if tried > 0 { sum / tried as f64 } else { 0.0 };
    // Stopped early, the last permutation is an exceeding one, and the estimate is unbiased without the given order.
    let p_value = if exceeded == EXCEEDED_MAX {
        exceeded as f64 / tried as f64
    } else {
        (exceeded + 1) as f64 / (tried + 1) as f64
    };
    let room = 1.0 - by_chance;
    let beyond_chance = if room > 0.0 { ((similarity - by_chance) / room).max(0.0) } else { 0.0 };
    Some(Similarity { similarity, by_chance, by_chance_max: max, beyond_chance, p_value, permutations: tried as u64 })
}

/// `X^T P Y`, `[width, our_width]`: row `r` of X with row `order[r]` of Y.
fn cross(given: &[f64], width: usize, ours: &[f64], our_width: usize, order: &[usize]) -> Vec<f64> {
    let mut sums = vec![0.0; width * our_width];
    for (row, other) in given.chunks_exact(width).zip(order) {
        let other = &ours[other * our_width..][..our_width];
        for (sums, value) in sums.chunks_exact_mut(our_width).zip(row) {
            sums.iter_mut().zip(other).for_each(|(sum, other)| *sum += value * other);
        }
    }
    sums
}

/// Sum of the singular values of a matrix, the square roots of the eigenvalues of its smaller Gram matrix.
fn nuclear_norm(matrix: &[f64], rows: usize, columns: usize) -> f64 {
    let size = rows.min(columns);
    let mut gram = vec![0.0; size * size];
    if rows <= columns {
        for (a, left) in matrix.chunks_exact(columns).enumerate() {
            for (b, right) in matrix.chunks_exact(columns).enumerate().take(a + 1) {
                let value: f64 = left.iter().zip(right).map(|(left, right)| left * right).sum();
                gram[a * size + b] = value;
                gram[b * size + a] = value;
            }
        }
    } else {
        for row in matrix.chunks_exact(columns) {
            for (line, value) in gram.chunks_exact_mut(size).zip(row) {
                line.iter_mut().zip(row).for_each(|(sum, other)| *sum += value * other);
            }
        }
    }
    eigenvalues(&mut gram, size).into_iter().map(|value| value.max(0.0).sqrt()).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Random vectors, uniform in -1 to 1.
    fn table(seed: u64, rows: usize, width: usize) -> Vec<Vec<f32>> {
        let mut draws = CounterRng::new(seed, 1, 1);
        let mut value = || draws.below(2001) as f32 / 1000.0 - 1.0;
        (0..rows).map(|_| (0..width).map(|_| value()).collect()).collect()
    }

    fn rows(table: &[Vec<f32>]) -> Vec<&[f32]> {
        table.iter().map(Vec::as_slice).collect()
    }

    fn found(a: &[Vec<f32>], b: &[Vec<f32>], permutations: usize) -> Similarity {
        similarity(&rows(a), &rows(b), permutations).expect("they vary")
    }

    /// Reflects rows at random planes, which generates all rotations; then shifts and scales them.
    fn rotated(table: &[Vec<f32>], seed: u64) -> Vec<Vec<f32>> {
        let width = table[0].len();
        let planes = self::table(seed, 2 * width, width);
        let mut rows = table.to_vec();
        for plane in &planes {
            let squared: f32 = plane.iter().map(|value| value * value).sum();
            for row in &mut rows {
                let along: f32 = row.iter().zip(plane).map(|(a, b)| a * b).sum();
                row.iter_mut().zip(plane).for_each(|(value, plane)| *value -= 2.0 * along / squared * plane);
            }
        }
        rows.iter().map(|row| row.iter().map(|value| 3.0 * value + 0.5).collect()).collect()
    }

    #[test]
    fn a_rotated_shifted_and_scaled_copy_is_the_same_whatever_its_width() {
        for (rows, width) in [(50, 2), (100, 16), (300, 128), (300, 200)] {
            let original = table(1, rows, width);
            let copy = found(&original, &rotated(&original, 2), 19);
            let from = if width > 128 { 0.99 } else { 1.0 - 1e-5 };
            assert!(copy.similarity > from && copy.p_value <= 0.05, "{rows} x {width}: {copy:?}");
            // With coordinates appended that say nothing, as a larger model has.
            let wider: Vec<Vec<f32>> =
                rotated(&original, 3).iter().map(|row| [row.as_slice(), &[0.0; 5]].concat()).collect();
            assert!(found(&original, &wider, 0).similarity > from);
        }
    }

    #[test]
    fn tables_of_chance_agree_as_well_with_permuted_ids() {
        let mut low = 0;
        for seed in 0..20 {
            let [a, b] = [table(2 * seed + 10, 60, 8), table(2 * seed + 11, 60, 8)];
            let chance = found(&a, &b, 199);
            assert!(chance.beyond_chance < 0.2, "{chance:?}");
            low += usize::from(chance.p_value <= 0.05);
        }
        // Of twenty tests at one in twenty; more than four have a probability of .003.
        assert!(low <= 4, "{low} of 20");
    }

    #[test]
    fn noise_lowers_the_agreement_and_leaves_the_p_value() {
        let original = table(5, 200, 16);
        let mut before = 1.0;
        for noise in [0.1, 0.5, 1.0] {
            let added = table(6, 200, 16);
            let noisy: Vec<Vec<f32>> = rotated(&original, 7)
                .iter()
                .zip(&added)
                .map(|(row, added)| row.iter().zip(added).map(|(value, added)| value + 3.0 * noise * added).collect())
                .collect();
            let found = found(&original, &noisy, 99);
            assert!(found.similarity < before && (found.p_value - 0.01).abs() < 1e-9, "{noise}: {found:?}");
            before = found.similarity;
        }
    }

    /// In two dimensions the nuclear norm is `sqrt(|M|^2 + 2 |det M|)`.
    #[test]
    fn the_fit_in_two_dimensions_is_that_of_the_formula() {
        for matrix in [[1.0, 2.0, 3.0, 4.0], [0.5, -1.0, 2.0, 0.0], [1.0, 1.0, 1.0, 1.0]] {
            let [a, b, c, d]: [f64; 4] = matrix;
            let expected = (matrix.iter().map(|value| value * value).sum::<f64>() + 2.0 * (a * d - b * c).abs()).sqrt();
            assert!((nuclear_norm(&matrix, 2, 2) - expected).abs() < 1e-7);
        }
        let wide = [1.0, 2.0, 0.0, 3.0, 4.0, 0.0];
        let tall = [1.0, 3.0, 2.0, 4.0, 0.0, 0.0];
        assert!((nuclear_norm(&wide, 2, 3) - nuclear_norm(&tall, 3, 2)).abs() < 1e-9);
    }

    #[test]
    fn vectors_without_variance_are_not_compared() {
        let original = table(1, 30, 4);
        let alike = vec![vec![1.0_f32; 4]; 30];
        assert_eq!(similarity(&rows(&original), &rows(&alike), 9), None);
    }
}
