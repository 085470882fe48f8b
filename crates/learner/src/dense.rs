//! Dense linear algebra on libtorch, for methods that are compared with the model.

use tch::{Kind, Tensor};

/// Inverts a symmetric positive definite matrix `[n, n]` in place, by its Cholesky factor.
///
/// # Errors
/// The matrix is not positive definite, in which case `matrix` is unchanged.
///
/// # Panics
/// When `matrix` does not have `n * n` values.
pub fn invert_positive_definite(matrix: &mut [f32], n: usize) -> Result<(), NotPositiveDefinite> {
    assert_eq!(matrix.len(), n * n, "a square matrix");
    let _no_grad = tch::no_grad_guard();
    let side = i64::try_from(n).expect("a matrix that fits in memory");
    let factor = Tensor::from_slice(matrix).view([side, side]).f_linalg_cholesky(false);
    let inverse = factor.and_then(|factor| factor.f_cholesky_inverse(false)).map_err(|_| NotPositiveDefinite)?;
    let inverse = inverse.to_kind(Kind::Float).contiguous();
    inverse.copy_data(matrix, n * n);
    Ok(())
}

/// Error: the matrix has no Cholesky factor.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the matrix is not positive definite")]
pub struct NotPositiveDefinite;

#[cfg(test)]
mod tests {
    use super::*;

    /// Goal: the inverse is one. Method: the product with the matrix, written out in f64.
    #[test]
    fn the_product_with_the_inverse_is_the_identity() {
        let n = 7;
        // A Gram matrix with a diagonal that dominates.
        let entry = |row: usize, column: usize| 1.0 / (1 + row + column) as f32 + if row == column { 2.0 } else { 0.0 };
        let matrix: Vec<f32> = (0..n * n).map(|at| entry(at / n, at % n)).collect();
        let mut inverse = matrix.clone();
        invert_positive_definite(&mut inverse, n).unwrap();
        for row in 0..n {
            for column in 0..n {
                let product: f64 =
                    (0..n).map(|k| f64::from(matrix[row * n + k]) * f64::from(inverse[k * n + column])).sum();
                let expected = if row == column { 1.0 } else { 0.0 };
                assert!((product - expected).abs() < 1e-5, "{row} {column}: {product}");
            }
        }
        assert_eq!(invert_positive_definite(&mut [1.0, 2.0, 2.0, 1.0], 2), Err(NotPositiveDefinite));
    }
}
