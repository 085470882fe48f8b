//! Reports of an evaluation: the same figures as tables, as JSON and as curves.

use std::{collections::BTreeMap, fmt};

use serde::Serialize;

use shelfmark_domain::ModelConfig;

use super::{
    Evaluated, Method, Protocol, Stream,
    ablation::Ablated,
    metrics::{Cut, FIFTHS, K, SHOTS, Sums},
    svg_plot::{Panel, Plot, Scale},
};

/// Report of an evaluation.
#[derive(Debug, Clone, Serialize)]
pub struct Report {
    /// Length of the lists.
    pub k: usize,
    /// Number of events of an append, at least.
    pub append: usize,
    /// Share of the stream that was not counted.
    pub discard: f64,
    /// The data.
    pub data: Data,
    /// The model's configuration.
    pub config: ModelConfig,
    /// Events learned per second, on one thread, without ranking.
    pub events_per_second: f64,
    /// Number of gradient steps.
    pub steps: u64,
    /// Number of steps whose gradient was clipped.
    pub clipped: u64,
    /// The model first, then the baselines.
    pub methods: Vec<MethodReport>,
    /// Passes with one term switched off.
    pub ablations: Vec<Ablated>,
    /// Terms without an exact switch.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub not_ablatable: Vec<&'static str>,
}

/// Counts of a stream.
#[derive(Debug, Clone, Serialize)]
pub struct Data {
    /// Events tested and learned.
    pub events: u64,
    /// Events left out because the configuration has no weight for their kind, by kind.
    pub refused: BTreeMap<String, u64>,
    /// Events left out because their id came before.
    pub duplicates: u64,
    /// Users and sessions without a user.
    pub actors: u64,
    /// Items with an event.
    pub items: u64,
    /// Items with metadata before the first event.
    pub items_listed: u64,
    /// Targets that count: distinct items of units after the discarded part.
    pub targets: u64,
    /// Share of targets that are new to their actor.
    pub novel_share: f64,
    /// Share of targets whose actor has no past event.
    pub cold_user_share: f64,
    /// Share of targets whose item has no past event: misses of every method in `all` and `novel`.
    pub cold_item_share: f64,
}

/// Metrics of one method.
#[derive(Debug, Clone, Serialize)]
pub struct MethodReport {
    /// Name on the command line.
    pub name: String,
    /// Description in one line.
    pub about: String,
    /// Over all counted targets.
    #[serde(flatten)]
    pub whole: Cut,
    /// Items among the first `k` of any list, over items with an event.
    pub coverage: f64,
    /// Metrics by fifth of the counted stream.
    pub fifths: [Cut; FIFTHS],
    /// Metrics by past events of the actor.
    pub user_shots: Vec<Shot>,
    /// Metrics by past events of the target.
    pub item_shots: Vec<Shot>,
    /// Recall by fortieth of the counted stream: `[all, novel]`, null where there is no target.
    pub curve: Vec<[Option<f64>; 2]>,
    /// Time for scoring and ranking and, for baselines, learning.
    pub seconds: f64,
}

/// Metrics of targets with a number of past events.
#[derive(Debug, Clone, Serialize)]
pub struct Shot {
    /// Range of past events: `0`, `1`, `2`, `3-4`, `5-9` or `10+`.
    pub past_events: String,
    /// The metrics.
    #[serde(flatten)]
    pub cut: Cut,
}

impl MethodReport {
    fn new(method: &Method, items: usize) -> Self {
        let stats = &method.stats;
        let recall = |sums: &Sums| (sums.targets > 0).then(|| sums.recall());
        Self {
            name: method.name.to_owned(),
            about: method.about.to_owned(),
            whole: stats.whole,
            coverage: stats.covered() as f64 / items.max(1) as f64,
            fifths: stats.fifths,
            user_shots: shots(&stats.user_shots),
            item_shots: shots(&stats.item_shots),
            curve: stats.curve.iter().map(|cut| [recall(&cut.all), recall(&cut.novel)]).collect(),
            seconds: method.time.as_secs_f64(),
        }
    }
}

fn shots(cuts: &[Cut]) -> Vec<Shot> {
    let name = |place: usize| match SHOTS.get(place + 1) {
        None => format!("{}+", SHOTS[place]),
        Some(next) if next - 1 == SHOTS[place] => SHOTS[place].to_string(),
        Some(next) => format!("{}-{}", SHOTS[place], next - 1),
    };
    cuts.iter().enumerate().map(|(place, cut)| Shot { past_events: name(place), cut: *cut }).collect()
}

impl Report {
    /// Makes the report of a pass.
    pub fn new(stream: &Stream, protocol: &Protocol, evaluated: &Evaluated) -> Self {
        let catalog = &evaluated.state.inference.catalog;
        let items = catalog.known().len();
        let methods = evaluated.prequential.methods();
        let stats = &methods[0].stats;
        let targets = stats.whole.all.targets;
        let share = |part: u64| part as f64 / targets.max(1) as f64;
        let listed = stream.items.iter().map(|item| item.id.as_str()).collect::<std::collections::HashSet<_>>().len();
        Self {
            k: K,
            append: protocol.append,
            discard: protocol.discard,
            data: Data {
                events: stream.events.len() as u64,
                refused: stream.refused.clone(),
                duplicates: stream.duplicates,
                actors: evaluated.prequential.actors() as u64,
                items: items as u64,
                items_listed: listed as u64,
                targets,
                novel_share: share(stats.whole.novel.targets),
                cold_user_share: share(stats.user_shots[0].all.targets),
                cold_item_share: share(stats.item_shots[0].all.targets),
            },
            config: (**evaluated.state.config()).clone(),
            events_per_second: stream.events.len() as f64 / evaluated.learning.as_secs_f64().max(1e-9),
            steps: evaluated.steps,
            clipped: evaluated.clipped,
            methods: methods.iter().map(|method| MethodReport::new(method, items)).collect(),
            ablations: Vec::new(),
            not_ablatable: Vec::new(),
        }
    }

    /// Returns the metrics of the model.
    pub fn model(&self) -> &MethodReport {
        &self.methods[0]
    }
}

impl Report {
    /// Draws recall over the stream as SVG: one panel for all targets and one for novel ones.
    pub fn svg(&self) -> String {
        let k = self.k;
        let titles = [format!("Recall@{k}, all targets"), format!("Recall@{k}, novel targets")];
        let panels = titles.into_iter().enumerate().map(|(panel, title)| Panel {
            title,
            scale: Scale::Linear,
            // The same methods in both panels: said once.
            names: if panel == 0 {
                self.methods.iter().map(|method| method.name.clone()).collect()
            } else {
                Vec::new()
            },
            curves: self.methods.iter().map(|method| method.curve.iter().map(|point| point[panel]).collect()).collect(),
        });
        let marks = (0..=4).map(|tick| {
            let part = f64::from(tick) / 4.0;
            format!("{:.0}%", 100.0 * (self.discard + (1.0 - self.discard) * part))
        });
        Plot { across: "part of the stream".to_owned(), marks: marks.collect(), panels: panels.collect() }.svg()
    }
}

/// Formats a share as recall is often written: `.1573`.
fn part(value: f64) -> String {
    let text = format!("{value:.4}");
    text.strip_prefix('0').map_or(text.clone(), str::to_owned)
}

/// Formats recall; `-` where there are no targets.
fn recall(sums: &Sums) -> String {
    if sums.targets == 0 { "-".to_owned() } else { part(sums.recall()) }
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
        writeln!(
            f,
            "{} steps ({} clipped), {:.0} events/s learned on one thread\n",
            self.steps, self.clipped, self.events_per_second
        )?;
        let k = self.k;
        writeln!(f, "               all                        novel                      cover-")?;
        writeln!(f, "               recall@{k}  mrr@{k}  ndcg@{k}  recall@{k}  mrr@{k}  ndcg@{k}  age    seconds")?;
        for method in &self.methods {
            let Cut { all, novel, .. } = &method.whole;
            writeln!(
                f,
                "{:<13}  {:>9}  {:>6}  {:>7}  {:>9}  {:>6}  {:>7}  {:>5}  {:>7.1}",
                method.name,
                part(all.recall()),
                part(all.mrr()),
                part(all.ndcg()),
                part(novel.recall()),
                part(novel.mrr()),
                part(novel.ndcg()),
                percent(method.coverage),
                method.seconds
            )?;
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
            "\nAs when serving, items with metadata but no event are candidates too: recall@{k} {}.",
            recall(servable)
        )?;
        let arrivals = &self.model().whole.arrivals;
        if arrivals.targets > 0 {
            writeln!(
                f,
                "Of {} targets without an event, among such items alone (new arrivals): recall@{k} {}.",
                arrivals.targets,
                recall(arrivals)
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
                write!(f, "\n{:13}", "  as served")?;
                for cut in cuts(method) {
                    write!(f, " {:>11}", recall(&cut.servable))?;
                }
            }
        }
        writeln!(f)
    }

    fn ablations(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let whole = &self.model().whole;
        let cold = &self.model().item_shots[0].cut.servable;
        writeln!(f, "\nWithout one term (difference of recall@{})", self.k)?;
        writeln!(f, "{:13} {:>16} {:>16} {:>16}", "", "all", "novel", "cold items*")?;
        let line = |sums: &Sums, of: &Sums| format!("{} {:+.4}", part(sums.recall()), sums.recall() - of.recall());
        for ablated in &self.ablations {
            writeln!(
                f,
                "{:13} {:>16} {:>16} {:>16}  {}",
                ablated.name,
                line(&ablated.whole.all, &whole.all),
                line(&ablated.whole.novel, &whole.novel),
                line(&ablated.cold_items, cold),
                ablated.about
            )?;
        }
        writeln!(f, "* targets without a past event, among all that the service would recommend")?;
        if !self.not_ablatable.is_empty() {
            writeln!(f, "No exact switch yet: {}.", self.not_ablatable.join(", "))?;
        }
        Ok(())
    }
}
