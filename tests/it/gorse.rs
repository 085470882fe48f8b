//! Goal: what clients of Gorse send is taken, and what they read has the shapes that they expect. Method: the requests
//! of its own clients against the real binary, with their trailing slashes.

use crate::service::Service;
use reqwest::Method;
use serde_json::{Value, json};

/// Sends a request to `/api`. Status, and the answer as JSON or as the text that it is.
pub async fn api(service: &Service, method: Method, path: &str, body: Value) -> (u16, Value) {
    let url = format!("{}/api{path}", service.url);
    let request = reqwest::Client::new().request(method, url).header("x-api-key", "zhenghaoz").json(&body);
    let reply = request.send().await.expect("a reply");
    let status = reply.status().as_u16();
    let text = reply.text().await.expect("a body");
    (status, serde_json::from_str(&text).unwrap_or(Value::String(text)))
}

pub async fn get(service: &Service, path: &str) -> Value {
    let (status, answer) = api(service, Method::GET, path, Value::Null).await;
    assert_eq!(status, 200, "{path}: {answer}");
    answer
}

pub async fn send(service: &Service, method: Method, path: &str, body: Value) -> u64 {
    let (status, answer) = api(service, method, path, body).await;
    assert_eq!(status, 200, "{path}: {answer}");
    answer["RowAffected"].as_u64().unwrap_or_else(|| panic!("{path}: {answer}"))
}

/// Ids of a list of scores.
pub fn ids(list: &Value) -> Vec<&str> {
    list.as_array().expect("a list").iter().map(|entry| entry["Id"].as_str().expect("an id")).collect()
}

pub fn start(url: &str) -> Service {
    Service::start(["--database-url", url])
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn users_and_items_come_back_as_they_were_sent() {
    let url = crate::support::database().await;
    let service = start(&url);
    assert_eq!(get(&service, "/health/live").await["Ready"], true);
    assert_eq!(get(&service, "/health/ready").await["DataStoreConnected"], true);
    let labels = json!({"age": 24, "gender": "M", "occupation": "technician", "zip_code": "85711"});
    let user = |id: &str| json!({"UserId": id, "Labels": labels, "Comment": format!("comment of {id}")});
    assert_eq!(send(&service, Method::POST, "/users", json!([user("1"), user("2"), user("10"), user("100")])).await, 4);
    let page = get(&service, "/users?n=3").await;
    assert_eq!((&page["Users"], &page["Cursor"]), (&json!([user("1"), user("10"), user("100")]), &json!("100")));
    let rest = get(&service, "/users?n=3&cursor=100").await;
    assert_eq!((&rest["Users"], &rest["Cursor"]), (&json!([user("2")]), &json!("")));
    send(&service, Method::PATCH, "/user/2", json!({"Comment": "new", "Labels": null})).await;
    assert_eq!(get(&service, "/user/2").await, json!({"UserId": "2", "Labels": labels, "Comment": "new"}));
    // The same user under /v1, whose labels are learned.
    assert_eq!(service.get("/users/2").await["labels"], labels);
    assert_eq!(send(&service, Method::DELETE, "/user/2", Value::Null).await, 1);
    let (status, said) = api(&service, Method::GET, "/user/2", Value::Null).await;
    assert_eq!((status, said), (404, json!("1000: user not found")));
    let log = service.get("/events?limit=1000").await.to_string();
    assert!(!log.contains("comment of 2") && !log.contains("\"new\""), "the comment is gone from the log: {log}");

    let item = |id: &str, time: &str, comment: &str| {
        json!({"ItemId": id, "IsHidden": false, "Categories": ["Comedy", "Animation"], "Timestamp": time,
            "Labels": {"embedding": [0.1, 0.2, 0.3], "deep": {"er": [null, 1]}}, "Comment": comment})
    };
    let toy = item("1", "1995-01-01T00:00:00Z", "Toy Story (1995)");
    let fargo = item("100", "1997-02-14T00:00:00Z", "Fargo (1996)");
    assert_eq!(send(&service, Method::POST, "/items", json!([toy, fargo])).await, 2);
    assert_eq!(get(&service, "/items?n=1").await, json!({"Cursor": "1", "Items": [toy]}));
    assert_eq!(get(&service, "/items?n=3&q=toy%20story").await["Items"][0]["ItemId"], "1");
    let mut hidden = item("2000", "2015-07-10T08:00:00Z", "Minions (2015)");
    hidden["IsHidden"] = true.into();
    send(&service, Method::POST, "/item", hidden.clone()).await;
    assert_eq!(get(&service, "/item/2000").await, hidden);
    send(&service, Method::PATCH, "/item/2000", json!({"Comment": "小黄人 (2015)", "Labels": null})).await;
    hidden["Comment"] = "小黄人 (2015)".into();
    assert_eq!(get(&service, "/item/2000").await, hidden);
    send(&service, Method::PUT, "/item/2000/category/New", Value::Null).await;
    send(&service, Method::DELETE, "/item/2000/category/Comedy", Value::Null).await;
    assert_eq!(get(&service, "/item/2000").await["Categories"], json!(["Animation", "New"]));
    send(&service, Method::POST, "/item", json!({"ItemId": "bare"})).await;
    assert_eq!(get(&service, "/item/bare").await["Timestamp"], "0001-01-01T00:00:00Z");
    send(&service, Method::DELETE, "/item/2000", Value::Null).await;
    let (status, said) = api(&service, Method::GET, "/item/2000", Value::Null).await;
    assert_eq!((status, said), (404, json!("2000: item not found")));
    let (status, said) = api(&service, Method::POST, "/item", json!({"ItemId": "x", "Timestamp": "soon"})).await;
    assert_eq!((status, said), (400, json!("Timestamp soon is no time")));
    assert!(service.terminate().success());
    crate::service::verified(&url);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn feedback_is_keyed_and_lists_follow_it() {
    let url = crate::support::database().await;
    let service = start(&url);
    let items: Vec<Value> = (0..30)
        .map(|n| {
            json!({"ItemId": format!("i{n}"), "Categories": [if n % 2 == 0 { "even" } else { "odd" }],
                "Timestamp": format!("2020-01-{:02}T00:00:00Z", n + 1), "Comment": format!("Film {n}")})
        })
        .collect();
    send(&service, Method::POST, "/items", json!(items)).await;
    let watch = |user: &str, item: usize, value: f64| {
        json!({"FeedbackType": "watch", "UserId": user, "ItemId": format!("i{item}"), "Value": value,
            "Timestamp": "2021-05-01T10:00:00Z", "Comment": ""})
    };
    let others: Vec<Value> = (0..200).map(|n| watch(&format!("u{}", n % 20), n * 7 % 30, 1.0)).collect();
    assert_eq!(send(&service, Method::POST, "/feedback", json!(others)).await, 200);
    let mine = json!([watch("me", 1, 1.0), watch("me", 2, 2.0), watch("me", 3, 3.0)]);
    assert_eq!(send(&service, Method::POST, "/feedback", mine.clone()).await, 3);
    assert_eq!(send(&service, Method::POST, "/feedback", mine.clone()).await, 3, "a retry is taken, and counts once");
    let listed = get(&service, "/user/me/feedback/watch").await;
    assert_eq!(listed.as_array().map(Vec::len), Some(3), "{listed}");
    assert_eq!((&listed[1]["Value"], &listed[1]["Timestamp"]), (&json!(2.0), &json!("2021-05-01T10:00:00Z")));
    assert_eq!(get(&service, "/user/me/feedback/watch%3E=2").await.as_array().map(Vec::len), Some(2));
    assert_eq!(get(&service, "/feedback/watch/me/i1").await["ItemId"], "i1");
    assert_eq!(get(&service, "/feedback/watch/me/i29").await, json!({}));
    assert_eq!(get(&service, "/item/i1/feedback").await.as_array().map(Vec::len), Some(3));

    // What was read is not recommended, until it is taken back.
    let all = get(&service, "/recommend/me?n=30").await;
    let read = |list: &Value, id: &str| list.as_array().expect("a list").contains(&json!(id));
    assert!(!read(&all, "i1") && !read(&all, "i2") && all.as_array().map(Vec::len) == Some(27), "{all}");
    assert_eq!(send(&service, Method::DELETE, "/feedback/me/i1", Value::Null).await, 1);
    assert_eq!(send(&service, Method::DELETE, "/feedback/me/i1", Value::Null).await, 0);
    assert_eq!(get(&service, "/user/me/feedback/watch").await.as_array().map(Vec::len), Some(2));
    assert!(read(&get(&service, "/recommend/me?n=30").await, "i1"));
    send(&service, Method::POST, "/feedback", json!([watch("me", 1, 1.0)])).await;
    assert_eq!(get(&service, "/feedback/me/i1").await.as_array().map(Vec::len), Some(1), "the same again counts again");
    send(&service, Method::PUT, "/feedback", json!([watch("me", 2, 5.0)])).await;
    assert_eq!(get(&service, "/feedback/watch/me/i2").await["Value"], 5.0);
    let mut bad = watch("me", 3, 9.0);
    bad["Timestamp"] = json!("some day");
    let refused = api(&service, Method::PUT, "/feedback", json!([watch("me", 2, 7.0), bad])).await;
    assert_eq!(refused.0, 422, "{}", refused.1);
    assert_eq!(get(&service, "/feedback/watch/me/i2").await["Value"], 5.0, "nothing was taken back");

    // Shapes of lists, with and without slashes and empty categories.
    let path = format!("{}/api/recommend/me/?n=3&category=even&category=even", service.url);
    let reply = reqwest::Client::new().get(path).header("x-api-version", "2").send().await.expect("a reply");
    let scored: Value = reply.json().await.expect("JSON");
    assert!(ids(&scored).len() == 3 && scored[0]["Score"].is_number(), "{scored}");
    assert!(ids(&scored).iter().all(|id| id[1..].parse::<u32>().is_ok_and(|n| n.is_multiple_of(2))));
    assert_eq!(get(&service, "/recommend/stranger?n=3").await, json!(["i29", "i28", "i27"]), "the latest");
    assert_eq!(ids(&get(&service, "/latest/?n=2").await), ["i29", "i28"]);
    assert_eq!(get(&service, "/latest/odd?n=1").await, json!([{"Id": "i29", "Score": 1_580_342_400.0}]));
    assert_eq!(ids(&get(&service, "/popular?n=4&offset=1").await).len(), 4);
    assert_eq!(ids(&get(&service, "/item/i1/neighbors/?n=3").await).len(), 3);
    assert_eq!(api(&service, Method::GET, "/non-personalized/unknown", Value::Null).await.0, 404);
    let (status, list) = api(&service, Method::POST, "/session/recommend/?n=5", json!([watch("", 4, 1.0)])).await;
    assert!(status == 200 && ids(&list).len() == 5 && !ids(&list).contains(&"i4"), "{list}");
    let shown = get(&service, "/recommend/me?n=2&write-back-type=read&write-back-delay=0h10m0s").await;
    assert_eq!(shown.as_array().map(Vec::len), Some(2));
    assert_eq!(
        get(&service, "/user/me/feedback/read").await.as_array().map(Vec::len),
        Some(2),
        "what was shown is read"
    );
    assert!(service.terminate().success());
    crate::service::verified(&url);
}
