//! Goal: a restore that is cut off is never taken for an empty database. Method: the real binary with a damaged object,
//! and killed at two places; then every kind of command on what it left, and the restore once more.

use std::{
    fs,
    path::Path,
    process::Stdio,
    time::{Duration, Instant},
};

use serde_json::json;

use crate::{
    backup_support::Place,
    service::{PATIENCE, Service, data_dir},
};

const MARK: &str = "restore-unfinished";

/// A place with a backup of some records.
async fn backed_up() -> Place {
    let url = crate::support::database().await;
    let service = Service::start(["--database-url", &url]);
    let event = |n: u64| json!({"event_id": format!("e{n}"), "user": "u", "item": format!("i{n}"), "kind": "click"});
    service.post("/events", &json!({"events": (0..40).map(event).collect::<Vec<_>>()})).await;
    let place = Place::folder();
    place.back_up(&["--database-url", &url]);
    place
}

/// Requires that every command refuses the folder with a word of what to do, and leaves it as it is.
fn refused_by_all(place: &Place, folder: &str, cut_off: &str) {
    let commands: [&[&str]; 5] = [
        &["serve", "--listen", "127.0.0.1:0", "--data-dir", folder],
        &["serve", "--read-only", "--listen", "127.0.0.1:0", "--data-dir", folder],
        &["verify", "--quiet", "--data-dir", folder],
        &["keys", "list", "--data-dir", folder],
        &["keys", "create", "--name", "k", "--scope", "admin", "--data-dir", folder],
    ];
    for command in commands {
        let (status, out, told) = place.run(command);
        assert_ne!(status, 0, "{cut_off}, {command:?}: {out}");
        assert_eq!(out, "", "{cut_off}, {command:?}");
        // Before there is a cluster, what needs one says that there is none.
        let has_cluster = Path::new(folder).join("postgres/data").exists();
        let says = told.contains("has not finished") && told.contains("run `shelfmark restore` into it again");
        assert!(says || !has_cluster && told.contains("holds no database"), "{cut_off}, {command:?}: {told}");
        assert!(says || command[0] != "serve", "{cut_off}, {command:?}: {told}");
        assert!(Path::new(folder).join(MARK).exists(), "{cut_off}, {command:?}");
    }
}

/// Restores into the folder once more, and serves it.
async fn restored_at_last(place: &Place, folder: &str) {
    let restored = place.restore(&["--data-dir", folder]);
    assert_eq!(restored["verified"][0]["head"], 40, "{restored}");
    assert!(!Path::new(folder).join(MARK).exists());
    let service = Service::start_in(Path::new(folder), &[]);
    service.status_at(40).await;
    assert!(service.terminate().success());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_folder_of_a_restore_that_failed_is_refused_until_a_restore_is_whole() {
    let place = backed_up().await;
    let object = place.objects("log").remove(0);
    let whole = fs::read(&object).expect("there");
    fs::write(&object, &whole[1..]).expect("written");
    let found = data_dir();
    let folder = found.0.path().to_str().expect("text");
    let (status, _, told) = place.run(&["restore", "--from", &place.url, "--quiet", "--data-dir", folder]);
    assert_eq!(status, 2, "{told}");
    assert!(told.contains("nothing was restored into") && told.contains("damaged"), "{told}");
    refused_by_all(&place, folder, "a damaged object");
    fs::write(&object, &whole).expect("written");
    restored_at_last(&place, folder).await;
    // A folder that is in use is refused without a mark: what it holds goes on.
    let (status, _, told) = place.run(&["restore", "--from", &place.url, "--quiet", "--data-dir", folder]);
    assert_eq!(status, 2, "{told}");
    assert!(!found.0.path().join(MARK).exists() && !told.contains("nothing was restored into"), "{told}");
    // Killed after the commit and before the mark was removed: the tables say that it is whole.
    fs::write(found.0.path().join(MARK), "").expect("written");
    let service = Service::start_in(found.0.path(), &[]);
    service.status_at(40).await;
    assert!(!found.0.path().join(MARK).exists());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_folder_of_a_restore_that_was_killed_is_refused_until_a_restore_is_whole() {
    let place = backed_up().await;
    for reached in [MARK, "postgres/data/postmaster.pid"] {
        let found = data_dir();
        let folder = found.0.path().to_str().expect("text");
        let restore = ["restore", "--from", &place.url, "--quiet", "--data-dir", folder];
        let mut restore =
            place.command(restore).stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("the binary runs");
        let deadline = Instant::now() + PATIENCE;
        while !found.0.path().join(reached).exists() {
            assert!(Instant::now() < deadline && restore.try_wait().expect("a status").is_none(), "{reached}");
            std::thread::sleep(Duration::from_millis(2));
        }
        restore.kill().expect("a signal");
        restore.wait().expect("an end");
        refused_by_all(&place, folder, reached);
        restored_at_last(&place, folder).await;
    }
}
