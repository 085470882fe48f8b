//! The rules of the source tree that the compiler does not know: which room may import which, where libtorch may be
//! named, how long a file may be, what every room says of itself. Method: read the sources as text.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

/// Which rooms of ours a room may import (itself always): the table of docs/ARCHITECTURE.md. `main` and `lib` may import
/// everything.
const IMPORTS: [(&str, &[&str]); 24] = [
    ("domain", &[]),
    ("postgres", &[]),
    // Whether the processor can run the binary.
    ("machine", &[]),
    // Logs and metrics; anyone below may count, so it knows nobody.
    ("telemetry", &[]),
    // Pictures of curves.
    ("plot", &[]),
    ("state", &["domain"]),
    ("log", &["domain", "postgres"]),
    ("keys", &["domain", "postgres"]),
    // The records of long work; the engine runs it.
    ("operations", &["domain", "postgres"]),
    ("roster", &["domain", "postgres"]),
    ("versions", &["domain", "state", "postgres"]),
    ("learner", &["domain", "state"]),
    ("serving", &["domain", "state"]),
    // Figures and verdicts of what the learner reports; a trace observes a replay.
    ("health", &["domain", "state", "learner"]),
    // What is different between two views; tables by their names of the learner, movers as health lists them.
    ("compare", &["domain", "state", "learner", "serving", "health"]),
    // It takes back the keys of a model that is deleted.
    (
        "engine",
        &[
            "domain",
            "state",
            "log",
            "roster",
            "keys",
            "versions",
            "operations",
            "learner",
            "serving",
            "health",
            "compare",
            "postgres",
            "telemetry",
        ],
    ),
    // Drives the learner itself: no log, no Postgres, no views.
    ("evaluation", &["domain", "state", "learner", "plot"]),
    // Files of other people's events and items, as values; the commands send them.
    ("feeds", &["domain"]),
    // Files of vectors: read like feeds, matched with tokens as the state makes them; written from a state's rows.
    ("vectors", &["domain", "state", "feeds"]),
    // Reads views and holds handles of log, engine and keys; tells their errors.
    (
        "http",
        &[
            "domain",
            "serving",
            "log",
            "roster",
            "engine",
            "keys",
            "versions",
            "operations",
            "health",
            "compare",
            "vectors",
            "telemetry",
            "console",
        ],
    ),
    ("console", &["domain", "serving"]),
    // One struct of settings a room, so it names the rooms.
    ("config", &["domain", "log", "versions", "serving", "engine", "http", "postgres", "telemetry"]),
    // Together they are the whole, like `main`, but nobody else may import them.
    (
        "app",
        &[
            "config",
            "telemetry",
            "domain",
            "state",
            "log",
            "keys",
            "roster",
            "versions",
            "learner",
            "serving",
            "health",
            "compare",
            "vectors",
            "engine",
            "http",
            "postgres",
            "console",
        ],
    ),
    (
        "commands",
        &[
            "app",
            "config",
            "telemetry",
            "domain",
            "log",
            "keys",
            "versions",
            "operations",
            "serving",
            "engine",
            "evaluation",
            "http",
            "feeds",
            "vectors",
            "plot",
            "postgres",
        ],
    ),
];
const EVERYTHING: [&str; 2] = ["main", "lib"];

/// The only room that names libtorch.
const TORCH_ROOM: &str = "learner";

const LINES_MAX: usize = 400;
/// Longer files, each with its own bound and its reason.
const LONG_FILES: [(&str, usize, &str); 1] =
    [("tests/http_contract.rs", 460, "the whole contract against one running service, in the order of docs/API.md")];

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

    /// The room of `src/room/...` or `src/room.rs`.
    fn room(&self) -> String {
        let below = self.path.strip_prefix("src").expect("a file of src");
        let first = below.components().next().expect("a name").as_os_str().to_string_lossy();
        first.trim_end_matches(".rs").to_owned()
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

/// The rooms named behind `crate::` (or `shelfmark::` in the binary), in paths and in `use crate::{a, b::c}`.
fn rooms_named(code: &str) -> Vec<String> {
    let mut named = Vec::new();
    for prefix in ["crate::", "shelfmark::"] {
        for (start, _) in code.match_indices(prefix) {
            let before = code[..start].chars().next_back();
            if before.is_some_and(|c| c.is_alphanumeric() || c == '_' || c == ':') {
                continue;
            }
            let rest = &code[start + prefix.len()..];
            match rest.strip_prefix('{') {
                Some(list) => named.extend(heads_of_list(list)),
                None => named.push(identifier(rest)),
            }
        }
    }
    named
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

#[test]
fn every_room_imports_only_what_the_table_allows() {
    let table: BTreeMap<&str, &[&str]> = IMPORTS.into_iter().collect();
    let mut complaints = Vec::new();
    for source in sources_in("src") {
        let room = source.room();
        if EVERYTHING.contains(&room.as_str()) {
            continue;
        }
        let Some(allowed) = table.get(room.as_str()) else {
            complaints.push(format!("{}: the room `{room}` is not in the table", source.path.display()));
            continue;
        };
        for named in rooms_named(&source.code()) {
            let is_room = table.contains_key(named.as_str()) || EVERYTHING.contains(&named.as_str());
            if is_room && named != room && !allowed.contains(&named.as_str()) {
                complaints.push(format!("{}: `{room}` may not import `{named}`", source.path.display()));
            }
        }
    }
    complain("imports go one way", &complaints);
}

#[test]
fn the_table_of_imports_has_no_cycle() {
    // `http` holds handles of `engine`, never the other way; a room is finished before those that import it.
    let mut left: BTreeMap<&str, &[&str]> = IMPORTS.into_iter().collect();
    while !left.is_empty() {
        let free: Vec<&str> = left
            .iter()
            .filter(|(_, imports)| imports.iter().all(|import| !left.contains_key(import)))
            .map(|(room, _)| *room)
            .collect();
        assert!(!free.is_empty(), "a cycle among {:?}", left.keys());
        left.retain(|room, _| !free.contains(room));
    }
}

#[test]
fn libtorch_is_named_in_one_room() {
    let complaints: Vec<String> = sources_in("src")
        .iter()
        .filter(|source| source.room() != TORCH_ROOM)
        .filter(|source| {
            let code = source.code();
            code.match_indices("tch::").any(|(start, _)| {
                let before = code[..start].chars().next_back();
                !before.is_some_and(|c| c.is_alphanumeric() || c == '_')
            }) || code.contains("use tch")
        })
        .map(|source| source.path.display().to_string())
        .collect();
    complain(&format!("only src/{TORCH_ROOM} names tch"), &complaints);
}

#[test]
fn files_are_short() {
    let mut complaints = Vec::new();
    for folder in ["src", "tests", "examples", "xtask/src", "benches"] {
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
fn every_room_says_what_it_is_for() {
    let mut complaints = Vec::new();
    for folder in ["src", "xtask/src"] {
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
    for folder in ["src", "xtask/src"] {
        for source in sources_in(folder) {
            let is_test = source.path.ends_with("tests.rs");
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
    let code = "use crate::domain::Position;\nuse crate::{\n    log::{self, Log},\n    state::Table,\n};\nfn f(x: &crate::http::X) {}\n\
                use somecrate::engine;";
    assert_eq!(rooms_named(code), ["domain", "log", "state", "http"]);
}
