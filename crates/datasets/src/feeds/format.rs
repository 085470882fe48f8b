//! Formats of event and item files, and how they are recognised.

use std::fmt;

use super::columns;

/// A format that can be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum FeedFormat {
    /// Our own format: one JSON object a line, an event or an item.
    Ndjson,
    /// MovieLens 100k `u.data`: user, item, rating and seconds, separated by tabs.
    MovieLensData,
    /// MovieLens 100k `u.item`: films, separated by pipes, in Latin-1.
    MovieLensItem,
    /// MovieLens `ratings.csv`.
    MovieLensRatings,
    /// MovieLens `movies.csv`.
    MovieLensMovies,
    /// RetailRocket `events.csv`.
    RetailRocket,
    /// REES46 multi-category shop csv.
    Rees46,
}

impl FeedFormat {
    /// All formats.
    pub const ALL: [Self; 7] = [
        Self::Ndjson,
        Self::MovieLensData,
        Self::MovieLensItem,
        Self::MovieLensRatings,
        Self::MovieLensMovies,
        Self::RetailRocket,
        Self::Rees46,
    ];

    /// Returns the stable name. It is part of event ids, so it never changes.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Ndjson => "ndjson",
            Self::MovieLensData => "movielens-data",
            Self::MovieLensItem => "movielens-item",
            Self::MovieLensRatings => "movielens-ratings",
            Self::MovieLensMovies => "movielens-movies",
            Self::RetailRocket => "retailrocket",
            Self::Rees46 => "rees46",
        }
    }

    /// Whether the first line names the columns.
    pub(super) const fn has_header(self) -> bool {
        matches!(self, Self::MovieLensRatings | Self::MovieLensMovies | Self::RetailRocket | Self::Rees46)
    }

    /// Recognises the format by the first line that is not blank. The file's name decides only when that line does not.
    pub fn recognise(first_line: &[u8], name: &str) -> Option<Self> {
        Self::by_content(first_line).or_else(|| Self::by_name(name))
    }

    fn by_content(first_line: &[u8]) -> Option<Self> {
        if first_line.trim_ascii_start().starts_with(b"{") {
            return Some(Self::Ndjson);
        }
        let line = String::from_utf8_lossy(first_line);
        let header = columns::CsvHeader::new(&line);
        let has = |names: &[&str]| names.iter().all(|name| header.find(name).is_some());
        for (format, names) in [
            (Self::MovieLensRatings, &["userid", "movieid", "rating", "timestamp"][..]),
            (Self::MovieLensMovies, &["movieid", "title", "genres"]),
            (Self::RetailRocket, &["timestamp", "visitorid", "event", "itemid"]),
            (Self::Rees46, &["event_time", "event_type", "product_id", "user_id"]),
        ] {
            if has(names) {
                return Some(format);
            }
        }
        let tabs: Vec<&str> = line.split('\t').collect();
        if tabs.len() == 4 && tabs.iter().all(|field| field.trim().parse::<f64>().is_ok()) {
            return Some(Self::MovieLensData);
        }
        let pipes: Vec<&str> = line.split('|').collect();
        (pipes.len() == 24 && pipes[5..].iter().all(|flag| matches!(flag.trim(), "0" | "1")))
            .then_some(Self::MovieLensItem)
    }

    fn by_name(name: &str) -> Option<Self> {
        let name = name.rsplit(['/', '\\']).next().unwrap_or(name).to_ascii_lowercase();
        let name = name.strip_suffix(".gz").unwrap_or(&name);
        match name {
            "u.data" => Some(Self::MovieLensData),
            "u.item" => Some(Self::MovieLensItem),
            _ => [".ndjson", ".jsonl"].iter().any(|end| name.ends_with(end)).then_some(Self::Ndjson),
        }
    }
}

impl fmt::Display for FeedFormat {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Ndjson => "ndjson",
            Self::MovieLensData => "MovieLens u.data",
            Self::MovieLensItem => "MovieLens u.item",
            Self::MovieLensRatings => "MovieLens ratings.csv",
            Self::MovieLensMovies => "MovieLens movies.csv",
            Self::RetailRocket => "RetailRocket events.csv",
            Self::Rees46 => "REES46 csv",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn content_decides_and_the_name_helps_only_when_it_does_not() {
        let item = b"1|Toy Story (1995)|01-Jan-1995||http://x|0|0|0|1|1|1|0|0|0|0|0|0|0|0|0|0|0|0|0";
        for (line, name, format) in [
            (&b"{\"user\":\"u\"}"[..], "ratings.csv", Some(FeedFormat::Ndjson)),
            (b"196\t242\t3\t881250949", "x", Some(FeedFormat::MovieLensData)),
            (item, "x", Some(FeedFormat::MovieLensItem)),
            (b"userId,movieId,rating,timestamp", "x", Some(FeedFormat::MovieLensRatings)),
            (b"movieId,title,genres", "x", Some(FeedFormat::MovieLensMovies)),
            (b"timestamp,visitorid,event,itemid,transactionid", "x", Some(FeedFormat::RetailRocket)),
            (
                b"event_time,event_type,product_id,category_id,category_code,brand,price,user_id,user_session",
                "x",
                Some(FeedFormat::Rees46),
            ),
            (b"broken first line", "dir/u.data.gz", Some(FeedFormat::MovieLensData)),
            (b"broken first line", "a.jsonl.gz", Some(FeedFormat::Ndjson)),
            (b"PK\x03\x04", "archive.zip", None),
        ] {
            assert_eq!(FeedFormat::recognise(line, name), format, "{}", String::from_utf8_lossy(line));
        }
    }
}
