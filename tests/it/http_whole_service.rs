//! The service as a whole over HTTP: keys, its own Postgres over a restart, and what it tells of itself. The real
//! binary.

use std::time::{Duration, Instant};

use crate::http_support::{PATIENCE, Service, answered, problem, run};
use reqwest::Method;
use serde_json::json;

const POST: Method = Method::POST;
const GET: Method = Method::GET;

#[tokio::test(flavor = "multi_thread")]
async fn keys_hold_from_the_moment_there_is_one() {
    let database = crate::support::database().await;
    let (status, _, told) = run(&["serve", "--database-url", &database, "--listen", "0.0.0.0:0", "--log", "off"]);
    assert!(!status.success() && told.contains("shelfmark keys create"), "{told}");
    assert_eq!(told.trim_end().lines().count(), 1, "one line: {told}");

    let service = Service::start(&database, &[]).await;
    service.get("").await;
    let make = |name: &str, scope: &str| {
        let (status, secret, told) =
            run(&["keys", "create", "--name", name, "--scope", scope, "--database-url", &database]);
        assert!(status.success(), "{told}");
        secret.trim().to_owned()
    };
    let (writer, admin) = (make("shop", "write"), make("ops", "admin"));
    let deadline = Instant::now() + PATIENCE;
    // The keys are in force once strangers are refused and the newer one opens: they may be seen one after the other.
    let status = async |request: reqwest::RequestBuilder| request.send().await.expect("an answer").status();
    while status(service.request(GET, "")).await != 401
        || status(service.request(GET, "").bearer_auth(&admin)).await != 200
    {
        assert!(Instant::now() < deadline, "the keys are not in force");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    let found = problem(service.request(GET, ""), 401, "unauthorized").await;
    assert!(!found.to_string().contains(&writer));
    let taken =
        service.request(POST, "events").bearer_auth(&writer).json(&json!({"user": "u1", "item": "a", "kind": "click"}));
    answered(taken, 202).await;
    problem(service.request(POST, "versions").bearer_auth(&writer), 403, "forbidden").await;
    let version = answered(service.request(POST, "versions").header("x-api-key", &admin), 201).await;
    assert_eq!(version["actor"], "ops");

    let (status, list, _) = run(&["keys", "list", "--database-url", &database]);
    let listed = list.lines().any(|line| line.split_whitespace().take(2).eq(["shop", "write"]));
    assert!(status.success() && listed && !list.contains(&writer), "{list}");
    let (status, _, told) = run(&["keys", "revoke", "--name", "shop", "--database-url", &database]);
    assert!(status.success(), "{told}");
    let deadline = Instant::now() + PATIENCE;
    while service.request(GET, "").bearer_auth(&writer).send().await.expect("an answer").status() != 401 {
        assert!(Instant::now() < deadline, "the key still opens");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    // Now others may listen too: with a key there is proof of who asks.
    let open = Service::start_with(&["--database-url", &database, "--listen", "0.0.0.0:0"]).await;
    problem(open.request(GET, ""), 401, "unauthorized").await;
}

/// A data folder of its own: the service starts its Postgres, keys are made beside it, it ends in order, and the next
/// start has everything.
#[tokio::test(flavor = "multi_thread")]
async fn the_service_ends_in_order_and_comes_back_with_everything() {
    let folder = crate::http_support::folder();
    let data = folder.path().to_str().expect("a path");
    let mut service = Service::start_with(&["--data-dir", data]).await;
    let position = service.clicks("u1", &["a", "b", "c"]).await;
    let digest = service.get("").await["digest"].clone();
    let (status, list, told) = run(&["keys", "list", "--data-dir", data]);
    assert!(status.success() && list.is_empty(), "beside the running service: {told}");
    let (status, rest) = service.stop();
    assert!(status.success(), "{status:?}");
    assert_eq!(rest, "", "one line on standard output and no more");
    assert!(!folder.path().join("postgres/data/postmaster.pid").exists(), "its Postgres ended too");

    let mut service = Service::start_with(&["--data-dir", data]).await;
    let there = service.get(&format!("?min_position={position}&timeout_ms=30000")).await;
    assert_eq!((&there["digest"], &there["position"]), (&digest, &json!(position)), "{there}");
    assert!(service.stop().0.success());
}

#[tokio::test(flavor = "multi_thread")]
async fn the_service_tells_of_itself() {
    let service = Service::start(&crate::support::database().await, &[]).await;
    service.clicks("u1", &["a"]).await;
    let models = service.get("/v1/models").await;
    assert_eq!(models["models"][0]["model"], "default");
    assert_eq!(models["models"][0]["config"]["dim"], 16);
    assert_eq!(service.get("/readyz").await, json!({"ready": true, "read_only": false, "reasons": [], "notes": []}));
    let metrics = service.get("/metrics").await;
    let metrics = metrics.as_str().expect("text");
    let counted = "shelfmark_http_requests_total{route=\"/v1/models/{model}/events\",method=\"POST\",status=\"200\"} 1";
    assert!(metrics.contains(counted), "{metrics}");
    assert!(metrics.contains("shelfmark_http_request_seconds_bucket"), "{metrics}");
    assert!(!metrics.contains("u1"), "no user data in metrics");
}
