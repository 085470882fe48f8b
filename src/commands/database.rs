//! Database access for the commands that need no service, and the environment of all that use a database.

use std::os::unix::process::CommandExt as _;

use anyhow::Context;
use shelfmark::{app::Database, config::DatabaseSettings};
use shelfmark_postgres::PostgresError;

/// Opens the database. When a service runs on the data folder, this connects to its server and starts no second one.
/// Creates no cluster; `create_tables` says whether an empty database of the settings gets tables.
pub async fn open(settings: &DatabaseSettings, create_tables: bool) -> anyhow::Result<Database> {
    let error = match Database::open(settings, create_tables).await {
        Ok(database) => return Ok(database),
        Err(error) => error,
    };
    let in_use = matches!(error.downcast_ref::<PostgresError>(), Some(PostgresError::FolderInUse { .. }));
    if !in_use {
        return Err(error);
    }
    let folder = settings.data_dir()?;
    shelfmark_postgres::require_restored(&folder)?;
    let address = shelfmark_postgres::running_address(&folder).context(error)?;
    Ok(Database { pool: Database::reach(address, 2, create_tables).await?, managed: None })
}

/// Makes a runtime with all threads of the machine, for the commands that work on the database themselves.
pub fn runtime() -> anyhow::Result<tokio::runtime::Runtime> {
    tokio::runtime::Builder::new_multi_thread().enable_all().build().context("the async runtime cannot start")
}

/// Keeps `PGOPTIONS` from sessions with the service's own Postgres, by starting the program again without the variables
/// of libpq. sqlx reads the variable for all connections, and there is no safe way to remove one from a running
/// process. Call it first: the process, its id and its files stay, everything else begins anew.
///
/// Errors: when the program cannot be started again. Returns at once with a database of the settings, for which the
/// variables are meant, and without `PGOPTIONS`.
pub fn drop_variables_of_libpq(settings: &DatabaseSettings) -> anyhow::Result<()> {
    if settings.database_url().is_some() || std::env::var_os("PGOPTIONS").is_none() {
        return Ok(());
    }
    let program = std::env::current_exe().context("the program's own file is not known")?;
    let mut arguments = std::env::args_os();
    let mut again = std::process::Command::new(program);
    if let Some(name) = arguments.next() {
        again.arg0(name);
    }
    again.args(arguments);
    for (name, _) in std::env::vars_os() {
        if name.as_encoded_bytes().starts_with(b"PG") {
            again.env_remove(name);
        }
    }
    Err(again.exec()).context("PGOPTIONS cannot be kept from the service's own Postgres: unset it")
}
