//! The style sheet. `build.rs` uses this file, too.

use std::path::Path;
use std::{fs, io};

/// The font's file in the folder of the style sheets, and its name in them.
pub(crate) const FONT: &str = "fonts/geist.woff2";

/// Joins the style sheets of a folder in the order of their names. `font` is the font's URL.
pub(crate) fn read(folder: &Path, font: &str) -> io::Result<Vec<u8>> {
    let mut paths = Vec::new();
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.extension().is_some_and(|extension| extension == "css") {
            paths.push(path);
        }
    }
    paths.sort();
    let mut all = String::new();
    for path in paths {
        all.push_str(&fs::read_to_string(path)?);
        all.push('\n');
    }
    Ok(all.replace(FONT, font).into_bytes())
}
