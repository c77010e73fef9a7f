//! Builds the browser code: cargo compiles Rust to WebAssembly, wasm-bindgen writes the JavaScript around it, and
//! binaryen makes it smaller if npm is installed. The result is `portico.js` and `portico_bg.wasm`.

use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, anyhow};
use wasm_bindgen_cli_support::Bindgen;

use crate::fingerprint::Fingerprint;
use crate::steps::{note, run, run_quietly, step};
use crate::workspace::{cargo, development_site, root, site, target, which};

const TRIPLE: &str = "wasm32-unknown-unknown";

/// The file that says from what the folder was built; without it the folder is not complete.
const MADE_FROM: &str = ".made-from";

/// WebAssembly features that rustc uses, so that wasm-opt accepts them. Every browser of the last three years has them.
const FEATURES: [&str; 6] = [
    "--enable-bulk-memory",
    "--enable-nontrapping-float-to-int",
    "--enable-sign-ext",
    "--enable-mutable-globals",
    "--enable-reference-types",
    "--enable-multivalue",
];

/// Builds the browser code into [`site`], unless it is current.
pub(crate) fn build() -> Result<PathBuf> {
    let built = compile("wasm", "wasm")?;
    let optimiser = optimiser()?;
    let site = site();
    fs::create_dir_all(&site).with_context(|| format!("could not create {}", site.display()))?;
    let options = optimiser.as_ref().map_or("no wasm-opt", |_| "wasm-opt -Oz");
    let fingerprint = Fingerprint::of(
        &site.join(MADE_FROM),
        &[&built],
        &[options, &FEATURES.join(" "), "1"],
    )?;
    if fingerprint.is_current() && site.join("portico.js").is_file() {
        return Ok(site);
    }
    step("Generating JavaScript bindings", || bind(&built, &site, false))?;
    if let Some(optimiser) = optimiser {
        step("Optimising the browser code for size", || {
            shrink(&optimiser, &site.join("portico_bg.wasm"))
        })?;
    }
    for name in ["portico.js", "portico_bg.wasm"] {
        let contents = fs::read(site.join(name))?;
        note(format!(
            "{name}: {} KB, {} KB compressed",
            contents.len() / 1024,
            compressed_size(&contents)? / 1024
        ));
    }
    fingerprint.save()?;
    Ok(site)
}

/// Builds the browser code with cargo's profile `dev` into a folder of its own, unless it is current. It is large, but
/// there quickly.
pub(crate) fn build_for_development() -> Result<PathBuf> {
    let built = compile("dev", "debug")?;
    let site = development_site();
    fs::create_dir_all(&site).with_context(|| format!("could not create {}", site.display()))?;
    let fingerprint = Fingerprint::of(&site.join(MADE_FROM), &[&built], &[])?;
    if !fingerprint.is_current() {
        step("Generating JavaScript bindings", || bind(&built, &site, true))?;
        fingerprint.save()?;
    }
    Ok(site)
}

/// Compiles the browser code to WebAssembly. `folder` is where cargo puts builds of `profile`.
fn compile(profile: &str, folder: &str) -> Result<PathBuf> {
    add_target()?;
    step("Building the browser code", || {
        let mut build = Command::new(cargo());
        run(build.current_dir(root()).args([
            "rustc",
            "--quiet",
            "--locked",
            "--package",
            "portico-islands",
            "--profile",
            profile,
            "--target",
            TRIPLE,
            // Not in the manifest, because the server's build would then link a library that nothing loads.
            "--crate-type",
            "cdylib",
        ]))
    })?;
    Ok(target().join(TRIPLE).join(folder).join("portico_islands.wasm"))
}

fn add_target() -> Result<()> {
    let sysroot = run_quietly(
        Command::new("rustc")
            .current_dir(root())
            .args(["--print", "sysroot"]),
    )?;
    let libraries = Path::new(sysroot.trim()).join("lib/rustlib").join(TRIPLE);
    if libraries.is_dir() {
        return Ok(());
    }
    step(format!("Adding the target {TRIPLE}"), || {
        run(Command::new("rustup").current_dir(root()).args(["target", "add", TRIPLE]))
            .context("the browser code needs the Rust target wasm32-unknown-unknown: add it with rustup or your system's packages")
    })
}

/// `names` keeps the names of functions, so that a stack trace can be read.
fn bind(built: &Path, site: &Path, names: bool) -> Result<()> {
    // Generate into a temporary folder: an interrupted run must not look complete.
    let fresh = site.with_extension("new");
    if fresh.exists() {
        fs::remove_dir_all(&fresh)?;
    }
    let mut bindgen = Bindgen::new();
    bindgen
        .input_path(built)
        .web(true)?
        .typescript(false)
        .omit_default_module_path(false)
        .remove_name_section(!names)
        .remove_producers_section(true)
        .out_name("portico");
    bindgen
        .generate(&fresh)
        .map_err(|error| anyhow!("wasm-bindgen: {error:#}"))?;
    // File by file: a running demo reads this folder at any time.
    fs::remove_file(site.join(MADE_FROM)).or_else(|error| match error.kind() {
        ErrorKind::NotFound => Ok(()),
        _ => Err(error),
    })?;
    for file in fs::read_dir(&fresh)? {
        let file = file?;
        fs::rename(file.path(), site.join(file.file_name()))
            .context("could not move the browser code into place")?;
    }
    fs::remove_dir(&fresh)?;
    Ok(())
}

/// The command that runs binaryen's `wasm-opt` from npm. `None` without npm or a network.
fn optimiser() -> Result<Option<Vec<PathBuf>>> {
    let (Some(npm), Some(node)) = (which("npm"), which("node")) else {
        note("npm is missing: the browser code is not optimised for size");
        return Ok(None);
    };
    let tools = target().join("npm-tools");
    let script = tools.join("node_modules/binaryen/bin/wasm-opt");
    let wanted = root().join("deploy/xtask/npm");
    let lock = wanted.join("package-lock.json");
    fs::create_dir_all(&tools)?;
    let fingerprint = Fingerprint::of(&tools.join(".made-from"), &[&lock], &[])?;
    if !(fingerprint.is_current() && script.is_file()) {
        let fetched = step("Downloading binaryen from npm", || {
            for name in ["package.json", "package-lock.json"] {
                fs::copy(wanted.join(name), tools.join(name))?;
            }
            run_quietly(Command::new(npm).current_dir(&tools).args([
                "ci",
                "--no-audit",
                "--no-fund",
                "--ignore-scripts",
            ]))
        });
        if let Err(error) = fetched {
            note(format!("continuing without binaryen: {error:#}"));
            return Ok(None);
        }
        fingerprint.save()?;
    }
    Ok(Some(vec![node, script]))
}

fn shrink(optimiser: &[PathBuf], wasm: &Path) -> Result<()> {
    let smaller = wasm.with_extension("smaller");
    let mut command = Command::new(&optimiser[0]);
    command
        .args(&optimiser[1..])
        .arg("-Oz")
        .args(FEATURES)
        .arg(wasm)
        .arg("-o")
        .arg(&smaller);
    run_quietly(&mut command)?;
    fs::rename(&smaller, wasm).context("could not move the optimised code into place")
}

/// The size of the content after compression as the server compresses it for a release.
fn compressed_size(contents: &[u8]) -> Result<usize> {
    let mut out = Vec::new();
    let parameters = brotli::enc::BrotliEncoderParams {
        quality: 11,
        ..Default::default()
    };
    brotli::BrotliCompress(&mut &*contents, &mut out, &parameters)?;
    Ok(out.len())
}
