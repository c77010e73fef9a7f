//! `cargo xtask fuzz`: runs cargo-fuzz over the schema engine, seeded with published definitions and samples.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, ensure};
use clap::Args;

use crate::steps::{self, note, run_quietly, step};
use crate::workspace::{cargo, root, target};

/// Which target to fuzz, and for how long.
#[derive(Args)]
pub(crate) struct Options {
    /// Only this target: `text`, `definition` or `object`.
    target: Option<String>,
    /// Total minutes, shared equally among the targets.
    #[arg(long, default_value_t = DEFAULT_MINUTES)]
    minutes: u32,
}

impl Default for Options {
    /// Fuzzes all targets.
    fn default() -> Self {
        Self {
            target: None,
            minutes: DEFAULT_MINUTES,
        }
    }
}

const DEFAULT_MINUTES: u32 = 10;

const TARGETS: [&str; 3] = ["text", "definition", "object"];
/// The version of cargo-fuzz to install when it is missing.
const CARGO_FUZZ_VERSION: &str = "0.13.2";
/// Fails a target whose resident memory exceeds this, in MiB.
const MEMORY_LIMIT_MIB: u32 = 512;
/// Fails a target when one input takes longer than this, in seconds.
const TIMEOUT_SECONDS: u32 = 10;
/// The longest input to try, in bytes.
const MAX_INPUT_BYTES: u64 = 65_536;

/// Runs the targets one after another. Stops at the first panic, hang or memory overrun; cargo-fuzz keeps the input.
pub(crate) fn run(options: &Options) -> Result<()> {
    let targets: Vec<&str> = TARGETS
        .into_iter()
        .filter(|target| options.target.as_deref().is_none_or(|wanted| wanted == *target))
        .collect();
    ensure!(
        !targets.is_empty(),
        "unknown target; the targets are {}",
        TARGETS.join(", ")
    );
    install()?;
    let folder = target().join("fuzz");
    let seeds = step("Collecting published definitions and samples", || {
        collect_seeds(&folder.join("seeds"))
    })?;
    let seconds = options.minutes * 60 / u32::try_from(targets.len())?;
    for target in targets {
        let found = folder.join("found").join(target);
        fs::create_dir_all(&found)?;
        step(format!("Fuzzing {target} for {seconds} s"), || {
            let mut command = cargo_fuzz();
            command.arg("run").args(flags(&folder)).arg(target).arg(&found);
            if target == "text" {
                command.arg(&seeds);
            }
            command.args([
                "--".to_owned(),
                format!("-max_total_time={seconds}"),
                format!("-rss_limit_mb={MEMORY_LIMIT_MIB}"),
                format!("-timeout={TIMEOUT_SECONDS}"),
                format!("-max_len={MAX_INPUT_BYTES}"),
                format!("-artifact_prefix={}/", folder.display()),
                "-print_final_stats=1".to_owned(),
                "-verbosity=1".to_owned(),
            ]);
            steps::run(&mut command)
        })?;
    }
    Ok(())
}

fn cargo_fuzz() -> Command {
    let mut command = Command::new(cargo());
    command.current_dir(root()).arg("fuzz");
    command
}

fn flags(folder: &Path) -> Vec<String> {
    vec![
        format!("--fuzz-dir={}", root().join("tests/fuzz").display()),
        format!("--target-dir={}", folder.join("build").display()),
        // The workspace has no unsafe code, and without a sanitizer the targets build on the stable toolchain.
        "--sanitizer=none".to_owned(),
    ]
}

fn install() -> Result<()> {
    if run_quietly(cargo_fuzz().arg("--version")).is_ok() {
        return Ok(());
    }
    step("Installing cargo-fuzz", || {
        steps::run(
            Command::new(cargo())
                .args(["install", "--quiet", "--locked", "--debug"])
                .arg(format!("cargo-fuzz@{CARGO_FUZZ_VERSION}")),
        )
    })
}

/// Copies each published document that is short enough into the seed folder.
fn collect_seeds(into: &Path) -> Result<PathBuf> {
    fs::create_dir_all(into)?;
    let corpus =
        std::env::var_os("PORTICO_CORPUS").map_or_else(|| root().join("../shared/corpus"), PathBuf::from);
    let mut count = 0;
    for part in ["crds", "xrds", "samples", "invalid", "testsuites"] {
        let Ok(entries) = fs::read_dir(corpus.join(part)) else {
            continue;
        };
        for entry in entries {
            let entry = entry?;
            if entry.metadata()?.len() < MAX_INPUT_BYTES {
                fs::copy(entry.path(), into.join(entry.file_name()))
                    .with_context(|| format!("could not copy {}", entry.path().display()))?;
                count += 1;
            }
        }
    }
    if count == 0 {
        note(format!(
            "no corpus at {}: fuzzing starts without seeds",
            corpus.display()
        ));
    }
    Ok(into.to_owned())
}
