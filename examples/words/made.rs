//! Two small artificial domains, for people without texts and for the tests: words that both use for different things.

use shelfmark_domain::Id;
use shelfmark_state::CounterRng;

use super::text::{Sentence, Text};

/// Sentences of each domain.
const SENTENCES: usize = 3000;
/// Words of a sentence.
const LENGTH: usize = 4;
/// One word of so many comes from anywhere in the domain.
const STRAY: usize = 20;

/// What a sentence can be about. Words in capitals are of both domains, but beside different words there.
const FINANCE: [&str; 5] = [
    "loan credit lender branch interest deposit mortgage DISCHARGE debtor TREATMENT tax accounting",
    "trading shares turnover exchange VOLUME index broker session market price RECOVERY rally",
    "profit outlook forecast POSITIVE earnings GROWTH sales quarterly dividend MARGIN revenue guidance",
    "plant production OPERATION unit manufacturing OUTPUT capacity subsidiary factory workers shift assembly",
    "crash panic DEPRESSION crisis selloff losses slump default bankruptcy unemployment recession bubble",
];

/// The same for the other domain.
const MEDICINE: [&str; 5] = [
    "ward hospital admission DISCHARGE nurse stay bed readmission RECOVERY rehabilitation home carer",
    "blood plasma VOLUME litre transfusion heart ventricle OUTPUT pressure pump aorta valve",
    "culture sample POSITIVE antibody serum infection laboratory assay titre virus smear swab",
    "tumour GROWTH biopsy malignant TREATMENT radiation chemotherapy OPERATION surgeon remission lesion MARGIN",
    "acute pain chronic fever DEPRESSION anxiety symptom onset episode mood sleep fatigue",
];

/// Said in both domains alike.
const BOTH: &str = "report published committee annual meeting january year page editor chapter author letter";

/// The two domains, in this order: finance, medicine. The same bits on every machine.
pub fn texts() -> [Text; 2] {
    [made("finance", &FINANCE, 1), made("medicine", &MEDICINE, 2)]
}

/// A sentence keeps to one subject, but for stray words. Every sixth sentence is of the subject of both.
fn made(name: &str, subjects: &[&str], key: u64) -> Text {
    let subjects: Vec<Vec<Id>> = subjects.iter().chain([&BOTH]).map(|words| ids(words)).collect();
    let mut draws = CounterRng::new(0, 0, key);
    let sentences = (0..SENTENCES).map(|document| {
        let own = draws.below(subjects.len());
        let words = (0..LENGTH).map(|_| {
            let words = &subjects[if draws.below(STRAY) == 0 { draws.below(subjects.len()) } else { own }];
            words[draws.below(words.len())].clone()
        });
        Sentence { document, words: words.collect() }
    });
    Text { name: name.to_owned(), sentences: sentences.collect() }
}

fn ids(words: &str) -> Vec<Id> {
    words.split(' ').map(|word| Id::new("word", &word.to_lowercase()).expect("letters are an id")).collect()
}
