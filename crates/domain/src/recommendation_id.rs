//! Ids of recommended lists. They name the state that made the list, so that clicks can be attributed without storing
//! lists.

use xxhash_rust::xxh3::xxh3_64;

use super::{ModelName, Position, Served, VersionNumber};

/// Content of a `recommendation_id` such as `live-4711-9c1e06d2a7b35f08b6e1`: arm, position of its state, 16 random
/// digits and 4 check digits. The latter depend on the rest and on the model, so that ids of other models or systems,
/// and typing errors, are detected.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RecommendationId {
    /// The arm that made the list.
    pub served: Served,
    /// Position of the arm's state.
    pub position: Position,
    /// Random number that distinguishes lists.
    pub random: u64,
}

impl RecommendationId {
    /// Formats the id, at most 56 bytes.
    pub fn text(&self, model: &ModelName) -> String {
        let Self { served, position, random } = self;
        let said = format!("{served}-{position}-{random:016x}");
        let check = check(model, &said);
        format!("{said}{check:04x}")
    }

    /// Parses an id of this model's lists; `None` for any other text.
    pub fn parse(model: &ModelName, text: &str) -> Option<Self> {
        let (said, check_text) = text.split_at_checked(text.len().checked_sub(4)?)?;
        let mut parts = said.split('-');
        let (served, position, random) = (parts.next()?, parts.next()?, parts.next()?);
        let served = match served {
            "live" => Served::Live,
            number => Served::Version(VersionNumber(number.parse().ok()?)),
        };
        let random = u64::from_str_radix(random, 16).ok()?;
        let id = Self { served, position: Position::new(position.parse().ok()?), random };
        // Rejects other spellings of the same values.
        (parts.next().is_none() && check_text == format!("{:04x}", check(model, said)) && id.text(model) == text)
            .then_some(id)
    }
}

fn check(model: &ModelName, said: &str) -> u16 {
    let [.., high, low] = xxh3_64(format!("{model}\0{said}").as_bytes()).to_be_bytes();
    u16::from_be_bytes([high, low])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_round_trip_and_foreign_text_is_rejected() {
        let model = ModelName::new("default").expect("a name");
        for (served, position, random) in
            [(Served::Live, 4711, 7), (Served::Version(VersionNumber(u32::MAX)), u64::MAX >> 1, u64::MAX)]
        {
            let id = RecommendationId { served, position: Position::new(position), random };
            let text = id.text(&model);
            assert!(text.len() <= 56, "{text}");
            assert_eq!(RecommendationId::parse(&model, &text), Some(id));
            assert_eq!(RecommendationId::parse(&ModelName::new("other").expect("a name"), &text), None);
            for at in 0..text.len() {
                let mut other = text.clone().into_bytes();
                other[at] = if other[at] == b'0' { b'1' } else { b'0' };
                assert_eq!(RecommendationId::parse(&model, std::str::from_utf8(&other).expect("ASCII")), None);
            }
            assert_eq!(RecommendationId::parse(&model, &text.to_uppercase()), None);
        }
        for text in
            ["", "abc", "live", "live-1-2", "019332f0-7a11-7cc0-8c8b-0a5b3c2d1e0f", "\u{1F4DA}\u{1F4DA}", "--------"]
        {
            assert_eq!(RecommendationId::parse(&model, text), None, "{text}");
        }
    }
}
