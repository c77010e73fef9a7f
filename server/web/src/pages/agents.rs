//! The agents of a control plane: tokens for new ones, and revoking.

use axum::response::{IntoResponse, Response};
use http::{HeaderValue, header};
use portico_api::Link;
use portico_app::{EnrolAgent, RevokeAgent};
use portico_domain::names::PlaneName;

use super::super::address::ClientAddress;
use super::super::frame::FlashMessage;
use super::super::path_params::{AgentPath, ResourceId};
use super::super::problem::Problem;
use super::super::viewer::Posted;
use super::redirect;

/// `POST /admin/control-planes/{plane}`: makes a token, and shows it this once.
pub(in super::super) async fn enrol(
    ClientAddress(address): ClientAddress,
    ResourceId(name): ResourceId<PlaneName>,
    form: Posted,
) -> Result<Response, Problem> {
    let remote = address.to_string();
    let context = &form.context;
    let portal = &context.app.portal;
    let command = EnrolAgent { plane: &name };
    let created = portal.enrol_agent(context.caller(&remote), command).await?;
    let mut page = portal.plane_page(context.viewer(), &name).await?;
    if let Some(agents) = &mut page.agents {
        agents.created = Some(created);
    }
    let mut response = super::admin::plane_page(context, &page).await?;
    response
        .headers_mut()
        .insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    Ok(response)
}

/// `POST /admin/control-planes/{plane}/agents/{agent}/revoke`.
pub(in super::super) async fn revoke(
    ClientAddress(address): ClientAddress,
    AgentPath(plane, agent): AgentPath,
    form: Posted,
) -> Result<Response, Problem> {
    let remote = address.to_string();
    let portal = &form.context.app.portal;
    let command = RevokeAgent { plane: &plane, agent };
    portal.revoke_agent(form.context.caller(&remote), command).await?;
    Ok(FlashMessage::AgentRevoked.add_to(redirect(&Link::ControlPlane(plane)).into_response()))
}
