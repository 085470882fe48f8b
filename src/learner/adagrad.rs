//! The optimiser: Adagrad (Duchi, Hazan, Singer 2011) on touched rows only; the accumulator never decays.

/// Added to the root, so that a row without history of gradients does not divide by 0.
const EPSILON: f32 = 1e-6;

/// `G += g^2; theta -= rate g / (sqrt(G) + 1e-6)` with `g = scale * gradient`. One pass that the compiler vectorises.
pub fn update(weights: &mut [f32], accumulators: &mut [f32], gradient: &[f32], scale: f32, rate: f32) {
    for ((weight, accumulator), gradient) in weights.iter_mut().zip(accumulators).zip(gradient) {
        let g = scale * gradient;
        *accumulator += g * g;
        *weight -= rate * g / (accumulator.sqrt() + EPSILON);
    }
}
