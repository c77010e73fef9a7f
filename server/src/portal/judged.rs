//! What of a request is to be judged: how it differs from what was live, or from its plan.

use portico_domain::claim::{Flavour, marks};
use portico_domain::manifest::{diff, expires_at, settable, without_machinery};
use portico_domain::request::{Action, Request};
use portico_domain::schema::{form, yaml};
use portico_domain::view::DiffLine;
use portico_planes::Catalog;
use serde_json::{Map, Value};

use super::offering::plan_title;
use super::usage::plan;

/// What an approver has to look at, and what it is told against: for a change what differs from what was live, for a
/// new claim what differs from what its plan and the defaults say by themselves.
pub(super) fn to_judge(catalog: &Catalog, request: &Request) -> (Vec<DiffLine>, String) {
    if request.action != Action::Create {
        return (difference(request), "what is live".to_owned());
    }
    let plan = plan(catalog, &request.claim.offering, request.plan.as_ref());
    let against = plan.map_or_else(
        || "the defaults".to_owned(),
        |plan| format!("the plan {}", plan_title(plan)),
    );
    let offered = catalog.get(&request.claim.offering);
    let of_xrd = offered.is_some_and(|offered| offered.flavour != Flavour::Plain);
    let wanted = Value::Object(settable(&without_machinery(&request.manifest, of_xrd)));
    let by_itself = offered
        .and_then(|offered| {
            Some((
                offered,
                offered.served.get(&request.claim.plane)?.schema.as_ref()?,
            ))
        })
        .map(|(offered, schema)| {
            let start = form::start(schema, &offered.form, plan, &Value::Object(Map::new()));
            Value::Object(settable(&without_machinery(&start, of_xrd)))
        });
    // Where the control plane serves it no longer, all of it is new.
    let lines = diff(
        &by_itself.as_ref().map(yaml::print).unwrap_or_default(),
        &yaml::print(&wanted),
    );
    (lines, against)
}

/// For a change, what differs from what was live when it was asked.
pub(super) fn difference(request: &Request) -> Vec<DiffLine> {
    match (&request.previous, request.action) {
        (Some(previous), Action::Renew) => {
            let until = |object| expires_at(object).map_or_else(|| "no date".to_owned(), |at| at.to_string());
            let line = |object| format!("{}: {}\n", marks::EXPIRES, until(object));
            diff(&line(previous), &line(&request.manifest))
        }
        (Some(previous), Action::Change) => {
            let strip = |object: &serde_json::Value| {
                let mut object = without_machinery(object, true);
                // Portico's own marks differ with every request and are nobody's wish.
                if let Some(map) = object.as_object_mut() {
                    map.shift_remove("metadata");
                }
                yaml::print(&object)
            };
            diff(&strip(previous), &strip(&request.manifest))
        }
        _ => Vec::new(),
    }
}
