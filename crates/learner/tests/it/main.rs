//! Tests of the learner through its interface: learning rule, gradients, products, freezing, dense vectors.

mod dislikes;
mod events;
mod freeze;
mod gradients;
#[path = "../../../../tests/learner_case/mod.rs"]
mod learner_case;
#[path = "../../../../tests/learner_competitors/mod.rs"]
mod learner_competitors;
#[path = "../../../../tests/learner_model/mod.rs"]
mod learner_model;
mod modality_rule;
mod products;
mod rule;
mod values;
mod weightless;
