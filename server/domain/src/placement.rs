//! Placement: chooses the control plane for a claim and explains the choice.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::documents::{ControlPlane, Environment, Tenant};
use crate::names::PlaneName;
use crate::placement_reason::{stored_exclusions, stored_reason};
use crate::publication::Service;
use crate::tenancy::{Person, Viewer};

pub use crate::placement_reason::{Exclusion, LabelSource, NotUsable, PlacementFactor, PlacementReason};

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
    /// The service by which the tenant may use it, which is another tenant's and takes requests.
    pub service: Option<Service<'a>>,
}

/// The input of placement.
#[derive(Debug, Clone, Copy)]
pub struct PlacementRequest<'a> {
    /// The tenant.
    pub tenant: &'a Tenant,
    /// The environment.
    pub environment: &'a Environment,
    /// The offering's title, for reasons.
    pub offering_title: &'a str,
    /// Labels that the offering requires.
    pub offering_labels: &'a BTreeMap<String, String>,
    /// Labels that the offering prefers.
    pub offering_preferred: &'a BTreeMap<String, String>,
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
/// those with the most preferred labels, then the least full, then by name. Those that are themselves claims come last: somebody asked for them for a purpose, so
/// claims of others do not land there unless they are asked for, or nothing else serves the offering.
#[must_use]
pub fn place(request: &PlacementRequest<'_>, planes: &[PlaneFacts<'_>]) -> Placement {
    let mut fit: Vec<&PlaneFacts<'_>> = Vec::new();
    let mut candidates = Vec::new();
    for facts in planes.iter().filter(|facts| is_candidate(request, facts)) {
        let ruled_out = ruled_out(request, facts);
        if ruled_out.is_empty() {
            fit.push(facts);
        }
        candidates.push(candidate(facts, ruled_out));
    }
    fit.sort_by_key(|facts| {
        let is_service = facts.service.is_some();
        let claimed = facts.document.claim().is_some();
        let shared = facts.document.spec.dedicated_to.is_empty();
        let wanting = preferred(request).len() - preferred_of(request, facts.document).len();
        (
            is_service,
            claimed,
            shared,
            wanting,
            fullness(facts),
            facts.document.name.clone(),
        )
    });
    let chosen = fit.first().map(|facts| facts.document.name.clone());
    candidates.sort_by_key(|candidate| {
        (
            Some(&candidate.plane) != chosen.as_ref(),
            !candidate.ruled_out.is_empty(),
            candidate.plane.clone(),
        )
    });
    let reason = match fit.as_slice() {
        [] if candidates.is_empty() => PlacementReason::NoneGranted {
            tenant: request.tenant.title().to_owned(),
        },
        [] => PlacementReason::NoneFits {
            offering: request.offering_title.to_owned(),
        },
        [best, rest @ ..] => PlacementReason::Chosen {
            plane: title(best),
            factors: factors(request, best, rest, planes),
        },
    };
    Placement {
        chosen,
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
fn candidate(facts: &PlaneFacts<'_>, mut ruled_out: Vec<Exclusion>) -> Candidate {
    if facts.service.is_some() {
        for exclusion in &mut ruled_out {
            *exclusion = match std::mem::replace(exclusion, Exclusion::Cordoned { reason: None }) {
                Exclusion::OtherRegion { requested, .. } => Exclusion::OtherRegion {
                    region: None,
                    requested,
                },
                Exclusion::Maintenance { until, .. } => Exclusion::Maintenance { until, reason: None },
                Exclusion::Cordoned { .. } | Exclusion::Full { .. } => Exclusion::Cordoned { reason: None },
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

/// Returns why it is the only one left.
fn only_one(
    request: &PlacementRequest<'_>,
    best: &PlaneFacts<'_>,
    all: &[PlaneFacts<'_>],
) -> PlacementFactor {
    let mut others = all
        .iter()
        .filter(|facts| facts.document.name != best.document.name && is_candidate(request, facts))
        .peekable();
    if others.peek().is_none() {
        PlacementFactor::OnlyGranted {
            tenant: request.tenant.title().to_owned(),
        }
    } else if others.any(|facts| facts.serves) {
        PlacementFactor::OnlyAvailable
    } else {
        PlacementFactor::OnlyServing {
            offering: request.offering_title.to_owned(),
        }
    }
}

/// The labels that the environment and the offering prefer.
fn preferred<'r>(request: &PlacementRequest<'r>) -> BTreeSet<(&'r String, &'r String)> {
    let of_environment = &request.environment.preferred_control_plane_labels;
    of_environment.iter().chain(request.offering_preferred).collect()
}

/// Those of them that the control plane has.
fn preferred_of<'r>(
    request: &PlacementRequest<'r>,
    plane: &ControlPlane,
) -> BTreeSet<(&'r String, &'r String)> {
    let mut preferred = preferred(request);
    preferred.retain(|(key, value)| plane.labels.get(*key) == Some(*value));
    preferred
}

/// Returns the fullness in millionths of the capacity. Without a capacity, 1,000,000 claims are assumed.
fn fullness(facts: &PlaneFacts<'_>) -> u64 {
    let claims = facts.claims as u64;
    facts.document.spec.capacity.map_or(claims, |capacity| {
        claims.saturating_mul(1_000_000) / u64::from(capacity.max(1))
    })
}

/// Returns what speaks for `best`, at least one factor.
fn factors(
    request: &PlacementRequest<'_>,
    best: &PlaneFacts<'_>,
    rest: &[&PlaneFacts<'_>],
    all: &[PlaneFacts<'_>],
) -> Vec<PlacementFactor> {
    let plane = best.document;
    let mut factors = Vec::new();
    if let Some(service) = &best.service {
        return vec![PlacementFactor::Service {
            publisher: service.publisher.title().to_owned(),
        }];
    }
    if !plane.spec.dedicated_to.is_empty() {
        factors.push(PlacementFactor::Dedicated {
            tenant: request.tenant.title().to_owned(),
        });
    }
    if request.preferences.plane.is_some() {
        factors.push(PlacementFactor::Requested);
    } else if let (Some(_), Some(region)) = (&request.preferences.region, &plane.spec.region) {
        factors.push(PlacementFactor::InRegion {
            region: region.clone(),
        });
    }
    let own = preferred_of(request, plane);
    let like_it = |facts: &&&PlaneFacts<'_>| {
        let other = facts.document;
        facts.service.is_none()
            && other.claim().is_some() == plane.claim().is_some()
            && other.spec.dedicated_to.is_empty() == plane.spec.dedicated_to.is_empty()
    };
    let has_more = |other: &&&PlaneFacts<'_>| preferred_of(request, other.document).len() < own.len();
    if rest.iter().filter(like_it).any(|other| has_more(&other)) {
        factors.push(PlacementFactor::Preferred {
            labels: own.iter().map(|(key, value)| format!("{key}={value}")).collect(),
        });
    }
    let alike = rest
        .iter()
        .filter(like_it)
        .filter(|other| !has_more(other))
        .count();
    if rest.is_empty() && factors.is_empty() {
        factors.push(only_one(request, best, all));
    } else if alike > 0 {
        factors.push(PlacementFactor::LeastFull {
            among: alike + 1,
            claims: best.claims,
            capacity: plane.spec.capacity,
        });
    } else if !rest.is_empty() && factors.is_empty() {
        factors.push(PlacementFactor::First);
    }
    if factors.is_empty() {
        factors.push(PlacementFactor::Serves {
            offering: request.offering_title.to_owned(),
        });
    }
    factors
}

#[cfg(test)]
#[path = "placement_tests.rs"]
mod tests;
