//! Tenants within tenants.

use std::fmt::Write as _;

use super::{PORTAL, problems};

/// Tenants with their parents, in this order.
fn tenants(nesting: &[(&str, Option<&str>)]) -> String {
    let mut text = String::new();
    for (name, parent) in nesting {
        let parent = parent
            .map(|parent| format!("parent: {parent}, "))
            .unwrap_or_default();
        let _ = writeln!(
            text,
            "---\napiVersion: portico.dev/v1alpha1\nkind: Tenant\nmetadata: {{ name: {name} }}\nspec: {{ {parent}members: \
             [{{ group: g, role: viewer }}], environments: [{{ name: dev, namespace: {name}-dev }}] }}"
        );
    }
    text
}

fn said(nesting: &[(&str, Option<&str>)]) -> Vec<String> {
    problems(&[("portico.yaml", PORTAL), ("tenants.yaml", &tenants(nesting))])
        .iter()
        .map(|problem| problem.split_once(": ").unwrap().1.to_owned())
        .collect()
}

#[test]
fn a_tenant_may_be_within_another_wherever_that_is_written() {
    assert!(said(&[("web", Some("shop")), ("shop", None), ("app", Some("shop"))]).is_empty());
}

#[test]
fn a_parent_must_exist() {
    assert_eq!(
        said(&[("web", Some("shop"))]),
        ["spec.parent: there is no tenant named \"shop\""]
    );
}

#[test]
fn no_tenant_is_within_itself_and_the_document_that_closes_the_circle_is_wrong() {
    assert_eq!(
        said(&[("web", Some("web"))]),
        ["spec.parent: a tenant cannot be within itself: web is in web"]
    );
    assert_eq!(
        said(&[("a", Some("b")), ("b", Some("c")), ("c", Some("a"))]),
        ["spec.parent: a tenant cannot be within itself: c is in a is in b is in c"]
    );
}

#[test]
fn five_tenants_may_be_nested_and_not_six_in_whatever_order() {
    let line = [
        ("a", None),
        ("b", Some("a")),
        ("c", Some("b")),
        ("d", Some("c")),
        ("e", Some("d")),
        ("f", Some("e")),
    ];
    assert!(said(&line[..5]).is_empty());
    let too_long = ["spec.parent: at most 5 tenants may be nested, and this makes 6"];
    assert_eq!(said(&line), too_long);
    let mut reversed = line;
    reversed.reverse();
    assert_eq!(said(&reversed), too_long);
    let middle_last = [line[0], line[1], line[3], line[4], line[5], line[2]];
    assert_eq!(said(&middle_last), too_long);
}

#[test]
fn a_tenant_needs_no_members_of_its_own_within_one_that_has_some() {
    let text = tenants(&[("shop", None), ("web", Some("shop"))]);
    let web = text.rfind("members: [{ group: g, role: viewer }]").unwrap();
    let mut without = text.clone();
    without.replace_range(web.., &text[web..].replace("[{ group: g, role: viewer }]", "[]"));
    assert!(problems(&[("portico.yaml", PORTAL), ("tenants.yaml", &without)]).is_empty());
    let alone = without.replace("parent: shop, ", "");
    let found = problems(&[("portico.yaml", PORTAL), ("tenants.yaml", &alone)]);
    assert!(found[0].contains("this tenant has no members"), "{found:?}");
}

#[test]
fn a_namespace_that_is_left_out_is_made_of_the_names() {
    let tenant = "apiVersion: portico.dev/v1alpha1\nkind: Tenant\nmetadata: { name: web }\nspec: { members: [{ group: g, role: \
                  viewer }], environments: [{ name: dev }, { name: live, namespace: shop }] }\n";
    let folder = super::folder(&[("portico.yaml", PORTAL), ("tenants.yaml", tenant)]);
    let configuration = super::load(folder.path()).configuration.unwrap();
    let tenant = configuration.tenants.values().next().unwrap();
    let namespaces: Vec<&str> = tenant
        .spec
        .environments
        .iter()
        .map(|it| it.namespace.as_str())
        .collect();
    assert_eq!(namespaces, ["web-dev", "shop"]);
}

#[test]
fn of_porticos_own_documents_only_tenants_are_offered_and_only_as_such() {
    let said = |name: &str, spec: &str| -> Vec<String> {
        let portal = PORTAL.replace("spec:\n", "spec:\n  home: { inCluster: {} }\n");
        let offering = format!(
            "apiVersion: portico.dev/v1alpha1\nkind: Offering\nmetadata: {{ name: {name} }}\nspec: {spec}\n"
        );
        problems(&[("portico.yaml", &portal), ("offerings.yaml", &offering)])
            .iter()
            .map(|problem| problem.split_once(": ").unwrap().1.to_owned())
            .collect()
    };
    assert_eq!(said("tenants.portico.dev", "{ tenant: {} }"), [""; 0]);
    assert_eq!(
        said("tenants.portico.dev", "{}"),
        ["spec.tenant: say what people may fill in: without it they would decide who has which rights"]
    );
    assert_eq!(
        said("caches.example.org", "{ tenant: {} }"),
        ["spec.tenant: is for tenants.portico.dev alone"]
    );
    for kind in ["controlplanes", "offerings", "approvalpolicies", "publications"] {
        let found = said(&format!("{kind}.portico.dev"), "{}");
        assert!(found[0].contains("are documents of Portico itself"), "{found:?}");
    }
    let offering = "apiVersion: portico.dev/v1alpha1\nkind: Offering\nmetadata: { name: tenants.portico.dev }\nspec: { tenant: {} }\n";
    let found = problems(&[("portico.yaml", PORTAL), ("offerings.yaml", offering)]);
    assert!(
        found[0].contains("the Portal names no home control plane"),
        "{found:?}"
    );
}
