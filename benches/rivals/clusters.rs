//! Clustered synthetic vectors: a catalogue that is hard to search.
//!
//! Items are many in each of thousands of clusters, close to its centre, so that the best of a query lie close
//! together; lengths vary by a factor of ten, so that the largest inner product is not the smallest angle; queries are
//! near items, but are none.

use shelfmark_state::CounterRng;

/// Values of a vector.
pub const DIM: usize = 64;
/// Clusters.
const CENTRES: usize = 4_000;
/// How far items lie from their centre, and queries from an item, for each value of a centre.
const SPREAD: f32 = 0.35;
/// Keys of the generator.
const SEED: u64 = 5;

/// Draws of an own stream for centre, item and query.
fn draws(what: u64, number: usize) -> CounterRng {
    CounterRng::new(SEED, what, number as u64)
}

fn centre(number: usize) -> Vec<f32> {
    let mut draws = draws(0, number);
    (0..DIM).map(|_| draws.normal()).collect()
}

fn near(vector: &mut [f32], draws: &mut CounterRng) {
    vector.iter_mut().for_each(|value| *value += SPREAD * draws.normal());
}

/// An item's vector, `[DIM]`, with a length of about 1, from a third to three.
pub fn item(number: usize) -> Vec<f32> {
    let mut draws = draws(1, number);
    let mut vector = centre(draws.below(CENTRES));
    near(&mut vector, &mut draws);
    let length = (0.5 * draws.normal()).exp() / 8.0;
    vector.iter_mut().for_each(|value| *value *= length);
    vector
}

/// A query's vector, `[DIM]`.
pub fn query(number: usize, items: usize) -> Vec<f32> {
    let mut draws = draws(2, number);
    let mut vector = item(draws.below(items));
    let length = vector.iter().map(|value| value * value).sum::<f32>().sqrt();
    vector.iter_mut().for_each(|value| *value *= 8.0 / length);
    near(&mut vector, &mut draws);
    vector
}
