//! Lists of many short texts in a body.

use std::fmt;

use serde::{
    Deserialize, Deserializer,
    de::{DeserializeSeed, SeqAccess, Visitor},
};

/// A list of texts, one behind the other in one place: a thousand ids cost no allocation each.
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
        deserializer.deserialize_str(self)
    }
}

impl Visitor<'_> for Next<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a string")
    }

    fn visit_str<E>(self, text: &str) -> Result<(), E> {
        self.0.push_str(text);
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
        let body = read(r#"{"ids":["i1","","\u00e9\n"]}"#).expect("valid");
        assert_eq!((body.ids.len(), body.ids.iter().collect::<Vec<_>>()), (3, vec!["i1", "", "\u{e9}\n"]));
        for (text, field) in [(r#"{"ids":["i1",2]}"#, "ids[1]"), (r#"{"ids":"i1"}"#, "ids")] {
            match read(text) {
                Err(ApiError::Invalid(errors)) => {
                    assert_eq!((errors[0].field.as_str(), errors[0].code), (field, "invalid_value"), "{text}");
                }
                other => panic!("{text}: {other:?}"),
            }
        }
    }
}
