use serde_json::from_value;

use super::*;
use crate::tenancy::Person;

/// `bank`, whose members are `bank-devs` and `bank-leads` and that may request two offerings, and `rival` beside it.
fn configuration() -> Configuration {
    let tenants = json!({
        "bank": { "name": "bank", "spec": {
            "title": "The Bank",
            "members": [
                { "group": "bank-devs", "role": "developer" }, { "group": "bank-leads", "role": "approver" },
            ],
            "environments": [{ "name": "dev", "namespace": "bank-dev" }],
            "controlPlanes": { "names": ["eu"] },
            "offerings": ["caches.example.org", "queues.example.org"],
        } },
        "rival": { "name": "rival", "spec": {
            "members": [{ "group": "rival-devs", "role": "developer" }],
            "environments": [{ "name": "dev", "namespace": "bank-vault-dev" }],
        } },
    });
    from_value(json!({
        "portal": { "name": "main", "spec": {
            "publicUrl": "https://portal.example.com", "signIn": { "providers": [], "adminGroups": ["platform"] },
        } },
        "controlPlanes": {}, "offerings": {}, "tenants": tenants, "policies": {}, "namespaceTemplates": {},
        "publications": {},
    }))
    .unwrap()
}

fn resource(kind: &str) -> ResourceRef {
    ResourceRef {
        group: "portico.dev".to_owned(),
        version: "v1alpha1".to_owned(),
        kind: kind.to_owned(),
        plural: format!("{}s", kind.to_lowercase()),
        namespaced: false,
    }
}

fn dana() -> Viewer {
    let person = Person {
        subject: "https://sso.example.com#dana".to_owned(),
        name: "Dana".to_owned(),
        email: None,
    };
    Viewer::for_tests(person)
        .with_groups(["bank-devs", "chess-club"])
        .with_role("bank".parse().unwrap(), Role::Developer)
}

fn plan() -> Plan {
    from_value(json!({ "name": "small", "values": { "spec": { "quota": { "claims": 5 } } } })).unwrap()
}

/// A tenant as Dana asks for it.
fn asked(name: &str, spec: &Value) -> Value {
    let mut manifest = json!({ "metadata": { "name": name }, "spec": spec });
    let configuration = configuration();
    settle(&configuration.tenants[&"bank".parse().unwrap()], &mut manifest);
    manifest
}

fn sound() -> Value {
    json!({
        "title": "The web team",
        "members": [{ "group": "bank-leads", "role": "viewer" }, { "group": "chess-club", "role": "developer" }],
        "environments": [{ "name": "dev" }, { "name": "live", "production": true }],
        "quota": { "claims": 5 },
    })
}

fn said(declared: &Value, manifest: &Value, before: Option<&Value>) -> Vec<String> {
    let configuration = configuration();
    let declared: ClaimedTenant = from_value(declared.clone()).unwrap();
    let request = TenantRequest {
        declared: Some(&declared),
        configuration: &configuration,
        tenant: &configuration.tenants[&"bank".parse().unwrap()],
        requester: &dana(),
        plan: Some(&plan()),
        manifest,
        before,
    };
    let faults = request.faults(&resource("Tenant"));
    faults
        .into_iter()
        .map(|(field, fault)| format!("{field}: {fault}"))
        .collect()
}

#[test]
fn a_tenant_is_within_the_one_that_asks_and_may_use_what_that_may() {
    let manifest = asked("bank-web", &sound());
    assert_eq!(said(&json!({}), &manifest, None), [""; 0]);
    assert_eq!(manifest["spec"]["parent"], "bank");
    assert_eq!(manifest["spec"]["controlPlanes"]["names"], json!(["eu"]));
    assert_eq!(
        manifest["spec"]["offerings"],
        json!(["caches.example.org", "queues.example.org"])
    );
}

#[test]
fn nobody_takes_what_the_platform_has_not_opened() {
    let with = |field: &str, value: Value| {
        let mut spec = sound();
        spec[field] = value;
        asked("bank-web", &spec)
    };
    let mut stolen = asked("bank-web", &sound());
    stolen["spec"]["parent"] = json!("rival");
    let mut outside = asked("bank-web", &sound());
    outside["spec"].as_object_mut().unwrap().remove("parent");
    let environments = |namespace: &str| json!([{ "name": "dev", "namespace": namespace }]);
    let member = |group: &str, role: &str| json!([{ "group": group, "role": role }]);
    for (manifest, fault) in [
        (
            asked("web", &sound()),
            "metadata.name: A tenant that bank asks for is within it and has its name in front: bank-web.",
        ),
        (
            asked("bank-", &sound()),
            "metadata.name: A tenant that bank asks for",
        ),
        (
            asked("banker-web", &sound()),
            "metadata.name: A tenant that bank asks for",
        ),
        (stolen, "spec.parent: The platform sets spec.parent."),
        (outside, "spec.parent: The platform sets spec.parent."),
        (
            with("quota", json!({ "claims": 500 })),
            "spec.quota: The platform sets spec.quota. Leave it out.",
        ),
        (
            with("quota", json!({})),
            "spec.quota: The platform sets spec.quota.",
        ),
        (
            with("controlPlanes", json!({ "matchLabels": { "tier": "gold" } })),
            "spec.controlPlanes: The platform sets",
        ),
        (
            with("offerings", json!(["caches.example.org"])),
            "spec.offerings: The platform sets spec.offerings.",
        ),
        (
            with("offerings", json!([])),
            "spec.offerings: The platform sets spec.offerings.",
        ),
        (
            with("environments", environments("kube-system")),
            "spec.environments[0].name: Its namespace is bank-web-dev. Leave it out.",
        ),
        (
            asked("bank-vault", &sound()),
            "spec.environments[0].name: Its namespace would be bank-vault-dev, which is another's.",
        ),
        (
            with("members", member("rival-devs", "developer")),
            "spec.members[0].group: You are not in the group rival-devs, and it has no role in The Bank.",
        ),
        (
            with("members", member("platform", "viewer")),
            "spec.members[0].group: You are not in the group platform",
        ),
        (
            with("members", member("bank-devs", "approver")),
            "spec.members[0].role: This role is not handed out here. Who has it in The Bank has it here, too.",
        ),
        (
            with("members", member("bank-devs", "tenantAdmin")),
            "spec.members[0].role: ",
        ),
        (
            with("admins", json!(["dana"])),
            "spec: It is no tenant: unknown field `admins`",
        ),
    ] {
        let found = said(&json!({}), &manifest, None);
        assert!(
            found.iter().any(|found| found.starts_with(fault)),
            "{fault:?} is not in {found:?}"
        );
    }
}

#[test]
fn what_is_opened_stays_within_what_the_tenant_has() {
    let open =
        json!({ "open": ["quota", "offerings", "members", "environments", "title"], "roles": ["approver"] });
    let mut spec = sound();
    spec["quota"] = json!({ "claims": 50 });
    spec["offerings"] = json!(["caches.example.org"]);
    spec["members"] = json!([{ "group": "bank-leads", "role": "approver" }]);
    assert_eq!(said(&open, &asked("bank-web", &spec), None), [""; 0]);
    for offerings in [json!([]), json!(["databases.example.org"])] {
        spec["offerings"] = offerings;
        assert_eq!(
            said(&open, &asked("bank-web", &spec), None),
            [
                "spec.offerings: The Bank may not request everything, so name offerings that it may: caches.example.org, \
              queues.example.org."
            ]
        );
    }
}

#[test]
fn what_is_there_may_stay_and_names_are_not_taken_twice() {
    let mut there = asked("bank-web", &sound());
    there["spec"]["quota"] = json!({ "claims": 80 });
    there["spec"]["members"] = json!([{ "group": "partners", "role": "tenantAdmin" }]);
    let mut changed = there.clone();
    changed["spec"]["title"] = json!("Another title");
    assert_eq!(said(&json!({}), &changed, Some(&there)), [""; 0]);
    changed["spec"]["members"] =
        json!([{ "group": "partners", "role": "tenantAdmin" }, { "group": "rival-devs", "role": "viewer" }]);
    assert_eq!(said(&json!({}), &changed, Some(&there)).len(), 1);

    let mut configuration = configuration();
    let mut taken = configuration.tenants[&"rival".parse().unwrap()].clone();
    taken.name = "bank-web".parse().unwrap();
    configuration.tenants.insert(taken.name.clone(), taken);
    let request = TenantRequest {
        declared: Some(&ClaimedTenant::default()),
        configuration: &configuration,
        tenant: &configuration.tenants[&"bank".parse().unwrap()],
        requester: &dana(),
        plan: Some(&plan()),
        manifest: &asked("bank-web", &sound()),
        before: None,
    };
    let faults = request.faults(&resource("Tenant"));
    assert!(
        faults
            .iter()
            .any(|(_, fault)| matches!(fault, TenantFault::NameTaken { .. })),
        "{faults:?}"
    );
}

#[test]
fn no_other_document_of_portico_and_no_tenant_without_a_declaration() {
    let configuration = configuration();
    let manifest = asked("bank-web", &sound());
    let request = TenantRequest {
        declared: None,
        configuration: &configuration,
        tenant: &configuration.tenants[&"bank".parse().unwrap()],
        requester: &dana(),
        plan: None,
        manifest: &manifest,
        before: None,
    };
    let not_offered = [("metadata.name".to_owned(), TenantFault::NotOffered)];
    assert_eq!(request.faults(&resource("Tenant")), not_offered);
    let declared = TenantRequest {
        declared: Some(&ClaimedTenant::default()),
        ..request
    };
    for kind in ["ControlPlane", "Offering", "ApprovalPolicy", "Publication"] {
        assert_eq!(declared.faults(&resource(kind)), not_offered);
    }
    let of_others = ResourceRef {
        group: "databases.example.org".to_owned(),
        ..resource("Tenant")
    };
    assert_eq!(request.faults(&of_others), []);
}

#[test]
fn a_tenant_at_the_lowest_level_asks_for_none() {
    let mut configuration = configuration();
    let mut below: TenantName = "bank".parse().unwrap();
    for level in 1..MAX_TENANT_LEVELS {
        let mut above = configuration.tenants[&"rival".parse().unwrap()].clone();
        above.name = format!("level-{level}").parse().unwrap();
        configuration.tenants.get_mut(&below).unwrap().spec.parent = Some(above.name.clone());
        below = above.name.clone();
        configuration.tenants.insert(above.name.clone(), above);
    }
    let request = TenantRequest {
        declared: Some(&ClaimedTenant::default()),
        configuration: &configuration,
        tenant: &configuration.tenants[&"bank".parse().unwrap()],
        requester: &dana(),
        plan: Some(&plan()),
        manifest: &asked("bank-web", &sound()),
        before: None,
    };
    let faults = request.faults(&resource("Tenant"));
    assert_eq!(faults, [("metadata.name".to_owned(), TenantFault::TooDeep)]);
}

#[test]
fn the_form_shows_what_is_open() {
    let hidden = hidden_fields(&ClaimedTenant::default(), &[plan()]);
    assert_eq!(
        hidden,
        [
            "spec.quota",
            "spec.offerings",
            "spec.parent",
            "spec.controlPlanes",
            "spec.environments[].namespace"
        ]
    );
    let adjustable = Plan {
        adjustable: vec!["spec.quota.claims".to_owned()],
        ..plan()
    };
    assert!(!hidden_fields(&ClaimedTenant::default(), &[adjustable]).contains(&"spec.quota".to_owned()));
}

#[test]
fn its_health_is_what_its_condition_says_unless_the_document_says_otherwise() {
    let offering = |spec: Value| {
        let mut offering: Offering = from_value(json!({ "name": TENANT_OFFERING, "spec": spec })).unwrap();
        complete(&mut offering);
        offering.spec.health
    };
    let health = offering(json!({ "tenant": {} }));
    assert!(crate::claim::HealthRules::compile(&health).is_ok());
    assert!(health.ready.is_some() && health.failed.is_some());
    let own = offering(json!({ "tenant": {}, "health": { "ready": "true" } }));
    assert_eq!(own.failed, None);
    assert_eq!(offering(json!({})), HealthExpressions::default());
}
