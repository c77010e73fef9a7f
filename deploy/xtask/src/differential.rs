//! `cargo xtask differential`: the real API server and Portico judge the same objects, or the simulator in the API
//! server's place.

use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context, Result, bail};
use clap::Args;

use crate::steps::{self, step};
use crate::test::{api_server, needs};
use crate::workspace::{cargo, root};

/// What to ask about.
#[derive(Args)]
pub(crate) struct Options {
    /// The folder of definitions and samples; `PORTICO_CORPUS`, else `../shared/corpus`, where none is given.
    #[arg(long)]
    corpus: Option<PathBuf>,
    /// Mutations of each sample.
    #[arg(long, default_value_t = 20)]
    mutations: usize,
    /// Another seed, other mutations.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Only definitions whose name contains this.
    #[arg(long)]
    filter: Option<String>,
    /// Asks about definitions in place of objects: so many changes of each.
    #[arg(long)]
    definitions: Option<usize>,
    /// The simulator in the API server's place.
    #[arg(long)]
    simulator: bool,
    /// Optimised: worth its longer build from some ten thousand cases on.
    #[arg(long)]
    release: bool,
}

/// Builds what it needs and runs it. Fails when the two disagree on anything.
pub(crate) fn run(options: &Options) -> Result<()> {
    let server = (!options.simulator).then(api_server::begin).transpose()?;
    let mut build = cargo_with(options, "build");
    step("Building the comparison", || {
        steps::run(build.args(["--bin", BIN]))
    })?;
    let mut command = cargo_with(options, "run");
    command.args(["--quiet", "--bin", BIN, "--"]).args([
        format!("--mutations={}", options.mutations),
        format!("--seed={}", options.seed),
    ]);
    if let Some(corpus) = &options.corpus {
        // A relative path counts from where one stands.
        let corpus = corpus
            .canonicalize()
            .with_context(|| format!("{} cannot be read", corpus.display()))?;
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
            needs::install_for_differential();
            let Some(folder) = server.folder else {
                bail!("there is no kube-apiserver here; --simulator asks the simulator instead");
            };
            command.env(server.variable, folder);
        }
        None => {
            command.arg("--simulator");
        }
    }
    step("Asking both", || steps::run(&mut command))
}

const BIN: &str = "portico-differential";

fn cargo_with(options: &Options, what: &str) -> Command {
    let mut command = Command::new(cargo());
    command
        .current_dir(root())
        .args([what, "--locked", "--package", "portico-tests"]);
    if options.release {
        command.arg("--release");
    }
    command
}
