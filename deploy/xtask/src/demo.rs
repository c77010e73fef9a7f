//! `cargo xtask demo`: builds everything and runs `portico demo`.

use std::path::PathBuf;
use std::process::Command;

use anyhow::Result;
use clap::Args;

use crate::program;
use crate::steps::note;

/// Where and how the demo runs.
#[derive(Args)]
pub(crate) struct Options {
    /// The portal's port on 127.0.0.1.
    #[arg(long)]
    port: Option<u16>,
    /// The folder for the demo's data: requests, claims, keys.
    #[arg(long)]
    data: Option<PathBuf>,
    /// Delete the data of earlier runs first.
    #[arg(long)]
    fresh: bool,
    /// A file to write when the demo is ready: JSON with its addresses and the people who can sign in.
    #[arg(long)]
    ready_file: Option<PathBuf>,
    #[command(flatten)]
    build: program::Options,
}

/// Builds and runs the demo. On Unix the program replaces this process, so that it receives signals directly.
pub(crate) fn run(options: &Options) -> Result<()> {
    let mut command = Command::new(program::build(&options.build)?);
    command.arg("demo");
    if let Some(port) = options.port {
        command.args(["--port", &port.to_string()]);
    }
    if let Some(data) = &options.data {
        command.arg("--data").arg(data);
    }
    if options.fresh {
        command.arg("--fresh");
    }
    if let Some(file) = &options.ready_file {
        command.arg("--ready-file").arg(file);
    }
    note("starting portico demo; press Ctrl-C to stop it");
    replace_process(&mut command)
}

#[cfg(unix)]
fn replace_process(command: &mut Command) -> Result<()> {
    use std::os::unix::process::CommandExt;
    let error = command.exec();
    Err(anyhow::Error::new(error).context(format!("could not start {}", command.get_program().display())))
}

#[cfg(not(unix))]
fn replace_process(command: &mut Command) -> Result<()> {
    crate::steps::run(command)
}
