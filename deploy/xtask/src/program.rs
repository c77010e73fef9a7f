//! Builds the program `portico`.

use std::env;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::Result;
use clap::Args;

use crate::browser_code;
use crate::steps::{self, step};
use crate::workspace::{cargo, root, target};

/// The features of the program for production: no simulator, and traces can be exported.
pub(crate) const PRODUCTION_FEATURES: [&str; 2] = ["--no-default-features", "--features=otlp"];

/// The features for the tests: those of production that the program lacks by default, and their tests.
pub(crate) const TEST_FEATURES: &str = "--features=portico/otlp,portico-tests/otlp";

/// How to build.
#[derive(Args, Clone, Default)]
// Flattened into other commands' options, which already have a group of this name.
#[group(skip)]
pub(crate) struct Options {
    /// Build with optimisations, as for production. Takes several times as long.
    #[arg(long)]
    pub(crate) release: bool,
}

/// What to build.
#[derive(Args, Default)]
pub(crate) struct BuildOptions {
    #[command(flatten)]
    program: Options,
    /// Leave out the simulator and the demo's people: the production build.
    #[arg(long)]
    without_simulator: bool,
    /// Build only the browser code, into target/site.
    #[arg(long)]
    browser_code: bool,
}

/// `cargo xtask build`: builds and prints the path of the result.
pub(crate) fn run(options: &BuildOptions) -> Result<()> {
    let built = if options.browser_code {
        browser_code::build()?
    } else {
        build_with(&options.program, options.without_simulator)?
    };
    println!("{}", built.display());
    Ok(())
}

/// Builds the browser code and the program. Returns the path of the program.
pub(crate) fn build(options: &Options) -> Result<PathBuf> {
    build_with(options, false)
}

fn build_with(options: &Options, without_simulator: bool) -> Result<PathBuf> {
    let site = browser_code::build()?;
    compile(options, without_simulator, Some(&site))
}

/// Builds the program without browser code, for a run that reads it from disk.
pub(crate) fn build_without_browser_code() -> Result<PathBuf> {
    compile(&Options::default(), false, None)
}

fn compile(options: &Options, without_simulator: bool, site: Option<&Path>) -> Result<PathBuf> {
    step("Building the program portico", || {
        let mut command = Command::new(cargo());
        command
            .current_dir(root())
            .args(["build", "--locked", "--package", "portico"])
            .env_remove("PORTICO_SITE");
        if let Some(site) = site {
            command.env("PORTICO_SITE", site);
        }
        if options.release {
            optimise(&mut command);
        }
        if without_simulator {
            command.args(PRODUCTION_FEATURES);
        }
        steps::run(&mut command)
    })?;
    Ok(path(options.release))
}

/// Adds `--release`, and takes the views out of their boxes: pages are rendered by half as fast again then. Only
/// development has boxed views, see `.cargo/config.toml`. Flags from the environment stay as they are.
pub(crate) fn optimise(command: &mut Command) {
    command.arg("--release");
    if ["RUSTFLAGS", "CARGO_ENCODED_RUSTFLAGS"]
        .iter()
        .all(|flags| env::var_os(flags).is_none())
    {
        // Empty flags of the environment replace those of the configuration.
        command.env("CARGO_ENCODED_RUSTFLAGS", "");
    }
}

/// The path at which cargo puts the program.
pub(crate) fn path(release: bool) -> PathBuf {
    target()
        .join(if release { "release" } else { "debug" })
        .join("portico")
}
