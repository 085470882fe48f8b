//! The service from outside and as a whole: the engine in process and the real binary, on a real Postgres.
//!
//! One program, because each test program takes the compiler as long as ten of these files. A file is run by its name:
//! `cargo test --release --test it crash_cycles`. Tests that measure a process have programs of their own beside this.

mod backup;
mod backup_faults;
#[path = "../backup_support/mod.rs"]
mod backup_support;
mod bench;
mod commands;
mod console;
mod crash;
mod crash_cycles;
mod database_away;
mod docs;
mod engine_model;
#[path = "../engine_support/mod.rs"]
mod engine_support;
mod erasure;
mod erasure_places;
mod evaluate;
mod fair_shares;
mod fair_shares_answers;
mod forks;
mod full_disk;
mod gorse;
mod gorse_bulk;
mod gorse_lists;
mod gorse_move;
mod guard_poison;
mod health_http;
mod health_model;
#[path = "../health_support/mod.rs"]
mod health_support;
mod histories;
mod http_bodies;
mod http_configuration;
mod http_contract;
#[path = "../http_support/mod.rs"]
mod http_support;
mod http_whole_service;
mod http_wire;
mod idle;
mod import;
mod import_quality;
mod ingest_messages;
mod integer_edges;
mod item_metadata;
mod keys_http;
mod keys_store;
mod lag_bound;
#[path = "../learner_model/mod.rs"]
mod learner_model;
mod learning_quality;
mod learning_reports_http;
mod listing;
mod log_append;
mod log_checksums;
mod log_crash;
#[path = "../log_support/mod.rs"]
mod log_support;
mod log_tail;
mod map;
mod merges;
mod metrics;
mod modality_quality;
mod models_service;
mod openapi;
mod own_database;
mod page_keys;
mod process_limits;
mod profiles;
mod query_plans;
mod read_only;
mod readiness;
mod readme;
mod recommendations_service;
mod replicas;
mod restore_unfinished;
mod retractions;
mod robustness;
mod robustness_service;
mod rollback_exact;
mod rollback_service;
mod rolled_back_events;
#[path = "../service/mod.rs"]
mod service;
mod serving_split;
mod source_tree;
mod stream_offsets;
#[path = "../support/mod.rs"]
mod support;
mod two_processes;
mod vectors_files;
mod versions_cli;
mod versions_delta;
mod versions_http;
mod versions_store;
mod versions_under_load;
mod versions_verify;
