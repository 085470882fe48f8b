//! Formats of event and item files.

use std::fmt;

use super::{PublishedFormat, movielens, rees46::Rees46, retailrocket::RetailRocket};

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
    /// MovieLens 1M and 10M `ratings.dat`: the columns of `u.data`, separated by double colons.
    MovieLensRatingsDat,
    /// MovieLens 1M and 10M `movies.dat`: the columns of `movies.csv`, separated by double colons, often in Latin-1.
    MovieLensMoviesDat,
    /// MovieLens `users.dat` and `u.user`: what is known of users, which is passed over.
    MovieLensUsers,
    /// RetailRocket `events.csv`.
    RetailRocket,
    /// REES46 multi-category shop csv.
    Rees46,
    /// A table of one's own, whose columns were named.
    Table,
    /// An export of a service, or a data set of the literature.
    Published(PublishedFormat),
}

impl FeedFormat {
    /// Returns all formats.
    pub fn all() -> impl Iterator<Item = Self> {
        Self::OWN.into_iter().chain(PublishedFormat::ALL.into_iter().map(Self::Published))
    }

    /// All that have a parser of their own here.
    pub(super) const OWN: [Self; 11] = [
        Self::Ndjson,
        Self::MovieLensData,
        Self::MovieLensItem,
        Self::MovieLensRatings,
        Self::MovieLensMovies,
        Self::MovieLensRatingsDat,
        Self::MovieLensMoviesDat,
        Self::MovieLensUsers,
        Self::RetailRocket,
        Self::Rees46,
        Self::Table,
    ];

    /// Returns the stable name. It is part of event ids, so it never changes.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Ndjson => "ndjson",
            Self::MovieLensData => "movielens-data",
            Self::MovieLensItem => "movielens-item",
            Self::MovieLensRatings => "movielens-ratings",
            Self::MovieLensMovies => "movielens-movies",
            Self::MovieLensRatingsDat => "movielens-ratings-dat",
            Self::MovieLensMoviesDat => "movielens-movies-dat",
            Self::MovieLensUsers => "movielens-users",
            Self::RetailRocket => "retailrocket",
            Self::Rees46 => "rees46",
            Self::Table => "table",
            Self::Published(format) => format.name(),
        }
    }

    /// Returns the format of a name.
    pub fn named(name: &str) -> Option<Self> {
        Self::all().find(|format| format.name() == name)
    }

    /// Returns the columns of the header that the format is recognised by, where it has one of its own.
    pub(super) const fn columns(self) -> Option<&'static [&'static str]> {
        match self {
            Self::MovieLensRatings => Some(&movielens::Ratings::COLUMNS),
            Self::MovieLensMovies => Some(&movielens::Movies::COLUMNS),
            Self::RetailRocket => Some(&RetailRocket::COLUMNS),
            Self::Rees46 => Some(&Rees46::COLUMNS),
            Self::Ndjson
            | Self::MovieLensData
            | Self::MovieLensItem
            | Self::MovieLensRatingsDat
            | Self::MovieLensMoviesDat
            | Self::MovieLensUsers
            | Self::Table
            | Self::Published(_) => None,
        }
    }

    /// Returns the format that a file's name stands for.
    pub(super) fn by_name(name: &str) -> Option<Self> {
        let name = name.rsplit(['/', '\\', ':']).next().unwrap_or(name).to_ascii_lowercase();
        let packed = [".gz", ".zst", ".bz2"].iter().find_map(|end| name.strip_suffix(end));
        match packed.unwrap_or(&name) {
            "u.data" => Some(Self::MovieLensData),
            "u.item" => Some(Self::MovieLensItem),
            "ratings.dat" => Some(Self::MovieLensRatingsDat),
            "movies.dat" => Some(Self::MovieLensMoviesDat),
            "users.dat" | "u.user" => Some(Self::MovieLensUsers),
            name => [".ndjson", ".jsonl"].iter().any(|end| name.ends_with(end)).then_some(Self::Ndjson),
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
            Self::MovieLensRatingsDat => "MovieLens ratings.dat",
            Self::MovieLensMoviesDat => "MovieLens movies.dat",
            Self::MovieLensUsers => "MovieLens users (passed over: a model keeps nothing about users)",
            Self::RetailRocket => "RetailRocket events.csv",
            Self::Rees46 => "REES46 csv",
            Self::Table => "table",
            Self::Published(format) => return format.fmt(f),
        })
    }
}
