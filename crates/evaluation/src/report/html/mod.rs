//! The report as one page for somebody who has to decide: figures beside those of simple methods, with what they mean.
//!
//! The page holds its style and pictures, runs no script and fetches nothing. Texts from outside (file names, names of
//! kinds) are escaped.

mod charts;
mod sentences;
#[cfg(test)]
mod tests;

use std::fmt::Write;

use super::{MethodReport, Report, Shot};
use crate::{Difference, Interval, metrics::Sums};
use charts::{Point, Series};

const STYLE: &str = include_str!("style.css");
/// Methods of a chart, the model first; more would hide each other.
const CHART_METHODS: usize = 6;

impl Report {
    /// Writes the page. `title` says what was measured.
    pub fn html(&self, title: &str) -> String {
        let title = escaped(title);
        let mut page = format!(
            "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\"/>\n<meta name=\"viewport\" \
             content=\"width=device-width, initial-scale=1\"/>\n<title>Recommendations on {title}</title>\n\
             <style>\n{STYLE}</style>\n</head>\n<body>\n<main>\n<h1>How well would {title} have been recommended?</h1>\n"
        );
        let verdict = sentences::whole(self);
        let _ = writeln!(page, "<p class=\"{}\">{}</p>", verdict.judgement.class(), escaped(&verdict.text));
        paragraph(&mut page, &sentences::novel(self));
        self.methods(&mut page);
        self.over_the_stream(&mut page);
        section(&mut page, "New and known people", &sentences::shots(self, |method| &method.user_shots, "the person"));
        self.by_shots(&mut page, "past events of the person", |method| &method.user_shots);
        section(&mut page, "Rare and popular items", &sentences::shots(self, |method| &method.item_shots, "the item"));
        self.by_shots(&mut page, "past events of the item", |method| &method.item_shots);
        section(&mut page, "How much of the catalogue is shown", &sentences::coverage(self));
        self.coverage(&mut page);
        section(&mut page, "How fast it learns", &sentences::rates(self));
        self.rates(&mut page);
        if !self.ablations.is_empty() {
            section(&mut page, "What each part is worth", &sentences::terms(&self.ablations));
            self.terms(&mut page);
        }
        self.protocol(&mut page);
        page.push_str("</main>\n</body>\n</html>\n");
        page
    }

    fn methods(&self, page: &mut String) {
        let k = self.k;
        section(
            page,
            "Beside simple methods",
            "Found is the share of what people did next that stood in the list; the others also count its place. Below \
             each share is the range in which it would lie 95 times of 100 with other people of the same kind.",
        );
        let _ = writeln!(
            page,
            "<div class=\"wide\"><table>\n<tr><th>method</th><th>found</th><th>of what was new</th><th>MRR@{k}</th>\
             <th>NDCG@{k}</th><th>lead of the model</th></tr>"
        );
        for method in &self.methods {
            let whole = &method.whole;
            let lead = method.lead.as_ref().map_or_else(|| "<td>-</td>".to_owned(), |lead| change(&lead.all));
            let _ = writeln!(
                page,
                "<tr><td>{}</td>{}{}<td>{}</td><td>{}</td>{lead}</tr>",
                escaped(&method.name),
                cell(&whole.all),
                cell(&whole.novel),
                percent(whole.all.mrr()),
                percent(whole.all.ndcg())
            );
        }
        page.push_str("</table></div>\n<ul class=\"soft\">\n");
        for method in &self.methods[1..] {
            let tried = match method.tried.len() {
                0 => String::new(),
                count => format!("; the better of {count} half-lives on these very events"),
            };
            let _ = writeln!(page, "<li>{}: {}{tried}</li>", escaped(&method.name), escaped(&method.about));
        }
        page.push_str("</ul>\n");
    }

    fn over_the_stream(&self, page: &mut String) {
        section(page, "Over time", &sentences::stream(self));
        let marks: Vec<String> = (0..=4)
            .map(|tick| self.discard + (1.0 - self.discard) * f64::from(tick) / 4.0)
            .map(|part| format!("{:.0}%", 100.0 * part))
            .collect();
        for (place, what) in ["all that people did", "what was new to them"].into_iter().enumerate() {
            let series = self.series(|method| {
                let points = method.curve.iter().zip(&method.curve_intervals);
                points.map(|(value, interval)| Point { value: value[place], interval: interval[place] }).collect()
            });
            let label = format!("Share found of {what}, over the stream");
            let caption = format!("Found of {what}, by part of the stream. The band is the model's 95% interval.");
            figure(page, &charts::lines(&label, "part of the stream", &marks, &series), &caption);
        }
    }

    fn by_shots(&self, page: &mut String, across: &str, of: fn(&MethodReport) -> &[Shot]) {
        let categories: Vec<String> = of(self.model()).iter().map(|shot| shot.past_events.clone()).collect();
        let series = self.series(|method| of(method).iter().map(|shot| point(&shot.cut.all)).collect());
        let label = format!("Share found by {across}");
        figure(page, &charts::dots(&label, across, &categories, &series), "Found of all targets, with 95% intervals.");
        let series = self.series(|method| of(method).iter().map(|shot| point(&shot.cut.novel)).collect());
        let label = format!("Share found of what was new, by {across}");
        let caption = "The same for what was new to the person.";
        figure(page, &charts::dots(&label, across, &categories, &series), caption);
    }

    fn coverage(&self, page: &mut String) {
        page.push_str("<div class=\"wide\"><table>\n<tr><th>method</th><th>items shown</th></tr>\n");
        for method in &self.methods {
            let (name, coverage) = (escaped(&method.name), percent(method.coverage));
            let _ = writeln!(page, "<tr><td>{name}</td><td>{coverage}</td></tr>");
        }
        page.push_str("</table></div>\n");
    }

    fn rates(&self, page: &mut String) {
        page.push_str(
            "<div class=\"wide\"><table>\n<tr><th>method</th><th>seconds of ranking</th><th>events a second</th></tr>\n",
        );
        for method in &self.methods {
            let rate = self.data.events as f64 / method.seconds.max(1e-9);
            let (name, seconds) = (escaped(&method.name), method.seconds);
            let _ = writeln!(page, "<tr><td>{name}</td><td>{seconds:.1}</td><td>{rate:.0}</td></tr>");
        }
        page.push_str(
            "</table></div>\n<p class=\"soft\">Ranking scores every item for every event, which a service does not do. \
             The simple methods' seconds hold their learning.</p>\n",
        );
    }

    fn terms(&self, page: &mut String) {
        let rows: Vec<(String, f64, Option<Interval>)> = self
            .ablations
            .iter()
            .map(|ablated| (ablated.name.to_owned(), ablated.difference.all.recall, ablated.difference.all.interval))
            .collect();
        let caption =
            "Change of the share found when a part is switched off, with 95% intervals: left of 0 it is missed.";
        figure(page, &charts::differences("Change of the share found without each part", &rows), caption);
        page.push_str(
            "<div class=\"wide\"><table>\n<tr><th>without</th><th>found</th><th>change</th><th>change of what was \
             new</th></tr>\n",
        );
        for ablated in &self.ablations {
            let _ = writeln!(
                page,
                "<tr><td>{}<small>{}</small></td>{}{}{}</tr>",
                escaped(ablated.name),
                escaped(ablated.about),
                cell(&ablated.whole.all),
                change(&ablated.difference.all),
                change(&ablated.difference.novel)
            );
        }
        page.push_str("</table></div>\n");
    }

    fn protocol(&self, page: &mut String) {
        let data = &self.data;
        section(
            page,
            "How this was measured",
            &format!(
                "{} events of {} users or sessions with {} items. Each basket or event was ranked among all items met \
                 so far, and then learned, by the code that serves. The first {} of the events were learned and not \
                 counted. {} of the targets are of people without a past event, {} are items without one, which no \
                 method here can find.",
                data.events,
                data.actors,
                data.items,
                percent(self.discard),
                percent(data.cold_user_share),
                percent(data.cold_item_share)
            ),
        );
        paragraph(
            page,
            "Intervals come from resampling users and sessions. They say what chance would do with other people on the \
             same days. They say nothing about other days, and nothing about what people would have done had they seen \
             the lists: that takes a split of the traffic.",
        );
        let config = serde_json::to_string_pretty(&self.config).unwrap_or_default();
        let _ = writeln!(
            page,
            "<details><summary>Configuration of the model</summary><pre>{}</pre></details>",
            escaped(&config)
        );
    }

    fn series(&self, points: impl Fn(&MethodReport) -> Vec<Point>) -> Vec<Series> {
        let methods = self.methods.iter().take(CHART_METHODS);
        methods.map(|method| Series { name: method.name.clone(), points: points(method) }).collect()
    }
}

fn section(page: &mut String, heading: &str, text: &str) {
    let _ = writeln!(page, "<h2>{}</h2>", escaped(heading));
    paragraph(page, text);
}

fn paragraph(page: &mut String, text: &str) {
    let _ = writeln!(page, "<p>{}</p>", escaped(text));
}

fn figure(page: &mut String, chart: &str, caption: &str) {
    let _ = writeln!(page, "<figure>\n{chart}<figcaption>{}</figcaption>\n</figure>", escaped(caption));
}

fn cell(sums: &Sums) -> String {
    if sums.targets == 0 {
        return "<td>-</td>".to_owned();
    }
    format!("<td>{}<small>{}</small></td>", percent(sums.recall()), range(sums.interval))
}

/// A cell with a difference in points of percent.
fn change(difference: &Difference) -> String {
    let to = |Interval { low, high }| format!("<small>{:+.2} to {:+.2}</small>", 100.0 * low, 100.0 * high);
    format!("<td>{:+.2} points{}</td>", 100.0 * difference.recall, difference.interval.map(to).unwrap_or_default())
}

fn point(sums: &Sums) -> Point {
    Point { value: (sums.targets > 0).then(|| sums.recall()), interval: sums.interval }
}

fn percent(value: f64) -> String {
    format!("{:.2}%", 100.0 * value)
}

fn range(interval: Option<Interval>) -> String {
    let to = |Interval { low, high }| format!("{:.2} to {:.2}%", 100.0 * low, 100.0 * high);
    interval.map_or_else(|| "too few people for an interval".to_owned(), to)
}

/// Formats a difference in points of percent.
fn points(difference: &Difference) -> String {
    let to = |Interval { low, high }| format!(" ({:+.2} to {:+.2})", 100.0 * low, 100.0 * high);
    format!("{:+.2} points{}", 100.0 * difference.recall, difference.interval.map(to).unwrap_or_default())
}

/// Escapes text for HTML, also within quotes.
fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            other => out.push(other),
        }
    }
    out
}
