//! Tables that the examples print.

use std::{collections::HashSet, io::Write};

use shelfmark_domain::Id;

use super::{
    choice::{self, Moved},
    meaning::{Meaning, Move},
    study::{Quality, Study},
    text::Part,
};
use crate::{
    table::{Table, cut, grouped, heading, say},
    vectors::cosine,
};

/// Words whose moves are shown, words that stayed, words whose neighbours are shown, words shown in two contexts.
const MOVED: usize = 10;
const STAYED: usize = 4;
const LOOKED_AT: usize = 5;
const IN_CONTEXT: usize = 4;
/// Neighbours of a word, and words that may come next.
const NEAREST: usize = 7;
const NEXT: usize = 5;
/// Words before a word that make its context.
const BEFORE: usize = 3;

/// Everything.
pub fn all(study: &Study, origin: &str, words: &[String], out: &mut dyn Write) -> anyhow::Result<()> {
    let [a, b] = study.texts.each_ref().map(|text| {
        let (sentences, words) = (grouped(text.sentences.len()), grouped(text.words()));
        format!("{}, {sentences} sentences of {words} words", text.name)
    });
    let distinct: HashSet<&Id> = study.texts.iter().flat_map(|text| text.counts().into_keys()).collect();
    say(
        out,
        &format!(
            "{origin}: {a}; {b}; {} different words. A base learned half of both, each fork three more tenths of one; \
             all are tested on the last two tenths.",
            grouped(distinct.len())
        ),
    )?;
    quality(study, out)?;
    let chosen = match words {
        [] => {
            let all = choice::of_both(study, study.own);
            moves(study, &all, out)?;
            all
        }
        words => {
            let named = choice::named(study, words)?;
            moves(study, &named, out)?;
            named
        }
    };
    let shown = if words.is_empty() { LOOKED_AT } else { words.len() };
    neighbours(study, &chosen[..shown.min(chosen.len())], out)?;
    let shown = if words.is_empty() { IN_CONTEXT } else { words.len() };
    contexts(study, &chosen[..shown.min(chosen.len())], out)
}

fn quality(study: &Study, out: &mut dyn Write) -> anyhow::Result<()> {
    let [a, b] = study.texts.each_ref().map(|text| text.name.as_str());
    let own = study.own;
    heading(out, "How well is the next word found? (test-then-train: each word is ranked, then learned)")?;
    let mut table = Table::new([
        "learned before the test",
        &format!("{a}: Recall@20"),
        "MRR@20",
        &format!("{b}: Recall@20"),
        "MRR@20",
    ]);
    let mut row = |learned: String, quality: &Quality| {
        let [a, b] = quality.of.each_ref().map(|of| [of.recall(), of.mrr()].map(|figure| format!("{figure:.4}")));
        let ([recall_a, mrr_a], [recall_b, mrr_b]) = (a, b);
        table.row([learned, recall_a, mrr_a, recall_b, mrr_b]);
    };
    row(format!("three tenths of {}, nothing else", study.texts[own].name), study.scratch_quality());
    row("the base".to_owned(), study.base_quality());
    row(format!("the base, then {a}"), study.fork_quality(0));
    row(format!("the base, then {b}"), study.fork_quality(1));
    write!(out, "{table}")?;
    let gained = |text: usize| study.fork_quality(own).of[text].recall() - study.base_quality().of[text].recall();
    let (own_name, other_name) = (&study.texts[own].name, &study.texts[1 - own].name);
    say(
        out,
        &format!(
            "Reading more {own_name} changed Recall@20 by {:+.4} on {own_name} and by {:+.4} on {other_name}.",
            gained(own),
            gained(1 - own)
        ),
    )?;
    Ok(())
}

fn moves(study: &Study, words: &[Moved], out: &mut dyn Write) -> anyhow::Result<()> {
    let [a, b] = study.texts.each_ref().map(|text| text.name.as_str());
    let (own, own_name, other_name) = (study.own, &study.texts[study.own].name, &study.texts[1 - study.own].name);
    heading(out, &format!("Where did words go from the base to its {own_name} fork?"))?;
    let (in_a, in_b, elsewhere) = (format!("in {a}"), format!("in {b}"), format!("{other_name} shift"));
    let mut table = Table::new(["word", &in_a, &in_b, "distance", "cosine", "kept", "shift", &elsewhere, "forks"]);
    let mut row = |moved: &Moved| {
        let Move { distance, cosine, kept, shift } = moved.to[own];
        table.row([
            moved.word.to_string(),
            moved.seen[0].to_string(),
            moved.seen[1].to_string(),
            format!("{distance:.2}"),
            format!("{cosine:.2}"),
            kept.to_string(),
            format!("{shift:.3}"),
            format!("{:.3}", moved.to[1 - own].shift),
            format!("{:.2}", moved.forks),
        ]);
    };
    if words.len() <= MOVED + STAYED {
        words.iter().for_each(&mut row);
    } else {
        words[..MOVED].iter().for_each(&mut row);
        words[words.len() - STAYED..].iter().for_each(&mut row);
    }
    write!(out, "{table}")?;
    if words.len() > MOVED + STAYED {
        let note = format!(
            "The {MOVED} that changed their place among their neighbours most, and the {STAYED} that did least, of {} words \
             that both texts have often.",
            words.len()
        );
        say(out, &note)?;
    }
    say(
        out,
        &format!(
            "Distance, cosine: between the word's vectors in base and fork. Kept: of its {} nearest words. Shift: how much its \
             similarities to them changed, 0 for not at all; beside it the same for the {other_name} fork. Forks: cosine of \
             its vectors in the two forks.",
            Move::AMONG
        ),
    )?;
    Ok(())
}

fn neighbours(study: &Study, words: &[Moved], out: &mut dyn Write) -> anyhow::Result<()> {
    let [a, b] = study.texts.each_ref().map(|text| text.name.as_str());
    heading(out, &format!("What is near? (cosine; * not among the base's {})", Move::AMONG))?;
    for (number, Moved { word, .. }) in words.iter().enumerate() {
        if number > 0 {
            writeln!(out)?;
        }
        let before: Vec<Id> = study.base.neighbours(word, Move::AMONG).into_iter().map(|near| near.id).collect();
        let column = |meaning: &Meaning| {
            let near = meaning.neighbours(word, NEAREST).into_iter().map(|near| {
                let new = if before.contains(&near.id) { ' ' } else { '*' };
                format!("{new} {:.2} {}", near.score, cut(near.id.as_str(), 20))
            });
            near.collect::<Vec<String>>()
        };
        let columns = [column(&study.base), column(&study.forks[0]), column(&study.forks[1])];
        let mut table =
            Table::new([word.as_str(), "  in the base", &format!("  in the {a} fork"), &format!("  in the {b} fork")]);
        for place in 0..columns[0].len() {
            let [base, a, b] = columns.each_ref().map(|column| column[place].clone());
            table.row([" ".repeat(10), base, a, b]);
        }
        write!(out, "{table}")?;
    }
    Ok(())
}

/// The same word, met in a sentence of either text, and what the base expects after it.
fn contexts(study: &Study, words: &[Moved], out: &mut dyn Write) -> anyhow::Result<()> {
    heading(out, "The same word after other words: what does the base expect next?")?;
    let mut table = Table::new(["after", "comes next", "cosine"]);
    for Moved { word, .. } in words {
        let histories = [0, 1].map(|text| history(study, text, word));
        let [a, b] = histories.each_ref().map(|history| study.base.direction(history));
        let between = format!("{:.2}", cosine(&a, &b));
        for (history, cosine) in histories.iter().zip([String::new(), between]) {
            let next: Vec<String> = study.base.next(history, NEXT).iter().map(|next| next.id.to_string()).collect();
            let history: Vec<&str> = history.iter().map(Id::as_str).collect();
            table.row([cut(&history.join(" "), 38), cut(&next.join(", "), 48), cosine]);
        }
    }
    write!(out, "{table}")?;
    say(out, "Cosine: between the two query vectors, each the point in the space that its words lead to.")?;
    Ok(())
}

/// The word with the words before it in a sentence of the text that was not learned; after the beginning of another
/// sentence where the text does not have it.
pub fn history(study: &Study, text: usize, word: &Id) -> Vec<Id> {
    let text = &study.texts[text];
    let met = text.part(Part::Test).find_map(|sentence| {
        let place = sentence.words.iter().position(|other| other == word)?;
        (place >= BEFORE).then(|| &sentence.words[place - BEFORE..=place])
    });
    let elsewhere = || {
        let first = text.part(Part::Test).find(|sentence| sentence.words.len() >= BEFORE);
        let before = first.map_or(&[][..], |sentence| &sentence.words[..BEFORE]);
        [before, std::slice::from_ref(word)].concat()
    };
    met.map_or_else(elsewhere, <[Id]>::to_vec)
}
