//! File of the single targets of a measurement: `evaluate --targets`.

use std::{
    fs::File,
    io::{BufWriter, Write},
    path::{Path, PathBuf},
};

use anyhow::Context;
use serde_json::json;
use shelfmark_evaluation::Run;

/// A file under way, one JSON object a line: first the methods, then the targets in the order of learning.
pub struct TargetsFile {
    path: PathBuf,
    file: BufWriter<File>,
}

impl TargetsFile {
    /// Creates the file, writes the methods of `run`, and lets it keep the ranks.
    pub fn create(path: &Path, run: &mut Run<'_>) -> anyhow::Result<Self> {
        let named = || format!("--targets {}", path.display());
        let mut file = BufWriter::new(File::create(path).with_context(named)?);
        let methods: Vec<_> =
            run.methods().iter().map(|method| json!({"name": method.name, "about": method.about})).collect();
        writeln!(file, "{}", json!({ "methods": methods })).with_context(named)?;
        run.keep_targets();
        Ok(Self { path: path.to_owned(), file })
    }

    /// Writes the targets since the last call.
    pub fn write(&mut self, run: &mut Run<'_>) -> anyhow::Result<()> {
        for (target, item) in run.take_targets() {
            let all: Vec<_> = target.ranks.iter().map(|(all, _)| all).collect();
            let is_novel = target.ranks.iter().any(|(_, novel)| novel.is_some());
            let novel: Option<Vec<_>> =
                is_novel.then(|| target.ranks.iter().map(|(_, novel)| novel.flatten()).collect());
            let line = json!({
                "batch": target.batch,
                "unit": target.unit,
                "actor": target.actor,
                "ts": target.at,
                "item": item,
                "liked": target.liked,
                "all": all,
                "novel": novel,
            });
            writeln!(self.file, "{line}").with_context(|| format!("--targets {}", self.path.display()))?;
        }
        Ok(())
    }

    /// Writes what is left in memory.
    pub fn finish(mut self) -> anyhow::Result<()> {
        self.file.flush().with_context(|| format!("--targets {}", self.path.display()))
    }
}
