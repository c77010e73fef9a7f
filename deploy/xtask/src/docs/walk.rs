//! Checks the walk of a request on the architecture page: few stops, each a function, none entered twice.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use anyhow::{Context as _, Result};

use super::markdown::Page;

const PAGE: &str = "deploy/docs/architecture.md";
const BEGIN: &str = "<!-- walk: checked by `cargo xtask check-tree` -->";
const END: &str = "<!-- end of the walk -->";
/// More are too many to keep in mind, and a sign that a request is handed around.
const MAX_STOPS: usize = 12;

/// Returns what is wrong with the walk. That each function exists is checked with the links.
pub(super) fn problems(root: &Path) -> Result<Vec<String>> {
    let text = fs::read_to_string(root.join(PAGE)).with_context(|| format!("reading {PAGE}"))?;
    let walk = text
        .split_once(BEGIN)
        .and_then(|(_, rest)| rest.split_once(END))
        .with_context(|| format!("{PAGE} has no section from {BEGIN} to {END}"))?;
    Ok(of_walk(walk.0))
}

fn of_walk(walk: &str) -> Vec<String> {
    let mut problems = Vec::new();
    let rows = walk
        .lines()
        .filter(|line| line.starts_with('|'))
        // The head of the table.
        .skip(2)
        .count();
    let stops = Page::read(walk).named;
    if stops.len() != rows {
        problems.push(format!(
            "{PAGE}: {rows} rows of the walk link to {} functions",
            stops.len()
        ));
    }
    if rows > MAX_STOPS {
        problems.push(format!(
            "{PAGE}: the walk has {rows} stops; at most {MAX_STOPS} are wanted"
        ));
    }
    let mut seen = BTreeSet::new();
    for (_, function, file) in &stops {
        if !seen.insert((function, file)) {
            problems.push(format!("{PAGE}: the walk enters {function} of {file} twice"));
        }
    }
    problems
}

#[cfg(test)]
mod tests {
    use super::*;

    fn walk(rows: &[String]) -> Vec<String> {
        of_walk(&format!("| | stop |\n|---|---|\n{}\n", rows.join("\n")))
    }

    fn row(function: &str) -> String {
        format!("| 1 | [`{function}`](a.rs): does `this` |")
    }

    #[test]
    fn a_walk_has_few_stops_and_enters_none_twice() {
        assert_eq!(walk(&[row("submit"), row("apply")]), Vec::<String>::new());
        let twice = walk(&[row("submit"), row("submit")]);
        assert!(twice[0].contains("enters submit of a.rs twice"), "{twice:?}");
        let unlinked = walk(&[row("submit"), "| 2 | somewhere |".to_owned()]);
        assert!(
            unlinked[0].contains("2 rows of the walk link to 1"),
            "{unlinked:?}"
        );
        let long: Vec<String> = (0..13).map(|stop| row(&format!("stop{stop}"))).collect();
        assert!(walk(&long)[0].contains("13 stops"));
    }
}
