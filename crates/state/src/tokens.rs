//! Tokens of an item's metadata. Items with a common token share its vector.

use std::collections::BTreeSet;

use shelfmark_domain::{Id, Item, PropertyValue, WordRule};
use unicode_normalization::UnicodeNormalization;
use unicode_segmentation::UnicodeSegmentation;

/// Words of the title that become tokens.
const TITLE_WORDS_MAX: usize = 10;
/// Longest token, in bytes; longer labels are truncated at a character.
const TOKEN_BYTES_MAX: usize = 128;
/// Prefixes of the kinds of tokens, see [`tokens_of`].
const PREFIXES: [&str; 7] = ["c:", "t:", "g:", "b:", "y:", "i:", "p:"];

/// Returns the tokens of an item, sorted and distinct: categories `c:`, words of the title `t:`, tags `g:`, and the
/// properties `brand` (`b:`), `year` (`y:`), `category_id` (`i:`) and `price` (`p:`, bucket `floor(2 log2 price)`).
pub fn tokens_of(item: &Item, rule: WordRule) -> Vec<Id> {
    let mut tokens = BTreeSet::new();
    let mut add = |prefix: &str, text: &str| {
        let mut token = format!("{prefix}:{}", normalized(text.trim(), rule));
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
    for word in words(item.title.as_deref().unwrap_or_default(), rule).iter().take(TITLE_WORDS_MAX) {
        add("t", word);
    }
    for (prefix, name) in [("b", "brand"), ("y", "year"), ("i", "category_id")] {
        for value in item.properties.get(name).map(PropertyValue::values).unwrap_or_default() {
            match value {
                PropertyValue::Text(text) if !text.is_empty() => add(prefix, text),
                PropertyValue::Number(number) if number.as_f64() != 0.0 => add(prefix, &number.to_string()),
                PropertyValue::Flag(_) | PropertyValue::Number(_) | PropertyValue::Text(_) | PropertyValue::List(_) => {
                }
            }
        }
    }
    if let Some(PropertyValue::Number(price)) = item.properties.get("price")
        && price.as_f64() != 0.0
    {
        add("p", &format!("{}", (2.0 * price.as_f64().max(0.01).log2()).trunc()));
    }
    tokens.into_iter().collect()
}

/// Returns a text in lower case and, by the rule of Unicode, composed (normalization form C), so that equal texts have
/// equal bytes.
fn normalized(text: &str, rule: WordRule) -> String {
    match rule {
        // Lower case can decompose: İ becomes i with a dot above.
        WordRule::Unicode => text.nfc().collect::<String>().to_lowercase().nfc().collect(),
        WordRule::Alphanumeric => text.to_lowercase(),
    }
}

fn words(text: &str, rule: WordRule) -> Vec<String> {
    let text = normalized(text, rule);
    match rule {
        WordRule::Unicode => segments(&text),
        WordRule::Alphanumeric => {
            let runs = text.split(|character: char| !character.is_alphanumeric());
            runs.filter(|word| !word.is_empty()).map(str::to_owned).collect()
        }
    }
}

/// Returns the words of a text: those of Unicode text segmentation (UAX 29). Scripts that are written without spaces
/// give pairs of neighbouring characters instead, because their words can only be told by a dictionary.
fn segments(text: &str) -> Vec<String> {
    let mut words = Vec::new();
    let (mut run, mut run_end) = (Vec::new(), 0);
    for (at, word) in text.unicode_word_indices() {
        let unspaced = word.chars().next().is_some_and(is_unspaced);
        if !unspaced || at != run_end {
            add_pairs(&mut words, &mut run);
        }
        if unspaced {
            run.push(word);
            run_end = at + word.len();
        } else {
            words.push(word.to_owned());
        }
    }
    add_pairs(&mut words, &mut run);
    words
}

/// Adds the pairs of neighbours of a run, or its only character, and empties it.
fn add_pairs(words: &mut Vec<String>, run: &mut Vec<&str>) {
    match run[..] {
        [only] => words.push(only.to_owned()),
        _ => words.extend(run.windows(2).map(<[&str]>::concat)),
    }
    run.clear();
}

/// Whether a character's script is written without spaces: Thai, Lao, Burmese, Khmer, Hiragana, Han. Katakana is not
/// among them: UAX 29 keeps a run of it whole.
const fn is_unspaced(character: char) -> bool {
    matches!(character,
        '\u{0E00}'..='\u{0EFF}' | '\u{1000}'..='\u{109F}' | '\u{1780}'..='\u{17FF}' | '\u{3005}'..='\u{3007}'
        | '\u{3040}'..='\u{309F}' | '\u{3400}'..='\u{4DBF}' | '\u{4E00}'..='\u{9FFF}' | '\u{F900}'..='\u{FAFF}'
        | '\u{20000}'..='\u{3FFFD}')
}

/// Parses a token as people write it: with a prefix as it stands, without one as a word of titles.
pub fn token_named(text: &str) -> Option<Id> {
    let text = normalized(text.trim(), WordRule::Unicode);
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
        item.properties.insert("price".into(), PropertyValue::Number(0.85.into()));
        item.properties.insert("brand".into(), PropertyValue::Text("Acme".into()));
        let tokens = tokens_of(&item, WordRule::Unicode);
        let text: Vec<&str> = tokens.iter().map(Id::as_str).collect();
        assert_eq!(text, ["b:acme", "c:toys", "p:-0", "t:globe", "t:inflatable", "t:political"]);
    }

    #[test]
    fn long_numbers_and_the_values_of_lists_have_tokens_of_their_own() {
        let tokens = |text: &str| {
            let item: Item = serde_json::from_str(text).expect(text);
            tokens_of(&item, WordRule::Unicode).iter().map(|token| token.as_str().to_owned()).collect::<Vec<_>>()
        };
        assert_eq!(tokens(r#"{"id":"i","properties":{"category_id":2053013555631882655}}"#), ["i:2053013555631882655"]);
        // As an earlier release stored it, which must have the token that it had.
        assert_eq!(
            tokens(r#"{"id":"i","properties":{"category_id":2.0530135556318828e18}}"#),
            ["i:2053013555631882800"]
        );
        for year in ["7", "7.0"] {
            assert_eq!(tokens(&format!(r#"{{"id":"i","properties":{{"year":{year}}}}}"#)), ["y:7"]);
        }
        assert_eq!(tokens(r#"{"id":"i","properties":{"brand":["Acme","Bolt",0]}}"#), ["b:acme", "b:bolt"]);
    }

    #[test]
    fn titles_are_cut_into_words_of_their_script() {
        for (title, expected) in [
            ("हिन्दी किताब", &["हिन्दी", "किताब"][..]),
            ("बन्दी कहानी", &["बन्दी", "कहानी"]),
            ("Café crème", &["café", "crème"]),
            ("Cafe\u{301} cre\u{300}me", &["café", "crème"]),
            ("தமிழ் புத்தகம்", &["தமிழ்", "புத்தகம்"]),
            ("Işık İstanbul", &["işık", "i\u{307}stanbul"]),
            ("T-shirt, 3.5mm don’t a_b", &["t", "shirt", "3.5mm", "don’t", "a_b"]),
            ("東京タワー 本", &["東京", "タワー", "本"]),
            ("日本語の本", &["日本", "本語", "語の", "の本"]),
            ("กล้อง", &["กล้", "ล้อ", "อง"]),
            ("– … !", &[]),
        ] {
            assert_eq!(words(title, WordRule::Unicode), expected, "{title}");
        }
        let [composed, decomposed] = ["t:Caf\u{e9}", "Cafe\u{301}"].map(|text| token_named(text).expect("a token"));
        assert_eq!(composed, decomposed);
    }
    /// Goal: models of the first builds go on with the tokens that they learned. Method: what those builds gave.
    #[test]
    fn the_first_rule_cuts_titles_into_runs_of_letters_and_digits() {
        for (title, expected) in [
            ("हिन्दी किताब", &["हिन", "दी", "किताब"][..]),
            ("Cafe\u{301} 3.5mm", &["cafe", "3", "5mm"]),
            ("日本語の本", &["日本語の本"]),
        ] {
            assert_eq!(words(title, WordRule::Alphanumeric), expected, "{title}");
        }
        let item: Item = serde_json::from_str("{\"id\":\"i\",\"tags\":[\"Cafe\u{301}\"]}").expect("an item");
        let tag = |rule| tokens_of(&item, rule)[0].as_str().to_owned();
        assert_eq!(tag(WordRule::Alphanumeric), "g:cafe\u{301}");
        assert_eq!(tag(WordRule::Unicode), "g:caf\u{e9}");
    }
}
