//! Database access for the commands that need no service.

use anyhow::Context;
use shelfmark::{
    app::Database,
    config::DatabaseSettings,
    postgres::{self, PostgresError},
};

/// Opens the database. When a service runs on the data folder, this connects to its server and starts no second one.
pub async fn open(settings: &DatabaseSettings) -> anyhow::Result<Database> {
    let error = match Database::open(settings).await {
        Ok(database) => return Ok(database),
        Err(error) => error,
    };
    let in_use = matches!(error.downcast_ref::<PostgresError>(), Some(PostgresError::FolderInUse { .. }));
    if !in_use {
        return Err(error);
    }
    let url = postgres::running_url(&settings.data_dir()?).context(error)?;
    Ok(Database { pool: Database::reach(&url, 2).await?, managed: None })
}
