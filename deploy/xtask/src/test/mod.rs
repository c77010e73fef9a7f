//! `cargo xtask test`: installs what the tests need, runs all of them, and says who took part.
//!
//! The last line is always `N passed, M failed, K skipped`, over everything that ran.

pub(crate) mod api_server;
mod browser;
mod crossplane;
mod go;
mod keycloak;
pub(crate) mod needs;
mod outcome;
mod parts;
mod processes;
mod report;
mod rust;

use std::process::{Command, ExitCode};

use anyhow::Result;
use clap::Args;

use crate::browser_code;
use crate::fuzz;
use crate::steps::{self, step};
use crate::workspace::{cargo, root, site};
use outcome::Outcome;
use report::Report;

/// Which tests.
#[derive(Args)]
pub(crate) struct Options {
    /// Also what takes long: over 20,000 cases of the judge, many more crashes, ten minutes of fuzzing.
    #[arg(long)]
    full: bool,
    /// Only tests whose name contains this.
    filter: Option<String>,
    /// Only the browser's tests.
    #[arg(long, conflicts_with = "no_browser")]
    browser: bool,
    /// All but the browser's tests.
    #[arg(long)]
    no_browser: bool,
}

/// Runs them. The exit code tells whether all that ran passed.
pub(crate) fn run(options: &Options) -> Result<ExitCode> {
    let report = Report::begin()?;
    let mut underway = vec![api_server::begin()?];
    if options.full {
        underway.extend(crossplane::begin()?);
        underway.push(keycloak::begin());
    }
    let mut needs = needs::install();
    browser_code::build()?;
    step("Building the program and all tests", || {
        run_build(&mut Command::new(cargo()))
    })?;
    let mut folders = Vec::new();
    for part in underway {
        let made = part.finish();
        needs.push(made.need);
        folders.extend(made.folder.map(|folder| (made.variable, folder)));
    }

    let mut outcome = Outcome::default();
    if !options.browser {
        outcome.add(step("Unit and integration tests", || {
            rust::run(options.filter.as_deref(), options.full, &folders, &needs, &report)
        })?);
    }
    if !options.no_browser {
        outcome.add(step("The browser's tests", || {
            browser::run(options.filter.as_deref(), &needs, &report)
        })?);
    }

    if options.full && options.filter.is_none() && !options.browser {
        outcome.add(fuzz());
    }

    let told = report.read()?;
    outcome.take_skips(&told);
    let forgiven = outcome.judge_skips(&told, &needs);
    println!();
    needs::print_table(&needs, &told);
    if let Some(failure) = forgiven {
        println!(
            "\nWith CI=true nothing of the default set may be skipped that this machine can install:\n{failure}"
        );
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

/// Fuzzes each target as long as `cargo xtask fuzz` does: one test, passed when nothing was found.
fn fuzz() -> Outcome {
    match fuzz::fuzz(&fuzz::Options::default()) {
        Ok(()) => Outcome {
            passed: 1,
            ..Outcome::default()
        },
        Err(found) => Outcome::broken(format!("fuzzing: {found:#}")),
    }
}

/// One build for the program and every test, so that cargo resolves features once and builds nothing twice.
fn run_build(command: &mut Command) -> Result<()> {
    steps::run(
        command
            .current_dir(root())
            .args(["build", "--locked", "--workspace", "--all-targets"])
            .env("PORTICO_SITE", site()),
    )
}
