//! MovieLens: `u.data` and `u.item` of the 100k set, `ratings.csv` and `movies.csv` of the newer ones.
//!
//! | file | column | becomes |
//! |---|---|---|
//! | u.data, ratings.csv | user, movie | `user`, `item` |
//! | | rating | `kind` `rating`, `value` the rating |
//! | | seconds | `ts` |
//! | u.item, movies.csv | movie | `id` |
//! | | title (year) | `title` without the year, `properties.year` |
//! | | genres | `categories` |
//!
//! Neither file of ratings is in order of time (u.data is shuffled, ratings.csv goes by user): replay them with
//! `--sort`.

use std::collections::BTreeMap;

use shelfmark_domain::{Event, Id, Item, PropertyValue, Timestamp};

use super::columns::{CsvHeader, excerpt, field, fields, number};

/// Genres of the flags of u.item, in their order.
const GENRES: [&str; 19] = [
    "unknown",
    "Action",
    "Adventure",
    "Animation",
    "Children's",
    "Comedy",
    "Crime",
    "Documentary",
    "Drama",
    "Fantasy",
    "Film-Noir",
    "Horror",
    "Musical",
    "Mystery",
    "Romance",
    "Sci-Fi",
    "Thriller",
    "War",
    "Western",
];

pub(super) struct Ratings {
    user: usize,
    movie: usize,
    rating: usize,
    seconds: usize,
}

impl Ratings {
    pub(super) fn new(header: &CsvHeader) -> Self {
        Self {
            user: header.place("userid"),
            movie: header.place("movieid"),
            rating: header.place("rating"),
            seconds: header.place("timestamp"),
        }
    }

    pub(super) fn event(&self, line: &str, event_id: Id) -> Result<Event, String> {
        let row = fields(line)?;
        rating(
            field(&row, self.user, "userId")?,
            field(&row, self.movie, "movieId")?,
            field(&row, self.rating, "rating")?,
            field(&row, self.seconds, "timestamp")?,
            event_id,
        )
    }
}

pub(super) fn data_event(line: &str, event_id: Id) -> Result<Event, String> {
    let mut row = line.split('\t').map(str::trim);
    match (row.next(), row.next(), row.next(), row.next(), row.next()) {
        (Some(user), Some(movie), Some(stars), Some(seconds), None) => rating(user, movie, stars, seconds, event_id),
        _ => Err("not four fields with tabs between them (user, item, rating, seconds)".to_owned()),
    }
}

fn rating(user: &str, movie: &str, stars: &str, seconds: &str, event_id: Id) -> Result<Event, String> {
    let ts = Timestamp::from_seconds(number(seconds, "timestamp")?)
        .ok_or_else(|| format!("timestamp is out of range: {}", excerpt(seconds)))?;
    Ok(Event {
        event_id,
        user: Some(Id::new("user", user).map_err(|error| error.to_string())?),
        session: None,
        item: Id::new("item", movie).map_err(|error| error.to_string())?,
        kind: "rating".to_owned(),
        value: Some(number(stars, "rating")?),
        ts,
        context: Vec::new(),
        recommendation_id: None,
        properties: None,
    })
}

pub(super) struct Movies {
    movie: usize,
    title: usize,
    genres: usize,
}

impl Movies {
    pub(super) fn new(header: &CsvHeader) -> Self {
        Self { movie: header.place("movieid"), title: header.place("title"), genres: header.place("genres") }
    }

    pub(super) fn item(&self, line: &str) -> Result<Item, String> {
        let row = fields(line)?;
        let genres = field(&row, self.genres, "genres").unwrap_or("");
        let genres = if genres == "(no genres listed)" { "" } else { genres };
        let genres = genres.split('|').filter(|genre| !genre.is_empty()).map(str::to_owned).collect();
        film(field(&row, self.movie, "movieId")?, field(&row, self.title, "title")?, genres)
    }
}

/// Decodes Latin-1, in which every byte is the character of the same number.
pub(super) fn item(line: &[u8]) -> Result<Item, String> {
    let line: String = line.iter().map(|&byte| char::from(byte)).collect();
    let row: Vec<&str> = line.split('|').map(str::trim).collect();
    if row.len() != 24 {
        return Err(format!("{} fields with pipes between them, not 24", row.len()));
    }
    let genres = GENRES
        .iter()
        .zip(&row[5..])
        .filter(|(genre, flag)| **flag == "1" && **genre != "unknown")
        .map(|(genre, _)| (*genre).to_owned())
        .collect();
    film(row[0], row[1], genres)
}

fn film(id: &str, title: &str, categories: Vec<String>) -> Result<Item, String> {
    let (title, year) = split_year(title);
    let properties: BTreeMap<_, _> =
        year.map(|year| ("year".to_owned(), PropertyValue::Number(f64::from(year)))).into_iter().collect();
    let item = Item {
        title: (!title.is_empty()).then(|| title.to_owned()),
        categories,
        properties,
        ..Item::bare(Id::new("id", id).map_err(|error| error.to_string())?)
    };
    item.check().map_err(|error| error.to_string())?;
    Ok(item)
}

/// Splits `Toy Story (1995)` into `Toy Story` and 1995.
fn split_year(title: &str) -> (&str, Option<u16>) {
    let title = title.trim();
    let parts = title.strip_suffix(')').and_then(|rest| rest.rsplit_once('('));
    match parts.map(|(name, year)| (name, year.len(), year.parse())) {
        Some((name, 4, Ok(year))) => (name.trim_end(), Some(year)),
        _ => (title, None),
    }
}
