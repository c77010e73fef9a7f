//! Runs `cargo test` over the workspace and counts the results.

use std::collections::BTreeSet;
use std::env;
use std::io::{BufRead, BufReader, Read};
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};

use super::outcome::Outcome;
use super::report::{self, Report};
use super::requirements::{Requirement, is_met};
use crate::processes::wait_until;
use crate::program::{self, TEST_FEATURES};
use crate::workspace::{cargo, root, site};

/// The time limit for all tests together, without and with the long ones.
const TIME_LIMIT: Duration = Duration::from_mins(25);
const LONG_TIME_LIMIT: Duration = Duration::from_hours(1);

/// Runs every test of the workspace whose name contains `filter`. `parts` lists the folders of real components, each
/// with the environment variable that tells the tests its folder.
pub(crate) fn run(
    filter: Option<&str>,
    full: bool,
    parts: &[(&str, PathBuf)],
    requirements: &[Requirement],
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
            TEST_FEATURES,
            "--no-fail-fast",
            "--",
        ])
        .args(filter)
        .env("PORTICO_SITE", site())
        .env("PORTICO_BIN", program::path(false))
        .env(report::VARIABLE, report.path())
        .stdout(Stdio::piped());
    if is_met(requirements, "PostgreSQL") {
        command.env("PORTICO_REQUIRE_POSTGRES", "1");
    }
    // The schema engine is independent of Portico and has its own variable for the corpus.
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
    let bound = if full { LONG_TIME_LIMIT } else { TIME_LIMIT };
    let status = wait_until(&mut child, Instant::now() + bound)?;
    let mut outcome = reader
        .join()
        .unwrap_or_else(|_| Outcome::failure("the output of cargo test could not be read"));
    match status {
        None => outcome.add(Outcome::failure(format!(
            "cargo test did not end within {} minutes",
            bound.as_secs() / 60
        ))),
        // cargo test failed although no test did: a test binary crashed.
        Some(status) if !status.success() && outcome.failed == 0 => {
            outcome.add(Outcome::failure(format!("cargo test ended with {status}")));
        }
        Some(_) => {}
    }
    Ok(outcome)
}

/// How much is repeated of what a failed test printed.
const LINES_OF_DETAIL: usize = 12;
const CHARACTERS_OF_A_LINE: usize = 400;

/// Prints the output while counting its results.
fn read(output: impl Read) -> Outcome {
    let mut outcome = Outcome::default();
    let mut failures = BTreeSet::new();
    let mut detail: Option<Vec<String>> = None;
    for line in BufReader::new(output).lines().map_while(Result::ok) {
        println!("{line}");
        if line == "failures:" || line.starts_with("---- ") && line.ends_with(" stdout ----") {
            outcome
                .details
                .extend(detail.take().map(|lines| lines.join("\n")));
            if line != "failures:" {
                detail = Some(vec![line]);
            }
            continue;
        }
        if let Some(lines) = &mut detail
            && lines.len() <= LINES_OF_DETAIL
        {
            lines.push(line.chars().take(CHARACTERS_OF_A_LINE).collect());
        }
        if let Some(counts) = line.strip_prefix("test result: ") {
            outcome.add(parse_counts(counts));
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

/// Parses `ok. 3 passed; 0 failed; 1 ignored; 0 measured; …`, as libtest prints it.
fn parse_counts(line: &str) -> Outcome {
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
        ..Outcome::default()
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

    #[test]
    fn what_failed_tests_printed_is_kept_short() {
        let long = "x".repeat(1_000);
        let many = "more\n".repeat(50);
        let output = format!(
            "test b ... FAILED\n\nfailures:\n\n---- b stdout ----\npanicked: not equal\n{long}\n{many}\n\
             ---- c stdout ----\npanicked: too late\n\nfailures:\n    b\n    c\n\n\
             test result: FAILED. 0 passed; 2 failed; 0 ignored; finished in 0.01s\n"
        );
        let outcome = read(output.as_bytes());
        let [first, second] = &outcome.details[..] else {
            panic!("{:?}", outcome.details)
        };
        assert!(
            first.starts_with("---- b stdout ----\npanicked: not equal\nxxx"),
            "{first}"
        );
        assert_eq!(first.lines().count(), 1 + LINES_OF_DETAIL);
        assert!(first.len() < 1_000, "{first}");
        assert_eq!(second.trim(), "---- c stdout ----\npanicked: too late");
    }
}
