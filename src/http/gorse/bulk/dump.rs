//! Gorse's dump: markers of tables and lengths of records as little-endian i64, records as Protocol Buffers.
//!
//! | marker | table | fields |
//! |---|---|---|
//! | -1 | users | 1 id, 2 labels as JSON, 3 comment |
//! | -2 | items | 2 id, 3 hidden, 4 categories, 5 time, 6 labels, 7 comment |
//! | -3 | feedback | 2 type, 3 user, 4 item, 5 value, 6 time, 7 comment, 8 updated, 9 labels |
//! | 0 | the end | |
//!
//! Gorse 0.4 had no values: its feedback has the time in field 5 and the comment in field 6. Both are read.

use serde_json::Value;

use super::{
    entries::{Entries, Table},
    protobuf::{Content, Fields, Message},
};
use crate::http::gorse::{
    TextError,
    feedback::Feedback,
    items::{GorseItem, NO_TIME, seconds},
    users::User,
};
use shelfmark_domain::Timestamp;

/// Marker of the end.
pub const END: i64 = 0;
/// Seconds of the year 1, which is no time.
const NO_TIME_SECONDS: i64 = -62_135_596_800;

/// Returns the marker of a table.
pub const fn marker(table: Table) -> i64 {
    match table {
        Table::Users => -1,
        Table::Items => -2,
        Table::Feedback => -3,
    }
}

/// Returns the table of a marker. Error: it is none.
pub fn table(marker: i64) -> Result<Table, TextError> {
    match marker {
        -1 => Ok(Table::Users),
        -2 => Ok(Table::Items),
        -3 => Ok(Table::Feedback),
        _ => Err(TextError::bad(format!("{marker} is no marker of a table"))),
    }
}

/// Writes records, each after its length.
pub fn records(entries: &Entries) -> Vec<u8> {
    let messages: Vec<Message> = match entries {
        Entries::Users(users) => users.iter().map(user).collect(),
        Entries::Items(items) => items.iter().map(item).collect(),
        Entries::Feedback(feedback) => feedback.iter().map(one_feedback).collect(),
    };
    let mut bytes = Vec::new();
    for Message(message) in messages {
        // Never 0, which would be the end: each has an id.
        bytes.extend_from_slice(&i64::try_from(message.len()).unwrap_or(i64::MAX).to_le_bytes());
        bytes.extend_from_slice(&message);
    }
    bytes
}

fn user(User { user_id, labels, comment, .. }: &User) -> Message {
    let mut message = Message::default();
    message.bytes(1, user_id.as_bytes());
    message.bytes(2, labels.to_string().as_bytes());
    message.bytes(3, comment.as_deref().unwrap_or_default().as_bytes());
    message
}

fn item(item: &GorseItem) -> Message {
    let GorseItem { item_id, is_hidden, categories, timestamp, labels, comment } = item;
    let mut message = Message::default();
    message.bytes(2, item_id.as_bytes());
    message.varint(3, u64::from(is_hidden.unwrap_or(false)));
    // An empty category is written too: it is an entry of a list.
    categories.iter().flatten().for_each(|category| message.nested(4, category.as_bytes()));
    message.nested(5, &time(timestamp.as_deref()));
    message.bytes(6, labels.to_string().as_bytes());
    message.bytes(7, comment.as_deref().unwrap_or_default().as_bytes());
    message
}

fn one_feedback(feedback: &Feedback) -> Message {
    let Feedback { feedback_type, user_id, item_id, value, timestamp, updated, labels, comment } = feedback;
    let mut message = Message::default();
    message.bytes(2, feedback_type.as_bytes());
    message.bytes(3, user_id.as_bytes());
    message.bytes(4, item_id.as_bytes());
    message.double(5, *value);
    message.nested(6, &time(timestamp.as_deref()));
    message.bytes(7, comment.as_deref().unwrap_or_default().as_bytes());
    message.nested(8, &time(updated.as_deref()));
    message.bytes(9, labels.to_string().as_bytes());
    message
}

/// A `google.protobuf.Timestamp`: 1 seconds, 2 nanoseconds.
fn time(text: Option<&str>) -> Vec<u8> {
    let at = text.filter(|text| *text != NO_TIME).and_then(Timestamp::parse);
    let (seconds, nanos) = at.map_or((NO_TIME_SECONDS, 0), |at| {
        (at.micros().div_euclid(1_000_000), at.micros().rem_euclid(1_000_000) * 1000)
    });
    let mut message = Message::default();
    message.varint(1, seconds.cast_unsigned());
    message.varint(2, nanos.cast_unsigned());
    message.0
}

fn read_time(content: Content<'_>, name: &str) -> Result<Option<String>, TextError> {
    let (mut seconds_of, mut nanos) = (0_i64, 0_i64);
    for field in Fields(content.bytes(name)?) {
        match field? {
            (1, Content::Varint(value)) => seconds_of = value.cast_signed(),
            (2, Content::Varint(value)) => nanos = value.cast_signed(),
            _ => {}
        }
    }
    if seconds_of <= NO_TIME_SECONDS {
        return Ok(None);
    }
    let micros = seconds_of.checked_mul(1_000_000).and_then(|micros| micros.checked_add(nanos / 1000));
    let at = micros.and_then(Timestamp::from_micros);
    at.map(|at| Some(seconds(at))).ok_or_else(|| TextError::bad(format!("{name} is out of range")))
}

fn read_labels(content: Content<'_>) -> Result<Value, TextError> {
    let json = content.bytes("Labels")?;
    if json.is_empty() {
        return Ok(Value::Null);
    }
    serde_json::from_slice(json).map_err(|error| TextError::bad(format!("Labels: {error}")))
}

impl Entries {
    /// Reads one more record.
    pub fn push_record(&mut self, record: &[u8]) -> Result<(), TextError> {
        match self {
            Self::Users(users) => users.push(read_user(record)?),
            Self::Items(items) => items.push(read_item(record)?),
            Self::Feedback(feedback) => feedback.push(read_feedback(record)?),
        }
        Ok(())
    }
}

fn read_user(record: &[u8]) -> Result<User, TextError> {
    let (mut id, mut labels, mut comment) = (String::new(), Value::Null, String::new());
    for field in Fields(record) {
        match field? {
            (1, content) => id = content.text("UserId")?,
            (2, content) => labels = read_labels(content)?,
            (3, content) => comment = content.text("Comment")?,
            _ => {}
        }
    }
    Ok(User::new(id, labels, comment))
}

fn read_item(record: &[u8]) -> Result<GorseItem, TextError> {
    let mut item = GorseItem::default();
    for field in Fields(record) {
        match field? {
            (2, content) => item.item_id = content.text("ItemId")?,
            (3, Content::Varint(hidden)) => item.is_hidden = Some(hidden != 0),
            (4, content) => item.categories.get_or_insert_default().push(content.text("Categories")?),
            (5, content) => item.timestamp = read_time(content, "Timestamp")?,
            (6, content) => item.labels = read_labels(content)?,
            (7, content) => item.comment = Some(content.text("Comment")?),
            _ => {}
        }
    }
    Ok(item)
}

fn read_feedback(record: &[u8]) -> Result<Feedback, TextError> {
    let mut feedback = Feedback::default();
    let mut without_values = false;
    for field in Fields(record) {
        match field? {
            (2, content) => feedback.feedback_type = content.text("FeedbackType")?,
            (3, content) => feedback.user_id = content.text("UserId")?,
            (4, content) => feedback.item_id = content.text("ItemId")?,
            (5, Content::Fixed64(bits)) => feedback.value = f64::from_bits(bits),
            (5, content @ Content::Bytes(_)) => {
                without_values = true;
                feedback.timestamp = read_time(content, "Timestamp")?;
            }
            (6, content) if without_values => feedback.comment = Some(content.text("Comment")?),
            (6, content) => feedback.timestamp = read_time(content, "Timestamp")?,
            (7, content) => feedback.comment = Some(content.text("Comment")?),
            (9, content) => feedback.labels = read_labels(content)?,
            _ => {}
        }
    }
    Ok(feedback)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn round_trip(table: Table, line: &Value) -> Value {
        let entries = Entries::parse(table, std::iter::once(line.to_string().as_bytes())).expect("an entry");
        let bytes = records(&entries);
        let (length, record) = bytes.split_first_chunk::<8>().expect("a length");
        assert_eq!(i64::from_le_bytes(*length), i64::try_from(record.len()).expect("short"));
        let mut read = Entries::new(table);
        read.push_record(record).expect("a record");
        serde_json::from_slice(&read.lines().expect("JSON")).expect("a line")
    }

    #[test]
    fn records_come_back_as_they_were() {
        let user = json!({"UserId": "u", "Labels": {"age": 24, "tags": ["a"]}, "Comment": "hi"});
        assert_eq!(round_trip(Table::Users, &user), user);
        let item = json!({"ItemId": "i", "IsHidden": true, "Categories": ["a", ""], "Comment": "x",
            "Timestamp": "1969-12-31T23:59:58.5Z", "Labels": {"embedding": [0.5, null]}});
        assert_eq!(round_trip(Table::Items, &item), item);
        let feedback = json!({"FeedbackType": "star", "UserId": "u", "ItemId": "i", "Value": -2.5,
            "Timestamp": "2021-05-01T10:00:00Z", "Updated": null, "Labels": null, "Comment": "c"});
        assert_eq!(round_trip(Table::Feedback, &feedback), feedback);
        let bare = round_trip(Table::Items, &json!({"ItemId": "bare"}));
        assert_eq!((&bare["Timestamp"], &bare["Labels"]), (&json!(null), &json!(null)));
    }

    #[test]
    fn feedback_of_gorse_0_4_has_its_time_where_values_are_now() {
        let mut record = Message::default();
        record.bytes(2, b"read");
        record.bytes(3, b"u");
        record.bytes(4, b"i");
        record.nested(5, &time(Some("2021-05-01T10:00:00Z")));
        record.bytes(6, b"a comment");
        let read = read_feedback(&record.0).expect("feedback");
        assert_eq!(
            (read.value, read.time(), read.comment.as_deref()),
            (0.0, "2021-05-01T10:00:00Z", Some("a comment"))
        );
    }
}
