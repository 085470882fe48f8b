//! Gini coefficient.

/// Computes the Gini coefficient of shares: 0 when all are equal, near 1 when one has everything. `None` when their sum
/// is 0.
///
/// `sum_i (2 i - n - 1) x_i / (n sum x)` over ascending `x`, `i` from 1.
pub fn gini(mut shares: Vec<f64>) -> Option<f64> {
    shares.sort_unstable_by(f64::total_cmp);
    let (count, total) = (shares.len() as f64, shares.iter().sum::<f64>());
    let weighted = |(i, share): (usize, &f64)| (2.0 * (i + 1) as f64 - count - 1.0) * share;
    (total > 0.0).then(|| shares.iter().enumerate().map(weighted).sum::<f64>() / (count * total))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_shares_give_0_and_one_owner_of_everything_nearly_1() {
        assert_eq!(gini(vec![2.0; 7]), Some(0.0));
        let one = gini([vec![0.0; 99], vec![5.0]].concat()).expect("something");
        assert!((one - 0.99).abs() < 1e-12, "{one}");
        // By hand: (-2 * 1 + 0 * 2 + 2 * 3) / (3 * 6).
        assert!((gini(vec![3.0, 1.0, 2.0]).expect("something") - 4.0 / 18.0).abs() < 1e-12);
        assert_eq!(gini(vec![0.0; 3]), None);
        assert_eq!(gini(Vec::new()), None);
    }
}
