//! Goal: API keys are created, listed and revoked over HTTP by whoever may, shown once, and never all revoked.
//! Method: the real binary, from the first key on.

use crate::http_support::{Service, answered, problem, run};
use reqwest::{Method, RequestBuilder};
use serde_json::{Value, json};

const PUT: Method = Method::PUT;
const GET: Method = Method::GET;
const DELETE: Method = Method::DELETE;

fn secret(made: &Value) -> String {
    made["secret"].as_str().expect("a secret").to_owned()
}

fn names(listed: &Value) -> Vec<&str> {
    listed["keys"].as_array().expect("keys").iter().map(|key| key["name"].as_str().expect("a name")).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn keys_are_created_shown_once_and_revoked_and_the_last_one_stays() {
    let database = crate::support::database().await;
    let service = Service::start(&database, &[]).await;
    let with = |method: Method, path: &str, key: &str| service.request(method, path).bearer_auth(key);

    // The first key ends requests without one.
    assert_eq!(service.get("/v1/keys").await, json!({"keys": []}));
    let response = service.request(PUT, "/v1/keys/chief").json(&json!({"scope": "admin"})).send().await.expect("sent");
    assert_eq!(response.headers()["cache-control"], "no-store");
    assert_eq!(response.status(), 201);
    let made: Value = response.json().await.expect("json");
    let chief = secret(&made);
    assert_eq!((made["key"]["scope"].as_str(), &made["key"]["model"]), (Some("admin"), &Value::Null), "{made}");
    problem(service.request(GET, "/v1/keys"), 401, "unauthorized").await;

    // Others, with all that a key may have.
    let create = |name: &str, body: Value| with(PUT, &format!("/v1/keys/{name}"), &chief).json(&body);
    let shop = secret(&answered(create("our%20shop", json!({"scope": "write", "model": "default"})), 201).await);
    let until = json!({"scope": "read", "expires_at": "2099-01-31T00:00:00Z"});
    let reader = secret(&answered(create("reader", until), 201).await);
    let page = json!({
        "scope": "recommend", "model": "default", "origins": ["https://shop.example"], "requests_per_second": 7,
    });
    answered(create("page", page), 201).await;
    let click = json!({"user": "u1", "item": "a", "kind": "click"});
    answered(with(Method::POST, "events", &shop).json(&click), 202).await;
    let all = answered(with(GET, "/v1/keys", &chief), 200).await;
    assert_eq!(names(&all), ["chief", "our shop", "page", "reader"], "{all}");
    assert_eq!(all["keys"][2]["origins"], json!(["https://shop.example"]));
    assert_eq!(all["keys"][2]["requests_per_second"], 7);
    assert_eq!(
        (&all["keys"][3]["expires_at"], &all["keys"][3]["expired"]),
        (&json!("2099-01-31T00:00:00Z"), &json!(false))
    );
    for secret in [&chief, &shop, &reader] {
        assert!(!all.to_string().contains(secret.as_str()), "the list shows no key");
    }

    // What is wrong is named.
    for (name, body, field) in [
        ("x", json!({"scope": "read", "expires_at": "2001-01-01T00:00:00Z"}), "expires_at"),
        ("x", json!({"scope": "read", "expires_at": "soon"}), "expires_at"),
        ("x", json!({"scope": "owner"}), "scope"),
        ("x", json!({}), "scope"),
        ("x", json!({"scope": "read", "model": "no such name"}), "model"),
        ("x", json!({"scope": "read", "modle": "default"}), "modle"),
        ("x", json!({"scope": "ingest", "model": "default"}), "origins"),
        ("x", json!({"scope": "ingest", "origins": ["https://shop.example"]}), "model"),
        ("x", json!({"scope": "ingest", "model": "default", "origins": ["https://shop.example/a"]}), "origins"),
        ("x", json!({"scope": "read", "requests_per_second": 5}), "requests_per_second"),
        (&"x".repeat(129), json!({"scope": "read"}), "name"),
    ] {
        let told = answered(create(name, body.clone()), 422).await;
        assert!(told["errors"][0]["field"].as_str().is_some_and(|named| named.starts_with(field)), "{body}: {told}");
    }
    problem(create("reader", json!({"scope": "admin"})), 409, "key_exists").await;

    // Scopes below admin reach nothing of this.
    for key in [&reader, &shop] {
        problem(with(GET, "/v1/keys", key), 403, "forbidden").await;
        problem(with(PUT, "/v1/keys/y", key).json(&json!({"scope": "read"})), 403, "forbidden").await;
        problem(with(DELETE, "/v1/keys/chief", key), 403, "forbidden").await;
    }

    // Revoked is refused at once, and the name is free again.
    answered(with(DELETE, "/v1/keys/reader", &chief), 204).await;
    problem(with(GET, "/v1/models", &reader), 401, "unauthorized").await;
    problem(with(DELETE, "/v1/keys/reader", &chief), 404, "key_not_found").await;
    answered(create("reader", json!({"scope": "read"})), 201).await;
    for name in ["reader", "our%20shop", "page"] {
        answered(with(DELETE, &format!("/v1/keys/{name}"), &chief), 204).await;
    }
    problem(with(DELETE, "/v1/keys/chief", &chief), 409, "last_key").await;
    answered(with(GET, "/v1/keys", &chief), 200).await;

    // Who did what is on record, by name and without a secret.
    let audit = answered(with(GET, "/v1/audit?limit=1000", &chief), 200).await;
    let found = |action: &str, name: &str, status: u16| {
        let entries = audit["entries"].as_array().expect("entries");
        entries.iter().any(|entry| {
            entry["action"] == action && entry["target"]["name"] == name && entry["status"] == u64::from(status)
        })
    };
    assert!(found("PUT /v1/keys/{name}", "our shop", 201) && found("DELETE /v1/keys/{name}", "chief", 409), "{audit}");
    assert!(!audit.to_string().contains(&shop), "no secret in the audit log");
    // The command line has no such bound.
    let (status, _, told) = run(&["keys", "revoke", "--name", "chief", "--database-url", &database]);
    assert!(status.success(), "{told}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_for_one_model_manages_the_keys_of_that_model_alone() {
    let database = crate::support::database().await;
    let service = Service::start(&database, &[]).await;
    let with = |method: Method, path: &str, key: &str| service.request(method, path).bearer_auth(key);
    let chief = secret(&answered(service.request(PUT, "/v1/keys/chief").json(&json!({"scope": "admin"})), 201).await);
    answered(with(PUT, "/v1/models/tenant", &chief).json(&json!({})), 201).await;
    let create = |key: &str, name: &str, body: Value| -> RequestBuilder {
        with(PUT, &format!("/v1/keys/{name}"), key).json(&body)
    };
    let bound = json!({"scope": "admin", "model": "tenant"});
    let tenant = secret(&answered(create(&chief, "tenant-admin", bound), 201).await);

    for body in [json!({"scope": "read"}), json!({"scope": "read", "model": "default"})] {
        problem(create(&tenant, "more", body), 403, "forbidden").await;
    }
    answered(create(&tenant, "tenant-shop", json!({"scope": "write", "model": "tenant"})), 201).await;
    let seen = answered(with(GET, "/v1/keys", &tenant), 200).await;
    assert_eq!(names(&seen), ["tenant-admin", "tenant-shop"], "{seen}");
    // It is not told of others.
    problem(with(DELETE, "/v1/keys/chief", &tenant), 404, "key_not_found").await;
    answered(with(DELETE, "/v1/keys/tenant-shop", &tenant), 204).await;
    answered(with(GET, "/v1/keys", &chief), 200).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_process_that_only_reads_changes_no_key() {
    let database = crate::support::database().await;
    let writer = Service::start(&database, &[]).await;
    let chief = secret(&answered(writer.request(PUT, "/v1/keys/chief").json(&json!({"scope": "admin"})), 201).await);
    let reader = Service::start_with(&["--database-url", &database, "--read-only"]).await;
    let with = |method: Method, path: &str| reader.request(method, path).bearer_auth(&chief);
    problem(with(PUT, "/v1/keys/more").json(&json!({"scope": "read"})), 403, "read_only").await;
    problem(with(DELETE, "/v1/keys/chief"), 403, "read_only").await;
}
