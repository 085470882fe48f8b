//! Items with dense vectors uploaded as one stream of lines: items/s until the last is durable, and until the live view
//! holds it, beside COPY of the rows that the log made of them.
//!
//! The lines are made while they are sent, from vectors that were written out beforehand, so that the client holds no
//! upload and costs little. Every 10,000 items the vectors repeat, which nothing in the service notices.

use std::{fmt::Write, time::Instant};

use anyhow::{Context, ensure};
use base64::{Engine, prelude::BASE64_STANDARD};
use serde_json::{Value, json};
use sqlx::{Executor, Row};

use super::{
    ingest::copy,
    report::Report,
    service::Service,
    shop::{ITEMS, position_of},
    wire::{Wire, request},
};

const DIM: usize = 64;
/// Items when nobody says how many.
pub const ITEMS_DEFAULT: usize = 100_000;
/// Vectors that are written out beforehand.
const VECTORS: usize = 10_000;
/// Bytes of a piece of the upload, about.
const PIECE_BYTES: usize = 256 << 10;
/// Most rows that the ceiling copies.
const COPIED_MAX: usize = 200_000;

/// How a client writes a vector.
#[derive(Debug, Clone, Copy)]
pub enum Spelling {
    /// A list of decimal numbers.
    Numbers,
    /// Base64 of little-endian f32.
    Base64,
}

pub async fn measure(report: &mut Report, count: usize, spelling: Spelling) -> anyhow::Result<()> {
    Report::step(&format!("bulk: {count} items with {DIM} numbers each, {spelling:?}"));
    let vectors = vectors(spelling)?;
    let service = Service::start(&json!({ "dim": DIM })).await?;
    let began = Instant::now();
    let mut upload = Upload::begin(&service.address, ITEMS, "application/x-ndjson").await?;
    let mut piece = String::with_capacity(PIECE_BYTES + 4096);
    for item in 0..count {
        writeln!(piece, r#"{{"id":"item-{item}","vectors":{{"image":{}}}}}"#, vectors[item % vectors.len()])?;
        if piece.len() >= PIECE_BYTES {
            upload.send(piece.as_bytes()).await?;
            piece.clear();
        }
    }
    upload.send(piece.as_bytes()).await?;
    let head = position_of(&upload.finish().await?)?;
    let durable = began.elapsed().as_secs_f64();
    service.applied(head).await?;
    let searchable = began.elapsed().as_secs_f64();
    prove(&service, count).await?;
    let memory = service.memory_peak()?;

    let mut postgres = service.postgres().await?;
    let rows: i64 = postgres.fetch_one("select count(*) from records where type = 2").await?.try_get(0)?;
    ensure!(usize::try_from(rows)? == count, "{rows} rows of {count} items");
    let ceiling = copy(&mut postgres, 2, count.min(COPIED_MAX)).await?;
    drop(postgres);
    service.stop().await?;
    #[expect(clippy::cast_precision_loss, reason = "rates")]
    let (logged, seen) = (count as f64 / durable, count as f64 / searchable);
    let named = |what: &str| format!("bulk ({spelling:?}) to {what}");
    report.rate(&named("durable"), "items/s", logged, "COPY of its rows", ceiling);
    report.rate(&named("searchable"), "items/s", seen, "COPY of its rows", ceiling);
    let text = format!("{searchable:.1} s, peak {} MiB", memory >> 20);
    let value = json!({ "seconds": searchable, "memory_peak_bytes": memory, "items": count });
    report.figure(&named("searchable, whole"), text, "bar: 300 s for 1,000,000", value);
    Ok(())
}

/// A request whose body is sent piece by piece.
struct Upload(Wire);

impl Upload {
    async fn begin(address: &str, path: &str, kind: &str) -> anyhow::Result<Self> {
        let mut wire = Wire::connect(address).await?;
        let head = format!(
            "POST {path} HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-type: {kind}\r\ntransfer-encoding: chunked\r\n\r\n"
        );
        wire.write(head.as_bytes()).await?;
        Ok(Self(wire))
    }

    /// Sends a piece; an empty one would be the end.
    async fn send(&mut self, piece: &[u8]) -> anyhow::Result<()> {
        if piece.is_empty() {
            return Ok(());
        }
        self.0.write(format!("{:x}\r\n", piece.len()).as_bytes()).await?;
        self.0.write(piece).await?;
        self.0.write(b"\r\n").await
    }

    /// Ends the body; gives that of a reply that is no failure.
    async fn finish(mut self) -> anyhow::Result<Vec<u8>> {
        Ok(self.0.succeed(b"0\r\n\r\n").await?.to_vec())
    }
}

/// The last item is found by its vector.
async fn prove(service: &Service, count: usize) -> anyhow::Result<()> {
    let mut wire = Wire::connect(&service.address).await?;
    let last = format!("/v1/models/default/items/item-{}/similar?limit=5", count - 1);
    let answer: Value = serde_json::from_slice(wire.succeed(&request("GET", &last, b"")).await?)?;
    let found = answer["items"].as_array().context("items")?.len();
    ensure!(found == 5.min(count - 1), "similar items: {answer}");
    Ok(())
}

fn vectors(spelling: Spelling) -> anyhow::Result<Vec<String>> {
    (0..VECTORS)
        .map(|number| {
            let values: Vec<f32> = (0..DIM).map(|place| noise(number * DIM + place)).collect();
            Ok(match spelling {
                Spelling::Numbers => serde_json::to_string(&values)?,
                Spelling::Base64 => {
                    let bytes: Vec<u8> = values.iter().flat_map(|value| value.to_le_bytes()).collect();
                    format!("\"{}\"", BASE64_STANDARD.encode(bytes))
                }
            })
        })
        .collect()
}

/// Something between -1 and 1, of seven digits as vectors have them.
fn noise(place: usize) -> f32 {
    let bits = xxhash_rust::xxh3::xxh3_64(&place.to_le_bytes());
    #[expect(clippy::cast_precision_loss, reason = "24 bits")]
    let value = (bits >> 40) as f32 / 8_388_608.0 - 1.0;
    value
}
