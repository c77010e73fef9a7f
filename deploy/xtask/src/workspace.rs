//! Paths in this clone.

use std::env;
use std::path::{Path, PathBuf};

/// The root of the workspace, found from this crate's manifest when cargo runs it, else from the current folder.
pub(crate) fn root() -> PathBuf {
    let here = env::var_os("CARGO_MANIFEST_DIR")
        .map(PathBuf::from)
        .or_else(|| env::current_dir().ok())
        .unwrap_or_else(|| PathBuf::from("."));
    here.ancestors()
        .find(|folder| folder.join("Cargo.lock").is_file())
        .map_or_else(|| here.clone(), Path::to_path_buf)
}

/// Cargo's target folder.
pub(crate) fn target() -> PathBuf {
    match env::var_os("CARGO_TARGET_DIR").map(PathBuf::from) {
        Some(folder) if folder.is_absolute() => folder,
        Some(folder) => root().join(folder),
        None => root().join("target"),
    }
}

/// True if a path has this extension.
pub(crate) fn has_extension(name: &str, wanted: &str) -> bool {
    Path::new(name)
        .extension()
        .is_some_and(|extension| extension.eq_ignore_ascii_case(wanted))
}

/// The folder of the browser code. The build script of the server embeds it from here.
pub(crate) fn site() -> PathBuf {
    target().join("site")
}

/// The folder of the browser code that `cargo xtask watch` builds. The running program reads it from here.
pub(crate) fn development_site() -> PathBuf {
    target().join("site-development")
}

/// The cargo that runs this program.
pub(crate) fn cargo() -> PathBuf {
    env::var_os("CARGO").map_or_else(|| PathBuf::from("cargo"), PathBuf::from)
}

/// Finds a program on the `PATH`.
pub(crate) fn which(program: &str) -> Option<PathBuf> {
    let path = env::var_os("PATH")?;
    env::split_paths(&path)
        .map(|folder| folder.join(program))
        .find(|file| file.is_file())
}
