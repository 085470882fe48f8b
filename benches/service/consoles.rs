//! Maps of many items, and what ten open consoles take from reads and learning.
//!
//! A console is what the map's page asks: the stream of moves, the models, the versions, the service itself, and the
//! neighbours of a selected item. Rounds without and with consoles alternate, so that what else the machine does falls
//! on both. The client shares the machine with the service, so what the consoles' own side costs counts too.

use std::time::{Duration, Instant};

use anyhow::{bail, ensure};
use bytes::Bytes;
use serde_json::{Value, json};
use shelfmark_postgres::ManagedPostgres;
use shelfmark_state::CounterRng;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    task::JoinSet,
};

use super::{
    clusters,
    loops::Times,
    million,
    recommend::{LIMIT, PATH, load},
    report::Report,
    service::Service,
    shop::{EVENTS, post_in_order},
    wire::{Wire, request},
};

const MAP: &str = "/v1/models/default/map";
/// Consoles that are open at once.
const CONSOLES: usize = 10;
/// Maps of one kind, after the first.
const MAPS: usize = 20;
/// Connections of the reads: more would wait for each other until some are refused.
const READERS_MAX: usize = 4;
/// Rounds of each kind, with and without consoles by turns.
const ROUNDS: usize = 3;
/// Events before anything is measured, and of a round of learning.
const EVENTS_BEFORE: usize = 20_000;
const EVENTS_LEARNED: usize = 60_000;
/// Events of a request, and users of all events.
const REQUEST_EVENTS: usize = 500;
const USERS: usize = 20_000;
/// Different queries of the reads.
const QUERIES: usize = 512;
/// What a console asks again and again, and how often.
const POLLS: [(&str, Duration); 4] = [
    ("/v1", Duration::from_secs(5)),
    ("/v1/models", Duration::from_secs(2)),
    ("/v1/models/default/versions?limit=200", Duration::from_secs(5)),
    ("/v1/models/default/items/item-7/similar?limit=10", Duration::from_secs(15)),
];

pub async fn measure(report: &mut Report, items: usize, connections: usize, seconds: u64) -> anyhow::Result<()> {
    let folder = tempfile::Builder::new().prefix("shelfmark-bench-").tempdir()?;
    let managed = ManagedPostgres::start(folder.path()).await?;
    Report::step(&format!("consoles: {items} clustered items are stored"));
    Box::pin(million::store(managed.url(), items)).await?;
    let service = Service::start_on(&json!({ "dim": clusters::DIM }), managed.url()).await?;
    let mut draws = CounterRng::new(5, 5, 5);
    learn(&service, &drawn(&mut draws, items, EVENTS_BEFORE)).await?;

    maps(report, &service, items).await?;

    Report::step(&format!("{ROUNDS} rounds of reads and of learning, without and with {CONSOLES} consoles"));
    let queries: Vec<Bytes> = (0..QUERIES)
        .map(|number| json!({ "vector": clusters::query(number, items), "limit": LIMIT }).to_string())
        .map(|body| request("POST", PATH, body.as_bytes()))
        .collect();
    let queries = queries.into();
    let connections = connections.min(READERS_MAX);
    let (mut reads, mut rates) = ([const { Vec::new() }; 2], [const { Vec::new() }; 2]);
    for round in 0..ROUNDS * 2 {
        // Without first in one round, with first in the next.
        let open = round % 2 != (round / 2) % 2;
        let consoles = if open { Some(Consoles::open(&service.address).await?) } else { None };
        reads[usize::from(open)]
            .push(load(&service.address, &queries, connections, Duration::from_secs(seconds)).await?);
        rates[usize::from(open)].push(learn(&service, &drawn(&mut draws, items, EVENTS_LEARNED)).await?);
        if let Some(consoles) = consoles {
            consoles.close()?;
        }
    }
    for (name, unit, [without, with]) in [("reads", "requests/s", reads), ("learning", "events/s", rates)] {
        let [without, with] = [without, with].map(median);
        report.rate(&format!("{name} with {CONSOLES} consoles"), unit, with, "without", without);
    }
    service.stop().await?;
    managed.stop().await?;
    Ok(())
}

/// How long maps take, how large they are, and what memory the process takes meanwhile.
async fn maps(report: &mut Report, service: &Service, items: usize) -> anyhow::Result<()> {
    let mut wire = Wire::connect(&service.address).await?;
    let before = service.memory()?;
    for (name, query) in [
        ("live, its axes first", "basis=live"),
        ("5,000 points", "basis=live&sample=5000"),
        ("20,000 points", "basis=live&sample=20000"),
        ("20,000 points of version 1", "version=1&basis=1&sample=20000"),
    ] {
        let ask = request("GET", &format!("{MAP}?{query}"), b"");
        let began = Instant::now();
        let bytes = wire.succeed(&ask).await?.len();
        let first = began.elapsed().as_secs_f64() * 1e3;
        let mut times = Times::new()?;
        for _ in 0..MAPS {
            let began = Instant::now();
            wire.succeed(&ask).await?;
            times.record(began.elapsed())?;
        }
        let (p50, max) = (times.ms(0.5), times.ms(1.0));
        let text = format!("p50 {p50:.0} ms, max {max:.0} ms");
        let beside = format!("the first {first:.0} ms, {} KB", bytes / 1000);
        let value = json!({ "unit": "ms", "first": first, "p50": p50, "max": max, "bytes": bytes });
        report.figure(&format!("map of {items}: {name}"), text, &beside, value);
    }
    let (after, peak) = (service.memory()?, service.memory_peak()?);
    let mb = |bytes: u64| bytes / 1_000_000;
    report.figure(
        &format!("memory after {} maps", 4 * (MAPS + 1)),
        format!("{} MB", mb(after)),
        &format!("{} MB before, peak {} MB; version 1 is in memory besides", mb(before), mb(peak)),
        json!({ "before": before, "after": after, "peak": peak }),
    );
    Ok(())
}

fn drawn(draws: &mut CounterRng, items: usize, count: usize) -> Vec<Bytes> {
    let mut event = || {
        let (user, item) = (draws.below(USERS), draws.below(items));
        json!({ "user": format!("user-{user}"), "item": format!("item-{item}"), "kind": "click" })
    };
    (0..count / REQUEST_EVENTS)
        .map(|_| (0..REQUEST_EVENTS).map(|_| event()).collect::<Vec<Value>>())
        .map(|events| request("POST", EVENTS, json!({ "events": events }).to_string().as_bytes()))
        .collect()
}

/// Events per second from the first post until readers see the last.
async fn learn(service: &Service, requests: &[Bytes]) -> anyhow::Result<f64> {
    let mut wire = Wire::connect(&service.address).await?;
    let began = Instant::now();
    let position = post_in_order(&mut wire, requests).await?;
    service.applied(position).await?;
    #[expect(clippy::cast_precision_loss, reason = "a rate")]
    let rate = (requests.len() * REQUEST_EVENTS) as f64 / began.elapsed().as_secs_f64();
    Ok(rate)
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

/// Open consoles; closed when dropped.
struct Consoles {
    tasks: JoinSet<anyhow::Result<()>>,
}

impl Consoles {
    async fn open(address: &str) -> anyhow::Result<Self> {
        let map: Value = serde_json::from_slice(
            Wire::connect(address).await?.succeed(&request("GET", &format!("{MAP}?basis=1&sample=1"), b"")).await?,
        )?;
        ensure!(map["basis"]["state"] == "1", "axes of version 1: {map}");
        let mut tasks = JoinSet::new();
        for _ in 0..CONSOLES {
            let mut stream = TcpStream::connect(address).await?;
            stream.write_all(&request("GET", &format!("{MAP}/stream?basis=1"), b"")).await?;
            tasks.spawn(async move {
                let mut piece = vec![0; 64 << 10];
                while stream.read(&mut piece).await? > 0 {}
                bail!("the stream of moves ended")
            });
            for (path, pause) in POLLS {
                let mut wire = Wire::connect(address).await?;
                tasks.spawn(async move {
                    loop {
                        // A refusal is an answer: a console asks again.
                        wire.send(&request("GET", path, b"")).await?;
                        tokio::time::sleep(pause).await;
                    }
                });
            }
        }
        Ok(Self { tasks })
    }

    /// Fails when one of them ended by itself.
    fn close(mut self) -> anyhow::Result<()> {
        match self.tasks.try_join_next() {
            Some(ended) => ended?,
            None => Ok(()),
        }
    }
}
