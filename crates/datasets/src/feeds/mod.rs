//! Feeds: event and item files as streams of domain values, and a generated shop.
//!
//! **Used by** `shelfmark replay`, which reads files with [`Feed`], and `shelfmark demo`, which draws from [`Shop`].
//! Both pass on [`FeedEntry`] values, whose events and items serialise as the HTTP API takes them.
//!
//! **Promises.** A file is read once, in order, in constant memory. Its [`FeedFormat`] is recognised by its
//! content (by its name only when the content does not decide), gzip, zstd, bzip2 and zip by their magic bytes, and the
//! encoding by a byte order mark. What a person says of the file ([`FeedOptions`]) goes before all of these. Every line
//! that cannot be read yields one [`BadLine`] with its number and the wrong field, and reading goes on after it. Every
//! event gets an id that depends on the file's content alone ([`EventIds`]), so a file that is sent again adds no
//! event.
//!
//! **Must not know** the service. It neither sorts nor sends. Values are checked by the rules of the domain alone;
//! whether a kind has a weight is a matter of the model's configuration.
//!
//! **Bounds.** A line has at most [`LINE_BYTES_MAX`] bytes; a longer one is a bad line. A quoted field goes over at
//! most [`RECORD_LINES_MAX`] lines. Items made from event rows are remembered by hash, at most [`GivenItems::MAX`]
//! of them.
//!
//! The mappings are in `docs/reference/files.md` and at the top of each format's file.

mod archive;
mod cells;
mod counted;
mod csv;
mod encoding;
mod entry;
mod event_ids;
mod feed;
mod format;
mod given_items;
mod json;
mod line_meaning;
mod lines;
mod movielens;
mod ndjson;
mod options;
mod parquet_rows;
mod parser;
mod published;
mod recognise;
mod records;
mod rees46;
mod retailrocket;
mod shop;
mod source;
mod table;
mod times;
mod xml_products;

pub(crate) use archive::{ZIP_MAGIC, members as zip_members};
pub use counted::ReadSoFar;
pub use csv::Separator;
pub use encoding::TextEncoding;
pub use entry::{BadLine, FeedBody, FeedEntry, FeedError};
pub use event_ids::EventIds;
pub use feed::{Feed, OpenError};
pub use format::FeedFormat;
pub use given_items::GivenItems;
pub(crate) use json::object as json_object;
pub use line_meaning::LineMeaning;
pub use lines::LINE_BYTES_MAX;
pub(crate) use lines::{BYTE_ORDER_MARK, LineReader, NextLine};
pub use options::{ColumnRole, ColumnRoles, FeedOptions};
pub use published::PublishedFormat;
pub use records::RECORD_LINES_MAX;
pub use shop::{Shop, ShopSettings, ShopperTastes, SpamSettings, spam};
pub use source::FeedSource;
pub use times::TsUnit;
