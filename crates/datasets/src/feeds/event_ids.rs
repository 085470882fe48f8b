//! Event ids made from the content of a file: the same line of the same file always gets the same id.

use xxhash_rust::xxh3::Xxh3;

use shelfmark_domain::Id;

use super::FeedFormat;

/// Maker of the event ids of one file.
///
/// An id is a 128-bit hash (xxh3) of: the format's name, the file's first data line, the number of the line and the
/// line's bytes. It follows, on purpose, that:
///
/// - the same file sent twice has the same ids, compressed or not, whatever its name;
/// - two identical lines of one file are two events, because their numbers differ;
/// - a file that has grown at its end keeps the ids of its old lines: when it is sent again, only the new lines count;
/// - a corrected line is a new event, and the lines around it keep their ids;
/// - two files that share a line at the same place have different ids, unless they begin alike.
///
/// Inserted or removed lines shift the numbers after them, so those lines count as new: do not edit a file that was
/// sent in part. A **salt** makes every id new, so that the same file is a second set of events.
pub struct EventIds {
    format: FeedFormat,
    salt: Option<String>,
    base: Option<Xxh3>,
}

impl EventIds {
    /// Makes ids for one file.
    pub fn new(format: FeedFormat, salt: Option<String>) -> Self {
        Self { format, salt, base: None }
    }

    /// Returns the id of line `number` with the bytes `line`. The line of the first call identifies the file.
    pub fn next(&mut self, number: u64, line: &[u8]) -> Id {
        let base = self.base.get_or_insert_with(|| {
            let mut base = Xxh3::new();
            // Lengths go first so that no two sequences of parts read alike.
            for part in [self.format.name().as_bytes(), self.salt.as_deref().unwrap_or("").as_bytes(), line] {
                base.update(&(part.len() as u64).to_le_bytes());
                base.update(part);
            }
            base
        });
        let mut hash = base.clone();
        hash.update(&number.to_le_bytes());
        hash.update(line);
        Id::new("event_id", &format!("r-{:032x}", hash.digest128()))
            .expect("34 characters of r, dash and hexadecimal digits are an id")
    }

    /// Whether ids are salted. Then ids in the file do not count either.
    pub fn is_salted(&self) -> bool {
        self.salt.is_some()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ids(lines: &[&str], salt: Option<&str>) -> Vec<Id> {
        let mut ids = EventIds::new(FeedFormat::Ndjson, salt.map(str::to_owned));
        (1..).zip(lines).map(|(number, line)| ids.next(number, line.as_bytes())).collect()
    }

    #[test]
    fn the_same_file_gives_the_same_ids_and_equal_lines_give_two() {
        let first = ids(&["a", "b", "b"], None);
        assert_eq!(first, ids(&["a", "b", "b"], None));
        assert_ne!(first[1], first[2]);
    }

    #[test]
    fn a_grown_or_corrected_file_keeps_the_ids_of_its_other_lines() {
        let first = ids(&["a", "b", "c"], None);
        assert_eq!(first, ids(&["a", "b", "c", "d"], None)[..3]);
        let corrected = ids(&["a", "x", "c"], None);
        assert_eq!((&first[0], &first[2]), (&corrected[0], &corrected[2]));
        assert_ne!(first[1], corrected[1]);
    }

    #[test]
    fn another_file_and_a_salt_give_other_ids() {
        let first = ids(&["a", "b"], None);
        assert_ne!(first[1], ids(&["other", "b"], None)[1]);
        assert_ne!(first, ids(&["a", "b"], Some("again")));
    }

    #[test]
    fn ids_are_the_same_in_every_release() {
        // Kept by hand: a changed hash would double every file that was sent half by the release before.
        assert_eq!(ids(&["a"], None)[0].as_str(), "r-90cd7fbbd13659d7b2ff80ac11c49442");
    }
}
