//! Lists of many ids in a body.

use std::fmt;

use serde::{
    Deserialize, Deserializer,
    de::{DeserializeSeed, SeqAccess, Visitor},
};

use shelfmark_domain::id_text;

/// A list of ids, one behind the other in one place: a thousand cost no allocation each. Not checked yet.
#[derive(Debug, Default)]
pub(super) struct Texts {
    all: String,
    /// Where each ends.
    ends: Vec<usize>,
}

impl Texts {
    pub(super) const fn len(&self) -> usize {
        self.ends.len()
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &str> {
        let begins = std::iter::once(0).chain(self.ends.iter().copied());
        begins.zip(&self.ends).map(|(begin, end)| &self.all[begin..*end])
    }
}

impl<'de> Deserialize<'de> for Texts {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct List;
        impl<'de> Visitor<'de> for List {
            type Value = Texts;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a sequence")
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Texts, A::Error> {
                let mut texts = Texts::default();
                while list.next_element_seed(Next(&mut texts.all))?.is_some() {
                    texts.ends.push(texts.all.len());
                }
                Ok(texts)
            }
        }
        deserializer.deserialize_seq(List)
    }
}

/// Appends a text.
struct Next<'a>(&'a mut String);

impl<'de> DeserializeSeed<'de> for Next<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        self.0.push_str(&id_text(deserializer)?);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::{decode, error::ApiError};

    #[derive(Debug, Deserialize)]
    struct Body {
        ids: Texts,
    }

    #[test]
    fn texts_are_read_in_order_and_what_is_none_names_its_place() {
        let read = |text: &str| decode::json::<Body>(text.as_bytes());
        let body = read(r#"{"ids":["i1","","\u00e9\n",2]}"#).expect("valid");
        assert_eq!((body.ids.len(), body.ids.iter().collect::<Vec<_>>()), (4, vec!["i1", "", "\u{e9}\n", "2"]));
        for (text, field) in [(r#"{"ids":["i1",2.5]}"#, "ids[1]"), (r#"{"ids":"i1"}"#, "ids")] {
            match read(text) {
                Err(ApiError::Invalid(errors)) => {
                    assert_eq!((errors[0].field.as_str(), errors[0].code), (field, "invalid_value"), "{text}");
                }
                other => panic!("{text}: {other:?}"),
            }
        }
    }
}
