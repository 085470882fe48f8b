//! Search for the user who has the history of a visit or of another user now, by the records that moved it.

use sqlx::{PgPool, Row};

use shelfmark_domain::{Event, Id, Interval, Merge, MergeSource, Position};

use super::{LogError, body, rest};

/// Records after an event that are searched. They are read in order, so this bounds the time.
pub(super) const RECORDS_MAX: u64 = 1_000_000;

/// Finds the user into whose history the records of an interval moved that of an event's user or session; `None` when
/// none of them did.
pub(super) async fn moved_to(
    pool: &PgPool,
    model_id: i32,
    event: &Event,
    Interval { after, through }: Interval,
) -> Result<Option<Id>, LogError> {
    let rows = sqlx::query(
        "select position, rest from records where model_id = $1 and position > $2 and position <= $3 and type = 9 \
         order by position",
    )
    .bind(model_id)
    .bind(after.as_i64())
    .bind(through.as_i64())
    .fetch_all(pool)
    .await?;
    let mut moves = Vec::with_capacity(rows.len() + 1);
    for row in rows {
        let position = Position::from_i64(row.try_get(0)?);
        moves.push((position, rest::merge(row.try_get(1)?).map_err(|detail| body::unreadable(position, detail))?));
    }
    if let (None, Some(session)) = (&event.user, &event.session) {
        let login = sqlx::query(
            "select position, user_id from records where model_id = $1 and position > $2 and position <= $3 \
             and type = 1 and session_id = $4 and user_id is not null order by position limit 1",
        )
        .bind(model_id)
        .bind(after.as_i64())
        .bind(through.as_i64())
        .bind(session.as_str())
        .fetch_optional(pool)
        .await?;
        if let Some(row) = login {
            let position = Position::from_i64(row.try_get(0)?);
            let user =
                body::optional("user_id", row.try_get(1)?).map_err(|detail| body::unreadable(position, detail))?;
            moves.extend(user.map(|into| (position, Merge { into, from: MergeSource::Session(session.clone()) })));
        }
    }
    moves.sort_by_key(|(position, _)| *position);
    Ok(follow(event, moves.into_iter().map(|(_, moved)| moved)))
}

/// Follows a history through moves in order.
fn follow(event: &Event, moves: impl Iterator<Item = Merge>) -> Option<Id> {
    let mut holder = match (&event.user, &event.session) {
        (Some(user), _) => MergeSource::User(user.clone()),
        (None, Some(session)) => MergeSource::Session(session.clone()),
        (None, None) => return None,
    };
    let mut moved_to = None;
    for Merge { into, from } in moves {
        if from == holder {
            holder = MergeSource::User(into.clone());
            moved_to = Some(into);
        }
    }
    moved_to
}

#[cfg(test)]
mod tests {
    use shelfmark_domain::Timestamp;

    use super::*;

    fn id(text: &str) -> Id {
        Id::new("id", text).expect("an id")
    }

    #[test]
    fn a_history_is_followed_from_name_to_name() {
        let event = |user: Option<&str>, session: Option<&str>| Event {
            event_id: id("e"),
            user: user.map(id),
            session: session.map(id),
            item: id("i"),
            kind: "click".to_owned(),
            value: None,
            ts: Timestamp::default(),
            context: Vec::new(),
            recommendation_id: None,
            properties: None,
        };
        let moves = || {
            [
                Merge { into: id("x"), from: MergeSource::User(id("guest")) },
                Merge { into: id("guest"), from: MergeSource::Session(id("s")) },
                Merge { into: id("ann"), from: MergeSource::User(id("guest")) },
                Merge { into: id("bob"), from: MergeSource::User(id("x")) },
            ]
            .into_iter()
        };
        assert_eq!(follow(&event(None, Some("s")), moves()), Some(id("ann")), "the guest of after the first move");
        assert_eq!(follow(&event(Some("guest"), Some("s")), moves()), Some(id("bob")));
        assert_eq!(follow(&event(Some("ann"), None), moves()), None);
    }
}
