//! Placement: chooses the control plane for a claim and explains the choice. [`choice`] states the problem and its
//! properties.
//!
//! A claim is placed once, when it is requested. A request keeps its control plane as long as that may take it; neither a
//! request nor a claim is ever moved to another.

mod choice;
mod explain;
mod reason;
mod rules;

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::documents::{ControlPlane, Environment, PlacementRules, Tenant};
use crate::names::PlaneName;
use crate::publication::Service;
use crate::tenancy::{Person, Viewer};

use explain::Explained;
use reason::{stored_exclusions, stored_reason};
use rules::Rules;

pub use reason::{Comparison, Exclusion, LabelSource, NotUsable, PlacementFactor, PlacementReason, Point};

/// The requester's placement preferences.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct PlacementPreferences {
    /// Only this control plane.
    pub plane: Option<PlaneName>,
    /// Only this region.
    pub region: Option<String>,
    /// Labels that the control plane must have.
    pub labels: BTreeMap<String, String>,
}

/// The result of placement.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Placement {
    /// The chosen control plane; `None` if all candidates are ruled out.
    pub chosen: Option<PlaneName>,
    /// Why it was chosen.
    #[serde(deserialize_with = "stored_reason")]
    pub reason: PlacementReason,
    /// All candidates that the tenant may know of, the chosen one first.
    pub candidates: Vec<Candidate>,
}

impl Placement {
    /// The placement of a claim that a control plane has already.
    #[must_use]
    pub fn of_existing(candidate: Candidate) -> Self {
        Self {
            chosen: Some(candidate.plane.clone()),
            reason: PlacementReason::Existing {
                plane: candidate.title.clone(),
            },
            candidates: vec![candidate],
        }
    }
}

/// A candidate of placement.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Candidate {
    /// The control plane.
    pub plane: PlaneName,
    /// The name to show.
    pub title: String,
    /// Its region.
    pub region: Option<String>,
    /// Why it is ruled out; empty if it could serve the claim.
    #[serde(deserialize_with = "stored_exclusions")]
    pub ruled_out: Vec<Exclusion>,
    /// Why another was chosen although it could serve the claim.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub compared: Option<Comparison>,
}

/// A cordon set by an administrator: the control plane takes no new claims. Existing claims stay and can be changed.
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Cordon {
    /// The control plane.
    pub plane: PlaneName,
    /// Who set it.
    pub by: Person,
    /// Why, shown to people who would have used the control plane.
    pub reason: Option<String>,
    /// When it was set.
    pub since: Timestamp,
}

/// The state of a control plane with respect to one offering.
#[derive(Debug, Clone)]
pub struct PlaneFacts<'a> {
    /// Its document.
    pub document: &'a ControlPlane,
    /// Why it cannot take a claim now; `None` if it answers.
    pub unreachable: Option<NotUsable>,
    /// A cordon set by an administrator. The document can set one, too.
    pub cordon: Option<&'a Cordon>,
    /// True if it serves the offering's API.
    pub serves: bool,
    /// What is wrong with the API there.
    pub problem: Option<String>,
    /// Number of claims it holds.
    pub claims: usize,
    /// Number of claims of the offering that the environment has there, requested ones included. Only spreads need it.
    pub held: usize,
    /// The service by which the tenant may use it, which is another tenant's and takes requests.
    pub service: Option<Service<'a>>,
}

/// The input of placement.
#[derive(Debug, Clone, Copy)]
pub struct PlacementRequest<'a> {
    /// The tenant.
    pub tenant: &'a Tenant,
    /// What the tenants above it want heeded, the nearest first.
    pub rules_above: &'a [&'a PlacementRules],
    /// The environment.
    pub environment: &'a Environment,
    /// The offering's title, for reasons.
    pub offering_title: &'a str,
    /// Labels that the offering requires.
    pub offering_labels: &'a BTreeMap<String, String>,
    /// Labels that the offering prefers.
    pub offering_preferred: &'a BTreeMap<String, String>,
    /// What the offering wants heeded.
    pub offering_rules: Option<&'a PlacementRules>,
    /// The control plane that the requester was shown. It stays unless another is preferred or much less full.
    pub shown: Option<&'a PlaneName>,
    /// The current time.
    pub now: Timestamp,
    /// The requester's preferences.
    pub preferences: &'a PlacementPreferences,
}

/// True if the tenant may use the control plane: it is dedicated to the tenant, or shared and granted. Tenants do not
/// see other control planes.
#[must_use]
pub fn may_use(tenant: &Tenant, plane: &ControlPlane) -> bool {
    if !plane.spec.dedicated_to.is_empty() {
        return plane.spec.dedicated_to.contains(&tenant.name);
    }
    let grant = &tenant.spec.control_planes;
    grant.names.contains(&plane.name)
        || (!grant.match_labels.is_empty() && plane.has_labels(&grant.match_labels))
}

/// True if the viewer may know of the control plane: one of their tenants may use it, or they are a platform admin.
#[must_use]
pub fn may_know<'t>(
    viewer: &Viewer,
    tenants: impl IntoIterator<Item = &'t Tenant>,
    plane: &ControlPlane,
) -> bool {
    let mut tenants = tenants.into_iter();
    viewer.is_platform_admin() || tenants.any(|tenant| viewer.sees(&tenant.name) && may_use(tenant, plane))
}

/// Chooses among the control planes that the tenant may use and that are not ruled out: dedicated ones first, then
/// those that preferences, weights and spreads speak for, then one that is not much fuller than the others; see [`choice`].
/// Those that are themselves claims come last: somebody asked for them for a purpose, so claims of others do not land there
/// unless they are asked for, or nothing else serves the offering.
#[must_use]
pub fn place(request: &PlacementRequest<'_>, planes: &[PlaneFacts<'_>]) -> Placement {
    let facts: Vec<&PlaneFacts<'_>> = planes
        .iter()
        .filter(|facts| is_candidate(request, facts))
        .collect();
    let rules = Rules::of(request);
    let ruled_out: Vec<_> = facts.iter().map(|facts| ruled_out(request, facts)).collect();
    let numbers: Vec<_> = facts
        .iter()
        .zip(&ruled_out)
        .map(|(facts, ruled_out)| rules.plane(request, facts, ruled_out.is_empty()))
        .collect();
    let shown = facts
        .iter()
        .position(|facts| Some(&facts.document.name) == request.shown);
    let choice = choice::choose(&numbers, &rules.spreads(), shown);
    let explained = Explained {
        request,
        rules: &rules,
        facts: &facts,
        planes: &numbers,
        choice: &choice,
    };
    let candidates = choice::order(&numbers, &choice)
        .into_iter()
        .map(|index| {
            let mut ruled_out = ruled_out[index].clone();
            ruled_out.extend(explained.barred(index));
            candidate(facts[index], ruled_out, explained.comparison(index))
        })
        .collect();
    let reason = match choice.chosen {
        None if facts.is_empty() => PlacementReason::NoneGranted {
            tenant: request.tenant.title().to_owned(),
        },
        None => PlacementReason::NoneFits {
            offering: request.offering_title.to_owned(),
        },
        Some(chosen) => PlacementReason::Chosen {
            plane: title(facts[chosen]),
            factors: explained.factors(chosen),
        },
    };
    Placement {
        chosen: choice.chosen.map(|chosen| facts[chosen].document.name.clone()),
        reason,
        candidates,
    }
}

fn is_candidate(request: &PlacementRequest<'_>, facts: &PlaneFacts<'_>) -> bool {
    facts.service.is_some() || may_use(request.tenant, facts.document)
}

fn title(facts: &PlaneFacts<'_>) -> String {
    match &facts.service {
        Some(service) => service.title(),
        None => facts.document.title().to_owned(),
    }
}

/// Of another tenant's control plane, the candidate says only whose service it is and whether it takes the claim.
fn candidate(
    facts: &PlaneFacts<'_>,
    mut ruled_out: Vec<Exclusion>,
    compared: Option<Comparison>,
) -> Candidate {
    if facts.service.is_some() {
        for exclusion in &mut ruled_out {
            *exclusion = match std::mem::replace(exclusion, Exclusion::Cordoned { reason: None }) {
                Exclusion::OtherRegion { requested, .. } => Exclusion::OtherRegion {
                    region: None,
                    requested,
                },
                Exclusion::Maintenance { until, .. } => Exclusion::Maintenance { until, reason: None },
                Exclusion::Cordoned { .. } | Exclusion::Full { .. } => Exclusion::Cordoned { reason: None },
                Exclusion::Spread {
                    over, offering, of, ..
                } => Exclusion::Spread {
                    over,
                    offering,
                    value: None,
                    claims: 0,
                    of,
                },
                other => other,
            };
        }
    }
    Candidate {
        plane: facts.document.name.clone(),
        title: title(facts),
        region: facts
            .document
            .spec
            .region
            .clone()
            .filter(|_| facts.service.is_none()),
        ruled_out,
        compared,
    }
}

fn ruled_out(request: &PlacementRequest<'_>, facts: &PlaneFacts<'_>) -> Vec<Exclusion> {
    let plane = facts.document;
    let offering = || request.offering_title.to_owned();
    let mut reasons = Vec::new();
    if request
        .preferences
        .plane
        .as_ref()
        .is_some_and(|wanted| *wanted != plane.name)
    {
        reasons.push(Exclusion::OtherPlaneRequested);
    }
    if let Some(requested) = &request.preferences.region
        && plane.spec.region.as_ref() != Some(requested)
    {
        reasons.push(Exclusion::OtherRegion {
            region: plane.spec.region.clone(),
            requested: requested.clone(),
        });
    }
    if !plane.serves_environment(&request.environment.name) {
        reasons.push(Exclusion::OtherEnvironment {
            environment: request.environment.name.to_string(),
        });
    }
    for (required_by, labels) in [
        (LabelSource::Request, &request.preferences.labels),
        (
            LabelSource::Environment,
            &request.environment.control_plane_labels,
        ),
        (LabelSource::Offering, request.offering_labels),
    ] {
        for (key, value) in labels {
            if plane.labels.get(key) != Some(value) {
                reasons.push(Exclusion::MissingLabel {
                    required_by,
                    key: key.clone(),
                    value: value.clone(),
                });
            }
        }
    }
    if !facts.serves {
        reasons.push(Exclusion::NotServed { offering: offering() });
    } else if let Some(problem) = &facts.problem {
        reasons.push(Exclusion::Unusable {
            offering: offering(),
            problem: problem.clone(),
        });
    }
    if facts.cordon.is_some() || plane.spec.cordoned {
        reasons.push(Exclusion::Cordoned {
            reason: facts.cordon.and_then(|cordon| cordon.reason.clone()),
        });
    }
    if let Some(window) = plane.maintenance_at(request.now) {
        reasons.push(Exclusion::Maintenance {
            until: window.to,
            reason: window.reason.clone(),
        });
    }
    if let Some(why) = &facts.unreachable {
        reasons.push(Exclusion::NotUsable { why: why.clone() });
    }
    if let Some(capacity) = plane.spec.capacity
        && facts.claims >= capacity as usize
    {
        reasons.push(Exclusion::Full {
            claims: facts.claims,
            capacity,
        });
    }
    reasons
}

#[cfg(test)]
mod inherited_tests;
#[cfg(test)]
mod tests;
