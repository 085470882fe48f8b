//! MovieLens: `u.data` and `u.item` of the 100k set, the `.dat` files of 1M and 10M, `ratings.csv` and `movies.csv` of
//! the newer ones.
//!
//! | file | column | becomes |
//! |---|---|---|
//! | u.data, ratings.dat, ratings.csv | user, movie | `user`, `item`: whole numbers, `31.0` is `31` |
//! | | rating | `kind` `rating`, `value` the rating; required |
//! | | seconds | `ts` |
//! | u.item, movies.dat, movies.csv | movie | `id` |
//! | | title (year) | `title` without the year, `properties.year` |
//! | | genres | `categories` |
//! | u.user, users.dat | | nothing: a model keeps nothing about users but what they do |
//!
//! u.item and movies.dat are in Latin-1 or in UTF-8: a line that is UTF-8 is read so. No file of ratings is in order of
//! time (u.data is shuffled, the others go by user): replay them with `--sort`.

use std::{borrow::Cow, collections::BTreeMap};

use shelfmark_domain::{Event, Id, Item, PropertyValue};

use super::{
    Separator,
    cells::{Cells, IdColumn, id, number},
    csv::{CsvHeader, split},
    times::TsRule,
};

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

/// Parser of ratings.
pub(super) struct Ratings {
    separator: Separator,
    user: usize,
    movie: usize,
    rating: usize,
    seconds: usize,
    /// Number of fields, where there is no header.
    fields: Option<usize>,
    ts: TsRule,
}

impl Ratings {
    /// Columns of ratings.csv.
    pub(super) const COLUMNS: [&str; 4] = ["userId", "movieId", "rating", "timestamp"];

    pub(super) fn new(header: &CsvHeader, separator: Separator, ts: TsRule) -> Self {
        let [user, movie, rating, seconds] = Self::COLUMNS.map(|name| header.place(name));
        Self { separator, user, movie, rating, seconds, fields: None, ts }
    }

    /// The four columns of u.data and ratings.dat.
    pub(super) fn without_header(separator: Separator, ts: TsRule) -> Self {
        Self { separator, user: 0, movie: 1, rating: 2, seconds: 3, fields: Some(4), ts }
    }

    pub(super) fn event(&mut self, line: &str, event_id: Id) -> Result<Event, String> {
        let row = Cells(split(line, &self.separator)?);
        if self.fields.is_some_and(|fields| fields != row.0.len()) {
            let between = &self.separator;
            return Err(format!("not four fields (user, item, rating, seconds) with {between} between them"));
        }
        let [user, movie, rating, timestamp] = Self::COLUMNS;
        let event = Event {
            event_id,
            user: Some(row.id(self.user, user, IdColumn::Numbers)?),
            session: None,
            item: row.id(self.movie, movie, IdColumn::Numbers)?,
            kind: "rating".to_owned(),
            value: Some(number(row.required(self.rating, rating)?, rating)?),
            ts: self.ts.parse(row.required(self.seconds, timestamp)?, timestamp)?,
            context: Vec::new(),
            recommendation_id: None,
            properties: None,
        };
        Ok(event)
    }
}

/// Parser of films in three columns.
pub(super) struct Movies {
    separator: Separator,
    movie: usize,
    title: usize,
    genres: usize,
    /// Number of fields, where there is no header.
    fields: Option<usize>,
}

impl Movies {
    /// Columns of movies.csv.
    pub(super) const COLUMNS: [&str; 3] = ["movieId", "title", "genres"];

    pub(super) fn new(header: &CsvHeader, separator: Separator) -> Self {
        let [movie, title, genres] = Self::COLUMNS.map(|name| header.place(name));
        Self { separator, movie, title, genres, fields: None }
    }

    /// The three columns of movies.dat.
    pub(super) fn without_header(separator: Separator) -> Self {
        Self { separator, movie: 0, title: 1, genres: 2, fields: Some(3) }
    }

    pub(super) fn item(&self, line: &str) -> Result<Item, String> {
        let mut row = Cells(split(line, &self.separator)?);
        if self.fields.is_some_and(|fields| fields < row.0.len()) {
            // Without quotes a title may hold the separator; the other two fields do not.
            let last = row.0.len() - 1;
            let title = row.0[1..last].join(self.separator.as_str());
            row.0.splice(1..last, [Cow::Owned(title)]);
        }
        if self.fields.is_some_and(|fields| fields != row.0.len()) {
            let between = &self.separator;
            return Err(format!("not three fields (movie, title, genres) with {between} between them"));
        }
        let genres = row.parts(Some(self.genres), '|').filter(|genre| *genre != "(no genres listed)");
        let title = row.present(Some(self.title)).unwrap_or_default();
        film(row.required(self.movie, "movieId")?, title, genres.map(str::to_owned).collect())
    }
}

/// Decodes a line in Latin-1, in which every byte is the character of the same number, unless it is in UTF-8.
pub(super) fn latin(line: &[u8]) -> Cow<'_, str> {
    std::str::from_utf8(line).map_or_else(|_| line.iter().map(|&byte| char::from(byte)).collect(), Cow::Borrowed)
}

/// Parses a line of u.item.
pub(super) fn item(line: &str) -> Result<Item, String> {
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

fn film(movie: &str, title: &str, categories: Vec<String>) -> Result<Item, String> {
    let (title, year) = split_year(title);
    let properties: BTreeMap<_, _> =
        year.map(|year| ("year".to_owned(), PropertyValue::Number(u64::from(year).into()))).into_iter().collect();
    let item = Item {
        title: (!title.is_empty()).then(|| title.to_owned()),
        categories,
        properties,
        ..Item::bare(id(movie, "movieId", IdColumn::Numbers)?)
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
