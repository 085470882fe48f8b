//! The web console, from outside: how its files are served, and what it does in a real browser.
//!
//! Goal: what a person does from the first minute to a rollback works. Method: the scenarios of `console/tests/browser`
//! drive a Chromium against the real binary. Without Node, a Chromium or a built console they are skipped, and the
//! reason is printed. In `.ci/run` they fail then.

use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::service::Service;
use tokio::process::Command;

fn console() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("console")
}

/// A program by a variable, else of these names on PATH.
fn program(variable: &str, names: &[&str]) -> Option<PathBuf> {
    if let Some(chosen) = std::env::var_os(variable) {
        return Some(chosen.into());
    }
    let path = std::env::var_os("PATH")?;
    let places = std::env::split_paths(&path).flat_map(|folder| names.iter().map(move |name| folder.join(name)));
    places.into_iter().find(|place| place.is_file())
}

/// Browsers that run at once: a second one would slow both, since each has a few processes that draw without a GPU.
static ONE_BROWSER: tokio::sync::Mutex<()> = tokio::sync::Mutex::const_new(());

/// Longest time of a group, which takes one to three minutes.
const SCENARIOS_TIME_MAX: Duration = Duration::from_mins(15);

/// Runs a group of scenarios against a service of its own.
async fn browse(group: &'static str, args: &[&str]) {
    let skipped = |why: &str| {
        assert!(std::env::var_os("SHELFMARK_CI").is_none(), "{why}");
        println!("skipped: {why}");
    };
    let Some(node) = program("SHELFMARK_NODE", &["node"]) else { return skipped("there is no Node") };
    let Some(browser) = program("SHELFMARK_CHROMIUM", &["chromium", "chromium-browser", "google-chrome"]) else {
        return skipped("there is no Chromium; on Debian: apt-get install -y --no-install-recommends chromium");
    };
    if !console().join("node_modules/playwright-core").is_dir() {
        return skipped("console/node_modules is not there; `cargo xtask setup` makes it");
    }
    let _alone = ONE_BROWSER.lock().await;
    let folder = tempfile::tempdir().expect("a folder");
    let service = Service::start_in(folder.path(), args);
    let page = reqwest::get(format!("{}/console/", service.url)).await.expect("an answer");
    if page.status() == 404 {
        return skipped("the binary has no console; `cargo xtask setup` builds it");
    }
    let mut run = Command::new(node);
    run.arg(console().join("tests/browser/run.mjs")).arg(group);
    run.arg(&service.url).arg(env!("CARGO_BIN_EXE_shelfmark")).arg(folder.path()).arg(browser);
    if let Some(screenshots) = std::env::var_os("SHELFMARK_SCREENSHOTS") {
        run.arg(screenshots);
    }
    let ran = tokio::time::timeout(SCENARIOS_TIME_MAX, run.kill_on_drop(true).output());
    let ran = ran.await.expect("the scenarios end in time").expect("Node runs");
    let told = format!("{}{}", String::from_utf8_lossy(&ran.stdout), String::from_utf8_lossy(&ran.stderr));
    println!("{told}");
    assert!(ran.status.success(), "{told}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_person_gets_from_the_first_minute_to_a_rollback_in_a_browser() {
    browse("journey", &[]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn every_view_is_accessible_and_fits_in_light_and_hostile_titles_never_run() {
    browse("light", &[]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn every_view_is_accessible_and_fits_in_dark() {
    browse("dark", &[]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_console_stands_lost_connections_proxies_keys_and_many_points() {
    browse("rough", &["--console-images"]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn pictures_of_other_sites_need_a_flag_and_tls() {
    let mut policies = Vec::new();
    for args in [[].as_slice(), ["--console-images"].as_slice()] {
        let folder = tempfile::tempdir().expect("a folder");
        let service = Service::start_in(folder.path(), args);
        let answer = reqwest::get(format!("{}/console/", service.url)).await.expect("an answer");
        policies.push(answer.headers()["content-security-policy"].to_str().expect("text").to_owned());
        let about: serde_json::Value =
            reqwest::get(format!("{}/v1", service.url)).await.expect("an answer").json().await.expect("JSON");
        assert_eq!(about["console_images"], !args.is_empty());
    }
    assert!(!policies[0].contains("img-src"), "{}", policies[0]);
    assert_eq!(policies[1].replace(" img-src 'self' https:;", ""), policies[0], "nothing else is allowed");
}

/// With the console and without it: what is served has a policy without exceptions, and files are kept by their names.
#[tokio::test(flavor = "multi_thread")]
async fn files_are_served_with_a_strict_policy_and_are_kept_by_their_names() {
    let folder = tempfile::tempdir().expect("a folder");
    let service = Service::start_in(folder.path(), &[]);
    let client = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).build().expect("a client");
    let get = |path: &str| client.get(format!("{}{path}", service.url));
    let answer = get("/console").send().await.expect("an answer");
    assert_eq!(answer.status(), 308);
    assert_eq!(answer.headers()["location"], "console/");
    let answer = get("/console/").send().await.expect("an answer");
    let policy = answer.headers()["content-security-policy"].to_str().expect("text").to_owned();
    assert!(policy.starts_with("default-src 'self';") && !policy.contains("unsafe"), "{policy}");
    if answer.status() == 404 {
        let page = answer.text().await.expect("a page");
        assert!(page.contains("cargo xtask setup"), "{page}");
        return;
    }
    assert_eq!(answer.headers()["cache-control"], "no-cache");
    let tag = answer.headers()["etag"].to_str().expect("text").to_owned();
    let again = get("/console/").header("if-none-match", &tag).send().await.expect("an answer");
    assert_eq!((again.status().as_u16(), again.content_length()), (304, Some(0)));
    let page = answer.text().await.expect("a page");
    assert!(!page.contains("<script>") && !page.contains("style=") && !page.contains("=\"/"), "{page}");
    let script = page.split('"').find(|part| part.ends_with(".js")).expect("a script").trim_start_matches('.');
    let plain = get(&format!("/console{script}")).send().await.expect("an answer");
    assert_eq!(plain.headers()["cache-control"], "public, max-age=31536000, immutable");
    assert_eq!(plain.headers()["content-type"], "text/javascript; charset=utf-8");
    let packed = get(&format!("/console{script}")).header("accept-encoding", "br").send().await.expect("an answer");
    assert_eq!(packed.headers()["content-encoding"], "br");
    assert_ne!(packed.headers()["etag"], plain.headers()["etag"], "each form has its own tag");
    let (plain, packed) = (plain.bytes().await.expect("bytes").len(), packed.bytes().await.expect("bytes").len());
    assert!(packed * 2 < plain && packed < 200 << 10, "{packed} of {plain}");
    for missing in ["/console/none.js", "/console/assets/../../Cargo.toml", "/console/index.html.br"] {
        assert_eq!(get(missing).send().await.expect("an answer").status(), 404, "{missing}");
    }
}
