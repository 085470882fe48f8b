//! Sentences that say what the figures mean, and whether that is good.

use super::{percent, points, range};
use crate::{
    Difference,
    ablation::Ablated,
    metrics::{Cut, Sums},
    report::{MethodReport, Report, Shot},
};

/// Whether something speaks for the model.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Judgement {
    Good,
    Neutral,
    Bad,
}

impl Judgement {
    /// Class in the page's style.
    pub(super) const fn class(self) -> &'static str {
        match self {
            Self::Good => "verdict good",
            Self::Neutral => "verdict",
            Self::Bad => "verdict bad",
        }
    }
}

/// A judgement with its reason.
#[derive(Debug, Clone)]
pub(super) struct Verdict {
    pub judgement: Judgement,
    pub text: String,
}

/// Lead over a method below which the method does nearly as well.
const SMALL_LEAD: f64 = 0.05;

/// Says whether the model is worth using.
pub(super) fn whole(report: &Report) -> Verdict {
    let all = &report.model().whole.all;
    let mut text = format!(
        "Of {} things that people did next, {} were among the first {} that the model would have shown ({}).",
        all.targets,
        percent(all.recall()),
        report.k,
        range(all.interval)
    );
    let Some((best, lead)) = best(report) else {
        text.push_str(
            " No simple method was measured beside it, so this page cannot say whether that is good: run it with \
             --baselines all.",
        );
        return Verdict { judgement: Judgement::Neutral, text };
    };
    let other = best.whole.all.recall();
    text.push_str(&format!(" The best simple method, {}, found {}.", best.name, percent(other)));
    let (judgement, more) = match lead.recall {
        ahead if ahead > 0.0 && lead.is_clear() && ahead < SMALL_LEAD * other => (
            Judgement::Neutral,
            format!(
                "The model is ahead by {}. That is more than chance, and little: on these events a simple method does \
                 nearly as well.",
                points(lead)
            ),
        ),
        ahead if ahead > 0.0 && lead.is_clear() => (
            Judgement::Good,
            format!("The model is ahead by {}, which is more than chance explains. This speaks for it.", points(lead)),
        ),
        behind if behind < 0.0 && lead.is_clear() => (
            Judgement::Bad,
            format!(
                "The model is behind by {}. Find out why before it is used: look at the terms (--ablate all), and try \
                 shelfmark tune.",
                points(lead)
            ),
        ),
        _ => (
            Judgement::Neutral,
            format!(
                "The difference, {}, is within chance: on these events a simple method does as well. More events may \
                 tell them apart.",
                points(lead)
            ),
        ),
    };
    Verdict { judgement, text: format!("{text} {more}") }
}

/// Returns the best simple method and the model's lead over it.
fn best(report: &Report) -> Option<(&MethodReport, &Difference)> {
    let best = report.best_baseline()?;
    Some((best, &best.lead.as_ref()?.all))
}

/// Says how much of what is new to people is found.
pub(super) fn novel(report: &Report) -> String {
    let novel = &report.model().whole.novel;
    if novel.targets == 0 {
        return "Nobody did anything new, so nothing can be said of discovery.".to_owned();
    }
    let share = percent(report.data.novel_share);
    let mut text = format!(
        "{share} of it was new to the person. Of that, lists without what the person knows held {} ({}).",
        percent(novel.recall()),
        range(novel.interval)
    );
    let others = report.methods[1..].iter();
    if let Some(best) = others.max_by(|a, b| a.whole.novel.recall().total_cmp(&b.whole.novel.recall()))
        && let Some(lead) = &best.lead
    {
        let found = percent(best.whole.novel.recall());
        let word = compared(&lead.novel);
        text.push_str(&format!(" The best simple method, {}, found {found}: the model is {word}.", best.name));
    }
    text
}

fn compared(lead: &Difference) -> String {
    match lead.is_clear() {
        true if lead.recall > 0.0 => format!("ahead by {}", points(lead)),
        true => format!("behind by {}", points(lead)),
        false => format!("neither ahead nor behind beyond chance ({})", points(lead)),
    }
}

/// Says how recall went over the stream.
pub(super) fn stream(report: &Report) -> String {
    let [first, last] = ends(report.model());
    let (before, after) = (percent(first.recall()), percent(last.recall()));
    let went = match (first.interval, last.interval) {
        (Some(first), Some(last)) if last.low > first.high => "It still gets better as it learns, which is good.",
        (Some(first), Some(last)) if last.high < first.low => match report.best_baseline().map(ends) {
            Some([was, is]) if is.recall() < was.recall() => {
                "It fell, and so did the best simple method: the events became harder to foresee."
            }
            Some(_) => {
                "It fell while the best simple method did not, which is bad: something it learned no longer holds."
            }
            None => "It fell. Without a simple method beside it, nobody can say whether the events became harder.",
        },
        (Some(_), Some(_)) => "The two intervals overlap, so it is about steady.",
        _ => "There are too few people for an interval.",
    };
    format!("In the first fifth it found {before}, in the last {after}. {went}")
}

fn ends(method: &MethodReport) -> [&Sums; 2] {
    [&method.fifths[0].all, &method.fifths[method.fifths.len() - 1].all]
}

/// Says who is served well: people, or items, by their number of past events.
pub(super) fn shots(report: &Report, of: fn(&MethodReport) -> &[Shot], who: &str) -> String {
    let model = of(report.model());
    let others = &report.methods[1..];
    // Where nobody can find anything, nobody is ahead: items without an event are no candidates.
    let can_be_found = |place: &usize| report.methods.iter().any(|method| of(method)[*place].cut.all.hits > 0);
    let known: Vec<usize> = (0..model.len()).filter(can_be_found).collect();
    let ahead = known.iter().filter(|place| {
        let best = others.iter().map(|method| of(method)[**place].cut.all.recall()).fold(0.0, f64::max);
        model[**place].cut.all.interval.is_some_and(|interval| interval.low > best)
    });
    let (ahead, all) = (ahead.count(), known.len());
    let figure = |place: usize| {
        let Cut { all, .. } = &model[place].cut;
        format!("{} with {} ({} targets)", percent(all.recall()), model[place].past_events, all.targets)
    };
    let figures: Vec<String> = known.iter().map(|place| figure(*place)).collect();
    let figures = figures.join(", ");
    if others.is_empty() {
        return format!("By past events of {who}, it found {figures}.");
    }
    let judged = match ahead {
        0 => "In no group is it ahead of every simple method beyond chance.".to_owned(),
        ahead if ahead == all => {
            "In every group it is ahead of every simple method beyond chance, which is good.".to_owned()
        }
        ahead => format!("It is ahead of every simple method beyond chance in {ahead} of {all} groups."),
    };
    format!("By past events of {who}, it found {figures}. {judged}")
}

/// Says how much of the catalogue is ever shown.
pub(super) fn coverage(report: &Report) -> String {
    let own = report.model().coverage;
    let text = format!("{} of all items were in somebody's list at least once.", percent(own));
    let Some(other) = report.methods[1..].iter().find(|method| method.name == "knn").or(report.best_baseline()) else {
        return text;
    };
    let (name, others) = (&other.name, other.coverage);
    let judged = if own >= others {
        format!("{name} shows {}: the model is no narrower, which is good.", percent(others))
    } else {
        format!(
            "{name} shows {}: the model is narrower. Where variety matters, try diversity in a query, or explore in the \
             configuration; both have a price in recall.",
            percent(others)
        )
    };
    format!("{text} {judged}")
}

/// Says how fast it learned.
pub(super) fn rates(report: &Report) -> String {
    let rate = report.events_per_second;
    let day = rate * 86_400.0 / 1e6;
    let clipped = report.clipped as f64 / report.steps.max(1) as f64;
    let steps = if clipped > 0.02 {
        format!("{} of the steps were clipped, which is much: rates may be too high.", percent(clipped))
    } else {
        format!("{} of the steps were clipped, which is normal.", percent(clipped))
    };
    format!(
        "One thread of this machine learned {rate:.0} events a second, {day:.0} million a day. It is enough if your \
         busiest hour brings fewer. {steps}"
    )
}

/// Says what terms are worth.
pub(super) fn terms(ablations: &[Ablated]) -> String {
    let names = |of: &dyn Fn(&Difference) -> bool| {
        let found = ablations.iter().filter(|ablated| of(&ablated.difference.all));
        found.map(|ablated| ablated.name).collect::<Vec<&str>>().join(", ")
    };
    let worth = names(&|difference| difference.is_clear() && difference.recall < 0.0);
    let cost = names(&|difference| difference.is_clear() && difference.recall > 0.0);
    let nothing = names(&|difference| !difference.is_clear());
    let mut text = "Each term was switched off in a pass of its own.".to_owned();
    for (said, names) in [
        ("Recall falls without these, so they earn their place", worth),
        ("Recall rises without these: consider switching them off", cost),
        ("No difference beyond chance", nothing),
    ] {
        if !names.is_empty() {
            text.push_str(&format!(" {said}: {names}."));
        }
    }
    text
}
