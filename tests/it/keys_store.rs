//! Goal: keys are recognised, taken back and never kept in the clear. Method: two stores on one real Postgres.

use std::time::Duration;

use crate::log_support::migrated;
use shelfmark_domain::{ModelName, Origin, Scope, Timestamp};
use shelfmark_store::keys::{KeyError, KeyStore, NewKey};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_key_is_recognised_until_it_is_taken_back_and_never_kept() {
    let pool = migrated(&crate::support::database().await).await;
    let shutdown = CancellationToken::new();
    let tracker = TaskTracker::new();
    let here = KeyStore::open(pool.clone(), shutdown.clone(), &tracker).await.expect("open");
    let elsewhere = KeyStore::open(pool.clone(), shutdown.clone(), &tracker).await.expect("open");
    assert!(here.is_empty());
    assert_eq!(here.authenticate(""), None);

    let model = ModelName::new("default").expect("a name");
    let (reader, _) =
        here.create(&NewKey { model: Some(model), ..NewKey::new("reader", Scope::Read) }).await.expect("made");
    let (admin, kept) = here.create(&NewKey::new("admin", Scope::Admin)).await.expect("made");
    assert!(reader.reveal().starts_with("sm_") && reader.reveal().len() == 3 + 64);
    assert_ne!(reader.reveal(), admin.reveal());
    assert_eq!(here.authenticate(admin.reveal()), Some(kept.clone()), "at once where it was made");
    let found = here.authenticate(reader.reveal()).expect("recognised");
    assert_eq!((found.name.as_str(), found.scope, found.model.as_deref()), ("reader", Scope::Read, Some("default")));
    for wrong in [&admin.reveal()[..66], &admin.reveal().to_uppercase(), "sm_", &"x".repeat(100_000)] {
        assert_eq!(here.authenticate(wrong), None);
    }
    let deadline = tokio::time::Instant::now() + Duration::from_secs(20);
    while elsewhere.authenticate(admin.reveal()).is_none() {
        assert!(tokio::time::Instant::now() < deadline, "the other process learns of it");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    assert!(!elsewhere.is_empty());

    assert!(matches!(here.create(&NewKey::new("admin", Scope::Read)).await, Err(KeyError::NameTaken(_))));
    assert!(matches!(here.create(&NewKey::new("", Scope::Read)).await, Err(KeyError::Field(_))));
    let past = here.create(&NewKey { expires_at: Some(Timestamp::now()), ..NewKey::new("past", Scope::Read) }).await;
    assert!(matches!(past, Err(KeyError::Field(error)) if error.to_string().contains("expires_at")));
    let soon = Timestamp::from_micros(Timestamp::now().micros() + 1_000_000).expect("a time");
    let (_, expiring) =
        here.create(&NewKey { expires_at: Some(soon), ..NewKey::new("expiring", Scope::Export) }).await.expect("made");
    assert_eq!((expiring.expires_at, expiring.is_expired(Timestamp::now())), (Some(soon), false));
    assert!(expiring.is_expired(soon));
    here.revoke("expiring").await.expect("taken back");
    let names: Vec<String> = here.list().await.expect("a list").into_iter().map(|key| key.name).collect();
    assert_eq!(names, ["admin", "reader"]);

    // A key for pages opens its own model to its own origins, and only while it lives.
    let origin = Origin::new("origin", "https://shop.example").expect("an origin");
    let shop = ModelName::new("shop").expect("a name");
    let page = NewKey { model: Some(shop), origins: vec![origin.clone()], ..NewKey::new("page", Scope::Ingest) };
    let (secret, made) = here.create(&page).await.expect("made");
    assert_eq!((&made.origins[..], made.requests_per_second), (&[origin][..], Some(50)));
    assert_eq!(here.authenticate(secret.reveal()), Some(made), "as it was stored");
    let allows = |origin: &str, scope, model: &str| here.allows_origin(origin, scope, model);
    assert!(allows("https://shop.example", Scope::Ingest, "shop"));
    assert!(!allows("https://evil.example", Scope::Ingest, "shop"));
    assert!(!allows("https://shop.example", Scope::Recommend, "shop"));
    assert!(!allows("https://shop.example", Scope::Ingest, "other"));
    here.revoke("page").await.expect("taken back");
    assert!(!here.allows_origin("https://shop.example", Scope::Ingest, "shop"));

    // Neither the table nor any Debug text holds a secret, or the hash.
    let table: String =
        sqlx::query_scalar("select string_agg(k::text, ' ') from api_keys k").fetch_one(&pool).await.expect("read");
    let shown = format!("{admin:?} {kept:?} {table}");
    assert!(!shown.contains(&admin.reveal()[3..]), "{shown}");
    assert!(shown.contains("Secret(..)") && shown.contains("KeyHash(..)"));

    here.revoke("admin").await.expect("taken back");
    assert_eq!(here.authenticate(admin.reveal()), None, "at once where it was taken back");
    assert!(matches!(here.revoke("admin").await, Err(KeyError::NotFound(_))));
    let deadline = tokio::time::Instant::now() + Duration::from_secs(20);
    while elsewhere.authenticate(admin.reveal()).is_some() {
        assert!(tokio::time::Instant::now() < deadline, "the other process learns of it");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    shutdown.cancel();
    tracker.close();
    tokio::time::timeout(Duration::from_secs(10), tracker.wait()).await.expect("ends");
}
