//! The rules of the source tree that the compiler does not know: which room of the service may import which, which
//! crate may depend on which, where libtorch may be named, how long a file may be, what every crate and folder says of
//! itself. Method: read manifests and sources as text, and compare them with the tables of docs/ARCHITECTURE.md.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

/// They may import everything.
const EVERYTHING: [&str; 2] = ["main", "lib"];

/// The only crate that depends on libtorch.
const TORCH_CRATE: &str = "learner";

/// A module, and the other modules of its crate that it may import.
type Module = (&'static str, &'static [&'static str]);

/// Crates that are several modules.
const MODULES: [(&str, &[Module]); 3] = [
    (
        "store",
        &[
            ("audit", &[]),
            ("keys", &[]),
            ("model_catalog", &[]),
            ("operations", &[]),
            ("processes", &[]),
            ("versions", &[]),
        ],
    ),
    ("monitor", &[("health", &[]), ("diff", &["health"]), ("map", &[]), ("forensics", &[])]),
    ("datasets", &[("feeds", &["messages"]), ("messages", &[]), ("vectors", &["feeds"])]),
];

const LINES_MAX: usize = 400;
/// Longer files, each with its own bound and its reason.
const LONG_FILES: [(&str, usize, &str); 1] = [(
    "tests/it/http_contract.rs",
    460,
    "the whole contract against one running service, in the order of docs/reference/http-api.md",
)];

struct Source {
    path: PathBuf,
    text: String,
}

impl Source {
    /// Without comments and without the test module at its end.
    fn code(&self) -> String {
        let end = self.text.find("#[cfg(test)]").unwrap_or(self.text.len());
        let lines = self.text[..end].lines();
        let code: Vec<&str> = lines.filter(|line| !line.trim_start().starts_with("//")).collect();
        code.join("\n")
    }

    /// The room of `FOLDER/room/...` or `FOLDER/room.rs`.
    fn room(&self, folder: &str) -> String {
        let below = self.path.strip_prefix(folder).expect("a file of the folder");
        let first = below.components().next().expect("a name").as_os_str().to_string_lossy();
        first.trim_end_matches(".rs").to_owned()
    }

    /// Whether it is compiled into a library or a program of ours, not into a test or a benchmark of a crate.
    fn is_source(&self) -> bool {
        !self.path.starts_with("crates") || self.path.components().any(|part| part.as_os_str() == "src")
    }
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn sources_in(folder: &str) -> Vec<Source> {
    let mut found = Vec::new();
    let mut todo = vec![root().join(folder)];
    while let Some(next) = todo.pop() {
        for entry in fs::read_dir(&next).into_iter().flatten() {
            let path = entry.expect("a readable folder").path();
            if path.is_dir() {
                todo.push(path);
            } else if path.extension().is_some_and(|kind| kind == "rs") {
                let text = fs::read_to_string(&path).expect("a readable file");
                let path = path.strip_prefix(root()).expect("below the root").to_owned();
                found.push(Source { path, text });
            }
        }
    }
    found.sort_by(|a, b| a.path.cmp(&b.path));
    found
}

/// What code names of ours: rooms behind `crate::` (or `shelfmark::` in the binary), crates behind `shelfmark_`, or
/// `crate::module` of those that are several; in paths and in `use crate::{a, b::c}`.
fn named(code: &str) -> BTreeSet<String> {
    let own = ["crate::", "shelfmark::"].into_iter().flat_map(|prefix| heads_behind(code, prefix));
    let mut named: BTreeSet<String> = own.collect();
    for crate_name in crate_names(code) {
        match modules_of(&crate_name) {
            Some(_) => {
                let modules = heads_behind(code, &format!("shelfmark_{crate_name}::"));
                named.extend(modules.into_iter().map(|module| format!("{crate_name}::{module}")));
            }
            None => {
                named.insert(crate_name);
            }
        }
    }
    named
}

fn modules_of(crate_name: &str) -> Option<&'static [Module]> {
    MODULES.iter().find(|(name, _)| *name == crate_name).map(|(_, modules)| *modules)
}

/// The crates of ours that code names.
fn crate_names(code: &str) -> BTreeSet<String> {
    let starts = code.match_indices("shelfmark_").filter(|(start, _)| begins_a_path(code, *start));
    starts.map(|(start, prefix)| identifier(&code[start + prefix.len()..])).collect()
}

/// The first words behind a prefix, of a path or of each element of a brace list.
fn heads_behind(code: &str, prefix: &str) -> Vec<String> {
    let mut heads = Vec::new();
    for (start, _) in code.match_indices(prefix).filter(|(start, _)| begins_a_path(code, *start)) {
        let rest = &code[start + prefix.len()..];
        match rest.strip_prefix('{') {
            Some(list) => heads.extend(heads_of_list(list)),
            None => heads.push(identifier(rest)),
        }
    }
    heads
}

fn begins_a_path(code: &str, start: usize) -> bool {
    let before = code[..start].chars().next_back();
    !before.is_some_and(|c| c.is_alphanumeric() || c == '_' || c == ':')
}

/// The first words of the elements of a brace list, at its own depth.
fn heads_of_list(list: &str) -> Vec<String> {
    let mut depth = 0_usize;
    let mut heads = Vec::new();
    let mut at_head = true;
    for (index, c) in list.char_indices() {
        match c {
            '{' => depth += 1,
            '}' if depth == 0 => break,
            '}' => depth -= 1,
            ',' if depth == 0 => at_head = true,
            c if at_head && (c.is_alphabetic() || c == '_') => {
                heads.push(identifier(&list[index..]));
                at_head = false;
            }
            _ => {}
        }
    }
    heads
}

fn identifier(text: &str) -> String {
    text.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect()
}

fn complain(rule: &str, complaints: &[String]) {
    assert!(complaints.is_empty(), "{rule}:\n  {}", complaints.join("\n  "));
}

/// The rows of a table of docs/ARCHITECTURE.md whose first column is called `column`: name and last column as a list.
fn table(column: &str) -> BTreeMap<String, BTreeSet<String>> {
    let text = fs::read_to_string(root().join("docs/ARCHITECTURE.md")).expect("a readable file");
    let rows = text.lines().skip_while(|line| !line.starts_with(&format!("| {column} |"))).skip(2);
    let rows = rows.take_while(|line| line.starts_with('|'));
    let table: BTreeMap<String, BTreeSet<String>> = rows
        .map(|row| {
            let cells: Vec<&str> = row.trim_matches('|').split('|').map(str::trim).collect();
            let name = cells.first().expect("a name").trim_matches('`').trim_start_matches("crates/");
            let others = cells.last().expect("a list").split(", ").filter(|other| *other != "nothing");
            (name.to_owned(), others.map(str::to_owned).collect())
        })
        .collect();
    assert!(!table.is_empty(), "docs/ARCHITECTURE.md has a table of each {column}");
    table
}

/// What a package depends on, without what only its tests and benchmarks need.
fn dependencies(manifest: &Path) -> BTreeSet<String> {
    let text = fs::read_to_string(root().join(manifest)).expect("a readable manifest");
    let mut found = BTreeSet::new();
    let mut inside = false;
    for line in text.lines() {
        if line.starts_with('[') {
            inside =
                line.ends_with("dependencies]") && !["[workspace.dependencies]", "[dev-dependencies]"].contains(&line);
        } else if inside && line.contains('=') && !line.starts_with(['#', ' ']) {
            let end = line.find(['.', ' ', '=']).expect("a key ends");
            found.insert(line[..end].to_owned());
        }
    }
    found
}

fn crates() -> BTreeSet<String> {
    let folders = fs::read_dir(root().join("crates")).expect("a folder");
    folders.map(|entry| entry.expect("a readable folder").file_name().to_string_lossy().into_owned()).collect()
}

fn manifest_of(crate_name: &str) -> PathBuf {
    Path::new("crates").join(crate_name).join("Cargo.toml")
}

#[test]
fn crates_depend_on_each_other_as_the_table_says() {
    let table = table("crate");
    assert!(crates().iter().eq(table.keys()), "crates/ has {:?}, the table {:?}", crates(), table.keys());
    let mut complaints = Vec::new();
    for (name, expected) in &table {
        let all = dependencies(&manifest_of(name));
        let ours: BTreeSet<String> =
            all.iter().filter_map(|key| key.strip_prefix("shelfmark-")).map(str::to_owned).collect();
        if ours != *expected {
            complaints.push(format!("crates/{name} depends on {ours:?}, the table says {expected:?}"));
        }
    }
    complain("docs/ARCHITECTURE.md says which crate depends on which", &complaints);
}

#[test]
fn every_room_imports_only_what_the_table_allows() {
    let table = table("room");
    let crates = crates();
    let mut complaints = Vec::new();
    for source in sources_in("src") {
        let room = source.room("src");
        if EVERYTHING.contains(&room.as_str()) {
            continue;
        }
        let Some(allowed) = table.get(&room) else {
            complaints.push(format!("{}: the room `{room}` is not in the table", source.path.display()));
            continue;
        };
        for named in named(&source.code()) {
            let head = named.split("::").next().expect("a name");
            let is_ours = table.contains_key(&named) || crates.contains(head) || EVERYTHING.contains(&head);
            if is_ours && named != room && !allowed.contains(&named) && !allowed.contains(head) {
                complaints.push(format!("{}: `{room}` may not import `{named}`", source.path.display()));
            }
        }
    }
    complain("imports go one way", &complaints);
}

#[test]
fn the_table_of_imports_has_no_cycle() {
    // `http` holds handles of `engine`, never the other way; a room is finished before those that import it.
    let mut left = table("room");
    while !left.is_empty() {
        let free: Vec<String> = left
            .iter()
            .filter(|(_, imports)| imports.iter().all(|import| !left.contains_key(import)))
            .map(|(room, _)| room.clone())
            .collect();
        assert!(!free.is_empty(), "a cycle among {:?}", left.keys());
        left.retain(|room, _| !free.contains(room));
    }
}

#[test]
fn modules_of_one_crate_import_only_what_the_list_allows() {
    let mut complaints = Vec::new();
    for (crate_name, modules) in MODULES {
        let folder = format!("crates/{crate_name}/src");
        for source in sources_in(&folder) {
            let module = source.room(&folder);
            if module == "lib" {
                continue;
            }
            let Some((_, allowed)) = modules.iter().find(|(name, _)| *name == module) else {
                complaints.push(format!("{}: the module `{module}` is not in the list", source.path.display()));
                continue;
            };
            for named in heads_behind(&source.code(), "crate::") {
                if named != module && !allowed.contains(&named.as_str()) {
                    complaints.push(format!("{}: `{module}` may not import `{named}`", source.path.display()));
                }
            }
        }
    }
    complain("modules of one crate are as far apart as crates, but for what the list says", &complaints);
}

#[test]
fn one_crate_depends_on_libtorch() {
    let mut manifests: Vec<PathBuf> = crates().iter().map(|name| manifest_of(name)).collect();
    manifests.extend(["Cargo.toml", "xtask/Cargo.toml"].map(PathBuf::from));
    let named: Vec<PathBuf> = manifests
        .into_iter()
        .filter(|manifest| dependencies(manifest).iter().any(|key| ["tch", "torch-sys"].contains(&key.as_str())))
        .collect();
    assert_eq!(named, [manifest_of(TORCH_CRATE)], "only crates/{TORCH_CRATE} depends on tch");
}

#[test]
fn files_are_short() {
    let mut complaints = Vec::new();
    for folder in ["src", "crates", "build", "tests", "examples", "xtask/src", "benches"] {
        for source in sources_in(folder) {
            let lines = source.text.lines().count();
            let path = source.path.display().to_string();
            let lines_max =
                LONG_FILES.iter().find(|(long, ..)| *long == path).map_or(LINES_MAX, |(_, lines, _)| *lines);
            if lines >= lines_max {
                complaints.push(format!("{path}: {lines} lines"));
            }
        }
    }
    complain(&format!("a file has fewer than {LINES_MAX} lines, or a reason in this test"), &complaints);
}

#[test]
fn every_folder_says_what_it_is_for() {
    let mut complaints = Vec::new();
    for folder in ["src", "crates", "xtask/src"] {
        for source in sources_in(folder) {
            let name = source.path.file_name().expect("a name").to_string_lossy();
            let opens = ["mod.rs", "lib.rs", "main.rs"].contains(&name.as_ref());
            if opens && !source.text.starts_with("//! ") {
                complaints.push(source.path.display().to_string());
            }
        }
    }
    complain("mod.rs, lib.rs and main.rs open with `//!`", &complaints);
}

#[test]
fn nothing_unwraps_outside_tests() {
    let mut complaints = Vec::new();
    for folder in ["src", "crates", "xtask/src"] {
        for source in sources_in(folder) {
            let is_test = source.path.ends_with("tests.rs") || !source.is_source();
            if !is_test && source.code().contains(".unwrap()") {
                complaints.push(source.path.display().to_string());
            }
        }
    }
    complain(
        "`expect(\"P5: ...\")` states a promise, an error says what happened; `unwrap()` does neither",
        &complaints,
    );
}

#[test]
fn every_migration_opens_with_why() {
    let mut complaints = Vec::new();
    for entry in fs::read_dir(root().join("migrations")).expect("a folder") {
        let path = entry.expect("a readable folder").path();
        if path.extension().is_none_or(|kind| kind != "sql") {
            continue;
        }
        let text = fs::read_to_string(&path).expect("a readable file");
        let why = text.lines().next().and_then(|line| line.strip_prefix("-- "));
        if why.is_none_or(|why| why.trim().len() < 20) {
            complaints.push(path.display().to_string());
        }
    }
    complain("a migration opens with a comment that says why", &complaints);
}

#[test]
fn the_reader_of_imports_sees_paths_and_lists() {
    let code = "use crate::config::ServeSettings;\nuse crate::{\n    engine::{self, Models},\n    telemetry::X,\n};\n\
                use shelfmark_store::{keys::KeyStore, versions};\nuse shelfmark_state::State;\n\
                fn f(x: &crate::http::X, y: shelfmark_monitor::diff::Y) {}\nuse somecrate::log;";
    let expected =
        ["config", "engine", "http", "monitor::diff", "state", "store::keys", "store::versions", "telemetry"];
    assert_eq!(named(code).iter().collect::<Vec<_>>(), expected);
}
