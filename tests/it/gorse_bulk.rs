//! Goal: what one service exports, as lines or as a dump, another takes whole; what is bad is refused by its number,
//! and a purge leaves nothing. Method: exports of the real binary, sent back to it as files, forms and dumps.

use crate::gorse::{api, get, send, start};
use crate::service::Service;
use reqwest::Method;
use serde_json::{Value, json};

async fn bytes(service: &Service, path: &str) -> Vec<u8> {
    let reply = reqwest::get(format!("{}/api{path}", service.url)).await.expect("a reply");
    assert_eq!(reply.status(), 200, "{path}");
    reply.bytes().await.expect("a body").to_vec()
}

async fn post(service: &Service, path: &str, kind: &str, body: Vec<u8>) -> (u16, Value) {
    let request = reqwest::Client::new().post(format!("{}/api{path}", service.url)).header("content-type", kind);
    let reply = request.body(body).send().await.expect("a reply");
    let status = reply.status().as_u16();
    let text = reply.text().await.expect("a body");
    (status, serde_json::from_str(&text).unwrap_or(Value::String(text)))
}

/// Everything that a service holds.
async fn everything(service: &Service) -> [Vec<u8>; 3] {
    [bytes(service, "/bulk/users").await, bytes(service, "/bulk/items").await, bytes(service, "/bulk/feedback").await]
}

async fn fill(service: &Service) {
    let users: Vec<Value> = (0..1200)
        .map(|n| json!({"UserId": format!("u{n:04}"), "Labels": {"age": n % 90}, "Comment": format!("comment {n}")}))
        .collect();
    send(service, Method::POST, "/users", json!(users)).await;
    let items: Vec<Value> = (0..40)
        .map(|n| {
            json!({"ItemId": format!("i{n:02}"), "IsHidden": n % 7 == 0, "Categories": ["a", "b"], "Comment": "Ünicode",
                "Timestamp": format!("2020-03-01T00:00:{n:02}.5Z"), "Labels": {"embedding": [0.1, 0.25], "n": n}})
        })
        .collect();
    send(service, Method::POST, "/items", json!(items)).await;
    let feedback: Vec<Value> = (0..2500)
        .map(|n| {
            json!({"FeedbackType": if n % 3 == 0 { "star" } else { "read" }, "UserId": format!("u{:04}", n % 1000),
                "ItemId": format!("i{:02}", n % 40), "Value": f64::from(n) / 4.0, "Timestamp": "2021-05-01T10:00:00Z",
                "Comment": "c", "Labels": {"from": "web"}})
        })
        .collect();
    send(service, Method::POST, "/feedback", json!(feedback)).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn exports_come_back_whole_as_lines_as_a_form_and_as_a_dump() {
    let (url, other, third) =
        (crate::support::database().await, crate::support::database().await, crate::support::database().await);
    let service = start(&url);
    fill(&service).await;
    let tables = everything(&service).await;
    let lines = tables.each_ref().map(|table| table.iter().filter(|byte| **byte == b'\n').count());
    assert_eq!(lines, [1200, 40, 2500]);
    let first: Value =
        serde_json::from_slice(tables[0].split(|byte| *byte == b'\n').next().expect("a line")).expect("JSON");
    assert_eq!(first, json!({"UserId": "u0000", "Labels": {"age": 0}, "Comment": "comment 0"}));

    let copy = start(&other);
    for (path, table) in ["/bulk/users", "/bulk/items"].into_iter().zip(&tables) {
        let count = table.iter().filter(|byte| **byte == b'\n').count();
        let taken = post(&copy, path, "application/octet-stream", table.clone()).await;
        assert_eq!(taken, (200, json!({"RowAffected": count})), "{path}");
    }
    // As `curl -F file=@feedback.jsonl` sends it.
    let head = "--frontier\r\nContent-Disposition: form-data; name=\"file\"; filename=\"f.jsonl\"\r\n\r\n";
    let form = [head.as_bytes(), &tables[2], b"\r\n--frontier--\r\n"].concat();
    let kind = "multipart/form-data; boundary=frontier";
    assert_eq!(post(&copy, "/bulk/feedback", kind, form.clone()).await, (200, json!({"RowAffected": 2500})));
    assert_eq!(everything(&copy).await, tables);
    // A retry counts once.
    assert_eq!(post(&copy, "/bulk/feedback", kind, form).await.0, 200);
    assert_eq!(everything(&copy).await[2], tables[2]);

    let dump = bytes(&service, "/dump").await;
    let restored = start(&third);
    let (status, stats) = post(&restored, "/restore", "application/octet-stream", dump.clone()).await;
    assert_eq!(
        (status, &stats["Users"], &stats["Items"], &stats["Feedback"]),
        (200, &json!(1200), &json!(40), &json!(2500))
    );
    assert_eq!(everything(&restored).await, tables);
    assert_eq!(bytes(&restored, "/dump").await, dump);
    assert_eq!(post(&restored, "/restore", "application/octet-stream", Vec::new()).await.0, 200);
    for service in [service, copy, restored] {
        assert!(service.terminate().success());
    }
    for url in [url, other, third] {
        crate::service::verified(&url);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn bad_lines_and_records_are_refused_by_number() {
    let url = crate::support::database().await;
    let service = start(&url);
    let mut lines: String = (0..1500).map(|n| format!("{{\"UserId\":\"u{n}\"}}\n\n")).collect();
    lines.push_str("{\"UserId\":\"\"}\n{\"UserId\":\"never\"}\n");
    let (status, said) = post(&service, "/bulk/users", "application/jsonl", lines.into_bytes()).await;
    let said = said.as_str().expect("text");
    assert!(status == 400 && said.starts_with("line 3001: UserId: "), "{status} {said}");
    let taken: u64 = said.split("; ").nth(1).and_then(|rest| rest.split(' ').next()?.parse().ok()).expect("a number");
    assert!(taken < 1500 && said.ends_with(" entries before it were taken"), "{said}");
    assert_eq!(bytes(&service, "/bulk/users").await.split(|byte| *byte == b'\n').count() as u64, taken + 1);
    let feedback = b"{\"FeedbackType\":\"a\",\"UserId\":\"u\",\"ItemId\":\"i\"}\n\
        {\"FeedbackType\":\"a\",\"UserId\":\"u\",\"ItemId\":\"i\",\"Timestamp\":\"soon\"}";
    let (status, said) = post(&service, "/bulk/feedback", "application/jsonl", feedback.to_vec()).await;
    assert_eq!(status, 422, "{said}");
    assert!(
        said.as_str().is_some_and(|said| said.starts_with("line 2: Timestamp: ") && said.contains("; 0 entries")),
        "{said}"
    );
    let items = b"{\"ItemId\":\"i\"}\n{\"ItemId\":\"j\",\"Timestamp\":\"soon\"}\n".to_vec();
    let (status, said) = post(&service, "/bulk/items", "text/plain", items).await;
    assert_eq!((status, said), (400, json!("line 2: Timestamp soon is no time; 0 entries before it were taken")));
    let (status, said) = post(&service, "/bulk/users", "application/jsonl", b"[1]".to_vec()).await;
    assert!(status == 400 && said.as_str().is_some_and(|said| said.starts_with("line 1: ")), "{said}");
    assert_eq!(api(&service, Method::GET, "/bulk/nothing", Value::Null).await.0, 400);

    let dump = |numbers: &[i64]| numbers.iter().flat_map(|number| number.to_le_bytes()).collect::<Vec<u8>>();
    for (body, expected) in [
        (dump(&[-9]), "-9 is no marker of a table; 0 entries before it were taken"),
        (dump(&[-1]), "the dump ends without its end marker; 0 entries before it were taken"),
        (
            dump(&[-1, 2_000_000]),
            "a record of 2000000 bytes is longer than 1048576 bytes; 0 entries before it were taken",
        ),
        (
            [dump(&[-1, 2]), b"\x0b\x00".to_vec()].concat(),
            "record 1: a record is no message of Protocol Buffers; 0 entries before it were taken",
        ),
    ] {
        let (status, said) = post(&service, "/restore", "application/octet-stream", body).await;
        assert!((400..=413).contains(&status), "{status} {said}");
        assert_eq!(said, json!(expected));
    }
    let form = b"--x\r\nContent-Disposition: form-data; name=\"other\"\r\n\r\nx\r\n--x--".to_vec();
    let (status, said) = post(&service, "/bulk/users", "multipart/form-data; boundary=x", form).await;
    assert_eq!((status, said), (400, json!("the form has no file within its first 16384 bytes")));
    assert!(service.terminate().success());
    crate::service::verified(&url);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_purge_leaves_an_empty_model_with_its_configuration() {
    let url = crate::support::database().await;
    let service = start(&url);
    fill(&service).await;
    let kinds = service.get("").await["config"]["kinds"].clone();
    assert!(kinds["star"].is_number(), "{kinds}");
    let form = "application/x-www-form-urlencoded";
    let (status, said) = post(&service, "/purge", form, b"check_list=delete_users".to_vec()).await;
    let all = "check_list must be delete_users,delete_items,delete_feedback,delete_cache";
    assert_eq!((status, said), (400, json!(all)));
    let confirmed = b"check_list=delete_users%2Cdelete_items,delete_feedback,delete_cache".to_vec();
    assert_eq!(post(&service, "/purge", form, confirmed).await.0, 200);
    assert_eq!(everything(&service).await, [Vec::<u8>::new(), Vec::new(), Vec::new()]);
    let model = service.get("").await;
    assert_eq!((&model["config"]["kinds"], &model["position"]), (&kinds, &json!(0)));
    assert_eq!(service.get("/versions").await["versions"], json!([]));
    send(&service, Method::POST, "/user", json!({"UserId": "new", "Comment": "after"})).await;
    assert_eq!(get(&service, "/users").await["Users"][0]["Comment"], "after");
    assert!(service.terminate().success());
    crate::service::verified(&url);
}
