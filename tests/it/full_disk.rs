//! Goal: on a disk that is really full, the service with its own Postgres starts after a crash, serves reads, refuses
//! events by name and says why, again and again, and takes events once there is room. Method: the real binary on a
//! small file system in memory, which only root can mount.

use std::{
    fs::{self, File},
    io::Write,
    path::{Path, PathBuf},
    process::{Command, Stdio},
    time::{Duration, Instant},
};

use crate::http_support::{PATIENCE, Service, answered, folder, problem};
use reqwest::Method;
use serde_json::{Value, json};

const RESERVE_BYTES: u64 = 64 << 20;

/// File system of 320 MiB, unmounted at the end.
struct SmallDisk(PathBuf);

impl SmallDisk {
    /// `None` when this user must not mount.
    fn mount(at: &Path) -> Option<Self> {
        let mut mount = Command::new("mount");
        mount.args(["-t", "tmpfs", "-o", "size=320m,mode=755", "shelfmark-test"]).arg(at).stderr(Stdio::null());
        mount.status().is_ok_and(|status| status.success()).then(|| Self(at.to_owned()))
    }

    /// Writes until nothing more fits.
    fn fill(&self) {
        let mut file = File::options().append(true).create(true).open(self.0.join("others")).expect("a file");
        for size in [1 << 20, 4096] {
            while file.write_all(&vec![1; size]).is_ok() {}
        }
    }

    fn make_room(&self) {
        fs::remove_file(self.0.join("others")).expect("removed");
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        let unmounted = Command::new("umount").arg("--lazy").arg(&self.0).status();
        assert!(unmounted.is_ok_and(|status| status.success()), "the disk is unmounted");
    }
}

/// Kills every process that works in the cluster's folder, as a crash of the machine does.
fn kill_postgres(data_dir: &Path) {
    let cluster = data_dir.join("postgres/data");
    let deadline = Instant::now() + PATIENCE;
    loop {
        let processes = fs::read_dir("/proc").expect("Linux").flatten();
        let left: Vec<String> = processes
            .filter(|process| fs::read_link(process.path().join("cwd")).is_ok_and(|works_in| works_in == cluster))
            .map(|process| process.file_name().to_string_lossy().into_owned())
            .collect();
        if left.is_empty() {
            return;
        }
        let _some_end_meanwhile = Command::new("kill").arg("-KILL").args(&left).stderr(Stdio::null()).status();
        assert!(Instant::now() < deadline, "{left:?} still run");
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// Asks until the answer's status is 2xx.
async fn until_answered(request: impl Fn() -> reqwest::RequestBuilder) -> Value {
    let deadline = Instant::now() + PATIENCE;
    loop {
        let response = request().send().await.expect("an answer");
        let status = response.status();
        let body: Value = response.json().await.expect("json");
        if status.is_success() {
            return body;
        }
        assert!(Instant::now() < deadline, "{status}: {body}");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

/// Sends large events until one is refused, as each is that finds no room, and `/readyz` names the disk. What Postgres
/// has allocated already may take some. Returns the last position that was acknowledged.
async fn fill_with_events(service: &Service, mut position: u64) -> u64 {
    let properties = json!({"note": "x".repeat(8_000)});
    let event = json!({"user": "ann", "item": "kettle", "kind": "click", "properties": properties});
    let events = json!({"events": vec![event; 20]});
    let deadline = Instant::now() + PATIENCE;
    loop {
        let request = service.request(Method::POST, "events").json(&events);
        let response = request.try_clone().expect("a body in memory").send().await.expect("an answer");
        if response.status().as_u16() != 202 {
            break;
        }
        let reply: Value = response.json().await.expect("json");
        position = reply["position"].as_u64().expect("a position");
        assert!(Instant::now() < deadline, "the disk is full");
    }
    let request = || service.request(Method::POST, "events").json(&events);
    problem(request(), 503, "database_unavailable").await;
    loop {
        let response = service.request(Method::GET, "/readyz").send().await.expect("an answer");
        let (status, body) = (response.status().as_u16(), response.json::<Value>().await.expect("json"));
        if status == 503 && body["reasons"].to_string().contains("the disk of the database is full") {
            return position;
        }
        assert!(Instant::now() < deadline, "/readyz is {status}: {body}");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_service_starts_on_a_full_disk_and_serves_reads() {
    let folder = folder();
    let Some(disk) = SmallDisk::mount(folder.path()) else {
        eprintln!("ignored: only root can mount the small disk of this test");
        return;
    };
    let data_dir = folder.path().join("data");
    let args = ["--data-dir", data_dir.to_str().expect("text")];
    let mut service = Service::start_with(&args).await;
    let mut position = service.clicks("ann", &["kettle", "teapot"]).await;
    let reserve = data_dir.join("postgres/disk-reserve");
    assert_eq!(fs::metadata(&reserve).expect("the reserve").len(), RESERVE_BYTES);

    disk.fill();
    for round in 0..3 {
        service.kill();
        kill_postgres(&data_dir);
        // Others take what the crash released.
        disk.fill();
        let log = tempfile::NamedTempFile::new().expect("a file on another disk");
        service = Service::spawn_with_log(&args, log.reopen().expect("opens").into());
        let deadline = Instant::now() + PATIENCE;
        while until_answered(|| service.request(Method::GET, "")).await["position"] != position {
            assert!(Instant::now() < deadline, "the log is learned in round {round}");
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        let query = service.request(Method::POST, "recommendations").json(&json!({"user": "ann"}));
        answered(query, 200).await;
        assert!(fs::metadata(&reserve).expect("some of the reserve is taken back").len() > 0, "round {round}");
        let said = fs::read_to_string(log.path()).expect("text");
        assert!(said.contains("postgres.disk_reserve_released: the disk is full, make room"), "round {round}: {said}");
        position = fill_with_events(&service, position).await;
        let query = service.request(Method::POST, "recommendations").json(&json!({"user": "ann"}));
        answered(query, 200).await;
    }

    disk.make_room();
    until_answered(|| service.request(Method::GET, "/readyz")).await;
    service.clicks("ann", &["kettle"]).await;
    let deadline = Instant::now() + PATIENCE;
    while fs::metadata(&reserve).map_or(0, |file| file.len()) < RESERVE_BYTES {
        assert!(Instant::now() < deadline, "the reserve is whole again");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    service.kill();
    kill_postgres(&data_dir);
}
