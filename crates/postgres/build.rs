//! Build script that writes the list of migrations as Rust, for `src/migrations.rs`. `sqlx::migrate!` would do the
//! same, but its macro crate compiles sqlx a second time for the host, which takes a minute of every first build.

use std::{env, fs, path::Path};

fn main() {
    let root = env::var("CARGO_MANIFEST_DIR").expect("cargo says where the crate is");
    let folder =
        Path::new(&root).join("../../migrations").canonicalize().expect("the workspace has a folder migrations");
    println!("cargo:rerun-if-changed={}", folder.display());

    let mut files: Vec<_> = fs::read_dir(&folder)
        .expect("the folder can be read")
        .map(|entry| entry.expect("the folder can be read").path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "sql"))
        .collect();
    files.sort();
    let entries: Vec<String> = files
        .iter()
        .map(|path| {
            let name = path.file_stem().and_then(|name| name.to_str()).expect("a name in UTF-8");
            let (number, description) = name.split_once('_').expect("a name such as 0001_models.sql");
            let number: i64 = number.parse().expect("a name that begins with a number");
            println!("cargo:rerun-if-changed={}", path.display());
            format!("    ({number}, {:?}, include_str!({:?})),\n", description.replace('_', " "), path)
        })
        .collect();
    let out = env::var("OUT_DIR").expect("cargo says where to write");
    fs::write(Path::new(&out).join("migrations.rs"), format!("&[\n{}]\n", entries.concat())).expect("a written file");
}
