//! Names of the published formats, and how each is recognised.

use std::fmt;

use crate::feeds::{Separator, csv::CsvHeader, json};
use serde_json::{Map, Value};

use super::{diginetica, ga4, merchant, personalize, recbole, segment, yoochoose};

/// A format that others publish.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum PublishedFormat {
    /// Amazon Personalize, interactions.
    PersonalizeInteractions,
    /// Amazon Personalize, items.
    PersonalizeItems,
    /// Amazon Personalize, users, who are passed over.
    PersonalizeUsers,
    /// `yoochoose-clicks.dat`.
    YoochooseClicks,
    /// `yoochoose-buys.dat`.
    YoochooseBuys,
    /// Diginetica `train-item-views.csv`.
    DigineticaViews,
    /// Diginetica `train-purchases.csv`.
    DigineticaPurchases,
    /// Diginetica `products.csv`.
    DigineticaProducts,
    /// RecBole `.inter`.
    RecboleInteractions,
    /// RecBole `.item`.
    RecboleItems,
    /// RecBole `.user`, which is passed over.
    RecboleUsers,
    /// Messages of Segment, RudderStack and others, one a line.
    Segment,
    /// Events of Google Analytics 4 as BigQuery exports them, one a line.
    GoogleAnalytics,
    /// A product feed of Google Merchant Center as a table.
    MerchantTable,
    /// A product feed of Google Merchant Center as RSS or Atom.
    MerchantXml,
}

impl PublishedFormat {
    /// All of them.
    pub const ALL: [Self; 15] = [
        Self::PersonalizeInteractions,
        Self::PersonalizeItems,
        Self::PersonalizeUsers,
        Self::YoochooseClicks,
        Self::YoochooseBuys,
        Self::DigineticaViews,
        Self::DigineticaPurchases,
        Self::DigineticaProducts,
        Self::RecboleInteractions,
        Self::RecboleItems,
        Self::RecboleUsers,
        Self::Segment,
        Self::GoogleAnalytics,
        Self::MerchantTable,
        Self::MerchantXml,
    ];

    /// Returns the stable name. It is part of event ids, so it never changes.
    pub const fn name(self) -> &'static str {
        match self {
            Self::PersonalizeInteractions => "personalize-interactions",
            Self::PersonalizeItems => "personalize-items",
            Self::PersonalizeUsers => "personalize-users",
            Self::YoochooseClicks => "yoochoose-clicks",
            Self::YoochooseBuys => "yoochoose-buys",
            Self::DigineticaViews => "diginetica-views",
            Self::DigineticaPurchases => "diginetica-purchases",
            Self::DigineticaProducts => "diginetica-products",
            Self::RecboleInteractions => "recbole-inter",
            Self::RecboleItems => "recbole-item",
            Self::RecboleUsers => "recbole-user",
            Self::Segment => "segment",
            Self::GoogleAnalytics => "ga4",
            Self::MerchantTable => "merchant-table",
            Self::MerchantXml => "merchant-xml",
        }
    }

    /// Whether a file of it holds items.
    pub(in crate::feeds) const fn gives_items(self) -> bool {
        match self {
            Self::PersonalizeItems
            | Self::DigineticaProducts
            | Self::RecboleItems
            | Self::MerchantTable
            | Self::MerchantXml => true,
            Self::PersonalizeInteractions
            | Self::PersonalizeUsers
            | Self::YoochooseClicks
            | Self::YoochooseBuys
            | Self::DigineticaViews
            | Self::DigineticaPurchases
            | Self::RecboleInteractions
            | Self::RecboleUsers
            | Self::Segment
            | Self::GoogleAnalytics => false,
        }
    }

    /// Whether its first line names the columns.
    pub(in crate::feeds) const fn has_header(self) -> bool {
        match self {
            Self::YoochooseClicks | Self::YoochooseBuys | Self::Segment | Self::GoogleAnalytics | Self::MerchantXml => {
                false
            }
            Self::PersonalizeInteractions
            | Self::PersonalizeItems
            | Self::PersonalizeUsers
            | Self::DigineticaViews
            | Self::DigineticaPurchases
            | Self::DigineticaProducts
            | Self::RecboleInteractions
            | Self::RecboleItems
            | Self::RecboleUsers
            | Self::MerchantTable => true,
        }
    }

    /// Recognises the format of a table by its header.
    pub(in crate::feeds) fn by_header(header: &CsvHeader) -> Option<Self> {
        Self::ALL.into_iter().find(|format| format.fits(header))
    }

    /// Whether the columns of a table are those of the format.
    pub(in crate::feeds) fn fits(self, header: &CsvHeader) -> bool {
        match self {
            Self::PersonalizeInteractions => personalize::Interactions::fits(header),
            Self::PersonalizeItems => personalize::Items::fits(header),
            Self::PersonalizeUsers => personalize::are_users(header),
            Self::DigineticaViews => diginetica::Visits::are_views(header),
            Self::DigineticaPurchases => diginetica::Visits::are_purchases(header),
            Self::DigineticaProducts => diginetica::Products::fits(header),
            Self::RecboleInteractions => recbole::Interactions::fits(header),
            Self::RecboleItems => recbole::Items::fits(header),
            Self::RecboleUsers => recbole::are_users(header),
            Self::MerchantTable => merchant::MerchantTable::fits(header),
            Self::YoochooseClicks | Self::YoochooseBuys | Self::Segment | Self::GoogleAnalytics | Self::MerchantXml => {
                false
            }
        }
    }

    /// Recognises the format of a file by its first line.
    pub(in crate::feeds) fn by_first_line(line: &str, separator: Option<&Separator>) -> Option<Self> {
        if line.starts_with('{') {
            return Self::by_object(&json::object(line.as_bytes()).ok()?);
        }
        if let Some(format) = yoochoose::recognise(line) {
            return Some(format);
        }
        let header = |separator: &Separator| Self::by_header(&CsvHeader::new(line, separator));
        match separator {
            Some(given) => header(given),
            None => Separator::KNOWN.iter().find_map(header),
        }
    }

    fn by_object(object: &Map<String, Value>) -> Option<Self> {
        if segment::is_message(object) {
            Some(Self::Segment)
        } else if ga4::is_event(object) {
            Some(Self::GoogleAnalytics)
        } else if merchant::is_xml_item(object) {
            Some(Self::MerchantXml)
        } else {
            None
        }
    }
}

impl fmt::Display for PublishedFormat {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::PersonalizeInteractions => "Amazon Personalize interactions",
            Self::PersonalizeItems => "Amazon Personalize items",
            Self::PersonalizeUsers => "Amazon Personalize users (passed over: PUT /users/{id} sets labels)",
            Self::YoochooseClicks => "Yoochoose clicks",
            Self::YoochooseBuys => "Yoochoose buys",
            Self::DigineticaViews => "Diginetica item views",
            Self::DigineticaPurchases => "Diginetica purchases",
            Self::DigineticaProducts => "Diginetica products",
            Self::RecboleInteractions => "RecBole .inter",
            Self::RecboleItems => "RecBole .item",
            Self::RecboleUsers => "RecBole .user (passed over: PUT /users/{id} sets labels)",
            Self::Segment => "messages of Segment or RudderStack (identify and alias are passed over)",
            Self::GoogleAnalytics => "Google Analytics 4 events of a BigQuery export",
            Self::MerchantTable => "Google Merchant feed, a table",
            Self::MerchantXml => "Google Merchant feed, XML",
        })
    }
}
