use std::collections::BTreeSet;

use jiff::{SignedDuration, Timestamp};
use proptest::prelude::*;
use serde_json::{Value, from_value, json};

use super::*;
use crate::names::EnvironmentName;
use crate::person::Person;

const NAME: &str = "search";

/// The tenants `research`, who publishes from its own plane `own`, `payments`, `billing` and `third`.
pub(crate) fn configuration(publication: &Value) -> Configuration {
    let tenant = |name: &str| {
        json!({ "name": name, "spec": {
            "members": [
                { "group": format!("{name}-devs"), "role": "developer" },
                { "group": format!("{name}-leads"), "role": "approver" },
            ],
            "environments": [
                { "name": "dev", "namespace": format!("{name}-dev") },
                { "name": "production", "namespace": format!("{name}-production"), "production": true },
            ],
            "controlPlanes": { "names": ["shared"] },
        } })
    };
    let plane = |name: &str, dedicated: &[&str]| {
        json!({ "name": name, "labels": {}, "spec": {
            "title": format!("The plane {name}"), "region": "eu",
            "connection": { "inCluster": {} }, "dedicatedTo": dedicated,
        } })
    };
    let by_name = |all: Vec<Value>| {
        let named = all
            .into_iter()
            .map(|one| (one["name"].as_str().unwrap().to_owned(), one));
        Value::Object(named.collect())
    };
    from_value(json!({
        "portal": { "name": "main", "spec": {
            "publicUrl": "https://portal.example.com",
            "signIn": { "providers": [], "adminGroups": [] },
        } },
        "controlPlanes": by_name(vec![plane("own", &["research"]), plane("shared", &[])]),
        "offerings": {},
        "tenants": by_name(["research", "payments", "billing", "third"].map(tenant).to_vec()),
        "policies": {},
        "namespaceTemplates": {},
        "publications": { NAME: { "name": NAME, "spec": publication } },
    }))
    .unwrap()
}

pub(crate) fn publication(consumers: &Value, approvers: &[&str]) -> Value {
    let asks = |permission: &str, optional: bool| json!({ "permission": permission, "reason": "Why not.", "optional": optional });
    json!({
        "publisher": "research",
        "offering": "indexes.search.example.org",
        "controlPlane": "own",
        "consumers": consumers,
        "approvers": { "groups": approvers },
        "permissions": [
            asks("takeClaims", false), asks("decide", false), asks("handOutSecrets", false),
            asks("knowRequesters", true), asks("readNotes", true),
        ],
    })
}

/// Decides on permissions as the document asks for them now, one after the other.
pub(crate) fn decide(configuration: &mut Configuration, decisions: &[(Permission, bool)]) {
    let name: PublicationName = NAME.parse().unwrap();
    let publication = &configuration.publications[&name];
    let mut all = configuration.permission_decisions.on(&name).to_vec();
    for (permission, accepted) in decisions {
        all.push(PermissionDecision {
            publication: name.clone(),
            permission: *permission,
            accepted: *accepted,
            ask: Ask::of(publication, *permission),
            by: Person {
                subject: "https://sso#pat".to_owned(),
                name: "Pat".to_owned(),
                email: None,
            },
            at: Timestamp::UNIX_EPOCH + SignedDuration::from_secs(i64::try_from(all.len()).unwrap()),
        });
    }
    configuration.permission_decisions = PermissionDecisions::new(all);
}

pub(crate) fn accept_all(configuration: &mut Configuration) {
    let all: Vec<_> = Permission::ALL
        .into_iter()
        .map(|permission| (permission, true))
        .collect();
    decide(configuration, &all);
}

/// Replaces the document, and keeps the decisions.
fn change(configuration: &mut Configuration, publication: &Value) {
    let decisions = configuration.permission_decisions.clone();
    *configuration = self::configuration(publication);
    configuration.permission_decisions = decisions;
}

fn service(configuration: &Configuration) -> Service<'_> {
    configuration.service(&NAME.parse().unwrap()).unwrap()
}

fn tenant(name: &str) -> TenantName {
    name.parse().unwrap()
}

fn only(tenants: &[&str]) -> Value {
    json!({ "tenants": tenants })
}

#[test]
fn it_is_open_when_every_permission_that_it_needs_is_accepted() {
    let mut configuration = configuration(&publication(&only(&["payments"]), &["owners"]));
    let payments = tenant("payments");
    let needed = [
        Permission::TakeClaims,
        Permission::Decide,
        Permission::HandOutSecrets,
    ];
    for permission in needed {
        let closed = service(&configuration).check_open(&payments);
        assert_eq!(closed, Err(Closed::Waiting(permission)));
        assert!(service(&configuration).waits());
        assert!(
            !service(&configuration).was_open(&payments),
            "nobody is to know of it yet"
        );
        decide(&mut configuration, &[(permission, true)]);
    }
    let open = service(&configuration);
    assert_eq!(open.check_open(&payments), Ok(()), "the others are optional");
    assert!(open.waits(), "but they are still to be decided on");
    assert_eq!(open.check_open(&tenant("third")), Err(Closed::NotAConsumer));
    assert_eq!(
        open.check_open(&tenant("research")),
        Err(Closed::NotAConsumer),
        "its own"
    );

    decide(&mut configuration, &[(Permission::HandOutSecrets, false)]);
    let closed = service(&configuration);
    assert_eq!(
        closed.check_open(&payments),
        Err(Closed::Refused(Permission::HandOutSecrets))
    );
    assert!(closed.was_open(&payments) && !closed.was_open(&tenant("third")));
    decide(&mut configuration, &[(Permission::HandOutSecrets, true)]);
    assert_eq!(service(&configuration).check_open(&payments), Ok(()));
}

#[test]
fn more_consumers_wait_and_those_that_were_accepted_go_on() {
    let mut configuration = configuration(&publication(&only(&["payments"]), &["owners"]));
    accept_all(&mut configuration);
    change(
        &mut configuration,
        &publication(&only(&["payments", "billing"]), &["owners"]),
    );
    let (payments, billing) = (tenant("payments"), tenant("billing"));
    let wider = service(&configuration);
    assert_eq!(wider.check_open(&payments), Ok(()));
    assert_eq!(
        wider.check_open(&billing),
        Err(Closed::Waiting(Permission::TakeClaims))
    );
    assert!(!wider.holds(Permission::HandOutSecrets, &billing));
    assert_eq!(wider.state(Permission::TakeClaims), PermissionState::AsksForMore);
    accept_all(&mut configuration);
    assert_eq!(service(&configuration).check_open(&billing), Ok(()));
    assert!(!service(&configuration).waits());

    change(
        &mut configuration,
        &publication(&json!({ "all": {} }), &["owners"]),
    );
    let all = service(&configuration);
    assert_eq!(all.check_open(&billing), Ok(()));
    assert_eq!(
        all.check_open(&tenant("third")),
        Err(Closed::Waiting(Permission::TakeClaims))
    );
    assert_eq!(all.state(Permission::Decide), PermissionState::AsksForMore);
    accept_all(&mut configuration);
    assert_eq!(service(&configuration).check_open(&tenant("third")), Ok(()));
}

#[test]
fn a_new_approver_decides_only_when_that_is_accepted() {
    let mut configuration = configuration(&publication(&only(&["payments"]), &["owners"]));
    accept_all(&mut configuration);
    change(
        &mut configuration,
        &publication(&only(&["payments"]), &["owners", "everybody"]),
    );
    let payments = tenant("payments");
    let more = service(&configuration);
    assert_eq!(more.approvers(&payments), ["owners".into()]);
    assert_eq!(more.state(Permission::Decide), PermissionState::AsksForMore);
    assert_eq!(
        more.state(Permission::TakeClaims),
        PermissionState::Accepted,
        "asks for nothing new"
    );
    assert_eq!(more.check_open(&payments), Ok(()));

    change(
        &mut configuration,
        &publication(&only(&["payments"]), &["everybody"]),
    );
    let other = service(&configuration);
    assert!(other.rule(&payments).is_none());
    assert_eq!(
        other.check_open(&payments),
        Err(Closed::Waiting(Permission::Decide)),
        "nobody decides, so nothing lands there"
    );
}

#[test]
fn a_decision_is_about_one_service() {
    let mut configuration = configuration(&publication(&only(&["payments"]), &["owners"]));
    accept_all(&mut configuration);
    let mut other = publication(&only(&["payments"]), &["owners"]);
    other["offering"] = "queues.search.example.org".into();
    change(&mut configuration, &other);
    let renamed = service(&configuration);
    assert_eq!(renamed.state(Permission::TakeClaims), PermissionState::Waiting);
    assert!(!renamed.was_open(&tenant("payments")));
}

#[test]
fn it_is_none_unless_its_control_plane_is_the_publishers_alone() {
    let sound = configuration(&publication(&only(&["payments"]), &["owners"]));
    assert!(sound.service(&NAME.parse().unwrap()).is_some());
    let own: PlaneName = "own".parse().unwrap();
    for dedicated in [&[][..], &["research", "third"], &["third"]] {
        let mut shared = sound.clone();
        shared.control_planes.get_mut(&own).unwrap().spec.dedicated_to =
            dedicated.iter().map(|name| tenant(name)).collect();
        assert!(shared.service(&NAME.parse().unwrap()).is_none(), "{dedicated:?}");
        assert!(shared.consumer_namespaces().is_empty());
    }
    let mut acting = sound;
    acting.control_planes.get_mut(&own).unwrap().spec.act_as =
        ActAs::Person(crate::documents::PassedOn::default());
    assert!(acting.service(&NAME.parse().unwrap()).is_none());
}

#[test]
fn a_consumers_namespace_is_its_own_there_for_that_kind_and_by_record() {
    use crate::ownership::{Ownership, RecordedClaim};
    let configuration = configuration(&publication(&only(&["payments"]), &["owners"]));
    let namespaces = configuration.consumer_namespaces();
    assert_eq!(
        namespaces.len(),
        2,
        "one for each environment of the one consumer"
    );
    let ownership = Ownership::of(
        configuration.tenants.values(),
        configuration.control_planes.values(),
    )
    .with_consumers(namespaces.clone());
    let dev = &namespaces[0];
    let claim = |plane: &str, offering: &str, namespace: &str| ClaimRef {
        plane: plane.parse().unwrap(),
        offering: offering.parse().unwrap(),
        namespace: Some(namespace.to_owned()),
        name: "logs".parse().unwrap(),
    };
    let published = claim("own", "indexes.search.example.org", &dev.namespace);
    assert_eq!(
        ownership.owner(&published, "1"),
        None,
        "the publisher could have put it there"
    );
    let record = |claim: &ClaimRef, tenant: &str| RecordedClaim {
        claim: claim.clone(),
        uid: "1".to_owned(),
        owner: Owner {
            tenant: tenant.parse().unwrap(),
            environment: "dev".parse().unwrap(),
        },
    };
    let recorded = ownership.with_recorded([record(&published, "payments")]);
    assert_eq!(recorded.owner(&published, "1"), Some(&dev.owner));
    assert_eq!(recorded.owner(&published, "2"), None, "another object");
    let of_another = ownership.with_recorded([record(&published, "billing")]);
    assert_eq!(of_another.owner(&published, "1"), None);

    for elsewhere in [
        claim("shared", "indexes.search.example.org", &dev.namespace),
        claim("own", "queues.search.example.org", &dev.namespace),
        claim("own", "indexes.search.example.org", "payments-dev"),
    ] {
        let recorded = ownership.with_recorded([record(&elsewhere, "payments")]);
        assert_eq!(recorded.owner(&elsewhere, "1"), None, "{elsewhere}");
    }
    let research = claim("own", "indexes.search.example.org", "research-dev");
    assert_eq!(
        ownership.owner(&research, "1").unwrap().tenant,
        tenant("research")
    );
    assert!(configuration.service_of(&published).is_some());
    assert!(
        configuration.service_of(&research).is_none(),
        "the publisher's own"
    );
}

#[test]
fn the_publishers_rule_is_added_to_those_of_policies() {
    let mut configuration = configuration(&publication(&only(&["payments"]), &["owners"]));
    let payments = tenant("payments");
    let allowed = service(&configuration).also_requires(&payments, PolicyDecision::Allow);
    assert_eq!(allowed, PolicyDecision::Allow, "it may not decide yet");
    accept_all(&mut configuration);
    let open = service(&configuration);
    let PolicyDecision::RequireApproval { rules, .. } = open.also_requires(&payments, PolicyDecision::Allow)
    else {
        panic!("the publisher decides");
    };
    assert_eq!(rules, [open.rule(&payments).unwrap()]);
    let denied = PolicyDecision::Deny(vec!["no".to_owned()]);
    assert_eq!(open.also_requires(&payments, denied.clone()), denied);
    let by_policy = PolicyDecision::RequireApproval {
        rules: vec![RuleNeed {
            publication: None,
            ..rules[0].clone()
        }],
        expires_after_hours: 5,
    };
    let PolicyDecision::RequireApproval {
        rules,
        expires_after_hours: 5,
    } = open.also_requires(&payments, by_policy)
    else {
        panic!("both decide");
    };
    assert_eq!(rules.len(), 2);
}

fn name() -> impl Strategy<Value = String> {
    "[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?"
}

proptest! {
    #[test]
    fn namespaces_are_names_and_differ(
        all in prop::collection::btree_set((name(), name(), name(), name()), 2..20)
    ) {
        let mut seen = BTreeSet::new();
        for (portal, publisher, tenant, environment) in &all {
            let environment: EnvironmentName = environment.parse().unwrap();
            let namespace = consumer_namespace(
                portal, &publisher.parse().unwrap(), &tenant.parse().unwrap(), &environment,
            );
            prop_assert!(crate::names::is_dns_label(&namespace), "{}", namespace);
            prop_assert!(is_consumer_namespace(&namespace));
            prop_assert!(seen.insert(namespace), "two have one namespace");
        }
    }

    /// Whatever was decided in whatever order: a consumer holds what the newest decision about it accepted.
    #[test]
    fn the_newest_decision_about_a_consumer_counts(
        steps in prop::collection::vec((prop::sample::subsequence(vec!["payments", "billing"], 1..=2), any::<bool>()), 0..8)
    ) {
        let mut configuration = configuration(&publication(&only(&["payments", "billing"]), &["owners"]));
        for (consumers, accepted) in &steps {
            change(&mut configuration, &publication(&only(consumers), &["owners"]));
            decide(&mut configuration, &[(Permission::TakeClaims, *accepted)]);
        }
        change(&mut configuration, &publication(&only(&["payments", "billing"]), &["owners"]));
        for consumer in ["payments", "billing"] {
            let newest = steps.iter().rev().find(|(consumers, _)| consumers.contains(&consumer));
            let holds = service(&configuration).holds(Permission::TakeClaims, &tenant(consumer));
            prop_assert_eq!(holds, newest.is_some_and(|(_, accepted)| *accepted));
        }
    }
}
