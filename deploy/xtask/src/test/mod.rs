//! `cargo xtask test`: installs what the tests require, runs all of them, and reports which components took part.
//!
//! The last line is always `N passed, M failed, K skipped`, over everything that ran.

pub(crate) mod api_server;
mod browser;
mod components;
mod controllers;
mod go;
mod keycloak;
mod outcome;
mod report;
mod report_entry;
pub(crate) mod requirements;
mod rust;

use std::process::{Command, ExitCode};

use anyhow::Result;
use clap::Args;

use crate::browser_code;
use crate::fuzz;
use crate::program::TEST_FEATURES;
use crate::steps::{self, step};
use crate::workspace::{cargo, root, site};
use components::IfMissing;
use outcome::Outcome;
use report::Report;

/// Which tests to run.
#[derive(Args)]
pub(crate) struct Options {
    /// Include the long tests: over 20,000 cases against the API server, many more crashes, ten minutes of fuzzing.
    #[arg(long)]
    full: bool,
    /// Run only tests whose name contains this.
    filter: Option<String>,
    /// Run only the browser tests.
    #[arg(long, conflicts_with = "no_browser")]
    browser: bool,
    /// Run everything except the browser tests.
    #[arg(long)]
    no_browser: bool,
}

/// Runs the tests. The exit code is zero if none failed.
pub(crate) fn run(options: &Options) -> Result<ExitCode> {
    let report = Report::begin()?;
    let mut pending = vec![api_server::start()?];
    // What an earlier run has built takes part in every one.
    let if_missing = if options.full {
        IfMissing::Build
    } else {
        IfMissing::Skip
    };
    pending.extend(controllers::start(if_missing)?);
    pending.push(keycloak::start(if_missing));
    let mut requirements = requirements::install();
    browser_code::build()?;
    step("Building the program and all tests", || {
        build_all(&mut Command::new(cargo()))
    })?;
    let mut folders = Vec::new();
    for part in pending {
        let made = part.finish();
        requirements.push(made.requirement);
        folders.extend(made.folder.map(|folder| (made.variable, folder)));
    }

    let mut outcome = Outcome::default();
    if !options.browser {
        outcome.add(step("Unit and integration tests", || {
            rust::run(
                options.filter.as_deref(),
                options.full,
                &folders,
                &requirements,
                &report,
            )
        })?);
    }
    if !options.no_browser {
        outcome.add(step("Browser tests", || {
            browser::run(options.filter.as_deref(), &requirements, &report)
        })?);
    }

    if options.full && options.filter.is_none() && !options.browser {
        outcome.add(fuzz());
    }

    let entries = report.read()?;
    outcome.count_skips(&entries);
    let avoidable = outcome.fail_avoidable_skips(&entries, &requirements);
    println!();
    requirements::print_table(&requirements, &entries);
    if let Some(failure) = avoidable {
        println!(
            "\nWith CI=true, a test must not be skipped for something that this machine can install:\n{failure}"
        );
    }
    // Thousands of lines lie between a failure and the end, and not every log keeps them.
    for detail in &outcome.details {
        println!("\n{detail}");
    }
    for failure in &outcome.failures {
        println!("failed: {failure}");
    }
    println!(
        "\n{} passed, {} failed, {} skipped",
        outcome.passed, outcome.failed, outcome.skipped
    );
    Ok(if outcome.failed == 0 {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

/// Fuzzes each target for the default time. Counts as one test, which passes when nothing is found.
fn fuzz() -> Outcome {
    match fuzz::run(&fuzz::Options::default()) {
        Ok(()) => Outcome {
            passed: 1,
            ..Outcome::default()
        },
        Err(error) => Outcome::failure(format!("fuzzing: {error:#}")),
    }
}

/// Builds the program and all tests in one go, so that cargo resolves features once and builds nothing twice.
fn build_all(command: &mut Command) -> Result<()> {
    steps::run(
        command
            .current_dir(root())
            .args(["build", "--locked", "--workspace", "--all-targets", TEST_FEATURES])
            .env("PORTICO_SITE", site()),
    )
}
