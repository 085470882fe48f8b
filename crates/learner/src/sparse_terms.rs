//! Sparse terms of the score, for the few items of a context: repeats and transition memory.

use shelfmark_state::{Context, Scalars};

/// Iterates over the repeat terms, then the memory terms, of a context: (item, value).
pub fn sparse_terms<'a>(context: &'a Context, scalars: &'a Scalars) -> impl Iterator<Item = (u32, f32)> + 'a {
    let repeats = context.repeats.iter().map(|repeat| (repeat.item, repeat.term(scalars)));
    repeats.chain(context.memory.iter().map(|remembered| (remembered.item, remembered.term(scalars))))
}

/// Adds the gradients of some terms of a context, listed by number in `terms`, to those of the small vectors.
pub fn sparse_gradients(context: &Context, terms: &[u32], gradients: &[f32], scalars: &mut Scalars) {
    let repeats = context.repeats.len();
    for (term, gradient) in terms.iter().zip(gradients) {
        let term = *term as usize;
        if let Some(repeat) = context.repeats.get(term) {
            scalars.rec[usize::from(repeat.age)] += gradient;
            scalars.cnt[usize::from(repeat.count)] += gradient;
        } else {
            scalars.wm += gradient * context.memory[term - repeats].value;
        }
    }
}
