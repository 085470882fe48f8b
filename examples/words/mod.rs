//! Examples `finance` and `medicine`: what learning more of one kind of text does to the meaning of words.
//!
//! A word is an item, a sentence a session, and reading a word an event: no code of its own, only the learner, the
//! views and test-then-train of the library. A **base** learns half of two texts in one pass, evenly mixed. A **fork**
//! is a clone of it that learns three more tenths of one text. All of them are tested on the last two tenths of both.

pub mod choice;
pub mod made;
pub mod meaning;
pub mod study;
pub mod tables;
pub mod text;

use std::{io::Write, path::PathBuf, time::Instant};

use anyhow::bail;
use shelfmark_domain::ModelConfig;

use self::{study::Study, text::Text};

/// Times that a word must be met in both texts together to be one: of a rarer one nothing can be learned.
const SEEN_MIN: usize = 5;

/// Arguments of both examples.
#[derive(Debug, Clone, clap::Args)]
pub struct Args {
    /// A folder with finance_sentences.jsonl.gz and medical_abstracts.jsonl.gz, or two files with a sentence or
    /// document a line (plain text, or JSON with a `text`; gzip or not), this example's text first. None: two made-up
    /// texts.
    #[arg(value_name = "DATA", num_args = 0..=2)]
    pub data: Vec<PathBuf>,
    /// Words to look at [default: those of both texts that moved most].
    #[arg(long, value_delimiter = ',')]
    pub words: Vec<String>,
    /// Sentences of one text to use, at most.
    #[arg(long, default_value_t = 8_000, value_parser = clap::value_parser!(u32).range(100..))]
    pub sentences: u32,
    /// Values of a vector.
    #[arg(long, default_value_t = 128)]
    pub dim: usize,
    /// What the forks multiply the learning rates of word vectors by.
    #[arg(long, default_value_t = 1.0)]
    pub rate: f32,
    /// How strongly the forks are pulled back to the base: they adapt less and forget less.
    #[arg(long, default_value_t = 0.0)]
    pub pull: f32,
}

impl Args {
    fn config(&self) -> ModelConfig {
        ModelConfig { dim: self.dim, ..ModelConfig::default() }
    }

    /// What a fork learns with.
    fn fork_config(&self) -> ModelConfig {
        let mut config = self.config();
        config.rates.items *= self.rate;
        config.rates.last *= self.rate;
        config.pull = self.pull;
        config
    }

    /// The texts, finance first, and what to say of them.
    fn texts(&self, own: usize) -> anyhow::Result<([Text; 2], &'static str)> {
        let paths = match self.data.as_slice() {
            [] => return Ok((made::texts(), "Two made-up texts, because no DATA was given")),
            [folder] if folder.is_dir() => [text::find(folder, "finance")?, text::find(folder, "medical")?],
            [file] if !file.exists() => bail!("DATA: {} is not there", file.display()),
            [file] => bail!("DATA: {} is one text; give a second one to compare with", file.display()),
            [this, other, ..] if own == 0 => [this.clone(), other.clone()],
            [this, other, ..] => [other.clone(), this.clone()],
        };
        let mut texts = [Text::read(&paths[0])?, Text::read(&paths[1])?];
        if texts[0].name == texts[1].name {
            texts[1].name.push_str("-2");
        }
        texts.iter_mut().for_each(|text| text.sentences.truncate(self.sentences as usize));
        text::trim(&mut texts, SEEN_MIN);
        Ok((texts, "Two texts"))
    }
}

/// The whole example about the text at place `own`: 0 is finance, 1 medicine.
pub fn run(own: usize, args: &Args, out: &mut dyn Write) -> anyhow::Result<()> {
    args.fork_config().check()?;
    let (texts, origin) = args.texts(own)?;
    let began = Instant::now();
    let study = Study::new(texts, own, &args.config(), &args.fork_config())?;
    eprintln!("learned and tested in {:.1} s", began.elapsed().as_secs_f64());
    tables::all(&study, origin, &args.words, out)
}
