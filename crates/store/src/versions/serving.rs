//! Current deployment: what readers are served, with the arms of a split.

use sqlx::{PgConnection, Row};

use shelfmark_domain::{Arm, Served, Serving, Split, VersionNumber};

use super::{
    VersionError, VersionStore,
    manifest::{number, sql_number},
};

impl VersionStore {
    /// Returns what is served now.
    pub async fn serving(&self) -> Result<Serving, VersionError> {
        let rows = sqlx::query(
            "select m.served_version, a.version, a.percent from models m \
             left join serving_arms a on a.model_id = m.id where m.id = $1 order by a.ordinal",
        )
        .bind(self.model_id())
        .fetch_all(self.pool())
        .await?;
        let mut main = Served::Live;
        let mut arms = Vec::new();
        for row in &rows {
            main = served(row.try_get(0)?);
            if let Some(percent) = row.try_get::<Option<i16>, _>(2)? {
                let percent = u8::try_from(percent).unwrap_or(0);
                arms.push(Arm { served: served(row.try_get(1)?), percent });
            }
        }
        if arms.is_empty() {
            return Ok(Serving::One(main));
        }
        let split = Split::new(arms).map_err(|error| sqlx::Error::Decode(error.into()))?;
        Ok(Serving::Split(split))
    }
}

/// Replaces the stored arms by those of `what`. A foreign key makes sure that every version exists.
pub(super) async fn store_arms(
    connection: &mut PgConnection,
    model_id: i32,
    what: &Serving,
) -> Result<(), VersionError> {
    sqlx::query("delete from serving_arms where model_id = $1").bind(model_id).execute(&mut *connection).await?;
    let Serving::Split(split) = what else { return Ok(()) };
    for (ordinal, arm) in split.arms().iter().enumerate() {
        sqlx::query("insert into serving_arms (model_id, ordinal, version, percent) values ($1, $2, $3, $4)")
            .bind(model_id)
            .bind(i16::try_from(ordinal).unwrap_or(i16::MAX))
            .bind(served_number(arm.served))
            .bind(i16::from(arm.percent))
            .execute(&mut *connection)
            .await?;
    }
    Ok(())
}

pub(super) fn served(version: Option<i32>) -> Served {
    version.map_or(Served::Live, |version| Served::Version(number(version)))
}

pub(super) fn served_number(served: Served) -> Option<i32> {
    match served {
        Served::Live => None,
        Served::Version(version) => Some(sql_number(version)),
    }
}

/// Lists the versions among the arms.
pub(super) fn versions_of(what: &Serving) -> Vec<VersionNumber> {
    let version = |arm: Arm| match arm.served {
        Served::Live => None,
        Served::Version(version) => Some(version),
    };
    what.arms().into_iter().filter_map(version).collect()
}
