//! Requests in Gorse's form: parameters of lists, and bodies.

use std::time::Duration;

use axum::{
    extract::{FromRequest, FromRequestParts, Query, RawPathParams, Request},
    http::request::Parts,
};
use serde::{Deserialize, de::DeserializeOwned};

use super::{N_MAX, TextError};
use crate::http::{Api, body, cpu_pool::off_worker};

/// Entries of a list when the caller names no number.
const N_DEFAULT: usize = 10;

/// Parameters of lists. A category may stand in the path, too.
#[derive(Debug, Default)]
pub struct ListQuery {
    pub n: usize,
    pub offset: usize,
    pub cursor: String,
    pub categories: Vec<String>,
    pub write_back: Option<String>,
    pub delay: Duration,
    pub search: Option<String>,
    /// Whose read items are left out of a list that is for nobody in particular.
    pub user: Option<String>,
}

impl ListQuery {
    /// Reads parameters. Those that nobody knows are passed over, as Gorse does.
    fn read(parameters: &[(String, String)]) -> Result<Self, TextError> {
        let mut list = Self { n: N_DEFAULT, ..Self::default() };
        for (name, value) in parameters {
            let number = || value.parse::<usize>().map_err(|_| TextError::bad(format!("{name} must be a number")));
            match name.as_str() {
                "n" => list.n = number()?.min(N_MAX),
                "offset" => list.offset = number()?,
                // gorsejs 0.4 has a capital here.
                "cursor" | "Cursor" => list.cursor = value.clone(),
                "category" if !value.is_empty() => list.categories.push(value.clone()),
                "write-back-type" if !value.is_empty() => list.write_back = Some(value.clone()),
                "write-back-delay" if !value.is_empty() => {
                    let bad = || TextError::bad("write-back-delay must be like 0h10m0s");
                    list.delay = delay(value).ok_or_else(bad)?;
                }
                "user-id" if !value.is_empty() => list.user = Some(value.clone()),
                "q" if !value.is_empty() => list.search = Some(value.clone()),
                _ => {}
            }
        }
        Ok(list)
    }
}

impl<S: Send + Sync> FromRequestParts<S> for ListQuery {
    type Rejection = TextError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, TextError> {
        let Query(parameters) = Query::<Vec<(String, String)>>::try_from_uri(&parts.uri)
            .map_err(|refusal| TextError::bad(refusal.body_text()))?;
        let mut list = Self::read(&parameters)?;
        let path = RawPathParams::from_request_parts(parts, state).await;
        let path = path.map_err(|refusal| TextError::bad(refusal.body_text()))?;
        let categories = path.iter().filter(|(name, _)| *name == "category");
        list.categories.extend(categories.map(|(_, category)| category.to_owned()));
        Ok(list)
    }
}

/// The id of a path, which may have a category or a name of a list besides.
#[derive(Deserialize)]
pub struct OneId {
    pub id: String,
}

/// A body of JSON. It may come without a content type.
pub struct JsonBody<T>(pub T);

impl<T: DeserializeOwned + Send + 'static> FromRequest<Api> for JsonBody<T> {
    type Rejection = TextError;

    async fn from_request(request: Request, api: &Api) -> Result<Self, TextError> {
        let (parts, body) = request.into_parts();
        let text = body::whole(&parts.headers, body, api.limits.body_bytes_max).await?;
        let read = off_worker(text.len(), move || serde_json::from_slice(&text));
        read.await?.map(Self).map_err(|error| TextError::bad(error.to_string()))
    }
}

/// Reads a delay such as `0h10m0s`.
fn delay(text: &str) -> Option<Duration> {
    let (mut seconds, mut number) = (0_u64, String::new());
    for letter in text.chars() {
        let unit = match letter {
            'h' => 3600,
            'm' => 60,
            's' => 1,
            digit if digit.is_ascii_digit() => {
                number.push(digit);
                continue;
            }
            _ => return None,
        };
        seconds = seconds.checked_add(number.parse::<u64>().ok()?.checked_mul(unit)?)?;
        number.clear();
    }
    number.is_empty().then(|| Duration::from_secs(seconds))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parameters_are_read_and_unknown_ones_passed_over() {
        let read = |parameters: &[(&str, &str)]| {
            let parameters = parameters.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
            ListQuery::read(&parameters.collect::<Vec<_>>())
        };
        let given = [("n", "3"), ("offset", "2"), ("category", "a"), ("category", "b"), ("category", ""), ("x", "1")];
        let list = read(&given).expect("read");
        assert_eq!((list.n, list.offset, list.categories), (3, 2, vec!["a".to_owned(), "b".to_owned()]));
        assert_eq!(read(&[]).expect("read").n, 10);
        assert_eq!(read(&[("n", "many")]).expect_err("no number").text, "n must be a number");
    }

    #[test]
    fn delays_are_read_as_go_writes_them() {
        assert_eq!(delay("0h10m0s"), Some(Duration::from_secs(600)));
        assert_eq!(delay("1h"), Some(Duration::from_secs(3600)));
        assert_eq!((delay("10"), delay("x")), (None, None));
    }
}
