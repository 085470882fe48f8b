//! A request of which nothing was taken, although entries came.

use super::AppendSummary;
use crate::http::problem::FieldProblem;

/// Most entries whose fields an error names.
const NAMED_MAX: usize = 10;

/// What became of such a request, and what its entries are called.
#[derive(Debug)]
pub struct NothingTaken {
    /// Counts and rejections.
    pub summary: AppendSummary,
    /// `events`, `items` or `vectors`; `lines` of a stream.
    pub entries: &'static str,
    /// How many entries came, of a batch that is taken whole or not at all.
    pub whole_of: Option<usize>,
}

impl NothingTaken {
    /// Whether nothing but room for new rows was missing. All named rejections say so then, and sending again may help.
    pub fn is_for_room(&self) -> bool {
        let Self { summary, .. } = self;
        !summary.rejected.is_empty() && summary.rejected.iter().all(|rejection| rejection.code == "memory_budget")
    }

    /// Says how many entries came, and why the first was not taken.
    pub fn reason(&self) -> String {
        let Self { summary, entries, whole_of } = self;
        let unknown = summary.unknown.unwrap_or(0);
        let mut text = match whole_of {
            None => format!("none of the {} {entries} was taken", summary.rejected_count + unknown),
            Some(count) => format!(
                "none of the {count} {entries} was taken: a batch with offsets is taken whole, and {} cannot be used",
                summary.rejected_count
            ),
        };
        if unknown > 0 {
            text.push_str(&format!("; {unknown} are for rows that the model does not know"));
        }
        if let Some(first) = summary.rejected.first() {
            text.push_str(&format!(
                "; the first that cannot be used: {}: {}",
                self.place(first.index, &first.field),
                first.detail
            ));
        }
        text
    }

    /// The fields of the first rejections.
    pub fn errors(&self) -> Vec<FieldProblem> {
        let named = self.summary.rejected.iter().take(NAMED_MAX).map(|rejection| FieldProblem {
            field: self.place(rejection.index, &rejection.field),
            code: rejection.code,
            detail: rejection.detail.clone(),
        });
        named.collect()
    }

    fn place(&self, index: u64, field: &str) -> String {
        let dot = if field.is_empty() { "" } else { "." };
        format!("{}[{index}]{dot}{field}", self.entries)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{engine::Appended, http::ingest::Rejection};
    use shelfmark_domain::FieldError;

    fn nothing(rejected: u64, code: &'static str) -> NothingTaken {
        let rejected = (0..rejected).map(|index| Rejection::new(index, FieldError::new("kind", code, "why")));
        let mut summary = AppendSummary::default();
        summary.add(&[], rejected.collect(), &Appended::default());
        NothingTaken { summary, entries: "events", whole_of: None }
    }

    #[test]
    fn the_first_reasons_are_named_and_all_are_counted() {
        let many = nothing(25, "unknown_kind");
        let errors = many.errors();
        assert_eq!((errors.len(), errors[9].field.as_str(), errors[9].code), (10, "events[9].kind", "unknown_kind"));
        assert!(many.reason().starts_with("none of the 25 events was taken"), "{}", many.reason());
        assert!(!many.is_for_room() && nothing(3, "memory_budget").is_for_room());
    }
}
