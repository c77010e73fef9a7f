//! Portico's chores: `cargo xtask demo`, `test`, `bench`, `differential`, `docs`, and what they are made of.
//!
//! Everything a fresh clone needs is set up here, and said while it happens. Nothing is done twice:
//! cargo knows what it has built, and the steps after it keep a fingerprint of what they were made from.

mod bench;
mod browser_code;
mod demo;
mod differential;
mod docs;
mod fingerprint;
mod fuzz;
mod program;
mod sbom;
mod steps;
mod test;
mod tree;
mod workspace;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

#[derive(Parser)]
#[command(name = "cargo xtask", about = "Portico's chores")]
struct Arguments {
    #[command(subcommand)]
    chore: Chore,
}

#[derive(Subcommand)]
enum Chore {
    /// Build everything and run the demo: the portal, an identity provider and simulated control planes.
    Demo(demo::Options),
    /// Install what the tests need and run all of them.
    Test(test::Options),
    /// Measure the release build on loopback and print the figures.
    Bench(bench::Options),
    /// Have the real API server and Portico judge the same objects, and print where they disagree.
    Differential(differential::Options),
    /// Fuzz the schema engine, begun from published definitions.
    Fuzz(fuzz::Options),
    /// Build the browser code and the program, and run nothing.
    Build(program::BuildOptions),
    /// Write what the program for production is made of, as `CycloneDX` JSON.
    Sbom(sbom::Options),
    /// Write those parts of `deploy/docs` that are made from the code: the picture of the crates, the reference.
    Docs,
    /// Check the files that git tracks: paths of one machine, lock files, the toolchain's version, what pages refer to.
    CheckTree,
}

fn main() -> ExitCode {
    let outcome = match Arguments::parse().chore {
        Chore::Demo(options) => demo::run(&options).map(|()| ExitCode::SUCCESS),
        Chore::Test(options) => test::run(&options),
        Chore::Bench(options) => bench::run(&options).map(|()| ExitCode::SUCCESS),
        Chore::Differential(options) => differential::run(&options).map(|()| ExitCode::SUCCESS),
        Chore::Fuzz(options) => fuzz::fuzz(&options).map(|()| ExitCode::SUCCESS),
        Chore::Build(options) => program::build_only(&options).map(|()| ExitCode::SUCCESS),
        Chore::Sbom(options) => sbom::write(&options).map(|()| ExitCode::SUCCESS),
        Chore::Docs => docs::write().map(|()| ExitCode::SUCCESS),
        Chore::CheckTree => tree::check(),
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
    fn every_chore_can_be_called() {
        Arguments::command().debug_assert();
    }
}
