//! Which named dense vectors of items a model learns from, and how long they are.

use super::{FieldError, FieldResult, Item};

/// A named kind of dense vectors, such as `image`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Modality {
    /// As items name it.
    pub name: String,
    /// Numbers of one vector, as the first one that came had it.
    pub inputs: usize,
    /// Where its numbers begin among those of all modalities.
    pub first: usize,
}

/// The modalities of one model, in the order in which items first named them.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Modalities {
    all: Vec<Modality>,
}

impl Modalities {
    /// Most modalities of a model.
    pub const COUNT_MAX: usize = 16;
    /// Most numbers of one vector of each of a model's modalities together.
    pub const INPUTS_MAX: usize = 16_384;

    /// All of them.
    #[inline]
    pub fn all(&self) -> &[Modality] {
        &self.all
    }

    /// Numbers of one vector of each, together.
    #[inline]
    pub fn inputs(&self) -> usize {
        self.all.last().map_or(0, |last| last.first + last.inputs)
    }

    /// Takes a vector's name and length in: `true` when the modality is new. A refusal changes nothing.
    pub fn admit(&mut self, name: &str, length: usize) -> FieldResult<bool> {
        let refused = |code, detail: String| Err(FieldError::new(format!("vectors.{name}"), code, detail));
        if let Some(there) = self.all.iter().find(|modality| modality.name == name) {
            if there.inputs == length {
                return Ok(false);
            }
            let inputs = there.inputs;
            return refused("bad_dimension", format!("must have {inputs} numbers like those before, has {length}"));
        }
        let first = self.inputs();
        if self.all.len() == Self::COUNT_MAX {
            return refused("too_many", format!("would be one more modality than {}", Self::COUNT_MAX));
        }
        if length == 0 || first + length > Self::INPUTS_MAX {
            let left = Self::INPUTS_MAX - first;
            return refused("too_many", format!("must have 1 to {left} numbers: what is left of this model's"));
        }
        self.all.push(Modality { name: name.to_owned(), inputs: length, first });
        Ok(true)
    }

    /// Takes all vectors of an item in, or refuses it and changes nothing.
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
    fn the_first_vector_says_how_long_a_modality_is_and_a_refused_item_leaves_nothing() {
        let mut modalities = Modalities::default();
        modalities.admit_item(&item(&[("image", 3), ("text", 2)])).expect("new");
        modalities.admit_item(&item(&[("text", 2)])).expect("the same");
        let refused = modalities.admit_item(&item(&[("audio", 5), ("text", 3)])).expect_err("longer");
        assert_eq!((refused.field.as_str(), refused.code), ("vectors.text", "bad_dimension"));
        let text = Modality { name: "text".to_owned(), inputs: 2, first: 3 };
        assert_eq!((modalities.all().last(), modalities.inputs()), (Some(&text), 5), "no audio");
    }

    #[test]
    fn a_models_modalities_are_bounded_in_number_and_size() {
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
