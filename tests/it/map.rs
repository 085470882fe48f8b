//! `GET .../map`: items as points of a plane.
//!
//! Goal: points move only when vectors move, the same question has the same answer, and a sample stands for all.
//! Method: the real binary on a generated shop; coordinates are computed again from the embeddings that the service
//! answers.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::service::Service;

fn floats(map: &Value) -> Vec<f32> {
    use base64::{Engine, prelude::BASE64_STANDARD};
    let bytes = BASE64_STANDARD.decode(map["points"].as_str().expect("text")).expect("base64");
    bytes.chunks_exact(4).map(|bytes| f32::from_le_bytes([bytes[0], bytes[1], bytes[2], bytes[3]])).collect()
}

fn point(map: &Value, id: &str) -> [f32; 2] {
    let row = map["ids"].as_array().expect("ids").iter().position(|other| other == id).expect("it is drawn");
    let points = floats(map);
    [points[row * 2], points[row * 2 + 1]]
}

async fn vector(service: &Service, id: &str) -> Vec<f64> {
    let found = service.get(&format!("/items/{id}/embedding?version=1")).await;
    found["values"].as_array().expect("values").iter().map(|value| value.as_f64().expect("a number")).collect()
}

/// Events whose items follow two themes, so that there are directions to find.
fn events(from: usize, count: usize) -> Value {
    let event = |n: usize| {
        let theme = n % 2;
        json!({"user": format!("u{}-{theme}", n % 40), "item": format!("i{}", theme + 2 * (n * 7 % 61)), "kind": "click"})
    };
    json!({"events": (from..from + count).map(event).collect::<Vec<_>>()})
}

#[tokio::test(flavor = "multi_thread")]
async fn points_are_linear_in_vectors_and_equal_questions_have_equal_answers() {
    let folder = tempfile::tempdir().expect("a folder");
    let service = Service::start_in(folder.path(), &[]);
    let empty = service.get("/map").await;
    assert_eq!((&empty["basis"], &empty["total"], &empty["ids"]), (&Value::Null, &json!(0), &json!([])));

    service.post("/events?wait=applied", &events(0, 2000)).await;
    service.post("/versions", &json!({"label": "first"})).await;
    let first = service.get("/map").await;
    assert_eq!(first["basis"]["state"], "1");
    assert_eq!((first["total"].as_u64(), first["ids"].as_array().map(Vec::len)), (Some(122), Some(122)));
    assert_eq!(first, service.get("/map?basis=first").await);
    assert_eq!(floats(&first), floats(&service.get("/map?version=1&basis=1").await));

    // Ranks are the order of first events.
    let mut order: Vec<Value> = Vec::new();
    for event in events(0, 2000)["events"].as_array().expect("events") {
        if !order.contains(&event["item"]) {
            order.push(event["item"].clone());
        }
    }
    assert_eq!(first["items_with_events"], order.len());
    let ids_and_ranks =
        first["ids"].as_array().expect("ids").iter().zip(first["first_event_ranks"].as_array().expect("ranks"));
    for (id, rank) in ids_and_ranks {
        assert_eq!(*rank, json!(order.iter().position(|first| first == id)), "{id}");
    }

    // A linear map keeps differences: a point is where its vector says, seen from three others.
    let ids = ["i0", "i1", "i2", "i3"];
    let mut vectors = Vec::new();
    for id in ids {
        vectors.push(vector(&service, id).await);
    }
    let norm = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(a, b)| (a - b).powi(2)).sum::<f64>().sqrt();
    for (n, id) in ids.iter().enumerate() {
        for (m, other) in ids.iter().enumerate() {
            let (a, b) = (point(&first, id), point(&first, other));
            let drawn = f64::from((a[0] - b[0]).hypot(a[1] - b[1]));
            // The directions are orthonormal: nothing is drawn farther apart than it is. f32 rounds at 1e-5.
            assert!(drawn <= norm(&vectors[n], &vectors[m]) + 1e-4, "{id} {other}: {drawn}");
        }
    }
    let explained: Vec<f64> = first["basis"]["explained"]
        .as_array()
        .expect("two")
        .iter()
        .map(|share| share.as_f64().expect("a share"))
        .collect();
    assert!(
        explained[0] >= explained[1] && explained[1] > 0.0 && explained.iter().sum::<f64>() <= 1.0,
        "{explained:?}"
    );

    // What is learned moves live, and not the version; a position between is found by replay.
    service.post("/events?wait=applied", &events(2000, 500)).await;
    let position = service.get("/map?basis=1").await["position"].as_u64().expect("a position");
    service.post("/events?wait=applied", &events(2500, 500)).await;
    let live = service.get("/map?basis=1").await;
    assert_ne!(floats(&first), floats(&live));
    assert_eq!(floats(&first), floats(&service.get("/map?version=1&basis=1").await));
    let between = service.get(&format!("/map?position={position}&basis=1")).await;
    assert_eq!(between["position"], position);
    assert_ne!(floats(&between), floats(&live));
    let at_version = service.get("/map?position=2000&basis=1").await;
    assert_eq!(floats(&at_version), floats(&first), "the replayed state is the version's");
    let axes = service.get(&format!("/map?basis=@{position}")).await;
    assert_eq!(axes["basis"]["state"], format!("@{position}"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sample_is_bounded_stratified_and_holds_what_was_asked_for() {
    let folder = tempfile::tempdir().expect("a folder");
    let service = Service::start_in(folder.path(), &[]);
    let items: Vec<Value> = (0..400).map(|n| json!({"id": format!("cold{n}"), "title": format!("Cold {n}")})).collect();
    service.post("/items?wait=applied", &json!({"items": items})).await;
    service.post("/events?wait=applied", &events(0, 3000)).await;
    let few = service.get("/map?sample=100").await;
    let ids = few["ids"].as_array().expect("ids");
    assert_eq!((few["total"].as_u64(), ids.len()), (Some(522), 100));
    let ranks = few["first_event_ranks"].as_array().expect("ranks");
    for (id, rank) in ids.iter().zip(ranks) {
        assert_eq!(rank.is_null(), id.as_str().is_some_and(|id| id.starts_with("cold")), "{id} {rank}");
    }
    // 400 of 522 have no event; by number they would be three quarters, a stratum of several has at most a half here.
    let cold = ids.iter().filter(|id| id.as_str().is_some_and(|id| id.starts_with("cold"))).count();
    assert!((10..=60).contains(&cold), "{cold} of 100 are cold");
    let asked = service.get("/map?sample=100&ids=[%22cold1%22,%22cold2%22,%22cold3%22,%22none%22]").await;
    let drawn = asked["ids"].as_array().expect("ids");
    for id in ["cold1", "cold2", "cold3"] {
        assert_eq!(drawn.iter().filter(|other| *other == id).count(), 1, "{id}");
    }
    assert!(drawn.len() <= 103 && asked["titles"].as_array().map(Vec::len) == Some(drawn.len()));
    for (query, field) in [
        ("sample=0", "sample"),
        ("sample=20001", "sample"),
        ("basis=@x", "basis"),
        ("ids=a", "ids"),
        ("version=1&position=2", "position"),
        ("nothing=1", "nothing"),
    ] {
        let reply = reqwest::get(format!("{}/v1/models/default/map?{query}", service.url)).await.expect("an answer");
        assert_eq!(reply.status(), 422, "{query}");
        let problem: Value = reply.json().await.expect("JSON");
        assert_eq!(problem["errors"][0]["field"], field, "{query}: {problem}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn moves_of_live_are_streamed() {
    let folder = tempfile::tempdir().expect("a folder");
    let service = Service::start_in(folder.path(), &[]);
    service.post("/events?wait=applied", &events(0, 1000)).await;
    let basis = service.get("/map?basis=live").await["basis"]["state"].as_str().expect("a state").to_owned();
    let url = format!("{}/v1/models/default/map/stream?basis={basis}", service.url);
    let mut reply = reqwest::get(url).await.expect("an answer");
    let mut text = String::new();
    let mut moves = async |count: usize| {
        loop {
            let found: Vec<Value> = text
                .split_inclusive("\n\n")
                .filter(|block| block.ends_with("\n\n"))
                .filter_map(|block| block.lines().find_map(|line| line.strip_prefix("data: ")))
                .map(|data| serde_json::from_str(data).expect("JSON"))
                .collect();
            if found.len() >= count {
                return found[count - 1].clone();
            }
            let piece = reply.chunk().await.expect("the stream goes on").expect("a piece");
            text.push_str(std::str::from_utf8(&piece).expect("text"));
        }
    };
    let all = moves(1).await;
    assert_eq!(all["ids"].as_array().map(Vec::len), Some(122));
    service.post("/events?wait=applied", &json!({"user": "u1-0", "item": "i0", "kind": "click"})).await;
    let moved = moves(2).await;
    let ids = moved["ids"].as_array().expect("ids");
    assert!(!ids.is_empty() && ids.contains(&json!("i0")), "{moved}");
    let map = service.get(&format!("/map?basis={basis}")).await;
    assert_eq!(point(&moved, "i0"), point(&map, "i0"));
}

/// A stream of moves, and what is known from it.
struct Follower {
    reply: reqwest::Response,
    text: String,
    known: BTreeMap<String, [f32; 2]>,
    position: u64,
}

impl Follower {
    async fn open(service: &Service, query: &str) -> Self {
        let url = format!("{}/v1/models/default/map/stream?{query}", service.url);
        let reply = reqwest::get(url).await.expect("an answer");
        Self { reply, text: String::new(), known: BTreeMap::new(), position: 0 }
    }

    /// Takes moves until they are of this position or a later one.
    async fn through(&mut self, position: u64) {
        while self.position < position {
            let Some(end) = self.text.find("\n\n") else {
                let piece = self.reply.chunk().await.expect("the stream goes on").expect("a piece");
                self.text.push_str(std::str::from_utf8(&piece).expect("text"));
                continue;
            };
            let block: String = self.text.drain(..end + 2).collect();
            let Some(data) = block.lines().find_map(|line| line.strip_prefix("data: ")) else { continue };
            let moves: Value = serde_json::from_str(data).expect("JSON");
            for (id, point) in moves["ids"].as_array().expect("ids").iter().zip(floats(&moves).chunks_exact(2)) {
                self.known.insert(id.as_str().expect("text").to_owned(), [point[0], point[1]]);
            }
            self.position = moves["position"].as_u64().expect("a position");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn followers_who_come_at_any_time_end_with_the_same_points() {
    let folder = tempfile::tempdir().expect("a folder");
    let service = Service::start_in(folder.path(), &[]);
    service.post("/events?wait=applied", &events(0, 1000)).await;
    let basis = service.get("/map?basis=live").await["basis"]["state"].as_str().expect("a state").to_owned();
    // Two share what is computed; one draws another sample, and one asks for items besides.
    let mut followers = vec![
        Follower::open(&service, &format!("basis={basis}")).await,
        Follower::open(&service, &format!("basis={basis}&sample=20")).await,
    ];
    let mut position = 1000;
    for round in 0..4 {
        let posted = service.post("/events?wait=applied", &events(1000 + round * 100, 100)).await;
        position = posted["position"].as_u64().expect("a position");
        if round == 1 {
            followers.push(Follower::open(&service, &format!("basis={basis}")).await);
            followers.push(Follower::open(&service, &format!("basis={basis}&sample=20&ids=[%22i0%22,%22i1%22]")).await);
        }
        // The first one hears of every round, the others of the end.
        followers[0].through(position).await;
    }
    let whole = service.get(&format!("/map?basis={basis}")).await;
    assert_eq!(whole["position"], position);
    for (follower, least) in followers.iter_mut().zip([122, 20, 122, 20]) {
        follower.through(position).await;
        assert!(follower.known.len() >= least, "{}", follower.known.len());
    }
    // What lies besides a sample is told after it.
    let besides = async {
        while ["i0", "i1"].iter().any(|id| followers[3].known.get(*id) != Some(&point(&whole, id))) {
            followers[3].position = 0;
            followers[3].through(position).await;
        }
    };
    tokio::time::timeout(crate::service::PATIENCE, besides).await.expect("items besides the sample are told");
    // The samples of 20 may have lost items meanwhile, which are told no more.
    for follower in [&followers[0], &followers[2]] {
        for (id, known) in &follower.known {
            assert_eq!(*known, point(&whole, id), "{id}");
        }
    }
}
