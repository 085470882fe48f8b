//! Tables of the example.

use std::io::Write;

use shelfmark_domain::Id;

use super::study::{Case, Known, Study, Way, of_domain};
use crate::table::{Table, heading, say};

/// Everything, in order.
pub fn all(study: &Study, out: &mut dyn Write) -> anyhow::Result<()> {
    say(
        out,
        &format!(
            "Four made-up domains. A base learned 1,500 sentences of software and geometry each, and 300 of finance and \
             medicine. Each fork learned {} more of finance or of medicine: plainly, with the domain as context of every \
             event and query, or with pull {}, the last also without transition memory.",
            crate::table::grouped(study.sentences),
            study.pull
        ),
    )?;
    for case in &study.cases {
        figures(case, out)?;
        expected(case, out)?;
    }
    Ok(())
}

/// How well each sense is known before and after.
fn figures(case: &Case, out: &mut dyn Write) -> anyhow::Result<()> {
    let (kept, learned, word) = (&case.kept, &case.learned, case.word());
    heading(out, &format!("{:?} while {} is learned (before > after)", word.as_str(), learned.name))?;
    let mut table = Table::new([
        "learned",
        "moved: cosine",
        "near it",
        "after it alone",
        "after the kept sense",
        "after the learned",
    ]);
    for way in Way::ALL {
        let (base, fork) = (case.base(way), case.fork(way));
        let change = |count: &dyn Fn(&Known) -> usize| format!("{} > {}", count(base), count(fork));
        table.row([
            way.name().to_owned(),
            format!("{:.2}", base.cosine(fork, &word)),
            change(&|known| of_domain(learned, &known.neighbours(&word))),
            change(&|known| known.own_next(kept, std::slice::from_ref(&word))),
            change(&|known| known.own_next(kept, &kept.sense())),
            change(&|known| known.own_next(learned, &learned.sense())),
        ]);
    }
    write!(out, "{table}")?;
    say(
        out,
        &format!(
            "Of ten words each. Near it: words of {} among the nearest to {:?}. After it alone: words of {} among those \
             expected after {:?} with nothing before it, with contexts in circumstances {}. After the kept sense: the same \
             after {:?}. After the learned: words of {} after {:?}.",
            learned.name,
            word.as_str(),
            kept.name,
            word.as_str(),
            format_args!("domain:{}", kept.name),
            kept.phrase(),
            learned.name,
            learned.phrase()
        ),
    )?;
    Ok(())
}

/// What is expected after the sense that should stay.
fn expected(case: &Case, out: &mut dyn Write) -> anyhow::Result<()> {
    heading(out, &format!("What comes after {:?}? (* a word of {})", case.kept.phrase(), case.learned.name))?;
    let sense = case.kept.sense();
    let mut table = Table::new(["before", "after, plainly", "after, with contexts", "after, with pull"]);
    let list = |known: &Known| known.next(&case.kept, &sense);
    let lists = [
        list(case.base(Way::Plain)),
        list(case.fork(Way::Plain)),
        list(case.fork(Way::Contexts)),
        list(case.fork(Way::Pull)),
    ];
    let shown = |word: &Id| format!("{} {word}", if case.learned.owns(word) { "*" } else { " " });
    for place in 0..6 {
        table.row(lists.each_ref().map(|list| list.get(place).map(shown).unwrap_or_default()));
    }
    write!(out, "{table}")?;
    Ok(())
}
