//! Integration tests of the connector against a real Kafka and the real service.

#![expect(clippy::unwrap_used, reason = "helpers of tests may fail the test")]

mod broker;
mod connector;
mod exactly_once;
mod messages;
mod outage;
mod rebalance;
mod scene;
mod service;
