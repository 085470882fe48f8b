//! Pages of lists: the bounds of a page, and the cursor of the next one.

use serde::Deserialize;
use utoipa::IntoParams;

use super::params;
use shelfmark_domain::{FieldResult, Position};

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

/// Checks the limit of a page.
pub fn limit(given: Option<usize>) -> FieldResult<usize> {
    params::limit("limit", given, LIMIT_DEFAULT, LIMIT_MAX)
}

/// Says where the next page begins: behind the last entry of a full page, and nowhere after one that is not full.
pub fn next_cursor<T, C>(entries: &[T], limit: usize, cursor: impl FnOnce(&T) -> C) -> Option<C> {
    entries.last().filter(|_| entries.len() == limit).map(cursor)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_full_page_has_a_next_one_and_limits_are_checked() {
        assert_eq!(next_cursor(&[7, 5], 2, |entry| *entry), Some(5));
        assert_eq!(next_cursor(&[7], 2, |entry| *entry), None);
        assert_eq!((limit(None), limit(Some(1000))), (Ok(50), Ok(1000)));
        assert!(limit(Some(0)).is_err() && limit(Some(1001)).is_err());
    }
}
