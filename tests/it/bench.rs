//! Goal: `shelfmark bench` leaves nothing out. Every request that was due is accounted for, and a stall is seen by all
//! requests that it delayed. Method: the real binary against a small service that stalls, refuses and hangs as told,
//! and once against the real service.

use std::{
    process::Output,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use axum::{
    Json, Router,
    extract::State,
    http::{StatusCode, header},
    response::{IntoResponse, Response},
    routing::{get, post},
};
use serde_json::{Value, json};
use tokio::{net::TcpListener, process::Command, task::JoinSet};

/// No run here takes as long; a hang is a failure.
const DEADLINE: Duration = Duration::from_secs(120);

/// What the service does with the recommendation of this number.
type Behaviour = fn(u64) -> Act;

enum Act {
    Answer,
    /// Answers after this time.
    Stall(Duration),
    /// 503 with a code.
    Refuse,
    /// 418 without one.
    Fail,
    /// Never answers.
    Hang,
}

struct Fake {
    url: String,
    asked: Arc<AtomicU64>,
    _serving: JoinSet<()>,
}

#[derive(Clone)]
struct Held {
    behaviour: Behaviour,
    asked: Arc<AtomicU64>,
}

impl Fake {
    async fn start(behaviour: Behaviour) -> Self {
        let held = Held { behaviour, asked: Arc::default() };
        let model = "/v1/models/default";
        let app = Router::new()
            .route(model, get(async || Json(json!({ "head": 7, "position": 5, "lag_records": 2 }))))
            .route(&format!("{model}/recommendations"), post(recommend))
            .route("/livez", get(async || "ok\n"))
            .with_state(held.clone());
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let url = format!("http://{}", listener.local_addr().expect("bound"));
        let mut serving = JoinSet::new();
        serving.spawn(async move { axum::serve(listener, app).await.expect("serves until dropped") });
        Self { url, asked: held.asked, _serving: serving }
    }

    fn bench(&self, args: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_shelfmark"));
        let shop =
            ["bench", "--items", "24", "--shoppers", "16", "--json", "--quiet", "--warmup", "0", "--events", "0"];
        command.args(shop).args(args).env("SHELFMARK_URL", &self.url).kill_on_drop(true);
        command
    }
}

async fn recommend(State(Held { behaviour, asked }): State<Held>, Json(query): Json<Value>) -> Response {
    assert!(query["user"].is_string() && query["limit"] == 20, "{query}");
    match behaviour(asked.fetch_add(1, Ordering::SeqCst)) {
        Act::Answer => {}
        Act::Stall(time) => tokio::time::sleep(time).await,
        Act::Refuse => {
            let problem = Json(json!({ "code": "overloaded" }));
            return (StatusCode::SERVICE_UNAVAILABLE, [(header::RETRY_AFTER, "1")], problem).into_response();
        }
        Act::Fail => return StatusCode::IM_A_TEAPOT.into_response(),
        Act::Hang => std::future::pending().await,
    }
    Json(json!({ "fallback": null, "items": [] })).into_response()
}

async fn ended(mut command: Command) -> Output {
    tokio::time::timeout(DEADLINE, command.output()).await.expect("ends in time").expect("starts")
}

async fn report(command: Command) -> Value {
    let output = ended(command).await;
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    serde_json::from_str(&text).unwrap_or_else(|_| panic!("{text}{}", String::from_utf8_lossy(&output.stderr)))
}

/// The recommendations of the only step, after checking that everything due is accounted for.
fn only(report: &Value) -> &Value {
    let steps = report["steps"].as_array().expect("steps");
    assert_eq!(steps.len(), 1);
    let requests = &steps[0]["recommendations"];
    let sum: u64 =
        ["answered", "refused", "failed", "unsent", "unfinished"].map(|name| count(requests, name)).iter().sum();
    assert_eq!(count(requests, "due"), sum, "{requests}");
    requests
}

fn count(requests: &Value, name: &str) -> u64 {
    requests[name].as_u64().expect("a count")
}

fn ms(requests: &Value, times: &str, quantile: &str) -> f64 {
    requests[times][quantile].as_f64().expect("a time")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stall_is_seen_by_every_request_that_was_due_meanwhile() {
    let stall = |number| if number == 9 { Act::Stall(Duration::from_secs(1)) } else { Act::Answer };
    let fake = Fake::start(stall).await;
    // One connection: whatever is due while the service stands still has to wait. A closed loop would send nothing
    // then, and count one slow request.
    let args = ["--recommendations", "100", "--connections", "1", "--duration", "2", "--late-ms", "60000"];
    let report = report(fake.bench(&args)).await;
    let requests = only(&report);
    assert_eq!((count(requests, "due"), count(requests, "answered")), (200, 200), "{requests}");
    // Of the 100 that were due during the stall, 50 waited for half a second or longer: a quarter of all.
    assert!(ms(requests, "response_ms", "p90") >= 500.0, "{requests}");
    assert!(ms(requests, "delay_ms", "p90") >= 500.0, "{requests}");
    assert!(ms(requests, "service_ms", "max") >= 1000.0, "{requests}");
    assert!(ms(requests, "service_ms", "p90") < ms(requests, "response_ms", "p90"), "only one was slow once sent");
    assert_eq!(report["steps"][0]["lag"]["records_last"], 2);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_not_answered_is_told_by_why_and_probes_go_their_own_way() {
    let act = |number| match number {
        _ if number % 4 == 0 => Act::Refuse,
        _ if number % 4 == 1 => Act::Fail,
        _ => Act::Answer,
    };
    let fake = Fake::start(act).await;
    let args = ["--recommendations", "200", "--duration", "1", "--late-ms", "60000", "--probes", "50"];
    let report = report(fake.bench(&args)).await;
    let requests = only(&report);
    assert_eq!(count(requests, "refused"), 50);
    assert_eq!(count(requests, "failed"), 50);
    assert_eq!(requests["errors"], json!({ "418": 50, "503 overloaded": 50 }));
    assert!(requests["refusal_ms"]["p50"].is_number(), "{requests}");
    assert_eq!(report["steps"][0]["probes"]["answered"], 50);
    assert_eq!(report["kept_up_with"], Value::Null);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_hangs_has_failed_and_what_found_no_connection_was_not_sent() {
    let fake = Fake::start(|_| Act::Hang).await;
    let args =
        ["--recommendations", "100", "--duration", "1", "--connections", "2", "--late-ms", "200", "--timeout", "2"];
    let report = report(fake.bench(&args)).await;
    let requests = only(&report);
    assert!(count(requests, "failed") <= 2 && count(requests, "unsent") >= 98, "{requests}");
    assert_eq!(count(requests, "answered"), 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_interrupt_ends_it_with_what_was_measured_so_far() {
    let fake = Fake::start(|_| Act::Answer).await;
    let folder = tempfile::tempdir().expect("a folder");
    let plot = folder.path().join("load.svg");
    let args = ["--recommendations", "200", "--duration", "3600", "--plot", plot.to_str().expect("text")];
    let mut command = fake.bench(&args);
    command.stdout(std::process::Stdio::piped());
    let child = command.spawn().expect("starts");
    let pid = i32::try_from(child.id().expect("it runs")).ok().and_then(rustix::process::Pid::from_raw);
    let seen = async {
        while fake.asked.load(Ordering::SeqCst) < 50 {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(DEADLINE, seen).await.expect("it sends");
    rustix::process::kill_process(pid.expect("a process"), rustix::process::Signal::INT).expect("a signal");
    let output = tokio::time::timeout(DEADLINE, child.wait_with_output()).await.expect("ends").expect("an end");
    assert!(output.status.success(), "{}", output.status);
    let report: Value = serde_json::from_slice(&output.stdout).expect("a report");
    assert_eq!(report["interrupted"], true);
    assert!(count(only(&report), "answered") >= 49, "{report}");
    let picture = std::fs::read_to_string(plot).expect("a picture");
    assert!(picture.starts_with("<svg") && picture.contains("Response time of recommendations"), "{picture}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn steps_find_the_rate_that_is_kept_up_with_and_what_makes_no_sense_is_refused() {
    // From the third step on, 24 of 25 are refused.
    let act = |number| if number < 150 || number % 25 == 0 { Act::Answer } else { Act::Refuse };
    let fake = Fake::start(act).await;
    let report = report(fake.bench(&["--steps", "50,100,200", "--duration", "1", "--late-ms", "60000"])).await;
    assert_eq!(
        (report["steps"].as_array().map(Vec::len), &report["kept_up_with"]),
        (Some(3), &json!(100.0)),
        "{report}"
    );

    for (args, said) in [
        (&["--recommendations", "0"][..], "nothing to measure"),
        (&["--recommendations=-1"], "must be a number"),
        (&["--steps", "100,many"], "must be a number"),
        (&["--steps", "100", "--recommendations", "5"], "cannot be used with"),
        (&["--plot", "/nowhere/load.svg"], "--plot /nowhere/load.svg"),
        (&["--url", "http://127.0.0.1:1"], "does not answer"),
        (&["--url", "ftp://localhost"], "http:// or https://"),
    ] {
        let output = ended(fake.bench(args)).await;
        let text = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(!output.status.success() && text.contains(said), "{args:?}: {text}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn against_the_real_service_every_event_is_in_the_log_and_every_list_is_personal() {
    let service = crate::http_support::Service::start(&crate::support::database().await, &[]).await;
    let shop = ["--items", "40", "--shoppers", "16", "--url", &service.url];
    let demo = [&["demo", "--events", "400", "--rate", "0", "--quiet"][..], &shop].concat();
    assert!(crate::http_support::run(&demo).0.success());
    let before = service.get("").await["head"].as_u64().expect("a head");
    let load = ["bench", "--recommendations", "150", "--events", "100", "--batch", "2", "--probes", "20"];
    let time = ["--duration", "1", "--warmup", "0", "--late-ms", "60000", "--timeout", "60", "--json"];
    let (status, out, err) = crate::http_support::run(&[&load[..], &time, &shop].concat());
    assert!(status.success(), "{err}");
    assert!(!err.contains("not known"), "{err}");
    let report: Value = serde_json::from_str(&out).expect("a report");
    assert_eq!(count(only(&report), "answered"), 150, "{report}");
    let step = &report["steps"][0];
    assert_eq!((count(&step["events"], "answered"), count(&step["probes"], "answered")), (50, 20), "{step}");
    assert_eq!(service.get("").await["head"].as_u64(), Some(before + 100), "two events a request");

    // A shop that the model does not know.
    let strangers =
        ["bench", "--shoppers", "5000", "--seed", "9", "--duration", "1", "--warmup", "0", "--url", &service.url];
    let (status, table, err) =
        crate::http_support::run(&[&strangers[..], &["--recommendations", "20", "--events", "0"]].concat());
    assert!(status.success() && err.contains("are not known to the model"), "{err}");
    assert!(table.contains("recommendations") && table.contains("answered"), "{table}");
}
