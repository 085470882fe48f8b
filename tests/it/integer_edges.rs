//! Goal: no number that a caller sends is a failure of the service, and one beyond its bounds is refused by its name.
//! Method: every integer of every parameter and body in the OpenAPI document, at its edges and at those of the
//! machine's integers, against the running binary; times at the edges of the calendar.

use std::collections::BTreeSet;

use crate::http_support::{Service, answered};
use reqwest::Method;
use serde_json::{Value, json};

/// Numbers as they are written: some fit into no integer.
const EVERYWHERE: [&str; 11] = [
    "-1",
    "0",
    "2147483648",
    "4294967296",
    "9007199254740993",
    "9223372036854775807",
    "9223372036854775808",
    "18446744073709551615",
    "18446744073709551616",
    "1.5",
    "1e400",
];

struct Document(Value);

/// An integer of a request.
struct Integer {
    /// From the body's root, with 0 for any element of a list and `any` for any key of a map; a parameter's name.
    path: Vec<String>,
    minimum: i128,
    maximum: Option<i128>,
}

impl Integer {
    fn new(path: Vec<String>, schema: &Value) -> Self {
        let bound = |name: &str| schema[name].as_i64().map(i128::from).or(schema[name].as_u64().map(i128::from));
        Self { path, minimum: bound("minimum").unwrap_or(0), maximum: bound("maximum") }
    }

    /// Whether the document says that a number is refused.
    fn refuses(&self, number: &str) -> bool {
        let Ok(number) = number.parse::<i128>() else { return true };
        number < self.minimum || self.maximum.is_some_and(|maximum| number > maximum)
    }

    fn edges(&self) -> BTreeSet<String> {
        let own = [Some(self.minimum), self.maximum].into_iter().flatten();
        let own = own.flat_map(|bound| [bound - 1, bound, bound + 1]).map(|number| number.to_string());
        own.chain(EVERYWHERE.map(str::to_owned)).collect()
    }
}

impl Document {
    fn resolved<'a>(&'a self, schema: &'a Value) -> &'a Value {
        match schema["$ref"].as_str() {
            Some(reference) => self.resolved(self.0.pointer(&reference[1..]).expect("resolves")),
            None => schema,
        }
    }

    /// Every integer below a schema.
    fn integers(&self, schema: &Value, path: &[String], found: &mut Vec<Integer>) {
        let schema = self.resolved(schema);
        let is = |name: &str| {
            schema["type"] == name || schema["type"].as_array().is_some_and(|all| all.contains(&json!(name)))
        };
        // Ids may be text or a whole number: they have no bounds.
        if is("integer") && !is("string") {
            found.push(Integer::new(path.to_vec(), schema));
        }
        let below = |name: &str| [path, &[name.to_owned()]].concat();
        for (name, property) in schema["properties"].as_object().into_iter().flatten() {
            // A filter may hold filters, one level deep.
            if name == "or" && path.contains(name) {
                continue;
            }
            self.integers(property, &below(name), found);
        }
        if schema["items"].is_object() {
            self.integers(&schema["items"], &below("0"), found);
        }
        if schema["additionalProperties"].is_object() {
            self.integers(&schema["additionalProperties"], &below("items"), found);
        }
        for of in ["oneOf", "anyOf", "allOf"] {
            for one in schema[of].as_array().into_iter().flatten() {
                self.integers(one, path, found);
            }
        }
    }
}

/// Puts a number into a body, as it is written.
fn with_number(body: &Value, path: &[String], number: &str) -> String {
    const HERE: &str = "the number stands here";
    let mut body = body.clone();
    let mut place = &mut body;
    for (depth, name) in path.iter().enumerate() {
        let last = depth + 1 == path.len();
        if let Ok(index) = name.parse::<usize>() {
            if !place.is_array() {
                *place = json!([]);
            }
            let list = place.as_array_mut().expect("a list");
            list.resize(list.len().max(index + 1), json!({}));
            place = &mut list[index];
        } else {
            if !place.is_object() {
                *place = json!({});
            }
            place = &mut place[name.as_str()];
        }
        if last {
            *place = json!(HERE);
        }
    }
    body.to_string().replace(&format!("{HERE:?}"), number)
}

/// A body that the route takes, for numbers to be put into.
fn body(operation: &str) -> Value {
    match operation {
        "recommend_batch" => json!({"queries": [{}], "timeout_ms": 0}),
        "recommend" => json!({"timeout_ms": 0}),
        "rank" => json!({"items": ["i1"], "timeout_ms": 0}),
        "get_embeddings" => json!({"items": ["i1"], "timeout_ms": 0}),
        "rollback" => json!({"to": {}, "mode": "replay", "dry_run": true}),
        "split_serving" => json!({"split": [{"percent": 100}]}),
        "set_guard" => json!({"metric": "recall", "action": "freeze"}),
        // Never created: with a key in force, the requests that follow would need one.
        "create_key" => json!({
            "scope": "ingest", "model": "default", "origins": ["https://shop.example"], "expires_at": "2001-01-01T00:00:00Z",
        }),
        "patch_model" | "put_model" => json!({"config": {}}),
        _ => json!({}),
    }
}

async fn sent(request: reqwest::RequestBuilder, told: &str) -> (u16, Value) {
    let answer = request.send().await.unwrap_or_else(|error| panic!("{told}: {error}"));
    let status = answer.status().as_u16();
    // A stream of events ends with the service.
    if answer.headers().get("content-type").is_some_and(|kind| kind == "text/event-stream") {
        return (status, Value::Null);
    }
    let body: Value = serde_json::from_str(&answer.text().await.expect("text")).unwrap_or(Value::Null);
    let waited = status == 503 && ["position_not_reached", "overloaded"].contains(&body["code"].as_str().unwrap_or(""));
    assert!(status < 500 || waited, "{told}: {status} {body}");
    (status, body)
}

#[tokio::test(flavor = "multi_thread")]
async fn every_integer_at_its_edges_is_taken_or_refused_by_name() {
    let mut wrong = Vec::new();
    let service = Service::start(&crate::support::database().await, &[]).await;
    service.clicks("u1", &["i1", "i2"]).await;
    answered(service.request(Method::POST, "versions"), 201).await;
    let document = Document(serde_json::to_value(shelfmark::http::openapi()).expect("JSON"));
    let (mut parameters, mut fields) = (0, 0);
    for (path, item) in document.0["paths"].as_object().expect("paths") {
        for (method, operation) in item.as_object().expect("operations") {
            let method = Method::from_bytes(method.to_uppercase().as_bytes()).expect("a method");
            let name = operation["operationId"].as_str().expect("an id");
            let place = [("{model}", "default"), ("{id}", "i1"), ("{version}", "1"), ("{from}", "1"), ("{to}", "live")];
            let place = place.iter().fold(path.clone(), |path, (name, value)| path.replace(name, value));
            let all = operation["parameters"].as_array().cloned().unwrap_or_default();
            let waits = all.iter().any(|parameter| parameter["name"] == "timeout_ms");
            for parameter in all.iter().filter(|parameter| parameter["in"] == "query") {
                let own = parameter["name"].as_str().expect("a name");
                let mut found = Vec::new();
                document.integers(&parameter["schema"], &[own.to_owned()], &mut found);
                let Some(integer) = found.first() else { continue };
                parameters += 1;
                for number in integer.edges() {
                    let now = if waits && own != "timeout_ms" { "&timeout_ms=0" } else { "" };
                    let told = format!("{method} {place}?{own}={number}{now}");
                    let request = service.request(method.clone(), &format!("{place}?{own}={number}{now}"));
                    let (status, answer) = sent(request, &told).await;
                    // The body that is not there may be missed first.
                    let bodiless = answer["code"] == "malformed" && operation.get("requestBody").is_some();
                    if integer.refuses(&number) && !bodiless {
                        assert_eq!((status, &answer["errors"][0]["field"]), (422, &json!(own)), "{told}: {answer}");
                    }
                }
            }
            let schema = &operation["requestBody"]["content"]["application/json"]["schema"];
            let mut found = Vec::new();
            document.integers(schema, &[], &mut found);
            for integer in found {
                fields += 1;
                for number in integer.edges() {
                    let mut body = body(name);
                    if integer.path.last().is_some_and(|last| last == "events") {
                        body["config"]["schedules"]["items"] = json!({"shape": "inverse_root"});
                    }
                    if integer.path.iter().any(|part| part == "split") {
                        body["split"] = json!([{"live": true}]);
                    }
                    if integer.path[0] == "group_by" {
                        body["group_by"]["property"] = json!("brand");
                    }
                    if integer.path.last().is_some_and(|last| last == "timeout_ms") {
                        body["min_position"] = json!(0);
                    }
                    let text = with_number(&body, &integer.path, &number);
                    let told = format!("{method} {place} {text}");
                    let request = service.request(method.clone(), &place).header("content-type", "application/json");
                    let (status, answer) = sent(request.body(text), &told).await;
                    // The queries of a batch fail alone, with a status each.
                    if integer.refuses(&number) && integer.path[0] != "queries" {
                        let field = answer["errors"][0]["field"].as_str().unwrap_or_default().to_owned();
                        let last = integer.path.iter().rev().find(|name| name.parse::<usize>().is_err());
                        // What is wrong inside a schedule is told of the schedule as a whole.
                        let schedule = field.starts_with("config.schedules.");
                        let named = schedule || field.contains(last.expect("a name").as_str());
                        // Text that is no number at all is no JSON of ours.
                        let refused = (status == 422 && named) || (status == 400 && number == "1e400");
                        if !refused {
                            wrong.push(format!("{told}: {status} {answer}"));
                        }
                    }
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
    assert!(parameters > 40 && fields > 30, "{parameters} parameters, {fields} fields");
    let batch = json!({"queries": [{"limit": 0}, {"limit": 1001}, {"limit": 1}]});
    let answers = service.post("recommendations/batch", &batch, 200).await;
    let told = |index: usize| answers["answers"][index]["error"]["errors"][0]["field"].clone();
    assert_eq!((told(0), told(1), told(2)), (json!("limit"), json!("limit"), Value::Null), "{answers}");
}

#[tokio::test(flavor = "multi_thread")]
async fn times_at_the_edges_of_the_calendar_are_taken_or_refused_by_name() {
    let service = Service::start(&crate::support::database().await, &[]).await;
    let position = service.clicks("u1", &["i1", "i2"]).await;
    for (time, valid) in [
        ("-62135596800", true),
        ("-62135596801", false),
        ("253402300799", true),
        ("253402300800", false),
        ("-9223372036854775808", false),
        ("18446744073709551616", false),
        ("1e300", false),
        ("\"0001-01-01T00:00:00Z\"", true),
        ("\"0001-01-01T00:00:00+01:00\"", false),
        ("\"0000-12-31T23:59:59Z\"", false),
        ("\"9999-12-31T23:59:59.999999999Z\"", true),
        ("\"9999-12-31T23:59:59-01:00\"", false),
        ("\"+10000-01-01T00:00:00Z\"", false),
    ] {
        let event = format!(r#"{{"user":"u1","item":"i1","kind":"click","ts":{time}}}"#);
        let event = service.request(Method::POST, "events?wait=applied&timeout_ms=30000").body(event);
        let (status, answer) = sent(event, time).await;
        let field = answer["errors"][0]["field"].clone();
        assert_eq!((status, field), if valid { (200, Value::Null) } else { (422, json!("ts")) }, "{time}: {answer}");
        let target = format!(r#"{{"to":{{"time":{time}}},"mode":"restore","dry_run":true}}"#);
        let (status, answer) = sent(service.request(Method::POST, "rollback").body(target), time).await;
        // Valid times name no state either: this log is younger than all of the past and older than the future.
        let detail = answer["errors"][0]["detail"].as_str().unwrap_or_default();
        let edge = detail.contains("before the first record") || detail.contains("in the future");
        assert_eq!((status, &answer["errors"][0]["field"]), (422, &json!("to.time")), "{time}: {answer}");
        assert_eq!(valid, edge, "{time}: {answer}");
    }
    let reader = json!({"user": "u1", "min_position": position});
    service.post("recommendations", &reader, 200).await;
    assert_eq!(service.get("events?limit=1000").await["records"].as_array().expect("records").len(), 6);
}
