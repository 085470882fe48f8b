//! Request for a new key, and its rules.

use shelfmark_domain::{FieldError, FieldResult, ModelName, Origin, Scope, Timestamp, text_within};

/// Longest name, in bytes.
const NAME_BYTES_MAX: usize = 128;
/// Most origins of a key.
const ORIGINS_MAX: usize = 32;
/// Requests a second of a key for pages, when none are named.
const REQUESTS_PER_SECOND: u32 = 50;
/// Most requests a second that a key for pages may be given.
const REQUESTS_PER_SECOND_MAX: u32 = 100_000;

/// A key that shall be created.
#[derive(Debug, Clone)]
pub struct NewKey {
    /// Unique name, 1 to 128 bytes.
    pub name: String,
    /// What it may do.
    pub scope: Scope,
    /// The only model that it is for; `None` means all. Keys for pages need one.
    pub model: Option<ModelName>,
    /// When it ceases to be accepted.
    pub expires_at: Option<Timestamp>,
    /// The pages that may use it: 1 to 32 for a scope for pages, none for others.
    pub origins: Vec<Origin>,
    /// Requests a second, of a scope for pages; 50 when left out.
    pub requests_per_second: Option<u32>,
}

impl NewKey {
    /// Names a key that is for all models, for ever, and for no page.
    pub fn new(name: &str, scope: Scope) -> Self {
        let name = name.to_owned();
        Self { name, scope, model: None, expires_at: None, origins: Vec::new(), requests_per_second: None }
    }

    /// Checks the rules, and returns the rate of a key for pages.
    pub(super) fn check(&self) -> FieldResult<Option<u32>> {
        text_within("name", &self.name, NAME_BYTES_MAX)?;
        let rate = self.check_pages()?;
        if self.expires_at.is_some_and(|expires_at| expires_at <= Timestamp::now()) {
            return Err(FieldError::new("expires_at", "invalid_value", "must be in the future"));
        }
        Ok(rate)
    }

    /// Checks what binds a key to pages, and returns its rate.
    fn check_pages(&self) -> FieldResult<Option<u32>> {
        let scope = self.scope.name();
        if !self.scope.is_for_pages() {
            let given =
                [("origins", !self.origins.is_empty()), ("requests_per_second", self.requests_per_second.is_some())];
            return match given.into_iter().find(|(_, is_given)| *is_given) {
                Some((field, _)) => {
                    let detail = format!("goes with scope ingest or recommend alone, not with {scope}");
                    Err(FieldError::new(field, "not_supported", detail))
                }
                None => Ok(None),
            };
        }
        if self.model.is_none() {
            return Err(FieldError::new("model", "missing", format!("a key of scope {scope} is for one model")));
        }
        if !(1..=ORIGINS_MAX).contains(&self.origins.len()) {
            let detail =
                format!("a key of scope {scope} is for 1 to {ORIGINS_MAX} origins, has {}", self.origins.len());
            return Err(FieldError::new("origins", "out_of_range", detail));
        }
        let rate = self.requests_per_second.unwrap_or(REQUESTS_PER_SECOND);
        if !(1..=REQUESTS_PER_SECOND_MAX).contains(&rate) {
            let detail = format!("must be 1 to {REQUESTS_PER_SECOND_MAX}, is {rate}");
            return Err(FieldError::new("requests_per_second", "out_of_range", detail));
        }
        Ok(Some(rate))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_for_pages_are_bound_and_others_are_not() {
        let origin = Origin::new("origin", "https://shop.example").expect("an origin");
        let page = NewKey {
            model: Some(ModelName::new("shop").expect("a name")),
            origins: vec![origin.clone()],
            ..NewKey::new("page", Scope::Ingest)
        };
        assert_eq!(page.check().expect("valid"), Some(50));
        assert_eq!(NewKey { requests_per_second: Some(7), ..page.clone() }.check().expect("valid"), Some(7));
        assert_eq!(NewKey::new("shop", Scope::Write).check().expect("valid"), None);
        for (bad, field) in [
            (NewKey { model: None, ..page.clone() }, "model"),
            (NewKey { origins: Vec::new(), ..page.clone() }, "origins"),
            (NewKey { origins: vec![origin.clone(); 33], ..page.clone() }, "origins"),
            (NewKey { requests_per_second: Some(0), ..page.clone() }, "requests_per_second"),
            (NewKey { origins: vec![origin], ..NewKey::new("shop", Scope::Write) }, "origins"),
            (NewKey { requests_per_second: Some(1), ..NewKey::new("shop", Scope::Read) }, "requests_per_second"),
            (NewKey::new("", Scope::Read), "name"),
        ] {
            assert_eq!(bad.check().expect_err(field).field, field);
        }
    }
}
