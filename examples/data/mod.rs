//! The events and items that the examples learn: of files, or of the generated shop.

use std::path::PathBuf;

use anyhow::{Context, bail};
use shelfmark_datasets::feeds::{Feed, FeedBody, FeedError, FeedOptions, Shop, ShopSettings};
use shelfmark_domain::ModelConfig;
use shelfmark_evaluation::Stream;

/// The files, or all files of the folders, as `shelfmark replay` takes them; events in order of time.
pub fn read(paths: &[PathBuf], config: &ModelConfig) -> anyhow::Result<Stream> {
    let mut files = Vec::new();
    for path in paths {
        if path.is_dir() {
            let named = || format!("DATA: {} cannot be opened", path.display());
            let mut entries: Vec<PathBuf> =
                std::fs::read_dir(path).with_context(named)?.flatten().map(|entry| entry.path()).collect();
            entries.retain(|path| path.is_file());
            entries.sort();
            files.extend(entries);
        } else {
            files.push(path.clone());
        }
    }
    let (mut stream, mut bad) = (Stream::default(), 0_u64);
    for file in &files {
        for entry in Feed::open(file, &FeedOptions::default())? {
            match entry {
                Ok(entry) => match entry.body {
                    FeedBody::Item(item) => stream.item(item),
                    FeedBody::Event(event) => {
                        if !stream.event(event, config) {
                            bail!("DATA: at most {} events", Stream::EVENTS_MAX);
                        }
                    }
                },
                Err(FeedError::Bad(_)) => bad += 1,
                Err(error @ FeedError::Unreadable { .. }) => return Err(error).context(file.display().to_string()),
            }
        }
    }
    if bad > 0 {
        eprintln!("{bad} bad lines");
    }
    stream.events.sort_by_key(|event| event.ts);
    Ok(stream)
}

/// The shop of `shelfmark demo`: all its items and its first events.
pub fn generated(events: usize, config: &ModelConfig) -> Stream {
    let shop = Shop::new(ShopSettings::default());
    let mut stream = Stream::default();
    shop.items().for_each(|item| stream.item(item));
    for event in shop.take(events) {
        stream.event(event, config);
    }
    stream
}
