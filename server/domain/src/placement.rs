//! Placement: chooses the control plane for a claim and explains the choice.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::documents::{ControlPlane, Environment, Tenant};
use crate::names::PlaneName;
use crate::tenancy::{Person, Viewer};

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
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Placement {
    /// The chosen control plane; `None` if all candidates are ruled out.
    pub chosen: Option<PlaneName>,
    /// Why it was chosen, as a sentence.
    pub reason: String,
    /// All candidates that the tenant may know of, the chosen one first.
    pub candidates: Vec<Candidate>,
}

impl Placement {
    /// The placement of a claim that a control plane has already.
    #[must_use]
    pub fn of_existing(candidate: Candidate) -> Self {
        Self {
            chosen: Some(candidate.plane.clone()),
            reason: format!("{}: it runs there.", candidate.title),
            candidates: vec![candidate],
        }
    }
}

/// A candidate of placement.
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Candidate {
    /// The control plane.
    pub plane: PlaneName,
    /// The name to show.
    pub title: String,
    /// Its region.
    pub region: Option<String>,
    /// Why it is ruled out, one sentence each; empty if it could serve the claim.
    pub ruled_out: Vec<String>,
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

/// Why a control plane cannot take a claim now.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NotUsable {
    /// Its document or credentials are wrong.
    #[error("it is not set up correctly")]
    Misconfigured,
    /// The first connection is being made.
    #[error("it is still being connected to")]
    Connecting,
    /// It does not answer.
    #[error("{}", unanswered(*since))]
    Unreachable {
        /// When it last answered.
        since: Option<Timestamp>,
    },
    /// Portico lacks a right on it that the offering needs, in words.
    #[error("{0}")]
    MissingRight(String),
}

fn unanswered(since: Option<Timestamp>) -> String {
    since.map_or_else(
        || "it does not answer".to_owned(),
        |since| format!("it has not answered since {}", since.strftime("%-d %b %H:%M UTC")),
    )
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
/// the least full, then by name.
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
            title: title(facts.document).to_owned(),
            region: facts.document.spec.region.clone(),
            ruled_out,
        });
    }
    fit.sort_by_key(|facts| {
        let shared = facts.document.spec.dedicated_to.is_empty();
        (shared, fullness(facts), facts.document.name.clone())
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
        [] if candidates.is_empty() => {
            format!(
                "{} may use no control plane. A platform administrator can grant it one.",
                request.tenant.title()
            )
        }
        [] => format!(
            "No control plane can serve {} here just now.",
            request.offering_title
        ),
        [best, rest @ ..] => why(request, best, rest, planes),
    };
    Placement {
        chosen,
        reason,
        candidates,
    }
}

fn title(plane: &ControlPlane) -> &str {
    plane.spec.title.as_deref().unwrap_or(plane.name.as_str())
}

fn ruled_out(request: &PlacementRequest<'_>, facts: &PlaneFacts<'_>) -> Vec<String> {
    let plane = facts.document;
    let mut reasons = Vec::new();
    if request
        .preferences
        .plane
        .as_ref()
        .is_some_and(|wanted| *wanted != plane.name)
    {
        reasons.push("another control plane was requested".to_owned());
    }
    if let Some(region) = &request.preferences.region
        && plane.spec.region.as_ref() != Some(region)
    {
        reasons.push(match &plane.spec.region {
            Some(own) => format!("it is in {own}, and {region} was requested"),
            None => format!("it has no region, and {region} was requested"),
        });
    }
    for (whose, labels) in [
        ("the request", &request.preferences.labels),
        ("the environment", &request.environment.control_plane_labels),
        ("the offering", request.offering_labels),
    ] {
        for (key, value) in labels {
            if plane.labels.get(key) != Some(value) {
                reasons.push(format!(
                    "{whose} needs the label {key}={value}, which it does not have"
                ));
            }
        }
    }
    if !facts.serves {
        reasons.push(format!("it does not serve {}", request.offering_title));
    } else if let Some(problem) = &facts.problem {
        reasons.push(format!(
            "its {} cannot be used: {problem}",
            request.offering_title
        ));
    }
    if let Some(reason) = facts.cordon.and_then(|cordon| cordon.reason.as_ref()) {
        reasons.push(format!("it is cordoned: it takes no new claims ({reason})"));
    } else if facts.cordon.is_some() || plane.spec.cordoned {
        reasons.push("it is cordoned: it takes no new claims".to_owned());
    }
    if let Some(unreachable) = &facts.unreachable {
        reasons.push(unreachable.to_string());
    }
    if let Some(capacity) = plane.spec.capacity
        && facts.claims >= capacity as usize
    {
        reasons.push(format!(
            "it is full: it has {} of {capacity} claims",
            facts.claims
        ));
    }
    reasons
}

/// Explains why it is the only one left.
fn only_one(request: &PlacementRequest<'_>, best: &PlaneFacts<'_>, all: &[PlaneFacts<'_>]) -> String {
    let mut others = all
        .iter()
        .filter(|facts| facts.document.name != best.document.name && may_use(request.tenant, facts.document))
        .peekable();
    if others.peek().is_none() {
        format!("it is the only one that {} may use", request.tenant.title())
    } else if others.any(|facts| facts.serves) {
        "it is the only one that takes it now".to_owned()
    } else {
        format!("it is the only one that serves {}", request.offering_title)
    }
}

/// Returns the fullness in millionths of the capacity. Without a capacity, 1,000,000 claims are assumed.
fn fullness(facts: &PlaneFacts<'_>) -> u64 {
    let claims = facts.claims as u64;
    facts.document.spec.capacity.map_or(claims, |capacity| {
        claims.saturating_mul(1_000_000) / u64::from(capacity.max(1))
    })
}

fn why(
    request: &PlacementRequest<'_>,
    best: &PlaneFacts<'_>,
    rest: &[&PlaneFacts<'_>],
    all: &[PlaneFacts<'_>],
) -> String {
    let plane = best.document;
    let mut parts = Vec::new();
    if !plane.spec.dedicated_to.is_empty() {
        parts.push(format!("it is {}’s own", request.tenant.title()));
    }
    if request.preferences.plane.is_some() {
        parts.push("it was requested".to_owned());
    } else if let (Some(_), Some(region)) = (&request.preferences.region, &plane.spec.region) {
        parts.push(format!("it is in {region}, as requested"));
    }
    let alike = rest
        .iter()
        .filter(|other| other.document.spec.dedicated_to.is_empty() == plane.spec.dedicated_to.is_empty())
        .count();
    if rest.is_empty() && parts.is_empty() {
        parts.push(only_one(request, best, all));
    } else if alike > 0 {
        let load = plane.spec.capacity.map_or_else(
            || format!("{} claims", best.claims),
            |capacity| format!("{} of {capacity} claims", best.claims),
        );
        parts.push(format!(
            "it is the least full of {} that would do ({load})",
            alike + 1
        ));
    } else if !rest.is_empty() && parts.is_empty() {
        parts.push("it comes before the others that would do".to_owned());
    }
    if parts.is_empty() {
        parts.push(format!("it serves {}", request.offering_title));
    }
    format!("{}: {}.", title(plane), parts.join(", and "))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::documents::{
        ActAs, Connection, ControlPlaneKind, ControlPlaneSpec, Limits, PlaneGrant, Quota, TenantSpec,
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
                cordoned: false,
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
            preferences,
        };
        place(&request, planes)
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
    fn chooses_the_least_full_plane_and_says_so() {
        let (a, b) = (plane("a", "eu", &[]), plane("b", "us", &[]));
        let placement = placed(
            &tenant("payments"),
            &PlacementPreferences::default(),
            &[facts(&a, 9), facts(&b, 3)],
        );
        assert_eq!(placement.chosen, Some(b.name.clone()));
        assert_eq!(
            placement.reason,
            "b: it is the least full of 2 that would do (3 of 100 claims)."
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
        let bare = "it is cordoned: it takes no new claims";
        assert_eq!(
            ruled_out(&cordon),
            [format!("{bare} (it is rebuilt on Friday)"), bare.to_owned()]
        );
        cordon.reason = None;
        assert_eq!(ruled_out(&cordon), [bare, bare]);
    }

    #[test]
    fn says_why_a_plane_is_the_only_one() {
        let (a, mut b) = (plane("a", "eu", &[]), plane("b", "us", &[]));
        let reason = |planes: &[PlaneFacts<'_>]| {
            placed(&tenant("payments"), &PlacementPreferences::default(), planes).reason
        };
        assert_eq!(
            reason(&[facts(&a, 0)]),
            "a: it is the only one that payments may use."
        );
        let lacks = PlaneFacts {
            serves: false,
            ..facts(&b, 0)
        };
        assert_eq!(
            reason(&[facts(&a, 0), lacks]),
            "a: it is the only one that serves PostgreSQL."
        );
        let dead = PlaneFacts {
            unreachable: Some(NotUsable::Unreachable { since: None }),
            ..facts(&b, 0)
        };
        assert_eq!(
            reason(&[facts(&a, 0), dead]),
            "a: it is the only one that takes it now."
        );
        b.spec.cordoned = true;
        assert_eq!(
            reason(&[facts(&a, 0), facts(&b, 0)]),
            "a: it is the only one that takes it now."
        );
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
        let reasons: Vec<&str> = placement
            .candidates
            .iter()
            .flat_map(|candidate| &candidate.ruled_out)
            .map(String::as_str)
            .collect();
        assert_eq!(
            reasons,
            [
                "it does not answer",
                "it is in us, and eu was requested",
                "it is full: it has 100 of 100 claims",
                "it does not serve PostgreSQL",
            ]
        );
    }
}
