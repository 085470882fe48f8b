//! Encoding of a history as a row: columns of items, times, kinds and stances, after what is remembered of older
//! events.

use shelfmark_domain::Timestamp;

use super::{History, LASTING_MAX, LastingEvent};
use crate::Stance;

/// Bit of the encoded number of events that says that remembered pairs follow. No history has so many events.
const LASTING_FLAG: u64 = 1 << 63;
/// Bit of it that says that stances follow the kinds.
const STANCES_FLAG: u64 = 1 << 62;

impl History {
    pub(crate) fn encode(&self, out: &mut Vec<u8>) {
        let flag = if self.lasting.is_empty() { 0 } else { LASTING_FLAG };
        let stances = if self.stances.is_empty() { 0 } else { STANCES_FLAG };
        out.extend_from_slice(&(self.total | flag | stances).to_le_bytes());
        if flag != 0 {
            let count = u32::try_from(self.lasting.len()).expect("at most 10,000");
            out.extend_from_slice(&count.to_le_bytes());
            out.extend(self.lasting.iter().flat_map(|event| event.item.to_le_bytes()));
            out.extend(self.lasting.iter().map(|event| event.kind));
        }
        out.extend_from_slice(bytemuck::cast_slice(&self.items));
        for time in &self.times {
            out.extend_from_slice(&time.micros().to_le_bytes());
        }
        out.extend_from_slice(&self.kinds);
        out.extend(self.stances.iter().map(|stance| *stance as u8));
    }

    pub(crate) fn decode(bytes: &[u8]) -> Option<Self> {
        let (total, mut rest) = bytes.split_first_chunk::<8>()?;
        let total = u64::from_le_bytes(*total);
        let mut lasting = Vec::new();
        if total & LASTING_FLAG != 0 {
            let (count, after) = rest.split_first_chunk::<4>()?;
            let count = usize::try_from(u32::from_le_bytes(*count)).ok().filter(|count| *count <= LASTING_MAX)?;
            let (items, after) = after.split_at_checked(4 * count)?;
            let (kinds, after) = after.split_at_checked(count)?;
            let items = items.as_chunks().0.iter().map(|item| u32::from_le_bytes(*item));
            lasting = items.zip(kinds).map(|(item, kind)| LastingEvent { item, kind: *kind }).collect();
            rest = after;
        }
        let event_bytes = if total & STANCES_FLAG == 0 { 13 } else { 14 };
        if !rest.len().is_multiple_of(event_bytes) {
            return None;
        }
        let n = rest.len() / event_bytes;
        let (items, rest) = rest.split_at(n * 4);
        let (times, rest) = rest.split_at(n * 8);
        let (kinds, stances) = rest.split_at(n);
        Some(Self {
            items: items.as_chunks().0.iter().map(|c| u32::from_le_bytes(*c)).collect(),
            times: times
                .as_chunks()
                .0
                .iter()
                .map(|c| Timestamp::from_micros(i64::from_le_bytes(*c)))
                .collect::<Option<_>>()?,
            kinds: kinds.to_vec(),
            stances: stances.iter().map(|stance| Stance::from_byte(*stance)).collect::<Option<_>>()?,
            total: total & !(LASTING_FLAG | STANCES_FLAG),
            lasting,
        })
    }
}
