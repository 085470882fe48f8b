//! Goal: messages of Segment and CloudEvents are taken as their senders send them: once, with every message accounted
//! for, and a guest who becomes a member keeps the visit. Method: the real binary, and what it knows afterwards.

use crate::http_support::{Service, answered, problem};
use reqwest::Method;
use serde_json::{Value, json};

const SEGMENT: &str = "ingest/segment?wait=applied&timeout_ms=30000";
const CLOUD_EVENTS: &str = "ingest/cloudevents?wait=applied&timeout_ms=30000";

fn track(n: u32, event: &str, ids: Value, properties: Value) -> Value {
    let mut message = json!({"type": "track", "event": event, "messageId": format!("m{n}"),
        "timestamp": format!("2026-11-23T10:00:{n:02}.000Z"), "properties": properties, "context": {"ip": "0.0.0.0"}});
    for (name, value) in ids.as_object().expect("ids") {
        message[name] = value.clone();
    }
    message
}

#[tokio::test(flavor = "multi_thread")]
async fn segment_messages_of_a_visit_count_for_the_member_who_logs_in() {
    let service = Service::start(&crate::support::database().await, &[]).await;
    let guest = json!({"anonymousId": "a1", "userId": null});
    let batch = json!({"sentAt": "2026-11-23T10:01:00Z", "context": {}, "batch": [
        track(1, "Product Viewed", guest.clone(), json!({"product_id": "kettle", "price": 24.5})),
        track(2, "Cart Viewed", guest.clone(), json!({"cart_id": "c"})),
        track(3, "Product Added", guest.clone(), json!({"sku": "kettle"})),
        {"type": "page", "anonymousId": "a1", "messageId": "m4", "properties": {"path": "/"}},
        track(5, "Teleported", guest.clone(), json!({"sku": "kettle"})),
        "text",
        track(7, "Order Completed", guest, json!({"order_id": "o", "products": [{"sku": "kettle"}, {"sku": "pot"}, {}]})),
    ]});
    let reply = service.post(SEGMENT, &batch, 200).await;
    let counts = ["messages", "accepted", "duplicates", "ignored_count", "rejected_count"].map(|name| &reply[name]);
    assert_eq!(counts, [&json!(7), &json!(4), &json!(0), &json!(2), &json!(3)], "{reply}");
    let ignored: Vec<&Value> = reply["ignored"].as_array().expect("a list").iter().map(|one| &one["index"]).collect();
    assert_eq!(ignored, [&json!(1), &json!(3)]);
    let rejected = reply["rejected"].as_array().expect("a list");
    let rejected: Vec<_> = rejected.iter().map(|one| (&one["index"], &one["field"], &one["code"])).collect();
    assert_eq!(
        rejected,
        [
            (&json!(4), &json!("event"), &json!("unknown_kind")),
            (&json!(5), &json!(""), &json!("invalid_value")),
            (&json!(6), &json!("properties.products[2].product_id"), &json!("missing")),
        ]
    );
    // The same batch again changes nothing, also when it was packed anew.
    let again = service.post(SEGMENT, &batch, 200).await;
    assert_eq!((&again["accepted"], &again["duplicates"]), (&json!(0), &json!(4)), "{again}");
    let event = service.get("events/m7:1").await;
    assert_eq!((&event["item"], &event["kind"], &event["session"]), (&json!("pot"), &json!("purchase"), &json!("a1")));

    // Login: the visit is ann's, with what is known of her; then she is known by another name.
    let login = json!({"type": "identify", "userId": "ann", "anonymousId": "a1", "messageId": "m8",
        "traits": {"plan": "pro", "email": "ann@example.org"}});
    let reply = service.post(SEGMENT, &login, 200).await;
    assert_eq!((&reply["messages"], &reply["accepted"], &reply["ignored_count"]), (&json!(1), &json!(2), &json!(1)));
    let ann = service.get("users/ann").await;
    assert_eq!((&ann["events"], &ann["labels"]), (&json!(4), &json!({"plan": "pro"})), "{ann}");
    let alias = json!({"type": "alias", "previousId": "ann", "userId": "ann@shop", "messageId": "m9"});
    assert_eq!(service.post(SEGMENT, &alias, 200).await["accepted"], 2);
    assert_eq!(service.get("users/ann@shop").await["events"], 4);
    problem(service.request(Method::GET, "users/ann"), 404, "user_not_found").await;
    let labels = json!({"batch": [{"type": "identify", "userId": "bob", "traits": {"plan": "free", "city": "Oslo"}}]});
    service.post(&format!("{SEGMENT}&traits=city"), &labels, 200).await;
    assert_eq!(service.get("users/bob").await["labels"], json!({"city": "Oslo"}));
}

#[tokio::test(flavor = "multi_thread")]
async fn segment_requests_of_which_nothing_is_taken_say_so() {
    let service = Service::start(&crate::support::database().await, &[]).await;
    let post = |body: Value| service.request(Method::POST, "ingest/segment").json(&body);
    // Understood, and of no use: that is no failure, and nothing is said to be taken.
    let reply = answered(post(json!({"type": "page", "userId": "ann", "name": "Home"})), 202).await;
    assert_eq!((&reply["accepted"], &reply["ignored_count"], &reply["position"]), (&json!(0), &json!(1), &json!(0)));
    let found = problem(post(json!({"batch": [{"type": "track"}, {"type": "warp"}]})), 422, "nothing_taken").await;
    assert_eq!((&found["errors"][1]["field"], &found["rejected_count"]), (&json!("batch[1].type"), &json!(2)));
    problem(post(json!({"userId": "ann"})), 422, "nothing_taken").await;
    problem(post(json!({"batch": 5})), 422, "invalid").await;
    problem(post(json!([{"type": "track"}])), 422, "invalid").await;
    let label = json!({"type": "identify", "userId": "ann", "traits": {"n": 1}}).to_string();
    let rounded = label.replace('1', "123456789012345678901234");
    let request = service.request(Method::POST, "ingest/segment").header("content-type", "application/json");
    let found = problem(request.body(rounded), 422, "nothing_taken").await;
    assert_eq!(found["rejected"][0]["field"], "labels.n", "{found}");
    let many = json!({"batch": vec![json!({"type": "page"}); 10_001]});
    assert_eq!(problem(post(many), 422, "invalid").await["errors"][0]["code"], "too_many");
    let order = json!({"products": vec![json!({"sku": "a"}); 1000]});
    let orders: Vec<Value> =
        (0..11).map(|n| track(n, "Order Completed", json!({"userId": "u"}), order.clone())).collect();
    assert_eq!(problem(post(json!({"batch": orders})), 422, "invalid").await["errors"][0]["code"], "too_many");
    assert_eq!(service.get("").await["head"], 0);
    problem(service.request(Method::POST, "ingest/segment?wait=later").json(&json!({})), 422, "invalid").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn cloud_events_are_taken_once_alone_and_in_batches() {
    let service = Service::start(&crate::support::database().await, &[]).await;
    let event = |id: &str, kind: &str, data: Value| {
        json!({"specversion": "1.0", "id": id, "source": "/shop", "type": kind, "subject": "i9",
            "time": "2026-11-23T10:00:00Z", "data": data})
    };
    let post = |form: &str, body: Value| {
        let request = service.request(Method::POST, CLOUD_EVENTS);
        request
            .header("content-type", format!("application/cloudevents{form}+json; charset=UTF-8"))
            .body(body.to_string())
    };
    let one = event("1", "com.example.click", json!({"user": "u1"}));
    let reply = answered(post("", one.clone()), 200).await;
    assert_eq!((&reply["messages"], &reply["accepted"], &reply["applied"]), (&json!(1), &json!(1), &json!(true)));
    let batch = json!([
        one,
        event("2", "purchase", json!({"user": "u1", "value": 2, "properties": {"order": 5}})),
        event("3", "com.example.warp", json!({"user": "u1"})),
        event("4", "view", json!({"user": "u1", "colour": "red"})),
        event("1", "com.example.click", json!({"user": "u2"})),
    ]);
    let reply = answered(post("-batch", batch), 200).await;
    let counts = ["messages", "accepted", "duplicates", "rejected_count"].map(|name| &reply[name]);
    assert_eq!(counts, [&json!(5), &json!(1), &json!(1), &json!(3)], "{reply}");
    let rejected = reply["rejected"].as_array().expect("a list");
    let rejected: Vec<_> = rejected.iter().map(|one| (&one["index"], &one["code"])).collect();
    assert_eq!(
        rejected,
        [(&json!(2), &json!("unknown_kind")), (&json!(3), &json!("unknown_field")), (&json!(4), &json!("conflict"))]
    );
    let found = service.get("events/%2Fshop%202").await;
    assert_eq!((&found["item"], &found["ts"]), (&json!("i9"), &json!("2026-11-23T10:00:00Z")), "{found}");
    assert_eq!(answered(post("-batch", json!([])), 200).await["messages"], 0);
    problem(post("-batch", event("9", "click", json!({}))), 422, "invalid").await;
    problem(post("", json!([])), 422, "nothing_taken").await;
    problem(service.request(Method::POST, CLOUD_EVENTS).json(&json!({})), 415, "unsupported_media_type").await;
}
