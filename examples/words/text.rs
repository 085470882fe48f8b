//! Texts as sentences of words.

use std::{
    collections::{HashMap, HashSet},
    fs::File,
    io::{BufRead, BufReader, Read},
    path::{Path, PathBuf},
};

use anyhow::{Context, bail};
use shelfmark_domain::Id;

/// Bytes of a text that are read: an example has no need of more.
const BYTES_MAX: u64 = 256 << 20;

/// Words of English that go with any other. Texts in another language keep theirs.
const FUNCTION_WORDS: &str = "about above according after again against all almost along already also although among an and \
    another any are around as at be because been before being below between both but by can cannot could despite did do \
    does done down due during each either even ever every few following for from further had has have he her here him his \
    how however if in including into is it its itself just less like may might more most much must near neither no nor not \
    now of off often on once one only or other others our out over own per rather respectively same several she should \
    since so some still such than that the their them then there therefore these they this those through thus to together \
    too toward towards two under until up upon us used using very via was we well were what when where whereas whether \
    which while who whom whose will with within without would yet you your";

/// Words in the order of a sentence.
#[derive(Debug, Clone, PartialEq)]
pub struct Sentence {
    /// Number of its line: sentences of one document are never learned and tested both.
    pub document: usize,
    pub words: Vec<Id>,
}

/// What a document is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part {
    /// Five documents of ten: what the base learns.
    Base,
    /// Three: what a fork learns on top.
    Tuning,
    /// Two: what all are tested on.
    Test,
}

/// A text of one domain.
#[derive(Debug, Clone)]
pub struct Text {
    pub name: String,
    pub sentences: Vec<Sentence>,
}

impl Text {
    /// Reads a file of one sentence or document a line: plain, or JSON objects with a `text`; gzip or not.
    pub fn read(path: &Path) -> anyhow::Result<Self> {
        let file = File::open(path).with_context(|| format!("{} cannot be opened", path.display()))?;
        let mut file = BufReader::new(file);
        let is_gzip = file.fill_buf()?.starts_with(&[0x1f, 0x8b]);
        let bytes: Box<dyn Read> =
            if is_gzip { Box::new(flate2::read::MultiGzDecoder::new(file)) } else { Box::new(file) };
        let stem = path.file_name().unwrap_or_default().to_string_lossy();
        let name = stem.split(['.', '_']).next().unwrap_or_default().to_owned();
        let mut text = Self { name, sentences: Vec::new() };
        for (document, line) in BufReader::new(bytes.take(BYTES_MAX)).lines().enumerate() {
            let line = line.with_context(|| format!("{} line {}", path.display(), document + 1))?;
            let object =
                line.trim_start().starts_with('{').then(|| serde_json::from_str::<serde_json::Value>(&line).ok());
            match object.flatten().as_ref().and_then(|object| object["text"].as_str()) {
                Some(words) => text.document(document, words),
                None => text.document(document, &line),
            }
        }
        if text.sentences.is_empty() {
            bail!("{} has no sentence", path.display());
        }
        Ok(text)
    }

    /// Cuts a document into sentences: a sentence ends with a word that ends with a full stop, or `!`, `?`.
    fn document(&mut self, document: usize, text: &str) {
        let mut words = Vec::new();
        for piece in text.split_whitespace() {
            words.extend(words_of(piece));
            if piece.ends_with(['.', '!', '?']) {
                self.sentences.push(Sentence { document, words: std::mem::take(&mut words) });
            }
        }
        self.sentences.push(Sentence { document, words });
        self.sentences.retain(|sentence| !sentence.words.is_empty());
    }

    /// The sentences of a part.
    pub fn part(&self, part: Part) -> impl Iterator<Item = &Sentence> {
        self.sentences.iter().filter(move |sentence| sentence.part() == part)
    }

    /// How many words there are.
    pub fn words(&self) -> usize {
        self.sentences.iter().map(|sentence| sentence.words.len()).sum()
    }

    /// How often each word occurs.
    pub fn counts(&self) -> HashMap<&Id, usize> {
        let mut counts = HashMap::new();
        for word in self.sentences.iter().flat_map(|sentence| &sentence.words) {
            *counts.entry(word).or_default() += 1;
        }
        counts
    }
}

impl Sentence {
    fn part(&self) -> Part {
        match self.document % 10 {
            0..5 => Part::Base,
            5..8 => Part::Tuning,
            _ => Part::Test,
        }
    }
}

/// The words in what stands between two spaces, in small letters: numbers and single letters are none.
fn words_of(piece: &str) -> impl Iterator<Item = Id> {
    let parts = piece.split(|c: char| !c.is_alphabetic() && c != '-' && c != '\'');
    let words = parts.map(|part| part.trim_matches(['-', '\'']).to_lowercase());
    // Longer than an id: no word.
    words.filter(|word| word.chars().count() > 1).filter_map(|word| Id::new("word", &word).ok())
}

/// Leaves out what says nothing of a subject: words that hold sentences together, and those met fewer than `seen_min`
/// times in both texts together.
pub fn trim(texts: &mut [Text; 2], seen_min: usize) {
    let function_words: HashSet<&str> = FUNCTION_WORDS.split_whitespace().collect();
    let counts = texts.each_ref().map(Text::counts);
    let seen = |word: &Id| counts.iter().filter_map(|counts| counts.get(word)).sum::<usize>();
    let words = counts.iter().flat_map(HashMap::keys);
    let kept = words.filter(|word| seen(word) >= seen_min && !function_words.contains(word.as_str()));
    let kept: HashSet<Id> = kept.map(|word| (*word).clone()).collect();
    for text in texts {
        text.sentences.iter_mut().for_each(|sentence| sentence.words.retain(|word| kept.contains(word)));
        text.sentences.retain(|sentence| sentence.words.len() > 1);
    }
}

/// The file of a folder whose name begins so.
pub fn find(folder: &Path, begins_with: &str) -> anyhow::Result<PathBuf> {
    let entries = std::fs::read_dir(folder).with_context(|| format!("{} cannot be opened", folder.display()))?;
    let mut names: Vec<PathBuf> = entries.flatten().map(|entry| entry.path()).collect();
    names.retain(|path| path.file_name().is_some_and(|name| name.to_string_lossy().starts_with(begins_with)));
    names.sort();
    match names.into_iter().next() {
        Some(path) => Ok(path),
        None => bail!("{} has no file whose name begins with {begins_with:?}", folder.display()),
    }
}
