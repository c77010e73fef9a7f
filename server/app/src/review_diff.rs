//! The diff that approvers review: against the claim as it is, or against the plan's presets.

use kube_schema::yaml;
use portico_api::DiffLine;
use portico_api::words::Baseline;
use portico_domain::claim::ClaimKind;
use portico_domain::documents::Plan;
use portico_domain::manifest::{diff, settle_connection_secret};
use portico_domain::projection::requested_fields;
use portico_domain::request::{Action, Request};
use portico_form as form;
use portico_planes::Catalog;
use serde_json::{Map, Value, json};

use super::lookups::Lookups;
use super::offering::plan_title;
use super::usage::plan;

/// What an approver has to look at, and what it is told against: for a change what differs from what was live, for a
/// new claim what differs from what its plan and the defaults say by themselves. It is all that is applied, but for
/// the marks of the request itself.
pub(super) fn review_diff(
    catalog: &Catalog,
    lookups: &Lookups,
    request: &Request,
) -> (Vec<DiffLine>, Baseline) {
    if request.action != Action::Create {
        return (difference(request), Baseline::Live);
    }
    let plan = plan(catalog, &request.claim.offering, request.plan.as_ref());
    let against = plan.map_or(Baseline::Defaults, |plan| Baseline::Plan {
        title: plan_title(plan).to_owned(),
    });
    // Where the control plane serves it no longer, all of it is new.
    let by_itself = by_itself(catalog, lookups, request).map(|itself| yaml::print(&itself));
    let wanted = yaml::print(&requested_fields(&request.manifest));
    (diff(&by_itself.unwrap_or_default(), &wanted), against)
}

/// Returns the manifest that plan and defaults alone give, on a control plane that serves the kind.
fn by_itself(catalog: &Catalog, lookups: &Lookups, request: &Request) -> Option<Value> {
    let offered = catalog.get(&request.claim.offering)?;
    let served = offered.served.get(&request.claim.plane)?;
    let definition = lookups.definition(&served.definition).ok()?;
    let schema = &*definition
        .version(&served.resource.version)?
        .schema
        .clone()
        .ok()?;
    let plan = plan(catalog, &request.claim.offering, request.plan.as_ref());
    let start = form::initial_object(
        schema,
        &offered.form,
        plan.map(Plan::for_form),
        &Value::Object(Map::new()),
    );
    let mut itself = offered.projection(Some(&request.claim.plane)).user_fields(&start);
    // Its name, its plan and its end are not what is to be compared.
    itself["metadata"] = json!({ "name": request.claim.name });
    for kind in ["labels", "annotations"] {
        let marked = request
            .manifest
            .get("metadata")
            .and_then(|it| it.get(kind)?.as_object());
        let marks = marked
            .into_iter()
            .flatten()
            .filter(|(key, _)| key.starts_with("portico.dev/"));
        let marks: Map<String, Value> = marks.map(|(key, value)| (key.clone(), value.clone())).collect();
        itself["metadata"][kind] = Value::Object(marks);
    }
    settle_connection_secret(
        &mut itself,
        schema,
        None,
        served.claim_kind == ClaimKind::LegacyClaim,
    );
    Some(requested_fields(&itself))
}

/// Returns the differences of a change from the live object at submission.
pub(super) fn difference(request: &Request) -> Vec<DiffLine> {
    match (&request.previous, request.action) {
        (Some(previous), Action::Change | Action::Renew) => diff(
            &yaml::print(&requested_fields(previous)),
            &yaml::print(&requested_fields(&request.manifest)),
        ),
        // What it sets is all that it changes.
        (Some(previous), Action::Adopt) => diff(&yaml::print(previous), &yaml::print(&request.manifest)),
        _ => Vec::new(),
    }
}
