//! `/api/v1`: what the pages show, as JSON, for programs and for the islands. The same use cases, the same view
//! models; errors are problem details (RFC 9457).

pub(super) mod access;
pub(super) mod admin;
pub(super) mod catalog;
pub(super) mod claims;
pub(super) mod openapi;
pub(super) mod requests;
pub(super) mod tokens;
pub(super) mod viewer;

use axum::extract::FromRequestParts;
use http::request::Parts;
use portico_app::Workspace;
use serde::Deserialize;

use super::address::ClientAddress;
use super::app::App;
use super::frame::PLACE_COOKIE;
use super::problem::Problem;
use super::viewer::Api;
use crate::auth::Current;

/// Who asks, and where they work: `?tenant=…&environment=…`, else as their browser remembers, else their first.
pub(super) struct Asker {
    pub(super) current: Current,
    pub(super) work: Option<Workspace>,
    pub(super) remote: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
struct Place {
    tenant: Option<String>,
    environment: Option<String>,
}

impl FromRequestParts<App> for Asker {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Problem> {
        let Api(current) = Api::from_request_parts(parts, app).await?;
        let configuration = app.configuration.current();
        let place: Place = axum::extract::Query::try_from_uri(&parts.uri)
            .map(|query| query.0)
            .unwrap_or_default();
        let work = if let (Some(tenant), Some(environment)) = (place.tenant, place.environment) {
            let work = Workspace::choose(
                &current.viewer,
                &configuration,
                Some(&format!("{tenant}/{environment}")),
            );
            // Another place than the one that was named would be a surprise.
            let named = work
                .filter(|work| work.tenant.as_str() == tenant && work.environment.as_str() == environment);
            Some(named.ok_or_else(Problem::not_found)?)
        } else {
            let remembered = super::security::cookie(&parts.headers, PLACE_COOKIE);
            Workspace::choose(&current.viewer, &configuration, remembered)
        };
        let ClientAddress(address) = ClientAddress::from_request_parts(parts, app)
            .await
            .unwrap_or_else(|never| match never {});
        let remote = Some(address.to_string());
        Ok(Self {
            current,
            work,
            remote,
        })
    }
}
