//! Stances: what an event says about its item, and how kinds of events are classed.

/// What an event says about its item. Where the weight of the event's kind depends on the value, the stance is stored
/// with the event, as it was when the event was learned.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[repr(u8)]
pub enum Stance {
    /// As the configuration's weight of the event's kind says now.
    #[default]
    ByKind = 0,
    /// A positive weight.
    Liked = 1,
    /// The weight 0.
    Neutral = 2,
    /// A negative weight.
    Disliked = 3,
}

/// A set of event kinds, by row number.
#[derive(Debug, Clone, Copy, Default)]
pub struct KindSet([u64; 4]);

/// Kinds of events that a history treats in a way of their own.
#[derive(Debug, Clone, Copy, Default)]
pub struct HistoryKinds {
    /// Kinds with a weight of 0 or below, which take no part in queries.
    pub non_positive: KindSet,
    /// Of these, kinds with a negative weight.
    pub negative: KindSet,
    /// Kinds that are remembered when their events are too old for the history (`config.lasting_kinds`).
    pub lasting: KindSet,
}

impl Stance {
    /// Returns the stance of a weight.
    pub const fn of(weight: f32) -> Self {
        if weight > 0.0 {
            Self::Liked
        } else if weight < 0.0 {
            Self::Disliked
        } else {
            Self::Neutral
        }
    }

    pub(super) const fn from_byte(byte: u8) -> Option<Self> {
        Some(match byte {
            0 => Self::ByKind,
            1 => Self::Liked,
            2 => Self::Neutral,
            3 => Self::Disliked,
            _ => return None,
        })
    }
}

impl HistoryKinds {
    /// Whether an event takes part in queries: its weight is positive.
    #[inline]
    pub const fn is_liked(&self, kind: u8, stance: Stance) -> bool {
        match stance {
            Stance::ByKind => !self.non_positive.contains(kind),
            Stance::Liked => true,
            Stance::Neutral | Stance::Disliked => false,
        }
    }

    /// Whether an event is a dislike: its weight is negative.
    #[inline]
    pub const fn is_disliked(&self, kind: u8, stance: Stance) -> bool {
        match stance {
            Stance::ByKind => self.negative.contains(kind),
            Stance::Disliked => true,
            Stance::Liked | Stance::Neutral => false,
        }
    }
}

impl KindSet {
    /// Whether the set has no kind.
    #[inline]
    pub const fn is_empty(self) -> bool {
        self.0[0] | self.0[1] | self.0[2] | self.0[3] == 0
    }

    /// Whether the kind is in the set.
    #[inline]
    pub const fn contains(self, kind: u8) -> bool {
        self.0[kind as usize / 64] >> (kind % 64) & 1 == 1
    }
}

impl FromIterator<u32> for KindSet {
    fn from_iter<I: IntoIterator<Item = u32>>(rows: I) -> Self {
        let mut set = Self::default();
        // Rows beyond 255 share the last number, as in histories.
        for row in rows.into_iter().map(|row| u8::try_from(row).unwrap_or(u8::MAX)) {
            set.0[usize::from(row) / 64] |= 1 << (row % 64);
        }
        set
    }
}
