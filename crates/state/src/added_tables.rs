//! Tables that earlier builds have not: added small vectors and entry counts.

use super::{EntryPopularity, State, Table, as_row};

impl State {
    /// Adds the tables at their initial values, unless they are there. A state of an earlier build gets them with the
    /// first event that it learns, so that its digest is the stored one until then.
    pub(super) fn begin_added(&mut self) {
        if self.has_added {
            return;
        }
        self.has_added = true;
        self.touched.mark(Table::AddedWeights, 0);
        self.touched.mark(Table::EntryCounter, 0);
        for row in self.inference.entries.len()..self.inference.catalog.len() {
            self.inference.entries.push(EntryPopularity::default());
            self.touched.mark(Table::EntryPopularity, as_row(row));
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use shelfmark_domain::{Event, Id, Item, ModelConfig, Timestamp};

    use super::*;
    use crate::{ContextScratch, CowVec, Digester};

    /// Goal: a state that an earlier build stored loads with its digest, and learns as one that had the tables all
    /// along. Method: a state with items, stored without the tables, beside itself.
    #[test]
    fn a_state_of_an_earlier_build_gets_the_tables_with_its_first_event() {
        let mut state = State::initial(Arc::new(ModelConfig { dim: 4, ..ModelConfig::default() }));
        for n in 0..3 {
            state.put_item(&Item::bare(Id::new("id", &format!("i{n}")).expect("an id")));
        }
        let mut earlier = state.clone();
        (earlier.has_added, earlier.inference.entries) = (false, CowVec::default());
        let digest = Digester::new(&earlier).digest();
        assert_ne!(digest, Digester::new(&state).digest());
        let mut loaded = State::from_segments(earlier.segments()).expect("decodes");
        assert_eq!(Digester::new(&loaded).digest(), digest);
        let mut digester = Digester::new(&loaded);
        loaded.put_item(&Item::bare(Id::new("id", "i3").expect("an id")));
        state.put_item(&Item::bare(Id::new("id", "i3").expect("an id")));
        let event = Event {
            event_id: Id::new("event_id", "e").expect("an id"),
            user: Some(Id::new("user", "u").expect("an id")),
            session: None,
            item: Id::new("item", "i1").expect("an id"),
            kind: "click".to_owned(),
            value: None,
            ts: Timestamp::default(),
            context: Vec::new(),
            recommendation_id: None,
            properties: None,
        };
        for state in [&mut loaded, &mut state] {
            let (_, arrivals) = state.apply_events(&[&event], &mut ContextScratch::default());
            state.count_events(&arrivals);
        }
        assert_eq!(Digester::new(&loaded).digest(), Digester::new(&state).digest());
        let touched = std::mem::take(&mut loaded.touched);
        assert_eq!(digester.update(&loaded, &touched), Digester::new(&state).digest(), "what changed is marked");
        assert_eq!(loaded.inference.entries_counted, 1);
        assert!(loaded.inference.popularity_logs(1)[4] > 0.0 && loaded.inference.popularity_logs(0)[4] <= 0.0);
    }
}
