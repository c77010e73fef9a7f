//! Whether it works, for whatever restarts it and sends it traffic.

use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::StatusCode;

use super::app::App;

/// `GET /healthz`: the process answers.
pub(super) async fn healthz() -> &'static str {
    "ok\n"
}

/// `GET /readyz`: it answers, and its database does. Control planes and the identity provider are no part of it:
/// without them much still works, and another replica would fare no better.
pub(super) async fn readyz(State(app): State<App>) -> Response {
    match app.store.ping().await {
        Ok(()) => "ok\n".into_response(),
        Err(error) => {
            tracing::warn!(%error, "not ready: the database does not answer");
            (StatusCode::SERVICE_UNAVAILABLE, "the database does not answer\n").into_response()
        }
    }
}
