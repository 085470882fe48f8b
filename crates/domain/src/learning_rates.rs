//! AdaGrad learning rates, by table.

use serde::{Deserialize, Serialize};

/// AdaGrad learning rates.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(default, deny_unknown_fields)]
pub struct LearningRates {
    /// Item vectors.
    pub items: f32,
    /// Last-item vectors.
    pub last: f32,
    /// User vectors.
    pub users: f32,
    /// Token vectors.
    pub tokens: f32,
    /// Context vectors.
    pub context: f32,
    /// Projections of dense vectors.
    pub modalities: f32,
    /// Item biases.
    pub bias: f32,
    /// Log weights of history positions and of time gaps.
    pub history: f32,
    /// Weights of pool, last item and user vector.
    pub parts: f32,
    /// Repeat terms by age and count.
    pub repeat: f32,
    /// Weight of the transition memory.
    pub memory: f32,
    /// Weights of popularity.
    pub popularity: f32,
    /// Weights of popularity by time gap, and of popularity at the half-life of 200 events.
    #[serde(skip_serializing_if = "is_popularity_gaps")]
    pub popularity_gaps: f32,
    /// Weights of entry popularity by time gap.
    #[serde(skip_serializing_if = "is_entries")]
    pub entries: f32,
}

/// Default of `popularity_gaps`.
const POPULARITY_GAPS: f32 = 0.02;
/// Default of `entries`.
const ENTRIES: f32 = 0.05;

// Rates added later are skipped at their defaults, so that older configurations keep their stored form and digest.
fn is_popularity_gaps(rate: &f32) -> bool {
    *rate == POPULARITY_GAPS
}

fn is_entries(rate: &f32) -> bool {
    *rate == ENTRIES
}

impl Default for LearningRates {
    fn default() -> Self {
        Self {
            items: 0.08,
            last: 0.08,
            users: 0.08,
            tokens: 0.07,
            context: 0.07,
            modalities: 0.02,
            bias: 0.1,
            history: 0.1,
            parts: 0.05,
            repeat: 0.2,
            memory: 0.1,
            popularity: 0.02,
            popularity_gaps: POPULARITY_GAPS,
            entries: ENTRIES,
        }
    }
}

impl LearningRates {
    /// Returns every rate with its name in `rates`.
    pub fn by_name(&mut self) -> [(&'static str, &mut f32); 14] {
        [
            ("items", &mut self.items),
            ("last", &mut self.last),
            ("users", &mut self.users),
            ("tokens", &mut self.tokens),
            ("context", &mut self.context),
            ("modalities", &mut self.modalities),
            ("bias", &mut self.bias),
            ("history", &mut self.history),
            ("parts", &mut self.parts),
            ("repeat", &mut self.repeat),
            ("memory", &mut self.memory),
            ("popularity", &mut self.popularity),
            ("popularity_gaps", &mut self.popularity_gaps),
            ("entries", &mut self.entries),
        ]
    }
}
