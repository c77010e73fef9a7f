//! Placement: chooses the control plane for a claim and explains the choice.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::documents::{ControlPlane, Environment, MaintenanceWindow, Tenant};
use crate::names::PlaneName;
use crate::placement_reason::{stored_exclusions, stored_reason};
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
        || (!grant.match_labels.is_empty() && has_labels(plane, &grant.match_labels))
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

fn has_labels(plane: &ControlPlane, wanted: &BTreeMap<String, String>) -> bool {
    wanted
        .iter()
        .all(|(key, value)| plane.labels.get(key) == Some(value))
}

/// Chooses among the control planes that the tenant may use and that are not ruled out: dedicated ones first, then
/// those with the most preferred labels, then the least full, then by name. Those that are themselves claims come last: somebody asked for them for a purpose, so
/// claims of others do not land there unless they are asked for, or nothing else serves the offering.
#[must_use]
pub fn place(request: &PlacementRequest<'_>, planes: &[PlaneFacts<'_>]) -> Placement {
    let mut fit: Vec<&PlaneFacts<'_>> = Vec::new();
    let mut candidates = Vec::new();
    for facts in planes
        .iter()
        .filter(|facts| may_use(request.tenant, facts.document))
    {
        let ruled_out = ruled_out(request, facts);
        if ruled_out.is_empty() {
            fit.push(facts);
        }
        candidates.push(Candidate {
            plane: facts.document.name.clone(),
            title: facts.document.title().to_owned(),
            region: facts.document.spec.region.clone(),
            ruled_out,
        });
    }
    fit.sort_by_key(|facts| {
        let claimed = facts.document.claim().is_some();
        let shared = facts.document.spec.dedicated_to.is_empty();
        let wanting = preferred(request).len() - preferred_of(request, facts.document).len();
        (
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
            plane: best.document.title().to_owned(),
            factors: factors(request, best, rest, planes),
        },
    };
    Placement {
        chosen,
        reason,
        candidates,
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
    let begun = |window: &&MaintenanceWindow| (window.from..window.to).contains(&request.now);
    if let Some(window) = plane
        .spec
        .maintenance
        .iter()
        .filter(begun)
        .max_by_key(|window| window.to)
    {
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
        .filter(|facts| facts.document.name != best.document.name && may_use(request.tenant, facts.document))
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
    let like_it = |other: &&&PlaneFacts<'_>| {
        let other = other.document;
        other.claim().is_some() == plane.claim().is_some()
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
mod tests {
    use super::*;
    use crate::claim::ClaimRef;
    use crate::documents::{
        ActAs, ClaimConnection, Connection, ControlPlaneKind, ControlPlaneSpec, Limits, PlaneGrant, Quota,
        TenantSpec,
    };

    fn plane(name: &str, region: &str, dedicated: &[&str]) -> ControlPlane {
        ControlPlane {
            name: name.parse().unwrap(),
            labels: BTreeMap::from([("tier".into(), "standard".into())]),
            spec: ControlPlaneSpec {
                title: None,
                kind: ControlPlaneKind::Cluster,
                region: Some(region.into()),
                connection: Connection::InCluster {},
                act_as: ActAs::Portico,
                dedicated_to: dedicated.iter().map(|name| name.parse().unwrap()).collect(),
                environments: Vec::new(),
                public_address: None,
                cordoned: false,
                maintenance: Vec::new(),
                capacity: Some(100),
                limits: Limits::default(),
            },
        }
    }

    fn tenant(name: &str) -> Tenant {
        Tenant {
            name: name.parse().unwrap(),
            spec: TenantSpec {
                title: None,
                members: vec![],
                environments: vec![Environment {
                    name: "dev".parse().unwrap(),
                    namespace: format!("{name}-dev"),
                    production: false,
                    control_plane_labels: BTreeMap::new(),
                    preferred_control_plane_labels: BTreeMap::new(),
                }],
                control_planes: PlaneGrant {
                    names: vec![],
                    match_labels: BTreeMap::from([("tier".into(), "standard".into())]),
                },
                offerings: vec![],
                quota: Quota::default(),
            },
        }
    }

    fn facts(document: &ControlPlane, claims: usize) -> PlaneFacts<'_> {
        PlaneFacts {
            document,
            unreachable: None,
            cordon: None,
            serves: true,
            problem: None,
            claims,
        }
    }

    fn placed(tenant: &Tenant, preferences: &PlacementPreferences, planes: &[PlaneFacts<'_>]) -> Placement {
        let labels = BTreeMap::new();
        let request = PlacementRequest {
            tenant,
            environment: &tenant.spec.environments[0],
            offering_title: "PostgreSQL",
            offering_labels: &labels,
            offering_preferred: &labels,
            now: now(),
            preferences,
        };
        place(&request, planes)
    }

    fn now() -> Timestamp {
        "2026-06-01T12:00:00Z".parse().unwrap()
    }

    #[test]
    fn preferred_labels_decide_before_load_and_after_ownership() {
        let label = |key: &str, value: &str| BTreeMap::from([(key.to_owned(), value.to_owned())]);
        let (mut a, b, mut own) = (
            plane("a", "eu", &[]),
            plane("b", "eu", &[]),
            plane("own", "eu", &["payments"]),
        );
        a.labels.extend(label("disk", "nvme"));
        own.labels.remove("disk");
        let mut tenant = tenant("payments");
        tenant.spec.environments[0].preferred_control_plane_labels = label("disk", "nvme");
        let preferences = PlacementPreferences::default();
        let placement = placed(&tenant, &preferences, &[facts(&b, 1), facts(&a, 90)]);
        assert_eq!(placement.chosen, Some(a.name.clone()));
        let labels = vec!["disk=nvme".to_owned()];
        assert_eq!(
            placement.reason,
            PlacementReason::Chosen {
                plane: "a".into(),
                factors: vec![PlacementFactor::Preferred { labels }],
            }
        );
        // A preference rules nothing out.
        assert_eq!(
            placed(&tenant, &preferences, &[facts(&b, 1)]).chosen,
            Some(b.name.clone())
        );
        let with_own = placed(&tenant, &preferences, &[facts(&a, 0), facts(&own, 90)]);
        assert_eq!(with_own.chosen, Some(own.name.clone()));
    }

    #[test]
    fn a_plane_that_is_worked_on_takes_no_new_claims_until_that_ends() {
        let window = |from: &str, to: &str, reason: Option<&str>| MaintenanceWindow {
            from: from.parse().unwrap(),
            to: to.parse().unwrap(),
            reason: reason.map(str::to_owned),
        };
        for (from, to, ruled_out) in [
            ("2026-06-01T11:00:00Z", "2026-06-01T13:00:00Z", true),
            ("2026-06-01T12:00:00Z", "2026-06-01T12:00:01Z", true),
            ("2026-06-01T11:00:00Z", "2026-06-01T12:00:00Z", false),
            ("2026-06-01T12:00:01Z", "2026-06-01T13:00:00Z", false),
        ] {
            let mut a = plane("a", "eu", &[]);
            a.spec.maintenance = vec![window(from, to, Some("the upgrade"))];
            let placement = placed(
                &tenant("payments"),
                &PlacementPreferences::default(),
                &[facts(&a, 0)],
            );
            assert_eq!(placement.chosen.is_none(), ruled_out, "{from} to {to}");
            let expected = Exclusion::Maintenance {
                until: to.parse().unwrap(),
                reason: Some("the upgrade".to_owned()),
            };
            assert_eq!(placement.candidates[0].ruled_out.contains(&expected), ruled_out);
        }
    }

    #[test]
    fn the_plane_of_another_tenant_is_neither_chosen_nor_named() {
        let (own, shared) = (plane("own", "eu", &["research"]), plane("shared", "eu", &[]));
        let planes = [facts(&own, 0), facts(&shared, 50)];
        let payments = placed(&tenant("payments"), &PlacementPreferences::default(), &planes);
        assert_eq!(payments.chosen, Some(shared.name.clone()));
        assert!(!format!("{payments:?}").contains("own"), "{payments:?}");
        let asked = PlacementPreferences {
            plane: Some(own.name.clone()),
            ..PlacementPreferences::default()
        };
        assert_eq!(placed(&tenant("payments"), &asked, &planes).chosen, None);
        assert_eq!(
            placed(&tenant("research"), &PlacementPreferences::default(), &planes).chosen,
            Some(own.name.clone())
        );
    }

    #[test]
    fn chooses_the_least_full_plane() {
        let (a, b) = (plane("a", "eu", &[]), plane("b", "us", &[]));
        let placement = placed(
            &tenant("payments"),
            &PlacementPreferences::default(),
            &[facts(&a, 9), facts(&b, 3)],
        );
        assert_eq!(placement.chosen, Some(b.name.clone()));
        assert_eq!(
            placement.reason,
            PlacementReason::Chosen {
                plane: "b".into(),
                factors: vec![PlacementFactor::LeastFull {
                    among: 2,
                    claims: 3,
                    capacity: Some(100),
                }],
            }
        );
    }

    #[test]
    fn a_plane_that_is_a_claim_is_chosen_last_and_serves_its_environment_alone() {
        let mut own = plane("analytics-1f0c22e8", "eu", &["payments"]);
        own.spec.connection = Connection::Claim(ClaimConnection {
            claim: ClaimRef {
                plane: "shared".parse().unwrap(),
                offering: "clusters.example.org".parse().unwrap(),
                namespace: Some("payments-dev".into()),
                name: "analytics".parse().unwrap(),
            },
            uid: "1".into(),
            key: None,
            hosts: Vec::new(),
        });
        let shared = plane("shared", "eu", &[]);
        let planes = [facts(&own, 0), facts(&shared, 99)];
        let payments = tenant("payments");
        let usual = placed(&payments, &PlacementPreferences::default(), &planes);
        assert_eq!(usual.chosen, Some(shared.name.clone()));
        let asked = PlacementPreferences {
            plane: Some(own.name.clone()),
            ..PlacementPreferences::default()
        };
        assert_eq!(placed(&payments, &asked, &planes).chosen, Some(own.name.clone()));
        let lacks = PlaneFacts {
            serves: false,
            ..facts(&shared, 0)
        };
        let only = placed(
            &payments,
            &PlacementPreferences::default(),
            &[facts(&own, 0), lacks],
        );
        assert_eq!(only.chosen, Some(own.name.clone()));
        own.spec.environments = vec!["production".parse().unwrap()];
        let elsewhere = placed(&payments, &asked, &[facts(&own, 0)]);
        assert_eq!(elsewhere.chosen, None);
        assert_eq!(
            elsewhere.candidates[0].ruled_out,
            [Exclusion::OtherEnvironment {
                environment: "dev".into()
            }]
        );
    }

    #[test]
    fn a_cordoned_plane_is_ruled_out_with_its_reason() {
        let (a, mut b) = (plane("a", "eu", &[]), plane("b", "us", &[]));
        b.spec.cordoned = true;
        let mut cordon = Cordon {
            plane: a.name.clone(),
            by: Person {
                subject: "pat".into(),
                name: "Pat".into(),
                email: None,
            },
            reason: Some("it is rebuilt on Friday".into()),
            since: Timestamp::UNIX_EPOCH,
        };
        let ruled_out = |cordon: &Cordon| {
            let closed = PlaneFacts {
                cordon: Some(cordon),
                ..facts(&a, 0)
            };
            let placement = placed(
                &tenant("payments"),
                &PlacementPreferences::default(),
                &[closed, facts(&b, 0)],
            );
            assert_eq!(placement.chosen, None);
            placement
                .candidates
                .into_iter()
                .flat_map(|candidate| candidate.ruled_out)
                .collect::<Vec<_>>()
        };
        let cordoned = |reason: Option<&str>| Exclusion::Cordoned {
            reason: reason.map(str::to_owned),
        };
        assert_eq!(
            ruled_out(&cordon),
            [cordoned(Some("it is rebuilt on Friday")), cordoned(None)]
        );
        cordon.reason = None;
        assert_eq!(ruled_out(&cordon), [cordoned(None), cordoned(None)]);
    }

    #[test]
    fn says_why_a_plane_is_the_only_one() {
        let (a, mut b) = (plane("a", "eu", &[]), plane("b", "us", &[]));
        let factors = |planes: &[PlaneFacts<'_>]| match placed(
            &tenant("payments"),
            &PlacementPreferences::default(),
            planes,
        )
        .reason
        {
            PlacementReason::Chosen { plane, factors } if plane == "a" => factors,
            other => panic!("{other:?}"),
        };
        assert_eq!(
            factors(&[facts(&a, 0)]),
            [PlacementFactor::OnlyGranted {
                tenant: "payments".into()
            }]
        );
        let lacks = PlaneFacts {
            serves: false,
            ..facts(&b, 0)
        };
        assert_eq!(
            factors(&[facts(&a, 0), lacks]),
            [PlacementFactor::OnlyServing {
                offering: "PostgreSQL".into()
            }]
        );
        let dead = PlaneFacts {
            unreachable: Some(NotUsable::Unreachable { since: None }),
            ..facts(&b, 0)
        };
        assert_eq!(factors(&[facts(&a, 0), dead]), [PlacementFactor::OnlyAvailable]);
        b.spec.cordoned = true;
        assert_eq!(
            factors(&[facts(&a, 0), facts(&b, 0)]),
            [PlacementFactor::OnlyAvailable]
        );
    }

    #[test]
    fn sentences_stored_before_reasons_had_codes_are_kept() {
        let stored = serde_json::json!({
            "chosen": "a",
            "reason": "It is the least full.",
            "candidates": [{ "plane": "b", "title": "B", "region": null, "ruledOut": ["it is full"] }]
        });
        let placement: Placement = serde_json::from_value(stored).unwrap();
        let text = "It is the least full.".to_owned();
        assert_eq!(placement.reason, PlacementReason::Other { text });
        let text = "it is full".to_owned();
        assert_eq!(placement.candidates[0].ruled_out, [Exclusion::Other { text }]);
        let again = serde_json::to_value(&placement).unwrap();
        assert_eq!(serde_json::from_value::<Placement>(again).unwrap(), placement);
    }

    #[test]
    fn a_placement_is_stored_as_codes_with_parameters() {
        let (a, b) = (plane("a", "eu", &[]), plane("b", "us", &[]));
        let preferences = PlacementPreferences {
            region: Some("eu".into()),
            ..PlacementPreferences::default()
        };
        let since = Some("2026-03-01T09:05:00Z".parse().unwrap());
        let dead = PlaneFacts {
            unreachable: Some(NotUsable::Unreachable { since }),
            ..facts(&b, 0)
        };
        let placement = placed(&tenant("payments"), &preferences, &[facts(&a, 0), dead]);
        let stored = serde_json::to_value(&placement).unwrap();
        assert_eq!(
            stored["reason"],
            serde_json::json!({
                "code": "chosen", "plane": "a", "factors": [{ "code": "in-region", "region": "eu" }]
            })
        );
        assert_eq!(
            stored["candidates"][1]["ruledOut"],
            serde_json::json!([
                { "code": "other-region", "region": "us", "requested": "eu" },
                { "code": "not-usable", "why": { "code": "unreachable", "since": "2026-03-01T09:05:00Z" } }
            ])
        );
        assert_eq!(serde_json::from_value::<Placement>(stored).unwrap(), placement);
    }

    #[test]
    fn lists_what_rules_a_plane_out() {
        let (a, b, c) = (
            plane("a", "eu", &[]),
            plane("b", "us", &[]),
            plane("c", "eu", &[]),
        );
        let dead = PlaneFacts {
            unreachable: Some(NotUsable::Unreachable { since: None }),
            ..facts(&a, 0)
        };
        let lacks = PlaneFacts {
            serves: false,
            ..facts(&c, 0)
        };
        let preferences = PlacementPreferences {
            region: Some("eu".into()),
            ..PlacementPreferences::default()
        };
        let placement = placed(&tenant("payments"), &preferences, &[dead, facts(&b, 100), lacks]);
        assert_eq!(placement.chosen, None);
        let reasons: Vec<Exclusion> = placement
            .candidates
            .into_iter()
            .flat_map(|candidate| candidate.ruled_out)
            .collect();
        assert_eq!(
            reasons,
            [
                Exclusion::NotUsable {
                    why: NotUsable::Unreachable { since: None }
                },
                Exclusion::OtherRegion {
                    region: Some("us".into()),
                    requested: "eu".into()
                },
                Exclusion::Full {
                    claims: 100,
                    capacity: 100
                },
                Exclusion::NotServed {
                    offering: "PostgreSQL".into()
                },
            ]
        );
    }
}
