//! Goal: what the examples say of words and shoppers is so. Method: their own code on the data that they make up when
//! none is given; claims about the figures behind the tables, and about the text that people see.

#[expect(dead_code, reason = "the commands end by it, tests do not")]
#[path = "../examples/table/mod.rs"]
mod table;
#[path = "../examples/words/mod.rs"]
mod words;

use shelfmark::domain::ModelConfig;
use words::{choice, made, study::Study};

/// The subject that both made-up domains share; their other common words stand beside different ones.
const ALIKE: &str = "report published committee annual meeting january year page editor chapter author letter";

fn is_alike(moved: &choice::Moved) -> bool {
    ALIKE.split(' ').any(|word| word == moved.word.as_str())
}

fn study(own: usize) -> Study {
    let config = ModelConfig { dim: 64, ..ModelConfig::default() };
    Study::new(made::texts(), own, &config, &config).expect("texts long enough")
}

fn mean(figures: impl Iterator<Item = f32>) -> f32 {
    let figures: Vec<f32> = figures.collect();
    figures.iter().sum::<f32>() / figures.len() as f32
}

#[test]
fn a_word_that_the_domains_use_differently_changes_its_neighbours_more_than_one_they_share() {
    let study = study(0);
    for own in [0, 1] {
        let moved = choice::of_both(&study, own);
        let (alike, ambiguous): (Vec<_>, Vec<_>) = moved.iter().partition(|moved| is_alike(moved));
        assert_eq!((alike.len(), ambiguous.len()), (12, 10));
        let shift = |words: &[&choice::Moved]| mean(words.iter().map(|moved| moved.to[own].shift));
        let kept = |words: &[&choice::Moved]| mean(words.iter().map(|moved| moved.to[own].kept as f32));
        println!(
            "text {own}: shift {} and {}, kept {} and {}",
            shift(&ambiguous),
            shift(&alike),
            kept(&ambiguous),
            kept(&alike)
        );
        assert!(shift(&ambiguous) > 5.0 * shift(&alike));
        assert!(kept(&ambiguous) < kept(&alike) - 1.0);
        // The most moved words are those to look at.
        assert!(moved[..5].iter().all(|moved| !is_alike(moved)));
    }
}

#[test]
fn a_fork_knows_its_own_domain_better_than_its_base_and_than_what_learned_only_that_domain() {
    for own in [0, 1] {
        let study = study(own);
        let [scratch, base, fork] = [study.scratch_quality(), study.base_quality(), study.fork_quality(own)];
        let [scratch, base, fork] = [scratch, base, fork].map(|quality| quality.of[own]);
        println!("text {own}: {:.4} {:.4} {:.4}", scratch.recall(), base.recall(), fork.recall());
        assert_eq!(scratch.targets, fork.targets);
        assert_eq!(base.targets, fork.targets);
        assert!(fork.recall() > base.recall() && fork.recall() > scratch.recall());
        assert!(fork.mrr() > base.mrr() && fork.mrr() > scratch.mrr());
        // It gained more there than the other domain's fork did.
        assert!(fork.recall() > study.fork_quality(1 - own).of[own].recall());
    }
}

/// `|a - b|^2 = |a|^2 + |b|^2 - 2 |a| |b| cos`, for every word, fork and figure that is shown.
#[test]
fn distances_and_cosines_of_before_and_after_add_up() {
    let study = study(0);
    let norm = |vector: &[f32]| vector.iter().map(|x| x * x).sum::<f32>();
    for moved in choice::of_both(&study, 0) {
        let before = norm(&study.base.vector(&moved.word));
        for (fork, to) in study.forks.iter().zip(&moved.to) {
            let after = norm(&fork.vector(&moved.word));
            let expected = before + after - 2.0 * (before * after).sqrt() * to.cosine;
            // The difference of squares of some 10 in f32.
            assert!((to.distance.powi(2) - expected).abs() < 1e-4, "{}: {to:?} {expected}", moved.word);
            assert!(to.distance > 0.0 && to.kept <= 10 && (0.0..=2.0).contains(&to.shift));
        }
    }
}

#[test]
fn the_same_word_leads_elsewhere_after_words_of_another_domain() {
    let study = study(0);
    let texts = made::texts();
    for moved in choice::of_both(&study, 0).iter().filter(|moved| !is_alike(moved)) {
        for (own, text) in texts.iter().enumerate() {
            let history = words::tables::history(&study, own, &moved.word);
            assert_eq!(history.last(), Some(&moved.word));
            let next = study.base.next(&history, 5);
            let other = texts[1 - own].counts();
            let foreign = next.iter().filter(|next| other.contains_key(&next.id)).count();
            let known = next.iter().filter(|next| text.counts().contains_key(&next.id)).count();
            assert!(known > foreign, "{history:?} leads to {next:?}");
        }
    }
}

#[test]
fn the_tables_fit_100_columns_and_show_the_words_that_were_asked_for() {
    use clap::Parser;
    #[derive(Parser)]
    struct Line {
        #[command(flatten)]
        args: words::Args,
    }
    let args = Line::parse_from(["finance", "--dim", "32", "--words", "Volume, report"]).args;
    let mut out = Vec::new();
    words::run(0, &args, &mut out).expect("made-up texts are always there");
    let text = String::from_utf8(out).expect("text");
    let longest = text.lines().map(|line| line.chars().count()).max();
    assert!(longest <= Some(table::WIDTH), "{longest:?}\n{text}");
    for expected in ["\n  volume ", "\n  report ", "the base, then medicine", "made-up"] {
        assert!(text.contains(expected), "{expected:?}\n{text}");
    }
    let unknown = words::Args { words: vec!["nonesuch".to_owned()], ..args };
    let refused = words::run(0, &unknown, &mut Vec::new()).expect_err("no such word").to_string();
    assert!(refused.contains("--words") && refused.contains("nonesuch"), "{refused}");
}
