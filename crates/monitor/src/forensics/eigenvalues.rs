//! Eigenvalues of a symmetric matrix: Householder tridiagonalization, then the implicit QL algorithm (Golub and Van
//! Loan, Matrix Computations, sections 8.3.1 and 8.3.3).

/// Rotations of one eigenvalue, at most; two or three are usual.
const SWEEPS_MAX: usize = 50;

/// Returns the eigenvalues of a symmetric matrix `[size, size]`, in no order. Destroys the matrix.
pub(super) fn eigenvalues(matrix: &mut [f64], size: usize) -> Vec<f64> {
    let (mut diagonal, mut beside) = tridiagonal(matrix, size);
    diagonalize(&mut diagonal, &mut beside);
    diagonal
}

/// Reduces a symmetric matrix to its diagonal and the numbers beside it.
fn tridiagonal(matrix: &mut [f64], size: usize) -> (Vec<f64>, Vec<f64>) {
    let mut beside = vec![0.0; size];
    let (mut vector, mut product) = (vec![0.0; size], vec![0.0; size]);
    for column in 0..size.saturating_sub(2) {
        let first = column + 1;
        let below: f64 = (first..size).map(|row| matrix[row * size + column].powi(2)).sum::<f64>().sqrt();
        let lead = matrix[first * size + column];
        let pivot = if lead > 0.0 { -below } else { below };
        beside[column] = pivot;
        if below == 0.0 {
            continue;
        }
        for row in first..size {
            vector[row] = matrix[row * size + column];
        }
        vector[first] -= pivot;
        let squared: f64 = vector[first..].iter().map(|value| value * value).sum();
        let beta = 2.0 / squared;
        for row in first..size {
            let line = &matrix[row * size + first..(row + 1) * size];
            product[row] = beta * line.iter().zip(&vector[first..]).map(|(a, b)| a * b).sum::<f64>();
        }
        let overlap: f64 = product[first..].iter().zip(&vector[first..]).map(|(a, b)| a * b).sum();
        let half = beta * overlap / 2.0;
        for row in first..size {
            product[row] -= half * vector[row];
        }
        for row in first..size {
            let (of_vector, of_product) = (vector[row], product[row]);
            let line = &mut matrix[row * size + first..(row + 1) * size];
            for ((value, product), vector) in line.iter_mut().zip(&product[first..]).zip(&vector[first..]) {
                *value -= of_vector * product + of_product * vector;
            }
        }
    }
    if size >= 2 {
        beside[size - 2] = matrix[(size - 1) * size + size - 2];
    }
    ((0..size).map(|row| matrix[row * size + row]).collect(), beside)
}

/// Turns the diagonal of a tridiagonal matrix into its eigenvalues.
fn diagonalize(diagonal: &mut [f64], beside: &mut [f64]) {
    let size = diagonal.len();
    for start in 0..size {
        for _ in 0..SWEEPS_MAX {
            let is_small = |at: usize| beside[at].abs() <= f64::EPSILON * (diagonal[at].abs() + diagonal[at + 1].abs());
            let end = (start..size - 1).find(|at| is_small(*at)).unwrap_or(size - 1);
            if end == start {
                break;
            }
            sweep(diagonal, beside, start, end);
        }
    }
}

/// Chases one bulge from `end` to `start`, with the shift of Wilkinson.
fn sweep(diagonal: &mut [f64], beside: &mut [f64], start: usize, end: usize) {
    let ratio = (diagonal[start + 1] - diagonal[start]) / (2.0 * beside[start]);
    let root = ratio.hypot(1.0).copysign(ratio);
    let mut bulge = diagonal[end] - diagonal[start] + beside[start] / (ratio + root);
    let (mut sine, mut cosine, mut shift) = (1.0, 1.0, 0.0);
    for at in (start..end).rev() {
        let (far, near) = (sine * beside[at], cosine * beside[at]);
        let length = far.hypot(bulge);
        beside[at + 1] = length;
        if length == 0.0 {
            // The matrix falls apart here.
            diagonal[at + 1] -= shift;
            beside[end] = 0.0;
            return;
        }
        sine = far / length;
        cosine = bulge / length;
        let moved = diagonal[at + 1] - shift;
        let change = (diagonal[at] - moved) * sine + 2.0 * cosine * near;
        shift = sine * change;
        diagonal[at + 1] = moved + shift;
        bulge = cosine * change - near;
    }
    diagonal[start] -= shift;
    beside[start] = bulge;
    beside[end] = 0.0;
}

#[cfg(test)]
mod tests {
    use shelfmark_state::CounterRng;

    use super::*;

    fn sorted(mut values: Vec<f64>) -> Vec<f64> {
        values.sort_by(f64::total_cmp);
        values
    }

    #[test]
    fn eigenvalues_of_small_matrices_are_those_computed_by_hand() {
        assert_eq!(eigenvalues(&mut [], 0), Vec::<f64>::new());
        assert_eq!(eigenvalues(&mut [3.0], 1), [3.0]);
        let found = sorted(eigenvalues(&mut [2.0, 1.0, 1.0, 2.0], 2));
        assert!((found[0] - 1.0).abs() < 1e-12 && (found[1] - 3.0).abs() < 1e-12, "{found:?}");
        // Second differences of n points have the eigenvalues 2 - 2 cos(pi k / (n + 1)).
        let size = 40;
        let mut matrix = vec![0.0; size * size];
        for row in 0..size {
            matrix[row * size + row] = 2.0;
            if row + 1 < size {
                matrix[row * size + row + 1] = -1.0;
                matrix[(row + 1) * size + row] = -1.0;
            }
        }
        let found = sorted(eigenvalues(&mut matrix, size));
        for (number, value) in found.into_iter().enumerate() {
            let angle = std::f64::consts::PI * (number + 1) as f64 / (size + 1) as f64;
            assert!((value - (2.0 - 2.0 * angle.cos())).abs() < 1e-12);
        }
    }

    /// Goal: sum, sum of squares and sum of cubes of the eigenvalues are the traces of the matrix's powers. Method:
    /// random symmetric matrices, some of low rank.
    #[test]
    fn power_sums_of_eigenvalues_are_traces_of_powers() {
        for (seed, size) in [(1, 2), (2, 3), (3, 17), (4, 64)] {
            let mut draws = CounterRng::new(seed, 1, 1);
            let mut matrix = vec![0.0; size * size];
            for row in 0..size {
                for column in 0..=row {
                    let value = if row % 5 == 4 { 0.0 } else { draws.below(2001) as f64 / 1000.0 - 1.0 };
                    matrix[row * size + column] = value;
                    matrix[column * size + row] = value;
                }
            }
            let product = |a: &[f64], b: &[f64]| -> Vec<f64> {
                let at = |row: usize, column: usize| (0..size).map(|k| a[row * size + k] * b[k * size + column]).sum();
                (0..size * size).map(|place| at(place / size, place % size)).collect()
            };
            let trace = |matrix: &[f64]| (0..size).map(|row| matrix[row * size + row]).sum::<f64>();
            let squared = product(&matrix, &matrix);
            let traces = [trace(&matrix), trace(&squared), trace(&product(&squared, &matrix))];
            let found = eigenvalues(&mut matrix, size);
            for (power, expected) in (1..).zip(traces) {
                let sum: f64 = found.iter().map(|value| value.powi(power)).sum();
                assert!((sum - expected).abs() < 1e-9 * size as f64, "size {size} power {power}: {sum} {expected}");
            }
        }
    }
}
