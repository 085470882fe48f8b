//! The parser of a format: what a record says.

use shelfmark_domain::{Event, Id, Item};

use super::{
    FeedBody, FeedFormat, FeedOptions, Rees46, Separator, TsUnit,
    csv::CsvHeader,
    movielens::{self, Movies, Ratings},
    ndjson::Ndjson,
    retailrocket::RetailRocket,
    table::Table,
    times::TsRule,
};

/// Parser of one file's records.
pub(super) enum Parser {
    Ndjson(Ndjson),
    MovieLensItem,
    MovieLensUsers,
    Ratings(Ratings),
    Movies(Movies),
    RetailRocket(RetailRocket),
    Rees46(Box<Rees46>),
    Table(Box<Table>),
}

impl Parser {
    /// Makes the parser of a format whose columns are found by a header.
    pub(super) fn with_header(
        format: FeedFormat,
        header: &CsvHeader,
        separator: Separator,
        options: &FeedOptions,
    ) -> Self {
        let ts = |unit| TsRule::new(options.ts_unit, Some(unit));
        match format {
            FeedFormat::MovieLensRatings => Self::Ratings(Ratings::new(header, separator, ts(TsUnit::Seconds))),
            FeedFormat::MovieLensMovies => Self::Movies(Movies::new(header, separator)),
            FeedFormat::RetailRocket => {
                Self::RetailRocket(RetailRocket::new(header, separator, ts(TsUnit::Milliseconds)))
            }
            FeedFormat::Rees46 => {
                Self::Rees46(Box::new(Rees46::new(header, separator, ts(TsUnit::Iso), options.items_from_events)))
            }
            FeedFormat::Ndjson
            | FeedFormat::MovieLensData
            | FeedFormat::MovieLensItem
            | FeedFormat::MovieLensRatingsDat
            | FeedFormat::MovieLensMoviesDat
            | FeedFormat::MovieLensUsers
            | FeedFormat::Table => Self::without_header(format, separator, options),
        }
    }

    /// Makes the parser of a format whose columns are known by their order.
    pub(super) fn without_header(format: FeedFormat, separator: Separator, options: &FeedOptions) -> Self {
        let seconds = TsRule::new(options.ts_unit, Some(TsUnit::Seconds));
        match format {
            FeedFormat::Ndjson => Self::Ndjson(Ndjson::new(options.meaning, options.ts_unit, options.salt.is_some())),
            FeedFormat::MovieLensItem => Self::MovieLensItem,
            FeedFormat::MovieLensUsers => Self::MovieLensUsers,
            FeedFormat::MovieLensData | FeedFormat::MovieLensRatingsDat => {
                Self::Ratings(Ratings::without_header(separator, seconds))
            }
            FeedFormat::MovieLensMoviesDat => Self::Movies(Movies::without_header(separator)),
            FeedFormat::MovieLensRatings
            | FeedFormat::MovieLensMovies
            | FeedFormat::RetailRocket
            | FeedFormat::Rees46
            | FeedFormat::Table => unreachable!("{format} has a header, or columns that were named"),
        }
    }

    /// Whether the file holds items, by its format or, in ndjson, by its first line.
    pub(super) fn gives_items(&self, first: &[u8]) -> bool {
        match self {
            Self::Ndjson(ndjson) => ndjson.is_item(first),
            Self::MovieLensItem | Self::Movies(_) => true,
            Self::MovieLensUsers | Self::Ratings(_) | Self::RetailRocket(_) | Self::Rees46(_) | Self::Table(_) => false,
        }
    }

    /// Parses a record: an item, an event, both, or, of what is passed over, neither.
    pub(super) fn parse(&mut self, record: &str, event_id: Id) -> Result<(Option<Item>, Option<Event>), String> {
        let event = match self {
            Self::Ndjson(ndjson) => {
                return ndjson.body(record, event_id).map(|body| match body {
                    FeedBody::Event(event) => (None, Some(event)),
                    FeedBody::Item(item) => (Some(item), None),
                });
            }
            Self::MovieLensItem => return movielens::item(record).map(|item| (Some(item), None)),
            Self::MovieLensUsers => return Ok((None, None)),
            Self::Movies(movies) => return movies.item(record).map(|item| (Some(item), None)),
            Self::Rees46(rees46) => {
                return rees46.entries(record, event_id).map(|(item, event)| (item, Some(event)));
            }
            Self::Ratings(ratings) => ratings.event(record, event_id)?,
            Self::RetailRocket(retailrocket) => retailrocket.event(record, event_id)?,
            Self::Table(table) => table.event(record, event_id)?,
        };
        Ok((None, Some(event)))
    }
}
