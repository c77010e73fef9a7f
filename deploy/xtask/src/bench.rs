//! `cargo xtask bench`: builds the release program and measures it on loopback.

use std::process::Command;

use anyhow::Result;
use clap::Args;

use crate::program;
use crate::steps::{self, step};
use crate::workspace::{cargo, root, site};

/// What to measure.
#[derive(Args)]
pub(crate) struct Options {
    /// Only figures whose name contains this.
    filter: Option<String>,
}

/// Builds and measures. Figures are printed and never judged.
pub(crate) fn run(options: &Options) -> Result<()> {
    let program = program::build(&program::Options { release: true })?;
    step("Measuring", || {
        steps::run(
            Command::new(cargo())
                .current_dir(root())
                .args([
                    "run",
                    "--quiet",
                    "--locked",
                    "--release",
                    "--package",
                    "portico-tests",
                    "--bin",
                    "portico-bench",
                    "--",
                ])
                .args(options.filter.as_deref())
                .env("PORTICO_BIN", program)
                .env("PORTICO_SITE", site()),
        )
    })
}
