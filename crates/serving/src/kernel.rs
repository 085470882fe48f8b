//! The inner loop of the first pass: which rows of a strip may beat what each of a few searches has found.
//!
//! One instruction (`vpdpbusd`, AVX-512 VNNI) multiplies and adds four dimensions of 16 rows; archmage makes it
//! callable without unsafe code of ours, and only where the processor has it. Elsewhere the same sums are plain Rust.
//! Sums of products are integers, so both agree on them; the bounds around them have room for rounding, so both lead to
//! the same answers.
//!
//! Up to eight searches go over a strip together: its codes stay in the second-level cache for all of them, and eight
//! sums under way hide the instruction's latency.

use shelfmark_state::POPULARITY_COLUMNS;

use super::{
    codes::{Codes, Lanes, STRIP_TILES, TILE_ROWS},
    quantized_query::{Probe, Tile},
    row_bounds::{BiasBound, LOG_BITS, LOG_MASK, LOGS_A_WORD, Strip, log_at},
};

/// Searches of one group at most.
pub(super) const GROUP: usize = 8;

/// Some tiles of one strip, codes and columns.
#[derive(Debug, Clone, Copy)]
pub(super) struct StripTiles<'a> {
    pub(super) codes: Codes<'a>,
    pub(super) errors_biases: &'a [Lanes<u32>],
    pub(super) logs: &'a [[Lanes<u32>; 2]],
}

impl<'a> StripTiles<'a> {
    pub(super) fn new(codes: Codes<'a>, strip: &'a Strip) -> Self {
        let tiles = codes.scales.len().min(STRIP_TILES);
        Self { codes, errors_biases: &strip.errors_biases[..tiles], logs: &strip.logs[..tiles] }
    }

    /// Number of tiles.
    pub(super) const fn len(&self) -> usize {
        self.errors_biases.len()
    }

    fn quads(&self) -> usize {
        self.codes.lines.len() / self.len().max(1)
    }

    /// One of its tiles.
    pub(super) fn only(&self, tile: usize) -> Self {
        let quads = self.quads();
        let one = tile..tile + 1;
        Self {
            codes: Codes {
                lines: &self.codes.lines[tile * quads..][..quads],
                scales: &self.codes.scales[one.clone()],
                norms: &self.codes.norms[one.clone()],
                norm_max: &self.codes.norm_max[one.clone()],
            },
            errors_biases: &self.errors_biases[one.clone()],
            logs: &self.logs[one],
        }
    }

    /// One of its tiles, as bounds want it.
    pub(super) fn tile(&self, tile: usize) -> Tile<'a> {
        Tile {
            codes: self.only(tile).codes,
            errors_biases: &self.errors_biases[tile].0,
            logs: self.logs[tile].each_ref().map(|word| &word.0),
        }
    }
}

/// Where the pass found rows that may beat a search's floor.
#[derive(Debug)]
pub(super) struct Found<'a> {
    /// Which search of the group.
    pub(super) search: usize,
    /// Which tile of the strip.
    pub(super) tile: usize,
    /// Which of its rows.
    pub(super) rows: u16,
    /// Their sums of products.
    pub(super) products: &'a [i32; TILE_ROWS],
}

/// One to eight searches, interleaved. All rank by cosine, or none does.
#[derive(Debug)]
pub(super) enum Group {
    One(Packed<1>),
    Two(Packed<2>),
    Four(Packed<4>),
    Eight(Packed<8>),
}

impl Group {
    /// Packs 1 to [`GROUP`] probes.
    pub(super) fn new(probes: &[(&Probe, &BiasBound)]) -> Self {
        match probes.len() {
            1 => Self::One(Packed::new(probes)),
            2 => Self::Two(Packed::new(probes)),
            3 | 4 => Self::Four(Packed::new(probes)),
            _ => Self::Eight(Packed::new(probes)),
        }
    }

    /// Sets what a search's rows have to beat.
    pub(super) fn set_floor(&mut self, search: usize, floor: f32) {
        match self {
            Self::One(packed) => packed.floor[search] = floor,
            Self::Two(packed) => packed.floor[search] = floor,
            Self::Four(packed) => packed.floor[search] = floor,
            Self::Eight(packed) => packed.floor[search] = floor,
        }
    }

    /// Gives `found` every tile with rows whose bound is above a floor, tile by tile; it answers with the search's new
    /// floor.
    pub(super) fn pass(&mut self, machine: Machine, strip: &StripTiles<'_>, found: &mut impl FnMut(Found<'_>) -> f32) {
        match self {
            Self::One(packed) => packed.pass(machine, strip, found),
            Self::Two(packed) => packed.pass(machine, strip, found),
            Self::Four(packed) => packed.pass(machine, strip, found),
            Self::Eight(packed) => packed.pass(machine, strip, found),
        }
    }
}

/// `Q` searches; places without one find nothing.
#[derive(Debug)]
pub(super) struct Packed<const Q: usize> {
    /// Four codes of each search as one number, `[quads]`.
    quads: Vec<[i32; Q]>,
    start: [i32; Q],
    scale: [f32; Q],
    error: [f32; Q],
    norm: [f32; Q],
    slack: [f32; Q],
    floor: [f32; Q],
    /// Weights of popularity, by column.
    weights: [[f32; Q]; POPULARITY_COLUMNS],
    /// Steps to take away from each logarithm before a negative weight weighs it.
    lost: [f32; POPULARITY_COLUMNS],
    /// Whether a search has a negative weight of the column.
    negative: [bool; POPULARITY_COLUMNS],
    cosine: bool,
}

impl<const Q: usize> Packed<Q> {
    fn new(probes: &[(&Probe, &BiasBound)]) -> Self {
        let each = |of: fn(&Probe) -> f32| std::array::from_fn(|q| probes.get(q).map_or(0.0, |(probe, _)| of(probe)));
        let quads = probes.iter().map(|(probe, _)| probe.quads.len()).max().unwrap_or(0);
        let weight = |q: usize, column: usize| probes.get(q).map_or(0.0, |(_, bias)| bias.weights[column]);
        let quad = |q: usize, place: usize| {
            let codes = probes.get(q).and_then(|(probe, _)| probe.quads.get(place));
            codes.map_or(0, |codes| i32::from_le_bytes(codes.map(i8::cast_unsigned)))
        };
        Self {
            quads: (0..quads).map(|place| std::array::from_fn(|q| quad(q, place))).collect(),
            start: std::array::from_fn(|q| probes.get(q).map_or(0, |(probe, _)| probe.start)),
            scale: each(|probe| probe.scale),
            error: each(|probe| probe.error),
            norm: each(|probe| probe.norm),
            slack: each(|probe| probe.chance.mul_add(1.001, probe.slack)),
            floor: std::array::from_fn(|q| if q < probes.len() { f32::NEG_INFINITY } else { f32::INFINITY }),
            weights: std::array::from_fn(|column| std::array::from_fn(|q| weight(q, column))),
            lost: probes.first().map_or_else(Default::default, |(_, bias)| bias.lost),
            negative: std::array::from_fn(|column| (0..Q).any(|q| weight(q, column) < 0.0)),
            cosine: probes.iter().any(|(probe, _)| probe.cosine),
        }
    }

    fn pass(&mut self, machine: Machine, strip: &StripTiles<'_>, found: &mut impl FnMut(Found<'_>) -> f32) {
        match (machine, self.cosine) {
            (Machine::Plain, false) => plain::<Q, false>(self, strip, found),
            (Machine::Plain, true) => plain::<Q, true>(self, strip, found),
            #[cfg(target_arch = "x86_64")]
            (Machine::Vnni(token), false) => vnni::<Q, false, _>(token, self, strip, found),
            #[cfg(target_arch = "x86_64")]
            (Machine::Vnni(token), true) => vnni::<Q, true, _>(token, self, strip, found),
        }
    }

    /// What a search's bounds gain in a tile for all its rows.
    fn gain(&self, search: usize, norm_max: f32) -> f32 {
        self.norm[search].mul_add(norm_max, self.slack[search])
    }

    /// For a cosine: how much of a row's length its product has to be, the length being known to 0.2%.
    fn part(&self, search: usize) -> f32 {
        let floor = self.floor[search];
        if floor > 0.0 { floor * 0.998 } else { floor }
    }
}

/// What the processor can do.
#[derive(Debug, Clone, Copy)]
pub(super) enum Machine {
    /// What every x86-64-v3 can.
    Plain,
    /// AVX-512 with VNNI (and what else came with Ice Lake and Zen 4).
    #[cfg(target_arch = "x86_64")]
    Vnni(archmage::X64V4xToken),
}

impl Machine {
    /// This processor.
    pub(super) fn detect() -> Self {
        #[cfg(target_arch = "x86_64")]
        if let Some(token) = archmage::SimdToken::summon() {
            return Self::Vnni(token);
        }
        Self::Plain
    }
}

/// Written so that the compiler keeps lanes in registers.
#[expect(clippy::cast_precision_loss, reason = "bounds have room for rounding")]
fn plain<const Q: usize, const COSINE: bool>(
    packed: &mut Packed<Q>,
    strip: &StripTiles<'_>,
    found: &mut impl FnMut(Found<'_>) -> f32,
) {
    let quads = strip.quads();
    for tile in 0..strip.len() {
        let lines = &strip.codes.lines[tile * quads..][..quads];
        let mut products = packed.start.map(|start| [start; TILE_ROWS]);
        for (line, quad) in lines.iter().zip(&packed.quads) {
            for q in 0..Q {
                let [a, b, c, d] = quad[q].to_le_bytes().map(|code| i32::from(code.cast_signed()));
                for (sum, codes) in products[q].iter_mut().zip(line.0.as_chunks::<4>().0) {
                    *sum += (i32::from(codes[0]) * a + i32::from(codes[1]) * b)
                        + (i32::from(codes[2]) * c + i32::from(codes[3]) * d);
                }
            }
        }
        let (words, logs) = (&strip.errors_biases[tile].0, &strip.logs[tile]);
        let (scales, norms) = (&strip.codes.scales[tile].0, &strip.codes.norms[tile].0);
        let learned: [f32; TILE_ROWS] = std::array::from_fn(|lane| {
            let learned = f32::from_bits(words[lane] << 16);
            if COSINE && learned > f32::NEG_INFINITY { 0.0 } else { learned }
        });
        let most: [[f32; TILE_ROWS]; POPULARITY_COLUMNS] = std::array::from_fn(|column| {
            std::array::from_fn(|lane| log_at(logs.each_ref().map(|word| word.0[lane]), column) as f32)
        });
        for (q, products) in products.iter().enumerate() {
            let gain = packed.gain(q, strip.codes.norm_max[tile]);
            let (floor, part) = (packed.floor[q], packed.part(q));
            let mut biases = learned;
            if !COSINE {
                for (column, most) in most.iter().enumerate() {
                    let weight = packed.weights[column][q];
                    let lost = if weight < 0.0 { packed.lost[column] } else { 0.0 };
                    for (bias, most) in biases.iter_mut().zip(most) {
                        *bias = (most - lost).max(0.0).mul_add(weight, *bias);
                    }
                }
            }
            let mut rows = 0_u16;
            for lane in 0..TILE_ROWS {
                let error = super::row_bounds::error_of(words[lane]);
                let middle = products[lane] as f32 * scales[lane];
                let upper = middle.mul_add(packed.scale[q], error.mul_add(packed.error[q], biases[lane]));
                let beats = if COSINE {
                    exceeds(error.mul_add(floor.abs(), upper), part.mul_add(norms[lane], -gain))
                } else {
                    exceeds(upper, floor - gain)
                };
                rows |= u16::from(beats) << lane;
            }
            if rows != 0 {
                packed.floor[q] = found(Found { search: q, tile, rows, products });
            }
        }
    }
}

/// Whether `upper` is above `limit`, or nothing is known of one of them.
fn exceeds(upper: f32, limit: f32) -> bool {
    upper.partial_cmp(&limit).is_none_or(std::cmp::Ordering::is_gt)
}

#[cfg(target_arch = "x86_64")]
#[archmage::arcane(import_intrinsics)]
fn vnni<const Q: usize, const COSINE: bool, F: FnMut(Found<'_>) -> f32>(
    _token: archmage::X64V4xToken,
    packed: &mut Packed<Q>,
    strip: &StripTiles<'_>,
    found: &mut F,
) {
    let quads = strip.quads();
    let masked = _mm512_set1_ps(f32::NEG_INFINITY);
    let log_mask = _mm512_set1_epi32(LOG_MASK.cast_signed());
    for tile in 0..strip.len() {
        let lines = &strip.codes.lines[tile * quads..][..quads];
        let mut products = [_mm512_setzero_si512(); Q];
        for (products, start) in products.iter_mut().zip(packed.start) {
            *products = _mm512_set1_epi32(start);
        }
        for (line, quad) in lines.iter().zip(&packed.quads) {
            let line = _mm512_loadu_si512(&line.0);
            for q in 0..Q {
                products[q] = _mm512_dpbusd_epi32(products[q], line, _mm512_set1_epi32(quad[q]));
            }
        }
        let words = _mm512_loadu_si512(&strip.errors_biases[tile].0);
        let errors = _mm512_castsi512_ps(_mm512_and_si512(words, _mm512_set1_epi32(!0xffff)));
        let learned = _mm512_castsi512_ps(_mm512_slli_epi32::<16>(words));
        let learned = if COSINE {
            let hidden = _mm512_cmp_ps_mask::<_CMP_EQ_OQ>(learned, masked);
            _mm512_maskz_mov_ps(hidden, masked)
        } else {
            learned
        };
        let mut most = [_mm512_setzero_ps(); POPULARITY_COLUMNS];
        let mut least = most;
        if !COSINE {
            for (most, word) in most.chunks_exact_mut(LOGS_A_WORD).zip(&strip.logs[tile]) {
                let logs = _mm512_loadu_si512(&word.0);
                let logs = [
                    _mm512_and_si512(logs, log_mask),
                    _mm512_and_si512(_mm512_srli_epi32::<LOG_BITS>(logs), log_mask),
                    _mm512_srli_epi32::<{ 2 * LOG_BITS }>(logs),
                ];
                for (most, logs) in most.iter_mut().zip(logs) {
                    *most = _mm512_cvtepi32_ps(logs);
                }
            }
            for column in 0..POPULARITY_COLUMNS {
                least[column] = most[column];
                if packed.negative[column] {
                    let rest = _mm512_sub_ps(most[column], _mm512_set1_ps(packed.lost[column]));
                    least[column] = _mm512_max_ps(rest, _mm512_setzero_ps());
                }
            }
        }
        let scales = _mm512_loadu_ps(&strip.codes.scales[tile].0);
        for (q, products) in products.into_iter().enumerate() {
            let gain = packed.gain(q, strip.codes.norm_max[tile]);
            let middle = _mm512_mul_ps(_mm512_cvtepi32_ps(products), scales);
            let mut biases = learned;
            if !COSINE {
                for column in 0..POPULARITY_COLUMNS {
                    let weight = packed.weights[column][q];
                    let logs = if weight < 0.0 { least[column] } else { most[column] };
                    biases = _mm512_fmadd_ps(logs, _mm512_set1_ps(weight), biases);
                }
            }
            let rest = _mm512_fmadd_ps(errors, _mm512_set1_ps(packed.error[q]), biases);
            let mut upper = _mm512_fmadd_ps(middle, _mm512_set1_ps(packed.scale[q]), rest);
            let limit = if COSINE {
                let norms = _mm512_loadu_ps(&strip.codes.norms[tile].0);
                upper = _mm512_fmadd_ps(errors, _mm512_set1_ps(packed.floor[q].abs()), upper);
                _mm512_fmadd_ps(_mm512_set1_ps(packed.part(q)), norms, _mm512_set1_ps(-gain))
            } else {
                _mm512_set1_ps(packed.floor[q] - gain)
            };
            let rows = _mm512_cmp_ps_mask::<_CMP_NLE_UQ>(upper, limit);
            if rows != 0 {
                let mut lanes = [0_i32; TILE_ROWS];
                _mm512_storeu_si512(&mut lanes, products);
                packed.floor[q] = found(Found { search: q, tile, rows, products: &lanes });
            }
        }
    }
}
