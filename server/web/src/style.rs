//! The style sheet. `build.rs` uses this file, too.

use std::path::Path;
use std::{fs, io};

/// Joins the style sheets of a folder in the order of their names.
pub(crate) fn read(folder: &Path) -> io::Result<Vec<u8>> {
    let mut paths = Vec::new();
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.extension().is_some_and(|extension| extension == "css") {
            paths.push(path);
        }
    }
    paths.sort();
    let mut all = Vec::new();
    for path in paths {
        all.extend(fs::read(path)?);
        all.push(b'\n');
    }
    Ok(all)
}
