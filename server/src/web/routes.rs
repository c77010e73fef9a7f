//! Everything that answers, in one table: the router is built from it, and so is what tests walk.

use axum::routing::{MethodRouter, get, post};
use serde::Serialize;

use super::app::App;
use super::pages::{home, sign_in, switch};
use super::{assets, health};

/// A method and a path, and who may ask.
pub struct Route {
    /// `GET` or `POST`, `DELETE`.
    pub method: &'static str,
    /// The path, with `{parameters}`.
    pub path: &'static str,
    /// Who may ask, and how.
    pub kind: Kind,
    handler: MethodRouter<App>,
}

/// Who may ask, and how.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum Kind {
    /// Anybody.
    Public,
    /// A page for signed-in people: strangers are sent to sign in.
    Page,
    /// A form of such a page: needs the CSRF token.
    Form,
    /// The API: strangers get 401. With a session, whatever changes something needs the CSRF token.
    Api,
}

/// The table.
#[must_use]
pub fn table() -> Vec<Route> {
    use Kind::{Form, Page, Public};
    let route = |method, path, kind, handler| Route {
        method,
        path,
        kind,
        handler,
    };
    vec![
        route("GET", "/", Page, get(home::page)),
        route("GET", "/sign-in", Public, get(sign_in::page)),
        route("GET", "/auth/login", Public, get(sign_in::login)),
        route("GET", "/auth/callback", Public, get(sign_in::callback)),
        route("POST", "/auth/logout", Form, post(sign_in::logout)),
        route("GET", "/auth/signed-out", Public, get(sign_in::signed_out)),
        route("POST", "/switch", Form, post(switch::switch)),
        route("GET", "/logo", Public, get(assets::logo)),
        route("GET", "/assets/{file}", Public, get(assets::asset)),
        route("GET", "/healthz", Public, get(health::healthz)),
        route("GET", "/readyz", Public, get(health::readyz)),
    ]
}

impl Route {
    /// The path and what answers there.
    pub(super) fn into_handler(self) -> (&'static str, MethodRouter<App>) {
        (self.path, self.handler)
    }
}

/// The table as JSON, for `portico routes --json`.
#[must_use]
pub fn as_json() -> serde_json::Value {
    table()
        .iter()
        .map(|route| serde_json::json!({ "method": route.method, "path": route.path, "kind": route.kind }))
        .collect()
}
