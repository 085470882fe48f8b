//! Goal: `shelfmark evaluate` and `tune` give consistent figures on files, and write what they promise. Method: the
//! real binary on a generated shop, small enough for seconds; JSON fields against each other and against the input.

use std::{path::Path, process::Command};

use serde_json::Value;
use shelfmark_datasets::feeds::{Shop, ShopSettings};
use shelfmark_domain::{Event, ModelConfig, Timestamp};
use shelfmark_evaluation::{BaselineKind, Evaluated, Protocol, Run, Stream};
use shelfmark_state::{Digester, State};

const EVENTS: usize = 4_000;

fn shelfmark(args: &[&str]) -> std::process::Output {
    let output = Command::new(env!("CARGO_BIN_EXE_shelfmark")).args(args).output().expect("starts");
    let shown = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "{args:?}: {shown}");
    output
}

/// The shop's items and events in one file, as `demo --print` writes them.
fn shop(folder: &Path) -> String {
    let events = EVENTS.to_string();
    let printed = shelfmark(&["demo", "--print", "--events", &events, "--items", "300", "--shoppers", "60"]).stdout;
    let file = folder.join("shop.ndjson");
    std::fs::write(&file, printed).expect("a writable folder");
    file.to_str().expect("text").to_owned()
}

fn json(args: &[&str]) -> Value {
    serde_json::from_slice(&shelfmark(args).stdout).expect("JSON")
}

fn number(value: &Value) -> f64 {
    value.as_f64().unwrap_or_else(|| panic!("a number, not {value}"))
}

fn targets(cuts: &Value, which: &str) -> f64 {
    cuts.as_array().expect("a list").iter().map(|cut| number(&cut[which]["targets"])).sum()
}

#[test]
fn the_report_is_consistent_in_itself_and_the_model_beats_popularity_on_the_shop() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = shop(folder.path());
    let plot = folder.path().join("recall.svg");
    let plot = plot.to_str().expect("text");
    let args = ["evaluate", &file, "--json", "--quiet", "--dim", "16", "--ablate", "tokens,memory", "--plot", plot];
    let report = json(&args);

    assert_eq!(number(&report["data"]["events"]), EVENTS as f64);
    assert_eq!(number(&report["data"]["items_listed"]), 300.0);
    assert_eq!((number(&report["k"]), number(&report["discard"]), number(&report["append"])), (20.0, 0.1, 64.0));
    assert_eq!(number(&report["config"]["dim"]), 16.0);
    let methods = report["methods"].as_array().expect("a list");
    let names: Vec<&str> = methods.iter().map(|method| method["name"].as_str().expect("text")).collect();
    assert_eq!(names, ["shelfmark", "popularity", "recent", "knn", "stan", "isgd", "als", "ease"]);
    for method in methods {
        // Every method is asked about the same targets, and every cut parts them.
        for which in ["all", "novel"] {
            let whole = number(&method[which]["targets"]);
            assert_eq!(whole, number(&methods[0][which]["targets"]), "{}", method["name"]);
            for cuts in ["fifths", "user_shots", "item_shots"] {
                assert_eq!(targets(&method[cuts], which), whole, "{} {cuts}", method["name"]);
            }
            let of = &method[which];
            let (recall, mrr, ndcg) = (number(&of["recall"]), number(&of["mrr"]), number(&of["ndcg"]));
            assert!(0.0 < mrr && mrr < ndcg && ndcg < recall && recall < 1.0, "{} {of}", method["name"]);
            assert_eq!(recall, number(&of["hits"]) / whole);
        }
        let coverage = number(&method["coverage"]);
        assert!(coverage > 0.0 && coverage <= 1.0);
        // What was never seen is no candidate.
        assert_eq!(number(&method["item_shots"][0]["all"]["hits"]), 0.0);
    }
    let [model, popularity] = [&methods[0], &methods[1]];
    assert!(number(&model["all"]["recall"]) > 1.2 * number(&popularity["all"]["recall"]));
    // The whole catalogue is listed from the start, so serving has more candidates, and a target is never missing.
    assert_eq!(model["servable"]["targets"], model["all"]["targets"]);
    assert!(popularity.get("servable").is_none());
    // New arrivals are the targets without an event, among fewer candidates.
    let [arrivals, cold] = ["arrivals", "servable"].map(|which| &model["item_shots"][0][which]);
    assert_eq!((&model["arrivals"], &arrivals["targets"]), (arrivals, &cold["targets"]));
    assert!(number(&arrivals["recall"]) > number(&cold["recall"]), "{arrivals} {cold}");
    let ablations = report["ablations"].as_array().expect("a list");
    assert_eq!(ablations.len(), 2);
    assert!(ablations.iter().all(|ablated| ablated["all"]["targets"] == model["all"]["targets"]));
    assert!(ablations.iter().all(|ablated| ablated["all"]["hits"] != model["all"]["hits"]), "a switch did nothing");

    intervals_hold_their_figures(&report);

    let picture = std::fs::read_to_string(plot).expect("the picture");
    assert!(picture.starts_with("<svg") && picture.trim_end().ends_with("</svg>"));
    assert_eq!(picture.matches("<polyline").count(), 2 * methods.len());

    // The same again, without the others: the model's figures do not depend on who runs beside it, nor on the run.
    let alone = json(&["evaluate", &file, "--json", "--quiet", "--dim", "16", "--baselines", "none"]);
    for which in ["all", "novel", "servable", "fifths", "user_shots", "item_shots", "coverage"] {
        assert_eq!(alone["methods"][0][which], model[which], "{which}");
    }
}

/// Every recall of the JSON has an interval around it, where there are people enough.
fn intervals_hold_their_figures(report: &Value) {
    let methods = report["methods"].as_array().expect("a list");
    let mut wide = 0;
    for method in methods {
        let cuts = ["fifths", "user_shots", "item_shots"].map(|cuts| method[cuts].as_array().expect("a list"));
        for cut in std::iter::once(method).chain(cuts.into_iter().flatten()) {
            for which in ["all", "novel", "servable"] {
                let sums = &cut[which];
                let Some([low, high]) = sums["recall_interval"].as_array().map(|ends| [&ends[0], &ends[1]].map(number))
                else {
                    continue;
                };
                let recall = number(&sums["recall"]);
                assert!(low <= recall && recall <= high, "{} {which}: {sums}", method["name"]);
                wide += usize::from(low < high);
            }
        }
        let lead = &method["lead"];
        if method["name"] == "shelfmark" {
            assert!(lead.is_null());
        } else {
            let ahead = number(&methods[0]["novel"]["recall"]) - number(&method["novel"]["recall"]);
            assert!((number(&lead["novel"]["recall"]) - ahead).abs() < 1e-12, "{lead}");
        }
    }
    assert!(wide > 100, "{wide} intervals");
    // Of two half-lives the better one is reported.
    for name in ["popularity", "knn"] {
        let method = methods.iter().find(|method| method["name"] == name).expect("all baselines ran");
        let tried = method["tried"].as_array().expect("a list");
        let worth = |of: &Value| number(&of["all"]) + number(&of["novel"]);
        let best = tried.iter().max_by(|a, b| worth(a).total_cmp(&worth(b))).expect("two");
        assert_eq!((tried.len(), &best["about"]), (2, &method["about"]));
        assert_eq!(best["all"], method["all"]["recall"]);
    }
    for ablated in report["ablations"].as_array().expect("a list") {
        let of = &ablated["difference"]["all"];
        let lost = number(&ablated["all"]["recall"]) - number(&methods[0]["all"]["recall"]);
        assert!((number(&of["recall"]) - lost).abs() < 1e-12, "{of}");
        assert!(number(&of["interval"][0]) <= lost && lost <= number(&of["interval"][1]), "{of}");
    }
}

/// Goal: the page holds the figures of the JSON, whatever the file is called. Method: one run that writes both.
#[test]
fn the_page_of_a_report_has_the_figures_of_the_json() {
    let folder = tempfile::tempdir().expect("a folder");
    let hostile = folder.path().join("a<b onload='x'>&\"c.ndjson");
    std::fs::copy(shop(folder.path()), &hostile).expect("a writable folder");
    let page = folder.path().join("out.html");
    let [file, out] = [&hostile, &page].map(|path| path.to_str().expect("text"));
    let args =
        ["evaluate", file, "--json", "--quiet", "--dim", "8", "--baselines", "popularity,knn", "--limit", "2000"];
    let report = json(&[&args[..], &["--report", out]].concat());
    let page = std::fs::read_to_string(page).expect("the page");
    assert!(page.contains("a&lt;b onload=&#39;x&#39;&gt;&amp;&quot;c.ndjson") && !page.contains("<b onload"));
    for method in report["methods"].as_array().expect("a list") {
        for which in ["all", "novel"] {
            let sums = &method[which];
            let percent = |value: &Value| format!("{:.2}", 100.0 * number(value));
            let [low, high] = [0, 1].map(|end| percent(&sums["recall_interval"][end]));
            for figure in [format!(">{}%<", percent(&sums["recall"])), format!("{low} to {high}%")] {
                assert!(page.contains(&figure), "{} {which}: {figure}", method["name"]);
            }
        }
        assert!(page.contains(&format!("{:.2}%", 100.0 * number(&method["coverage"]))));
    }
    assert!(!page.contains("<script") && !page.contains("http"), "nothing from elsewhere");
}

#[test]
fn the_table_fits_a_terminal_and_names_every_method() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = shop(folder.path());
    let args = ["evaluate", &file, "--quiet", "--dim", "8", "--limit", "1500", "--baselines", "popularity,knn"];
    let args = [&args[..], &["--ablate", "popularity_gaps,memory"]].concat();
    let table = String::from_utf8(shelfmark(&args).stdout).expect("text");
    assert!(table.starts_with("1500 events"), "{table}");
    assert!(table.contains("\nshelfmark ") && table.contains("\npopularity ") && table.contains("\nknn "), "{table}");
    assert!(table.contains("ahead of knn") && table.contains("  95% all"), "{table}");
    let longest = table.lines().map(str::len).max();
    assert!(longest <= Some(100), "{longest:?}\n{table}");
}

#[test]
fn tune_prints_a_configuration_that_serve_takes_and_evaluate_confirms() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = shop(folder.path());
    let args = ["tune", &file, "--quiet", "--dim", "8", "--candidates", "4", "--budget", "600", "--limit", "2000"];
    let output = shelfmark(&args);
    let config: ModelConfig = serde_json::from_slice(&output.stdout).expect("a configuration, and nothing else");
    config.check().expect("valid");
    assert_eq!(config.dim, 8, "--dim is not searched");
    let table = String::from_utf8(output.stderr).expect("text");
    let best = table.lines().nth(1).expect("a first line");
    let recall = best.split_whitespace().nth(2).expect("a figure");

    let path = folder.path().join("config.json");
    std::fs::write(&path, &output.stdout).expect("a writable folder");
    let path = path.to_str().expect("text");
    let args = ["evaluate", &file, "--json", "--quiet", "--limit", "2000", "--baselines", "none", "--config", path];
    let report = json(&args);
    assert_eq!(format!("{:.4}", number(&report["methods"][0]["all"]["recall"])), recall, "{table}");
    // The same seed and number of candidates find the same.
    let again = shelfmark(&["tune", &file, "--quiet", "--dim", "8", "--candidates", "4", "--limit", "2000"]);
    assert_eq!(again.stdout, output.stdout);
}

/// Goal: a pass that goes on from another's state is that pass, so that a fork differs by what it learned alone.
/// Method: one pass over 1,000 events against two over their halves, by digest and by what was counted.
#[test]
fn two_passes_over_halves_arrive_where_one_pass_does_and_count_the_same_hits() {
    let config = ModelConfig { dim: 8, ..ModelConfig::default() };
    let shop = Shop::new(ShopSettings::default());
    let mut streams = [Stream::default(), Stream::default(), Stream::default()];
    let events: Vec<_> = shop.take(1000).collect();
    let half = (512..).find(|place| !events[*place].same_unit(&events[place - 1])).expect("units end");
    for (place, event) in events.into_iter().enumerate() {
        assert!(streams[1 + usize::from(place >= half)].event(event.clone(), &config));
        assert!(streams[0].event(event, &config));
    }
    // Appends of one event or basket: the halves cut them as the whole does.
    let protocol = Protocol { append: 1, discard: 0.0, ..Protocol::default() };
    let pass = |stream: &Stream, from: State| -> Evaluated {
        let mut run = Run::from_state(stream, from, &protocol).expect("no restore records");
        run.advance(stream.events.len()).expect("no restore records");
        run.finish()
    };
    let nothing = State::initial(std::sync::Arc::new(config));
    let whole = pass(&streams[0], nothing.clone());
    let first = pass(&streams[1], nothing);
    let fork = first.state.clone();
    let second = pass(&streams[2], fork);
    assert_eq!(Digester::new(&second.state).digest(), Digester::new(&whole.state).digest());
    assert_ne!(
        Digester::new(&first.state).digest(),
        Digester::new(&whole.state).digest(),
        "a fork leaves its base alone"
    );
    let all = |found: &Evaluated| found.prequential.methods()[0].stats.whole.all;
    let [whole, first, second] = [all(&whole), all(&first), all(&second)];
    assert_eq!((whole.targets, whole.hits), (first.targets + second.targets, first.hits + second.hits));
}

/// Goal: the file of targets holds what the report counts. Method: recall by its ranks.
#[test]
fn the_file_of_targets_holds_the_ranks_that_the_report_sums_up() {
    let folder = tempfile::tempdir().expect("a folder");
    let (shop, file) = (shop(folder.path()), folder.path().join("targets.ndjson"));
    let path = file.to_str().expect("text");
    let named = ["--baselines", "knn", "--dim", "8", "--json", "--quiet", "--targets", path];
    let report = json(&[&["evaluate", &shop][..], &named].concat());
    let text = std::fs::read_to_string(&file).expect("the file");
    let mut lines = text.lines().map(|line| serde_json::from_str::<Value>(line).expect("JSON"));
    let methods = lines.next().expect("a first line")["methods"].as_array().expect("methods").clone();
    let names: Vec<&str> = methods.iter().map(|method| method["name"].as_str().expect("a name")).collect();
    assert_eq!(names, ["shelfmark", "knn", "knn"], "both settings");
    let targets: Vec<Value> = lines.collect();
    let counted: Vec<&Value> = targets.iter().filter(|target| target["all"] != serde_json::json!([])).collect();
    assert_eq!(counted.len() as f64, number(&report["data"]["targets"]));
    assert_eq!(targets.last().map(|target| target["item"].is_string()), Some(true));
    for which in ["all", "novel"] {
        let of = |target: &&&Value| !target[which].is_null();
        let hit = |target: &&&Value| target[which][0].as_f64().is_some_and(|rank| rank <= 20.0);
        let (of, hits) = (counted.iter().filter(of).count(), counted.iter().filter(hit).count());
        assert_eq!(of as f64, number(&report["methods"][0][which]["targets"]), "{which}");
        assert_eq!(hits as f64, number(&report["methods"][0][which]["hits"]), "{which}");
    }
}

/// Goal: no event of a timestamp helps to rank another one. Method: after a day that is the same, a day whose actors
/// come in another order. Ranked by events, the order matters.
#[test]
fn ranked_by_whole_timestamps_the_order_within_a_timestamp_changes_no_figure() {
    let config = ModelConfig { dim: 8, ..ModelConfig::default() };
    let days = [0.0, 86_400.0].map(|seconds| Timestamp::from_seconds(seconds).expect("a time"));
    let dated = |(place, event): (usize, Event)| Event { ts: days[place / 700], ..event };
    let events: Vec<Event> = Shop::new(ShopSettings::default()).take(1400).enumerate().map(dated).collect();
    let mut turned = events.clone();
    turned[700..].reverse();
    let found = |events: &[Event], whole_timestamps: bool| -> Vec<(u64, u64, u64)> {
        let mut stream = Stream::default();
        events.iter().for_each(|event| assert!(stream.event(event.clone(), &config)));
        let baselines = BaselineKind::ALL.to_vec();
        let protocol = Protocol { append: 1, discard: 0.0, whole_timestamps, baselines, ..Protocol::default() };
        let mut run = Run::new(&stream, config.clone(), &protocol).expect("no restore records");
        run.advance(stream.events.len()).expect("no restore records");
        let found = run.finish();
        let cuts = found.prequential.methods().iter().map(|method| method.stats.whole);
        cuts.map(|cut| (cut.all.targets, cut.all.hits, cut.novel.hits)).collect()
    };
    let whole = found(&events, true);
    assert_eq!(found(&turned, true), whole);
    assert!(whole.iter().all(|(targets, ..)| *targets == whole[0].0));
    let (one_way, other) = (found(&events, false), found(&turned, false));
    assert!(one_way.iter().zip(&other).all(|(one, other)| one != other), "{one_way:?} {other:?}");
    // The first day has nothing known to rank among, the second 700 targets at most.
    assert!(whole[0].1 > 0 && whole[0].1 < one_way[0].1, "{whole:?} {one_way:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_log_of_a_service_measures_as_the_file_that_it_took() {
    let database = crate::support::database().await;
    let service = crate::http_support::Service::start(&database, &[]).await;
    let folder = tempfile::tempdir().expect("a folder");
    let file = shop(folder.path());
    shelfmark(&["replay", &file, "--url", &service.url, "--quiet"]);
    let of_log = json(&["evaluate", "--log", "--url", &service.url, "--json", "--quiet"]);
    let of_file = json(&["evaluate", &file, "--json", "--quiet", "--dim", "16"]);
    assert_eq!(of_log["config"], of_file["config"], "the configuration of the model");
    for field in ["events", "items_listed", "targets", "actors"] {
        assert_eq!(of_log["data"][field], of_file["data"][field], "{field}");
    }
    let recall =
        |report: &Value| report["methods"].as_array().expect("methods").iter().map(|m| m["all"].clone()).collect();
    let (of_log, of_file): (Vec<Value>, Vec<Value>) = (recall(&of_log), recall(&of_file));
    assert_eq!(of_log, of_file, "the same events in the same order, and so the same figures");

    let bad = |args: &[&str]| {
        let output = Command::new(env!("CARGO_BIN_EXE_shelfmark")).args(args).output().expect("starts");
        assert!(!output.status.success(), "{args:?}");
        String::from_utf8_lossy(&output.stderr).into_owned()
    };
    assert!(bad(&["evaluate"]).contains("<FILE>"));
    assert!(bad(&["evaluate", &file, "--log"]).contains("--log"));
    assert!(bad(&["evaluate", "--log", "--url", "http://127.0.0.1:1"]).contains("the model"));
}
