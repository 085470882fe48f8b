//! Feeds: event and item files as streams of domain values, and a generated shop for people without data.
//!
//! **For.** `shelfmark replay` reads files through [`Feed`], `shelfmark demo` draws from [`Shop`]; both hand on
//! [`FeedEntry`] values, whose events and items serialise exactly as the HTTP contract wants them.
//!
//! **Promises.** A file is read once, in order, in constant memory. Which of the [`FeedFormat`]s it has is told by its
//! content (the name only helps when the content does not say), gzip by its magic bytes. Every line that cannot be
//! read yields one [`BadLine`] with its number and the field that is wrong; reading goes on behind it. Every event
//! gets an id that depends on nothing but the file's content ([`EventIds`]), so sending a file again doubles nothing.
//!
//! **Does not** sort, send, wait or know the service. Values are checked against the domain's rules only; whether a
//! kind has a weight is the model's configuration, which the service knows.
//!
//! **Bounds.** A line has at most [`LINE_BYTES_MAX`] bytes (a longer one is a bad line); items derived from event
//! rows are remembered by hash, at most [`Rees46::SEEN_MAX`] of them.
//!
//! The mappings are in `docs/reference/files.md` and at the top of each format's file.

mod columns;
mod entry;
mod feed;
mod format;
mod identity;
mod lines;
mod movielens;
mod ndjson;
mod rees46;
mod retailrocket;
mod shop;
mod source;

pub use entry::{BadLine, FeedBody, FeedEntry, FeedError};
pub use feed::{Feed, FeedOptions, OpenError};
pub use format::FeedFormat;
pub use identity::EventIds;
pub use lines::LINE_BYTES_MAX;
pub(crate) use lines::{LineReader, NextLine};
pub use rees46::Rees46;
pub use shop::{Shop, ShopSettings, ShopperTastes, SpamSettings, spam};
pub use source::{FeedSource, ReadSoFar};
