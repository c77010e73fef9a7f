//! What platform admins, and admins of tenants, look after.

use axum::body::Body;
use axum::response::{IntoResponse, Redirect, Response};
use futures::StreamExt as _;
use http::{StatusCode, header};
use portico_api::{
    FleetCondition, FleetFilter, FleetGrouping, Link, PlaneDetail, TryDefinitionPage, TryHealthPage, names,
};
use portico_app::{AcceptCluster, AuditLogQuery, Cordon, PortalError, TryDefinition, TryHealth, Uncordon};
use portico_domain::cluster::ClusterId;
use portico_domain::documents::HealthExpressions;
use portico_domain::names::{OfferingName, PlaneName, TenantName};
use serde_json::json;

use super::super::address::ClientAddress;
use super::super::frame::{FlashMessage, PageContext};
use super::super::path_params::ResourceId;
use super::super::problem::Problem;
use super::super::query::QueryParams;
use super::super::viewer::{Page, Posted};
use super::redirect;

/// `GET /admin`: on to the first page of it that the viewer may see.
pub(in super::super) async fn home(Page(context): Page) -> Result<Redirect, Problem> {
    let navigation = context.app.portal.navigation(context.viewer()).await?;
    match (navigation.platform_admin, navigation.admin) {
        (true, _) => Ok(redirect(&Link::ControlPlanes)),
        (false, true) => Ok(redirect(&Link::Tenants)),
        (false, false) => Err(Problem::not_found()),
    }
}

/// `GET /admin/control-planes`.
pub(in super::super) async fn planes(Page(context): Page, params: QueryParams) -> Result<Response, Problem> {
    let slug = |name| params.text(name).unwrap_or_default();
    let filter = FleetFilter {
        query: slug("q").to_owned(),
        region: params.text("region").map(str::to_owned),
        version: params.text("version").map(str::to_owned),
        condition: FleetCondition::ALL
            .into_iter()
            .find(|it| it.slug() == slug("state")),
        group: FleetGrouping::ALL
            .into_iter()
            .find(|it| it.slug() == slug("group"))
            .unwrap_or_default(),
    };
    let portal = &context.app.portal;
    let page = portal.fleet_page(context.viewer(), filter, params.page()).await?;
    context
        .page("Control planes", &[], |frame| {
            portico_frontend::pages::admin_planes(frame, &page)
        })
        .await
}

/// `GET /admin/differences/{offering}`.
pub(in super::super) async fn differences(
    Page(context): Page,
    ResourceId(offering): ResourceId<OfferingName>,
) -> Result<Response, Problem> {
    let page = context
        .app
        .portal
        .differences_page(context.viewer(), &offering)
        .await?;
    let title = format!("{} on each control plane", page.title);
    context
        .page(&title, &[("Control planes", Link::ControlPlanes)], |frame| {
            portico_frontend::pages::admin_differences(frame, &page)
        })
        .await
}

/// `GET /admin/control-planes/{plane}`.
pub(in super::super) async fn plane(
    Page(context): Page,
    ResourceId(name): ResourceId<PlaneName>,
) -> Result<Response, Problem> {
    let page = context.app.portal.plane_page(context.viewer(), &name).await?;
    plane_page(&context, &page).await
}

/// Renders the page of a control plane.
pub(super) async fn plane_page(context: &PageContext, page: &PlaneDetail) -> Result<Response, Problem> {
    let title = page.row.plane.title.clone();
    let crumbs = [("Control planes", Link::ControlPlanes)];
    context
        .page(&title, &crumbs, |frame| {
            portico_frontend::pages::admin_plane(frame, page)
        })
        .await
}

/// `POST /admin/control-planes/{plane}/cordon`.
pub(in super::super) async fn cordon(
    ClientAddress(address): ClientAddress,
    ResourceId(name): ResourceId<PlaneName>,
    form: Posted,
) -> Result<Response, Problem> {
    let remote = address.to_string();
    let command = Cordon {
        plane: &name,
        reason: Some(form.field(names::REASON)),
    };
    let portal = &form.context.app.portal;
    portal.cordon(form.context.caller(&remote), command).await?;
    Ok(FlashMessage::Cordoned.add_to(to(&name)))
}

/// `POST /admin/control-planes/{plane}/uncordon`.
pub(in super::super) async fn uncordon(
    ClientAddress(address): ClientAddress,
    ResourceId(name): ResourceId<PlaneName>,
    form: Posted,
) -> Result<Response, Problem> {
    let remote = address.to_string();
    let portal = &form.context.app.portal;
    let command = Uncordon { plane: &name };
    portal.uncordon(form.context.caller(&remote), command).await?;
    Ok(FlashMessage::Uncordoned.add_to(to(&name)))
}

/// `POST /admin/control-planes/{plane}/cluster`.
pub(in super::super) async fn accept_cluster(
    ClientAddress(address): ClientAddress,
    ResourceId(name): ResourceId<PlaneName>,
    form: Posted,
) -> Result<Response, Problem> {
    let remote = address.to_string();
    let portal = &form.context.app.portal;
    let id = |field| form.field(field).parse::<ClusterId>().ok();
    let (was, now_is) = (id(names::CLUSTER_WAS), id(names::CLUSTER_IS));
    let command = AcceptCluster {
        plane: &name,
        was: was.as_ref(),
        now_is: now_is.as_ref(),
    };
    portal
        .accept_cluster(form.context.caller(&remote), command)
        .await?;
    Ok(FlashMessage::ClusterAccepted.add_to(to(&name)))
}

/// `GET /admin/try-definition`.
pub(in super::super) async fn open_try_definition(Page(context): Page) -> Result<Response, Problem> {
    if !context.viewer().is_platform_admin() {
        return Err(Problem::not_found());
    }
    try_definition_page(&context, &TryDefinitionPage::default()).await
}

/// `POST /admin/try-definition`: tries the definition and shows what it would do.
pub(in super::super) async fn try_definition(
    ClientAddress(address): ClientAddress,
    form: Posted,
) -> Result<Response, Problem> {
    let remote = address.to_string();
    let context = &form.context;
    let document = form.field(names::DEFINITION);
    let command = TryDefinition { document };
    let tried = context
        .app
        .portal
        .try_definition(context.caller(&remote), command)
        .await;
    let mut page = TryDefinitionPage {
        document: document.to_owned(),
        ..TryDefinitionPage::default()
    };
    match tried {
        Ok(trial) => page.trial = Some(trial),
        Err(PortalError::Malformed(error)) => page.problem = Some(error.to_string()),
        Err(error) => return Err(error.into()),
    }
    let mut response = try_definition_page(context, &page).await?;
    if page.problem.is_some() {
        *response.status_mut() = StatusCode::UNPROCESSABLE_ENTITY;
    }
    Ok(response)
}

async fn try_definition_page(context: &PageContext, page: &TryDefinitionPage) -> Result<Response, Problem> {
    let crumbs = [("Control planes", Link::ControlPlanes)];
    context
        .page("Try a definition", &crumbs, |frame| {
            portico_frontend::pages::admin_try_definition(frame, page)
        })
        .await
}

/// `GET /admin/health/{offering}`.
pub(in super::super) async fn open_try_health(
    Page(context): Page,
    ResourceId(offering): ResourceId<OfferingName>,
) -> Result<Response, Problem> {
    let page = context.app.portal.try_health_page(context.viewer(), &offering)?;
    try_health_page(&context, &page).await
}

/// `POST /admin/health/{offering}`: tries the rules and shows what claims would show by them.
pub(in super::super) async fn try_health(
    ResourceId(offering): ResourceId<OfferingName>,
    form: Posted,
) -> Result<Response, Problem> {
    let context = &form.context;
    let rule = |name: &str| Some(form.field(name).to_owned());
    let command = TryHealth {
        offering: &offering,
        rules: HealthExpressions {
            ready: rule(names::HEALTH_READY),
            failed: rule(names::HEALTH_FAILED),
            message: rule(names::HEALTH_MESSAGE),
        },
    };
    let page = context.app.portal.try_health(context.viewer(), command).await?;
    let mut response = try_health_page(context, &page).await?;
    if page.trial.is_some_and(|trial| !trial.problems.is_empty()) {
        *response.status_mut() = StatusCode::UNPROCESSABLE_ENTITY;
    }
    Ok(response)
}

async fn try_health_page(context: &PageContext, page: &TryHealthPage) -> Result<Response, Problem> {
    let title = format!("Health rules of {}", page.title);
    let crumbs = [
        ("Catalog", Link::Catalog),
        (page.title.as_str(), Link::Offering(page.offering.clone())),
    ];
    context
        .page(&title, &crumbs, |frame| {
            portico_frontend::pages::admin_try_health(frame, page)
        })
        .await
}

fn to(plane: &PlaneName) -> Response {
    redirect(&Link::ControlPlane(plane.clone())).into_response()
}

/// `GET /admin/tenants/{tenant}`.
pub(in super::super) async fn tenant(
    Page(context): Page,
    ResourceId(name): ResourceId<TenantName>,
) -> Result<Response, Problem> {
    let page = context.app.portal.tenant_page(context.viewer(), &name).await?;
    let crumbs = [("Tenants", Link::Tenants)];
    context
        .page(&page.row.title, &crumbs, |frame| {
            portico_frontend::pages::admin_tenant(frame, &page)
        })
        .await
}

/// `GET /admin/tenants`.
pub(in super::super) async fn tenants(Page(context): Page) -> Result<Response, Problem> {
    let page = context.app.portal.tenants_page(context.viewer()).await?;
    context
        .page("Tenants", &[], |frame| {
            portico_frontend::pages::admin_tenants(frame, &page)
        })
        .await
}

/// `GET /admin/record`.
pub(in super::super) async fn record(Page(context): Page, params: QueryParams) -> Result<Response, Problem> {
    let page = context
        .app
        .portal
        .audit_log(context.viewer(), &query(&params))
        .await?;
    context
        .page("Record", &[], |frame| {
            portico_frontend::pages::admin_record(frame, &page)
        })
        .await
}

/// `GET /admin/record/export`: the same events as the page's filters find, all of them, as JSON lines with their
/// hashes.
pub(in super::super) async fn export_audit_log(
    Page(context): Page,
    ClientAddress(address): ClientAddress,
    params: QueryParams,
) -> Result<Response, Problem> {
    let remote = address.to_string();
    let export = context
        .app
        .portal
        .export_audit_log(context.viewer(), Some(&remote), &query(&params))
        .await?;
    // The last line: what the rest can be held against, years later and without Portico.
    let head = export
        .head()
        .map(|head| format!("{}\n", json!({ "recordHead": head })));
    let head = futures::stream::iter(head.map(|line| Ok(line.into_bytes())));
    let lines = futures::stream::try_unfold(export, |mut export| async move {
        let Some(events) = export.next().await.map_err(|error| {
            tracing::warn!(%error, "an export of the record ended early");
            // The connection breaks, so that nobody takes a part for the whole.
            std::io::Error::other(error)
        })?
        else {
            return Ok(None);
        };
        let mut text = Vec::new();
        for event in &events {
            serde_json::to_writer(&mut text, event)?;
            text.push(b'\n');
        }
        Ok::<_, std::io::Error>(Some((text, export)))
    });
    let name = format!(
        "attachment; filename=\"record-{}.jsonl\"",
        jiff::Timestamp::now().strftime("%Y-%m-%d")
    );
    let headers = [
        (header::CONTENT_TYPE, "application/jsonl".to_owned()),
        (header::CONTENT_DISPOSITION, name),
        (header::CACHE_CONTROL, "no-store".to_owned()),
    ];
    Ok((headers, Body::from_stream(lines.chain(head))).into_response())
}

/// `POST /admin/record/acknowledge`: takes note of the breaks of the record.
pub(in super::super) async fn acknowledge(
    ClientAddress(address): ClientAddress,
    form: Posted,
) -> Result<Response, Problem> {
    let remote = address.to_string();
    form.context
        .app
        .portal
        .acknowledge_breaks(form.context.caller(&remote))
        .await?;
    Ok(FlashMessage::Acknowledged.add_to(redirect(&Link::Record).into_response()))
}

/// `GET /admin/configuration`.
pub(in super::super) async fn configuration(Page(context): Page) -> Result<Response, Problem> {
    let page = context.app.portal.configuration_page(context.viewer())?;
    context
        .page("Configuration", &[], |frame| {
            portico_frontend::pages::admin_configuration(frame, &page)
        })
        .await
}

pub(in super::super) fn query(params: &QueryParams) -> AuditLogQuery {
    AuditLogQuery {
        words: params.text("q").unwrap_or_default().to_owned(),
        verb: params.text("verb").map(str::to_owned),
        tenant: params.parsed("tenant"),
        person: params.text("person").map(str::to_owned),
        since: params.parsed("since"),
        until: params.parsed("until"),
        before: params.parsed("before"),
    }
}
