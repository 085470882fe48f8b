//! Keys for pages: everybody can read them, so a request with one comes from an origin of the key, keeps to the key's
//! rate, and is small. Bounds: a body of [`BODY_BYTES_MAX`], one token bucket for each of at most [`KEYS_MAX`] keys.

use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

use axum::{
    extract::Request,
    http::{HeaderValue, Uri, header, uri::PathAndQuery},
};

use super::{Api, error::ApiError};
use shelfmark_domain::ApiKey;

/// Largest body with a key for pages: what browsers send as a beacon.
pub const BODY_BYTES_MAX: usize = 64 << 10;
/// Seconds of its rate that a key may use at once.
const BURST_SECONDS: f64 = 2.0;
/// Keys whose use is remembered: as many as there can be.
const KEYS_MAX: usize = 1000;

/// Token buckets of the keys for pages.
#[derive(Debug, Default)]
pub struct PageRates(Mutex<HashMap<String, Bucket>>);

/// Requests that a key may still make.
#[derive(Debug, Clone, Copy)]
struct Bucket {
    tokens: f64,
    at: Instant,
}

impl PageRates {
    /// Counts a request; beyond the rate it says when the next one is due.
    fn take(&self, key: &str, rate: u32, now: Instant) -> Result<(), Duration> {
        let rate = f64::from(rate.max(1));
        let full = BURST_SECONDS * rate;
        // Nothing panics halfway through a change.
        let mut buckets = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if buckets.len() >= KEYS_MAX && !buckets.contains_key(key) {
            let oldest = buckets.iter().min_by_key(|(_, bucket)| bucket.at).map(|(name, _)| name.clone());
            oldest.and_then(|name| buckets.remove(&name));
        }
        let bucket = buckets.entry(key.to_owned()).or_insert(Bucket { tokens: full, at: now });
        let passed = now.saturating_duration_since(bucket.at).as_secs_f64();
        let tokens = (bucket.tokens + passed * rate).min(full);
        *bucket = Bucket { tokens: if tokens >= 1.0 { tokens - 1.0 } else { tokens }, at: now };
        if tokens >= 1.0 { Ok(()) } else { Err(Duration::from_secs_f64((1.0 - tokens) / rate)) }
    }
}

/// The key in the address of a request: a page that goes away sends a beacon, which has no headers.
pub fn in_address(uri: &Uri) -> Option<&str> {
    uri.query()?.split('&').find_map(|part| part.strip_prefix("key="))
}

/// Checks a request with a key for pages, and makes it one as any program would send it.
pub fn admit(api: &Api, key: &ApiKey, mut request: Request) -> Result<Request, ApiError> {
    let origin = request.headers().get(header::ORIGIN).and_then(|origin| origin.to_str().ok());
    if !origin.is_some_and(|origin| key.origins.iter().any(|allowed| allowed.as_str() == origin)) {
        return Err(ApiError::OriginRefused);
    }
    if let Some(rate) = key.requests_per_second {
        api.page_rates.take(&key.name, rate, Instant::now()).map_err(ApiError::RateLimited)?;
    }
    if in_address(request.uri()).is_some() {
        *request.uri_mut() = without_key(request.uri());
    }
    // A beacon of any other type would need a preflight.
    let kind = request.headers().get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok());
    if kind.is_some_and(|kind| kind.split(';').next().unwrap_or_default().trim().eq_ignore_ascii_case("text/plain")) {
        request.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    }
    Ok(request)
}

/// The address without the key, which no handler knows.
fn without_key(uri: &Uri) -> Uri {
    let rest: Vec<&str> = uri.query().unwrap_or_default().split('&').filter(|part| !part.starts_with("key=")).collect();
    let path = uri.path();
    let text = if rest.is_empty() { path.to_owned() } else { format!("{path}?{}", rest.join("&")) };
    let mut parts = uri.clone().into_parts();
    // Parts of an address that was read are an address again; else the handler refuses the key by its name.
    let Ok(path_and_query) = PathAndQuery::try_from(text) else { return uri.clone() };
    parts.path_and_query = Some(path_and_query);
    Uri::from_parts(parts).unwrap_or_else(|_| uri.clone())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_has_its_rate_and_two_seconds_of_it_at_once() {
        let rates = PageRates::default();
        let start = Instant::now();
        let taken = |after_ms: u64| rates.take("page", 10, start + Duration::from_millis(after_ms));
        assert_eq!((0..20).filter(|_| taken(0).is_ok()).count(), 20);
        assert_eq!(taken(0), Err(Duration::from_millis(100)));
        assert_eq!(taken(50), Err(Duration::from_millis(50)), "a refusal costs nothing");
        assert!(taken(100).is_ok() && taken(100).is_err());
        assert_eq!((0..100).filter(|_| taken(60_000).is_ok()).count(), 20, "never more than a burst");
        assert!(rates.take("other", 1, start).is_ok(), "each key has its own");
    }

    #[test]
    fn the_buckets_are_bounded_and_the_one_least_lately_used_goes() {
        let rates = PageRates::default();
        let start = Instant::now();
        for number in 0..KEYS_MAX as u64 + 500 {
            let at = start + Duration::from_millis(number);
            assert!(rates.take(&number.to_string(), 1, at).is_ok());
        }
        let buckets = rates.0.lock().expect("not poisoned");
        assert_eq!(buckets.len(), KEYS_MAX);
        assert!(!buckets.contains_key("499") && buckets.contains_key("500"));
    }

    #[test]
    fn the_key_is_taken_out_of_the_address_and_nothing_else() {
        for (given, rest) in [
            ("/v1/models/m/events?key=sm_1", "/v1/models/m/events"),
            ("/v1/models/m/events?wait=applied&key=sm_1&timeout_ms=5", "/v1/models/m/events?wait=applied&timeout_ms=5"),
            ("http://h:1/a?key=sm_1", "http://h:1/a"),
        ] {
            let uri: Uri = given.parse().expect("an address");
            assert_eq!(in_address(&uri), Some("sm_1"));
            assert_eq!(without_key(&uri).to_string(), rest);
        }
        assert_eq!(in_address(&"/a?monkey=1".parse().expect("an address")), None);
    }
}
