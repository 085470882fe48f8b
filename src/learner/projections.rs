//! Dense vectors in a step: the content vectors of its items, and the gradient of the projections. Two products on libtorch
//! for each modality, `[items, inputs] x [inputs, dim]` and back; slices go in and out. Items without dense vectors cost
//! nothing, and a model without any does nothing here.

use tch::Tensor;

use super::{
    slots::{RowSums, Slots},
    softmax::copy,
};
use crate::{
    domain::Modality,
    state::{Readable, State, normalise},
};

/// Items of one product: bounds its temporaries (512 vectors of 4,096 numbers are 8 MiB).
const GROUP_ITEMS: usize = 512;

/// Work space, and the gradient of the projections.
#[derive(Debug, Default)]
pub struct Projections {
    /// Normalised vectors of a group, `[items, inputs]`.
    x: Vec<f32>,
    /// Rows of a table beside them, `[items, dim]`, and a product.
    rows: Vec<f32>,
    product: Vec<f32>,
    /// `[inputs of all modalities, dim]`; empty when there is none.
    gradient: RowSums,
}

impl Projections {
    /// Brings content vectors up to date: those of the step's items (`columns`), and those whose turn it is.
    pub fn refresh(&mut self, state: &mut State, columns: &Slots) {
        if !takes_part(&state.readable) {
            return;
        }
        let swept: Vec<u32> = state.sweep().collect();
        let readable = &state.readable;
        let content = |item: &u32| readable.catalog.entry(*item).content;
        let mut contents: Vec<u32> = columns.rows().iter().filter_map(content).collect();
        contents.extend(swept.iter().filter(|row| columns.get(readable.contents.item(**row as usize)).is_none()));
        let items: Vec<u32> = contents.iter().map(|row| readable.contents.item(*row as usize)).collect();
        let dim = readable.config.dim;
        let mut z = vec![0.0; items.len() * dim];
        for modality in readable.contents.modalities().all() {
            self.rows.clear();
            for input in modality.first..modality.first + modality.inputs {
                self.rows.extend_from_slice(readable.parameters.projections.row(input));
            }
            let weights = matrix(&self.rows, dim);
            for places in holders(readable, modality, &items).chunks(GROUP_ITEMS) {
                let x = self.gather(readable, modality, places.iter().map(|place| items[*place]));
                self.product.resize(places.len() * dim, 0.0);
                copy(&x.matmul(&weights), &mut self.product);
                for (place, product) in places.iter().zip(self.product.chunks_exact(dim)) {
                    z[place * dim..][..dim].iter_mut().zip(product).for_each(|(z, value)| *z += value);
                }
            }
        }
        for (content, z) in contents.iter().zip(z.chunks_exact(dim)) {
            state.set_content(*content, z);
        }
    }

    /// Takes the gradient from that of the columns' item vectors, `dv` `[columns, dim]`.
    pub fn backward(&mut self, readable: &Readable, columns: &Slots, dv: &[f32]) {
        let dim = readable.config.dim;
        if !takes_part(readable) {
            return self.gradient.begin(0, dim);
        }
        // Taken out, because gathering needs the rest of the work space.
        let mut sums = std::mem::take(&mut self.gradient);
        let gradient = sums.begin_whole(readable.parameters.projections.len(), dim);
        let items = columns.rows();
        for modality in readable.contents.modalities().all() {
            self.product.resize(modality.inputs * dim, 0.0);
            for places in holders(readable, modality, items).chunks(GROUP_ITEMS) {
                let x = self.gather(readable, modality, places.iter().map(|place| items[*place]));
                self.rows.clear();
                places.iter().for_each(|place| self.rows.extend_from_slice(&dv[place * dim..][..dim]));
                copy(&x.tr().matmul(&matrix(&self.rows, dim)), &mut self.product);
                let gradient = &mut gradient[modality.first * dim..][..modality.inputs * dim];
                gradient.iter_mut().zip(&self.product).for_each(|(sum, value)| *sum += value);
            }
        }
        self.gradient = sums;
    }

    /// The gradient of the last step by row of the projections; no rows without dense vectors.
    pub const fn gradient(&self) -> &RowSums {
        &self.gradient
    }

    fn gather(&mut self, readable: &Readable, modality: &Modality, items: impl Iterator<Item = u32>) -> Tensor {
        self.x.clear();
        for item in items {
            let vector = readable.dense(&readable.catalog.entry(item).item, modality).expect("it was found before");
            let start = self.x.len();
            self.x.resize(start + modality.inputs, 0.0);
            normalise(vector, &mut self.x[start..]);
        }
        matrix(&self.x, modality.inputs)
    }
}

/// Whether a model learns from dense vectors at all.
fn takes_part(readable: &Readable) -> bool {
    readable.config.modalities && !readable.contents.is_empty()
}

/// Places of the items that have a vector of this modality.
fn holders(readable: &Readable, modality: &Modality, items: &[u32]) -> Vec<usize> {
    let has = |item: u32| {
        let entry = readable.catalog.entry(item);
        entry.content.is_some() && readable.dense(&entry.item, modality).is_some()
    };
    (0..items.len()).filter(|place| has(items[*place])).collect()
}

/// `[rows, width]` of row-major values.
fn matrix(values: &[f32], width: usize) -> Tensor {
    Tensor::from_slice(values).view([-1, i64::try_from(width).expect("sizes fit in memory")])
}
