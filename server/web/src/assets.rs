//! Static assets: the style sheet, and the browser code if it was built. `build.rs` embeds them. A debug build can read
//! them from disk instead, so that a change of them needs no new program.

use std::path::PathBuf;
use std::{env, fs, io};

use axum::extract::{Path, State};
use axum::response::{IntoResponse, Response};
use http::{HeaderMap, HeaderValue, StatusCode, header};

use super::app::App;
use super::problem::Problem;
use super::style;

struct Embedded {
    name: &'static str,
    file: &'static str,
    path: &'static str,
    kind: &'static str,
    bytes: &'static [u8],
    /// The content compressed, unless it is already.
    brotli: Option<&'static [u8]>,
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
    fn read(&self, file: &str) -> Option<(&'static str, io::Result<Vec<u8>>)> {
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

fn embedded(name: &str) -> Option<&'static str> {
    EMBEDDED
        .iter()
        .find(|asset| asset.name == name)
        .map(|asset| asset.path)
}

/// `GET /assets/{file}`. The name of an embedded asset holds a hash of its content, so the content never changes.
/// Browsers store nothing of what is read from disk.
pub(super) async fn asset(
    State(app): State<App>,
    Path(file): Path<String>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    // Blocks a serving thread for a moment, which only a debug build does.
    if let Some((kind, contents)) = app.assets.read(&file) {
        let contents = contents.map_err(|error| {
            tracing::warn!(%error, file, "the asset cannot be read from disk");
            Problem::not_found()
        })?;
        // To compress megabytes of unoptimized browser code takes longer than to send it over loopback.
        let headers = [
            (header::CONTENT_TYPE, kind),
            (header::CACHE_CONTROL, "no-store"),
            (header::CONTENT_ENCODING, "identity"),
        ];
        return Ok((headers, contents).into_response());
    }
    let asset = EMBEDDED
        .iter()
        .find(|asset| asset.file == file)
        .ok_or_else(Problem::not_found)?;
    let accepted = headers
        .get(header::ACCEPT_ENCODING)
        .and_then(|value| value.to_str().ok())
        .is_some_and(|value| {
            value
                .split(',')
                .any(|one| one.trim().split(';').next() == Some("br"))
        });
    let brotli = asset.brotli.filter(|_| accepted);
    let mut response = (StatusCode::OK, brotli.unwrap_or(asset.bytes)).into_response();
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(asset.kind));
    headers.insert(
        header::CACHE_CONTROL,
        HeaderValue::from_static("public, max-age=31536000, immutable"),
    );
    headers.insert(header::VARY, HeaderValue::from_static("accept-encoding"));
    if brotli.is_some() {
        headers.insert(header::CONTENT_ENCODING, HeaderValue::from_static("br"));
    }
    Ok(response)
}

/// `GET /logo`: the company's logo.
pub(super) async fn logo(State(app): State<App>) -> Result<Response, Problem> {
    let configuration = app.configuration.current();
    let path = configuration
        .portal
        .spec
        .company
        .logo
        .clone()
        .ok_or_else(Problem::not_found)?;
    let kind = match path.rsplit('.').next() {
        Some("svg") => "image/svg+xml",
        Some("png") => "image/png",
        Some("webp") => "image/webp",
        _ => return Err(Problem::not_found()),
    };
    let bytes = tokio::fs::read(&path).await.map_err(|error| {
        tracing::warn!(%error, path, "the company's logo cannot be read");
        Problem::not_found()
    })?;
    let mut response = bytes.into_response();
    response
        .headers_mut()
        .insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
    response.headers_mut().insert(
        header::CACHE_CONTROL,
        HeaderValue::from_static("public, max-age=3600"),
    );
    Ok(response)
}
