//! Product feeds as Google Merchant Center takes them, and as shops export them: a table, or RSS or Atom.
//!
//! | attribute | becomes |
//! |---|---|
//! | id, title, description | `id`, `title`, `text` |
//! | product_type, else google_product_category that is no number | `categories`, cut at `>` |
//! | availability | `available`: out of stock is false |
//! | price, sale_price (`24.50 EUR`) | numbers in `properties`, with `currency` |
//! | brand, condition, color, size, material, pattern, gender, age_group, item_group_id, gtin, mpn, link, image_link | text in `properties` |
//!
//! Names of attributes are compared in small letters, without the prefix `g:`, with `_` for spaces.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use shelfmark_domain::{Id, Item, Number, PropertyValue};

use super::Rows;
use crate::feeds::{
    FeedBody, Separator,
    cells::{is_missing, parts},
    csv::{CsvHeader, split},
    json,
};

/// Attributes that are kept as text.
const TEXTS: [&str; 13] = [
    "brand",
    "condition",
    "color",
    "size",
    "material",
    "pattern",
    "gender",
    "age_group",
    "item_group_id",
    "gtin",
    "mpn",
    "link",
    "image_link",
];

/// Attributes of a product by name.
type Attributes<'a> = BTreeMap<String, &'a str>;

fn attribute(name: &str) -> String {
    let name = name.trim().to_lowercase().replace(' ', "_");
    name.strip_prefix("g:").map(str::to_owned).unwrap_or(name)
}

/// Parser of a table.
pub(super) struct MerchantTable {
    separator: Separator,
    names: Vec<String>,
}

impl MerchantTable {
    /// Whether a header has what Google requires of every product.
    pub(super) fn fits(header: &CsvHeader) -> bool {
        let names: Vec<String> = header.names().iter().map(|name| attribute(name)).collect();
        let has = |name: &str| names.iter().any(|own| own == name);
        ["id", "title", "link"].into_iter().all(has) && (has("price") || has("availability") || has("image_link"))
    }

    pub(super) fn new(header: &CsvHeader, separator: Separator) -> Self {
        Self { separator, names: header.names().iter().map(|name| attribute(name)).collect() }
    }
}

impl Rows for MerchantTable {
    fn parse(&mut self, row: &str, _: Id, bodies: &mut Vec<FeedBody>) -> Result<(), String> {
        let cells = split(row, &self.separator)?;
        let product = self.names.iter().cloned().zip(cells.iter().map(AsRef::as_ref)).collect();
        bodies.push(FeedBody::Item(item(&product)?));
        Ok(())
    }
}

/// Whether an object was made of a product of an XML feed: its attributes have Google's prefix.
pub(super) fn is_xml_item(object: &Map<String, Value>) -> bool {
    object.contains_key("g:id") && object.values().all(Value::is_string)
}

/// Parser of the objects that products of an XML feed are read as.
pub(super) struct MerchantXml;

impl Rows for MerchantXml {
    fn parse(&mut self, row: &str, _: Id, bodies: &mut Vec<FeedBody>) -> Result<(), String> {
        let object = json::object(row.as_bytes())?;
        let texts = object.iter().filter_map(|(name, value)| Some((attribute(name), value.as_str()?)));
        bodies.push(FeedBody::Item(item(&texts.collect())?));
        Ok(())
    }
}

/// Makes the item of a product.
fn item(product: &Attributes<'_>) -> Result<Item, String> {
    let present = |name: &str| product.get(name).map(|text| text.trim()).filter(|text| !is_missing(text));
    let id = present("id").ok_or("id is missing")?;
    let mut item = Item::bare(Id::new("id", id).map_err(|error| error.to_string())?);
    item.title = present("title").map(str::to_owned);
    item.text = present("description").map(str::to_owned);
    let own = || present("google_product_category").filter(|category| category.parse::<u64>().is_err());
    let categories = present("product_type").or_else(own).unwrap_or_default();
    item.categories = parts(categories, '>').map(str::to_owned).collect();
    item.available = present("availability").is_none_or(|text| attribute(text) != "out_of_stock");
    for name in ["price", "sale_price"] {
        let Some((price, currency)) = present(name).and_then(price) else { continue };
        item.properties.insert(name.to_owned(), PropertyValue::Number(price));
        if let Some(currency) = currency {
            item.properties.insert("currency".to_owned(), PropertyValue::Text(currency));
        }
    }
    for name in TEXTS {
        if let Some(text) = present(name) {
            item.properties.insert(name.to_owned(), PropertyValue::Text(text.to_owned()));
        }
    }
    item.check().map_err(|error| error.to_string())?;
    Ok(item)
}

/// Parses a price such as `24.50 EUR` or `EUR 24.50`.
fn price(text: &str) -> Option<(Number, Option<String>)> {
    let mut parts = text.split_whitespace();
    let (first, second) = (parts.next()?, parts.next());
    match (Number::parse(first), second) {
        (Some(number), currency) => Some((number, currency.map(str::to_owned))),
        (None, Some(second)) => Some((Number::parse(second)?, Some(first.to_owned()))),
        (None, None) => None,
    }
}
