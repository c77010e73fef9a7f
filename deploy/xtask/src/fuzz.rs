//! `cargo xtask fuzz`: cargo-fuzz over the schema engine, begun from published definitions and samples.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, ensure};
use clap::Args;

use crate::steps::{note, run, run_quietly, step};
use crate::workspace::{cargo, root, target};

/// What to fuzz, and for how long.
#[derive(Args)]
pub(crate) struct Options {
    /// Only this target: `text`, `definition` or `object`.
    target: Option<String>,
    /// Minutes in all, shared among the targets.
    #[arg(long, default_value_t = MINUTES)]
    minutes: u32,
}

impl Default for Options {
    /// All targets.
    fn default() -> Self {
        Self {
            target: None,
            minutes: MINUTES,
        }
    }
}

const MINUTES: u32 = 10;

const TARGETS: [&str; 3] = ["text", "definition", "object"];
/// The release of cargo-fuzz that is installed where there is none.
const CARGO_FUZZ: &str = "0.13.2";
/// Resident memory beyond this is a failure, in MiB.
const MEMORY: u32 = 512;
/// One input that takes longer than this many seconds is a failure.
const HANG: u32 = 10;
/// A longer input is not tried, in bytes.
const LONGEST: u64 = 65_536;

/// Runs the targets one after another; the first panic, hang or growth ends it, and the input is kept.
pub(crate) fn fuzz(options: &Options) -> Result<()> {
    let targets: Vec<&str> = TARGETS
        .into_iter()
        .filter(|target| options.target.as_deref().is_none_or(|wanted| wanted == *target))
        .collect();
    ensure!(!targets.is_empty(), "the targets are {}", TARGETS.join(", "));
    install()?;
    let folder = target().join("fuzz");
    let seeds = step("Gathering published definitions and samples", || {
        gather(&folder.join("seeds"))
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
                format!("-rss_limit_mb={MEMORY}"),
                format!("-timeout={HANG}"),
                format!("-max_len={LONGEST}"),
                format!("-artifact_prefix={}/", folder.display()),
                "-print_final_stats=1".to_owned(),
                "-verbosity=1".to_owned(),
            ]);
            run(&mut command)
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
        // There is no unsafe code of ours to watch over, and without one it builds on the stable toolchain.
        "--sanitizer=none".to_owned(),
    ]
}

fn install() -> Result<()> {
    if run_quietly(cargo_fuzz().arg("--version")).is_ok() {
        return Ok(());
    }
    step("Installing cargo-fuzz", || {
        run(Command::new(cargo())
            .args(["install", "--quiet", "--locked", "--debug"])
            .arg(format!("cargo-fuzz@{CARGO_FUZZ}")))
    })
}

/// Each published document as a seed of its own, as far as they are short.
fn gather(into: &Path) -> Result<PathBuf> {
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
            if entry.metadata()?.len() < LONGEST {
                fs::copy(entry.path(), into.join(entry.file_name()))
                    .with_context(|| format!("{} cannot be copied", entry.path().display()))?;
                count += 1;
            }
        }
    }
    if count == 0 {
        note(format!(
            "there is no corpus at {}; it begins from nothing",
            corpus.display()
        ));
    }
    Ok(into.to_owned())
}
