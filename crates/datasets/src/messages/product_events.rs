//! Translation of shops' track events: a kind by the event's name, an item by each product.

use serde_json::{Map, Value};

use shelfmark_domain::{FieldError, FieldResult};

use super::{MessageEvent, PRODUCTS_MAX, id};

/// Names of the e-commerce specification that are somebody's interest in an item, with the kind that each is.
const KINDS: [(&str, &str); 9] = [
    ("product_viewed", "view"),
    ("product_clicked", "click"),
    ("product_added", "cart"),
    ("wishlist_product_added_to_cart", "cart"),
    ("product_added_to_wishlist", "favorite"),
    ("product_shared", "share"),
    ("product_reviewed", REVIEW),
    ("order_completed", "purchase"),
    ("product_list_viewed", IMPRESSION),
];
/// Kind whose value is the rating and not the price.
const REVIEW: &str = "rating";
/// Kind of what was shown. A model has it only where it was configured.
const IMPRESSION: &str = "impression";
/// Names of the same specification that say nothing of an item that somebody wants.
const SAY_NOTHING: [&str; 27] = [
    "products_searched",
    "product_list_filtered",
    "promotion_viewed",
    "promotion_clicked",
    "product_removed",
    "product_removed_from_wishlist",
    "cart_viewed",
    "cart_shared",
    "checkout_started",
    "checkout_step_viewed",
    "checkout_step_completed",
    "payment_info_entered",
    "order_updated",
    "order_refunded",
    "order_cancelled",
    "coupon_entered",
    "coupon_applied",
    "coupon_denied",
    "coupon_removed",
    "application_installed",
    "application_opened",
    "application_updated",
    "application_backgrounded",
    "application_crashed",
    "application_uninstalled",
    "signed_up",
    "signed_in",
];
/// Names of the field that has a product's id.
const PRODUCT_ID: [&str; 4] = ["product_id", "productId", "sku", "item_id"];
/// Fields that are kept with an event. What may name somebody is not among them.
const KEPT: [&str; 7] = ["order_id", "cart_id", "quantity", "currency", "coupon", "list_id", "position"];
/// Longest text that is kept with an event, in bytes.
const KEPT_BYTES_MAX: usize = 256;

/// What an event's name means.
pub(super) enum Named {
    /// Events of this kind.
    Kind(String),
    /// Nothing that is learned from, and why.
    Nothing(String),
}

/// Finds the kind of an event by its name. A kind of the model that is called so goes first.
pub(super) fn kind(name: &str, is_kind: &dyn Fn(&str) -> bool) -> FieldResult<Named> {
    if is_kind(name) {
        return Ok(Named::Kind(name.to_owned()));
    }
    let snake = snake_case(name);
    if let Some((_, kind)) = KINDS.iter().find(|(known, _)| *known == snake) {
        if *kind == IMPRESSION && !is_kind(IMPRESSION) {
            return Ok(Named::Nothing(format!("{name:?} is what was shown, and the model has no kind {IMPRESSION}")));
        }
        return Ok(Named::Kind((*kind).to_owned()));
    }
    if is_kind(&snake) {
        return Ok(Named::Kind(snake));
    }
    if SAY_NOTHING.contains(&snake.as_str()) {
        return Ok(Named::Nothing(format!("{name:?} is no interest in an item")));
    }
    let short: String = name.chars().take(64).collect();
    let detail = format!("{short:?} is no event that is known; give the model a kind {:?}", snake_case(&short));
    Err(FieldError::new("event", "unknown_kind", detail))
}

/// Returns a name in small letters, with one `_` for everything between words.
fn snake_case(name: &str) -> String {
    let words = name.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty());
    words.map(str::to_lowercase).collect::<Vec<_>>().join("_")
}

/// Makes the events of a message: one where the properties name a product, else one for each of `products`. `common`
/// has what all of them share. Products that are wrong are told in `errors`.
pub(super) fn events(
    common: &MessageEvent,
    properties: &Map<String, Value>,
    errors: &mut Vec<FieldError>,
) -> FieldResult<Vec<MessageEvent>> {
    if let Some(item) = product_id(properties, "properties")? {
        return Ok(vec![event(common, item, properties, None)]);
    }
    let products = match properties.get("products") {
        Some(Value::Array(products)) if !products.is_empty() => products,
        _ => {
            let detail = format!("the message names no product: give {}, or products", PRODUCT_ID.join(", "));
            return Err(FieldError::new("properties.product_id", "missing", detail));
        }
    };
    if products.len() > PRODUCTS_MAX {
        let detail = format!("at most {PRODUCTS_MAX}, has {}", products.len());
        return Err(FieldError::new("properties.products", "too_many", detail));
    }
    let mut events = Vec::with_capacity(products.len());
    for (place, product) in products.iter().enumerate() {
        let path = format!("properties.products[{place}]");
        let found = match product.as_object() {
            Some(product) => product_id(product, &path).and_then(|item| {
                let missing = || FieldError::new(format!("{path}.product_id"), "missing", "must be given");
                Ok(event(common, item.ok_or_else(missing)?, properties, Some((place, product))))
            }),
            None => Err(FieldError::new(path, "invalid_value", "must be an object")),
        };
        match found {
            Ok(event) => events.push(event),
            Err(error) => errors.push(error),
        }
    }
    Ok(events)
}

/// Returns the id of the product that an object describes.
pub(super) fn product_id(object: &Map<String, Value>, path: &str) -> FieldResult<Option<String>> {
    for name in PRODUCT_ID {
        if let Some(id) = id(object, name, path)? {
            return Ok(Some(id));
        }
    }
    Ok(None)
}

/// Makes an event, of the message or of one of its products.
fn event(
    common: &MessageEvent,
    item: String,
    message: &Map<String, Value>,
    product: Option<(usize, &Map<String, Value>)>,
) -> MessageEvent {
    let mut event = MessageEvent { item, ..common.clone() };
    if let Some((place, _)) = product {
        event.event_id = common.event_id.as_ref().map(|id| format!("{id}:{place}"));
    }
    let own = product.map_or(message, |(_, product)| product);
    event.value = number(own.get(if event.kind == REVIEW { REVIEW } else { "price" }));
    for source in [message, own] {
        for name in KEPT {
            let value = source.get(name).filter(|value| match value {
                Value::String(text) => text.len() <= KEPT_BYTES_MAX,
                Value::Number(_) | Value::Bool(_) => true,
                Value::Null | Value::Array(_) | Value::Object(_) => false,
            });
            if let Some(value) = value {
                event.properties.insert(name.to_owned(), value.clone());
            }
        }
    }
    event
}

/// Returns a finite number, which may be written as text.
fn number(value: Option<&Value>) -> Option<f64> {
    let number = match value? {
        Value::Number(number) => number.as_f64(),
        Value::String(text) => text.trim().parse().ok(),
        Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => None,
    };
    number.filter(|number: &f64| number.is_finite())
}
