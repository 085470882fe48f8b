//! The health of learning over the HTTP contract, against the running binary on a real Postgres.

use std::time::{Duration, Instant};

use crate::http_support::{PATIENCE, Service, answered, checked, problem};
use reqwest::{Method, Response};
use serde_json::{Value, json};
use shelfmark::engine::STREAMS_MAX;
use shelfmark_datasets::feeds::{Shop, ShopSettings};
use shelfmark_domain::Event;

const GET: Method = Method::GET;
const POST: Method = Method::POST;

fn shop() -> Shop {
    Shop::new(ShopSettings { items: 120, shoppers: 60, ..ShopSettings::default() })
}

async fn start(more: &[&str]) -> Service {
    let service = Service::start(&crate::support::database().await, more).await;
    let items: Vec<_> = shop().items().collect();
    service.post("items?wait=applied&timeout_ms=30000", &json!({"items": items}), 200).await;
    service
}

/// Posts events, waits until they are in the live view, returns the position.
async fn learn(service: &Service, events: &[Event]) -> u64 {
    let mut position = 0;
    for chunk in events.chunks(500) {
        let reply = service.post("events?wait=applied&timeout_ms=30000", &json!({"events": chunk}), 200).await;
        assert_eq!((&reply["applied"], &reply["rejected_count"]), (&json!(true), &json!(0)), "{reply}");
        position = reply["position"].as_u64().expect("a position");
    }
    position
}

/// The survey, once it fulfils a condition.
async fn survey(service: &Service, wanted: impl Fn(&Value) -> bool) -> Value {
    let deadline = Instant::now() + PATIENCE;
    loop {
        let survey = service.get("learning/rows").await["survey"].clone();
        if !survey.is_null() && wanted(&survey) {
            return survey;
        }
        assert!(Instant::now() < deadline, "no such survey: {survey}");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn learning_says_how_it_goes_in_verdicts_series_rows_bias_and_metrics() {
    let service = start(&["--quality-percent", "100", "--survey-every-seconds", "1"]).await;
    let unseen = service.get("learning").await;
    assert_eq!((&unseen["verdict"], &unseen["recent"]["steps"]), (&json!("unknown"), &json!(0)), "{unseen}");
    let events: Vec<Event> = shop().take(5000).collect();
    let head = learn(&service, &events[..4000]).await;
    let first = survey(&service, |survey| survey["position"] == head).await;
    assert!(first["version"].is_null() && first["most_changed"] == json!([]), "{first}");

    let response = service.request(GET, &format!("learning?min_position={head}")).send().await.expect("an answer");
    assert_eq!(response.headers()["shelfmark-version"], "live");
    let learning = checked(response, 200).await;
    assert_eq!(learning["verdict"], "healthy", "{learning}");
    assert!(learning["because"].as_str().expect("a sentence").contains("a random guess"), "{learning}");
    assert_eq!(
        (&learning["position"], &learning["lag_records"], &learning["lag_ms"]),
        (&json!(head), &json!(0), &json!(0))
    );
    let tables = learning["tables"].as_array().expect("tables");
    assert_eq!(tables.len(), 8);
    for table in tables.iter().filter(|table| table["table"] != "projections") {
        for figure in ["gradient_norm", "update_ratio", "learning_rate", "weight_norm", "rows"] {
            assert!(table[figure].as_f64().expect("a number") > 0.0, "{figure} of {table}");
        }
        assert!(table["table"] == "small" || table["survey"]["norms"]["p50"].as_f64() > Some(0.0), "{table}");
    }
    assert!(learning["quality"]["live"]["targets"].as_u64() > Some(0), "{learning}");

    // The series, whole and in pages.
    let series = service.get("learning/series?table=items&metric=update_ratio").await;
    let points = series["points"].as_array().expect("points");
    let positions: Vec<u64> = points.iter().map(|point| point["position"].as_u64().expect("a position")).collect();
    assert!(positions.len() >= 6 && positions.is_sorted() && positions.last() <= Some(&head), "{series}");
    assert!(
        points.iter().all(|point| point["value"].as_f64() > Some(0.0)) && series["next_after"].is_null(),
        "{series}"
    );
    let page = service.get("learning/series?limit=2").await;
    assert_eq!(
        (&page["table"], &page["metric"], &page["next_after"]),
        (&json!("all"), &json!("loss"), &json!(positions[1]))
    );
    let rest = service.get(&format!("learning/series?after={}", positions[1])).await;
    assert_eq!(rest["points"].as_array().expect("points").len(), positions.len() - 2);
    for (query, field) in [("table=colours", "table"), ("table=items&metric=recall", "metric"), ("limit=0", "limit")] {
        let found = problem(service.request(GET, &format!("learning/series?{query}")), 422, "invalid").await;
        assert_eq!(found["errors"][0]["field"], field, "{found}");
    }

    // A version: what moves from now on is compared with it, and it keeps the quality of its day.
    let version = answered(service.request(POST, "versions"), 201).await;
    assert!(version["metrics"]["quality"]["live"]["recall"].is_number(), "{version}");
    let head = learn(&service, &events[4000..]).await;
    let second = survey(&service, |survey| survey["position"] == head && survey["version"] == 1).await;
    let movers = second["most_changed"].as_array().expect("movers");
    assert!(!movers.is_empty() && movers[0]["title"].is_string(), "{second}");
    let relative: Vec<f64> = movers.iter().map(|mover| mover["relative"].as_f64().expect("a number")).collect();
    assert!(relative.is_sorted_by(|left, right| left >= right) && relative[0] > 0.0, "{relative:?}");

    let convergence = &service.get("learning").await["convergence"];
    assert_eq!(convergence["state"], "unknown", "5,000 events are too few: {convergence}");
    assert!(convergence["because"].as_str().expect("a sentence").contains("16 are needed"), "{convergence}");

    let bias = service.get("learning/bias").await;
    let deciles = bias["deciles"].as_array().expect("deciles");
    for share in ["events", "exposure", "gradient"] {
        let sum: f64 = deciles.iter().map(|decile| decile[share].as_f64().expect("a share")).sum();
        assert!((sum - 1.0).abs() < 1e-6, "{share} of {bias}");
        let gini = bias[format!("{share}_gini")].as_f64().expect("a number");
        assert!(gini > 0.0 && gini < 1.0, "{share} of {bias}");
    }
    let shares: Vec<f64> = deciles.iter().map(|decile| decile["events"].as_f64().expect("a share")).collect();
    assert!(deciles.len() == 10 && shares.is_sorted_by(|left, right| left >= right), "{bias}");
    assert_eq!(bias["categories"].as_array().expect("categories").len(), 12, "the shop has twelve");
    let strongest = bias["strongest"].as_array().expect("rows");
    for (table, rows) in [("items", 10), ("tokens", 10)] {
        let of: Vec<&Value> = strongest.iter().filter(|row| row["table"] == table).collect();
        let shares: Vec<f64> = of.iter().map(|row| row["share"].as_f64().expect("a share")).collect();
        assert!(of.len() == rows && shares.is_sorted_by(|left, right| left >= right), "{table} of {bias}");
        assert!(shares[9] > 0.0 && shares.iter().sum::<f64>() <= 1.0 + 1e-9, "{table} of {bias}");
    }
    assert!(strongest[0]["title"].is_string(), "{bias}");

    let metrics = service.get("/metrics").await;
    let metrics = metrics.as_str().expect("text");
    for name in [
        "shelfmark_learning_update_ratio{model=\"default\",table=\"items\"}",
        "shelfmark_learning_verdict{model=\"default\",table=\"all\",verdict=\"healthy\"} 1",
        "shelfmark_learning_row_norm{model=\"default\",table=\"users\",quantile=\"0.5\"}",
        "shelfmark_quality_recall{model=\"default\",view=\"served\",targets=\"novel\"}",
        "shelfmark_learning_lag_records{model=\"default\"}",
    ] {
        assert!(metrics.contains(name), "{name} is not in {metrics}");
    }
}

/// The next `point` of a stream of server-sent events.
async fn next_point(response: &mut Response, buffer: &mut String) -> Option<Value> {
    loop {
        if let Some((event, rest)) = buffer.split_once("\n\n") {
            let data = event.lines().find_map(|line| line.strip_prefix("data: ")).map(str::to_owned);
            let is_point = event.lines().any(|line| line == "event: point");
            *buffer = rest.to_owned();
            match data {
                Some(data) if is_point => return Some(serde_json::from_str(&data).expect("JSON")),
                _ => continue,
            }
        }
        let chunk = tokio::time::timeout(PATIENCE, response.chunk()).await.expect("in time").ok()??;
        buffer.push_str(std::str::from_utf8(&chunk).expect("text"));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn points_are_streamed_as_they_come_and_streams_are_bounded_and_end_with_the_service() {
    let mut service = start(&["--http-caller-share-percent", "100"]).await;
    let open = || async {
        let request = service.request(GET, "learning/stream").timeout(Duration::from_secs(600));
        request.send().await.expect("an answer")
    };
    let mut first = open().await;
    assert_eq!(first.headers()["content-type"], "text/event-stream");
    // A reader that never reads holds nobody up.
    let _idle = open().await;
    let head = learn(&service, &shop().take(4000).collect::<Vec<_>>()).await;
    let mut buffer = String::new();
    let mut positions = Vec::new();
    while positions.last().is_none_or(|last| head - last > 600) {
        let point = next_point(&mut first, &mut buffer).await.expect("a point");
        assert_eq!(point["tables"].as_array().expect("tables").len(), 8, "{point}");
        assert!(point["loss"].as_f64() > Some(0.0) && point["targets"].as_u64() >= Some(512), "{point}");
        positions.push(point["position"].as_u64().expect("a position"));
    }
    assert!(positions.is_sorted(), "{positions:?}");
    let series = service.get("learning/series").await;
    let said: Vec<u64> =
        series["points"].as_array().expect("points").iter().filter_map(|point| point["position"].as_u64()).collect();
    assert_eq!(positions, said[..positions.len()]);

    let mut others = Vec::new();
    for _ in 2..STREAMS_MAX {
        others.push(open().await);
    }
    problem(service.request(GET, "learning/stream"), 503, "overloaded").await;
    drop(others);
    let (status, _) = service.stop();
    assert!(status.success());
    while next_point(&mut first, &mut buffer).await.is_some() {}
}

fn close(one: &Value, other: &Value, tolerance: f64) {
    let [one, other] = [one, other].map(|value| value.as_f64().expect("a number"));
    assert!((one - other).abs() <= tolerance * other.abs().max(1.0), "{one} against {other}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_trace_says_what_an_event_did_and_agrees_with_the_live_view() {
    let service = start(&["--quality-percent", "0", "--trace-states", "0"]).await;
    let events: Vec<Event> = shop().take(3000).collect();
    learn(&service, &events[..2000]).await;
    // A restore in between: the replay needs the version that its record names.
    answered(service.request(POST, "versions"), 201).await;
    learn(&service, &events[2000..2500]).await;
    service.post("rollback", &json!({"to": {"version": 1}, "mode": "restore"}), 200).await;
    let head = learn(&service, &events[2500..]).await;

    let last = &events[2999];
    let traced = service.get(&format!("events/{}?trace=true", last.event_id)).await;
    let trace = &traced["trace"];
    assert_eq!((&traced["position"], &trace["replayed_through"]), (&json!(head), &json!(head)), "{traced}");
    assert!(trace["batch_first"].as_u64() <= Some(head) && trace["batch_last"] == head, "{trace}");
    assert_eq!((&trace["step"]["steps"], &trace["step"]["quarantined"]), (&json!(1), &json!(0)), "{trace}");
    close(&trace["clipped_gradient_norm"], &trace["step"]["gradient_norm"], 1e-6);
    let rows = trace["rows"].as_array().expect("rows");
    assert!(rows.len() <= 100 && trace["rows_moved"].as_u64() >= Some(100), "{trace}");
    let part = |part: &str, table: &str| {
        let found = rows.iter().find(|row| row["part"] == part && row["table"] == table);
        found.unwrap_or_else(|| panic!("no {part} in {trace}"))
    };
    let item = part("item", "items");
    assert!(
        item["id"] == last.item.as_str() && item["moved"].as_f64() > Some(0.0) && item["title"].is_string(),
        "{item}"
    );
    let user = part("user", "users");
    assert!(user["gradient_norm"].as_f64() > Some(0.0) && user["id"].is_string(), "{user}");
    assert!(part("token", "tokens")["norm_after"].as_f64() > Some(0.0));

    // After the last event of the log, the item stands where readers see it.
    let similar = service.get(&format!("items/{}/similar?limit=50", last.item)).await;
    let neighbours = trace["neighbours"].as_array().expect("neighbours");
    assert_eq!(neighbours.len(), 10);
    let change =
        |one: &Value| (one["similarity_after"].as_f64().unwrap() - one["similarity_before"].as_f64().unwrap()).abs();
    assert!(neighbours.iter().map(change).is_sorted_by(|left, right| left >= right) && change(&neighbours[0]) > 0.0);
    let mut met = 0;
    for (place, found) in similar["items"].as_array().expect("items").iter().enumerate() {
        if let Some(neighbour) = neighbours.iter().find(|one| one["id"] == found["id"]) {
            close(&neighbour["similarity_after"], &found["score"], 1e-5);
            assert_eq!(neighbour["place_after"], place + 1, "{neighbour}");
            met += 1;
        }
    }
    assert!(met > 0, "{neighbours:?}");

    // What cannot be traced says why.
    let early = &events[100].event_id;
    assert_eq!(service.get(&format!("events/{early}?trace=true")).await["trace"]["replayed_after"], 0);
    problem(service.request(GET, "events/absent?trace=true"), 404, "event_not_found").await;
    problem(service.request(GET, &format!("events/{early}?trace=perhaps")), 422, "invalid").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_event_far_from_every_state_is_not_traced_until_a_version_lies_near() {
    let service = start(&["--quality-percent", "0", "--trace-states", "0", "--trace-records", "1000"]).await;
    let events: Vec<Event> = shop().take(3000).collect();
    learn(&service, &events[..2500]).await;
    let late = format!("events/{}?trace=true", events[2400].event_id);
    let found = problem(service.request(GET, &late), 409, "trace_not_available").await;
    assert!(found["detail"].as_str().expect("text").contains("more than 1000 records"), "{found}");
    let early = service.get(&format!("events/{}?trace=true", events[500].event_id)).await;
    assert_eq!(early["trace"]["replayed_after"], 0, "{early}");
    let version = answered(service.request(POST, "versions"), 201).await;
    learn(&service, &events[2500..]).await;
    let near = service.get(&format!("events/{}?trace=true", events[2900].event_id)).await;
    assert_eq!(near["trace"]["replayed_after"], version["position"], "{near}");
    problem(service.request(GET, &late), 409, "trace_not_available").await;
}
