//! Goal: whatever a store does, no half backup is listed and no damaged one is restored, and the error names the store
//! and the object. Method: the real binary on a real S3 server behind a proxy with faults, and on a folder whose files
//! are changed.

use std::{
    fs,
    path::PathBuf,
    process::Stdio,
    time::{Duration, Instant},
};

use serde_json::{Value, json};

use crate::{
    backup_support::{
        Place, content,
        proxy::{self, Fault},
    },
    service::{PATIENCE, Service},
};

/// Changes an object.
type Damage<'a> = Box<dyn Fn() + 'a>;

/// Longest time in which a store that never answers has to be given up, at a limit of one second.
const GIVEN_UP_MAX: Duration = Duration::from_secs(30);

fn batch(number: u64) -> Value {
    let event = |k: u64| {
        let n = number * 100 + k;
        json!({"event_id": format!("e{n}"), "user": format!("user-{}", n % 30), "item": format!("i{}", n * n % 50),
               "kind": "click", "ts": 1_700_000_000 + n})
    };
    json!({ "events": (0..100).map(event).collect::<Vec<_>>() })
}

/// A database with some records and versions, and the service on it.
async fn filled() -> (String, Service) {
    let url = crate::support::database().await;
    let service = Service::start(["--database-url", &url]);
    for number in 0..10 {
        service.post("/events", &batch(number)).await;
        service.status_at((number + 1) * 100).await;
        if number % 4 == 0 {
            service.post("/versions", &json!({})).await;
        }
    }
    (url, service)
}

async fn is_empty(url: &str) -> bool {
    content(url).await.is_empty()
}

/// Restores, which must fail: what is told.
fn refused(place: &Place, url: &str) -> String {
    let (status, out, told) = place.run(&["restore", "--from", &place.url, "--quiet", "--database-url", url]);
    assert_eq!(status, 2, "{out}{told}");
    told
}

#[tokio::test(flavor = "multi_thread")]
async fn a_changed_an_exchanged_and_a_missing_object_are_named_and_nothing_is_restored() {
    let (url, _service) = filled().await;
    let place = Place::folder();
    place.back_up(&["--database-url", &url]);
    let empty = crate::support::database().await;
    let names = |path: &PathBuf| {
        let below = path.strip_prefix(&place.files).expect("below");
        below.display().to_string()
    };
    for folder in ["log", "versions", "tables", "backups"] {
        // Objects of the one backup that there is: a table may have changed since an earlier one.
        let manifest = fs::read_to_string(&place.objects("backups")[0]).expect("text");
        let is_named = |path: &PathBuf| {
            folder == "backups" || manifest.contains(&*path.file_name().expect("a name").to_string_lossy())
        };
        let objects: Vec<PathBuf> = place.objects(folder).into_iter().filter(is_named).collect();
        let object = objects.iter().max_by_key(|path| fs::metadata(path).expect("there").len()).expect("an object");
        let whole = fs::read(object).expect("there");
        let damages: [(&str, Damage<'_>); 3] = [
            (
                "a flipped bit",
                Box::new(|| {
                    let mut changed = whole.clone();
                    changed[whole.len() / 2] ^= 4;
                    fs::write(object, changed).expect("written");
                }),
            ),
            ("cut off", Box::new(|| fs::write(object, &whole[..whole.len() - 1]).expect("written"))),
            (
                "exchanged",
                Box::new(|| {
                    let other = objects.iter().find(|other| *other != object);
                    let other = other.map_or_else(|| place.objects("tables")[0].clone(), Clone::clone);
                    fs::copy(other, object).expect("copied");
                }),
            ),
        ];
        for (what, damage) in damages {
            damage();
            let told = refused(&place, &empty);
            assert!(told.contains(&names(object)) && told.contains(&place.url), "{what}: {told}");
            let (status, out, _) = place.run(&["backups", "--at", &place.url, "--check", "--quiet"]);
            assert_eq!(status, 1, "{what}: {out}");
            assert!(out.contains(names(object).rsplit('/').next().expect("a name")), "{what}: {out}");
        }
        if folder != "backups" {
            fs::remove_file(object).expect("removed");
            let told = refused(&place, &empty);
            assert!(told.contains(&names(object)) && told.contains("missing"), "{told}");
            // The next backup brings it again, although it needs nothing new.
            fs::remove_file(&place.objects("backups")[0]).expect("removed");
            let again = place.back_up(&["--database-url", &url]);
            assert!(again["sent_objects"].as_u64().expect("a count") > 0, "{again}");
        } else {
            fs::write(object, &whole).expect("written");
        }
    }
    assert!(is_empty(&empty).await, "a restore that fails leaves not even tables");
    place.restore(&["--database-url", &empty]);
    assert!(!is_empty(&empty).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_manifest_of_another_backup_is_not_taken_for_this_one() {
    let (url, service) = filled().await;
    let place = Place::folder();
    place.back_up(&["--database-url", &url]);
    service.post("/events", &batch(11)).await;
    place.back_up(&["--database-url", &url]);
    let manifests = place.objects("backups");
    assert_eq!(manifests.len(), 2);
    fs::copy(&manifests[0], &manifests[1]).expect("an old object under the new name");
    let told = refused(&place, &crate::support::database().await);
    assert!(told.contains("it is that of the backup"), "{told}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_backup_that_is_killed_leaves_none_and_the_next_goes_on_with_what_is_there() {
    let Some(mut place) = Place::bucket() else { return };
    let (url, _service) = filled().await;
    let server = place.address();
    // Two writes of the probe, the lease, and some objects.
    place.reach_at(&proxy::start(&server, Fault::SilentAfterWrites(9)));
    let to = place.url.clone();
    let arguments = ["backup", "--to", &to, "--quiet", "--lease", "3s", "--database-url", &url];
    let mut cut_off = place.command(arguments).stderr(Stdio::null()).spawn().expect("it starts");
    place.reach_at(&server);
    let deadline = Instant::now() + PATIENCE;
    while place.objects("tables").len() < 3 {
        assert!(Instant::now() < deadline && cut_off.try_wait().expect("a status").is_none(), "it gets that far");
        std::thread::sleep(Duration::from_millis(20));
    }
    // Meanwhile nobody else may.
    let (status, _, told) = place.run(&arguments);
    assert_eq!(status, 2, "{told}");
    assert!(told.contains("another backup runs") && told.contains(&place.url), "{told}");
    cut_off.kill().expect("a signal");
    cut_off.wait().expect("an end");
    assert_eq!(place.backups(), [""; 0], "no half backup is listed");
    let empty = crate::support::database().await;
    assert!(refused(&place, &empty).contains("there is no backup"));
    // The lease ends by itself.
    let done = loop {
        let (status, out, told) = place.run(&[&arguments[..], &["--json"]].concat());
        if status == 0 {
            break serde_json::from_str::<Value>(&out).expect("JSON");
        }
        assert!(told.contains("another backup runs") && Instant::now() < deadline, "{told}");
        std::thread::sleep(Duration::from_millis(100));
    };
    assert!(done["sent_objects"].as_u64() < done["backup"]["objects"].as_u64(), "{done}");
    place.restore(&["--database-url", &empty]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_store_that_is_silent_or_refuses_ends_the_backup_with_its_name() {
    let Some(mut place) = Place::bucket() else { return };
    let (url, _service) = filled().await;
    let (server, to) = (place.address(), place.url.clone());
    let nobody = "127.0.0.1:9".to_owned();
    for at in [
        proxy::start(&server, Fault::SilentAfterWrites(0)),
        proxy::start(&server, Fault::SilentAfterWrites(8)),
        proxy::start(&server, Fault::Refusing),
        nobody,
    ] {
        place.reach_at(&at);
        let began = Instant::now();
        let arguments = ["backup", "--to", &to, "--quiet", "--lease", "2s", "--database-url", &url];
        let (status, _, told) = place.run(&[&arguments[..], &["--store-timeout", "1s"]].concat());
        assert_eq!(status, 2, "{told}");
        assert!(told.contains(&place.url), "{told}");
        assert!(began.elapsed() < GIVEN_UP_MAX, "{:?}", began.elapsed());
        place.reach_at(&server);
        assert_eq!(place.backups(), [""; 0]);
    }
    place.reach_at(&proxy::start(&server, Fault::Forgetful));
    let (status, _, told) = place.run(&["backup", "--to", &place.url, "--quiet", "--database-url", &url]);
    assert_eq!(status, 2, "{told}");
    assert!(told.contains("does not refuse to create an object twice"), "{told}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bit_that_flips_on_the_way_is_found() {
    let Some(mut place) = Place::bucket() else { return };
    let (url, _service) = filled().await;
    place.back_up(&["--database-url", &url]);
    let server = place.address();
    place.reach_at(&proxy::start(&server, Fault::FlippedBit));
    let empty = crate::support::database().await;
    let told = refused(&place, &empty);
    assert!(told.contains("log/") && told.contains("SHA-256"), "{told}");
    assert!(is_empty(&empty).await);
    place.reach_at(&server);
    place.restore(&["--database-url", &empty]);
}

#[tokio::test(flavor = "multi_thread")]
async fn old_backups_go_with_what_no_other_needs() {
    let (url, service) = filled().await;
    let place = Place::folder();
    let keep = ["--database-url", url.as_str(), "--keep", "2"];
    for number in 11..15 {
        service.post("/events", &batch(number)).await;
        place.back_up(&keep);
    }
    let backups = place.backups();
    assert_eq!(backups.len(), 2);
    // Every object is named by one of the two, and both are whole.
    let manifests: String =
        place.objects("backups").iter().map(|path| fs::read_to_string(path).expect("text")).collect();
    for object in ["log", "versions", "tables"].into_iter().flat_map(|folder| place.objects(folder)) {
        let name = object.file_name().expect("a name").to_string_lossy().into_owned();
        assert!(manifests.contains(&name), "{name} is left over");
    }
    let (status, out, told) = place.run(&["backups", "--at", &place.url, "--check", "--quiet"]);
    assert_eq!(status, 0, "{out}{told}");
    let empty = crate::support::database().await;
    place.restore(&["--database-url", &empty, "--backup", &backups[0]]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_user_who_was_forgotten_after_a_backup_is_forgotten_again_when_it_is_restored() {
    let (url, service) = filled().await;
    let place = Place::folder();
    let before = place.back_up(&["--database-url", &url]);
    let before = before["backup"]["name"].as_str().expect("a name");
    let named = |place: &Place| {
        place.objects("log").iter().any(|path| {
            let raw = zstd::decode_all(fs::File::open(path).expect("there")).expect("zstd");
            raw.windows(7).any(|window| window == b"user-17")
        })
    };
    assert!(named(&place));
    let (status, reply) =
        service.try_send(reqwest::Method::DELETE, "/users/user-17", &json!({})).await.expect("a reply");
    assert_eq!(status, 202, "{reply}");
    let path = format!("/operations/{}", reply["operation"]["id"].as_str().expect("an id"));
    let deadline = Instant::now() + PATIENCE;
    while service.get(&path).await["state"] != "done" {
        assert!(Instant::now() < deadline, "the erasure ends");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    place.back_up(&["--database-url", &url]);
    // What the erasure rewrote in log and versions is in the next backup, although both were in the one before.
    let newest = crate::support::database().await;
    place.restore(&["--database-url", &newest]);
    assert_eq!(content(&newest).await, content(&url).await);
    // The older backup holds the user, and what is restored from it does not.
    let restored_into = crate::support::database().await;
    let restored = place.restore(&["--database-url", &restored_into, "--backup", before, "--replay"]);
    assert_eq!(restored["verified"][0]["problems"], json!([]), "{restored:#}");
    let pool = sqlx::PgPool::connect(&restored_into).await.expect("a pool");
    let left: i64 = sqlx::query_scalar("select count(*) from records r where r::text like '%user-17%'")
        .fetch_one(&pool)
        .await
        .expect("a count");
    assert_eq!(left, 0);
    let events: i64 =
        sqlx::query_scalar("select count(*) from records where type = 1").fetch_one(&pool).await.expect("a count");
    assert_eq!(events, 1000, "the events stay, of nobody");
    // Once no backup from before is kept, no object holds the user.
    place.back_up(&["--database-url", &url, "--keep", "1"]);
    assert!(!named(&place));
}
