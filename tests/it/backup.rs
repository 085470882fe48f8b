//! Goal: a backup that is made under load becomes the same database elsewhere: the same digest at the same position, and
//! every row of every table (issue of lost machines). Method: the real binary, into a folder and into a real S3 server;
//! SIGKILL, everything destroyed, and a restore into a new data folder or an empty database.

#![expect(clippy::disallowed_methods, reason = "the load ends with the test's runtime")]

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

use serde_json::{Value, json};
use shelfmark_backup::{TableKind, kind_of};
use sqlx::PgPool;

use crate::{
    backup_support::{Place, content},
    service::{PATIENCE, Service, data_dir, kill_postgres},
};

const USERS: u64 = 50;
const ITEMS: u64 = 120;

fn batch(number: u64) -> Value {
    let event = |k: u64| {
        let n = number * 40 + k;
        json!({
            "event_id": format!("e{n}"), "user": format!("u{}", n * 7 % USERS), "item": format!("i{}", n * n % ITEMS),
            "kind": if n.is_multiple_of(5) { "purchase" } else { "click" }, "ts": 1_700_000_000 + n,
        })
    };
    json!({ "events": (0..40).map(event).collect::<Vec<_>>() })
}

/// Sends batches until it is told to stop; how many there were.
async fn load(service: &Service, first: u64, stop: &AtomicBool) -> u64 {
    let mut number = first;
    while !stop.load(Ordering::Relaxed) {
        service.post("/events", &batch(number)).await;
        number += 1;
    }
    number
}

async fn wait_until(what: &str, mut holds: impl AsyncFnMut() -> bool) {
    let deadline = tokio::time::Instant::now() + PATIENCE;
    while !holds().await {
        assert!(tokio::time::Instant::now() < deadline, "{what}");
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
}

/// Digest of the state at a position, made again from the log of the service that is about to be lost.
async fn digest_at(service: &Service, position: &Value) -> Value {
    let reply =
        service.post("/rollback", &json!({"to": {"position": position}, "mode": "pin", "reason": "drill"})).await;
    if let Some(id) = reply["operation"]["id"].as_str() {
        wait_until("the state at the position is made", async || {
            service.get(&format!("/operations/{id}")).await["state"] != "running"
        })
        .await;
    }
    let versions = service.get("/versions?limit=100").await;
    let versions = versions["versions"].as_array().expect("a list").clone();
    let version = versions.iter().find(|version| version["position"] == *position);
    version.unwrap_or_else(|| panic!("no version at {position}: {versions:?}"))["digest"].clone()
}

async fn drill(place: &Place) {
    let lost = data_dir();
    let folder = lost.0.path().to_str().expect("text").to_owned();
    let flags = ["--version-every-records", "1500", "--version-every-seconds", "0"];
    let service = Arc::new(Service::start_in(lost.0.path(), &flags));
    let stop = Arc::new(AtomicBool::new(false));
    let loading = tokio::spawn({
        let (service, stop) = (service.clone(), stop.clone());
        async move { load(&service, 0, &stop).await }
    });
    service.status_at(4000).await;
    service.post("/versions", &json!({"label": "good"})).await;
    let first = place.back_up(&["--data-dir", &folder]);
    let head = first["backup"]["models"][0]["position"].as_u64().expect("a position");
    service.status_at(head + 2000).await;
    let second = place.back_up(&["--data-dir", &folder]);
    let position = second["backup"]["models"][0]["position"].clone();
    service.status_at(position.as_u64().expect("a position") + 500).await;
    stop.store(true, Ordering::Relaxed);
    loading.await.expect("the load ends");
    let digest = digest_at(&service, &position).await;

    let service = Arc::into_inner(service).expect("nobody else has it");
    service.kill();
    kill_postgres(lost.0.path());
    drop(lost);

    let found = data_dir();
    let folder = found.0.path().to_str().expect("text");
    let restored = place.restore(&["--data-dir", folder, "--replay"]);
    assert_eq!(restored["verified"][0]["problems"], json!([]), "{restored:#}");
    assert_eq!(restored["verified"][0]["digest"], digest, "the log leads there: {restored:#}");
    let service = Service::start_in(found.0.path(), &flags);
    let status = service.status_at(position.as_u64().expect("a position")).await;
    assert_eq!((&status["position"], &status["digest"]), (&position, &digest), "{status}");
    assert_eq!(service.get("/versions/good").await["label"], "good");
    // The service goes on where the backup ends: a record that was lost is taken, one that was not is known.
    let again = service.post("/events", &batch(0)).await;
    assert_eq!(again["duplicates"], 40, "{again}");
    assert!(service.terminate().success());
    // An older backup is there as well.
    let older = data_dir();
    let folder = older.0.path().to_str().expect("text");
    let name = first["backup"]["name"].as_str().expect("a name");
    let restored = place.restore(&["--data-dir", folder, "--backup", name, "--replay"]);
    assert_eq!(restored["verified"][0]["head"], head, "{restored:#}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_destroyed_service_comes_back_from_a_folder_in_the_same_state() {
    drill(&Place::folder()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_destroyed_service_comes_back_from_an_s3_server_in_the_same_state() {
    if let Some(place) = Place::bucket() {
        drill(&place).await;
    }
}

/// Makes rows in every table that a service writes.
async fn use_everything(url: &str) {
    let service = Service::start(["--database-url", url]);
    for number in 0..40 {
        service.post("/events", &batch(number)).await;
    }
    service.post("/items", &json!({"items": [{"id": "i1", "title": "\u{0}tab\t\\N 'quoted' \u{1f9ed}"}]})).await;
    service.status_at(1601).await;
    service.post("/versions", &json!({"label": "good", "reason": "kept"})).await;
    let (status, _, told) =
        crate::http_support::run(&["fork", "--from", "default@good", "other", "--url", &service.url]);
    assert!(status.success(), "{told}");
    let put = reqwest::Method::PUT;
    let (status, reply) =
        service.try_send(put.clone(), "/guard", &json!({"metric": "recall", "action": "pin"})).await.expect("a reply");
    assert!((200..300).contains(&status), "{reply}");
    let arms = json!({"split": [{"live": true, "percent": 60}, {"version": 1, "percent": 40}], "reason": "canary"});
    let (status, reply) = service.try_send(put, "/serving", &arms).await.expect("a reply");
    assert!((200..300).contains(&status), "{reply}");
    let offset = json!({"topic": "clicks", "partition": 0, "start_offset": null, "next_offset": 42});
    service.post("/events", &json!({"events": [], "offsets": [offset]})).await;
    let (status, reply) = service.try_send(reqwest::Method::DELETE, "/users/u3", &json!({})).await.expect("a reply");
    assert_eq!(status, 202, "{reply}");
    let path = format!("/operations/{}", reply["operation"]["id"].as_str().expect("an id"));
    wait_until("the erasure ends", async || service.get(&path).await["state"] == "done").await;
    assert!(service.terminate().success());
    let key = ["keys", "create", "--name", "shop", "--scope", "write", "--database-url", url];
    let (status, _, told) = crate::http_support::run(&key);
    assert!(status.success(), "{told}");
}

#[tokio::test(flavor = "multi_thread")]
async fn every_row_of_every_table_comes_back() {
    let url = crate::support::database().await;
    use_everything(&url).await;
    let before = content(&url).await;
    for (table, rows, _) in &before {
        assert!(*rows > 0, "nothing is shown of an empty table: {table}");
    }
    let place = Place::folder();
    place.back_up(&["--database-url", &url]);
    let empty = crate::support::database().await;
    place.restore(&["--database-url", &empty]);
    assert_eq!(content(&empty).await, before);

    let pools = [PgPool::connect(&url).await.expect("a pool"), PgPool::connect(&empty).await.expect("a pool")];
    let mut schemas = Vec::new();
    for pool in &pools {
        // Foreign keys, indexes and sequences are those that the migrations make.
        let schema: Vec<String> = sqlx::query_scalar(
            "select indexdef from pg_indexes where schemaname = 'public' \
             union all select conrelid::regclass || ' ' || pg_get_constraintdef(oid) from pg_constraint \
             where connamespace = 'public'::regnamespace and contype <> 'n' \
             union all select sequencename || ' ' || last_value from pg_sequences order by 1",
        )
        .fetch_all(pool)
        .await
        .expect("a schema");
        assert!(schema.len() > 20, "{schema:?}");
        schemas.push(schema);
    }
    assert_eq!(schemas[0], schemas[1]);
    // A second restore into it is refused, and leaves it as it is.
    let (status, _, told) = place.run(&["restore", "--from", &place.url, "--quiet", "--database-url", &empty]);
    assert_eq!(status, 2, "{told}");
    assert!(told.contains("not empty"), "{told}");
    assert_eq!(content(&empty).await, before);
}

#[tokio::test(flavor = "multi_thread")]
async fn every_table_of_the_migrations_is_classified() {
    let pool = crate::log_support::migrated(&crate::support::database().await).await;
    let tables: Vec<String> =
        sqlx::query_scalar("select tablename::text from pg_tables where schemaname = 'public' order by 1")
            .fetch_all(&pool)
            .await
            .expect("a list");
    let unknown: Vec<&String> = tables.iter().filter(|table| kind_of(table).is_none()).collect();
    assert!(unknown.is_empty(), "say in crates/backup/src/tables.rs what a backup does with {unknown:?}");
    let pieces = tables.iter().filter(|table| matches!(kind_of(table), Some(TableKind::Log | TableKind::Versions)));
    assert_eq!(pieces.count(), 2, "tables that are cut into pieces: {tables:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn two_services_with_one_schedule_make_one_backup_in_each_interval() {
    let url = crate::support::database().await;
    let place = Place::folder();
    let flags = ["--database-url", &url, "--backup-to", &place.url, "--backup-every", "2s", "--backup-keep", "2"];
    let services = [Service::start(flags), Service::start(flags)];
    services[0].post("/events", &batch(0)).await;
    let made = async |service: &Service| {
        let page = reqwest::get(format!("{}/metrics", service.url)).await.expect("a reply").text().await.expect("text");
        let line = page.lines().find(|line| line.starts_with("shelfmark_backups_total{outcome=\"done\"}"));
        line.and_then(|line| line.rsplit(' ').next()?.parse::<u64>().ok()).unwrap_or(0)
    };
    wait_until("three backups are made", async || made(&services[0]).await + made(&services[1]).await >= 3).await;
    let backups = place.backups();
    assert!((1..=2).contains(&backups.len()), "{backups:?}");
    let times: Vec<_> = backups.iter().map(|name| shelfmark_backup::time_of(name).expect("a time")).collect();
    assert!(times.windows(2).all(|pair| pair[1] - pair[0] >= std::time::Duration::from_secs(2)), "{backups:?}");
    for service in services {
        assert!(service.terminate().success());
    }
    let empty = crate::support::database().await;
    let restored = place.restore(&["--database-url", &empty]);
    assert_eq!(restored["verified"][0]["head"], 40);
}

/// Goal: who ends in order keeps nobody from the next backup. Method: backups of a command and then of a service are held
/// up by a lock on a table while they get SIGTERM; then another process makes one, without waiting for an end of the lease.
#[tokio::test(flavor = "multi_thread")]
async fn a_command_and_a_service_that_stop_during_a_backup_give_the_lease_back() {
    let url = crate::support::database().await;
    let place = Place::folder();
    let service = Service::start(["--database-url", &url]);
    service.post("/events", &batch(0)).await;
    assert!(service.terminate().success());
    let pool = sqlx::PgPool::connect(&url).await.expect("a pool");
    let mut holding = pool.begin().await.expect("a transaction");
    sqlx::query("lock table audit_log in access exclusive mode").execute(&mut *holding).await.expect("a lock");
    let held_up = async || {
        wait_until("the backup waits for the lock", async || {
            let waiting = "select exists (select from pg_locks where not granted and relation = 'audit_log'::regclass)";
            sqlx::query_scalar(waiting).fetch_one(&pool).await.expect("a flag")
        })
        .await;
    };
    let command = ["backup", "--to", &place.url, "--quiet", "--database-url", &url];
    let command = place.command(command).stderr(std::process::Stdio::piped()).spawn().expect("the binary starts");
    held_up().await;
    rustix::process::kill_process(rustix::process::Pid::from_child(&command), rustix::process::Signal::TERM)
        .expect("a signal");
    let ended = command.wait_with_output().expect("an end");
    let told = String::from_utf8_lossy(&ended.stderr);
    assert_eq!(ended.status.code(), Some(2), "{told}");
    assert!(told.contains("the backup was stopped before it was whole"), "{told}");
    let service = Service::start(["--database-url", &url, "--backup-to", &place.url]);
    held_up().await;
    let (status, _, told) = place.run(&["backup", "--to", &place.url, "--quiet", "--database-url", &url]);
    assert_eq!(status, 2, "{told}");
    assert!(told.contains("another backup runs, begun by the service at"), "{told}");
    assert!(service.terminate().success());
    holding.rollback().await.expect("the lock goes");
    assert_eq!(place.backups(), [""; 0], "half a backup is none");
    let done = place.back_up(&["--database-url", &url]);
    assert_eq!(done["backup"]["models"][0]["position"], 40, "{done}");
}

/// Goal: pieces are shared by backups of one history only. Method: two histories that part after a restore, with other
/// records at the same positions, in one place.
#[tokio::test(flavor = "multi_thread")]
async fn a_history_that_went_on_otherwise_after_a_restore_is_not_mixed_with_the_lost_one() {
    let lost = crate::support::database().await;
    let place = Place::folder();
    let service = Service::start(["--database-url", &lost]);
    service.post("/events", &batch(0)).await;
    service.post("/versions", &json!({})).await;
    place.back_up(&["--database-url", &lost]);
    let name = place.backups().remove(0);
    service.post("/events", &batch(1)).await;
    service.status_at(80).await;
    service.post("/versions", &json!({})).await;
    place.back_up(&["--database-url", &lost]);
    service.kill();

    let found = crate::support::database().await;
    place.restore(&["--database-url", &found, "--backup", &name]);
    let service = Service::start(["--database-url", &found]);
    service.post("/events", &batch(2)).await;
    service.status_at(80).await;
    service.post("/versions", &json!({})).await;
    place.back_up(&["--database-url", &found]);
    assert!(service.terminate().success());
    place.back_up(&["--database-url", &found]);
    let empty = crate::support::database().await;
    let restored = place.restore(&["--database-url", &empty, "--replay"]);
    assert_eq!(restored["verified"][0]["problems"], json!([]), "{restored:#}");
    assert_eq!(content(&empty).await, content(&found).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_backup_of_an_earlier_release_is_migrated_by_the_restore() {
    let earlier = PgPool::connect(&crate::support::database().await).await.expect("a pool");
    let newest = shelfmark_postgres::newest_migration();
    let mut session = earlier.acquire().await.expect("a session");
    shelfmark_postgres::migrate_through(&mut session, newest - 1).await.expect("migrated");
    sqlx::query("insert into api_keys (name, hash, scope) values ('old', sha256('key'), 'write')")
        .execute(&mut *session)
        .await
        .expect("a key");
    drop(session);
    let place = Place::folder();
    let address = place.url.parse().expect("an address");
    let store = shelfmark_backup::Store::open(&address, &shelfmark_backup::StoreSettings::default()).expect("a store");
    let settings = shelfmark_backup::BackupSettings {
        keep: None,
        lease: std::time::Duration::from_secs(60),
        owner: "a test".to_owned(),
        after: None,
    };
    shelfmark_backup::back_up(&earlier, &store, &settings, &|_| {}, std::future::pending()).await.expect("a backup");

    let later = crate::support::database().await;
    place.restore(&["--database-url", &later]);
    let pool = PgPool::connect(&later).await.expect("a pool");
    let (key, schema): (String, i64) =
        sqlx::query_as("select (select name from api_keys), (select max(version) from _sqlx_migrations)")
            .fetch_one(&pool)
            .await
            .expect("a row");
    assert_eq!((key.as_str(), schema), ("old", newest));
}
