//! Kubeconfigs for the viewer.

use axum::response::{IntoResponse, Response};
use http::{HeaderValue, header};
use portico_api::names;
use portico_app::FetchKubeconfig;

use super::super::address::ClientAddress;
use super::super::problem::Problem;
use super::super::viewer::{Page, Posted};

/// `GET /kubectl`.
pub(in super::super) async fn list(Page(context): Page) -> Result<Response, Problem> {
    let page = context.app.portal.kubectl_page(context.viewer());
    context
        .page("kubectl access", &[], |frame| {
            portico_frontend::pages::kubectl(frame, &page)
        })
        .await
}

/// `POST /kubectl`: the kubeconfig as a file.
pub(in super::super) async fn fetch(
    ClientAddress(address): ClientAddress,
    form: Posted,
) -> Result<Response, Problem> {
    let command = command(&form).ok_or_else(Problem::not_found)?;
    let remote = address.to_string();
    let context = &form.context;
    let fetched = context
        .app
        .portal
        .fetch_kubeconfig(context.caller(&remote), &command)
        .await?;
    // Names of namespaces and control planes are DNS labels.
    let disposition = format!("attachment; filename=\"{}\"", fetched.file);
    let headers = [
        (header::CONTENT_TYPE, HeaderValue::from_static("application/yaml")),
        (header::CACHE_CONTROL, HeaderValue::from_static("no-store")),
        (
            header::CONTENT_DISPOSITION,
            HeaderValue::from_str(&disposition).map_err(|_| Problem::not_found())?,
        ),
    ];
    Ok((headers, fetched.kubeconfig).into_response())
}

fn command(form: &Posted) -> Option<FetchKubeconfig> {
    let (tenant, environment) = form.field(names::WORKSPACE).split_once('/')?;
    Some(FetchKubeconfig {
        plane: form.field(names::PLANE).parse().ok()?,
        tenant: tenant.parse().ok()?,
        environment: environment.parse().ok()?,
    })
}
