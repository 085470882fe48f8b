//! The report as tables for a terminal.

use std::fmt;

use super::{MethodReport, Report, Shot};
use crate::{
    Difference, Interval,
    metrics::{Cut, FIFTHS, Sums},
};

/// Formats a share as recall is often written: `.1573`.
fn part(value: f64) -> String {
    let text = format!("{value:.4}");
    text.strip_prefix('0').map_or(text.clone(), str::to_owned)
}

/// Formats recall; `-` where there are no targets.
fn recall(sums: &Sums) -> String {
    if sums.targets == 0 { "-".to_owned() } else { part(sums.recall()) }
}

/// Formats an interval: `.1552-.1594`.
fn range(interval: Option<Interval>) -> String {
    interval.map_or_else(|| "-".to_owned(), |Interval { low, high }| format!("{}-{}", part(low), part(high)))
}

/// Formats recall with its interval.
fn with_range(sums: &Sums) -> String {
    format!("{} {:>11}", recall(sums), range(sums.interval))
}

/// Formats the interval of a difference.
fn signed_range(interval: Option<Interval>) -> String {
    interval.map_or_else(|| "-".to_owned(), |Interval { low, high }| format!("{low:+.4} to {high:+.4}"))
}

fn percent(value: f64) -> String {
    format!("{:.1}%", 100.0 * value)
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let data = &self.data;
        writeln!(
            f,
            "{} events, {} users or sessions, {} items with an event, {} with metadata",
            data.events, data.actors, data.items, data.items_listed
        )?;
        if !data.refused.is_empty() || data.duplicates > 0 {
            let refused: Vec<String> = data.refused.iter().map(|(kind, count)| format!("{count} {kind}")).collect();
            writeln!(f, "left out: {} duplicates; kinds without a weight: {}", data.duplicates, refused.join(", "))?;
        }
        writeln!(
            f,
            "{} targets after the first {}: {} novel, {} by cold users, {} cold items",
            data.targets,
            percent(self.discard),
            percent(data.novel_share),
            percent(data.cold_user_share),
            percent(data.cold_item_share)
        )?;
        if self.whole_timestamps {
            writeln!(f, "all events of one timestamp were ranked before any of them was learned")?;
        }
        writeln!(
            f,
            "{} steps ({} clipped), {:.0} events/s learned on one thread\n",
            self.steps, self.clipped, self.events_per_second
        )?;
        let k = self.k;
        writeln!(f, "            all                                novel                              cover-")?;
        let columns =
            format!("{:<17}  {:>6} {:>7}", format!("recall@{k}, 95%"), format!("mrr@{k}"), format!("ndcg@{k}"));
        writeln!(f, "            {columns}   {columns}     age  seconds")?;
        for method in &self.methods {
            let Cut { all, novel, .. } = &method.whole;
            let of =
                |sums: &Sums| format!("{:<17}  {:>6} {:>7}", with_range(sums), part(sums.mrr()), part(sums.ndcg()));
            writeln!(
                f,
                "{:<11} {}   {}  {:>6}  {:>7.1}",
                method.name,
                of(all),
                of(novel),
                percent(method.coverage),
                method.seconds
            )?;
        }
        writeln!(f, "95%: by resampling users and sessions; the same for differences.")?;
        for method in &self.methods {
            let Some(lead) = &method.lead else { continue };
            let of = |difference: &Difference| {
                let sign = if difference.is_clear() { "" } else { ", within chance" };
                format!("{:+.4} ({}{sign})", difference.recall, signed_range(difference.interval))
            };
            writeln!(f, "ahead of {:<11} {}; novel {}", method.name, of(&lead.all), of(&lead.novel))?;
        }
        let shots = |of: fn(&MethodReport) -> &Vec<Shot>| -> Vec<String> {
            of(&self.methods[0]).iter().map(|shot| shot.past_events.clone()).collect()
        };
        let fifths = (1..=FIFTHS).map(|fifth| fifth.to_string()).collect();
        self.section(f, "fifth of the stream", fifths, |method| method.fifths.to_vec())?;
        let cuts = |shots: &[Shot]| shots.iter().map(|shot| shot.cut).collect::<Vec<Cut>>();
        let users = shots(|method| &method.user_shots);
        self.section(f, "past events of the user", users, |method| cuts(&method.user_shots))?;
        let items = shots(|method| &method.item_shots);
        self.section(f, "past events of the item", items, |method| cuts(&method.item_shots))?;
        let servable = &self.model().whole.servable;
        writeln!(
            f,
            "\nAs when serving, items with metadata but no event are candidates too: recall@{k} {} ({}).",
            recall(servable),
            range(servable.interval)
        )?;
        let arrivals = &self.model().whole.arrivals;
        if arrivals.targets > 0 {
            writeln!(
                f,
                "Among items without an event alone (new arrivals), {} targets: recall@{k} {} ({}).",
                arrivals.targets,
                recall(arrivals),
                range(arrivals.interval)
            )?;
        }
        if !self.ablations.is_empty() {
            self.ablations(f)?;
        }
        Ok(())
    }
}

impl Report {
    /// Writes recall of every method by one dimension: all and novel targets.
    fn section(
        &self,
        f: &mut fmt::Formatter<'_>,
        title: &str,
        columns: Vec<String>,
        cuts: impl Fn(&MethodReport) -> Vec<Cut>,
    ) -> fmt::Result {
        writeln!(f, "\nRecall@{}, all/novel, by {title}", self.k)?;
        write!(f, "{:13}", "")?;
        for column in &columns {
            write!(f, " {column:>11}")?;
        }
        write!(f, "\n{:13}", "targets")?;
        for cut in cuts(&self.methods[0]) {
            write!(f, " {:>11}", cut.all.targets)?;
        }
        for (number, method) in self.methods.iter().enumerate() {
            write!(f, "\n{:13}", method.name)?;
            for cut in cuts(method) {
                write!(f, " {:>11}", format!("{}/{}", recall(&cut.all), recall(&cut.novel)))?;
            }
            if number == 0 {
                write!(f, "\n{:13}", "  95% all")?;
                for cut in cuts(method) {
                    write!(f, " {:>11}", range(cut.all.interval))?;
                }
                write!(f, "\n{:13}", "  95% novel")?;
                for cut in cuts(method) {
                    write!(f, " {:>11}", range(cut.novel.interval))?;
                }
                write!(f, "\n{:13}", "  as served")?;
                for cut in cuts(method) {
                    write!(f, " {:>11}", recall(&cut.servable))?;
                }
            }
        }
        writeln!(f)
    }

    fn ablations(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "\nWithout one term: difference of recall@{}, with its 95% interval", self.k)?;
        writeln!(f, "{:15} {:>26}  {:>26}  {:>11}", "", "all", "novel", "cold items*")?;
        let cold = self.model().item_shots[0].cut.servable.recall();
        for ablated in &self.ablations {
            let of = |difference: &Difference| {
                format!("{:+.4} {:>18}", difference.recall, signed_range(difference.interval))
            };
            let [all, novel] = [&ablated.difference.all, &ablated.difference.novel].map(of);
            let cold = ablated.cold_items.recall() - cold;
            writeln!(f, "{:15} {all:>26}  {novel:>26}  {cold:>+11.4}", ablated.name)?;
        }
        writeln!(f, "* targets without a past event, among all that the service would recommend")?;
        for ablated in &self.ablations {
            writeln!(f, "{}: {}", ablated.name, ablated.about)?;
        }
        if !self.not_ablatable.is_empty() {
            writeln!(f, "No exact switch yet: {}.", self.not_ablatable.join(", "))?;
        }
        Ok(())
    }
}
