//! The browser tests: Node's test runner and playwright drive Debian's Chromium. Each file starts its own demo.

use std::fs;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result};

use super::outcome::Outcome;
use super::report::{self, Report};
use super::requirements::{Requirement, is_met};
use crate::processes::wait_until;
use crate::program;
use crate::workspace::{root, target, which};

/// The time limit for all browser tests together.
const TIME_LIMIT: Duration = Duration::from_mins(25);

/// Runs the `*.test.mjs` files of `tests/browser`, restricted to tests whose name contains `filter`.
pub(crate) fn run(filter: Option<&str>, requirements: &[Requirement], report: &Report) -> Result<Outcome> {
    for requirement in ["Chromium", "playwright-core and axe-core", "Node.js"] {
        if !is_met(requirements, requirement) {
            return report.skip_suite("the browser tests", requirement);
        }
    }
    let folder = root().join("tests/browser");
    let mut files: Vec<_> = fs::read_dir(&folder)?
        .flatten()
        .map(|entry| entry.path())
        .filter(|path| path.to_string_lossy().ends_with(".test.mjs"))
        .collect();
    files.sort();
    let tap = target().join("browser-tests.tap");
    let mut command = Command::new(which("node").context("node is missing")?);
    command
        .current_dir(&folder)
        .args([
            "--test",
            "--test-concurrency=1",
            "--test-reporter=spec",
            "--test-reporter-destination=stdout",
        ])
        .args(["--test-reporter=tap", "--test-reporter-destination"])
        .arg(&tap)
        .env("PORTICO_BIN", program::path(false))
        .env("PORTICO_SCREENSHOTS", target().join("screenshots"))
        .env(report::VARIABLE, report.path())
        .stdin(Stdio::null());
    if let Some(filter) = filter {
        command.args(["--test-name-pattern", filter]);
    }
    command.args(files);
    let mut child = command.spawn().context("could not start node")?;
    let status = wait_until(&mut child, Instant::now() + TIME_LIMIT)?;
    let mut outcome = parse_counts(&fs::read_to_string(&tap).unwrap_or_default());
    match status {
        None => outcome.add(Outcome::failure(format!(
            "the browser tests did not end within {} minutes",
            TIME_LIMIT.as_secs() / 60
        ))),
        Some(status) if !status.success() && outcome.failed == 0 => {
            outcome.add(Outcome::failure(format!("the browser tests ended with {status}")));
        }
        Some(_) => {}
    }
    Ok(outcome)
}

/// Reads the counts and the names of failed tests from the TAP that Node writes.
fn parse_counts(tap: &str) -> Outcome {
    let count = |what: &str| {
        tap.lines()
            .filter_map(|line| line.strip_prefix(what))
            .find_map(|number| number.trim().parse().ok())
            .unwrap_or(0)
    };
    let failures = tap
        .lines()
        .filter_map(|line| line.trim_start().strip_prefix("not ok "))
        .filter_map(|line| line.split_once(" - "))
        .map(|(_, name)| format!("browser: {name}"))
        .collect();
    Outcome {
        passed: count("# pass "),
        failed: count("# fail ") + count("# cancelled "),
        skipped: count("# skipped ") + count("# todo "),
        failures,
        ..Outcome::default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_come_from_the_summary() {
        let tap = "TAP version 13\nnot ok 1 - asks for a database\nok 2 - b\n# tests 3\n# pass 1\n# fail 1\n# cancelled 0\n# skipped 1\n# todo 0\n";
        let outcome = parse_counts(tap);
        assert_eq!((outcome.passed, outcome.failed, outcome.skipped), (1, 1, 1));
        assert_eq!(outcome.failures, ["browser: asks for a database"]);
    }
}
