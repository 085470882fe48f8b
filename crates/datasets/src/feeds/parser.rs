//! The parser of a format: what a record says.

use shelfmark_domain::Id;

use super::{
    FeedBody, FeedFormat, FeedOptions, Separator, TsUnit,
    csv::CsvHeader,
    movielens::{self, Movies, Ratings},
    ndjson::Ndjson,
    published::{self, PublishedFormat, Rows},
    rees46::Rees46,
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
    Published(PublishedFormat, Box<dyn Rows>),
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
            FeedFormat::Published(format) => {
                Self::Published(format, published::rows(format, header, separator, options))
            }
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
            FeedFormat::Published(format) => {
                let header = CsvHeader::new("", &separator);
                Self::Published(format, published::rows(format, &header, separator, options))
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
            Self::Published(format, _) => format.gives_items(),
            Self::MovieLensUsers | Self::Ratings(_) | Self::RetailRocket(_) | Self::Rees46(_) | Self::Table(_) => false,
        }
    }

    /// Parses a record, and adds what it says: items, events, or, of what is passed over, nothing.
    pub(super) fn parse(&mut self, record: &str, event_id: Id, bodies: &mut Vec<FeedBody>) -> Result<(), String> {
        let event = match self {
            Self::Ndjson(ndjson) => {
                bodies.push(ndjson.body(record, event_id)?);
                return Ok(());
            }
            Self::MovieLensItem => {
                bodies.push(FeedBody::Item(movielens::item(record)?));
                return Ok(());
            }
            Self::MovieLensUsers => return Ok(()),
            Self::Movies(movies) => {
                bodies.push(FeedBody::Item(movies.item(record)?));
                return Ok(());
            }
            Self::Rees46(rees46) => {
                let (item, event) = rees46.entries(record, event_id)?;
                bodies.extend(item.map(FeedBody::Item));
                event
            }
            Self::Ratings(ratings) => ratings.event(record, event_id)?,
            Self::RetailRocket(retailrocket) => retailrocket.event(record, event_id)?,
            Self::Table(table) => table.event(record, event_id)?,
            Self::Published(_, rows) => return rows.parse(record, event_id, bodies),
        };
        bodies.push(FeedBody::Event(event));
        Ok(())
    }
}
