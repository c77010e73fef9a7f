//! `cargo xtask differential`: sends the same objects to the real API server (or the simulator) and to Portico's schema
//! engine, and compares the verdicts.

use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context, Result, bail};
use clap::Args;

use crate::steps::{self, step};
use crate::test::{api_server, requirements};
use crate::workspace::{cargo, root};

/// What to compare.
#[derive(Args)]
pub(crate) struct Options {
    /// The folder of definitions and samples. Default: `PORTICO_CORPUS`, then `../shared/corpus`.
    #[arg(long)]
    corpus: Option<PathBuf>,
    /// The number of mutations of each sample.
    #[arg(long, default_value_t = 20)]
    mutations: usize,
    /// The seed of the mutations.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Compare only definitions whose name contains this.
    #[arg(long)]
    filter: Option<String>,
    /// Compare definitions instead of objects, with this many mutations of each.
    #[arg(long)]
    definitions: Option<usize>,
    /// Use the simulator instead of the API server.
    #[arg(long)]
    simulator: bool,
    /// Build with optimisations. Worth the longer build from about ten thousand cases on.
    #[arg(long)]
    release: bool,
}

/// Builds and runs the comparison. Fails on any difference.
pub(crate) fn run(options: &Options) -> Result<()> {
    let server = (!options.simulator).then(api_server::start).transpose()?;
    let mut build = cargo_command(options, "build");
    step("Building the comparison", || {
        steps::run(build.args(["--bin", BINARY]))
    })?;
    let mut command = cargo_command(options, "run");
    command.args(["--quiet", "--bin", BINARY, "--"]).args([
        format!("--mutations={}", options.mutations),
        format!("--seed={}", options.seed),
    ]);
    if let Some(corpus) = &options.corpus {
        // cargo runs in the root of the workspace, but a relative path refers to the current folder.
        let corpus = corpus
            .canonicalize()
            .with_context(|| format!("could not read {}", corpus.display()))?;
        command.arg("--corpus").arg(corpus);
    }
    if let Some(filter) = &options.filter {
        command.args(["--filter", filter]);
    }
    if let Some(changes) = options.definitions {
        command.arg(format!("--definitions={changes}"));
    }
    match server {
        Some(server) => {
            let server = server.finish();
            requirements::install_for_differential();
            let Some(folder) = server.folder else {
                bail!("kube-apiserver is unavailable; use --simulator to compare with the simulator");
            };
            command.env(server.variable, folder);
        }
        None => {
            command.arg("--simulator");
        }
    }
    step("Comparing", || steps::run(&mut command))
}

const BINARY: &str = "portico-differential";

fn cargo_command(options: &Options, what: &str) -> Command {
    let mut command = Command::new(cargo());
    command
        .current_dir(root())
        .args([what, "--locked", "--package", "portico-tests"]);
    if options.release {
        command.arg("--release");
    }
    command
}
