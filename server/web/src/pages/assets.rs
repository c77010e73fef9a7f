//! Assets and the company's logo.

use axum::extract::{Path, State};
use axum::response::{IntoResponse, Response};
use http::{HeaderMap, HeaderValue, StatusCode, header};

use super::super::app::App;
use super::super::assets::embedded_file;
use super::super::problem::Problem;

/// `GET /assets/{file}`. The name of an embedded asset holds a hash of its content, so the content never changes.
/// Browsers store nothing of what is read from disk.
pub(in super::super) async fn asset(
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
    let asset = embedded_file(&file).ok_or_else(Problem::not_found)?;
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
pub(in super::super) async fn logo(State(app): State<App>) -> Result<Response, Problem> {
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
