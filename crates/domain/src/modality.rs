//! Modalities: the named dense vectors of items that a model learns from, with their lengths.

use super::{FieldError, FieldResult, Item};

/// A kind of dense vectors, such as `image`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Modality {
    /// Name in the items' metadata.
    pub name: String,
    /// Length of a vector, as set by the first one.
    pub inputs: usize,
    /// Index of its first input among those of all modalities.
    pub first: usize,
}

/// The modalities of a model, in the order in which items first named them.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Modalities {
    all: Vec<Modality>,
}

impl Modalities {
    /// Most modalities of a model.
    pub const COUNT_MAX: usize = 16;
    /// Greatest sum of the lengths of all modalities.
    pub const INPUTS_MAX: usize = 16_384;

    /// Returns all modalities.
    #[inline]
    pub fn all(&self) -> &[Modality] {
        &self.all
    }

    /// Returns the sum of the lengths of all modalities.
    #[inline]
    pub fn inputs(&self) -> usize {
        self.all.last().map_or(0, |last| last.first + last.inputs)
    }

    /// Registers the modality of a vector. Returns whether it is new. An error changes nothing.
    pub fn admit(&mut self, name: &str, length: usize) -> FieldResult<bool> {
        let refused = |code, detail: String| Err(FieldError::new(format!("vectors.{name}"), code, detail));
        if let Some(there) = self.all.iter().find(|modality| modality.name == name) {
            if there.inputs == length {
                return Ok(false);
            }
            let inputs = there.inputs;
            return refused("bad_dimension", format!("must have {inputs} numbers, as its first vector, has {length}"));
        }
        let first = self.inputs();
        if self.all.len() == Self::COUNT_MAX {
            return refused(
                "too_many",
                format!("the model has {} modalities already, which is the limit", Self::COUNT_MAX),
            );
        }
        if length == 0 || first + length > Self::INPUTS_MAX {
            let max = Self::INPUTS_MAX;
            let detail =
                format!("has {length} numbers; all modalities together have 1 to {max}, the others have {first}");
            return refused("too_many", detail);
        }
        self.all.push(Modality { name: name.to_owned(), inputs: length, first });
        Ok(true)
    }

    /// Removes a modality and returns it; the inputs of those after it move up.
    pub fn remove(&mut self, name: &str) -> Option<Modality> {
        let place = self.all.iter().position(|modality| modality.name == name)?;
        let gone = self.all.remove(place);
        self.all[place..].iter_mut().for_each(|modality| modality.first -= gone.inputs);
        Some(gone)
    }

    /// Registers the modalities of an item's vectors. An error changes nothing.
    pub fn admit_item(&mut self, item: &Item) -> FieldResult<()> {
        let before = self.all.len();
        for (name, vector) in &item.vectors {
            if let Err(error) = self.admit(name, vector.len()) {
                self.all.truncate(before);
                return Err(error);
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Id;

    fn item(vectors: &[(&str, usize)]) -> Item {
        let mut item = Item::bare(Id::new("id", "i").expect("valid"));
        item.vectors = vectors.iter().map(|(name, length)| ((*name).to_owned(), vec![1.0; *length])).collect();
        item
    }

    #[test]
    fn the_first_vector_sets_a_modalitys_length() {
        let mut modalities = Modalities::default();
        modalities.admit_item(&item(&[("image", 3), ("text", 2)])).expect("new");
        modalities.admit_item(&item(&[("text", 2)])).expect("the same");
        let refused = modalities.admit_item(&item(&[("audio", 5), ("text", 3)])).expect_err("longer");
        assert_eq!((refused.field.as_str(), refused.code), ("vectors.text", "bad_dimension"));
        let text = Modality { name: "text".to_owned(), inputs: 2, first: 3 };
        assert_eq!((modalities.all().last(), modalities.inputs()), (Some(&text), 5), "no audio");
    }

    #[test]
    fn a_removed_modality_may_have_another_length() {
        let mut modalities = Modalities::default();
        modalities.admit_item(&item(&[("audio", 4), ("image", 3), ("text", 2)])).expect("new");
        assert_eq!(modalities.remove("image").map(|gone| (gone.first, gone.inputs)), Some((4, 3)));
        assert_eq!(modalities.remove("image"), None);
        assert_eq!(modalities.admit("image", 7), Ok(true));
        let places: Vec<_> = modalities.all().iter().map(|m| (m.name.as_str(), m.first, m.inputs)).collect();
        assert_eq!(places, [("audio", 0, 4), ("text", 4, 2), ("image", 6, 7)]);
    }

    #[test]
    fn modalities_are_bounded_in_number_and_size() {
        let mut modalities = Modalities::default();
        for n in 0..4 {
            modalities.admit(&format!("m{n}"), Item::VECTOR_DIM_MAX).expect("fits");
        }
        assert_eq!(modalities.admit("more", 1).expect_err("full").code, "too_many");
        let mut modalities = Modalities::default();
        for n in 0..Modalities::COUNT_MAX {
            assert_eq!(modalities.admit(&format!("m{n}"), 1), Ok(true));
        }
        assert_eq!(modalities.admit("more", 1).expect_err("full").field, "vectors.more");
        assert_eq!(modalities.admit("m3", 1), Ok(false));
    }
}
