//! Static assets, embedded by `build.rs`.

use axum::extract::Path;
use axum::response::{IntoResponse, Response};
use http::{HeaderMap, HeaderValue, StatusCode, header};

use super::problem::Problem;

struct Asset {
    name: &'static str,
    file: &'static str,
    path: &'static str,
    kind: &'static str,
    bytes: &'static [u8],
    brotli: &'static [u8],
}

static ASSETS: &[Asset] = include!(concat!(env!("OUT_DIR"), "/assets.rs"));

/// The path of the style sheet.
pub(super) fn style() -> &'static str {
    path("style").unwrap_or_default()
}

/// The path of the script, where it was built.
pub(super) fn script() -> Option<&'static str> {
    path("portico")
}

/// The path of the wasm, where it was built.
pub(super) fn wasm() -> Option<&'static str> {
    path("portico_bg")
}

fn path(name: &str) -> Option<&'static str> {
    ASSETS
        .iter()
        .find(|asset| asset.name == name)
        .map(|asset| asset.path)
}

/// `GET /assets/{file}`. The name holds a hash of the content, so the content never changes.
pub(super) async fn asset(Path(file): Path<String>, headers: HeaderMap) -> Result<Response, Problem> {
    let asset = ASSETS
        .iter()
        .find(|asset| asset.file == file)
        .ok_or_else(Problem::not_found)?;
    let brotli = headers
        .get(header::ACCEPT_ENCODING)
        .and_then(|value| value.to_str().ok())
        .is_some_and(|value| {
            value
                .split(',')
                .any(|one| one.trim().split(';').next() == Some("br"))
        });
    let mut response = (StatusCode::OK, if brotli { asset.brotli } else { asset.bytes }).into_response();
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(asset.kind));
    headers.insert(
        header::CACHE_CONTROL,
        HeaderValue::from_static("public, max-age=31536000, immutable"),
    );
    headers.insert(header::VARY, HeaderValue::from_static("accept-encoding"));
    if brotli {
        headers.insert(header::CONTENT_ENCODING, HeaderValue::from_static("br"));
    }
    Ok(response)
}

/// `GET /logo`: the company's logo.
pub(super) async fn logo(
    axum::extract::State(app): axum::extract::State<super::App>,
) -> Result<Response, Problem> {
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
