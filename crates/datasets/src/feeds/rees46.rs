//! REES46, the data set of a multi-category shop:
//! `event_time,event_type,product_id,category_id,category_code,brand,price,user_id,user_session`.
//!
//! | column | becomes |
//! |---|---|
//! | event_time (`2019-10-01 00:00:00 UTC`) | `ts` |
//! | event_type (`view`, `cart`, `purchase`, `remove_from_cart`) | `kind`, as it is |
//! | product_id, user_id, user_session | `item`, `user`, `session` |
//! | price | `value`; what is no number is no value |
//!
//! A cell that stands for no value (`nan`, `None`, `\N` and so on) is missing: an event without product, user, kind or
//! time is a bad line. Ids are whole numbers but for the session.
//!
//! With items from events, the first row of a product also gives an item: category_code split at dots becomes
//! `categories`, brand, price and category_id become `properties`, brand and categories together the `title`.

use shelfmark_domain::{Event, Id, Item, PropertyValue};

use super::{
    Separator,
    cells::{Cells, IdColumn, plain_number},
    csv::{CsvHeader, split},
    given_items::GivenItems,
    times::TsRule,
};

/// Parser of REES46 rows.
pub(super) struct Rees46 {
    separator: Separator,
    ts: TsRule,
    time: usize,
    kind: usize,
    product: usize,
    category_id: Option<usize>,
    category_code: Option<usize>,
    brand: Option<usize>,
    price: Option<usize>,
    user: usize,
    session: Option<usize>,
    given: Option<GivenItems>,
}

impl Rees46 {
    /// Columns that the format is recognised by.
    pub(super) const COLUMNS: [&str; 4] = ["event_time", "event_type", "product_id", "user_id"];

    pub(super) fn new(header: &CsvHeader, separator: Separator, ts: TsRule, items_from_events: bool) -> Self {
        Self {
            separator,
            ts,
            time: header.place("event_time"),
            kind: header.place("event_type"),
            product: header.place("product_id"),
            category_id: header.find("category_id"),
            category_code: header.find("category_code"),
            brand: header.find("brand"),
            price: header.find("price"),
            user: header.place("user_id"),
            session: header.find("user_session"),
            given: items_from_events.then(GivenItems::default),
        }
    }

    /// Parses a row: its event and, in the first row of a product, its item.
    pub(super) fn entries(&mut self, line: &str, event_id: Id) -> Result<(Option<Item>, Event), String> {
        let row = Cells(split(line, &self.separator)?);
        let price = row.optional_number(self.price);
        let product = row.id(self.product, "product_id", IdColumn::Numbers)?;
        let event = Event {
            event_id,
            user: Some(row.id(self.user, "user_id", IdColumn::Numbers)?),
            session: row.optional_id(self.session, "user_session", IdColumn::Texts)?,
            item: product.clone(),
            kind: row.required(self.kind, "event_type")?.to_owned(),
            value: row.optional_value(self.price),
            ts: self.ts.parse(row.required(self.time, "event_time")?, "event_time")?,
            context: Vec::new(),
            recommendation_id: None,
            properties: None,
        };
        let Some(given) = self.given.as_mut().filter(|given| !given.has(&product)) else { return Ok((None, event)) };
        let brand = row.present(self.brand);
        let categories: Vec<String> = row.parts(self.category_code, '.').map(str::to_owned).collect();
        let words: Vec<&str> = brand.into_iter().chain(categories.iter().map(String::as_str)).collect();
        let category_id = row.optional_id(self.category_id, "category_id", IdColumn::Numbers)?;
        let text = |value: &str| PropertyValue::Text(value.to_owned());
        // A whole number, as a line of JSON has it; one of more than 64 bits stays a text.
        let whole = |id: &Id| plain_number(id.as_str()).map_or_else(|| text(id.as_str()), PropertyValue::Number);
        let properties = brand
            .map(|brand| ("brand".to_owned(), text(brand)))
            .into_iter()
            .chain(category_id.as_ref().map(|category| ("category_id".to_owned(), whole(category))))
            .chain(price.map(|price| ("price".to_owned(), PropertyValue::Number(price))))
            .collect();
        let title = (!words.is_empty()).then(|| words.join(" "));
        let item = Item { title, categories, properties, ..Item::bare(product) };
        item.check().map_err(|error| error.to_string())?;
        given.add(&item.id);
        Ok((Some(item), event))
    }
}
