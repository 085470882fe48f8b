//! Options of `import` and `evaluate --import`: the file of vectors, the rows it is for, and how it is fitted.

use std::path::{Path, PathBuf};

use clap::ValueEnum;
use shelfmark_datasets::vectors::{
    FitSettings, ImportTargets, PreparedImport, VectorError, VectorFile, VectorFormat, VectorOptions,
};
use shelfmark_domain::VectorTable;

/// Options of a file of vectors.
#[derive(Debug, Clone, clap::Args)]
pub struct VectorArgs {
    /// Rows that the vectors are for: items by id, or tokens of their metadata. A token has a prefix, such as c: for a
    /// category, g: for a tag or b: for a brand. A word without a prefix is a word of titles.
    #[arg(long, help_heading = "Vectors", value_enum, default_value_t = TableArg::Items, value_name = "ROWS")]
    into: TableArg,
    /// Format of the file. `auto` recognises it by its content.
    #[arg(long, help_heading = "Vectors", value_enum, default_value_t = FormatArg::Auto)]
    format: FormatArg,
    /// File with the ids of the rows, one a line, for npy, npz and safetensors.
    #[arg(long, help_heading = "Vectors", value_name = "FILE")]
    ids: Option<PathBuf>,
    /// Tensor of a safetensors file, or array of an npz file, that has several.
    #[arg(long, help_heading = "Vectors", value_name = "NAME")]
    tensor: Option<String>,
    /// Root mean square of the imported values, which is their weight beside what is learned; 0.0001 to 10.
    #[arg(long, help_heading = "Vectors", value_parser = scale, default_value_t = 0.2)]
    scale: f32,
    /// Do not subtract the mean of all vectors.
    #[arg(long, help_heading = "Vectors")]
    keep_mean: bool,
    /// Take files with more or fewer rows than their first line says, and leave out rows that are far longer than all
    /// others.
    #[arg(long, help_heading = "Vectors")]
    pub lenient: bool,
}

/// Table on the command line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum TableArg {
    /// Item vectors.
    Items,
    /// Token vectors.
    Tokens,
}

/// Format on the command line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum FormatArg {
    /// Recognised by its content.
    Auto,
    /// Binary word2vec.
    Word2vec,
    /// Text form of word2vec, also .vec of fastText.
    Word2vecText,
    /// GloVe.
    Glove,
    /// NumPy array.
    Npy,
    /// NumPy arrays in a zip: vectors and ids.
    Npz,
    /// Safetensors.
    Safetensors,
    /// Lines of JSON: id and values; a Parquet file with these columns.
    Jsonl,
    /// vectors.tsv and metadata.tsv of the TensorFlow Embedding Projector, in a zip.
    Projector,
}

fn scale(text: &str) -> Result<f32, String> {
    match text.parse::<f32>() {
        Ok(scale) if (1e-4..=10.0).contains(&scale) => Ok(scale),
        _ => Err("must be a number from 0.0001 to 10".to_owned()),
    }
}

impl VectorArgs {
    /// Returns the table that the vectors are for.
    pub fn table(&self) -> VectorTable {
        match self.into {
            TableArg::Items => VectorTable::Items,
            TableArg::Tokens => VectorTable::Tokens,
        }
    }

    /// Opens a file of vectors, of which at most `limit` rows are wanted.
    pub fn open(&self, path: &Path, limit: Option<u64>) -> anyhow::Result<VectorFile> {
        let format = match self.format {
            FormatArg::Auto => None,
            FormatArg::Word2vec => Some(VectorFormat::Word2vec),
            FormatArg::Word2vecText => Some(VectorFormat::Word2vecText),
            FormatArg::Glove => Some(VectorFormat::Glove),
            FormatArg::Npy => Some(VectorFormat::Npy),
            FormatArg::Npz => Some(VectorFormat::Npz),
            FormatArg::Safetensors => Some(VectorFormat::Safetensors),
            FormatArg::Jsonl => Some(VectorFormat::Jsonl),
            FormatArg::Projector => Some(VectorFormat::Projector),
        };
        let options =
            VectorOptions { format, ids: self.ids.clone(), tensor: self.tensor.clone(), limit, lenient: self.lenient };
        Ok(VectorFile::open(path, &options)?)
    }

    /// Reads a file to its end, before anything of it is used. Where that is allowed, a few rows that are far longer
    /// than all others are left out.
    pub fn prepare<'a>(
        &self,
        (path, limit): (&Path, Option<u64>),
        file: VectorFile,
        targets: &'a ImportTargets,
        dim: usize,
    ) -> anyhow::Result<PreparedImport<'a>> {
        let settings = self.fit();
        match PreparedImport::read(file, targets, dim, &settings) {
            Err(VectorError::Outliers { norm_max, .. }) if self.lenient => {
                let again = self.open(path, limit)?;
                Ok(PreparedImport::read_below(again, targets, dim, &settings, norm_max)?)
            }
            prepared => Ok(prepared?),
        }
    }

    /// Returns how the vectors are fitted.
    pub fn fit(&self) -> FitSettings {
        FitSettings { scale: self.scale, centre: !self.keep_mean, seed: 0 }
    }
}
