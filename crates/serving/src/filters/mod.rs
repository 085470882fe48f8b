//! Inverted index of the items' metadata: it says which rows a filter admits. Copy-on-write, and kept up as items
//! change.
//!
//! Every label, text and flag has a compressed bitmap of the rows that have it (Chambi, Lemire, Kaser, Godin 2016),
//! numbers stand in columns by property. Only rows that may be recommended are in it. A changed item copies the bitmaps
//! of what it had and has, at most a bit a row each, and a block of 1,024 numbers a property, once a publication.
//! Memory: 2 bytes an item and label or less, 10 an item and number, some 200 and its text for each label or value that
//! is told apart, and a bit a row for each of the newest [`recent::FILTERS_MAX`] filters.

mod footprint;
mod numbers;
mod recent;
mod terms;

use std::sync::Arc;

use imbl::HashMap;
use roaring::{MultiOps, RoaringBitmap};

use shelfmark_domain::{Condition, Filter, Item, Labels, Number, NumberKey, PropertyValue, category_path};

use self::{
    numbers::{Numbers, Span},
    recent::Recent,
    terms::{Postings, Terms},
};
use super::RowMask;

/// The index. A clone shares everything but the filters that were evaluated: it is made in order to be changed.
#[derive(Debug, Clone, Default)]
pub(super) struct Filters {
    /// Rows that may be recommended.
    all: Postings,
    categories: Terms,
    tags: Terms,
    properties: HashMap<Arc<str>, Property>,
    recent: Recent,
}

/// The values of one property, by type.
#[derive(Debug, Clone, Default)]
struct Property {
    texts: Terms,
    /// `false`, `true`.
    flags: [Postings; 2],
    numbers: Numbers,
    /// Numbers in lists, by [`listed_number`].
    listed_numbers: Terms,
}

impl Filters {
    /// Puts what a row has in place of what it had; `None`: it may not be recommended.
    pub(super) fn replace(this: &mut Arc<Self>, row: u32, before: Option<&Item>, after: Option<&Item>) {
        let alike = match (before, after) {
            (None, None) => true,
            (Some(before), Some(after)) => {
                before.categories == after.categories
                    && before.tags == after.tags
                    && before.properties == after.properties
            }
            (None, Some(_)) | (Some(_), None) => false,
        };
        if alike {
            return;
        }
        let this = Arc::make_mut(this);
        if let Some(before) = before {
            this.remove(row, before);
        }
        if let Some(after) = after {
            this.add(row, after);
        }
    }

    fn add(&mut self, row: u32, item: &Item) {
        self.all.insert(row);
        paths(item).for_each(|label| self.categories.insert(label, row));
        item.tags.iter().for_each(|label| self.tags.insert(label, row));
        for (name, value) in &item.properties {
            let property = self.properties.entry(Arc::from(name.as_str())).or_default();
            match value {
                PropertyValue::Number(number) => property.numbers.insert(row, *number),
                PropertyValue::Flag(_) | PropertyValue::Text(_) | PropertyValue::List(_) => {
                    property.insert(row, value.values());
                }
            }
        }
    }

    fn remove(&mut self, row: u32, item: &Item) {
        self.all.remove(row);
        paths(item).for_each(|label| self.categories.remove(label, row));
        item.tags.iter().for_each(|label| self.tags.remove(label, row));
        for (name, value) in &item.properties {
            let Some(property) = self.properties.get_mut(name.as_str()) else { continue };
            match value {
                PropertyValue::Number(_) => property.numbers.remove(row),
                PropertyValue::Flag(_) | PropertyValue::Text(_) | PropertyValue::List(_) => {
                    property.remove(row, value.values());
                }
            }
            if property.is_empty() {
                self.properties.remove(name.as_str());
            }
        }
    }

    /// The rows that may be recommended and that `filter` admits. Costs about a millisecond for a million rows when the
    /// filter is not among the newest ones; those are remembered until an item's metadata change.
    pub(super) fn rows(&self, filter: &Filter) -> RowMask {
        if let Some(rows) = self.recent.get(filter) {
            return rows;
        }
        let rows = RowMask::from_rows(&self.evaluate(filter));
        self.recent.put(filter, &rows);
        rows
    }

    /// The same without remembering the filter.
    pub(super) fn rows_once(&self, filter: &Filter) -> RowMask {
        RowMask::from_rows(&self.evaluate(filter))
    }

    fn evaluate(&self, filter: &Filter) -> RoaringBitmap {
        let mut rows = self.all.rows().clone();
        for (terms, labels) in [(&self.categories, &filter.categories), (&self.tags, &filter.tags)] {
            if let Some(labels) = labels {
                restrict(&mut rows, terms, labels);
            }
        }
        for (name, condition) in &filter.properties {
            match self.properties.get(name.as_str()) {
                Some(property) => property.restrict(&mut rows, condition),
                None if condition.needs_value() => rows.clear(),
                None => {}
            }
        }
        if let Some(alternatives) = &filter.or {
            rows &= alternatives.iter().map(|alternative| self.evaluate(alternative)).union();
        }
        rows
    }
}

/// The item's categories and those above them.
fn paths(item: &Item) -> impl Iterator<Item = &str> {
    item.categories.iter().flat_map(|category| category_path(category))
}

/// Keeps the rows that meet the conditions on one list of labels.
fn restrict(rows: &mut RoaringBitmap, terms: &Terms, labels: &Labels) {
    if let Some(any) = &labels.any {
        *rows &= terms.union(any.iter().map(String::as_str));
    }
    for label in labels.all.iter().flatten() {
        match terms.get(label) {
            Some(having) => *rows &= having,
            None => rows.clear(),
        }
    }
    *rows -= terms.union(labels.none.iter().flatten().map(String::as_str));
}

impl Property {
    fn is_empty(&self) -> bool {
        self.texts.is_empty()
            && self.numbers.is_empty()
            && self.listed_numbers.is_empty()
            && self.flags.iter().all(Postings::is_empty)
    }

    /// Adds a row to those of flags, texts and the numbers of lists.
    fn insert(&mut self, row: u32, values: &[PropertyValue]) {
        for value in values {
            match value {
                PropertyValue::Flag(flag) => self.flags[usize::from(*flag)].insert(row),
                PropertyValue::Number(number) => self.listed_numbers.insert(&listed_number(*number), row),
                PropertyValue::Text(text) => self.texts.insert(text, row),
                PropertyValue::List(_) => unreachable!("items are checked to have no lists in lists"),
            }
        }
    }

    fn remove(&mut self, row: u32, values: &[PropertyValue]) {
        for value in values {
            match value {
                PropertyValue::Flag(flag) => self.flags[usize::from(*flag)].remove(row),
                PropertyValue::Number(number) => self.listed_numbers.remove(&listed_number(*number), row),
                PropertyValue::Text(text) => self.texts.remove(text, row),
                PropertyValue::List(_) => unreachable!("items are checked to have no lists in lists"),
            }
        }
    }

    /// Keeps the rows that meet a condition.
    fn restrict(&self, rows: &mut RoaringBitmap, condition: &Condition) {
        if condition.needs_value() {
            let listed: Option<Vec<&PropertyValue>> = match (&condition.eq, &condition.one_of) {
                (None, None) => None,
                (Some(value), None) => Some(vec![value]),
                (None, Some(values)) => Some(values.iter().collect()),
                (Some(value), Some(values)) => Some(values.iter().filter(|other| *other == value).collect()),
            };
            let span = Span::new(condition, listed.as_deref());
            let mut meeting = self.numbers.rows(&span);
            if !condition.is_range() {
                meeting |= self.named(listed.as_deref().unwrap_or_default());
            }
            *rows &= meeting;
        }
        if let Some(none) = condition.none.as_ref().filter(|none| !none.is_empty()) {
            let refused: Vec<&PropertyValue> = none.iter().collect();
            *rows -= self.numbers.rows(&Span::new(&Condition::default(), Some(&refused)));
            *rows -= self.named(&refused);
        }
    }

    /// The rows with one of the texts and flags among `values`, or with one of the numbers in a list.
    fn named(&self, values: &[&PropertyValue]) -> RoaringBitmap {
        let texts = values.iter().filter_map(|value| match value {
            PropertyValue::Text(text) => Some(text.as_str()),
            PropertyValue::Flag(_) | PropertyValue::Number(_) | PropertyValue::List(_) => None,
        });
        let mut rows = self.texts.union(texts);
        if !self.listed_numbers.is_empty() {
            let numbers = values.iter().filter_map(|value| match value {
                PropertyValue::Number(number) => Some(listed_number(*number)),
                PropertyValue::Flag(_) | PropertyValue::Text(_) | PropertyValue::List(_) => None,
            });
            let numbers: Vec<String> = numbers.collect();
            rows |= self.listed_numbers.union(numbers.iter().map(String::as_str));
        }
        for (flag, having) in [false, true].into_iter().zip(&self.flags) {
            if values.contains(&&PropertyValue::Flag(flag)) {
                rows |= having.rows();
            }
        }
        rows
    }
}

/// The key of a number in a list: equal for equal numbers, however they were sent.
fn listed_number(number: Number) -> String {
    let NumberKey { nearest, rest } = number.key();
    format!("{nearest}:{rest}")
}

#[cfg(test)]
mod tests {
    use shelfmark_domain::Id;

    use super::*;

    fn item(label: &str, price: f64) -> Item {
        let mut item = Item::bare(Id::new("id", "i").expect("an id"));
        (item.categories, item.tags) = (vec![label.to_owned(); 2], vec![label.to_owned()]);
        item.properties.insert("price".to_owned(), PropertyValue::Number(price.into()));
        item.properties.insert("name".to_owned(), PropertyValue::Text(label.to_owned()));
        item.properties.insert("new".to_owned(), PropertyValue::Flag(price > 1.0));
        item
    }

    fn rows(filters: &Filters, text: &str) -> Vec<u32> {
        let admitted = filters.rows(&serde_json::from_str(text).expect("a filter"));
        (0..100_000).filter(|row| admitted.contains(*row)).collect()
    }

    #[test]
    fn a_view_keeps_its_rows_and_what_no_row_has_any_more_is_not_kept() {
        let mut filters = Arc::new(Filters::default());
        let (red, blue) = (item("red", 0.0), item("blue", 2.0));
        let far = [0, 63, 64, 1023, 1024, 70_000];
        for row in far {
            Filters::replace(&mut filters, row, None, Some(&red));
        }
        let view = Arc::clone(&filters);
        let cheap = r#"{"properties":{"price":{"lte":0}}}"#;
        assert_eq!(rows(&view, cheap), far);
        for row in &far[1..] {
            Filters::replace(&mut filters, *row, Some(&red), Some(&blue));
        }
        for text in [cheap, r#"{"categories":{"all":["red"]}}"#, r#"{"properties":{"new":{"none":[true]}}}"#] {
            assert_eq!((rows(&view, text), rows(&filters, text)), (far.to_vec(), vec![0]), "{text}");
        }
        Filters::replace(&mut filters, 0, Some(&red), None);
        assert!(filters.categories.get("red").is_none(), "its last row may not be recommended");
        for row in &far[1..] {
            Filters::replace(&mut filters, *row, Some(&blue), None);
        }
        assert!(filters.all.is_empty() && filters.categories.is_empty() && filters.tags.is_empty());
        assert!(filters.properties.is_empty());
    }

    #[test]
    fn numbers_are_compared_exactly_and_each_value_of_a_list_counts() {
        let mut filters = Arc::new(Filters::default());
        let lines = [
            r#"{"id":"a","properties":{"n":2053013555631882655,"sizes":["S","M"]}}"#,
            r#"{"id":"b","properties":{"n":2053013555631882656,"sizes":["M",38,true]}}"#,
            r#"{"id":"c","properties":{"n":7,"sizes":"M"}}"#,
            r#"{"id":"d","properties":{"n":7.0,"sizes":38}}"#,
            r#"{"id":"e","properties":{"n":-9007199254740993,"sizes":[]}}"#,
        ];
        let items = lines.map(|line| serde_json::from_str::<Item>(line).expect(line));
        for (row, item) in (0..).zip(&items) {
            Filters::replace(&mut filters, row, None, Some(item));
        }
        for (condition, expected) in [
            (r#"{"n":{"eq":2053013555631882655}}"#, &[0][..]),
            (r#"{"n":{"in":[2053013555631882656,1]}}"#, &[1]),
            (r#"{"n":{"none":[2053013555631882656,7]}}"#, &[0, 4]),
            (r#"{"n":{"eq":7}}"#, &[2, 3]),
            (r#"{"n":{"eq":7.0}}"#, &[2, 3]),
            (r#"{"n":{"gt":2053013555631882655}}"#, &[1]),
            (r#"{"n":{"gte":2053013555631882655}}"#, &[0, 1]),
            (r#"{"n":{"lt":2053013555631882656}}"#, &[0, 2, 3, 4]),
            (r#"{"n":{"lte":-9007199254740993}}"#, &[4]),
            (r#"{"n":{"lt":-9007199254740992}}"#, &[4]),
            (r#"{"n":{"gt":7,"lt":2053013555631882656.0}}"#, &[0, 1]),
            (r#"{"sizes":{"eq":"M"}}"#, &[0, 1, 2]),
            (r#"{"sizes":{"in":["S",38.0]}}"#, &[0, 1, 3]),
            (r#"{"sizes":{"none":["S",38]}}"#, &[2, 4]),
            (r#"{"sizes":{"eq":true}}"#, &[1]),
            (r#"{"sizes":{"gt":30}}"#, &[3]),
        ] {
            assert_eq!(rows(&filters, &format!(r#"{{"properties":{condition}}}"#)), expected, "{condition}");
        }
        for (row, item) in (0..).zip(&items) {
            Filters::replace(&mut filters, row, Some(item), None);
        }
        assert!(filters.properties.is_empty());
    }

    #[test]
    fn alternatives_are_joined_and_categories_admit_those_below_them() {
        let mut filters = Arc::new(Filters::default());
        let lines = [
            r#"{"id":"a","categories":["Home > Kitchen > Pans","Home"],"properties":{"price":5}}"#,
            r#"{"id":"b","categories":["Home > Kitchen"],"properties":{"price":50}}"#,
            r#"{"id":"c","categories":["Homeware"],"tags":["new"]}"#,
        ];
        let items = lines.map(|line| serde_json::from_str::<Item>(line).expect(line));
        for (row, item) in (0..).zip(&items) {
            Filters::replace(&mut filters, row, None, Some(item));
        }
        for (filter, expected) in [
            (r#"{"categories":{"any":["Home"]}}"#, &[0, 1][..]),
            (r#"{"categories":{"all":["Home > Kitchen"]}}"#, &[0, 1]),
            (r#"{"categories":{"any":["Home > Kitchen > Pans"]}}"#, &[0]),
            (r#"{"categories":{"none":["Home"]}}"#, &[2]),
            (r#"{"categories":{"any":["Kitchen"]}}"#, &[]),
            (r#"{"or":[{"properties":{"price":{"lt":10}}},{"tags":{"any":["new"]}}]}"#, &[0, 2]),
            (
                r#"{"categories":{"any":["Home"]},"or":[{"properties":{"price":{"gt":10}}},{"tags":{"any":["new"]}}]}"#,
                &[1],
            ),
            (r#"{"or":[{},{"tags":{"any":["x"]}}]}"#, &[0, 1, 2]),
            (r#"{"or":[]}"#, &[]),
        ] {
            assert_eq!(rows(&filters, filter), expected, "{filter}");
        }
        // An index that a view holds is copied when it changes, and remembers no filter then.
        let view = Arc::clone(&filters);
        Filters::replace(&mut filters, 0, Some(&items[0]), Some(&items[2]));
        let home = r#"{"categories":{"any":["Home"]}}"#;
        assert_eq!((rows(&view, home), rows(&filters, home)), (vec![0, 1], vec![1]));
        for (row, item) in [(0, 2), (1, 1), (2, 2)] {
            Filters::replace(&mut filters, row, Some(&items[item]), None);
        }
        assert!(filters.categories.is_empty() && filters.tags.is_empty());
    }

    #[test]
    fn metadata_that_no_filter_looks_at_change_nothing() {
        let mut filters = Arc::new(Filters::default());
        let red = item("red", 0.0);
        Filters::replace(&mut filters, 3, None, Some(&red));
        let view = Arc::clone(&filters);
        let titled = Item { title: Some("Red".to_owned()), ..red.clone() };
        Filters::replace(&mut filters, 3, Some(&red), Some(&titled));
        assert!(Arc::ptr_eq(&view, &filters), "what was evaluated stays remembered");
    }
}
