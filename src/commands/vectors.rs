//! What `import` and `evaluate --import` have in common: which file, into what, and how it is fitted.

use std::path::{Path, PathBuf};

use clap::ValueEnum;
use shelfmark::{
    domain::VectorTable,
    vectors::{FitSettings, VectorFile, VectorFormat, VectorOptions},
};

/// How to read and fit vectors.
#[derive(Debug, Clone, clap::Args)]
#[command(next_help_heading = "Vectors")]
pub struct VectorArgs {
    /// What the vectors are for: items by id, or tokens of their metadata. A word is a word of titles unless it begins as a
    /// token does: c: category, g: tag, b: brand.
    #[arg(long, value_enum, default_value_t = TableArg::Items, value_name = "ROWS")]
    into: TableArg,
    /// Format of the file; told by its content when left out.
    #[arg(long, value_enum, default_value_t = FormatArg::Auto)]
    format: FormatArg,
    /// Ids of an array's rows, one a line (npy, safetensors).
    #[arg(long, value_name = "FILE")]
    ids: Option<PathBuf>,
    /// Which tensor of a safetensors file.
    #[arg(long, value_name = "NAME")]
    tensor: Option<String>,
    /// Root mean square of the values that rows get: how much they weigh beside what is learned.
    #[arg(long, value_parser = scale, default_value_t = 0.2)]
    scale: f32,
    /// Keep the mean of all vectors in them.
    #[arg(long)]
    keep_mean: bool,
}

/// As on the command line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum TableArg {
    /// Item vectors.
    Items,
    /// Token vectors.
    Tokens,
}

/// As on the command line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum FormatArg {
    /// Told by the content.
    Auto,
    /// Binary word2vec.
    Word2vec,
    /// Word2vec's text form, fastText's .vec.
    Word2vecText,
    /// GloVe.
    Glove,
    /// Numpy array.
    Npy,
    /// Safetensors.
    Safetensors,
}

fn scale(text: &str) -> Result<f32, String> {
    match text.parse::<f32>() {
        Ok(scale) if (1e-4..=10.0).contains(&scale) => Ok(scale),
        _ => Err("must be a number from 0.0001 to 10".to_owned()),
    }
}

impl VectorArgs {
    /// Which rows they are for.
    pub fn table(&self) -> VectorTable {
        match self.into {
            TableArg::Items => VectorTable::Items,
            TableArg::Tokens => VectorTable::Tokens,
        }
    }

    /// Opens a file.
    pub fn open(&self, path: &Path) -> anyhow::Result<VectorFile> {
        let format = match self.format {
            FormatArg::Auto => None,
            FormatArg::Word2vec => Some(VectorFormat::Word2vec),
            FormatArg::Word2vecText => Some(VectorFormat::Word2vecText),
            FormatArg::Glove => Some(VectorFormat::Glove),
            FormatArg::Npy => Some(VectorFormat::Npy),
            FormatArg::Safetensors => Some(VectorFormat::Safetensors),
        };
        let options = VectorOptions { format, ids: self.ids.clone(), tensor: self.tensor.clone() };
        Ok(VectorFile::open(path, &options)?)
    }

    /// How they are fitted.
    pub fn fit(&self) -> FitSettings {
        FitSettings { scale: self.scale, centre: !self.keep_mean, seed: 0 }
    }
}
