//! `cargo test` over the workspace, and what became of it.

use std::collections::BTreeSet;
use std::env;
use std::io::{BufRead, BufReader, Read};
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};

use super::needs::{Need, is_met};
use super::outcome::Outcome;
use super::processes::wait_until;
use super::report::{self, Report};
use crate::program;
use crate::workspace::{cargo, root, site};

/// All of them together may take this long; with what takes long, that long.
const BOUND: Duration = Duration::from_mins(20);
const FULL_BOUND: Duration = Duration::from_hours(1);

/// Runs every test of the workspace whose name contains `filter`. `parts` are the folders of real parts, each with the
/// environment variable that tells the tests of it.
pub(crate) fn run(
    filter: Option<&str>,
    full: bool,
    parts: &[(&str, PathBuf)],
    needs: &[Need],
    report: &Report,
) -> Result<Outcome> {
    let mut command = Command::new(cargo());
    command
        .current_dir(root())
        .args([
            "test",
            "--locked",
            "--workspace",
            "--all-targets",
            "--no-fail-fast",
            "--",
        ])
        .args(filter)
        .env("PORTICO_SITE", site())
        .env("PORTICO_BIN", program::path(false))
        .env(report::VARIABLE, report.path())
        .stdout(Stdio::piped());
    if is_met(needs, "PostgreSQL") {
        command.env("PORTICO_REQUIRE_POSTGRES", "1");
    }
    // The schema engine knows the corpus by a name of its own.
    if let Some(corpus) = env::var_os("PORTICO_CORPUS") {
        command.env("KUBE_SCHEMA_CORPUS", corpus);
    }
    for (variable, folder) in parts {
        command.env(variable, folder);
    }
    if full {
        command.env("PORTICO_TEST_FULL", "1");
    }
    let mut child = command.spawn().context("could not start cargo test")?;
    let stdout = child.stdout.take().context("cargo test has no output")?;
    let reader = thread::spawn(move || read(stdout));
    let bound = if full { FULL_BOUND } else { BOUND };
    let status = wait_until(&mut child, Instant::now() + bound)?;
    let mut outcome = reader
        .join()
        .unwrap_or_else(|_| Outcome::broken("the output of cargo test could not be read"));
    match status {
        None => outcome.add(Outcome::broken(format!(
            "cargo test did not end within {} minutes",
            bound.as_secs() / 60
        ))),
        // A test program that ended without its result line: it crashed.
        Some(status) if !status.success() && outcome.failed == 0 => {
            outcome.add(Outcome::broken(format!("cargo test ended with {status}")));
        }
        Some(_) => {}
    }
    Ok(outcome)
}

/// Passes the output on and counts as it goes.
fn read(output: impl Read) -> Outcome {
    let mut outcome = Outcome::default();
    let mut failures = BTreeSet::new();
    for line in BufReader::new(output).lines().map_while(Result::ok) {
        println!("{line}");
        if let Some(counts) = line.strip_prefix("test result: ") {
            outcome.add(counted(counts));
        } else if let Some(name) = line
            .strip_prefix("test ")
            .and_then(|rest| rest.strip_suffix(" ... FAILED"))
        {
            failures.insert(name.to_owned());
        }
    }
    outcome.failures = failures.into_iter().collect();
    outcome
}

/// `ok. 3 passed; 0 failed; 1 ignored; 0 measured; …` as libtest writes it.
fn counted(line: &str) -> Outcome {
    let count = |what: &str| {
        line.split(['.', ';'])
            .find_map(|part| part.trim().strip_suffix(what))
            .and_then(|number| number.trim().parse().ok())
            .unwrap_or(0)
    };
    Outcome {
        passed: count("passed"),
        failed: count("failed"),
        skipped: count("ignored"),
        failures: Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn results_of_all_test_programs_are_added_up() {
        let output = "running 2 tests\n\
            test a ... ok\n\
            test b ... FAILED\n\
            test result: FAILED. 1 passed; 1 failed; 0 ignored; 0 measured; 0 filtered out; finished in 0.01s\n\
            test result: ok. 12 passed; 0 failed; 2 ignored; 0 measured; 3 filtered out; finished in 1.50s\n";
        let outcome = read(output.as_bytes());
        assert_eq!((outcome.passed, outcome.failed, outcome.skipped), (13, 1, 2));
        assert_eq!(outcome.failures, ["b"]);
    }
}
