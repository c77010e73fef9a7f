//! `/api/v1`: the content of the pages as JSON, for programs and for the islands. Uses the same use cases and view
//! models; errors are problem details (RFC 9457).

pub(super) mod access;
pub(super) mod admin;
pub(super) mod agents;
pub(super) mod catalog;
pub(super) mod claims;
pub(super) mod kubeconfigs;
pub(super) mod openapi;
pub(super) mod problems;
pub(super) mod publications;
pub(super) mod requests;
pub(super) mod tokens;
pub(super) mod usage;
pub(super) mod viewer;

use axum::extract::FromRequestParts;
use http::request::Parts;
use portico_app::{Caller, Workspace};
use portico_domain::names::{EnvironmentName, TenantName};
use serde::Deserialize;
use utoipa::IntoParams;

use super::address::ClientAddress;
use super::app::App;
use super::frame::WORKSPACE_COOKIE;
use super::problem::Problem;
use super::viewer::Api;
use crate::auth::CurrentViewer;

/// The caller of the API and the workspace that the call is about: from `?tenant=…&environment=…`, else from the
/// browser's cookie, else the caller's first.
pub(super) struct ApiContext {
    pub(super) current: CurrentViewer,
    pub(super) workspace: Option<Workspace>,
    pub(super) remote: Option<String>,
}

impl ApiContext {
    /// The viewer, at the client's address.
    pub(super) fn caller(&self) -> Caller<'_> {
        Caller {
            viewer: &self.current.viewer,
            remote: self.remote.as_deref(),
        }
    }
}

/// The workspace that a call is about. Needs both parameters or neither. Without them, the workspace in the browser's
/// cookie counts, else the viewer's first.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct WorkspaceParams {
    /// The tenant to work in. Default: the one that the browser remembers, else the viewer's first.
    #[param(value_type = Option<TenantName>)]
    tenant: Option<String>,
    /// The environment to work in; needed with `tenant`.
    #[param(value_type = Option<EnvironmentName>)]
    environment: Option<String>,
}

impl FromRequestParts<App> for ApiContext {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Problem> {
        let Api(current) = Api::from_request_parts(parts, app).await?;
        let configuration = app.configuration.current();
        let query: WorkspaceParams = axum::extract::Query::try_from_uri(&parts.uri)
            .map(|query| query.0)
            .unwrap_or_default();
        let workspace = if let (Some(tenant), Some(environment)) = (query.tenant, query.environment) {
            let workspace = Workspace::choose(
                &current.viewer,
                &configuration,
                Some(&format!("{tenant}/{environment}")),
            );
            // `choose` falls back to another workspace; a call that names one must not.
            let named = workspace.filter(|workspace| {
                workspace.tenant.as_str() == tenant && workspace.environment.as_str() == environment
            });
            Some(named.ok_or_else(Problem::not_found)?)
        } else {
            let remembered = super::security::cookie(&parts.headers, WORKSPACE_COOKIE);
            Workspace::choose(&current.viewer, &configuration, remembered)
        };
        let ClientAddress(address) = ClientAddress::from_request_parts(parts, app)
            .await
            .unwrap_or_else(|never| match never {});
        let remote = Some(address.to_string());
        Ok(Self {
            current,
            workspace,
            remote,
        })
    }
}
