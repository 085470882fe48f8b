//! Formats that others publish: exports of services, and data sets of the literature. Each is recognised by its header
//! or by its first object.
//!
//! | file | formats |
//! |---|---|
//! | `personalize` | Amazon Personalize: interactions, items, users |
//! | `yoochoose` | Yoochoose (RecSys Challenge 2015): clicks, buys |
//! | `diginetica` | Diginetica (CIKM Cup 2016): views, purchases, products |
//! | `recbole` | atomic files of RecBole: `.inter`, `.item`, `.user` |
//! | `segment` | messages of Segment and RudderStack |
//! | `ga4` | events of Google Analytics 4, as BigQuery exports them |
//! | `merchant` | products as Google Merchant Center takes them |

mod diginetica;
mod format;
mod ga4;
mod merchant;
mod personalize;
mod recbole;
mod segment;
mod yoochoose;

use shelfmark_domain::{Event, Id};

pub use format::PublishedFormat;

use super::{FeedBody, FeedOptions, Separator, csv::CsvHeader};

/// Parser of the rows of a format.
pub(super) trait Rows: Send {
    /// Parses a row, and adds what it says; nothing for a row that is passed over.
    fn parse(&mut self, row: &str, event_id: Id, bodies: &mut Vec<FeedBody>) -> Result<(), String>;
}

/// Makes the parser of a format. `header` is that of a table which has one.
pub(super) fn rows(
    format: PublishedFormat,
    header: &CsvHeader,
    separator: Separator,
    options: &FeedOptions,
) -> Box<dyn Rows> {
    match format {
        PublishedFormat::PersonalizeInteractions => {
            Box::new(personalize::Interactions::new(header, separator, options.ts_unit))
        }
        PublishedFormat::PersonalizeItems => Box::new(personalize::Items::new(header, separator)),
        PublishedFormat::PersonalizeUsers | PublishedFormat::RecboleUsers => Box::new(PassedOver),
        PublishedFormat::YoochooseClicks => Box::new(yoochoose::Yoochoose::clicks(options.ts_unit)),
        PublishedFormat::YoochooseBuys => Box::new(yoochoose::Yoochoose::buys(options.ts_unit)),
        PublishedFormat::DigineticaViews => Box::new(diginetica::Visits::views(header, separator)),
        PublishedFormat::DigineticaPurchases => Box::new(diginetica::Visits::purchases(header, separator)),
        PublishedFormat::DigineticaProducts => Box::new(diginetica::Products::new(header, separator)),
        PublishedFormat::RecboleInteractions => {
            Box::new(recbole::Interactions::new(header, separator, options.ts_unit))
        }
        PublishedFormat::RecboleItems => Box::new(recbole::Items::new(header, separator)),
        PublishedFormat::Segment => Box::new(segment::Messages::new(options.salt.is_some())),
        PublishedFormat::GoogleAnalytics => Box::new(ga4::Ga4::new(options.items_from_events)),
        PublishedFormat::MerchantTable => Box::new(merchant::MerchantTable::new(header, separator)),
        PublishedFormat::MerchantXml => Box::new(merchant::MerchantXml),
    }
}

/// Rows of users, of whom a file of events needs nothing.
struct PassedOver;

impl Rows for PassedOver {
    fn parse(&mut self, _: &str, _: Id, _: &mut Vec<FeedBody>) -> Result<(), String> {
        Ok(())
    }
}

/// Checks an event and adds it.
fn add_event(event: Event, bodies: &mut Vec<FeedBody>) -> Result<(), String> {
    event.check().map_err(|error| error.to_string())?;
    bodies.push(FeedBody::Event(event));
    Ok(())
}

/// Returns the id of the event at a place among those of one row.
fn nth_id(row: &Id, place: usize) -> Result<Id, String> {
    match place {
        0 => Ok(row.clone()),
        place => Id::new("event_id", &format!("{row}-{place}")).map_err(|error| error.to_string()),
    }
}
