use super::*;
use crate::claim::ClaimRef;
use crate::documents::{
    ActAs, ClaimConnection, Connection, ControlPlaneKind, ControlPlaneSpec, Limits, MaintenanceWindow,
    PlaneGrant, Quota, TenantSpec,
};

pub(super) fn plane(name: &str, region: &str, dedicated: &[&str]) -> ControlPlane {
    ControlPlane {
        name: name.parse().unwrap(),
        labels: BTreeMap::from([("tier".into(), "standard".into())]),
        spec: ControlPlaneSpec {
            title: None,
            kind: ControlPlaneKind::Cluster,
            region: Some(region.into()),
            connection: Connection::InCluster {},
            kcp: None,
            act_as: ActAs::Portico,
            dedicated_to: dedicated.iter().map(|name| name.parse().unwrap()).collect(),
            environments: Vec::new(),
            public_address: None,
            cordoned: false,
            maintenance: Vec::new(),
            capacity: Some(100),
            weight: 0,
            limits: Limits::default(),
        },
    }
}

pub(super) fn tenant(name: &str) -> Tenant {
    Tenant {
        name: name.parse().unwrap(),
        spec: TenantSpec {
            title: None,
            parent: None,
            members: vec![],
            environments: vec![Environment {
                name: "dev".parse().unwrap(),
                namespace: format!("{name}-dev"),
                production: false,
                control_plane_labels: BTreeMap::new(),
                preferred_control_plane_labels: BTreeMap::new(),
                placement: crate::documents::PlacementRules::default(),
            }],
            placement: crate::documents::PlacementRules::default(),
            control_planes: PlaneGrant {
                names: vec![],
                match_labels: BTreeMap::from([("tier".into(), "standard".into())]),
            },
            offerings: vec![],
            quota: Quota::default(),
        },
    }
}

pub(super) fn facts(document: &ControlPlane, claims: usize) -> PlaneFacts<'_> {
    PlaneFacts {
        document,
        unreachable: None,
        cordon: None,
        serves: true,
        problem: None,
        claims,
        held: 0,
        service: None,
    }
}

fn placed(tenant: &Tenant, preferences: &PlacementPreferences, planes: &[PlaneFacts<'_>]) -> Placement {
    placed_after(tenant, preferences, None, planes)
}

/// As [`placed`], after a preview that chose `shown`.
fn placed_after(
    tenant: &Tenant,
    preferences: &PlacementPreferences,
    shown: Option<&ControlPlane>,
    planes: &[PlaneFacts<'_>],
) -> Placement {
    placed_below(&[], tenant, preferences, shown, planes)
}

/// As [`placed_after`], for a tenant within tenants with these rules.
pub(super) fn placed_below(
    rules_above: &[&PlacementRules],
    tenant: &Tenant,
    preferences: &PlacementPreferences,
    shown: Option<&ControlPlane>,
    planes: &[PlaneFacts<'_>],
) -> Placement {
    let labels = BTreeMap::new();
    let request = PlacementRequest {
        tenant,
        rules_above,
        environment: &tenant.spec.environments[0],
        offering_title: "PostgreSQL",
        offering_labels: &labels,
        offering_preferred: &labels,
        offering_rules: None,
        shown: shown.map(|shown| &shown.name),
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

pub(super) fn rules(yaml: &serde_json::Value) -> PlacementRules {
    serde_json::from_value(yaml.clone()).unwrap()
}

#[test]
fn preferences_are_weighed_against_a_spread_and_the_explanation_says_how() {
    let (mut eu, us) = (plane("eu-2", "eu", &[]), plane("us-1", "us", &[]));
    let mut tenant = tenant("payments");
    tenant.spec.placement = rules(&serde_json::json!({
        "prefer": [{ "labels": { "region": "eu" }, "weight": 25 }]
    }));
    tenant.spec.environments[0].placement = rules(&serde_json::json!({ "spread": { "over": "region" } }));
    let with = |held: usize, eu: &ControlPlane| {
        let (eu, us) = (
            PlaneFacts {
                held,
                ..facts(eu, 50)
            },
            PlaneFacts {
                held: 1,
                ..facts(&us, 0)
            },
        );
        placed(&tenant, &PlacementPreferences::default(), &[us, eu])
    };
    // Up to two claims more weigh less than the preference, whatever the load.
    assert_eq!(with(3, &eu).chosen, Some(eu.name.clone()));
    let spread = with(4, &eu);
    assert_eq!(spread.chosen, Some(us.name.clone()));
    let held_there = |claims, value: &str| Point::Spread {
        over: "region".into(),
        value: Some(value.into()),
        offering: "PostgreSQL".into(),
        claims,
        of: 5,
    };
    assert_eq!(
        spread.candidates[1].compared,
        Some(Comparison::Behind {
            ahead: vec![Point::Labels {
                labels: vec!["region=eu".into()]
            }],
            behind: vec![held_there(4, "eu")],
        })
    );
    assert_eq!(
        spread.reason,
        PlacementReason::Chosen {
            plane: "us-1".into(),
            factors: vec![PlacementFactor::Spread {
                over: "region".into(),
                value: Some("us".into()),
                offering: "PostgreSQL".into(),
                claims: 1,
                of: 5,
            }],
        }
    );
    // The control plane's own weight counts with it.
    eu.spec.weight = 10;
    assert_eq!(with(4, &eu).chosen, Some(eu.name.clone()));
}

#[test]
fn a_required_spread_waits_for_the_value_with_the_fewest_claims() {
    let (eu, mut us) = (plane("eu", "eu", &[]), plane("us", "us", &[]));
    let mut nowhere = plane("nowhere", "eu", &[]);
    nowhere.spec.region = None;
    let mut tenant = tenant("payments");
    tenant.spec.placement = rules(&serde_json::json!({ "spread": { "over": "region", "required": true } }));
    let place = |us: &ControlPlane| {
        let first = PlaneFacts {
            held: 1,
            ..facts(&eu, 0)
        };
        placed(
            &tenant,
            &PlacementPreferences::default(),
            &[first, facts(us, 99), facts(&nowhere, 0)],
        )
    };
    assert_eq!(place(&us).chosen, Some(us.name.clone()));
    us.spec.cordoned = true;
    let waiting = place(&us);
    assert_eq!(waiting.chosen, None);
    let (over, offering) = (|| "region".to_owned(), || "PostgreSQL".to_owned());
    let why: Vec<_> = waiting
        .candidates
        .iter()
        .map(|candidate| (candidate.plane.as_str(), candidate.ruled_out.clone()))
        .collect();
    assert_eq!(
        why,
        [
            (
                "eu",
                vec![Exclusion::Spread {
                    over: over(),
                    offering: offering(),
                    value: Some("eu".into()),
                    claims: 1,
                    of: 1,
                }]
            ),
            (
                "nowhere",
                vec![Exclusion::NotSpread {
                    over: over(),
                    offering: offering(),
                }]
            ),
            ("us", vec![Exclusion::Cordoned { reason: None }]),
        ]
    );
    // One that offering or environment do not admit is not waited for.
    us.labels.clear();
    tenant.spec.environments[0].control_plane_labels = BTreeMap::from([("tier".into(), "standard".into())]);
    let only = placed(
        &tenant,
        &PlacementPreferences::default(),
        &[
            PlaneFacts {
                held: 1,
                ..facts(&eu, 0)
            },
            facts(&us, 0),
        ],
    );
    assert_eq!(only.chosen, Some(eu.name.clone()));
}

#[test]
fn a_preview_stays_while_loads_move_a_little() {
    let (a, b) = (plane("a", "eu", &[]), plane("b", "eu", &[]));
    let tenant = tenant("payments");
    let preferences = PlacementPreferences::default();
    let at = |shown, of_a, of_b| {
        let planes = [facts(&a, of_a), facts(&b, of_b)];
        placed_after(&tenant, &preferences, shown, &planes)
    };
    // 5 % of the capacity decide nothing.
    let alike = at(None, 14, 9);
    assert_eq!(alike.chosen, Some(a.name.clone()));
    assert_eq!(
        alike.reason,
        PlacementReason::Chosen {
            plane: "a".into(),
            factors: vec![PlacementFactor::FirstOfLight { among: 2 }],
        }
    );
    assert_eq!(at(None, 15, 9).chosen, Some(b.name.clone()));
    let stays = at(Some(&a), 19, 9);
    assert_eq!(stays.chosen, Some(a.name.clone()));
    assert_eq!(
        stays.reason,
        PlacementReason::Chosen {
            plane: "a".into(),
            factors: vec![PlacementFactor::Shown],
        }
    );
    assert_eq!(stays.candidates[1].compared, Some(Comparison::ShownStays));
    let moved = at(Some(&a), 20, 9);
    assert_eq!(moved.chosen, Some(b.name.clone()));
    assert_eq!(
        moved.candidates[1].compared,
        Some(Comparison::Fuller {
            claims: 20,
            capacity: Some(100)
        })
    );
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
        workspace: None,
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

#[test]
fn the_service_of_another_tenant_is_the_last_choice_and_shows_nothing_of_its_control_plane() {
    use crate::publication::tests::{accept_all, configuration, publication};

    let mut configuration = configuration(&publication(
        &serde_json::json!({ "tenants": ["payments"] }),
        &["owners"],
    ));
    accept_all(&mut configuration);
    let service = configuration.service(&"search".parse().unwrap()).unwrap();
    let payments = &configuration.tenants[&"payments".parse().unwrap()];
    let shared = &configuration.control_planes[&"shared".parse().unwrap()];
    let of_service = PlaneFacts {
        service: Some(service),
        ..facts(service.plane, 0)
    };
    let preferences = PlacementPreferences::default();
    let both = placed(payments, &preferences, &[of_service.clone(), facts(shared, 90)]);
    assert_eq!(both.chosen.as_ref(), Some(&shared.name));

    let elsewhere = PlacementPreferences {
        region: Some("us".to_owned()),
        ..PlacementPreferences::default()
    };
    let full = PlaneFacts {
        cordon: None,
        ..of_service.clone()
    };
    let ruled_out = placed(payments, &elsewhere, &[full]);
    let alone = placed(payments, &preferences, std::slice::from_ref(&of_service));
    assert_eq!(alone.chosen.as_ref(), Some(&service.plane.name));
    for placement in [&alone, &ruled_out] {
        let candidate = &placement.candidates[0];
        assert_eq!(candidate.title, "research’s service");
        assert_eq!(candidate.region, None);
        let told = serde_json::to_string(&placement.candidates[0].ruled_out).unwrap()
            + &serde_json::to_string(&placement.reason).unwrap();
        for hidden in ["The plane own", "\"eu\""] {
            assert!(!told.contains(hidden), "{hidden} in {told}");
        }
    }
    let without = placed(payments, &preferences, &[facts(service.plane, 0)]);
    assert_eq!(without.chosen, None, "it is not payments’ own");
}
