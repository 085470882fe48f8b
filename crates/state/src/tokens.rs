//! What an item's metadata says, as tokens whose vectors it shares with other items.

use std::collections::BTreeSet;

use shelfmark_domain::{Id, Item, PropertyValue};

/// Words of the title that count.
const TITLE_WORDS_MAX: usize = 10;
/// Longest token, in bytes; longer labels are cut at a character.
const TOKEN_BYTES_MAX: usize = 128;
/// What tells kinds of tokens apart, see [`tokens_of`].
const PREFIXES: [&str; 7] = ["c:", "t:", "g:", "b:", "y:", "i:", "p:"];

/// The tokens of an item, sorted, each once: categories `c:`, words of the title `t:`, tags `g:`, and the properties
/// `brand` (`b:`), `year` (`y:`), `category_id` (`i:`) and `price` (`p:` and the bucket `floor(2 log2 price)`).
pub fn tokens_of(item: &Item) -> Vec<Id> {
    let mut tokens = BTreeSet::new();
    let mut add = |prefix: &str, text: &str| {
        let mut token = format!("{prefix}:{}", text.trim().to_lowercase());
        let end = (0..=TOKEN_BYTES_MAX.min(token.len())).rev().find(|end| token.is_char_boundary(*end));
        token.truncate(end.unwrap_or(0));
        // Labels were checked on the way in; one that is only spaces says nothing.
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

/// The token that somebody means by `text`: one with a prefix is a token as it stands, anything else a word of titles.
pub fn token_named(text: &str) -> Option<Id> {
    let text = text.trim().to_lowercase();
    let prefixed = PREFIXES.iter().any(|prefix| text.starts_with(prefix));
    Id::new("token", &if prefixed { text } else { format!("t:{text}") }).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn metadata_becomes_tokens_once_each() {
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
