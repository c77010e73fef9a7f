//! Placement: which control plane serves a claim, with its reasons.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::documents::{ControlPlane, Environment, Tenant};
use crate::names::PlaneName;
use crate::tenancy::{Person, Viewer};

/// What the requester asked of placement.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Wish {
    /// This control plane and no other.
    pub plane: Option<PlaneName>,
    /// This region.
    pub region: Option<String>,
    /// Labels the control plane must have.
    pub labels: BTreeMap<String, String>,
}

/// Which control plane serves the claim, and why it and not another.
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Placement {
    /// The choice; `None` when every candidate is ruled out.
    pub chosen: Option<PlaneName>,
    /// Why it was preferred, in a sentence.
    pub reason: String,
    /// All candidates the tenant may know of, the chosen one first.
    pub candidates: Vec<Candidate>,
}

/// One control plane, considered.
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
    /// What rules it out, each in a sentence; empty when it would do.
    pub ruled_out: Vec<String>,
}

/// An administrator's word that a control plane takes no new claims. Claims that it has stay, and may be changed.
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Cordon {
    /// The control plane.
    pub plane: PlaneName,
    /// Who closed it.
    pub by: Person,
    /// Why, in words that those read who would have used it.
    pub reason: Option<String>,
    /// Since when.
    pub since: Timestamp,
}

/// What is known of a control plane with regard to one offering.
#[derive(Debug, Clone)]
pub struct PlaneFacts<'a> {
    /// Its document.
    pub document: &'a ControlPlane,
    /// Why it cannot take a claim now, in a sentence; `None` when it answers.
    pub unreachable: Option<String>,
    /// An administrator's word that it takes no new claims; its document may say so as well.
    pub cordon: Option<&'a Cordon>,
    /// Whether it serves the offering's API.
    pub serves: bool,
    /// What is wrong with the API as it serves it.
    pub problem: Option<String>,
    /// How many claims it has.
    pub claims: usize,
}

/// What placement has to meet.
#[derive(Debug, Clone, Copy)]
pub struct Needs<'a> {
    /// Who asks.
    pub tenant: &'a Tenant,
    /// For which environment.
    pub environment: &'a Environment,
    /// The offering's title, for the reasons.
    pub offering_title: &'a str,
    /// Labels that the offering asks for.
    pub offering_labels: &'a BTreeMap<String, String>,
    /// What the requester asks for.
    pub wish: &'a Wish,
}

/// Whether `tenant` may use the control plane at all: it is dedicated to it, or shared and granted.
/// A plane that it may not use does not exist for it.
#[must_use]
pub fn may_use(tenant: &Tenant, plane: &ControlPlane) -> bool {
    if !plane.spec.dedicated_to.is_empty() {
        return plane.spec.dedicated_to.contains(&tenant.name);
    }
    let grant = &tenant.spec.control_planes;
    grant.names.contains(&plane.name)
        || (!grant.match_labels.is_empty() && has_labels(plane, &grant.match_labels))
}

/// Whether the control plane exists for the viewer: one of their tenants may use it. For platform admins all do.
#[must_use]
pub fn may_know<'t>(
    viewer: &Viewer,
    tenants: impl IntoIterator<Item = &'t Tenant>,
    plane: &ControlPlane,
) -> bool {
    let mut tenants = tenants.into_iter();
    viewer.platform_admin || tenants.any(|tenant| viewer.sees(&tenant.name) && may_use(tenant, plane))
}

fn has_labels(plane: &ControlPlane, wanted: &BTreeMap<String, String>) -> bool {
    wanted
        .iter()
        .all(|(key, value)| plane.labels.get(key) == Some(value))
}

/// Chooses a control plane: among those that the tenant may use and nothing rules out, one of its
/// own before a shared one, then the least full, then by name.
#[must_use]
pub fn place(needs: &Needs<'_>, planes: &[PlaneFacts<'_>]) -> Placement {
    let mut fit: Vec<&PlaneFacts<'_>> = Vec::new();
    let mut candidates = Vec::new();
    for facts in planes
        .iter()
        .filter(|facts| may_use(needs.tenant, facts.document))
    {
        let ruled_out = ruled_out(needs, facts);
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
                needs.tenant.title()
            )
        }
        [] => format!(
            "No control plane can serve {} here just now.",
            needs.offering_title
        ),
        [best, rest @ ..] => why(needs, best, rest, planes),
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

fn ruled_out(needs: &Needs<'_>, facts: &PlaneFacts<'_>) -> Vec<String> {
    let plane = facts.document;
    let mut reasons = Vec::new();
    if needs
        .wish
        .plane
        .as_ref()
        .is_some_and(|wanted| *wanted != plane.name)
    {
        reasons.push("another control plane was asked for".to_owned());
    }
    if let Some(region) = &needs.wish.region
        && plane.spec.region.as_ref() != Some(region)
    {
        reasons.push(match &plane.spec.region {
            Some(own) => format!("it is in {own}, and {region} was asked for"),
            None => format!("it has no region, and {region} was asked for"),
        });
    }
    for (whose, labels) in [
        ("the request", &needs.wish.labels),
        ("the environment", &needs.environment.control_plane_labels),
        ("the offering", needs.offering_labels),
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
        reasons.push(format!("it does not serve {}", needs.offering_title));
    } else if let Some(problem) = &facts.problem {
        reasons.push(format!("its {} cannot be used: {problem}", needs.offering_title));
    }
    if let Some(reason) = facts.cordon.and_then(|cordon| cordon.reason.as_ref()) {
        reasons.push(format!("it is cordoned: it takes no new claims ({reason})"));
    } else if facts.cordon.is_some() || plane.spec.cordoned {
        reasons.push("it is cordoned: it takes no new claims".to_owned());
    }
    if let Some(unreachable) = &facts.unreachable {
        reasons.push(unreachable.clone());
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

/// In what way it is the only one: others may serve the offering and be ruled out for now.
fn only_one(needs: &Needs<'_>, best: &PlaneFacts<'_>, all: &[PlaneFacts<'_>]) -> String {
    let mut others = all
        .iter()
        .filter(|facts| facts.document.name != best.document.name && may_use(needs.tenant, facts.document))
        .peekable();
    if others.peek().is_none() {
        format!("it is the only one that {} may use", needs.tenant.title())
    } else if others.any(|facts| facts.serves) {
        "it is the only one that takes it now".to_owned()
    } else {
        format!("it is the only one that serves {}", needs.offering_title)
    }
}

/// In millionths of its capacity. A plane that states none counts as one for a million claims.
fn fullness(facts: &PlaneFacts<'_>) -> u64 {
    let claims = facts.claims as u64;
    facts.document.spec.capacity.map_or(claims, |capacity| {
        claims.saturating_mul(1_000_000) / u64::from(capacity.max(1))
    })
}

fn why(needs: &Needs<'_>, best: &PlaneFacts<'_>, rest: &[&PlaneFacts<'_>], all: &[PlaneFacts<'_>]) -> String {
    let plane = best.document;
    let mut parts = Vec::new();
    if !plane.spec.dedicated_to.is_empty() {
        parts.push(format!("it is {}’s own", needs.tenant.title()));
    }
    if needs.wish.plane.is_some() {
        parts.push("it was asked for".to_owned());
    } else if let (Some(_), Some(region)) = (&needs.wish.region, &plane.spec.region) {
        parts.push(format!("it is in {region}, as asked"));
    }
    let alike = rest
        .iter()
        .filter(|other| other.document.spec.dedicated_to.is_empty() == plane.spec.dedicated_to.is_empty())
        .count();
    if rest.is_empty() && parts.is_empty() {
        parts.push(only_one(needs, best, all));
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
        parts.push(format!("it serves {}", needs.offering_title));
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

    fn placed(tenant: &Tenant, wish: &Wish, planes: &[PlaneFacts<'_>]) -> Placement {
        let labels = BTreeMap::new();
        let needs = Needs {
            tenant,
            environment: &tenant.spec.environments[0],
            offering_title: "PostgreSQL",
            offering_labels: &labels,
            wish,
        };
        place(&needs, planes)
    }

    #[test]
    fn a_plane_of_another_tenant_is_neither_chosen_nor_named() {
        let (own, shared) = (plane("own", "eu", &["research"]), plane("shared", "eu", &[]));
        let planes = [facts(&own, 0), facts(&shared, 50)];
        let payments = placed(&tenant("payments"), &Wish::default(), &planes);
        assert_eq!(payments.chosen, Some(shared.name.clone()));
        assert!(!format!("{payments:?}").contains("own"), "{payments:?}");
        let asked = Wish {
            plane: Some(own.name.clone()),
            ..Wish::default()
        };
        assert_eq!(placed(&tenant("payments"), &asked, &planes).chosen, None);
        assert_eq!(
            placed(&tenant("research"), &Wish::default(), &planes).chosen,
            Some(own.name.clone())
        );
    }

    #[test]
    fn the_least_full_is_chosen_and_the_reason_says_so() {
        let (a, b) = (plane("a", "eu", &[]), plane("b", "us", &[]));
        let placement = placed(
            &tenant("payments"),
            &Wish::default(),
            &[facts(&a, 9), facts(&b, 3)],
        );
        assert_eq!(placement.chosen, Some(b.name.clone()));
        assert_eq!(
            placement.reason,
            "b: it is the least full of 2 that would do (3 of 100 claims)."
        );
    }

    #[test]
    fn a_cordoned_plane_is_not_chosen_and_says_why() {
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
            let placement = placed(&tenant("payments"), &Wish::default(), &[closed, facts(&b, 0)]);
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
    fn the_only_one_is_said_to_be_that_in_the_way_it_is() {
        let (a, mut b) = (plane("a", "eu", &[]), plane("b", "us", &[]));
        let reason = |planes: &[PlaneFacts<'_>]| placed(&tenant("payments"), &Wish::default(), planes).reason;
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
            unreachable: Some("it does not answer".into()),
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
    fn what_rules_a_plane_out_is_said() {
        let (a, b, c) = (
            plane("a", "eu", &[]),
            plane("b", "us", &[]),
            plane("c", "eu", &[]),
        );
        let dead = PlaneFacts {
            unreachable: Some("it does not answer".into()),
            ..facts(&a, 0)
        };
        let lacks = PlaneFacts {
            serves: false,
            ..facts(&c, 0)
        };
        let wish = Wish {
            region: Some("eu".into()),
            ..Wish::default()
        };
        let placement = placed(&tenant("payments"), &wish, &[dead, facts(&b, 100), lacks]);
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
                "it is in us, and eu was asked for",
                "it is full: it has 100 of 100 claims",
                "it does not serve PostgreSQL",
            ]
        );
    }
}
