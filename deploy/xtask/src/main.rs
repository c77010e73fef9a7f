//! Portico's development tasks: `cargo xtask demo`, `watch`, `test`, `bench` and others.
//!
//! They install and build what they need, so that a fresh clone needs no other set-up, and print each step. Nothing is
//! built twice: cargo tracks its own builds, and later steps store a fingerprint of their inputs.

mod bench;
mod browser_code;
mod check_tree;
mod crates;
mod demo;
mod differential;
mod docs;
mod fingerprint;
mod fuzz;
mod processes;
mod program;
mod retired_names;
mod sbom;
mod sentences;
mod steps;
mod test;
mod watch;
mod workspace;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

#[derive(Parser)]
#[command(name = "cargo xtask", about = "Portico's development tasks")]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Build everything and run the demo: the portal, an identity provider and simulated control planes.
    Demo(demo::Options),
    /// Run the demo, and build and restart it when a source file changes.
    Watch(watch::Options),
    /// Install what the tests require and run all of them.
    Test(test::Options),
    /// Measure the release build on loopback and print the figures.
    Bench(bench::Options),
    /// Compare Portico's schema engine with the real API server on the same objects.
    Differential(differential::Options),
    /// Fuzz the schema engine, seeded with published definitions.
    Fuzz(fuzz::Options),
    /// Build the browser code and the program without running it.
    Build(program::BuildOptions),
    /// Write the software bill of materials of the production build, as `CycloneDX` JSON.
    Sbom(sbom::Options),
    /// Write the generated parts of `deploy/docs`: the picture of the crates and the configuration reference.
    Docs,
    /// Check tracked files: local paths, lock files, toolchain versions, links and paths in pages.
    CheckTree,
}

fn main() -> ExitCode {
    let outcome = match Arguments::parse().command {
        Command::Demo(options) => demo::run(&options).map(|()| ExitCode::SUCCESS),
        Command::Watch(options) => watch::run(options).map(|()| ExitCode::SUCCESS),
        Command::Test(options) => test::run(&options),
        Command::Bench(options) => bench::run(&options).map(|()| ExitCode::SUCCESS),
        Command::Differential(options) => differential::run(&options).map(|()| ExitCode::SUCCESS),
        Command::Fuzz(options) => fuzz::run(&options).map(|()| ExitCode::SUCCESS),
        Command::Build(options) => program::run(&options).map(|()| ExitCode::SUCCESS),
        Command::Sbom(options) => sbom::write(&options).map(|()| ExitCode::SUCCESS),
        Command::Docs => docs::write().map(|()| ExitCode::SUCCESS),
        Command::CheckTree => check_tree::check(),
    };
    outcome.unwrap_or_else(|error| {
        eprintln!("error: {error:#}");
        ExitCode::FAILURE
    })
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    use super::*;

    #[test]
    fn the_command_line_is_consistent() {
        Arguments::command().debug_assert();
    }
}
