//! Restore: the rows of a backup, into an empty database, in one transaction.

use futures::StreamExt as _;
use sqlx::{
    AssertSqlSafe, ConnectOptions as _, PgConnection, PgPool, Postgres, Row as _, Transaction, postgres::PgPoolOptions,
};

use crate::{
    BackupError, Erasure, Manifest, Store, erasures,
    error::database,
    manifest::Rows,
    tables::{self, TableKind, kind_of, quoted, quoted_list},
    upload::OBJECTS_UNDER_WAY,
};

/// A backup in a transaction that is not committed. Dropping it undoes everything.
pub struct Loaded {
    /// The transaction, for what is to be changed before anybody sees the rows.
    pub transaction: Transaction<'static, Postgres>,
    /// Users who were forgotten after the backup was made, as far as the store knows.
    pub erasures: Vec<Erasure>,
}

impl Loaded {
    /// Lets everybody see the rows.
    pub async fn commit(self) -> Result<(), BackupError> {
        self.transaction.commit().await.map_err(database("committing the restore"))
    }
}

/// Makes the tables of the backup's release, loads the rows, and migrates to this release, all in one transaction.
/// Every object is compared with the manifest before its rows go to Postgres. `reached` hears how many bytes were
/// loaded.
///
/// Errors: [`BackupError::NotEmpty`], [`BackupError::TablesAhead`], [`BackupError::Newer`], [`BackupError::Damaged`],
/// and whatever goes wrong with store and database. Then the database is as it was.
pub async fn load(
    pool: &PgPool,
    store: &Store,
    manifest: &Manifest,
    reached: &(dyn Fn(u64) + Send + Sync),
) -> Result<Loaded, BackupError> {
    let known = shelfmark_postgres::newest_migration();
    if manifest.schema > known {
        let name = manifest.name.clone();
        return Err(BackupError::Newer { name, what: "schema", found: manifest.schema, known });
    }
    // A pool of its own: statements that take long are to be expected here, and nothing to warn of.
    let options = (*pool.connect_options()).clone().disable_statement_logging();
    let own = PgPoolOptions::new().max_connections(1).connect_lazy_with(options);
    let mut transaction = own.begin().await.map_err(database("beginning the restore"))?;
    sqlx::query("set local statement_timeout = 0").execute(&mut *transaction).await.map_err(database("settings"))?;
    sqlx::query("set local idle_in_transaction_session_timeout = 0")
        .execute(&mut *transaction)
        .await
        .map_err(database("settings"))?;
    shelfmark_postgres::migrate_through(&mut transaction, manifest.schema).await?;
    require_empty(&mut transaction, manifest).await?;
    let constraints = drop_foreign_keys(&mut transaction).await?;
    let indexes = drop_indexes(&mut transaction).await?;
    execute(&mut transaction, "delete from models").await?;
    copy_all(&mut transaction, store, manifest, reached).await?;
    for statement in indexes.iter().chain(&constraints) {
        execute(&mut transaction, statement).await?;
    }
    for sequence in &manifest.sequences {
        sqlx::query("select setval(pg_get_serial_sequence($1, $2), $3)")
            .bind(quoted(&sequence.table))
            .bind(&sequence.column)
            .bind(sequence.last)
            .execute(&mut *transaction)
            .await
            .map_err(database(format!("setting the sequence of {}", sequence.table)))?;
    }
    shelfmark_postgres::migrate_through(&mut transaction, known).await?;
    // Plans of the first minutes would be made without knowing how many rows there are.
    let tables = manifest.tables.iter().map(|table| quoted(&table.name)).collect::<Vec<_>>().join(", ");
    execute(&mut transaction, &format!("analyze {tables}")).await?;
    let erasures = erasures::missing(&mut transaction, manifest, store).await?;
    Ok(Loaded { transaction, erasures })
}

async fn execute(connection: &mut PgConnection, statement: &str) -> Result<(), BackupError> {
    let executed = sqlx::query(AssertSqlSafe(statement.to_owned())).execute(connection).await;
    executed.map(|_| ()).map_err(database(statement.to_owned()))
}

/// Requires that no table has rows, but for the model that the first migration makes. A service that starts meanwhile
/// waits for the lock.
async fn require_empty(connection: &mut PgConnection, manifest: &Manifest) -> Result<(), BackupError> {
    let found: i64 = sqlx::query_scalar("select max(version) from _sqlx_migrations where success")
        .fetch_one(&mut *connection)
        .await
        .map_err(database("reading the migrations"))?;
    if found > manifest.schema {
        return Err(BackupError::TablesAhead { found, wanted: manifest.schema });
    }
    execute(connection, "set local lock_timeout = '10s'").await?;
    execute(connection, "lock table models in access exclusive mode").await?;
    for table in tables::all(connection).await? {
        if !matches!(kind_of(&table.name), Some(TableKind::Log | TableKind::Versions | TableKind::Whole)) {
            continue;
        }
        let untouched =
            if table.name == "models" { "where name <> 'default' or head <> 0 or config is not null" } else { "" };
        let query = format!("select exists (select from {} {untouched})", quoted(&table.name));
        let has_rows: bool = sqlx::query_scalar(AssertSqlSafe(query))
            .fetch_one(&mut *connection)
            .await
            .map_err(database(format!("looking at {}", table.name)))?;
        if has_rows {
            return Err(BackupError::NotEmpty(table.name));
        }
    }
    Ok(())
}

/// Drops the foreign keys, which go in circles: no order of tables would satisfy them. Returns the statements that make
/// them again, which checks every row.
async fn drop_foreign_keys(connection: &mut PgConnection) -> Result<Vec<String>, BackupError> {
    let at = "listing the foreign keys";
    let rows = sqlx::query(
        "select conrelid::regclass::text, quote_ident(conname), pg_get_constraintdef(oid) from pg_constraint \
         where contype = 'f' and connamespace = (select relnamespace from pg_class where oid = to_regclass('models')) \
         order by 1, 2",
    )
    .fetch_all(&mut *connection)
    .await
    .map_err(database(at))?;
    let mut made = Vec::with_capacity(rows.len());
    for row in rows {
        let [table, name, definition]: [String; 3] = [
            row.try_get(0).map_err(database(at))?,
            row.try_get(1).map_err(database(at))?,
            row.try_get(2).map_err(database(at))?,
        ];
        execute(connection, &format!("alter table {table} drop constraint {name}")).await?;
        made.push(format!("alter table {table} add constraint {name} {definition}"));
    }
    Ok(made)
}

/// Drops the indexes of the log but its key: made at the end, they are made by sorting. Returns the statements for
/// that.
async fn drop_indexes(connection: &mut PgConnection) -> Result<Vec<String>, BackupError> {
    let at = "listing the indexes";
    let rows = sqlx::query(
        "select indexrelid::regclass::text, pg_get_indexdef(indexrelid) from pg_index i \
         where indrelid = 'records'::regclass and not indisprimary \
         and not exists (select from pg_constraint where conindid = i.indexrelid) order by 1",
    )
    .fetch_all(&mut *connection)
    .await
    .map_err(database(at))?;
    let mut made = Vec::with_capacity(rows.len());
    for row in rows {
        let [name, definition]: [String; 2] =
            [row.try_get(0).map_err(database(at))?, row.try_get(1).map_err(database(at))?];
        execute(connection, &format!("drop index {name}")).await?;
        made.push(definition);
    }
    Ok(made)
}

/// Rows of one COPY.
struct Part<'a> {
    what: String,
    statement: String,
    content: &'a Rows,
}

fn parts(manifest: &Manifest) -> Vec<Part<'_>> {
    let mut parts = Vec::new();
    for table in &manifest.tables {
        let statement =
            format!("copy {} ({}) from stdin (format binary)", quoted(&table.name), quoted_list(&table.columns));
        let mut part = |what: String, content| parts.push(Part { what, statement: statement.clone(), content });
        if let Some(content) = &table.content {
            part(format!("table {}", table.name), content);
            continue;
        }
        match kind_of(&table.name) {
            Some(TableKind::Log) => manifest.log.iter().for_each(|piece| {
                part(
                    format!("log of model {}, positions {} to {}", piece.model, piece.first, piece.last),
                    &piece.content,
                );
            }),
            Some(TableKind::Versions) => manifest.versions.iter().for_each(|piece| {
                part(format!("version {} of model {}", piece.number, piece.model), &piece.content);
            }),
            Some(TableKind::Whole | TableKind::NotKept) | None => {}
        }
    }
    parts
}

/// Loads all rows. The next objects are read while one goes to Postgres.
async fn copy_all(
    connection: &mut PgConnection,
    store: &Store,
    manifest: &Manifest,
    reached: &(dyn Fn(u64) + Send + Sync),
) -> Result<(), BackupError> {
    let parts = parts(manifest);
    let objects: Vec<_> = parts.iter().flat_map(|part| part.content.objects.iter().cloned()).collect();
    let mut fetched = futures::stream::iter(objects)
        .map(|object| async {
            let bytes = object.bytes;
            (bytes, object.fetch(store).await)
        })
        .buffered(OBJECTS_UNDER_WAY);
    let mut loaded = 0;
    for part in &parts {
        let failed = || database(format!("loading the {}", part.what));
        let mut copy = connection.copy_in_raw(&part.statement).await.map_err(failed())?;
        for _ in &part.content.objects {
            let Some((bytes, raw)) = fetched.next().await else { break };
            match raw {
                Ok(raw) => copy.send(raw).await.map_err(failed())?,
                Err(error) => {
                    // What happened is the error of the store, not that of the COPY that it ends.
                    let _ended = copy.abort("the backup cannot be read").await;
                    return Err(error);
                }
            };
            loaded += bytes;
            reached(loaded);
        }
        let found = copy.finish().await.map_err(failed())?;
        if found != part.content.rows {
            return Err(BackupError::Rows { object: part.what.clone(), found, wanted: part.content.rows });
        }
    }
    Ok(())
}
