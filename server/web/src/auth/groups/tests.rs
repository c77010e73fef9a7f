use std::collections::BTreeMap;

use portico_domain::documents::{Configuration, Portal};
use serde_json::{Value, json};

use super::*;

fn provider(more: &Value) -> Provider {
    let mut provider = json!({ "name": "sso", "issuer": "https://sso.example", "clientId": "portico" });
    provider
        .as_object_mut()
        .unwrap()
        .extend(more.as_object().unwrap().clone());
    serde_json::from_value(provider).unwrap()
}

fn configuration() -> Configuration {
    let portal = json!({
        "publicUrl": "https://portico.example",
        "signIn": { "providers": [provider(&json!({}))], "adminGroups": ["zz-admins"] },
    });
    let tenant = json!({
        "members": [{ "group": "zz-developers", "role": "developer" }],
        "environments": [],
    });
    let policy = json!({ "rules": [
        { "name": "a", "when": "'zz-in-a-rule' in requester.groups", "then": { "deny": {} } },
        { "name": "b", "when": "true", "then": { "require": { "approvers": { "groups": ["zz-approvers"] } } } },
    ] });
    Configuration {
        portal: Portal {
            name: "portico".to_owned(),
            spec: serde_json::from_value(portal).unwrap(),
        },
        control_planes: BTreeMap::new(),
        offerings: BTreeMap::new(),
        tenants: BTreeMap::from([(
            "payments".parse().unwrap(),
            portico_domain::documents::Tenant {
                name: "payments".parse().unwrap(),
                spec: serde_json::from_value(tenant).unwrap(),
            },
        )]),
        namespace_templates: BTreeMap::new(),
        publications: BTreeMap::new(),
        permission_decisions: portico_domain::publication::PermissionDecisions::default(),
        policies: BTreeMap::from([(
            "company".to_owned(),
            portico_domain::documents::ApprovalPolicy {
                name: "company".to_owned(),
                spec: serde_json::from_value(policy).unwrap(),
            },
        )]),
    }
}

fn read_with(claims: &Value, settings: &Value) -> Groups {
    let claims = Claims::parse(claims.to_string().as_bytes()).unwrap();
    read(&claims, &provider(settings), &configuration())
}

fn names(claims: &Value, settings: &Value) -> Vec<String> {
    let groups = read_with(claims, settings);
    assert_eq!(groups.remark, None, "{claims}");
    groups.names.into_iter().collect()
}

#[test]
fn groups_come_in_the_shapes_of_real_providers() {
    let plain = json!({});
    // Keycloak, Okta, Authentik, Dex, Entra ID.
    assert_eq!(names(&json!({ "groups": ["b", "a", "a"] }), &plain), ["a", "b"]);
    // ADFS, for a person with one group.
    assert_eq!(names(&json!({ "groups": "admin" }), &plain), ["admin"]);
    assert!(names(&json!({ "groups": "" }), &plain).is_empty());
    assert!(names(&json!({ "groups": [] }), &plain).is_empty());
    // A list in a string. Only the configuration can tell it from a name with commas.
    let commas = json!({ "groupsSeparator": "," });
    assert_eq!(names(&json!({ "groups": "a, b,,c" }), &commas), ["a", "b", "c"]);
    let spaces = json!({ "groupsSeparator": " " });
    assert_eq!(names(&json!({ "groups": "a  b" }), &spaces), ["a", "b"]);
    let cn = "CN=Admins,OU=Groups,DC=example";
    assert_eq!(names(&json!({ "groups": cn }), &plain), [cn]);
    // Zitadel.
    let zitadel = json!({ "groupsClaim": "urn:zitadel:iam:org:project:roles" });
    assert_eq!(
        names(
            &json!({ "urn:zitadel:iam:org:project:roles": { "admin": { "1": "x.example" }, "dev": { "1": "x.example" } } }),
            &zitadel
        ),
        ["admin", "dev"]
    );
    assert_eq!(
        names(&json!({ "groups": { "a": true, "b": false, "c": null } }), &plain),
        ["a"]
    );
    assert_eq!(
        names(
            &json!({ "groups": [{ "id": 1, "name": "a" }, { "name": "b" }] }),
            &plain
        ),
        ["a", "b"]
    );
}

#[test]
fn groups_are_found_by_path_and_by_names_with_dots() {
    for (claims, claim) in [
        (
            json!({ "realm_access": { "roles": ["x"] } }),
            "realm_access.roles",
        ),
        (
            json!({ "resource_access": { "portico.example.com": { "roles": ["x"] } } }),
            "resource_access.portico.example.com.roles",
        ),
        (
            json!({ "https://acme.example/groups": ["x"] }),
            "https://acme.example/groups",
        ),
        (
            json!({ "https://acme.example/claims": { "groups": ["x"] } }),
            "https://acme.example/claims.groups",
        ),
        (json!({ "cognito:groups": ["x"] }), "cognito:groups"),
        (json!({ "a": { "b.c": ["x"] } }), "a.b.c"),
        (json!({ "a.b": { "c": ["x"] }, "a": { "b": 7 } }), "a.b.c"),
    ] {
        assert_eq!(names(&claims, &json!({ "groupsClaim": claim })), ["x"], "{claim}");
    }
}

#[test]
fn groups_that_the_provider_left_out_give_a_remark() {
    let remark = |claims: Value| {
        let groups = read_with(&claims, &json!({}));
        assert!(groups.names.is_empty(), "{claims}");
        groups.remark.unwrap()
    };
    let words = remark(json!({ "_claim_names": { "groups": "src1" }, "_claim_sources": {} })).in_words("sso");
    assert!(
        words.contains("_claim_names") && words.contains("app roles"),
        "{words}"
    );
    let words = remark(json!({ "hasgroups": true })).in_words("sso");
    assert!(words.contains("hasgroups"), "{words}");
    assert!(matches!(
        remark(json!({ "hasgroups": "true" })),
        GroupsRemark::LeftOut { .. }
    ));
    assert!(matches!(remark(json!({})), GroupsRemark::Missing { .. }));
    assert!(matches!(
        remark(json!({ "groups": null })),
        GroupsRemark::Missing { .. }
    ));
    assert!(matches!(
        remark(json!({ "groups": 42 })),
        GroupsRemark::Unreadable { .. }
    ));
    assert!(matches!(
        remark(json!({ "groups": [1, null, [], "", " ", "a\nb", {}] })),
        GroupsRemark::Skipped { count: 7 }
    ));
    // A `_claim_names` for another claim gives no remark.
    assert_eq!(
        names(
            &json!({ "_claim_names": { "address": "src1" }, "groups": ["a"] }),
            &json!({})
        ),
        ["a"]
    );
}

#[test]
fn a_name_with_a_comma_is_one_group_with_a_remark() {
    let groups = read_with(&json!({ "groups": "x,zz-admins" }), &json!({}));
    assert_eq!(groups.names, BTreeSet::from(["x,zz-admins".to_owned()]));
    let words = groups.remark.unwrap().in_words("sso");
    assert!(words.contains("groupsSeparator"), "{words}");
}

#[test]
fn groups_that_the_configuration_names_are_never_lost() {
    let named = ["zz-admins", "zz-developers", "zz-in-a-rule", "zz-approvers"];
    let mut many: Vec<String> = (0..20_000).map(|number| format!("group-{number:05}")).collect();
    many.push("x".repeat(5_000));
    many.extend(named.map(str::to_owned));
    let groups = read_with(&json!({ "groups": many }), &json!({}));
    for name in named {
        assert!(groups.names.contains(name), "{name}");
    }
    assert_eq!(
        groups.remark,
        Some(GroupsRemark::Cut {
            of: 20_005,
            kept: MAX_GROUPS + named.len()
        })
    );
}
