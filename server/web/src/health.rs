//! Liveness and readiness.

use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::StatusCode;

use super::app::App;
use super::assets::Assets;

/// What is wrong with a program that was built without the browser's code. It works, as it does for browsers without
/// scripts, which is not what anybody means to run.
#[must_use]
pub fn browser_code_problem(assets: &Assets) -> Option<&'static str> {
    assets.script().is_none().then_some(
        "this program was built without the browser's code: no page renews itself, and forms do not answer while one \
         types. Build it with `cargo xtask build --release`",
    )
}

/// `GET /healthz`: the process answers.
pub(super) async fn healthz() -> &'static str {
    "ok\n"
}

/// `GET /readyz`: it answers, and its database does. Control planes and the identity provider are no part of it:
/// without them much still works, and another replica would fare no better.
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
