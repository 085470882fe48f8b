//! Error codes as the reference shows them: one row a code, with the code as its anchor, which problems name as `type`.

use std::fmt::Write;

/// The page for people, which is the only list.
const PAGE: &str = include_str!("../../../docs/reference/errors.md");

/// Returns the rows of the page's table as HTML.
pub fn rows() -> String {
    let mut rows = String::new();
    for line in PAGE.lines() {
        let cells: Vec<&str> = line.trim_matches('|').split('|').map(str::trim).collect();
        let [status, codes, meaning, advice] = cells[..] else { continue };
        if status.parse::<u16>().is_err() {
            continue;
        }
        for code in codes.split('`').skip(1).step_by(2) {
            let (meaning, advice) = (text(meaning), text(advice));
            let _ = writeln!(
                rows,
                "<tr id=\"{code}\"><td>{status}</td><td><code>{code}</code></td><td>{meaning}</td><td>{advice}</td></tr>"
            );
        }
    }
    rows
}

/// Escapes a cell and marks its code.
fn text(cell: &str) -> String {
    let escaped = cell.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
    let parts = escaped.split('`').enumerate();
    parts.map(|(place, part)| if place % 2 == 0 { part.to_owned() } else { format!("<code>{part}</code>") }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Goal: `type` of every problem leads to its row. Method: every code of the table in `error.rs`, found in its
    /// text.
    #[test]
    fn every_code_of_the_table_has_an_anchor_of_its_own() {
        let rows = rows();
        let codes = include_str!("../error.rs").split("S::").skip(1).filter_map(|after| {
            let (_, after) = after.split_once(", \"")?;
            let (code, rest) = after.split_once('"')?;
            (rest.starts_with(", \"") && code.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_'))
                .then_some(code)
        });
        let codes: Vec<&str> = codes.collect();
        assert!(codes.len() > 40, "{codes:?}");
        for code in
            codes.into_iter().chain(["not_supported", "event_not_found", "guard_not_found", "operation_not_found"])
        {
            assert_eq!(rows.matches(&format!("<tr id=\"{code}\">")).count(), 1, "{code}");
        }
        assert!(rows.contains("<code>--memory-budget</code>") && !rows.contains('`'));
    }
}
