//! Reduction of long vectors to their principal directions, so that a comparison costs little whatever is uploaded.

/// Maximum number of values of a vector in a comparison.
pub const DIRECTIONS_MAX: usize = 128;
/// Products with the covariance; directions close to the last one mix, which does not matter.
const ITERATIONS: usize = 8;

/// Centres the rows of a table and scales the whole to a norm of 1. Longer vectors are reduced to [`DIRECTIONS_MAX`]
/// coordinates. `None` when all rows are alike or a number is not finite. Returns the table `[rows, width]` and its
/// width.
pub(super) fn centred(rows: &[&[f32]]) -> Option<(Vec<f64>, usize)> {
    let width = rows.first()?.len();
    let count = rows.len() as f64;
    let mut table: Vec<f64> = rows.iter().flat_map(|row| row.iter().map(|value| f64::from(*value))).collect();
    let whole = norm(&table);
    let mut mean = vec![0.0; width];
    for row in table.chunks_exact(width) {
        mean.iter_mut().zip(row).for_each(|(sum, value)| *sum += value / count);
    }
    for row in table.chunks_exact_mut(width) {
        row.iter_mut().zip(&mean).for_each(|(value, mean)| *value -= mean);
    }
    let (mut table, width) =
        if width > DIRECTIONS_MAX { (reduced(&table, width), DIRECTIONS_MAX) } else { (table, width) };
    let norm = norm(&table);
    // What is left of equal rows is rounding.
    if !whole.is_finite() || norm <= 1e-9 * whole {
        return None;
    }
    table.iter_mut().for_each(|value| *value /= norm);
    Some((table, width))
}

fn norm(table: &[f64]) -> f64 {
    dot(table, table).sqrt()
}

/// Coordinates of rows in their [`DIRECTIONS_MAX`] principal directions, by orthogonal iteration (Golub and Van Loan,
/// Matrix Computations, section 8.2.4) on `X^T X`.
fn reduced(table: &[f64], width: usize) -> Vec<f64> {
    // Directions as rows, so that every inner loop runs along memory. They begin as waves of different lengths.
    let mut directions: Vec<f64> = (0..DIRECTIONS_MAX * width)
        .map(|place| ((place / width + 1) as f64 * (place % width + 1) as f64 * 0.37).sin())
        .collect();
    orthonormalize(&mut directions, width);
    for _ in 0..ITERATIONS {
        let coordinates = projected(table, &directions, width);
        directions.fill(0.0);
        for (row, coordinates) in table.chunks_exact(width).zip(coordinates.chunks_exact(DIRECTIONS_MAX)) {
            for (direction, coordinate) in directions.chunks_exact_mut(width).zip(coordinates) {
                direction.iter_mut().zip(row).for_each(|(sum, value)| *sum += coordinate * value);
            }
        }
        orthonormalize(&mut directions, width);
    }
    projected(table, &directions, width)
}

fn projected(table: &[f64], directions: &[f64], width: usize) -> Vec<f64> {
    let rows = table.chunks_exact(width);
    rows.flat_map(|row| directions.chunks_exact(width).map(move |direction| dot(row, direction))).collect()
}

/// Gram-Schmidt, twice for accuracy. A direction that depends on those before it becomes 0.
fn orthonormalize(directions: &mut [f64], width: usize) {
    for number in 0..DIRECTIONS_MAX {
        let (before, rest) = directions.split_at_mut(number * width);
        let direction = &mut rest[..width];
        let length = dot(direction, direction).sqrt();
        for _ in 0..2 {
            for other in before.chunks_exact(width) {
                let overlap = dot(direction, other);
                direction.iter_mut().zip(other).for_each(|(value, other)| *value -= overlap * other);
            }
        }
        let left = dot(direction, direction).sqrt();
        let factor = if left > 1e-10 * length { left.recip() } else { 0.0 };
        direction.iter_mut().for_each(|value| *value *= factor);
    }
}

fn dot(a: &[f64], b: &[f64]) -> f64 {
    // Four sums, so that the compiler may use wide registers.
    let (heads, tail) = (a.chunks_exact(4).zip(b.chunks_exact(4)), a.len() / 4 * 4);
    let mut sums = [0.0; 4];
    for (a, b) in heads {
        sums.iter_mut().zip(a.iter().zip(b)).for_each(|(sum, (a, b))| *sum += a * b);
    }
    let rest: f64 = a[tail..].iter().zip(&b[tail..]).map(|(a, b)| a * b).sum();
    sums.iter().sum::<f64>() + rest
}
