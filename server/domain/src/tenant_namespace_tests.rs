use serde_json::from_value;

use super::*;

/// A tenant `pay` with `dev` and `prod`, a control plane with `tier: shared`, and these templates.
fn configuration(templates: &[(&str, Value)]) -> (Configuration, ControlPlane) {
    let plane: ControlPlane = from_value(json!({
        "name": "eu", "labels": { "tier": "shared" }, "spec": { "connection": { "inCluster": {} } },
    }))
    .unwrap();
    let tenant: Tenant = from_value(json!({ "name": "pay", "spec": {
        "members": [
            { "group": "leads", "role": "tenantAdmin" }, { "group": "devs", "role": "developer" },
            { "group": "audit", "role": "viewer" }, { "group": "system:authenticated", "role": "viewer" },
            { "group": "partners", "role": "developer", "provider": "other" },
        ],
        "environments": [
            { "name": "dev", "namespace": "pay-dev" },
            { "name": "prod", "namespace": "pay-prod", "production": true },
        ],
        "controlPlanes": { "names": ["eu"] },
    } }))
    .unwrap();
    let templates: BTreeMap<String, NamespaceTemplate> = templates
        .iter()
        .map(|(name, spec)| {
            let template = from_value(json!({ "name": name, "spec": spec })).unwrap();
            ((*name).to_owned(), template)
        })
        .collect();
    let portal = from_value(json!({ "name": "main", "spec": {
        "publicUrl": "https://portal.example.com",
        "signIn": { "providers": [], "adminGroups": [] },
    } }))
    .unwrap();
    let configuration = Configuration {
        portal,
        control_planes: BTreeMap::from([(plane.name.clone(), plane.clone())]),
        offerings: BTreeMap::new(),
        tenants: BTreeMap::from([(tenant.name.clone(), tenant)]),
        policies: BTreeMap::new(),
        namespace_templates: templates,
        publications: BTreeMap::new(),
        permission_decisions: crate::publication::PermissionDecisions::default(),
    };
    (configuration, plane)
}

fn namespaces(templates: &[(&str, Value)]) -> Vec<TenantNamespace> {
    let (configuration, plane) = configuration(templates);
    tenant_namespaces(&configuration, &plane)
}

fn subjects<'n>(namespace: &'n TenantNamespace, binding: &str) -> Vec<&'n str> {
    let binding = namespace
        .objects
        .iter()
        .find(|object| object.name == binding)
        .unwrap();
    let subjects = binding.manifest["subjects"].as_array().unwrap();
    subjects
        .iter()
        .map(|subject| subject["name"].as_str().unwrap())
        .collect()
}

#[test]
fn a_template_is_for_some_tenants_environments_and_control_planes() {
    for (spec, names) in [
        (json!({}), &["pay-dev", "pay-prod"][..]),
        (json!({ "environments": "production" }), &["pay-prod"]),
        (json!({ "environments": "nonProduction" }), &["pay-dev"]),
        (json!({ "tenants": ["pay"] }), &["pay-dev", "pay-prod"]),
        (json!({ "tenants": ["others"] }), &[]),
        (
            json!({ "controlPlaneLabels": { "tier": "shared" } }),
            &["pay-dev", "pay-prod"],
        ),
        (json!({ "controlPlaneLabels": { "tier": "own" } }), &[]),
    ] {
        let found: Vec<String> = namespaces(&[("one", spec.clone())])
            .into_iter()
            .map(|it| it.name)
            .collect();
        assert_eq!(found, names, "{spec}");
    }
    assert!(namespaces(&[]).is_empty());
}

#[test]
fn control_planes_that_do_not_serve_an_environment_get_no_namespace_for_it() {
    let (mut configuration, mut plane) = configuration(&[("one", json!({}))]);
    plane.spec.environments = vec!["prod".parse().unwrap()];
    assert_eq!(tenant_namespaces(&configuration, &plane).len(), 1);
    plane.spec.dedicated_to = vec!["others".parse().unwrap()];
    assert!(tenant_namespaces(&configuration, &plane).is_empty());
    plane.spec.dedicated_to.clear();
    let tenant = configuration.tenants.values_mut().next().unwrap();
    tenant.spec.environments[1].control_plane_labels = BTreeMap::from([("zone".into(), "a".into())]);
    assert!(tenant_namespaces(&configuration, &plane).is_empty());
}

#[test]
fn groups_of_the_tenants_above_are_bound_as_those_of_the_tenant() {
    let template =
        json!({ "roles": { "viewer": "view", "developer": "edit" }, "groups": { "prefix": "oidc:" } });
    let (mut configuration, plane) = configuration(&[("one", template)]);
    let organisation: Tenant = from_value(json!({ "name": "shop", "spec": {
        "members": [{ "group": "shop", "role": "viewer" }, { "group": "heads", "role": "tenantAdmin" }],
        "environments": [{ "name": "dev", "namespace": "shop-dev" }],
        "controlPlanes": { "names": ["eu"] },
    } }))
    .unwrap();
    let project = configuration.tenants.values_mut().next().unwrap();
    project.spec.parent = Some(organisation.name.clone());
    configuration
        .tenants
        .insert(organisation.name.clone(), organisation);
    let found = tenant_namespaces(&configuration, &plane);
    let of = |namespace: &str| found.iter().find(|it| it.name == namespace).unwrap();
    assert_eq!(
        subjects(of("pay-dev"), "portico:edit"),
        ["oidc:devs", "oidc:heads", "oidc:leads", "oidc:partners"]
    );
    assert_eq!(
        subjects(of("pay-dev"), "portico:view"),
        ["oidc:audit", "oidc:shop", "oidc:system:authenticated"]
    );
    assert_eq!(subjects(of("shop-dev"), "portico:edit"), ["oidc:heads"]);
}

#[test]
fn groups_are_bound_to_the_cluster_role_of_their_role() {
    let found = namespaces(&[(
        "one",
        json!({ "roles": { "viewer": "view", "developer": "edit" }, "groups": { "prefix": "oidc:" } }),
    )]);
    // Another provider is not named in the template, so its groups count, too.
    assert_eq!(
        subjects(&found[0], "portico:edit"),
        ["oidc:devs", "oidc:leads", "oidc:partners"]
    );
    // With this prefix the group is none of Kubernetes' own.
    assert_eq!(
        subjects(&found[0], "portico:view"),
        ["oidc:audit", "oidc:system:authenticated"]
    );
    let found = namespaces(&[(
        "one",
        json!({ "roles": { "viewer": "view" }, "groups": { "provider": "sso" } }),
    )]);
    assert_eq!(subjects(&found[0], "portico:view"), ["audit", "devs", "leads"]);
}

#[test]
fn nobody_is_bound_without_a_way_to_know_them() {
    let found = namespaces(&[("one", json!({ "roles": { "viewer": "view" } }))]);
    assert_eq!(subjects(&found[0], "portico:view"), [""; 0]);
}

#[test]
fn a_kubeconfig_has_a_service_account_with_the_rights_of_the_role() {
    let found = namespaces(&[(
        "one",
        json!({ "roles": { "viewer": "view", "developer": "team:edit" }, "kubeconfig": {} }),
    )]);
    let namespace = &found[0];
    assert_eq!(
        subjects(namespace, "portico:team:edit"),
        ["pay-dev.team-edit-e27eaa2a"]
    );
    for (role, expected) in [
        (Role::TenantAdmin, "pay-dev.team-edit-e27eaa2a"),
        (Role::Developer, "pay-dev.team-edit-e27eaa2a"),
        (Role::Approver, "pay-dev.view"),
        (Role::Viewer, "pay-dev.view"),
    ] {
        let (account, _) = namespace.account(role).unwrap();
        assert_eq!(account, expected);
        assert!(
            namespace
                .objects
                .iter()
                .any(|it| it.resource.kind == "ServiceAccount"
                    && it.name == account
                    && it.namespace == ACCOUNTS_NAMESPACE)
        );
    }
    let found = namespaces(&[(
        "one",
        json!({ "roles": { "developer": "edit" }, "kubeconfig": {} }),
    )]);
    assert_eq!(found[0].account(Role::Viewer), None);
}

#[test]
fn names_are_put_into_texts_and_everything_is_marked_as_the_tenants() {
    let quota = json!({ "apiVersion": "v1", "kind": "ResourceQuota", "metadata": { "name": "of-{tenant}" },
        "spec": { "scopes": ["{environment}", "{other}"] } });
    let found = namespaces(&[(
        "one",
        json!({ "annotations": { "a": "{namespace}" }, "objects": [quota] }),
    )]);
    let manifest = &found[1].manifest;
    assert_eq!(manifest["metadata"]["annotations"]["a"], "pay-prod");
    assert_eq!(manifest["metadata"]["labels"][labels::TENANT], "pay");
    let object = &found[1].objects[0];
    assert_eq!(object.name, "of-pay");
    assert_eq!(object.resource.plural, "resourcequotas");
    assert_eq!(object.manifest["spec"]["scopes"], json!(["prod", "{other}"]));
    let metadata = &object.manifest["metadata"];
    assert_eq!(metadata["namespace"], "pay-prod");
    assert_eq!(metadata["labels"][labels::TEMPLATE], "one");
    assert_eq!(metadata["annotations"][labels::PORTAL], "main");
    assert_eq!(
        metadata["annotations"][labels::APPLIED].as_str().unwrap().len(),
        16
    );
}

#[test]
fn a_later_template_decides_where_two_differ() {
    let quota = |pods: &str| {
        json!({ "objects": [{ "apiVersion": "v1", "kind": "ResourceQuota", "metadata": { "name": "q" },
            "spec": { "hard": { "pods": pods } } }], "labels": { "level": pods } })
    };
    let found = namespaces(&[("a", quota("1")), ("b", quota("2"))]);
    assert_eq!(found[0].objects.len(), 1);
    assert_eq!(found[0].objects[0].manifest["spec"]["hard"]["pods"], "2");
    assert_eq!(found[0].manifest["metadata"]["labels"]["level"], "2");
}

#[test]
fn objects_that_a_template_cannot_have_are_refused() {
    let of = |kind: &str| json!({ "apiVersion": "v1", "kind": kind, "metadata": { "name": "x" } });
    for kind in ["Namespace", "ClusterRole", "Secret"] {
        assert!(template_resource(&of(kind)).unwrap_err().contains(kind));
    }
    let mut elsewhere = of("ConfigMap");
    elsewhere["metadata"]["namespace"] = json!("kube-system");
    assert!(
        template_resource(&elsewhere)
            .unwrap_err()
            .contains("names a namespace")
    );
    assert!(template_resource(&json!({ "kind": "ConfigMap" })).is_err());
    assert!(template_resource(&json!("text")).is_err());
    for (kind, plural) in [
        ("NetworkPolicy", "networkpolicies"),
        ("Gateway", "gateways"),
        ("Ingress", "ingresses"),
        ("LimitRange", "limitranges"),
    ] {
        assert_eq!(template_resource(&of(kind)).unwrap().plural, plural);
    }
}

#[test]
fn the_groups_that_are_bound_belong_to_the_provider_that_the_control_plane_knows() {
    let template =
        json!({ "roles": { "developer": "edit" }, "groups": { "provider": "sso", "prefix": "x:" } });
    let found = namespaces(&[("one", template)]);
    let group = |name: &str| GroupRef {
        provider: Some("sso".into()),
        group: name.into(),
    };
    let expected = BTreeMap::from([("edit".to_owned(), BTreeSet::from([group("devs"), group("leads")]))]);
    assert_eq!(found[0].bound, expected);
    let without = namespaces(&[("one", json!({ "roles": { "developer": "edit" } }))]);
    assert!(without[0].bound.is_empty());
}
