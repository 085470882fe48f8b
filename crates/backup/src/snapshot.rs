//! Snapshot: one read-only transaction that sees the database at one moment, whatever is written meanwhile.

use futures::TryStreamExt as _;
use sqlx::{ConnectOptions as _, Connection as _, PgConnection, PgPool, Row as _};
use time::OffsetDateTime;

use crate::{
    BackupError,
    binary_copy::RowCounter,
    error::database,
    manifest::{BackedModel, BackedVersion, Sequence},
    object::OBJECT_BYTES_MAX,
    upload::{PendingRows, Uploads},
};

/// The transaction, on a connection of its own.
pub(crate) struct Snapshot {
    pub connection: PgConnection,
    /// When it was taken, by the database's clock.
    pub at: OffsetDateTime,
    /// Newest migration.
    pub schema: i64,
}

impl Snapshot {
    pub async fn take(pool: &PgPool) -> Result<Self, BackupError> {
        let at = "taking a snapshot";
        // Statements that take long are to be expected here, and nothing to warn of.
        let options = (*pool.connect_options()).clone().disable_statement_logging();
        let mut connection = PgConnection::connect_with(&options).await.map_err(database(at))?;
        for statement in [
            "begin isolation level repeatable read, read only",
            // The session waits for the store in between, which a limit of the server would take for a forgotten one.
            "set local idle_in_transaction_session_timeout = 0",
            "set local statement_timeout = 0",
        ] {
            sqlx::query(statement).execute(&mut connection).await.map_err(database(at))?;
        }
        let row = sqlx::query("select now(), (select max(version) from _sqlx_migrations where success)")
            .fetch_one(&mut connection)
            .await
            .map_err(database(at))?;
        let (now, schema) = (row.try_get(0).map_err(database(at))?, row.try_get(1).map_err(database(at))?);
        Ok(Self { connection, at: now, schema })
    }

    /// Ends the transaction.
    pub async fn end(self) -> Result<(), BackupError> {
        self.connection.close().await.map_err(database("ending the snapshot"))
    }

    /// Lists the models that are not deleted.
    pub async fn models(&mut self) -> Result<Vec<BackedModel>, BackupError> {
        let rows = sqlx::query(
            "select m.id, m.name::text, m.head, encode(r.checksum, 'hex'), v.number, v.position, encode(v.digest, 'hex') \
             from models m \
             left join records r on r.model_id = m.id and r.position = m.head \
             left join lateral (select number, position, digest from versions where model_id = m.id and not hidden \
                 and derived is null order by position desc, number desc limit 1) v on true \
             where m.deleted_at is null order by m.id",
        )
        .fetch_all(&mut self.connection)
        .await
        .map_err(database("listing the models"))?;
        let model = |row: &sqlx::postgres::PgRow| {
            let version = match row.try_get::<Option<i32>, _>(4)? {
                Some(number) => Some(BackedVersion { number, position: row.try_get(5)?, digest: row.try_get(6)? }),
                None => None,
            };
            Ok(BackedModel {
                id: row.try_get(0)?,
                name: row.try_get(1)?,
                position: row.try_get(2)?,
                chain: row.try_get(3)?,
                version,
            })
        };
        rows.iter().map(model).collect::<Result<_, _>>().map_err(database("listing the models"))
    }

    /// Lists the identity columns, with the last numbers that were given.
    pub async fn sequences(&mut self) -> Result<Vec<Sequence>, BackupError> {
        let rows = sqlx::query(
            "select c.relname::text, a.attname::text, \
             pg_sequence_last_value(pg_get_serial_sequence(c.oid::regclass::text, a.attname)::regclass) \
             from pg_class c join pg_attribute a on a.attrelid = c.oid \
             where c.relkind = 'r' and a.attidentity <> '' \
             and c.relnamespace = (select relnamespace from pg_class where oid = to_regclass('models')) order by 1",
        )
        .fetch_all(&mut self.connection)
        .await
        .map_err(database("reading the sequences"))?;
        let mut sequences = Vec::new();
        for row in rows {
            let last: Option<i64> = row.try_get(2).map_err(database("reading the sequences"))?;
            if let Some(last) = last {
                let table = row.try_get(0).map_err(database("reading the sequences"))?;
                let column = row.try_get(1).map_err(database("reading the sequences"))?;
                sequences.push(Sequence { table, column, last });
            }
        }
        Ok(sequences)
    }

    /// Copies what a query reads into objects of a folder. Holds one object's bytes at a time.
    pub async fn copy(
        &mut self,
        query: &str,
        folder: &str,
        compress: bool,
        uploads: &mut Uploads,
    ) -> Result<PendingRows, BackupError> {
        let what = || format!("copying {folder}");
        let first = uploads.next();
        let statement = format!("copy ({query}) to stdout (format binary)");
        let mut copied = self.connection.copy_out_raw(&statement).await.map_err(database(what()))?;
        let (mut counter, mut raw) = (RowCounter::default(), Vec::new());
        while let Some(bytes) = copied.try_next().await.map_err(database(what()))? {
            counter.take(&bytes);
            let mut rest = &bytes[..];
            while raw.len() + rest.len() >= OBJECT_BYTES_MAX {
                let (fits, more) = rest.split_at(OBJECT_BYTES_MAX - raw.len());
                raw.extend_from_slice(fits);
                uploads.add(folder, std::mem::take(&mut raw), compress).await?;
                rest = more;
            }
            raw.extend_from_slice(rest);
        }
        if !raw.is_empty() {
            uploads.add(folder, raw, compress).await?;
        }
        let broken = || database(what())(sqlx::Error::Protocol("the COPY has no end".to_owned()));
        Ok(PendingRows { rows: counter.rows().ok_or_else(broken)?, objects: first..uploads.next() })
    }
}
