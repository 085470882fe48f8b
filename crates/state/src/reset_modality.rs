//! Reset of a modality: the model forgets its length, its projection, and the items' vectors of it.

use std::{ops::Range, sync::Arc};

use super::{CowRows, State, Table, as_row};

impl State {
    /// Forgets a modality, so that the next vector of that name says how long its vectors are. Costs a pass over the
    /// catalogue.
    pub fn reset_modality(&mut self, name: &str) {
        if self.inference.content_vectors.modalities().all().iter().any(|modality| modality.name == name) {
            self.give_up_modality(name);
        }
        for row in 0..as_row(self.inference.catalog.len()) {
            if !self.inference.catalog.entry(row).item.vectors.contains_key(name) {
                continue;
            }
            let entry = self.inference.catalog.entries.get_mut(row as usize);
            Arc::make_mut(&mut entry.item).vectors.remove(name);
            self.touched.mark(Table::Items, row);
            if self.inference.config.modalities {
                self.refresh_content(row);
            }
        }
    }

    fn give_up_modality(&mut self, name: &str) {
        let Some(gone) = self.inference.content_vectors.modalities_mut().remove(name) else { return };
        let gone = gone.first..gone.first + gone.inputs;
        for parameters in [&mut self.inference.parameters, &mut self.accumulators] {
            parameters.projections = without(&parameters.projections, &gone);
        }
        if let Some(base_weights) = &mut self.base_weights {
            base_weights.0.projections = without(&base_weights.0.projections, &gone);
        }
        // The rows after those have new numbers.
        for table in [Table::Modalities, Table::Projections, Table::BaseWeights] {
            (0..self.rows(table)).for_each(|row| self.touched.mark(table, as_row(row)));
        }
        self.touched.mark_reshaped();
    }
}

fn without(rows: &CowRows, gone: &Range<usize>) -> CowRows {
    let mut kept = CowRows::new(rows.dim());
    for row in (0..rows.len()).filter(|row| !gone.contains(row)) {
        kept.push_filled(0.0);
        let last = kept.len() - 1;
        kept.row_mut(last).copy_from_slice(rows.row(row));
    }
    kept
}

#[cfg(test)]
mod tests {
    use shelfmark_domain::{Item, ModelConfig};

    use super::*;
    use crate::{Digester, LearnedTable};

    fn put(state: &mut State, text: &str) {
        state.put_item(&serde_json::from_str::<Item>(text).expect(text));
    }

    #[test]
    fn a_reset_modality_takes_another_length_and_leaves_the_others_alone() {
        let mut config = ModelConfig { modalities: true, ..ModelConfig::default() };
        config.pull = 0.01;
        let mut state = State::initial(Arc::new(config));
        put(&mut state, r#"{"id":"a","vectors":{"image":[1,2,3],"text":[1,-1]}}"#);
        put(&mut state, r#"{"id":"b","vectors":{"image":[0,2,3]}}"#);
        let projections = state.inference.parameters.table_mut(LearnedTable::Projections);
        (0..5).for_each(|row| projections.row_mut(row).fill(0.1 * f32::from(u8::try_from(row).expect("small"))));
        let before = state.inference.parameters.projections.row(4).to_vec();
        let mut digester = Digester::new(&state);
        state.touched.clear();

        state.reset_modality("sound");
        assert!(state.touched.is_empty(), "nothing is changed for a modality that is unknown");
        state.reset_modality("image");
        assert_eq!((state.rows(Table::Modalities), state.rows(Table::Projections)), (1, 2));
        assert_eq!(state.inference.parameters.projections.row(1), before, "text keeps what it learned");
        assert!(state.inference.catalog.entry(0).item.vectors.contains_key("text"));
        let z = |state: &State, item: u32| {
            let content = state.inference.catalog.entry(item).content.expect("it had a vector");
            state.inference.content_vectors.row(content as usize).to_vec()
        };
        assert!(z(&state, 0).iter().any(|x| *x != 0.0) && z(&state, 1).iter().all(|x| *x == 0.0));

        put(&mut state, r#"{"id":"b","vectors":{"image":[1,2,3,4]}}"#);
        assert_eq!(state.inference.content_vectors.modalities().all()[1].inputs, 4);
        assert!(state.touched.reshaped());
        let touched = std::mem::take(&mut state.touched);
        assert_eq!(digester.update(&state, &touched), Digester::new(&state).digest());
        let segments: Vec<_> = state.segments().collect();
        let back = State::from_segments(segments).expect("it reads back");
        assert_eq!(Digester::new(&back).digest(), digester.digest());
    }
}
