//! Goal: a hostile caller with a key for writing neither stops the service nor what others get of it. Method: the real
//! binary on a real Postgres; what one caller may send at most, while another reads; then the counters of what was
//! dropped.

use crate::http_support::Service;
use serde_json::{Value, json};

#[tokio::test(flavor = "multi_thread")]
async fn what_a_hostile_caller_may_send_is_learned_while_others_are_answered() {
    let service = Service::start(&crate::support::database().await, &[]).await;
    for visit in 0..40 {
        let user = format!("u{}", visit % 8);
        let items: Vec<String> = (0..5).map(|step| format!("i{}", (visit + step) % 12)).collect();
        service.clicks(&user, &items.iter().map(String::as_str).collect::<Vec<_>>()).await;
    }
    let event = |n: usize, user: &str, item: &str, ts: &str| json!({"event_id": format!("h{n}"), "user": user, "item": item, "kind": "click", "ts": ts});
    let long = "x".repeat(255);
    let now = "2026-11-23T10:00:00Z";
    let bodies: [Vec<Value>; 4] = [
        // One basket of as many items as a request holds.
        (0..10_000).map(|n| event(n, "basket", &format!("b{n}"), now)).collect(),
        // One user, one item.
        (0..10_000).map(|n| event(10_000 + n, "one", "i3", now)).collect(),
        // The ends of time, by turns.
        (0..500)
            .map(|n| {
                event(
                    20_000 + n,
                    "clock",
                    &format!("i{}", n % 12),
                    ["0001-01-01T00:00:00Z", "9999-12-31T23:59:59Z"][n % 2],
                )
            })
            .collect(),
        // Ids that differ in their last byte.
        (0..90)
            .map(|n| {
                event(
                    21_000 + n,
                    &format!("{long}{}", char::from(b'!' + n as u8)),
                    &format!("{long}{}", char::from(b'!' + n as u8)),
                    now,
                )
            })
            .collect(),
    ];
    let mut position = 0;
    for body in bodies {
        let count = body.len() as u64;
        let reply = service.post("events", &json!({"events": body}), 202).await;
        assert_eq!(reply["accepted"], count, "{}", reply["rejected"]);
        position = reply["position"].as_u64().expect("a position");
        // Others are answered meanwhile, from whatever state there is.
        let found = service.post("recommendations", &json!({"user": "u1", "limit": 5}), 200).await;
        assert_eq!(found["items"].as_array().expect("a list").len(), 5, "{found}");
    }
    // All of it is learned, and learning goes on.
    let after = service.clicks("u1", &["i1", "i2"]).await;
    assert!(after > position);
    let found = service.post("recommendations", &json!({"user": "u1", "limit": 12, "min_position": after}), 200).await;
    let scores: Vec<f64> =
        found["items"].as_array().expect("a list").iter().map(|one| one["score"].as_f64().expect("finite")).collect();
    assert_eq!(scores.len(), 12, "a score that is not finite would be null: {found}");
    let status = service.get("").await;
    assert_eq!((&status["lag_records"], &status["counts"]["events"]), (&json!(0), &json!(20_792)), "{status}");
    assert_eq!(status["counts"]["items"], 12 + 10_000 + 90, "one row for each id");
    let metrics = service.get("/metrics").await;
    let dropped = "shelfmark_learner_quarantined_steps_total";
    let line = metrics.as_str().expect("text").lines().find(|line| line.starts_with(dropped)).map(str::to_owned);
    assert!(line.as_deref().is_none_or(|line| line.ends_with(" 0")), "{line:?}");
}
