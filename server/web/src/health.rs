//! Liveness and readiness.

use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::StatusCode;

use super::app::App;
use super::assets::Assets;

/// Warns about a program that was built without the browser's code. Pages work, but without updates and live forms.
#[must_use]
pub fn browser_code_problem(assets: &Assets) -> Option<&'static str> {
    assets.script().is_none().then_some(
        "this program was built without the browser's code: no page renews itself, and forms do not answer while one \
         types. Build it with `cargo xtask build --release`",
    )
}

/// `GET /healthz`: the process is alive.
pub(super) async fn healthz() -> &'static str {
    "ok\n"
}

/// `GET /readyz`: the process and its database respond. Control planes and the identity provider do not count: much
/// works without them, and another replica would fare no better.
pub(super) async fn readyz(State(app): State<App>) -> Response {
    match app.store.ping().await {
        Ok(()) => match browser_code_problem(&app.assets) {
            Some(problem) => format!("ok, but {problem}\n").into_response(),
            None => "ok\n".into_response(),
        },
        Err(error) => {
            tracing::warn!(%error, "not ready: the database does not answer");
            (StatusCode::SERVICE_UNAVAILABLE, "the database does not answer\n").into_response()
        }
    }
}
