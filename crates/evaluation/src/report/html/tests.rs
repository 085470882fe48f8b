//! Goal: the page is HTML, shows the report's figures and judges them rightly. Method: a pass over a small made-up
//! stream; its report with figures set by hand; a scanner of tags.

use shelfmark_domain::{Event, Id, ModelConfig, Timestamp};

use super::{escaped, percent, sentences};
use crate::{
    BaselineKind, Interval, Protocol, Report, Run, Stream,
    ablation::{Ablated, Reference, Term},
};
use sentences::Judgement;

/// Sixty people of two clubs, who look at neighbouring items of their club.
fn report() -> Report {
    let config = ModelConfig { dim: 8, ..ModelConfig::default() };
    let id = |text: String| Id::new("id", &text).unwrap();
    let mut stream = Stream::default();
    for number in 0..1_200_u32 {
        let (user, step) = (number % 60, number / 60);
        let event = Event {
            event_id: id(format!("e{number}")),
            user: Some(id(format!("u{user}"))),
            session: None,
            item: id(format!("{}{}", ["a", "b"][user as usize % 2], (user * 3 + step) % 30)),
            kind: "click".to_owned(),
            value: None,
            ts: Timestamp::from_seconds(f64::from(1_700_000_000 + number * 60)).unwrap(),
            context: Vec::new(),
            recommendation_id: None,
            properties: None,
        };
        assert!(stream.event(event, &config));
    }
    let pass = |config: ModelConfig, baselines: Vec<BaselineKind>| {
        let protocol = Protocol { baselines, ..Protocol::default() };
        let mut run = Run::new(&stream, config, &protocol).unwrap();
        run.advance(stream.events.len()).unwrap();
        (run.finish(), protocol)
    };
    let (with, protocol) = pass(config.clone(), vec![BaselineKind::Popularity, BaselineKind::Cooccurrence]);
    let mut report = Report::new(&stream, &protocol, &with);
    let term = Term::parse("memory").unwrap();
    let (without, _) = pass(term.without(&config), Vec::new());
    report.ablations.push(Ablated::new(term, &without, &Reference::new(&with)));
    report
}

/// Returns the texts of a page. Fails where a tag is not closed in its order.
fn texts(page: &str) -> Vec<String> {
    let body = page.strip_prefix("<!doctype html>").expect("a document of HTML");
    let (mut open, mut texts) = (Vec::new(), Vec::new());
    let mut parts = body.split('<');
    texts.push(parts.next().unwrap_or_default().to_owned());
    for part in parts {
        let (tag, text) = part.split_once('>').unwrap_or_else(|| panic!("a tag that does not end: {part}"));
        assert_eq!(tag.matches('"').count() % 2, 0, "a quote that does not end: {tag}");
        let name = tag.trim_matches('/').split_whitespace().next().expect("a name");
        if tag.starts_with('/') {
            assert_eq!(open.pop(), Some(name), "</{name}>");
        } else if !tag.ends_with('/') {
            open.push(name);
        }
        texts.push(text.to_owned());
    }
    assert!(open.is_empty(), "{open:?} are not closed");
    texts
}

#[test]
fn the_page_is_closed_html_with_the_figures_and_without_anything_from_elsewhere() {
    let mut report = report();
    report.config.kinds.insert("</pre><script>alert(1)</script>".to_owned(), 1.0.into());
    report.methods[1].name = "<i>pop".to_owned();
    let title = "<b onclick=\"x\">&'evil.csv";
    let page = report.html(title);
    let texts = texts(&page).join("\n");
    for raw in [title, "<script", "<i>", "onclick=\"", "http:", "https:", "src=", "url(", "@import", "href="] {
        assert!(!page.contains(raw), "{raw}");
    }
    assert!(texts.contains(&escaped(title)) && texts.contains("&lt;i&gt;pop"));
    for method in &report.methods {
        for sums in [&method.whole.all, &method.whole.novel] {
            assert!(texts.contains(&percent(sums.recall())), "{}", method.name);
            let Interval { low, high } = sums.interval.expect("sixty people");
            assert!(texts.contains(&format!("{:.2} to {:.2}%", 100.0 * low, 100.0 * high)), "{}", method.name);
        }
        assert!(texts.contains(&percent(method.coverage)));
    }
    for heading in ["Over time", "New and known people", "Rare and popular items", "How fast it learns"] {
        assert!(texts.contains(heading), "{heading}");
    }
    assert!(texts.contains("What each part is worth") && texts.contains("transition memory"));
    assert!(page.contains("prefers-color-scheme: dark") && page.contains("width=device-width"));
    // Two charts each of time, people and items, and one of the terms; no figure of a chart is outside of numbers.
    assert_eq!(page.matches("<svg ").count(), 7);
    assert!(!page.contains("NaN") && !page.contains("inf\""));
    report.ablations.clear();
    assert_eq!(report.html("x").matches("<svg ").count(), 6);
}

#[test]
fn a_lead_is_judged_by_its_size_and_by_its_interval() {
    let mut report = report();
    report.methods.truncate(2);
    let recall = report.methods[1].whole.all.recall();
    assert!(recall > 0.0);
    for (lead, low, high, judgement, said) in [
        (recall, 0.9 * recall, 1.1 * recall, Judgement::Good, "This speaks for it"),
        (0.02 * recall, 0.01 * recall, 0.03 * recall, Judgement::Neutral, "a simple method does nearly as well"),
        (0.1 * recall, -0.1 * recall, 0.3 * recall, Judgement::Neutral, "is within chance"),
        (-0.1 * recall, -0.3 * recall, 0.1 * recall, Judgement::Neutral, "is within chance"),
        (-recall, -1.1 * recall, -0.9 * recall, Judgement::Bad, "is behind by"),
    ] {
        let difference = &mut report.methods[1].lead.as_mut().unwrap().all;
        (difference.recall, difference.interval) = (lead, Some(Interval { low, high }));
        let verdict = sentences::whole(&report);
        assert_eq!(verdict.judgement, judgement, "{}", verdict.text);
        assert!(verdict.text.contains(said), "{}", verdict.text);
    }
    report.methods.truncate(1);
    assert!(sentences::whole(&report).text.contains("--baselines all"));
    texts(&report.html("alone"));
}

#[test]
fn recall_that_falls_is_bad_only_where_simple_methods_do_not_fall_with_it() {
    let mut report = report();
    report.methods.truncate(2);
    let mut set = |method: usize, fifth: usize, hits: u64| {
        let all = &mut report.methods[method].fifths[fifth].all;
        (all.targets, all.hits) = (1_000, hits);
        let recall = all.recall();
        all.interval = Some(Interval { low: recall - 0.01, high: recall + 0.01 });
        sentences::stream(&report)
    };
    set(1, 0, 100);
    set(1, 4, 100);
    set(0, 0, 200);
    assert!(set(0, 4, 300).contains("gets better"));
    assert!(set(0, 4, 205).contains("about steady"));
    assert!(set(0, 4, 100).contains("which is bad"));
    assert!(set(1, 4, 50).contains("harder to foresee"));
}
