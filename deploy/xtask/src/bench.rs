//! `cargo xtask bench`: builds the release program and measures it on loopback.

use std::process::Command;

use anyhow::Result;
use clap::Args;

use crate::program;
use crate::steps::{self, step};
use crate::test::requirements::{self, is_met};
use crate::workspace::{cargo, root, site};

/// What to measure.
#[derive(Args)]
pub(crate) struct Options {
    /// Measure only figures whose name contains this.
    filter: Option<String>,
}

/// Builds and measures. Prints the figures and does not judge them.
pub(crate) fn run(options: &Options) -> Result<()> {
    let requirements = requirements::install_for_benchmarks();
    // Measuring schemas does not need the program.
    let program = if options.filter.as_deref() == Some("schema") {
        program::path(true)
    } else {
        program::build(&program::Options { release: true })?
    };
    step("Measuring", || {
        let mut command = Command::new(cargo());
        command.current_dir(root()).args(["run", "--quiet", "--locked"]);
        // As the program: what both depend on is built once.
        program::optimise(&mut command);
        command
            .args(["--package", "portico-tests", "--bin", "portico-bench", "--"])
            .args(options.filter.as_deref())
            .env("PORTICO_BIN", &program)
            .env("PORTICO_SITE", site());
        steps::run(&mut command)
    })?;
    let wanted = options
        .filter
        .as_deref()
        .is_none_or(|filter| "screen".contains(filter));
    let browser = ["Chromium", "playwright-core and axe-core", "Node.js"];
    if wanted && browser.iter().all(|name| is_met(&requirements, name)) {
        step("Measuring in the browser", || {
            for script in ["figures.mjs", "page_figures.mjs"] {
                steps::run(
                    Command::new("node")
                        .current_dir(root().join("tests/browser"))
                        .arg(script)
                        .env("PORTICO_BIN", &program),
                )?;
            }
            Ok(())
        })?;
    }
    Ok(())
}
