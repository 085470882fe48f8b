//! Metrics of requests: how many were answered, and how fast.

use std::{cell::RefCell, collections::HashMap, time::Duration};

use axum::http::{Method, StatusCode};
use metrics::{Counter, Histogram, counter, histogram};
use shelfmark_metrics::{Label, MetricInfo, MetricSection};

const HTTP_REQUESTS: &str = "shelfmark_http_requests_total";
const HTTP_REQUEST_SECONDS: &str = "shelfmark_http_request_seconds";

const ROUTE: Label = Label::any("route");
const METHOD: Label = Label::one_of("method", &["GET", "POST", "PUT", "DELETE", "PATCH", "HEAD", "OPTIONS", "other"]);
const STATUS: Label = Label::any("status");

/// Metrics of requests.
pub const METRICS: MetricSection = MetricSection::new(
    "HTTP",
    &[
        MetricInfo::counter(HTTP_REQUESTS, "requests", "Requests answered").labels(&[ROUTE, METHOD, STATUS]),
        MetricInfo::histogram(HTTP_REQUEST_SECONDS, "seconds", "Time from a request's headers to its answer")
            .labels(&[ROUTE, METHOD]),
    ],
);

/// Where answers of one route, method and status are counted.
struct RouteMetrics {
    method: &'static str,
    status: StatusCode,
    requests: Counter,
    seconds: Histogram,
}

impl RouteMetrics {
    fn new(route: &str, method: &'static str, status: StatusCode) -> Self {
        let (route, code) = (route.to_owned(), status.as_u16().to_string());
        Self {
            method,
            status,
            requests: counter!(HTTP_REQUESTS, "route" => route.clone(), "method" => method, "status" => code),
            seconds: histogram!(HTTP_REQUEST_SECONDS, "route" => route, "method" => method),
        }
    }
}

thread_local! {
    /// By route: making a key with its labels, to look for in the recorder, costs more than counting. As many as there
    /// are routes, methods and statuses.
    static ROUTES: RefCell<HashMap<String, Vec<RouteMetrics>>> = RefCell::default();
}

/// Counts one answered request. Install the recorder first.
pub fn answered(route: &str, method: &Method, status: StatusCode, took: Duration) {
    let method = method_name(method);
    ROUTES.with_borrow_mut(|routes| {
        if !routes.contains_key(route) {
            routes.insert(route.to_owned(), Vec::new());
        }
        let known = routes.get_mut(route).expect("inserted when it was not there");
        let place = known.iter().position(|one| one.method == method && one.status == status);
        let place = place.unwrap_or_else(|| {
            known.push(RouteMetrics::new(route, method, status));
            known.len() - 1
        });
        known[place].requests.increment(1);
        known[place].seconds.record(took.as_secs_f64());
    });
}

/// The method as a label: one of a few, whatever clients send.
fn method_name(method: &Method) -> &'static str {
    const KNOWN: [(Method, &str); 7] = [
        (Method::GET, "GET"),
        (Method::POST, "POST"),
        (Method::PUT, "PUT"),
        (Method::DELETE, "DELETE"),
        (Method::PATCH, "PATCH"),
        (Method::HEAD, "HEAD"),
        (Method::OPTIONS, "OPTIONS"),
    ];
    let known = KNOWN.iter().find(|(known, _)| known == method);
    known.map_or("other", |(_, name)| name)
}
