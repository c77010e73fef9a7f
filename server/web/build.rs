//! Embeds what browsers load: the font of `style/fonts/`, the style sheets of `style/`, joined in the order of their
//! names, and from the folder `$PORTICO_SITE`, where that is set, `portico.js` and `portico_bg.wasm`. Names carry
//! a hash of the content, so that browsers may keep them for ever; text comes compressed already.

use std::env;
use std::fmt::Write as _;
use std::fs;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

#[path = "src/style.rs"]
mod style;

use sha2::{Digest, Sha256};

fn main() -> io::Result<()> {
    println!("cargo::rerun-if-env-changed=PORTICO_SITE");
    let out = PathBuf::from(env::var_os("OUT_DIR").unwrap_or_default());
    let styles = PathBuf::from(env::var_os("CARGO_MANIFEST_DIR").unwrap_or_default()).join("../../style");
    println!("cargo::rerun-if-changed={}", styles.display());
    let mut list = String::from("&[\n");
    let font = embed(
        &mut list,
        &out,
        "font",
        "woff2",
        "font/woff2",
        &fs::read(styles.join(style::FONT))?,
    )?;
    embed(
        &mut list,
        &out,
        "style",
        "css",
        "text/css; charset=utf-8",
        &style::read(&styles, &font)?,
    )?;
    if let Some(site) = env::var_os("PORTICO_SITE")
        .filter(|site| !site.is_empty())
        .map(PathBuf::from)
    {
        for (name, file, extension, kind) in [
            ("portico", "portico.js", "js", "text/javascript; charset=utf-8"),
            ("portico_bg", "portico_bg.wasm", "wasm", "application/wasm"),
        ] {
            let path = site.join(file);
            println!("cargo::rerun-if-changed={}", path.display());
            embed(&mut list, &out, name, extension, kind, &fs::read(&path)?)?;
        }
    } else if env::var("PROFILE").is_ok_and(|profile| profile == "release") {
        println!(
            "cargo::warning=built without the browser's code (PORTICO_SITE names no folder): \
             `cargo xtask build --release` builds the whole program"
        );
    }
    list.push_str("]\n");
    fs::write(out.join("assets.rs"), list)
}

fn embed(
    list: &mut String,
    out: &Path,
    name: &str,
    extension: &str,
    kind: &str,
    bytes: &[u8],
) -> io::Result<String> {
    let hash = hex::encode(&Sha256::digest(bytes)[..8]);
    let file = format!("{name}-{hash}.{extension}");
    fs::write(out.join(&file), bytes)?;
    // The best quality costs seconds, which a release can afford and a developer's build cannot.
    let quality = if env::var("PROFILE").is_ok_and(|profile| profile == "release") {
        11
    } else {
        5
    };
    let path = out.display();
    // A font of this kind is compressed already.
    let compressed = if extension == "woff2" {
        "None".to_owned()
    } else {
        let mut compressor = brotli::CompressorWriter::new(Vec::new(), 1 << 16, quality, 22);
        compressor.write_all(bytes)?;
        fs::write(out.join(format!("{file}.br")), compressor.into_inner())?;
        format!("Some(include_bytes!(\"{path}/{file}.br\"))")
    };
    writeln!(
        list,
        "Embedded {{ name: {name:?}, file: {file:?}, path: \"/assets/{file}\", kind: {kind:?}, \
         bytes: include_bytes!(\"{path}/{file}\"), brotli: {compressed} }},"
    )
    .map_err(io::Error::other)?;
    Ok(format!("/assets/{file}"))
}
