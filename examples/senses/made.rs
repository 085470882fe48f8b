//! Four small artificial domains, of which two and two share a word.

use shelfmark_domain::Id;
use shelfmark_state::CounterRng;

/// One sentence of so many has the shared word.
const SHARED: usize = 2;
/// One word of so many is of any domain.
const STRAY: usize = 25;
/// Words after the first, or after the shared one.
const REST: usize = 4;

/// A domain and the word that it shares with another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Domain {
    pub name: &'static str,
    /// Stands before the shared word: `software crash`. After the shared word in `acute angle`.
    pub first: &'static str,
    pub shared: &'static str,
    /// Whether the shared word comes first.
    pub shared_first: bool,
    words: &'static str,
    key: u64,
}

pub const SOFTWARE: Domain = Domain {
    name: "software",
    first: "software",
    shared: "crash",
    shared_first: false,
    words: "debugger kernel process memory restart thread pointer driver update bug patch server log stack dump \
            segfault compiler browser screen release",
    key: 1,
};

pub const FINANCE: Domain = Domain {
    name: "finance",
    first: "market",
    shared: "crash",
    shared_first: false,
    words: "shares investors panic index losses selloff bank credit bonds traders prices recession fund lender slump \
            wealth rally broker dividend debt",
    key: 2,
};

pub const GEOMETRY: Domain = Domain {
    name: "geometry",
    first: "angle",
    shared: "acute",
    shared_first: true,
    words: "triangle degrees obtuse side vertex polygon cosine tangent bisector circle radius square edge proof \
            parallel line corner diagonal theorem compass",
    key: 3,
};

pub const MEDICINE: Domain = Domain {
    name: "medicine",
    first: "infarction",
    shared: "acute",
    shared_first: true,
    words: "patients myocardial heart artery therapy blood ward symptoms onset chest clinic therapist dose nurse vein \
            mortality aspirin pain surgery rhythm",
    key: 4,
};

pub const ALL: [Domain; 4] = [SOFTWARE, FINANCE, GEOMETRY, MEDICINE];

impl Domain {
    /// The two words of its sense, in their order.
    pub fn sense(&self) -> [Id; 2] {
        let words = if self.shared_first { [self.shared, self.first] } else { [self.first, self.shared] };
        words.map(word)
    }

    /// The sense as people write it.
    pub fn phrase(&self) -> String {
        self.sense().map(|word| word.to_string()).join(" ")
    }

    /// Whether a word is of this domain alone.
    pub fn owns(&self, id: &Id) -> bool {
        id.as_str() == self.first || self.words.split_whitespace().any(|word| word == id.as_str())
    }

    /// Sentences `from..from + count` of this domain. The same bits on every machine.
    pub fn sentences(&self, from: usize, count: usize) -> impl Iterator<Item = Vec<Id>> {
        let own: Vec<&str> = self.words.split_whitespace().collect();
        let domain = *self;
        (from..from + count).map(move |number| {
            let mut draws = CounterRng::new(0, number as u64, domain.key);
            let mut words: Vec<Id> = match draws.below(SHARED) {
                0 => domain.sense().to_vec(),
                _ => vec![word(domain.first)],
            };
            for _ in 0..REST {
                let stray = draws.below(STRAY) == 0;
                let other: Vec<&str> = ALL[draws.below(ALL.len())].words.split_whitespace().collect();
                let from = if stray { &other } else { &own };
                words.push(word(from[draws.below(from.len())]));
            }
            words
        })
    }
}

fn word(text: &str) -> Id {
    Id::new("word", text).expect("letters are an id")
}
