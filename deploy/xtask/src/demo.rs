//! `cargo xtask demo`: builds everything and becomes `portico demo`.

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
    /// Where the demo keeps its data: requests, claims, keys.
    #[arg(long)]
    data: Option<PathBuf>,
    /// Begin with nothing: what an earlier run left in the data folder is removed.
    #[arg(long)]
    fresh: bool,
    /// A file to write once it answers: JSON with the addresses and the people who can sign in.
    #[arg(long)]
    ready_file: Option<PathBuf>,
    #[command(flatten)]
    build: program::Options,
}

/// Builds and runs; on Unix the program takes this process's place, so that every signal reaches it as it is.
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
    note("starting portico demo; Ctrl-C stops it");
    become_it(&mut command)
}

#[cfg(unix)]
fn become_it(command: &mut Command) -> Result<()> {
    use std::os::unix::process::CommandExt;
    let error = command.exec();
    Err(anyhow::Error::new(error).context(format!("could not start {}", command.get_program().display())))
}

#[cfg(not(unix))]
fn become_it(command: &mut Command) -> Result<()> {
    crate::steps::run(command)
}
