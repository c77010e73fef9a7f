//! The browser's tests: Node's own runner and playwright's library over Debian's Chromium, against a demo of
//! its own that each file starts.

use std::fs;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result};

use super::needs::{Need, is_met};
use super::outcome::Outcome;
use super::processes::wait_until;
use super::report::{self, Report};
use crate::program;
use crate::workspace::{root, target, which};

/// All of them together may take this long.
const BOUND: Duration = Duration::from_mins(25);

/// Runs every file of `tests/browser` that ends in `.test.mjs`, tests whose name contains `filter`.
pub(crate) fn run(filter: Option<&str>, needs: &[Need], report: &Report) -> Result<Outcome> {
    for lack in ["Chromium", "playwright-core and axe-core", "Node.js"] {
        if !is_met(needs, lack) {
            return report.skip_suite("the browser's tests", lack);
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
    let mut command = Command::new(which("node").context("node is gone")?);
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
    let ended = wait_until(&mut child, Instant::now() + BOUND)?;
    let mut outcome = counted(&fs::read_to_string(&tap).unwrap_or_default());
    match ended {
        None => outcome.add(Outcome::broken(format!(
            "the browser's tests did not end within {} minutes",
            BOUND.as_secs() / 60
        ))),
        Some(status) if !status.success() && outcome.failed == 0 => {
            outcome.add(Outcome::broken(format!(
                "the browser's tests ended with {status}"
            )));
        }
        Some(_) => {}
    }
    Ok(outcome)
}

/// The summary at the end of TAP as Node writes it, and the names of what failed.
fn counted(tap: &str) -> Outcome {
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
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_come_from_the_summary() {
        let tap = "TAP version 13\nnot ok 1 - asks for a database\nok 2 - b\n# tests 3\n# pass 1\n# fail 1\n# cancelled 0\n# skipped 1\n# todo 0\n";
        let outcome = counted(tap);
        assert_eq!((outcome.passed, outcome.failed, outcome.skipped), (1, 1, 1));
        assert_eq!(outcome.failures, ["browser: asks for a database"]);
    }
}
