//! Goal: no query of the service reads a big table from end to end, however long the log is. Method: every query is
//! taken from the sources and explained by Postgres for parameters that it does not know, on a log of generated
//! records. Pages of one user or item are compared with a plain search, and their plans with the index.
//!
//! `SHELFMARK_PLAN_RECORDS=10000000` makes the log that long; 60,000 by default.

use std::{collections::BTreeMap, path::Path, time::Instant};

use crate::log_support::{at, id, migrated, open};
use shelfmark_log::{Log, RecordsPage};
use sqlx::{AssertSqlSafe, Connection, Executor, PgConnection, PgPool, Row};

/// Tables that grow without a bound.
const BIG: [&str; 2] = ["records", "version_segments"];

/// Queries that may read everything, by a part of their text, and why.
const WHOLE: [(&str, &str); 3] = [
    ("count(r.position)", "the check for gaps counts every record; only tests ask for it"),
    ("select distinct user_id from", "a restored backup is searched for users who were erased since, before it serves"),
    ("select distinct session_id from", "the same for sessions"),
];

/// Texts of macros that stand in queries.
fn macros() -> BTreeMap<&'static str, String> {
    let text = |file: &str, name: &str| {
        let source = std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(file)).expect(file);
        let start = source.find(&format!("macro_rules! {name}")).expect(name);
        let body = &source[start..];
        literals(&body[..body.find("\n}\n").expect("its end")]).concat()
    };
    BTreeMap::from([
        ("record_columns!", text("crates/log/src/copy.rs", "record_columns")),
        ("manifest_columns!", text("crates/store/src/versions/manifest.rs", "manifest_columns")),
        ("unseal!", "seal = null".to_owned()),
    ])
}

/// The string literals of a piece of Rust, unescaped.
fn literals(source: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut rest = source;
    while let Some(start) = rest.find('"') {
        let (text, after) = literal(&rest[start + 1..]);
        found.push(text);
        rest = after;
    }
    found
}

/// A literal after its opening quote, and what follows its closing one.
fn literal(source: &str) -> (String, &str) {
    let mut text = String::new();
    let mut chars = source.char_indices();
    while let Some((at, c)) = chars.next() {
        match c {
            '"' => return (text, &source[at + 1..]),
            '\\' => match chars.next().map(|(_, escaped)| escaped) {
                Some('\n') => {
                    let rest = chars.as_str().trim_start();
                    let (more, after) = literal(rest);
                    return (text + &more, after);
                }
                Some('n') => text.push('\n'),
                Some(other) => text.push(other),
                None => break,
            },
            other => text.push(other),
        }
    }
    panic!("a literal without an end: {source}");
}

/// The text of the query whose argument begins here; `None` when it is not written out.
fn query(argument: &str, macros: &BTreeMap<&str, String>) -> Option<String> {
    let mut text = String::new();
    let mut rest = argument.trim_start();
    let mut depth = 0;
    loop {
        rest = rest.trim_start();
        if let Some(after) = rest.strip_prefix('"') {
            let (piece, after) = literal(after);
            text += &piece;
            rest = after;
        } else if let Some(after) = rest.strip_prefix("concat!(") {
            depth += 1;
            rest = after;
        } else if let Some((name, expansion)) = macros.iter().find(|(name, _)| rest.starts_with(**name)) {
            text += expansion;
            let end = rest[name.len()..].find(')').expect("the macro's end");
            rest = &rest[name.len() + end + 1..];
        } else if let Some(after) = rest.strip_prefix(',') {
            rest = after;
        } else if let Some(after) = rest.strip_prefix(')') {
            if depth == 0 {
                return Some(text);
            }
            depth -= 1;
            rest = after;
        } else {
            return None;
        }
    }
}

fn sources(folder: &Path, found: &mut Vec<std::path::PathBuf>) {
    for entry in std::fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        if path.is_dir() && !path.ends_with("tests") && !path.ends_with("target") {
            sources(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
}

/// All queries of the service that are written out, with the files they stand in.
fn queries() -> Vec<(String, String)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let (mut files, mut found) = (Vec::new(), Vec::new());
    sources(&root.join("src"), &mut files);
    sources(&root.join("crates"), &mut files);
    files.sort();
    let macros = macros();
    for file in files {
        let source = std::fs::read_to_string(&file).expect("a source");
        let name = file.strip_prefix(root).expect("below the root").display().to_string();
        for (start, _) in source.match_indices("sqlx::query") {
            let call = &source[start..];
            let Some(open) = call.find('(').filter(|open| !call[..*open].contains([';', '{', '"'])) else { continue };
            found.extend(query(&call[open + 1..], &macros).map(|text| (name.clone(), text)));
        }
    }
    found
}

async fn run(pool: &PgPool, sql: impl Into<String>) {
    let sql = sql.into();
    sqlx::query(AssertSqlSafe(sql.clone())).execute(pool).await.expect(&sql);
}

/// Fills the log of model 1: users and items of every frequency. `seldom` has three records, `often` each second one.
async fn fill(pool: &PgPool, records: u64) {
    run(
        pool,
        format!(
            "insert into records (position, append_last, appended_at, ts, retry_hash, value, model_id, type, event_id, user_id, \
             item_id, kind) \
             select n, n, now(), now(), n, 1, 1, 1, 'e' || n, \
             case when n in (3, {records} / 2, {records} - 5) then 'seldom' when n % 2 = 0 then 'often' \
                  when n % 1000 = 1 then 'sometimes' else 'u' || (n * 7919) % 100003 end, \
             'i' || (n * 104729) % 20011, 'click' from generate_series(1, {records}::bigint) n"
        ),
    )
    .await;
    run(
        pool,
        format!("update models set head = {records}, head_at = now(), unchecked_through = {records} where id = 1"),
    )
    .await;
    run(
        pool,
        "insert into versions (model_id, number, position, digest, bytes, segments, checksum, actor, metrics, fingerprint, \
         created_at) select 1, n, n, decode(repeat('00', 16), 'hex'), 0, 0, '', 't', '{}', '', now() from generate_series(1, 200) n",
    )
    .await;
    run(
        pool,
        "insert into version_segments (model_id, version, table_number, ordinal, raw_bytes, checksum, payload) \
         select 1, v, 1, s, 1, decode(repeat('00', 16), 'hex'), '' from generate_series(1, 200) v, generate_series(1, 100) s",
    )
    .await;
    run(pool, "select brin_summarize_new_values('records_users_items')").await;
    for table in ["records", "versions", "version_segments"] {
        run(pool, format!("analyze {table}")).await;
    }
}

/// The plan of a query for parameters that are not known.
async fn plan(connection: &mut PgConnection, text: &str) -> Vec<String> {
    connection
        .execute(AssertSqlSafe(format!("prepare explained as {text}")))
        .await
        .unwrap_or_else(|error| panic!("{error}: {text}"));
    let parameters: i32 = sqlx::query_scalar(
        "select coalesce(cardinality(parameter_types), 0) from pg_prepared_statements where name = 'explained'",
    )
    .fetch_one(&mut *connection)
    .await
    .expect("the statement");
    let nulls = vec!["null"; usize::try_from(parameters).expect("a count")].join(", ");
    let arguments = if nulls.is_empty() { String::new() } else { format!("({nulls})") };
    let rows = connection
        .fetch_all(AssertSqlSafe(format!("explain execute explained{arguments}")))
        .await
        .unwrap_or_else(|error| panic!("{error}: {text}"));
    connection.execute("deallocate explained").await.expect("deallocated");
    rows.iter().map(|row| row.get::<String, _>(0)).collect()
}

fn scanned(plan: &[String]) -> Option<&String> {
    plan.iter().find(|line| BIG.iter().any(|table| line.contains(&format!("Seq Scan on {table} "))))
}

async fn positions(log: &Log, user: Option<&str>, item: Option<&str>, limit: usize) -> (Vec<u64>, usize) {
    let (mut found, mut pages, mut after) = (Vec::new(), 0, at(0));
    loop {
        let page = RecordsPage { after, limit, user: user.map(id), item: item.map(id) };
        let (records, next) = log.page(page).await.expect("a page");
        assert!(records.len() <= limit);
        found.extend(records.iter().map(|record| record.position.get()));
        pages += 1;
        match next {
            Some(next) => {
                assert!(next > after, "a page goes on");
                after = next;
            }
            None => return (found, pages),
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_query_reads_a_big_table_from_end_to_end() {
    let records = crate::service::number("SHELFMARK_PLAN_RECORDS", 60_000);
    let url = crate::support::database().await;
    let pool = migrated(&url).await;
    fill(&pool, records).await;
    let queries = queries();
    let mut connection = PgConnection::connect(&url).await.expect("a connection");
    connection.execute("set plan_cache_mode = force_generic_plan").await.expect("set");
    let (mut explained, mut wrong) = (0, Vec::new());
    for (file, text) in &queries {
        let big =
            BIG.iter().any(|table| text.split(|c: char| !c.is_alphanumeric() && c != '_').any(|word| word == *table));
        if !big || WHOLE.iter().any(|(part, _why)| text.contains(part)) {
            continue;
        }
        explained += 1;
        let plan = plan(&mut connection, text).await;
        if let Some(line) = scanned(&plan) {
            wrong.push(format!("{file}: {text}\n    {line}"));
        }
    }
    assert!(explained >= 25, "the queries were found in the sources: {explained} of {}", queries.len());
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    // The check itself finds what it is for.
    let bad = plan(&mut connection, "select position from records where kind = $1").await;
    assert!(scanned(&bad).is_some(), "{bad:?}");

    let opened = open(&pool).await;
    for (user, item, limit) in [
        (Some("seldom"), None, 2),
        (Some("sometimes"), None, 1000),
        (Some("nobody"), None, 1000),
        (None, Some("i77"), 1000),
        (Some("sometimes"), Some("i77"), 1000),
    ] {
        let begun = Instant::now();
        let (found, pages) = positions(&opened.log, user, item, limit).await;
        println!("{user:?} {item:?}: {} of {records} records in {pages} pages, {:?}", found.len(), begun.elapsed());
        let expected: Vec<i64> = sqlx::query_scalar(
            "select position from records where model_id = 1 and ($1::text is null or user_id = $1) \
             and ($2::text is null or item_id = $2) order by position",
        )
        .bind(user)
        .bind(item)
        .fetch_all(&pool)
        .await
        .expect("read");
        let expected: Vec<u64> = expected.into_iter().map(|position| position.unsigned_abs()).collect();
        assert_eq!(found, expected, "{user:?} {item:?}");
    }
    let page = RecordsPage { after: at(0), limit: 1000, user: Some(id("often")), item: None };
    let (often, next) = opened.log.page(page).await.expect("a page");
    assert_eq!((often.len(), next), (1000, often.last().map(|record| record.position)));
    opened.close().await;

    connection
        .execute("set enable_seqscan = off; set enable_indexscan = off; set plan_cache_mode = auto")
        .await
        .expect("set");
    let rows = connection
        .fetch_all(AssertSqlSafe(format!(
            "explain select position from records where model_id = 1 and position > 5000 and position <= {records} \
             and user_id = 'seldom' order by position limit 100"
        )))
        .await
        .expect("explained");
    let lines: Vec<String> = rows.iter().map(|row| row.get(0)).collect();
    assert!(lines.iter().any(|line| line.contains("Bitmap Index Scan on records_users_items")), "{lines:?}");
}
