//! Goal: lists of all users and all feedback end, miss nothing and name nobody who is forgotten; neighbours and the
//! other lists have their shapes. Method: pages of the real binary, with writes and an erasure between them.

use std::collections::BTreeSet;

use crate::gorse::{api, get, ids, send, start};
use reqwest::Method;
use serde_json::{Value, json};

fn watch(user: &str, item: usize, value: f64) -> Value {
    json!({"FeedbackType": "watch", "UserId": user, "ItemId": format!("i{item}"), "Value": value,
        "Timestamp": "2021-05-01T10:00:00Z", "Comment": ""})
}

/// Keys of a list of feedback.
fn keys(list: &Value) -> Vec<String> {
    let text = |entry: &Value, name: &str| entry[name].as_str().expect("text").to_owned();
    let key = |entry: &Value| [text(entry, "FeedbackType"), text(entry, "UserId"), text(entry, "ItemId")].join("/");
    list.as_array().expect("a list").iter().map(key).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn all_feedback_is_paged_to_the_end_while_it_is_written_and_users_are_forgotten() {
    let url = crate::support::database().await;
    let service = start(&url);
    let first: Vec<Value> = (0..250).map(|n| watch(&format!("u{}", n % 25), n / 25, 1.0)).collect();
    send(&service, Method::POST, "/feedback", json!(first)).await;
    let mut star = watch("u3", 40, 5.0);
    star["FeedbackType"] = json!("star");
    send(&service, Method::POST, "/feedback", json!([star])).await;
    send(&service, Method::DELETE, "/feedback/u1/i0", Value::Null).await;

    let (mut seen, mut cursor, mut pages) = (Vec::new(), String::new(), 0);
    loop {
        let page = get(&service, &format!("/feedback?n=60&cursor={cursor}")).await;
        seen.extend(keys(&page["Feedback"]));
        cursor = page["Cursor"].as_str().expect("a cursor").to_owned();
        pages += 1;
        match pages {
            // Whoever is forgotten is on no page after.
            1 => _ = send(&service, Method::DELETE, "/user/u24", Value::Null).await,
            2 => _ = send(&service, Method::POST, "/feedback", json!([watch("late", 7, 2.0)])).await,
            _ => {}
        }
        if cursor.is_empty() {
            break;
        }
        assert!(pages < 20, "the list does not end");
    }
    let distinct: BTreeSet<&String> = seen.iter().collect();
    assert_eq!(distinct.len(), seen.len(), "nothing twice");
    assert!(seen.contains(&"star/u3/i40".to_owned()) && seen.contains(&"watch/late/i7".to_owned()));
    assert!(!seen.contains(&"watch/u1/i0".to_owned()), "it was taken back");
    assert!(seen.iter().skip(60).all(|key| !key.contains("u24") && !key.contains("forgotten")), "{seen:?}");
    let missing: Vec<String> = keys(&json!(first)).into_iter().filter(|key| !seen.contains(key)).collect();
    assert!(missing.iter().all(|key| key.contains("/u24/") || key == "watch/u1/i0"), "{missing:?}");

    let typed = get(&service, "/feedback/star?n=5").await;
    assert_eq!((keys(&typed["Feedback"]), &typed["Cursor"]), (vec!["star/u3/i40".to_owned()], &json!("")));
    assert_eq!(get(&service, "/feedback/watch%3E=2").await["Feedback"].as_array().map(Vec::len), Some(1));
    assert_eq!(get(&service, "/feedback/nothing").await, json!({"Cursor": "", "Feedback": []}));
    let (status, said) = api(&service, Method::GET, "/feedback?cursor=x", Value::Null).await;
    assert_eq!((status, said), (400, json!("cursor is none that was given out")));
    assert!(service.terminate().success());
    crate::service::verified(&url);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn feedback_that_a_rollback_gave_up_is_on_no_list() {
    let url = crate::support::database().await;
    let service = start(&url);
    send(&service, Method::POST, "/feedback", json!([watch("ann", 1, 1.0), watch("ann", 2, 1.0)])).await;
    service.post("/versions", &json!({"label": "before"})).await;
    send(&service, Method::POST, "/feedback", json!([watch("ann", 3, 1.0)])).await;
    send(&service, Method::DELETE, "/feedback/ann/i1", Value::Null).await;
    assert_eq!(keys(&get(&service, "/feedback").await["Feedback"]), ["watch/ann/i2", "watch/ann/i3"]);
    service.post("/rollback", &json!({"to": {"label": "before"}, "mode": "restore", "reason": "a test"})).await;
    // The retraction was given up, too.
    let held = ["watch/ann/i1", "watch/ann/i2"];
    assert_eq!(keys(&get(&service, "/feedback").await["Feedback"]), held);
    assert_eq!(keys(&get(&service, "/user/ann/feedback").await), held);
    send(&service, Method::DELETE, "/feedback/ann/i1", Value::Null).await;
    assert_eq!(keys(&get(&service, "/feedback").await["Feedback"]), held[1..]);
    assert!(service.terminate().success());
    crate::service::verified(&url);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn users_are_listed_with_comments_that_later_patches_leave() {
    let url = crate::support::database().await;
    let service = start(&url);
    let user = |n: usize| json!({"UserId": format!("u{n:03}"), "Labels": {"n": n}, "Comment": format!("says {n}")});
    let users: Vec<Value> = (0..300).map(user).collect();
    assert_eq!(send(&service, Method::POST, "/users", json!(users)).await, 300);
    // Labels that change under /v1 leave the comment, a user that is put without one has none.
    let labels = json!({"labels": {"n": 7}});
    let patched = service.try_send(Method::PATCH, "/users/u001?wait=applied", &labels).await.expect("a reply");
    assert_eq!(patched.0, 200, "{}", patched.1);
    send(&service, Method::POST, "/user", json!({"UserId": "u002", "Labels": {"n": 2}})).await;
    let page = get(&service, "/users?n=299").await;
    assert_eq!(page["Users"][1], json!({"UserId": "u001", "Labels": {"n": 7}, "Comment": "says 1"}));
    assert_eq!(page["Users"][2]["Comment"], "");
    assert_eq!((&page["Users"][298], &page["Cursor"]), (&user(298), &json!("u298")));
    assert_eq!(get(&service, "/users?n=299&cursor=u298").await["Users"], json!([user(299)]));
    // Labels as Gorse 0.4 had them, with what it answered beside them.
    send(&service, Method::POST, "/user", json!({"UserId": "old", "Labels": ["a", "b"], "Comment": "c"})).await;
    let old = json!({"UserId": "old", "Labels": ["a", "b"], "Comment": "c", "Subscribe": null});
    assert_eq!(get(&service, "/user/old").await, old);
    let bad = json!([{"UserId": "fine"}, {"UserId": ""}]);
    let (status, said) = api(&service, Method::POST, "/users", bad).await;
    assert!(status == 400 && said.as_str().is_some_and(|said| said.starts_with("[1].UserId: ")), "{said}");
    assert_eq!(api(&service, Method::GET, "/user/fine", Value::Null).await.0, 404, "nothing of the list was taken");
    assert!(service.terminate().success());
    crate::service::verified(&url);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn neighbours_and_lists_leave_out_whom_and_what_they_should() {
    let url = crate::support::database().await;
    let service = start(&url);
    let item = |n: usize| json!({"ItemId": format!("i{n}"), "Categories": ["all"], "Timestamp": format!("2020-02-{:02}T00:00:00Z", n + 1)});
    send(&service, Method::POST, "/items", json!((0..20).map(item).collect::<Vec<_>>())).await;
    // Two groups of users with tastes of their own.
    let of = |user: usize, n: usize| watch(&format!("u{user}"), user % 2 * 10 + n, 1.0);
    let events: Vec<Value> = (0..20).flat_map(|user| (0..8).map(move |n| of(user, (user + n) % 10))).collect();
    send(&service, Method::POST, "/feedback", json!(events)).await;
    let neighbours = get(&service, "/user/u4/neighbors?n=5").await;
    assert!(ids(&neighbours).len() == 5 && !ids(&neighbours).contains(&"u4"), "{neighbours}");
    let scores: Vec<f64> = (0..5).map(|n| neighbours[n]["Score"].as_f64().expect("a number")).collect();
    assert!(scores.is_sorted_by(|one, other| one >= other) && scores.iter().all(|score| score.abs() <= 1.001));
    assert_eq!(get(&service, "/user-to-user/similar/u4?n=5").await, neighbours);
    assert_eq!(ids(&get(&service, "/user/u4/neighbors/?n=2&offset=3").await), ids(&neighbours)[3..]);
    assert_eq!(get(&service, "/user/stranger/neighbors").await, json!([]));
    send(&service, Method::DELETE, &format!("/user/{}", ids(&neighbours)[0]), Value::Null).await;
    let after = get(&service, "/user/u4/neighbors?n=19").await;
    assert!(ids(&after).len() == 18 && !ids(&after).contains(&ids(&neighbours)[0]), "{after}");
    assert!(ids(&after).iter().all(|id| id.starts_with('u')), "{after}");

    assert_eq!(get(&service, "/item-to-item/neighbors/i1?n=4").await, get(&service, "/item/i1/neighbors?n=4").await);
    let read = get(&service, "/user/u4/feedback").await;
    let read: Vec<&str> =
        read.as_array().expect("a list").iter().map(|one| one["ItemId"].as_str().expect("id")).collect();
    for path in ["/latest?n=20", "/popular?n=20", "/item/i1/neighbors?n=20", "/non-personalized/latest?n=20"] {
        let list = get(&service, &format!("{path}&user-id=u4")).await;
        assert!(!ids(&list).is_empty() && ids(&list).iter().all(|id| !read.contains(id)), "{path}: {list}");
        assert!(ids(&list).len() < ids(&get(&service, path).await).len(), "{path}");
    }
    let personal = get(&service, "/collaborative-filtering/u4?n=20").await;
    assert!(ids(&personal).len() == 12 && ids(&personal).iter().all(|id| !read.contains(id)), "{personal}");
    assert_eq!(get(&service, "/collaborative-filtering/u4/all?n=3").await.as_array().map(Vec::len), Some(3));
    assert_eq!(get(&service, "/collaborative-filtering/stranger").await, json!([]));
    assert!(service.terminate().success());
    crate::service::verified(&url);
}
