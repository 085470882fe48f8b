//! Decoders of single stored rows, for readers that do not load the state.

use serde::Deserialize;

use shelfmark_domain::Id;

use super::{CowRows, Table};

/// Decodes the weights of a stored row of a learned table, `[dim]`. Returns `None` when the length does not fit.
pub fn learned_row(bytes: &[u8], dim: usize) -> Option<Vec<f32>> {
    if bytes.len() != 2 * 4 * dim {
        return None;
    }
    let mut row = CowRows::new(dim);
    row.push_bytes(&bytes[..dim * 4])?;
    Some(row.row(0).to_vec())
}

/// Decodes the id of a stored row of [`Table::Items`], or of a table of ids such as [`Table::Users`]. Returns `None`
/// when it does not decode.
pub fn stored_id(table: Table, bytes: &[u8]) -> Option<Id> {
    if table != Table::Items {
        return Id::new("id", std::str::from_utf8(bytes).ok()?).ok();
    }
    #[derive(Deserialize)]
    struct Named {
        id: Id,
    }
    // Layout of `State::encode_row` for items: flags, number of tokens, tokens, metadata.
    let (count, rest) = bytes.get(1..)?.split_first_chunk::<8>()?;
    let tokens = usize::try_from(u64::from_le_bytes(*count)).ok()?.checked_mul(4)?;
    serde_json::from_slice::<Named>(rest.get(tokens..)?).ok().map(|named| named.id)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use shelfmark_domain::{Item, ModelConfig};

    use super::*;
    use crate::State;

    #[test]
    fn encoded_rows_decode() {
        let mut state = State::initial(Arc::new(ModelConfig { dim: 8, ..ModelConfig::default() }));
        let mut item = Item::bare(Id::new("id", "i1").expect("valid"));
        item.title = Some("Red kettle".to_owned());
        state.put_item(&Item::bare(Id::new("id", "i0").expect("valid")));
        state.put_item(&item);
        let encoded = |table, row| {
            let mut bytes = Vec::new();
            state.encode_row(table, row, &mut bytes);
            bytes
        };
        let bytes = encoded(Table::ItemVectors, 1);
        assert_eq!(learned_row(&bytes, 8).as_deref(), Some(state.inference.parameters.items.row(1)));
        assert_eq!(learned_row(&bytes, 12), None);
        assert_eq!(stored_id(Table::Items, &encoded(Table::Items, 1)), Some(item.id));
        assert_eq!(
            stored_id(Table::Tokens, &encoded(Table::Tokens, 0)).as_ref(),
            Some(state.inference.catalog.token(0))
        );
        assert_eq!(stored_id(Table::Items, &encoded(Table::Items, 1)[..12]), None);
    }
}
