//! Recommendations per second of the Gorse-compatible surface, beside the same query under `/v1`.

use std::{sync::Arc, time::Duration};

use anyhow::ensure;
use bytes::Bytes;
use serde_json::Value;

use super::{
    recommend::{LIMIT, load, start_with_shop},
    report::Report,
    wire::{Wire, request},
};

/// Turns of each surface: a machine that grows slower meanwhile slows both.
const TURNS: u64 = 4;

pub async fn measure(report: &mut Report, connections: usize, seconds: u64) -> anyhow::Result<()> {
    Report::step(&format!("facade: /api/recommend and /v1 by turns, limit {LIMIT}, {connections} connections"));
    let (service, users) = start_with_shop().await?;
    let requests = |path: &dyn Fn(&str) -> String, header: &str| -> Arc<Vec<Bytes>> {
        let get = |user: &String| with_header(&request("GET", &path(user), b""), header);
        Arc::new(users.iter().map(get).collect())
    };
    let own = |user: &str| format!("/v1/models/default/users/{user}/recommendations?limit={LIMIT}&exclude_seen=true");
    let own = requests(&own, "");
    let facade = requests(&|user| format!("/api/recommend/{user}?n={LIMIT}"), "x-api-version: 2\r\n");
    let mut wire = Wire::connect(&service.address).await?;
    let mut lists = Vec::new();
    for (requests, items, id) in [(&own, "/items", "id"), (&facade, "", "Id")] {
        let answer: Value = serde_json::from_slice(wire.succeed(&requests[0]).await?)?;
        let list = answer.pointer(items).and_then(Value::as_array).cloned().unwrap_or_default();
        lists.push(list.iter().map(|item| item[id].clone()).collect::<Vec<_>>());
    }
    ensure!(lists[0].len() == LIMIT && lists[0] == lists[1], "both answer the same: {lists:?}");
    drop(wire);

    let (mut own_rate, mut facade_rate) = (0.0, 0.0);
    let turn = Duration::from_millis(1000 * seconds / TURNS);
    for _ in 0..TURNS {
        own_rate += load(&service.address, &own, connections, turn).await?;
        facade_rate += load(&service.address, &facade, connections, turn).await?;
    }
    service.stop().await?;
    #[expect(clippy::cast_precision_loss, reason = "a small number")]
    let turns = TURNS as f64;
    report.rate("facade", "requests/s", facade_rate / turns, "/v1", own_rate / turns);
    Ok(())
}

/// The request with a header more.
fn with_header(request: &Bytes, header: &str) -> Bytes {
    let text = String::from_utf8_lossy(request);
    text.replacen("\r\n\r\n", &format!("\r\n{header}\r\n"), 1).into()
}
