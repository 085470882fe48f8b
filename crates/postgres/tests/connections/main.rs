//! Connections to databases, as the service opens them. Method: a real Postgres with TLS and passwords, and servers of
//! a few lines that behave as poolers, as other services, or that are not there yet.

mod environment;
mod scripted;
mod tls;
