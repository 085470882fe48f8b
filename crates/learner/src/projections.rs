//! Projections of dense vectors in a step: refreshes content vectors and takes the gradient of the projections.
//!
//! Each takes one product on libtorch per modality, `[items, inputs] x [inputs, dim]` and its transpose. Items without
//! dense vectors cost nothing.

use tch::Tensor;

use shelfmark_domain::Modality;
use shelfmark_state::{InferenceState, State, normalise};

use super::{
    slots::{RowSums, Slots},
    softmax::{copy, matrix},
};

/// Items per product. Bounds its temporaries: 512 vectors of 4,096 numbers are 8 MiB.
const GROUP_ITEMS: usize = 512;

/// Workspace of the products, and the gradient of the projections.
#[derive(Debug, Default)]
pub struct Projections {
    /// Normalized vectors of a group, `[items, inputs]`.
    x: Vec<f32>,
    /// Rows that the vectors are multiplied with, `[.., dim]`, and the product.
    rows: Vec<f32>,
    product: Vec<f32>,
    /// Gradient, `[inputs of all modalities, dim]`; no rows without dense vectors.
    gradient: RowSums,
}

impl Projections {
    /// Refreshes the content vectors of the step's items (`columns`), and of the next items in turn.
    pub fn refresh(&mut self, state: &mut State, columns: &Slots) {
        if !takes_part(&state.inference) {
            return;
        }
        let in_turn: Vec<u32> = state.next_refresh().collect();
        let inference = &state.inference;
        let content = |item: &u32| inference.catalog.entry(*item).content;
        let mut contents: Vec<u32> = columns.rows().iter().filter_map(content).collect();
        contents
            .extend(in_turn.iter().filter(|row| columns.get(inference.content_vectors.item(**row as usize)).is_none()));
        let items: Vec<u32> = contents.iter().map(|row| inference.content_vectors.item(*row as usize)).collect();
        let dim = inference.config.dim;
        let mut z = vec![0.0; items.len() * dim];
        for modality in inference.content_vectors.modalities().all() {
            self.rows.clear();
            for input in modality.first..modality.first + modality.inputs {
                self.rows.extend_from_slice(inference.parameters.projections.row(input));
            }
            let weights = matrix(&self.rows, [modality.inputs, dim]);
            for group in holders(inference, modality, &items).chunks(GROUP_ITEMS) {
                let x = self.gather(modality, group);
                self.product.resize(group.len() * dim, 0.0);
                copy(&x.matmul(&weights), &mut self.product);
                for ((place, _), product) in group.iter().zip(self.product.chunks_exact(dim)) {
                    z[place * dim..][..dim].iter_mut().zip(product).for_each(|(z, value)| *z += value);
                }
            }
        }
        for (content, z) in contents.iter().zip(z.chunks_exact(dim)) {
            state.set_content(*content, z);
        }
    }

    /// Computes the gradient of the projections from that of the item vectors.
    pub fn backward(&mut self, inference: &InferenceState, items: &RowSums) {
        let dim = inference.config.dim;
        if !takes_part(inference) {
            return self.gradient.begin(0, dim);
        }
        // Moved out, because gathering borrows the rest of the workspace.
        let mut sums = std::mem::take(&mut self.gradient);
        let gradient = sums.begin_whole(inference.parameters.projections.len(), dim);
        let (items, dv) = (items.slots().rows(), items.values());
        for modality in inference.content_vectors.modalities().all() {
            self.product.resize(modality.inputs * dim, 0.0);
            for group in holders(inference, modality, items).chunks(GROUP_ITEMS) {
                let x = self.gather(modality, group);
                self.rows.clear();
                group.iter().for_each(|(place, _)| self.rows.extend_from_slice(&dv[place * dim..][..dim]));
                copy(&x.tr().matmul(&matrix(&self.rows, [group.len(), dim])), &mut self.product);
                let gradient = &mut gradient[modality.first * dim..][..modality.inputs * dim];
                gradient.iter_mut().zip(&self.product).for_each(|(sum, value)| *sum += value);
            }
        }
        self.gradient = sums;
    }

    /// Returns the last step's gradient, by row of the projections; no rows without dense vectors.
    pub const fn gradient(&self) -> &RowSums {
        &self.gradient
    }

    fn gather(&mut self, modality: &Modality, group: &[(usize, &[f32])]) -> Tensor {
        self.x.resize(group.len() * modality.inputs, 0.0);
        for ((_, vector), x) in group.iter().zip(self.x.chunks_exact_mut(modality.inputs)) {
            normalise(vector, x);
        }
        matrix(&self.x, [group.len(), modality.inputs])
    }
}

/// Whether the model learns from dense vectors.
fn takes_part(inference: &InferenceState) -> bool {
    inference.config.modalities && !inference.content_vectors.is_empty()
}

/// Returns the items with a vector of this modality: their index in `items`, and the vector.
fn holders<'a>(inference: &'a InferenceState, modality: &Modality, items: &[u32]) -> Vec<(usize, &'a [f32])> {
    let vector = |(place, item): (usize, &u32)| {
        let entry = inference.catalog.entry(*item);
        entry.content?;
        Some((place, inference.dense(&entry.item, modality)?))
    };
    items.iter().enumerate().filter_map(vector).collect()
}
