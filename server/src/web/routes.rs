//! Everything that answers, in one table: the router is built from it, and so is what tests walk.

use axum::routing::{MethodRouter, get, post};
use serde::Serialize;

use super::app::App;
use super::pages::{admin, approvals, catalog, claims, form, home, requests, sign_in, switch};
use super::{assets, health, measure};

const CLAIM: &str = "/claims/{plane}/{offering}/{namespace}/{name}";
const CLAIM_CHANGE: &str = "/claims/{plane}/{offering}/{namespace}/{name}/change";
const CLAIM_DELETE: &str = "/claims/{plane}/{offering}/{namespace}/{name}/delete";
const CLAIM_REVEAL: &str = "/claims/{plane}/{offering}/{namespace}/{name}/reveal";

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
        route("GET", "/catalog", Page, get(catalog::list)),
        route("GET", "/catalog/{offering}", Page, get(catalog::offering)),
        route("GET", "/catalog/{offering}/request", Page, get(form::open)),
        route("POST", "/catalog/{offering}/request", Form, post(form::send)),
        route("GET", "/requests", Page, get(requests::list)),
        route("GET", "/requests/{id}", Page, get(requests::one)),
        route("POST", "/requests/{id}/decide", Form, post(requests::decide)),
        route("POST", "/requests/{id}/withdraw", Form, post(requests::withdraw)),
        route("GET", "/claims", Page, get(claims::list)),
        route("GET", CLAIM, Page, get(claims::one)),
        route("GET", CLAIM_CHANGE, Page, get(form::open_change)),
        route("POST", CLAIM_CHANGE, Form, post(form::send_change)),
        route("GET", CLAIM_DELETE, Page, get(claims::open_delete)),
        route("POST", CLAIM_DELETE, Form, post(claims::delete)),
        route("POST", CLAIM_REVEAL, Form, post(claims::reveal)),
        route("GET", "/approvals", Page, get(approvals::list)),
        route("GET", "/admin/control-planes", Page, get(admin::planes)),
        route("GET", "/admin/control-planes/{plane}", Page, get(admin::plane)),
        route("GET", "/admin/tenants", Page, get(admin::tenants)),
        route("GET", "/admin/record", Page, get(admin::record)),
        route("GET", "/admin/configuration", Page, get(admin::configuration)),
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
        route("GET", "/metrics", Public, get(measure::metrics)),
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
