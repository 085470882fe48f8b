//! Serving plan: the state that answers a reader, either one for all or a split over several.

use serde::{Deserialize, Serialize};
use xxhash_rust::xxh3::xxh3_64;

use super::{
    FieldError, FieldResult, ModelName, SPLITMIX64_GAMMA, Served, VersionNumber, field::in_range, splitmix64_mix,
};

/// A state and its share of the readers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Arm {
    /// The state.
    pub served: Served,
    /// Share of the readers in percent, 1 to 100.
    pub percent: u8,
}

/// An arm as written by callers and as stored: a version or the live state.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct ArmText {
    /// Number of a version; absent for the live state.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<VersionNumber>,
    /// `true` for the live state.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub live: Option<bool>,
    /// Share of the readers in percent, 1 to 100; the shares of all arms sum to 100.
    #[cfg_attr(feature = "openapi", schema(minimum = 1, maximum = 100))]
    pub percent: u8,
}

/// A split of readers over 1 to [`Split::ARMS_MAX`] different states, whose shares sum to 100.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Split(Vec<Arm>);

/// What is served.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Serving {
    /// One state for all readers.
    One(Served),
    /// At least two states.
    Split(Split),
}

impl Split {
    /// Most arms.
    pub const ARMS_MAX: usize = 8;

    /// Checks the arms. An error names the field as in `{"split": [...]}`.
    pub fn new(arms: Vec<Arm>) -> FieldResult<Self> {
        if !(1..=Self::ARMS_MAX).contains(&arms.len()) {
            let detail = format!("must have 1 to {} arms, has {}", Self::ARMS_MAX, arms.len());
            return Err(FieldError::new("split", "out_of_range", detail));
        }
        for (index, arm) in arms.iter().enumerate() {
            in_range(format_args!("split[{index}].percent"), arm.percent, 1, 100)?;
            if arms[..index].iter().any(|other| other.served == arm.served) {
                let field = match arm.served {
                    Served::Live => "live",
                    Served::Version(_) => "version",
                };
                let detail = format!("{} already has an arm", arm.served);
                return Err(FieldError::new(format!("split[{index}].{field}"), "duplicate", detail));
            }
        }
        let sum: u32 = arms.iter().map(|arm| u32::from(arm.percent)).sum();
        if sum != 100 {
            return Err(FieldError::new("split", "bad_sum", format!("percents must sum to 100, the sum is {sum}")));
        }
        Ok(Self(arms))
    }

    /// Returns the arms, in the order given.
    pub fn arms(&self) -> &[Arm] {
        &self.0
    }

    /// Returns the arm with the largest share, the first of equals. It answers reads without a user or session.
    pub fn main(&self) -> Served {
        let largest = self.0.iter().rev().max_by_key(|arm| arm.percent);
        largest.expect("a split has an arm").served
    }

    /// Returns the arm of a reader by weighted rendezvous hashing (Thaler and Ravishankar 1998). An arm has one ticket
    /// per percent; each ticket has a hash by reader, and the lowest wins.
    ///
    /// So the arm depends on model, reader and arms only, in any order, and an arm whose share grows keeps its readers.
    /// The hash must never change: readers would change arms.
    pub fn choose(&self, model: &ModelName, reader: &str) -> Served {
        let mut key = Vec::with_capacity(model.as_str().len() + 1 + reader.len());
        key.extend_from_slice(model.as_str().as_bytes());
        key.push(0);
        key.extend_from_slice(reader.as_bytes());
        let key = xxh3_64(&key);
        let tickets = self.0.iter().flat_map(|arm| (0..u64::from(arm.percent)).map(move |ticket| (arm.served, ticket)));
        let number = |(served, ticket): &(Served, u64)| mix(key ^ mix((code(*served) << 8) | *ticket));
        tickets.min_by_key(number).expect("a split has an arm").0
    }
}

impl Serving {
    /// Returns the state that answers reads without a user or session.
    pub fn main(&self) -> Served {
        match self {
            Self::One(served) => *served,
            Self::Split(split) => split.main(),
        }
    }

    /// Returns all states with their shares.
    pub fn arms(&self) -> Vec<Arm> {
        match self {
            Self::One(served) => vec![Arm { served: *served, percent: 100 }],
            Self::Split(split) => split.arms().to_vec(),
        }
    }
}

impl From<Split> for Serving {
    /// A split of one arm becomes a single state.
    fn from(split: Split) -> Self {
        match split.arms() {
            [only] => Self::One(only.served),
            _ => Self::Split(split),
        }
    }
}

impl From<Arm> for ArmText {
    fn from(Arm { served, percent }: Arm) -> Self {
        match served {
            Served::Live => Self { version: None, live: Some(true), percent },
            Served::Version(number) => Self { version: Some(number), live: None, percent },
        }
    }
}

impl ArmText {
    /// Parses the arm; `field` names it in the error.
    pub fn arm(self, field: &str) -> FieldResult<Arm> {
        let served = match (self.version, self.live) {
            (Some(number), None | Some(false)) => Served::Version(number),
            (None, Some(true)) => Served::Live,
            (Some(_), Some(true)) => {
                return Err(FieldError::new(field, "ambiguous", "give version or live, not both"));
            }
            (None, None | Some(false)) => {
                return Err(FieldError::new(field, "missing", "give a version, or \"live\": true"));
            }
        };
        Ok(Arm { served, percent: self.percent })
    }
}

/// Returns a distinct number for each state; versions are numbered from 1.
fn code(served: Served) -> u64 {
    match served {
        Served::Live => 0,
        Served::Version(VersionNumber(number)) => u64::from(number),
    }
}

/// Hashes a number.
fn mix(value: u64) -> u64 {
    splitmix64_mix(value.wrapping_add(SPLITMIX64_GAMMA))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn split(arms: &[(u32, u8)]) -> FieldResult<Split> {
        let served = |number| if number == 0 { Served::Live } else { Served::Version(VersionNumber(number)) };
        Split::new(arms.iter().map(|&(number, percent)| Arm { served: served(number), percent }).collect())
    }

    fn chosen(split: &Split) -> Vec<Served> {
        let model = ModelName::new("default").expect("a name");
        (0..20_000).map(|n| split.choose(&model, &format!("u{n}"))).collect()
    }

    #[test]
    fn shares_are_met_and_a_growing_arm_keeps_its_readers() {
        let before = chosen(&split(&[(12, 10), (7, 20), (0, 70)]).expect("valid"));
        let count = |served| before.iter().filter(|chosen| **chosen == served).count();
        let canary = Served::Version(VersionNumber(12));
        for (served, percent) in [(canary, 10), (Served::Version(VersionNumber(7)), 20), (Served::Live, 70)] {
            // Five standard deviations of a binomial count are below 330.
            assert!(count(served).abs_diff(200 * percent) < 330, "{served}: {}", count(served));
        }
        let after = chosen(&split(&[(0, 55), (12, 25), (7, 20)]).expect("valid"));
        let left = |of| before.iter().zip(&after).filter(|(b, a)| **b == of && a != b).count();
        assert_eq!(left(canary), 0, "the arm that grew lost a reader");
        // The arm with an unchanged share loses a part of its readers to the growing one, and gains from the third.
        assert!(left(Served::Version(VersionNumber(7))) < 900, "{}", left(Served::Version(VersionNumber(7))));
        assert!(left(Served::Live) < 4200, "{}", left(Served::Live));
    }

    /// These arms must never change: a reader keeps the arm over restarts, processes and releases.
    #[test]
    fn a_readers_arm_never_changes() {
        let split = split(&[(12, 50), (0, 50)]).expect("valid");
        let model = ModelName::new("default").expect("a name");
        let arms: String =
            (0..24).map(|n| if split.choose(&model, &format!("u{n}")) == Served::Live { 'l' } else { 'v' }).collect();
        assert_eq!(arms, "vvvlvvvlllllvllvvvvlllvv");
        let other = ModelName::new("other").expect("a name");
        assert!((0..24).any(|n| split.choose(&other, &format!("u{n}")) != split.choose(&model, &format!("u{n}"))));
    }

    #[test]
    fn the_largest_arm_answers_reads_without_a_reader() {
        assert_eq!(split(&[(3, 10), (0, 90)]).expect("valid").main(), Served::Live);
        assert_eq!(split(&[(3, 50), (0, 50)]).expect("valid").main(), Served::Version(VersionNumber(3)));
        let one = Serving::from(split(&[(3, 100)]).expect("valid"));
        assert_eq!(one, Serving::One(Served::Version(VersionNumber(3))));
    }

    #[test]
    fn errors_name_the_field() {
        let many: Vec<(u32, u8)> = (1..=9).map(|n| (n, 11)).collect();
        for (arms, field, code) in [
            (&[][..], "split", "out_of_range"),
            (&many[..], "split", "out_of_range"),
            (&[(1, 50), (0, 49)][..], "split", "bad_sum"),
            (&[(1, 0), (0, 100)][..], "split[0].percent", "out_of_range"),
            (&[(1, 101)][..], "split[0].percent", "out_of_range"),
            (&[(1, 50), (1, 50)][..], "split[1].version", "duplicate"),
            (&[(0, 50), (0, 50)][..], "split[1].live", "duplicate"),
        ] {
            let error = split(arms).expect_err("refused");
            assert_eq!((error.field.as_str(), error.code), (field, code), "{arms:?}");
        }
    }
}
