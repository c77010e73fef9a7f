//! The table of routes. The router is built from it, and tests walk it.

use axum::routing::{MethodRouter, delete, get, post};
use serde::Serialize;

use super::app::App;
use super::pages::{
    admin, approvals, catalog, claims, form, home, logout, people, requests, sessions, sign_in, switch,
    tokens,
};
use super::{api, assets, health, live, metrics};

const CLAIM: &str = "/claims/{plane}/{offering}/{namespace}/{name}";
const CLAIM_CHANGE: &str = "/claims/{plane}/{offering}/{namespace}/{name}/change";
const CLAIM_DELETE: &str = "/claims/{plane}/{offering}/{namespace}/{name}/delete";
const CLAIM_RENEW: &str = "/claims/{plane}/{offering}/{namespace}/{name}/renew";
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
    stale: Option<MethodRouter<App>>,
}

/// Who may ask, and how.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum Kind {
    /// Anybody. Nothing is checked but what holds for all requests.
    Public,
    /// A page for signed-in people: strangers are sent to sign in.
    Page,
    /// A form of such a page: needs the CSRF token.
    Form,
    /// The API: strangers get 401. With a session, what changes something needs the CSRF token.
    Api,
}

/// The table.
#[must_use]
pub fn table() -> Vec<Route> {
    use Kind::{Form, Page, Public};
    let route = Route::new;
    let mut table = api_table();
    table.extend([
        route("GET", "/events", Kind::Api, get(live::events)),
        route("GET", "/", Page, get(home::page)),
        route("GET", "/catalog", Page, get(catalog::list)),
        route("GET", "/catalog/{offering}", Page, get(catalog::offering)),
        route("GET", "/catalog/{offering}/request", Page, get(form::open)),
        route("POST", "/catalog/{offering}/request", Form, post(form::send)).or_stale(post(form::look_over)),
        route("GET", "/requests", Page, get(requests::list)),
        route("GET", "/requests/{id}", Page, get(requests::one)),
        route("POST", "/requests/{id}/decide", Form, post(requests::decide)),
        route("POST", "/requests/{id}/withdraw", Form, post(requests::withdraw)),
        route("POST", "/requests/{id}/comment", Form, post(requests::comment)),
        route("GET", "/claims", Page, get(claims::list)),
        route("GET", CLAIM, Page, get(claims::one)),
        route("GET", CLAIM_CHANGE, Page, get(form::open_change)),
        route("POST", CLAIM_CHANGE, Form, post(form::send_change)).or_stale(post(form::look_over_change)),
        route("POST", CLAIM_RENEW, Form, post(claims::renew)),
        route("GET", CLAIM_DELETE, Page, get(claims::open_delete)),
        route("POST", CLAIM_DELETE, Form, post(claims::delete)),
        route("POST", CLAIM_REVEAL, Form, post(claims::reveal)),
        route("GET", "/approvals", Page, get(approvals::list)),
        route("GET", "/tokens", Page, get(tokens::list)),
        route("POST", "/tokens", Form, post(tokens::make)),
        route("POST", "/tokens/{id}/revoke", Form, post(tokens::revoke)),
        route("GET", "/admin", Page, get(admin::home)),
        route("GET", "/admin/control-planes", Page, get(admin::planes)),
        route("GET", "/admin/control-planes/{plane}", Page, get(admin::plane)),
        route(
            "POST",
            "/admin/control-planes/{plane}/cordon",
            Form,
            post(admin::cordon),
        ),
        route(
            "POST",
            "/admin/control-planes/{plane}/uncordon",
            Form,
            post(admin::uncordon),
        ),
        route("GET", "/sessions", Page, get(sessions::list)),
        route("POST", "/sessions/{id}/end", Form, post(sessions::end)),
        route("GET", "/admin/people", Page, get(people::list)),
        route("GET", "/admin/people/{id}", Page, get(people::one)),
        route("POST", "/admin/people/{id}/end", Form, post(people::end)),
        route("GET", "/admin/tenants", Page, get(admin::tenants)),
        route("GET", "/admin/record", Page, get(admin::record)),
        route("GET", "/admin/record/export", Page, get(admin::export_record)),
        route(
            "POST",
            "/admin/record/acknowledge",
            Form,
            post(admin::acknowledge),
        ),
        route("GET", "/admin/configuration", Page, get(admin::configuration)),
        route("GET", "/sign-in", Public, get(sign_in::page)),
        route("GET", "/auth/login", Public, get(sign_in::login)),
        route("GET", "/auth/callback", Public, get(sign_in::callback)),
        route("POST", "/auth/logout", Form, post(sign_in::logout)),
        route(
            "POST",
            "/auth/backchannel-logout",
            Public,
            post(logout::backchannel),
        ),
        route("GET", "/auth/signed-out", Public, get(sign_in::signed_out)),
        route("POST", "/switch", Form, post(switch::switch)),
        route("GET", "/logo", Public, get(assets::logo)),
        route("GET", "/assets/{file}", Public, get(assets::asset)),
        route("GET", "/healthz", Public, get(health::healthz)),
        route("GET", "/readyz", Public, get(health::readyz)),
        route("GET", "/metrics", Public, get(metrics::metrics)),
    ]);
    table
}

fn api_table() -> Vec<Route> {
    let route = |method, path, handler| Route::new(method, path, Kind::Api, handler);
    vec![
        route("GET", "/api/v1/viewer", get(api::viewer::viewer)),
        route("GET", "/api/v1/home", get(api::viewer::home)),
        route("GET", "/api/v1/search", get(api::catalog::search)),
        route("GET", "/api/v1/offerings", get(api::catalog::list)),
        route("GET", "/api/v1/offerings/{offering}", get(api::catalog::one)),
        route(
            "POST",
            "/api/v1/offerings/{offering}/check",
            post(api::catalog::check),
        ),
        route("GET", "/api/v1/requests", get(api::requests::list)),
        route("POST", "/api/v1/requests", post(api::requests::create)),
        route("GET", "/api/v1/requests/{id}", get(api::requests::one)),
        route(
            "POST",
            "/api/v1/requests/{id}/decision",
            post(api::requests::decide),
        ),
        route(
            "POST",
            "/api/v1/requests/{id}/withdrawal",
            post(api::requests::withdraw),
        ),
        route(
            "POST",
            "/api/v1/requests/{id}/comments",
            post(api::requests::comment),
        ),
        route("GET", "/api/v1/approvals", get(api::requests::approvals)),
        route("GET", "/api/v1/claims", get(api::claims::list)),
        route(
            "GET",
            "/api/v1/claims/{plane}/{offering}/{namespace}/{name}",
            get(api::claims::one),
        ),
        route(
            "POST",
            "/api/v1/claims/{plane}/{offering}/{namespace}/{name}/change",
            post(api::claims::change),
        ),
        route(
            "POST",
            "/api/v1/claims/{plane}/{offering}/{namespace}/{name}/renewal",
            post(api::claims::renew),
        ),
        route(
            "POST",
            "/api/v1/claims/{plane}/{offering}/{namespace}/{name}/deletion",
            post(api::claims::delete),
        ),
        route(
            "POST",
            "/api/v1/claims/{plane}/{offering}/{namespace}/{name}/reveal",
            post(api::claims::reveal),
        ),
        route("GET", "/api/v1/control-planes", get(api::admin::planes)),
        route("GET", "/api/v1/control-planes/{plane}", get(api::admin::plane)),
        route(
            "POST",
            "/api/v1/control-planes/{plane}/cordon",
            post(api::admin::cordon),
        ),
        route(
            "DELETE",
            "/api/v1/control-planes/{plane}/cordon",
            delete(api::admin::uncordon),
        ),
        route("GET", "/api/v1/tenants", get(api::admin::tenants)),
        route("GET", "/api/v1/configuration", get(api::admin::configuration)),
        route("GET", "/api/v1/record", get(api::admin::record)),
        route(
            "POST",
            "/api/v1/record/acknowledgement",
            post(api::admin::acknowledge),
        ),
        route("GET", "/api/v1/sessions", get(api::access::sessions)),
        route(
            "DELETE",
            "/api/v1/sessions/{id}",
            delete(api::access::end_session),
        ),
        route("GET", "/api/v1/people", get(api::access::people)),
        route("GET", "/api/v1/people/{id}", get(api::access::person)),
        route("DELETE", "/api/v1/people/{id}/access", delete(api::access::end)),
        route("GET", "/api/v1/tokens", get(api::tokens::list)),
        route("POST", "/api/v1/tokens", post(api::tokens::make)),
        route("DELETE", "/api/v1/tokens/{id}", delete(api::tokens::delete)),
        Route::new(
            "GET",
            "/api/v1/openapi.json",
            Kind::Public,
            get(api::openapi::openapi),
        ),
    ]
}

impl Route {
    /// A route. It has a kind: without one it does not build.
    ///
    /// ```compile_fail,E0061
    /// use axum::routing::get;
    /// use portico_web::routes::Route;
    ///
    /// let route = Route::new("GET", "/mine", get(async || "mine"));
    /// ```
    #[must_use]
    pub fn new(method: &'static str, path: &'static str, kind: Kind, handler: MethodRouter<App>) -> Self {
        Self {
            method,
            path,
            kind,
            handler,
            stale: None,
        }
    }

    /// The same route, with what answers a form that was made for another session.
    fn or_stale(self, stale: MethodRouter<App>) -> Self {
        Self {
            stale: Some(stale),
            ..self
        }
    }

    /// The path, what answers there, and what answers a form of another session.
    pub(super) fn into_handlers(self) -> (&'static str, MethodRouter<App>, Option<MethodRouter<App>>) {
        (self.path, self.handler, self.stale)
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
