//! `cargo xtask demo`: builds everything and runs `portico demo`.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::Result;
use clap::Args;

use crate::program;
use crate::steps::note;
use crate::workspace::root;

/// What to build and run.
#[derive(Args)]
pub(crate) struct Options {
    #[command(flatten)]
    arguments: Arguments,
    #[command(flatten)]
    build: program::Options,
}

/// The arguments of `portico demo`.
#[derive(Args)]
#[group(skip)]
pub(crate) struct Arguments {
    /// The portal's port on 127.0.0.1.
    #[arg(long)]
    pub(crate) port: Option<u16>,
    /// The folder for the demo's data: requests, claims, keys.
    #[arg(long)]
    data: Option<PathBuf>,
    /// Delete the data of earlier runs first.
    #[arg(long)]
    pub(crate) fresh: bool,
    /// A file to write when the demo is ready: JSON with its addresses and the people who can sign in.
    #[arg(long)]
    pub(crate) ready_file: Option<PathBuf>,
}

impl Arguments {
    /// The command that runs `program` with these arguments. A debug build reads the style sheets from the source tree.
    pub(crate) fn command(&self, program: &Path) -> Command {
        let mut command = Command::new(program);
        command.arg("demo").env("PORTICO_DEV_STYLE", root().join("style"));
        if let Some(port) = self.port {
            command.args(["--port", &port.to_string()]);
        }
        if let Some(data) = &self.data {
            command.arg("--data").arg(data);
        }
        if self.fresh {
            command.arg("--fresh");
        }
        if let Some(file) = &self.ready_file {
            command.arg("--ready-file").arg(file);
        }
        command
    }
}

/// Builds and runs the demo. On Unix the program replaces this process, so that it receives signals directly.
pub(crate) fn run(options: &Options) -> Result<()> {
    let mut command = options.arguments.command(&program::build(&options.build)?);
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
