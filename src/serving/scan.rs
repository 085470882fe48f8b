//! One pass over all rows for several searches at once.

use super::{
    RowSet,
    kernel::{GROUP, Packed, Scores},
    tiles::{Line, STRIP_ROWS, STRIP_TILES, TILE_ROWS, Tiles},
    top::Top,
};

/// What the scan orders rows by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Ranking {
    /// `q . v_j + bias_j`, plus what `adjust` says.
    Score,
    /// `bias_j`, plus what `adjust` says: nothing is known of the subject.
    Popularity,
    /// `q . v_j / |v_j|`, plus what `adjust` says; `q` has length 1.
    Cosine,
}

/// One search as the scan sees it.
#[derive(Debug)]
pub(super) struct Search {
    pub(super) ranking: Ranking,
    /// `[dim]`; empty for [`Ranking::Popularity`].
    pub(super) vector: Vec<f32>,
    /// What is added to single rows' scores, ascending by row: the sparse terms of the model, or negative infinity for a
    /// row that is left out. So nothing is fetched twice, nothing over-fetched, and the order is that of full scores.
    pub(super) adjust: Vec<(u32, f32)>,
    /// The only rows that may be answered; all when `None`.
    pub(super) admitted: Option<RowSet>,
    /// The best rows.
    pub(super) top: Top,
}

/// The columns that are scanned.
#[derive(Debug, Clone, Copy)]
pub(super) struct Columns<'a> {
    pub(super) tiles: &'a Tiles,
    /// `bias_j` by row, negative infinity for rows that may not be recommended; as many lines as tiles.
    pub(super) bias: &'a [Line],
}

/// Scores every row for every search. Costs `rows * dim` multiply-adds a search; memory is read once.
pub(super) fn scan(columns: Columns<'_>, searches: &mut [&mut Search]) {
    // Searches without a vector last, so that groups are neighbours.
    searches.sort_by_key(|search| search.ranking == Ranking::Popularity);
    let with_vector = searches.iter().take_while(|search| search.ranking != Ranking::Popularity).count();
    let dim = columns.tiles.dim();
    let groups: Vec<Packed> = searches[..with_vector]
        .chunks(GROUP)
        .map(|group| {
            let mut vectors: [&[f32]; GROUP] = [&[]; GROUP];
            for (place, search) in vectors.iter_mut().zip(group) {
                *place = &search.vector;
            }
            Packed::new(&vectors[..group.len()], dim)
        })
        .collect();
    let mut next_adjust = vec![0; searches.len()];
    let mut scores: Scores = [[0.0; STRIP_ROWS]; GROUP];
    for strip in 0..columns.tiles.strips() {
        let tiles = columns.tiles.strip(strip);
        let bias = &columns.bias[strip * STRIP_TILES..][..STRIP_TILES];
        let inverse_norms = tiles.map(|tile| &tile[dim]);
        for (group, packed) in groups.iter().enumerate() {
            packed.score(&tiles, &mut scores);
            let first = group * GROUP;
            for (search, scores) in (first..with_vector.min(first + GROUP)).zip(&mut scores) {
                match searches[search].ranking {
                    Ranking::Score | Ranking::Popularity => add_bias(scores, bias),
                    Ranking::Cosine => divide_by_norms(scores, &inverse_norms, bias),
                }
                finish(searches[search], &mut next_adjust[search], strip, scores);
            }
        }
        for search in with_vector..searches.len() {
            scores[0] = [0.0; STRIP_ROWS];
            add_bias(&mut scores[0], bias);
            finish(searches[search], &mut next_adjust[search], strip, &mut scores[0]);
        }
    }
}

// `array::from_fn` for the reason that the kernel gives.
fn add_bias(scores: &mut [f32; STRIP_ROWS], bias: &[Line]) {
    for (scores, bias) in scores.as_chunks_mut::<TILE_ROWS>().0.iter_mut().zip(bias) {
        *scores = std::array::from_fn(|lane| scores[lane] + bias.0[lane]);
    }
}

fn divide_by_norms(scores: &mut [f32; STRIP_ROWS], inverse_norms: &[&Line; STRIP_TILES], bias: &[Line]) {
    for ((scores, norms), bias) in scores.as_chunks_mut::<TILE_ROWS>().0.iter_mut().zip(inverse_norms).zip(bias) {
        *scores = std::array::from_fn(|lane| {
            if bias.0[lane] == f32::NEG_INFINITY { f32::NEG_INFINITY } else { scores[lane] * norms.0[lane] }
        });
    }
}

fn finish(search: &mut Search, next_adjust: &mut usize, strip: usize, scores: &mut [f32; STRIP_ROWS]) {
    let first = strip * STRIP_ROWS;
    while let Some((row, term)) = search.adjust.get(*next_adjust)
        && (*row as usize) < first + STRIP_ROWS
    {
        scores[*row as usize - first] += term;
        *next_adjust += 1;
    }
    match &search.admitted {
        None => search.top.offer(first, scores, |_| true),
        Some(admitted) => search.top.offer(first, scores, |row| admitted.contains(row)),
    }
}
