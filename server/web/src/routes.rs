//! The table of routes. The router is built from it, and tests iterate over it.

use axum::routing::{MethodRouter, get, post};
use serde::Serialize;
use utoipa_axum::router::UtoipaMethodRouter;
use utoipa_axum::routes;

use super::api::openapi::Description;
use super::app::App;
use super::pages::{
    admin, agents, approvals, assets, catalog, claims, claims_views, form, home, kubectl, language, logout,
    people, publications, requests, sessions, several_claims, sign_in, switch, tokens, usage,
};
use super::{api, health, live, metrics};

const CLAIM: &str = "/claims/{plane}/{offering}/{namespace}/{name}";
const CLAIM_CHANGE: &str = "/claims/{plane}/{offering}/{namespace}/{name}/change";
const CLAIM_ADOPT: &str = "/claims/{plane}/{offering}/{namespace}/{name}/adopt";
const CLAIM_DELETE: &str = "/claims/{plane}/{offering}/{namespace}/{name}/delete";
const CLAIM_RENEW: &str = "/claims/{plane}/{offering}/{namespace}/{name}/renew";
const CLAIM_REVEAL: &str = "/claims/{plane}/{offering}/{namespace}/{name}/reveal";

/// A method, a path and a kind.
pub struct Route {
    /// `GET`, `POST` or `DELETE`.
    pub method: &'static str,
    /// The path, with `{parameters}`.
    pub path: String,
    /// Who may call it.
    pub kind: Kind,
    /// The schemas and the operation of an API route.
    pub(super) description: Option<Description>,
    handler: MethodRouter<App>,
    stale: Option<MethodRouter<App>>,
}

/// Who may call a route.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum Kind {
    /// Anybody. Anonymous requests count against the limit of their address.
    Public,
    /// Anybody, without a rate limit: health checks, metrics and assets.
    Unlimited,
    /// A step of the sign-in: anybody, within the limit of sign-ins of their address.
    SignIn,
    /// A page for signed-in people; others are sent to sign in.
    Page,
    /// A form of such a page; needs the CSRF token.
    Form,
    /// The API; others get 401. With a session, a change needs the CSRF token.
    Api,
}

impl Kind {
    /// True if only a signed-in person may call the route.
    #[must_use]
    pub fn needs_viewer(self) -> bool {
        matches!(self, Self::Page | Self::Form | Self::Api)
    }
}

/// The pages of administrators, and a person's sessions.
fn admin_table() -> Vec<Route> {
    use Kind::{Form, Page};
    let route = Route::new;
    vec![
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
        route(
            "POST",
            "/admin/control-planes/{plane}/cluster",
            Form,
            post(admin::accept_cluster),
        ),
        route("POST", "/admin/control-planes/{plane}", Form, post(agents::enrol)),
        route(
            "POST",
            "/admin/control-planes/{plane}/agents/{agent}/revoke",
            Form,
            post(agents::revoke),
        ),
        route(
            "GET",
            "/admin/differences/{offering}",
            Page,
            get(admin::differences),
        ),
        route(
            "GET",
            "/admin/try-definition",
            Page,
            get(admin::open_try_definition),
        ),
        route("POST", "/admin/try-definition", Form, post(admin::try_definition)),
        route(
            "GET",
            "/admin/health/{offering}",
            Page,
            get(admin::open_try_health),
        ),
        route("POST", "/admin/health/{offering}", Form, post(admin::try_health)),
        route("GET", "/sessions", Page, get(sessions::list)),
        route("POST", "/sessions/{id}/end", Form, post(sessions::end)),
        route("GET", "/admin/tenants", Page, get(admin::tenants)),
        route("GET", "/admin/tenants/{tenant}", Page, get(admin::tenant)),
        route("GET", "/admin/record", Page, get(admin::record)),
        route("GET", "/admin/record/export", Page, get(admin::export_audit_log)),
        route(
            "POST",
            "/admin/record/acknowledge",
            Form,
            post(admin::acknowledge),
        ),
        route("GET", "/admin/configuration", Page, get(admin::configuration)),
    ]
}

/// Returns the table.
#[must_use]
pub fn table() -> Vec<Route> {
    use Kind::{Form, Page, Public, SignIn, Unlimited};
    let route = Route::new;
    let mut table = api_table();
    table.extend(admin_table());
    table.extend(vec![
        route("GET", "/events", Kind::Api, get(live::events)),
        route("GET", "/", Page, get(home::page)),
        route("GET", "/catalog", Page, get(catalog::list)),
        route("GET", "/catalog/compare", Page, get(catalog::compare)),
        route("GET", "/catalog/{offering}", Page, get(catalog::offering)),
        route("GET", "/catalog/{offering}/request", Page, get(form::open)),
        route("POST", "/catalog/{offering}/request", Form, post(form::send))
            .or_stale(post(form::show_stale_request)),
        route("GET", "/requests", Page, get(requests::list)),
        route("GET", "/requests/{id}", Page, get(requests::one)),
        route("POST", "/requests/{id}/decide", Form, post(requests::decide)),
        route("POST", "/requests/{id}/undo", Form, post(requests::undo)),
        route("POST", "/requests/{id}/withdraw", Form, post(requests::withdraw)),
        route("POST", "/requests/{id}/comment", Form, post(requests::comment)),
        route("GET", "/claims", Page, get(claims::list)),
        route("GET", "/claims/export", Page, get(several_claims::export)),
        route("POST", "/claims/views", Form, post(claims_views::save)),
        route("POST", "/claims/views/delete", Form, post(claims_views::delete)),
        route("GET", "/claims/several", Page, get(several_claims::open)),
        route("POST", "/claims/several", Form, post(several_claims::send)),
        route("GET", CLAIM, Page, get(claims::one)),
        route("GET", CLAIM_CHANGE, Page, get(form::open_change)),
        route("POST", CLAIM_CHANGE, Form, post(form::send_change)).or_stale(post(form::show_stale_change)),
        route("POST", CLAIM_RENEW, Form, post(claims::renew)),
        route("GET", CLAIM_ADOPT, Page, get(claims::open_adopt)),
        route("POST", CLAIM_ADOPT, Form, post(claims::adopt)),
        route("GET", CLAIM_DELETE, Page, get(claims::open_delete)),
        route("POST", CLAIM_DELETE, Form, post(claims::delete)),
        route("POST", CLAIM_REVEAL, Form, post(claims::reveal)),
        route("GET", "/approvals", Page, get(approvals::list)),
        route("GET", "/usage", Page, get(usage::page)),
        route("GET", "/kubectl", Page, get(kubectl::list)),
        route("POST", "/kubectl", Form, post(kubectl::fetch)),
        route("GET", "/tokens", Page, get(tokens::list)),
        route("POST", "/tokens", Form, post(tokens::make)),
        route("POST", "/tokens/{id}/revoke", Form, post(tokens::revoke)),
        route("GET", "/sign-in", Public, get(sign_in::page)),
        route("GET", "/auth/login", SignIn, get(sign_in::login)),
        route("GET", "/auth/callback", SignIn, get(sign_in::callback)),
        route("POST", "/auth/logout", Form, post(sign_in::logout)),
        route(
            "POST",
            "/auth/backchannel-logout",
            Public,
            post(logout::backchannel),
        ),
        route("GET", "/auth/signed-out", Public, get(sign_in::signed_out)),
        route("POST", "/switch", Form, post(switch::switch)),
        route("GET", "/language", Public, get(language::choose)),
        route("GET", "/logo", Unlimited, get(assets::logo)),
        route("GET", "/assets/{file}", Unlimited, get(assets::asset)),
        route("GET", "/healthz", Unlimited, get(health::healthz)),
        route("GET", "/readyz", Unlimited, get(health::readyz)),
        route("GET", "/metrics", Unlimited, get(metrics::metrics)),
    ]);
    table.extend(people_routes());
    table.extend(publication_routes());
    table
}

/// Returns the pages about people, for platform admins.
fn people_routes() -> [Route; 3] {
    use Kind::{Form, Page};
    let route = Route::new;
    [
        route("GET", "/admin/people", Page, get(people::list)),
        route("GET", "/admin/people/{id}", Page, get(people::one)),
        route("POST", "/admin/people/{id}/end", Form, post(people::end)),
    ]
}

/// Returns the pages about what tenants publish.
fn publication_routes() -> [Route; 3] {
    use Kind::{Form, Page};
    let route = Route::new;
    [
        route("GET", "/admin/publications", Page, get(publications::list)),
        route(
            "GET",
            "/admin/publications/{publication}",
            Page,
            get(publications::one),
        ),
        route(
            "POST",
            "/admin/publications/{publication}/decide",
            Form,
            post(publications::decide),
        ),
    ]
}

/// Returns the API's routes. Method and path are those of the handler's `#[utoipa::path]`.
fn api_table() -> Vec<Route> {
    vec![
        api_route(routes!(api::viewer::viewer)),
        api_route(routes!(api::viewer::home)),
        api_route(routes!(api::catalog::search)),
        api_route(routes!(api::catalog::list)),
        api_route(routes!(api::catalog::one)),
        api_route(routes!(api::catalog::check)),
        api_route(routes!(api::requests::list)),
        api_route(routes!(api::requests::create)),
        api_route(routes!(api::requests::one)),
        api_route(routes!(api::requests::decide)),
        api_route(routes!(api::requests::undo)),
        api_route(routes!(api::requests::withdraw)),
        api_route(routes!(api::requests::comment)),
        api_route(routes!(api::requests::approvals)),
        api_route(routes!(api::claims::list)),
        api_route(routes!(api::claims::one)),
        api_route(routes!(api::claims::change)),
        api_route(routes!(api::claims::renew)),
        api_route(routes!(api::claims::adoption)),
        api_route(routes!(api::claims::adopt)),
        api_route(routes!(api::claims::delete)),
        api_route(routes!(api::claims::reveal)),
        api_route(routes!(api::kubeconfigs::list)),
        api_route(routes!(api::kubeconfigs::fetch)),
        api_route(routes!(api::admin::planes)),
        api_route(routes!(api::admin::plane)),
        api_route(routes!(api::admin::cordon)),
        api_route(routes!(api::admin::uncordon)),
        api_route(routes!(api::admin::accept_cluster)),
        api_route(routes!(api::agents::enrol)),
        api_route(routes!(api::agents::revoke)),
        api_route(routes!(api::admin::try_definition)),
        api_route(routes!(api::admin::try_health)),
        api_route(routes!(api::publications::list)),
        api_route(routes!(api::publications::one)),
        api_route(routes!(api::publications::decide)),
        api_route(routes!(api::admin::tenants)),
        api_route(routes!(api::admin::tenant)),
        api_route(routes!(api::admin::configuration)),
        api_route(routes!(api::admin::record)),
        api_route(routes!(api::admin::acknowledge)),
        api_route(routes!(api::access::sessions)),
        api_route(routes!(api::access::end_session)),
        api_route(routes!(api::access::people)),
        api_route(routes!(api::access::person)),
        api_route(routes!(api::access::end)),
        api_route(routes!(api::usage::usage)),
        api_route(routes!(api::tokens::list)),
        api_route(routes!(api::tokens::make)),
        api_route(routes!(api::tokens::delete)),
        Route {
            kind: Kind::Public,
            ..api_route(routes!(api::openapi::openapi))
        },
    ]
}

fn api_route((schemas, paths, handler): UtoipaMethodRouter<App>) -> Route {
    let (path, item) = paths
        .paths
        .iter()
        .next()
        .map_or_else(Default::default, |(path, item)| (path.clone(), item.clone()));
    let method = if item.get.is_some() {
        "GET"
    } else if item.post.is_some() {
        "POST"
    } else {
        "DELETE"
    };
    Route {
        method,
        path,
        kind: Kind::Api,
        description: Some((schemas, paths)),
        handler,
        stale: None,
    }
}

impl Route {
    /// Creates a route. Without a kind it does not compile.
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
            path: path.to_owned(),
            kind,
            description: None,
            handler,
            stale: None,
        }
    }

    /// Adds the handler of a form that was made for another session.
    fn or_stale(self, stale: MethodRouter<App>) -> Self {
        Self {
            stale: Some(stale),
            ..self
        }
    }

    /// Returns the path, the handler, and the handler of a form of another session.
    pub(super) fn into_handlers(self) -> (String, MethodRouter<App>, Option<MethodRouter<App>>) {
        (self.path, self.handler, self.stale)
    }
}

/// Returns the table as JSON, for `portico routes --json`.
#[must_use]
pub fn as_json() -> serde_json::Value {
    table()
        .iter()
        .map(|route| serde_json::json!({ "method": route.method, "path": route.path, "kind": route.kind }))
        .collect()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use portico_api::Link;
    use portico_domain::claim::ClaimRef;
    use uuid::Uuid;

    use super::*;

    /// One link of each sort, in the order of the table. A page without one has no place here that makes its path.
    fn links() -> Vec<Link> {
        let offering = || "buckets.example.com".parse().unwrap();
        let claim = || ClaimRef {
            plane: "eu".parse().unwrap(),
            offering: offering(),
            namespace: Some("team-a".to_owned()),
            name: "files".parse().unwrap(),
        };
        let request = || portico_domain::names::RequestId(Uuid::nil());
        let plane = || "eu".parse().unwrap();
        vec![
            Link::Home,
            Link::Catalog,
            Link::Compare,
            Link::Offering(offering()),
            Link::NewRequest(offering()),
            Link::Requests,
            Link::Request(request()),
            Link::Decide(request()),
            Link::UndoDecision(request()),
            Link::Withdraw(request()),
            Link::Comment(request()),
            Link::Claims,
            Link::ClaimsExport,
            Link::SaveClaimsView,
            Link::DeleteClaimsView,
            Link::SeveralClaims,
            Link::Claim(claim()),
            Link::ChangeClaim(claim()),
            Link::RenewClaim(claim()),
            Link::AdoptClaim(claim()),
            Link::DeleteClaim(claim()),
            Link::RevealSecret(claim()),
            Link::Approvals,
            Link::Usage,
            Link::Kubectl,
            Link::Tokens,
            Link::RevokeToken(Uuid::nil()),
            Link::Admin,
            Link::ControlPlanes,
            Link::ControlPlane(plane()),
            Link::Cordon(plane()),
            Link::Uncordon(plane()),
            Link::AcceptCluster(plane()),
            Link::RevokeAgent(plane(), Uuid::nil()),
            Link::Sessions,
            Link::EndSession("others".to_owned()),
            Link::Differences(offering()),
            Link::TryDefinition,
            Link::TryHealth(offering()),
            Link::Tenants,
            Link::Tenant("team".parse().unwrap()),
            Link::Record,
            Link::RecordExport,
            Link::AcknowledgeBreaks,
            Link::Configuration,
            Link::OpenApi,
            Link::SignOut,
            Link::Switch,
            Link::Language,
            Link::People,
            Link::Person(Uuid::nil()),
            Link::EndAccess(Uuid::nil()),
            Link::Publications,
            Link::Publication("search".parse().unwrap()),
            Link::DecidePermission("search".parse().unwrap()),
        ]
    }

    #[test]
    fn every_page_and_form_has_a_link_and_every_link_a_route() {
        let linked: BTreeSet<_> = links().iter().map(|link| link.pattern().to_owned()).collect();
        let routed: BTreeSet<_> = table()
            .into_iter()
            .filter(|route| {
                matches!(route.kind, Kind::Page | Kind::Form)
                    || [Link::OpenApi, Link::Language]
                        .iter()
                        .any(|link| link.pattern() == route.path)
            })
            .map(|route| route.path)
            .collect();
        assert_eq!(linked, routed);
    }

    #[test]
    fn a_link_has_a_value_for_each_parameter() {
        for link in links() {
            let path = link.to_string();
            let segments = |path: &str| path.split('/').map(str::to_owned).collect::<Vec<_>>();
            let (made, pattern) = (segments(&path), segments(link.pattern()));
            assert_eq!(made.len(), pattern.len(), "{path}");
            for (made, pattern) in made.iter().zip(&pattern) {
                assert!(
                    made == pattern || pattern.starts_with('{') && !made.is_empty(),
                    "{path}"
                );
            }
        }
    }
}
