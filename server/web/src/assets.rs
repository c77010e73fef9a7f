//! Static assets: the style sheet, and the browser code if it was built. `build.rs` embeds them. A debug build can read
//! them from disk instead, so that a change of them needs no new program.

use std::path::PathBuf;
use std::{env, fs, io};

use super::style;

/// An asset in the program.
pub(super) struct Embedded {
    name: &'static str,
    file: &'static str,
    path: &'static str,
    /// The media type.
    pub(super) kind: &'static str,
    pub(super) bytes: &'static [u8],
    /// The content compressed, unless it is already.
    pub(super) brotli: Option<&'static [u8]>,
}

static EMBEDDED: &[Embedded] = include!(concat!(env!("OUT_DIR"), "/assets.rs"));

/// Where assets are read from: disk if a folder is given, else the program.
#[derive(Debug, Clone, Default)]
pub struct Assets {
    /// The folder of the style sheets.
    pub style: Option<PathBuf>,
    /// The folder of the browser code.
    pub site: Option<PathBuf>,
}

impl Assets {
    /// The folders that `PORTICO_DEV_STYLE` and `PORTICO_DEV_SITE` name. A release build ignores these variables.
    #[must_use]
    pub fn from_environment() -> Self {
        let folder = |name| {
            env::var_os(name)
                .filter(|value| cfg!(debug_assertions) && !value.is_empty())
                .map(PathBuf::from)
        };
        Self {
            style: folder("PORTICO_DEV_STYLE"),
            site: folder("PORTICO_DEV_SITE"),
        }
    }

    /// The path of the style sheet.
    pub(super) fn style(&self) -> &'static str {
        match self.style {
            Some(_) => "/assets/dev.css",
            None => embedded("style").unwrap_or_default(),
        }
    }

    /// The path of the font.
    pub(super) fn font(&self) -> &'static str {
        match self.style {
            Some(_) => "/assets/dev.woff2",
            None => embedded("font").unwrap_or_default(),
        }
    }

    /// The path of the script, if it was built.
    pub(super) fn script(&self) -> Option<&'static str> {
        self.site
            .as_ref()
            .map_or_else(|| embedded("portico"), |_| Some("/assets/dev.js"))
    }

    /// The path of the wasm, if it was built.
    pub(super) fn wasm(&self) -> Option<&'static str> {
        self.site
            .as_ref()
            .map_or_else(|| embedded("portico_bg"), |_| Some("/assets/dev.wasm"))
    }

    /// Returns an asset's media type and its content on disk; `None` if no such asset is read from disk.
    pub(super) fn read(&self, file: &str) -> Option<(&'static str, io::Result<Vec<u8>>)> {
        let site = |name| self.site.as_ref().map(|site| fs::read(site.join(name)));
        Some(match file {
            "dev.css" => (
                "text/css; charset=utf-8",
                style::read(self.style.as_ref()?, self.font()),
            ),
            "dev.woff2" => ("font/woff2", fs::read(self.style.as_ref()?.join(style::FONT))),
            "dev.js" => ("text/javascript; charset=utf-8", site("portico.js")?),
            "dev.wasm" => ("application/wasm", site("portico_bg.wasm")?),
            _ => return None,
        })
    }
}

/// Returns the embedded asset with this file name.
pub(super) fn embedded_file(file: &str) -> Option<&'static Embedded> {
    EMBEDDED.iter().find(|asset| asset.file == file)
}

fn embedded(name: &str) -> Option<&'static str> {
    EMBEDDED
        .iter()
        .find(|asset| asset.name == name)
        .map(|asset| asset.path)
}
