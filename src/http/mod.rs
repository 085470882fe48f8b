//! The HTTP interface: translation between requests and the rooms, and nothing else.
//!
//! Handlers hold no SQL and no rules of the domain: they append to a model's log, read one of its views, or ask its
//! engine. `routes.rs` is the one page of routes; a file a resource; every error is a row of the table in `error.rs`
//! and leaves as RFC 9457 problem+json; the OpenAPI document comes from the handlers.
//!
//! Promises kept here: 202 only after the commit (P1), one view an answer (P5), `min_position` waits are bounded (P6),
//! no request stops others (P9). Bounds, all in [`Limits`]: connections, their streams, requests that work, wait or
//! send their body, bytes of a body, of a line and of all bodies, time of a request, of its headers and of pauses.
//! Beyond them callers get 408, 413, 429 or 503. `admission` says who may hold how much.
//!
//! Only `app` builds it; it is given handles and never starts a room.

mod activity;
mod admission;
mod answer_body;
mod api;
mod audit;
mod auth;
mod body;
mod body_pace;
mod body_stream;
mod compare;
mod compression;
mod configuration;
mod connection_io;
mod connections;
mod console;
mod cpu_pool;
mod cross_origin;
mod decode;
mod embeddings;
mod entity_tag;
mod error;
mod error_response;
mod event_kinds;
mod event_shown;
mod events;
mod export;
mod filtering;
mod forensics;
mod freezing;
mod gorse;
mod guard;
mod history;
mod host;
mod imports;
mod ingest;
mod items;
mod keys;
mod learning;
mod learning_stream;
mod limits;
mod map;
mod messages;
mod middleware;
mod modalities;
mod model_lifecycle;
mod models;
mod offsets;
mod openapi;
mod operations;
mod page_keys;
mod pages;
mod paging;
mod params;
mod paths;
mod problem;
mod processes;
mod profiles;
mod read_options;
mod reason;
mod recommendations;
mod request_body;
mod request_metrics;
mod retraction;
mod rollback;
mod routes;
mod server;
mod service;
mod serving;
mod similar;
mod users;
mod versions;

pub use api::{Api, Audit, HttpDependencies, Keys, ProcessList, Registry};
pub use gorse::{DumpEntry, DumpFile, DumpFileError};
pub use limits::Limits;
pub use request_metrics::METRICS;
pub use routes::{admin_router, openapi, router};
pub use server::{is_loopback, serve};

use cpu_pool::off_worker;
