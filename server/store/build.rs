//! Lists the migrations for `backend/migrations.rs`, which embeds them. `sqlx::migrate!` would do the same, but makes
//! cargo build sqlx and its dependencies a second time, for the host.

use std::env;
use std::fmt::Write as _;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

fn main() -> io::Result<()> {
    let manifest = PathBuf::from(env::var_os("CARGO_MANIFEST_DIR").unwrap_or_default());
    let out = PathBuf::from(env::var_os("OUT_DIR").unwrap_or_default());
    println!("cargo::rerun-if-changed=build.rs");
    for database in ["postgres", "sqlite"] {
        let folder = manifest.join("../../migrations").join(database);
        println!("cargo::rerun-if-changed={}", folder.display());
        fs::write(out.join(format!("{database}.rs")), list(&folder)?)?;
    }
    Ok(())
}

/// Returns a Rust expression: a slice of version, description and text of each migration, in order.
fn list(folder: &Path) -> io::Result<String> {
    let mut paths = fs::read_dir(folder)?
        .map(|entry| entry.map(|entry| entry.path()))
        .collect::<io::Result<Vec<_>>>()?;
    paths.retain(|path| path.extension().is_some_and(|extension| extension == "sql"));
    paths.sort();
    let mut list = String::from("&[\n");
    for path in paths {
        let name = path.file_stem().unwrap_or_default().to_string_lossy();
        let (version, description) = name
            .split_once('_')
            .and_then(|(version, description)| Some((version.parse::<i64>().ok()?, description)))
            .ok_or_else(|| io::Error::other(format!("{name} is not NUMBER_DESCRIPTION.sql")))?;
        let description = description.replace('_', " ");
        let path = path.display().to_string();
        writeln!(list, "({version}, {description:?}, include_str!({path:?})),").map_err(io::Error::other)?;
    }
    list.push_str("]\n");
    Ok(list)
}
