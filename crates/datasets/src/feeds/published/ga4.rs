//! Events of Google Analytics 4, as the export to BigQuery has them, one JSON object a line
//! (`bq extract --destination_format NEWLINE_DELIMITED_JSON`).
//!
//! | field | becomes |
//! |---|---|
//! | event_name | `kind`, by the table below; events of other names are passed over |
//! | event_timestamp (microseconds) | `ts` |
//! | user_id, user_pseudo_id | `user`, `session` |
//! | each of items, by item_id | an event; `value` is its price |
//! | ecommerce.transaction_id, the quantity of the item | `properties` |
//!
//! | event_name | kind |
//! |---|---|
//! | view_item | `view` |
//! | select_item | `click` |
//! | add_to_cart | `cart` |
//! | add_to_wishlist | `favorite` |
//! | purchase | `purchase` |
//!
//! With items from events, the first row of an item also gives the item: name, category and its parts, brand, price.

use serde_json::{Map, Value};

use shelfmark_domain::{Event, Id, Item, Number, PropertyValue};

use super::{Rows, add_event, nth_id};
use crate::feeds::{
    FeedBody, TsUnit,
    cells::{excerpt, is_missing},
    given_items::GivenItems,
    json,
    times::TsRule,
};

/// Names of events that are somebody's interest in items, with their kinds.
const KINDS: [(&str, &str); 5] = [
    ("view_item", "view"),
    ("select_item", "click"),
    ("add_to_cart", "cart"),
    ("add_to_wishlist", "favorite"),
    ("purchase", "purchase"),
];
/// Fields of an item's categories, in their order.
const CATEGORIES: [&str; 5] = ["item_category", "item_category2", "item_category3", "item_category4", "item_category5"];
/// What Google writes where something is not known.
const NOT_SET: &str = "(not set)";

/// Whether an object is an event.
pub(super) fn is_event(object: &Map<String, Value>) -> bool {
    ["event_name", "event_timestamp", "user_pseudo_id"].iter().all(|name| object.contains_key(*name))
}

/// Parser of events.
pub(super) struct Ga4 {
    ts: TsRule,
    given: Option<GivenItems>,
}

impl Ga4 {
    pub(super) fn new(items_from_events: bool) -> Self {
        let ts = TsRule::new(Some(TsUnit::Microseconds), None);
        Self { ts, given: items_from_events.then(GivenItems::default) }
    }

    /// Returns the item that a row describes, at its first sight.
    fn item(&mut self, id: &Id, fields: &Map<String, Value>) -> Result<Option<Item>, String> {
        let Some(given) = self.given.as_mut().filter(|given| !given.has(id)) else { return Ok(None) };
        given.add(id);
        let mut item = Item { title: text(fields, "item_name"), ..Item::bare(id.clone()) };
        item.categories = CATEGORIES.iter().filter_map(|name| text(fields, name)).collect();
        if let Some(brand) = text(fields, "item_brand") {
            item.properties.insert("brand".to_owned(), PropertyValue::Text(brand));
        }
        if let Some(price) = number(fields, "price") {
            item.properties.insert("price".to_owned(), PropertyValue::Number(price));
        }
        item.check().map_err(|error| error.to_string())?;
        Ok(Some(item))
    }
}

impl Rows for Ga4 {
    fn parse(&mut self, row: &str, event_id: Id, bodies: &mut Vec<FeedBody>) -> Result<(), String> {
        let object = json::object(row.as_bytes()).map_err(|error| format!("not a JSON object: {error}"))?;
        let name = text(&object, "event_name").ok_or("event_name is missing")?;
        let Some((_, kind)) = KINDS.iter().find(|(known, _)| *known == name) else { return Ok(()) };
        let ts = text(&object, "event_timestamp").ok_or("event_timestamp is missing")?;
        let ts = self.ts.parse(&ts, "event_timestamp")?;
        let (user, session) = (id(&object, "user_id")?, id(&object, "user_pseudo_id")?);
        if user.is_none() && session.is_none() {
            return Err("user_pseudo_id is missing".to_owned());
        }
        let order = object.get("ecommerce").and_then(Value::as_object).and_then(|order| text(order, "transaction_id"));
        let items = object.get("items").and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
        for (place, fields) in items.iter().enumerate() {
            let fields = fields.as_object().ok_or_else(|| format!("items[{place}] is no object"))?;
            let item = id(fields, "item_id")?.ok_or_else(|| format!("items[{place}].item_id is missing"))?;
            bodies.extend(self.item(&item, fields)?.map(FeedBody::Item));
            let mut properties = Map::new();
            properties.extend(order.clone().map(|order| ("transaction_id".to_owned(), order.into())));
            if let Some(quantity) = number(fields, "quantity") {
                properties.insert("quantity".to_owned(), quantity.as_f64().into());
            }
            let event = Event {
                event_id: nth_id(&event_id, place)?,
                user: user.clone(),
                session: session.clone(),
                item,
                kind: (*kind).to_owned(),
                value: number(fields, "price").and_then(Number::exact_f64),
                ts,
                context: Vec::new(),
                recommendation_id: None,
                properties: (!properties.is_empty()).then_some(Value::Object(properties)),
            };
            add_event(event, bodies)?;
        }
        Ok(())
    }
}

/// Returns the text of a field, which may be a number: the export writes whole numbers as text.
fn text(object: &Map<String, Value>, name: &str) -> Option<String> {
    match object.get(name)? {
        Value::String(text) if is_missing(text) || text == NOT_SET => None,
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => None,
    }
}

fn number(object: &Map<String, Value>, name: &str) -> Option<Number> {
    Number::parse(&text(object, name)?)
}

fn id(object: &Map<String, Value>, name: &str) -> Result<Option<Id>, String> {
    let id = |text: String| Id::new(name, &text).map_err(|error| format!("{error}: {}", excerpt(&text)));
    text(object, name).map(id).transpose()
}
