//! Tokens of an item's metadata. Items with a common token share its vector.

use std::collections::BTreeSet;

use shelfmark_domain::{Id, Item, PropertyValue};

/// Words of the title that become tokens.
const TITLE_WORDS_MAX: usize = 10;
/// Longest token, in bytes; longer labels are truncated at a character.
const TOKEN_BYTES_MAX: usize = 128;
/// Prefixes of the kinds of tokens, see [`tokens_of`].
const PREFIXES: [&str; 7] = ["c:", "t:", "g:", "b:", "y:", "i:", "p:"];

/// Returns the tokens of an item, sorted and distinct: categories `c:`, words of the title `t:`, tags `g:`, and the
/// properties `brand` (`b:`), `year` (`y:`), `category_id` (`i:`) and `price` (`p:`, bucket `floor(2 log2 price)`).
pub fn tokens_of(item: &Item) -> Vec<Id> {
    let mut tokens = BTreeSet::new();
    let mut add = |prefix: &str, text: &str| {
        let mut token = format!("{prefix}:{}", text.trim().to_lowercase());
        let end = (0..=TOKEN_BYTES_MAX.min(token.len())).rev().find(|end| token.is_char_boundary(*end));
        token.truncate(end.unwrap_or(0));
        // Labels were checked on arrival. One of spaces only has no token.
        if let Ok(token) = Id::new("token", &token) {
            tokens.insert(token);
        }
    };
    for category in &item.categories {
        add("c", category);
    }
    for tag in &item.tags {
        add("g", tag);
    }
    let title = item.title.as_deref().unwrap_or_default().to_lowercase();
    for word in title.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty()).take(TITLE_WORDS_MAX) {
        add("t", word);
    }
    for (prefix, name) in [("b", "brand"), ("y", "year"), ("i", "category_id")] {
        match item.properties.get(name) {
            Some(PropertyValue::Text(text)) if !text.is_empty() => add(prefix, text),
            Some(PropertyValue::Number(number)) if *number != 0.0 => add(prefix, &number.to_string()),
            Some(PropertyValue::Flag(_) | PropertyValue::Number(_) | PropertyValue::Text(_)) | None => {}
        }
    }
    if let Some(PropertyValue::Number(price)) = item.properties.get("price")
        && *price != 0.0
    {
        add("p", &format!("{}", (2.0 * price.max(0.01).log2()).trunc()));
    }
    tokens.into_iter().collect()
}

/// Parses a token as people write it: with a prefix as it stands, without one as a word of titles.
pub fn token_named(text: &str) -> Option<Id> {
    let text = text.trim().to_lowercase();
    let prefixed = PREFIXES.iter().any(|prefix| text.starts_with(prefix));
    Id::new("token", &if prefixed { text } else { format!("t:{text}") }).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn metadata_becomes_distinct_tokens() {
        let mut item = Item::bare(Id::new("id", "10002").expect("valid"));
        item.title = Some("INFLATABLE Political globe, globe".into());
        item.categories = vec!["Toys".into()];
        item.properties.insert("price".into(), PropertyValue::Number(0.85));
        item.properties.insert("brand".into(), PropertyValue::Text("Acme".into()));
        let tokens = tokens_of(&item);
        let text: Vec<&str> = tokens.iter().map(Id::as_str).collect();
        assert_eq!(text, ["b:acme", "c:toys", "p:-0", "t:globe", "t:inflatable", "t:political"]);
    }
}
