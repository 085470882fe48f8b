//! A Kafka for the tests of the connector: its jars and those that they need, fetched once into the cache folder.

use std::env;
use std::fs;
use std::path::PathBuf;

use crate::run::say;
use crate::{Outcome, cache, java, space};

/// Folder in the cache. `crates/kafka/tests/it/broker.rs` looks for it there.
const FOLDER: &str = "kafka-4.1.0";
const VERSION: &str = "4.1.0";
/// Bytes that it takes at most while it is fetched, Maven's own copies among them.
const FETCH_BYTES: u64 = 200_000_000;

/// The folder with the jars. The reason when the machine cannot have it, which fails where nothing may be left out.
pub fn fetch() -> Outcome<Result<PathBuf, String>> {
    if let Err(missing) = java::ensure()? {
        let reason = format!("{missing}: the connector for Kafka is not tested");
        return if env::var_os("SHELFMARK_CI").is_some() { Err(reason) } else { Ok(Err(reason)) };
    }
    let folder = cache::filled(FOLDER, |fresh| {
        space::require(fresh, FETCH_BYTES, FOLDER, "set SHELFMARK_CACHE_DIR to a folder with more")?;
        say(&format!("fetching Kafka {VERSION} (43 MB, once for all clones)"));
        let manifest = fresh.join("pom.xml");
        fs::write(&manifest, java::manifest("org.apache.kafka", "kafka_2.13", VERSION))
            .map_err(|error| format!("{}: {error}", manifest.display()))?;
        java::copy_jars(fresh)
    })?;
    Ok(Ok(folder))
}
