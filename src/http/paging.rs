//! Pages of lists: the bounds of a page, and the cursor of the next one.

use serde::Deserialize;
use utoipa::IntoParams;

use super::params;
use shelfmark_domain::{FieldError, FieldResult, Position};

/// Entries of a page when the caller names no number.
const LIMIT_DEFAULT: usize = 50;
/// Most entries of a page.
const LIMIT_MAX: usize = 1000;

/// Query parameters of a page, newest first.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct PageQuery {
    /// `next_cursor` of the page before; the first page when left out.
    #[param(value_type = Option<u64>, maximum = 9_223_372_036_854_775_807i64)]
    pub cursor: Option<Position>,
    /// Maximum number of entries, 1 to 1,000; 50 when left out.
    #[param(minimum = 1, maximum = 1_000)]
    pub limit: Option<usize>,
}

impl PageQuery {
    /// Checks the limit.
    pub fn limit(&self) -> FieldResult<usize> {
        limit(self.limit)
    }
}

/// Query parameters of a page of rows, in the order in which the model met them.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct RowPageQuery {
    /// `next_cursor` of the page before; the first page when left out.
    #[param(maximum = 4_294_967_295i64)]
    pub cursor: Option<u32>,
    /// Maximum number of entries, 1 to 1,000; 50 when left out.
    #[param(minimum = 1, maximum = 1_000)]
    pub limit: Option<usize>,
    /// Answer from a state at this position or later: waits up to `timeout_ms`, then 503 with the position reached.
    #[param(value_type = Option<u64>, maximum = 9_223_372_036_854_775_807i64)]
    pub min_position: Option<Position>,
    /// Longest wait for `min_position`, 0 to 30,000; 2,000 when left out.
    #[param(maximum = 30_000)]
    pub timeout_ms: Option<u64>,
}

/// Most rows that a page looks at: a page of rows that mostly have nothing to show is cut short.
const ROWS_MAX: u32 = 10_000;

impl RowPageQuery {
    /// Checks the limit.
    pub fn limit(&self) -> FieldResult<usize> {
        limit(self.limit)
    }

    /// Collects up to `limit` entries of the rows from the cursor on, with the cursor of the next page.
    pub fn page<T>(&self, rows: usize, limit: usize, entry: impl Fn(u32) -> Option<T>) -> (Vec<T>, Option<u32>) {
        let rows = u32::try_from(rows).unwrap_or(u32::MAX);
        let (mut entries, first) = (Vec::new(), self.cursor.unwrap_or(0).min(rows));
        let mut next = first;
        while next < rows && entries.len() < limit && next - first < ROWS_MAX {
            entries.extend(entry(next));
            next += 1;
        }
        (entries, (next < rows).then_some(next))
    }
}

/// Checks the limit of a page.
pub fn limit(given: Option<usize>) -> FieldResult<usize> {
    params::limit("limit", given, LIMIT_DEFAULT, LIMIT_MAX)
}

/// Returns the cursor that was given by its name, or by the name that it had before.
pub fn one_of<T>(cursor: Option<T>, (former, other): (&str, Option<T>)) -> FieldResult<Option<T>> {
    if cursor.is_some() && other.is_some() {
        return Err(FieldError::new(former, "ambiguous", "give cursor alone"));
    }
    Ok(cursor.or(other))
}

/// Says where the next page begins: behind the last entry of a full page, and nowhere after one that is not full.
pub fn next_cursor<T, C>(entries: &[T], limit: usize, cursor: impl FnOnce(&T) -> C) -> Option<C> {
    entries.last().filter(|_| entries.len() == limit).map(cursor)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_of_rows_leave_out_what_is_not_shown_and_end() {
        let even = |row: u32| row.is_multiple_of(2).then_some(row);
        let page = |cursor, limit| {
            RowPageQuery { cursor, limit: None, min_position: None, timeout_ms: None }.page(7, limit, even)
        };
        assert_eq!(page(None, 2), (vec![0, 2], Some(3)));
        assert_eq!(page(Some(3), 2), (vec![4, 6], None));
        assert_eq!((page(Some(7), 2), page(Some(u32::MAX), 2)), ((vec![], None), (vec![], None)));
        let none = RowPageQuery { cursor: None, limit: None, min_position: None, timeout_ms: None };
        assert_eq!(none.page(30_000, 5, |_| None::<u32>), (vec![], Some(10_000)));
    }

    #[test]
    fn a_full_page_has_a_next_one_and_limits_are_checked() {
        assert_eq!(next_cursor(&[7, 5], 2, |entry| *entry), Some(5));
        assert_eq!(next_cursor(&[7], 2, |entry| *entry), None);
        assert_eq!((limit(None), limit(Some(1000))), (Ok(50), Ok(1000)));
        assert!(limit(Some(0)).is_err() && limit(Some(1001)).is_err());
    }
}
