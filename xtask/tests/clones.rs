//! Goal: `cargo xtask` acts on the clone that it is called in, whatever was moved, copied or shared, and what it builds
//! runs without the cache folder. Method: clones of a tiny workspace with the real xtask, cargo configuration and build
//! script, whose service prints its clone's name; a cache folder with empty files for libtorch, so that nothing is
//! fetched.

#![expect(clippy::unwrap_used, reason = "helpers of tests may fail the test")]
#![expect(clippy::disallowed_methods, reason = "ages of files are times of the clock")]

use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::time::{Duration, SystemTime};

const MANIFEST: &str = r#"
[workspace]
members = ["part", "xtask"]
resolver = "3"
[workspace.package]
version = "0.1.0"
edition = "2024"
rust-version = "1.95"
license = "MIT"
[workspace.lints.rust]
unsafe_code = "forbid"
[package]
name = "shelfmark"
version = "0.1.0"
edition = "2024"
build = "build.rs"
[dependencies]
part = { path = "part" }
"#;
const MAIN: &str =
    r#"fn main() { println!("NAME and {} {:?}", part::name(), std::env::args().skip(1).collect::<Vec<_>>()) }"#;

/// A folder for clones and their cache; it goes with its value.
struct Scene(PathBuf);

impl Scene {
    fn new(name: &str) -> Self {
        let folder = env::temp_dir().join(format!("shelfmark-clones-{name}-{}", std::process::id()));
        fs::create_dir_all(&folder).unwrap();
        let scene = Self(folder.canonicalize().unwrap());
        let libtorch = scene.cache().join("libtorch-2.13.0-cpu");
        fs::create_dir_all(libtorch.join("torch/include/torch")).unwrap();
        let files =
            ["torch/lib/libtorch.so", "torch/lib/libtorch_cpu.so", "torch/lib/libc10.so", "nvidia/cu13/lib/a.so"];
        for file in files {
            write(&libtorch.join(file), "library");
        }
        write(&libtorch.join(".inventory"), &files.map(|file| format!("7 {file}\n")).concat());
        scene
    }

    fn cache(&self) -> PathBuf {
        self.0.join("cache")
    }

    /// A clone whose service prints `name`. Its sources are old, as those of a clone that is built again are.
    fn clone(&self, name: &str) -> PathBuf {
        let real = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
        let clone = self.0.join(name);
        for part in [
            "xtask/Cargo.toml",
            "xtask/src",
            ".cargo/config.toml",
            ".cargo/before-setup.toml",
            ".cargo/libtorch-missing",
        ] {
            copy(&real.join(part), &clone.join(part));
        }
        let script =
            ["build.rs", "build/libtorch.rs"].map(|path| real.join(path)).into_iter().find(|path| path.is_file());
        copy(&script.expect("the build script"), &clone.join("build.rs"));
        fs::create_dir_all(clone.join("migrations")).unwrap();
        write(&clone.join("Cargo.toml"), MANIFEST);
        write(&clone.join("src/main.rs"), &MAIN.replace("NAME", name));
        write(&clone.join("part/Cargo.toml"), "[package]\nname = \"part\"\nversion = \"0.1.0\"\nedition = \"2024\"\n");
        write(&clone.join("part/src/lib.rs"), &format!("pub fn name() -> &'static str {{ \"{name}\" }}"));
        age(&clone);
        clone
    }

    /// cargo in `folder`, as a terminal there would run it: the test's own cargo left traces in the environment.
    fn cargo(&self, folder: &Path, args: &[&str]) -> Command {
        let mut cargo = Command::new("cargo");
        for (name, _) in env::vars_os() {
            let text = name.to_string_lossy();
            let of_cargo = text.starts_with("CARGO") && !["CARGO_HOME", "CARGO_NET_OFFLINE"].contains(&text.as_ref());
            if of_cargo
                || text.starts_with("SHELFMARK_")
                || ["LIBTORCH", "DATABASE_URL", "RUSTFLAGS"].contains(&text.as_ref())
            {
                cargo.env_remove(&name);
            }
        }
        cargo
            .current_dir(folder)
            .args(args)
            .env("SHELFMARK_CACHE_DIR", self.cache())
            .env("SHELFMARK_POSTGRES_BIN", "/none");
        cargo
    }

    /// What `cargo xtask serve hello` prints in `folder`.
    fn serve(&self, folder: &Path) -> String {
        said(&self.cargo(folder, &["xtask", "serve", "hello"]).output().unwrap())
    }
}

impl Drop for Scene {
    fn drop(&mut self) {
        let _left_over = fs::remove_dir_all(&self.0);
    }
}

#[test]
fn a_moved_and_a_copied_clone_build_and_serve_themselves() {
    let scene = Scene::new("moved");
    let first = scene.clone("first");
    assert_eq!(
        scene.serve(&first.join("xtask/src")),
        "first and first [\"serve\", \"hello\"]\n",
        "from a folder inside"
    );

    let moved = scene.0.join("moved");
    fs::rename(&first, &moved).unwrap();
    write(&moved.join("part/src/lib.rs"), "pub fn name() -> &'static str { \"moved\" }");
    assert_eq!(scene.serve(&moved), "first and moved [\"serve\", \"hello\"]\n");
    assert!(!first.exists(), "nothing is written where the clone was");

    let copied = scene.0.join("copied");
    let status = Command::new("cp").arg("-a").args([&moved, &copied]).status().unwrap();
    assert!(status.success());
    write(&copied.join("part/src/lib.rs"), "pub fn name() -> &'static str { \"copied\" }");
    let output = scene.cargo(&copied, &["xtask", "serve", "hello"]).output().unwrap();
    assert_eq!(said(&output), "first and copied [\"serve\", \"hello\"]\n");
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(!errors.contains("holds crates of"), "its own target folder came with it: {errors}");
    assert_eq!(scene.serve(&moved), "first and moved [\"serve\", \"hello\"]\n");
}

#[test]
fn clones_with_one_target_folder_build_and_serve_themselves() {
    let scene = Scene::new("shared");
    let (one, other) = (scene.clone("one"), scene.clone("other"));
    let main = other.join("xtask/src/main.rs");
    write(&main, &fs::read_to_string(&main).unwrap().replace("Usage:", "Usage in the other:"));
    age(&other);
    let target = scene.0.join("target");
    let run = |clone: &Path, args: &[&str]| scene.cargo(clone, args).env("CARGO_TARGET_DIR", &target).output().unwrap();
    for _ in 0..2 {
        for (clone, name, help) in [(&one, "one", "Usage: "), (&other, "other", "Usage in the other: ")] {
            assert_eq!(said(&run(clone, &["xtask", "serve"])), format!("{name} and {name} [\"serve\"]\n"));
            assert!(said(&run(clone, &["xtask", "help"])).starts_with(help));
        }
    }
    // Without xtask nobody compiles again by himself, so it is refused in words.
    let refused = run(&one, &["build", "--release"]);
    let errors = String::from_utf8_lossy(&refused.stderr);
    assert!(
        !refused.status.success()
            && errors.contains("holds crates of")
            && errors.contains("`cargo clean --workspace --release`"),
        "{errors}"
    );
    said(&run(&one, &["clean", "--workspace", "--release"]));
    said(&run(&one, &["build", "--release"]));
}

#[test]
fn a_build_keeps_the_libraries_when_the_cache_folder_is_removed() {
    let scene = Scene::new("cache");
    let clone = scene.clone("kept");
    scene.serve(&clone);
    fs::remove_dir_all(scene.cache()).unwrap();
    for name in ["libtorch_cpu.so", "libc10.so", "a.so"] {
        let kept = clone.join("target/release/libtorch").join(name);
        assert_eq!(fs::read_to_string(&kept).unwrap_or_default(), "library", "{}", kept.display());
    }

    let own = scene.0.join("own");
    for file in ["lib/libtorch.so", "lib/libtorch_cpu.so", "lib/libc10.so", "include/torch/a.h"] {
        write(&own.join(file), "own");
    }
    said(&scene.cargo(&clone, &["xtask", "serve"]).env("LIBTORCH", &own).output().unwrap());
    assert!(!clone.join("target/release/libtorch").exists(), "a user's own libtorch is used where it is");
}

#[test]
fn without_a_network_the_error_says_what_to_do() {
    let scene = Scene::new("offline");
    let clone = scene.clone("offline");
    fs::remove_dir_all(scene.cache()).unwrap();
    let mut cargo = scene.cargo(&clone, &["xtask", "setup"]);
    // Nobody listens on the port of tcpmux.
    cargo
        .env("PIP_INDEX_URL", "http://127.0.0.1:1/simple")
        .env("PIP_CONFIG_FILE", "/dev/null")
        .env("NO_PROXY", "127.0.0.1");
    let output = cargo.output().unwrap();
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(!output.status.success());
    for words in ["could not fetch torch==2.13.0", "HTTPS_PROXY", "set LIBTORCH to an unpacked libtorch 2.13.0"] {
        assert!(errors.contains(words), "{words} is not in: {errors}");
    }
}

/// The standard output of a program that ended well.
fn said(output: &Output) -> String {
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{}: {errors}", output.status);
    String::from_utf8_lossy(&output.stdout).into_owned()
}

fn write(path: &Path, text: &str) {
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, text).unwrap();
}

fn copy(from: &Path, to: &Path) {
    if from.is_dir() {
        for entry in fs::read_dir(from).unwrap() {
            let entry = entry.unwrap();
            copy(&entry.path(), &to.join(entry.file_name()));
        }
    } else {
        fs::create_dir_all(to.parent().unwrap()).unwrap();
        fs::copy(from, to).unwrap();
    }
}

/// Makes every file below `folder` an hour old.
fn age(folder: &Path) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            age(&path);
        } else {
            let file = fs::File::options().write(true).open(&path).unwrap();
            file.set_modified(SystemTime::now() - Duration::from_secs(3600)).unwrap();
        }
    }
}
