//! Goal: docs/EXAMPLES.md has what the examples print. Method: their own code with the page's arguments, line by line.

use std::{env, fs, path::Path};

use clap::Parser;

use crate::{domains, senses, table, tastes, words};

const PAGE: &str = "docs/EXAMPLES.md";
/// What a line of a block that commands print begins with, and a line of a table.
const PRINTED: &str = "    ";
const TABLE: &str = "|";

/// A block of the page: the lines behind a marker that begin alike, and empty ones between them.
struct Block {
    lines: Vec<String>,
    /// Place of the marker, and number of lines behind it.
    marker: usize,
    length: usize,
    start: String,
    indent: &'static str,
}

impl Block {
    fn of(name: &str, begin: &'static str) -> Self {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(PAGE);
        let page = fs::read_to_string(&path).expect("the page is there");
        let start = format!("<!-- output of {name}, fingerprint ");
        let lines: Vec<String> = page.lines().map(str::to_owned).collect();
        let marker = lines.iter().position(|line| line.starts_with(&start));
        let marker = marker.unwrap_or_else(|| panic!("{PAGE} has no block of {name}"));
        let is_block = |line: &&String| line.is_empty() || line.starts_with(begin);
        let length = lines[marker + 1..].iter().take_while(is_block).count();
        Self { lines, marker, length, start, indent: if begin == PRINTED { PRINTED } else { "" } }
    }

    /// The text, without its indentation.
    fn text(&self) -> String {
        let lines = &self.lines[self.marker + 1..][..self.length];
        let lines: Vec<&str> = lines.iter().map(|line| line.strip_prefix(self.indent).unwrap_or("")).collect();
        lines.join("\n").trim_matches('\n').to_owned()
    }

    /// Whether the block was written on a machine of this numeric fingerprint (P4).
    fn is_of_this_machine(&self) -> bool {
        self.lines[self.marker].contains(&format!("fingerprint {} ", shelfmark_learner::fingerprint()))
    }

    fn replace(&self, text: &str) {
        let indented =
            text.lines().map(|line| if line.is_empty() { "".to_owned() } else { self.indent.to_owned() + line });
        let mut page = self.lines[..self.marker].to_vec();
        page.extend([format!("{}{} -->", self.start, shelfmark_learner::fingerprint()), String::new()]);
        page.extend(indented);
        page.push(String::new());
        page.extend_from_slice(&self.lines[self.marker + 1 + self.length..]);
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(PAGE);
        fs::write(path, page.join("\n") + "\n").expect("the page can be written");
    }
}

/// Compares a block of the page with lines of an output, from the block's first line on; with `SHELFMARK_UPDATE_DOCS`
/// writes them there instead. Last digits are those of one numeric fingerprint (P4), so with another one only the
/// number of lines is compared.
fn documented(name: &str, begin: &'static str, output: &str) {
    let block = Block::of(name, begin);
    let text = block.text();
    let first = text.lines().next().expect("a block has a line");
    let found = output.find(first).map_or(output, |at| &output[at..]).trim_end();
    if env::var_os("SHELFMARK_UPDATE_DOCS").is_some() {
        block.replace(found);
    } else if block.is_of_this_machine() {
        assert!(text == found, "{PAGE}, {name}: SHELFMARK_UPDATE_DOCS=1 writes this:\n{found}");
    } else {
        assert_eq!(text.lines().count(), found.lines().count(), "{PAGE}, {name}:\n{found}");
    }
}

#[test]
fn the_page_has_what_the_example_of_contexts_prints() {
    #[derive(Parser)]
    struct Line {
        #[command(flatten)]
        args: senses::Args,
    }
    let mut out = Vec::new();
    senses::run(&Line::parse_from(["contexts"]).args, &mut out).expect("made-up sentences are always there");
    let text = String::from_utf8(out).expect("text");
    assert!(text.lines().all(|line| line.chars().count() <= table::WIDTH + 6), "{text}");
    documented("contexts", PRINTED, &text);
}

#[test]
#[ignore = "needs the recorded texts and the shop: SHELFMARK_TEST_DATASETS"]
fn the_page_has_what_the_examples_of_words_and_of_the_shop_print() {
    #[derive(Parser)]
    struct Words {
        #[command(flatten)]
        args: words::Args,
    }
    #[derive(Parser)]
    struct Shop {
        #[command(flatten)]
        args: tastes::Args,
    }
    let data = env::var("SHELFMARK_TEST_DATASETS").expect("SHELFMARK_TEST_DATASETS names a folder");
    let (texts, shop) = (format!("{data}/text"), format!("{data}/online_retail"));
    for (own, name) in [(0, "finance"), (1, "medicine")] {
        let mut out = Vec::new();
        words::run(own, &Words::parse_from([name, &texts]).args, &mut out).expect("two texts");
        documented(name, PRINTED, &String::from_utf8(out).expect("text"));
    }
    let mut out = Vec::new();
    tastes::run(&Shop::parse_from(["shop", &shop]).args, &mut out).expect("a shop");
    documented("shop", PRINTED, &String::from_utf8(out).expect("text"));
}

/// Difference from which on a figure is refused on a machine of another fingerprint, by column: above two hits of a
/// hundred events, six of a thousand. Between two makers of processors, two and four were found.
const RECALL_SLACK: [f64; 3] = [0.025, 0.006, 0.006];

/// A row of the table without its figures, and the figures.
fn figures(row: &str) -> (Vec<&str>, Vec<f64>) {
    let cells = row.split('|').map(str::trim);
    let (figures, words): (Vec<&str>, Vec<&str>) = cells.partition(|cell| cell.starts_with('.'));
    (words, figures.iter().map(|figure| figure.parse().expect("a figure")).collect())
}

/// The rows of the page for one output of `transfer`.
fn transfer_rows(source: &str, arguments: &[&str]) -> (String, Vec<String>) {
    #[derive(Parser)]
    struct Line {
        #[command(flatten)]
        args: domains::Args,
    }
    let arguments = ["transfer"].iter().chain(arguments);
    let mut out = Vec::new();
    domains::run(&Line::parse_from(arguments).args, &mut out).expect("a shop with the part");
    let printed = String::from_utf8(out).expect("text");
    let said = printed.split_whitespace().collect::<Vec<_>>().join(" ");
    let between = |text: &str, end: &str| text.split(end).next().expect("a part").to_owned();
    let part = said.split('"').nth(1).expect("the part is named");
    let items = between(said.split(" events of ").nth(1).expect("a number of items"), " items");
    let names = [
        ("from scratch", "empty"),
        ("base, its vectors as they were", "base, its vectors as they were"),
        ("fork of the base", "fork"),
    ];
    let mut rows = Vec::new();
    for (place, (printed_name, name)) in names.into_iter().enumerate() {
        let line = printed.lines().find_map(|line| line.trim_start().strip_prefix(printed_name));
        let found: Vec<&str> =
            line.unwrap_or_else(|| panic!("{printed_name:?}:\n{printed}")).split_whitespace().collect();
        assert_eq!(found.len(), 3, "{printed}");
        let domain = if place == 0 { format!("{source}, \"{part}\", {items} items ") } else { String::new() };
        let figure = |text: &str| text.strip_prefix('0').expect("a recall below 1").to_owned();
        let found = found.into_iter().map(figure).collect::<Vec<_>>().join(" | ");
        rows.push(format!("| {domain}| {name} | {found} |"));
    }
    (said, rows)
}

#[test]
#[ignore = "needs the recorded shop and MovieLens 100k: SHELFMARK_TEST_DATASETS"]
fn the_page_has_what_the_example_of_transfer_prints() {
    let data = env::var("SHELFMARK_TEST_DATASETS").expect("SHELFMARK_TEST_DATASETS names a folder");
    let (shop, films) = (format!("{data}/online_retail"), format!("{data}/ml100k"));
    let runs = [
        ("online_retail", vec![shop.as_str(), "--part", "christmas"]),
        ("online_retail", vec![shop.as_str(), "--part", "retrospot"]),
        ("MovieLens 100k", vec![films.as_str(), "--part", "children's"]),
        ("generated shop (100,000 events)", vec!["--events", "100000", "--part", "crafts"]),
    ];
    let (mut table, mut said) = (Vec::new(), Vec::new());
    table.extend([
        "| domain | model | 100 events | 1,000 events | end |".to_owned(),
        "|---|---|---|---|---|".to_owned(),
    ]);
    for (source, arguments) in &runs {
        let (text, rows) = transfer_rows(source, arguments);
        said.push(text);
        table.extend(rows);
    }
    documented("transfer", TABLE, &table.join("\n"));
    let block = Block::of("transfer", TABLE);
    let documented = block.text();
    for (row, found) in documented.lines().zip(&table) {
        let ((words, figures_of_page), (found_words, found_figures)) = (figures(row), figures(found));
        assert_eq!(words, found_words, "{PAGE}: {row}");
        assert_eq!(figures_of_page.len(), found_figures.len(), "{PAGE}: {row}");
        for ((figure, found), slack) in figures_of_page.iter().zip(&found_figures).zip(RECALL_SLACK) {
            assert!((figure - found).abs() < slack, "{PAGE}: {row}\nprinted: {found}");
        }
    }
    // The sentence above the table.
    let counts = "the base learned 131,019 events without \"christmas\". Then 4,358 events of 137 items";
    assert!(said[0].contains(counts), "{}", said[0]);
    let sentence =
        block.lines.iter().any(|line| line.contains("a base of 131,019 events, then 4,358 events of 137 items"));
    assert!(sentence, "{PAGE}: {counts}");
}
