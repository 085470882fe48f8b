//! Sources of users, items and feedback: a running Gorse, or a dump of it.

use std::{
    fs::File,
    io::BufReader,
    iter::Peekable,
    path::{Path, PathBuf},
    time::Duration,
};

use anyhow::{Context, bail};
use serde_json::value::RawValue;
use shelfmark::http::{DumpEntry, DumpFile, DumpFileError};
use shelfmark_client::{GorseServer, Url, retry};

/// Entries of a page.
pub const PAGE: usize = 1000;

/// Entries of one table.
pub type Entries = Vec<Box<RawValue>>;

/// What is moved.
pub enum Source {
    /// A running Gorse.
    Server(Server),
    /// A dump.
    Dump(Dump),
}

/// A running Gorse, which is read page by page.
pub struct Server {
    gorse: GorseServer,
    url: Url,
    patience: Duration,
    cursor: String,
}

/// A dump, whose tables come one after the other.
pub struct Dump {
    path: PathBuf,
    entries: Peekable<DumpFile<BufReader<File>>>,
}

impl Source {
    /// Names a running Gorse.
    pub fn server(gorse: GorseServer, url: Url, patience: Duration) -> Self {
        Self::Server(Server { gorse, url, patience, cursor: String::new() })
    }

    /// Opens a dump.
    pub fn dump(path: &Path) -> anyhow::Result<Self> {
        let file = File::open(path).with_context(|| path.display().to_string())?;
        let entries = DumpFile::new(BufReader::new(file)).peekable();
        Ok(Self::Dump(Dump { path: path.to_owned(), entries }))
    }

    /// Reads the next page of a table. Tables are asked for in their order, each until a page says that it is the last.
    pub async fn page(&mut self, table: &str) -> anyhow::Result<(Entries, bool)> {
        match self {
            Self::Server(server) => server.page(table).await,
            Self::Dump(dump) => dump.page(table).with_context(|| dump.path.display().to_string()),
        }
    }
}

impl Source {
    /// Checks, after the last table, that nothing is left: a dump with its tables in another order would be moved in part.
    pub fn finish(self) -> anyhow::Result<()> {
        let Self::Dump(Dump { path, mut entries }) = self else { return Ok(()) };
        match entries.next().transpose().with_context(|| path.display().to_string())? {
            None => Ok(()),
            Some(DumpEntry { table, .. }) => bail!(
                "{}: {table} stand behind other tables than in Gorse's dumps (users, items, feedback), and were not moved",
                path.display()
            ),
        }
    }
}

impl Server {
    async fn page(&mut self, table: &str) -> anyhow::Result<(Entries, bool)> {
        let read = async || self.gorse.page(table, PAGE, &self.cursor).await;
        let page = retry(self.patience, read, |_| {}).await.map_err(|(error, _)| error);
        let (entries, next) = page.with_context(|| format!("{table} of {}", self.url))?;
        let last = next.is_empty() || next == self.cursor;
        self.cursor = if last { String::new() } else { next };
        Ok((entries, last))
    }
}

impl Dump {
    fn page(&mut self, table: &str) -> Result<(Entries, bool), DumpFileError> {
        let mut page = Vec::new();
        // An error is no entry of the table: it is met below.
        let of_table = |entry: &Result<DumpEntry, _>| entry.as_ref().map_or(true, |entry| entry.table == table);
        while page.len() < PAGE {
            match self.entries.next_if(of_table) {
                Some(entry) => page.push(entry?.json),
                None => return Ok((page, true)),
            }
        }
        Ok((page, false))
    }
}
