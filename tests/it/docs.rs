//! Goal: what the documentation names is there. Method: read every page as text; look up each relative link and its
//! anchor, each path in backticks, and each command and flag of `shelfmark` in the program's own help.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Path, PathBuf},
    process::Command,
};

/// Top-level folders whose files are named by their paths.
const FOLDERS: [&str; 13] = [
    "src/",
    "crates/",
    "tests/",
    "benches/",
    "examples/",
    "migrations/",
    "xtask/",
    "docs/",
    "build/",
    ".ci/",
    "console/",
    "clients/",
    "packaging/",
];
/// Flags of cargo, and of this project's examples and benchmarks, that the pages name.
const OTHERS_FLAGS: [&str; 28] = [
    "--all-features",
    "--all-targets",
    "--bench",
    "--bin",
    "--cpus-per-task",
    "--data",
    "--document-private-items",
    "--example",
    "--features",
    "--ignored",
    "--include-ignored",
    "--lib",
    "--locked",
    "--no-deps",
    "--no-fail-fast",
    "--nocapture",
    "--only",
    "--open",
    "--package",
    "--part",
    "--profile",
    "--release",
    "--sentences",
    "--test",
    "--timings",
    "--watched",
    "--words",
    "--workspace",
];

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

/// Every page, by its path from the root.
fn pages() -> BTreeMap<PathBuf, String> {
    let mut pages = BTreeMap::new();
    let mut folders = vec![root().join("docs")];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).expect("a folder") {
            let path = entry.expect("a readable folder").path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "md") {
                pages.insert(path.clone(), fs::read_to_string(&path).expect("a readable page"));
            }
        }
    }
    for name in ["README.md", "CONTRIBUTING.md", "CHANGELOG.md"] {
        pages.insert(root().join(name), fs::read_to_string(root().join(name)).expect("a readable page"));
    }
    pages
}

/// The page without its fenced blocks.
fn prose(page: &str) -> String {
    let mut fenced = false;
    let lines = page.lines().filter(|line| {
        let fence = line.trim_start().starts_with("```");
        fenced ^= fence;
        !fence && !fenced
    });
    lines.collect::<Vec<_>>().join("\n")
}

/// The anchors of a page's headings, as GitHub makes them.
fn anchors(page: &str) -> BTreeSet<String> {
    let mut anchors = BTreeSet::new();
    for heading in prose(page).lines().filter_map(|line| line.strip_prefix('#')) {
        let text = heading.trim_start_matches('#').trim().to_lowercase();
        let kept = text.chars().filter(|c| c.is_alphanumeric() || matches!(c, ' ' | '-' | '_'));
        let anchor = kept.collect::<String>().replace(' ', "-");
        let numbered = (1..).map(|n| format!("{anchor}-{n}"));
        let free = std::iter::once(anchor.clone()).chain(numbered).find(|name| !anchors.contains(name));
        anchors.extend(free);
    }
    anchors
}

/// Targets of `[text](target)`.
fn links(page: &str) -> Vec<String> {
    let page = prose(page);
    let targets = page.split("](").skip(1).filter_map(|rest| rest.split(')').next());
    targets.map(str::to_owned).collect()
}

/// What stands in single backticks.
fn quoted(page: &str) -> Vec<String> {
    prose(page).split('`').skip(1).step_by(2).map(str::to_owned).collect()
}

fn complain(what: &str, complaints: &[String]) {
    assert!(complaints.is_empty(), "{what}:\n{}", complaints.join("\n"));
}

fn shown(page: &Path) -> String {
    page.strip_prefix(root()).expect("below the root").display().to_string()
}

#[test]
fn every_link_leads_somewhere() {
    let pages = pages();
    let mut complaints = Vec::new();
    for (path, page) in &pages {
        for link in links(page).into_iter().filter(|link| !link.contains("://")) {
            let (file, anchor) = link.split_once('#').unwrap_or((&link, ""));
            let folder = path.parent().expect("a page lies in a folder");
            let target = if file.is_empty() { path.clone() } else { folder.join(file) };
            let Ok(target) = target.canonicalize() else {
                complaints.push(format!("{}: {link}", shown(path)));
                continue;
            };
            let page = pages.get(&target);
            if !anchor.is_empty() && !page.is_some_and(|page| anchors(page).contains(anchor)) {
                complaints.push(format!("{}: {link} (no such heading)", shown(path)));
            }
        }
    }
    complain("links that lead nowhere", &complaints);
}

#[test]
fn every_path_exists() {
    let mut complaints = Vec::new();
    for (path, page) in pages() {
        // It tells of files as they were.
        if path.ends_with("CHANGELOG.md") || path.components().any(|part| part.as_os_str() == "decisions") {
            continue;
        }
        for name in quoted(&page) {
            let is_path = FOLDERS.iter().any(|folder| name.starts_with(folder));
            let pattern = name.contains(['{', '*', '<', ' ', '$', ':']) || name.ends_with("...");
            if is_path && !pattern && !root().join(&name).exists() {
                complaints.push(format!("{}: {name}", shown(&path)));
            }
        }
    }
    complain("paths that do not exist", &complaints);
}

/// The help of a command of `shelfmark` and of all commands below it, by their names.
fn help(words: &[String], into: &mut BTreeMap<String, String>) {
    let output = Command::new(env!("CARGO_BIN_EXE_shelfmark")).args(words).arg("--help").output().expect("it runs");
    let text = String::from_utf8(output.stdout).expect("text");
    let commands = text.lines().skip_while(|line| *line != "Commands:").skip(1);
    let commands = commands.take_while(|line| line.starts_with("  ")).filter(|line| !line.starts_with("   "));
    for name in commands.filter_map(|line| line.split_whitespace().next()).filter(|name| *name != "help") {
        help(&[words, &[name.to_owned()]].concat(), into);
    }
    into.insert(words.join(" "), text);
}

#[test]
fn every_command_and_flag_is_in_the_help() {
    let mut helps = BTreeMap::new();
    help(&[], &mut helps);
    let flags: BTreeSet<String> = helps.values().flat_map(|text| flags_of(text)).collect();
    let mut complaints = Vec::new();
    for (path, page) in pages() {
        if path.ends_with("CHANGELOG.md") || path.components().any(|part| part.as_os_str() == "decisions") {
            continue;
        }
        for flag in flags_of(&page).filter(|flag| !OTHERS_FLAGS.contains(&flag.as_str())) {
            let of_others = page.lines().filter(|line| line.contains(&flag)).all(|line| {
                [
                    "apt-get ",
                    "curl ",
                    "cargo ",
                    "pg_dump",
                    "pg_restore",
                    "docker",
                    "psql",
                    "createdb",
                    "systemctl",
                    "xtask",
                ]
                .iter()
                .any(|program| line.contains(program))
            });
            if !flags.contains(&flag) && !of_others {
                complaints.push(format!("{}: {flag}", shown(&path)));
            }
        }
        let typed = page.lines().map(str::trim).map(str::to_owned).chain(quoted(&page));
        for name in typed.filter_map(|code| code.strip_prefix("shelfmark ").and_then(command_name)) {
            if !helps.contains_key(&name) {
                complaints.push(format!("{}: shelfmark {name}", shown(&path)));
            }
        }
    }
    complain("commands and flags that the program does not have", &complaints);
}

/// The first word of a command line, if it could be a command's name.
fn command_name(rest: &str) -> Option<String> {
    let word = rest.split_whitespace().next()?;
    word.chars()
        .all(|c| c.is_ascii_lowercase() || c == '-')
        .then(|| word.to_owned())
        .filter(|word| !word.starts_with('-'))
}

/// Words that begin with `--`.
fn flags_of(text: &str) -> impl Iterator<Item = String> {
    let starts = text.match_indices("--").filter(|(at, _)| {
        let before = text[..*at].chars().next_back();
        before.is_none_or(|c| c.is_whitespace() || matches!(c, '`' | '(' | '[' | ',' | '"' | '\''))
    });
    let flags = starts.map(|(at, _)| {
        let name = text[at + 2..].chars().take_while(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || *c == '-');
        format!("--{}", name.collect::<String>().trim_end_matches('-'))
    });
    flags.filter(|flag| flag.len() > 3 && flag.as_bytes()[2].is_ascii_lowercase()).collect::<BTreeSet<_>>().into_iter()
}
