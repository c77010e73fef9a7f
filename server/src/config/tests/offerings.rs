//! Offerings, their plans, and policies about them.

use super::{PORTAL, TENANT, problems};

#[test]
fn people_cannot_choose_the_connection_secret() {
    let said = |access: &str| {
        let offering = format!(
            "\
apiVersion: portico.dev/v1alpha1
kind: Offering
metadata:
  name: databases.example.org
spec:
  access:
    {access}
"
        );
        problems(&[
            ("portal.yaml", PORTAL),
            ("tenant.yaml", TENANT),
            ("offering.yaml", &offering),
        ])
    };
    for good in [
        "secret: { path: status.binding.name }",
        "secret: { path: $.status.secret }",
        "secret: { name: \"{name}-app\" }",
        "secretLabels: { cnpg.io/cluster: \"{name}\" }",
        "secretLabels: { kro.run/instance-id: \"{uid}\" }",
    ] {
        assert_eq!(said(good), Vec::<String>::new(), "{good}");
    }
    for bad in [
        "spec.secretName",
        "spec.writeConnectionSecretToRef.name",
        "metadata.name",
        "status",
        "statuses.name",
    ] {
        let said = said(&format!("secret: {{ path: {bad} }}"));
        assert_eq!(said.len(), 1, "{said:?}");
        assert!(
            said[0].starts_with("offering.yaml:7") && said[0].contains("spec.access.secret.path"),
            "{said:?}"
        );
        assert!(said[0].contains("a field that a person may set"), "{said:?}");
    }
    for (bad, why) in [
        ("secret: { name: shared }", "the same secret for all claims"),
        (
            "secretLabels: { app.kubernetes.io/instance: \"{name}\" }",
            "any chart sets it",
        ),
        ("secretLabels: { instance: \"{name}\" }", "must have a prefix"),
        (
            "secretLabels: { example.org/kind: database }",
            "must name the claim",
        ),
    ] {
        let said = said(bad);
        assert!(said.len() == 1 && said[0].contains(why), "{bad}: {said:?}");
    }
}

#[test]
fn support_is_a_web_page_or_one_e_mail_address() {
    let said = |link: &str| {
        let offering = format!(
            "\
apiVersion: portico.dev/v1alpha1
kind: Offering
metadata:
  name: databases.example.org
spec:
  support: {link}
"
        );
        problems(&[
            ("portal.yaml", PORTAL),
            ("tenant.yaml", TENANT),
            ("offering.yaml", &offering),
        ])
    };
    for good in [
        "https://chat.example.com/channels/databases?thread=new",
        "mailto:databases@example.com",
        "mailto:databases@example.com?subject=Portico",
    ] {
        assert_eq!(said(good), Vec::<String>::new(), "{good}");
    }
    for (bad, why) in [
        ("databases@example.com", "is not a URL"),
        ("chat.example.com/databases", "is not a URL"),
        ("javascript:alert(1)", "must begin with https:// or mailto:"),
        ("http://chat.example.com", "must begin with https:// or mailto:"),
        ("https://dana:secret@chat.example.com", "user name or password"),
        ("mailto:databases", "must name one e-mail address"),
        (
            "mailto:a@example.com,b@example.com",
            "must name one e-mail address",
        ),
    ] {
        let said = said(bad);
        assert_eq!(said.len(), 1, "{bad}: {said:?}");
        assert!(
            said[0].starts_with("offering.yaml:6")
                && said[0].contains("spec.support")
                && said[0].contains(why),
            "{bad}: {said:?}"
        );
    }
}

/// The problems of an offering with this `spec.lifecycle`, beside one that is published, one draft and one deprecated.
fn lifecycle_problems(lifecycle: &str) -> Vec<String> {
    let offering = |name: &str, lifecycle: &str| {
        format!(
            "\
apiVersion: portico.dev/v1alpha1
kind: Offering
metadata:
  name: {name}.example.org
spec:
  lifecycle: {lifecycle}
"
        )
    };
    problems(&[
        ("portal.yaml", PORTAL),
        ("tenant.yaml", TENANT),
        ("offering.yaml", &offering("databases", lifecycle)),
        ("published.yaml", &offering("published", "{}")),
        ("draft.yaml", &offering("draft", "{ stage: draft }")),
        (
            "deprecated.yaml",
            &offering("deprecated", "{ stage: deprecated }"),
        ),
    ])
}

#[test]
fn the_life_of_an_offering_is_complete_and_without_contradiction() {
    for good in [
        "{}",
        "{ stage: published }",
        "{ stage: draft, note: Try it. }",
        "{ stage: deprecated }",
        "{ stage: deprecated, sunset: 2027-03-01, note: Old., replacement: published.example.org, newClaims: allowed }",
        "{ stage: deprecated, sunset: \"2027-03-01\", newClaims: refused }",
    ] {
        assert_eq!(lifecycle_problems(good), Vec::<String>::new(), "{good}");
    }
    let only = "only a deprecated offering has";
    for (bad, field, why) in [
        ("{ sunset: 2027-03-01 }", ".sunset", only),
        ("{ stage: draft, sunset: 2027-03-01 }", ".sunset", only),
        (
            "{ stage: published, replacement: published.example.org }",
            ".replacement",
            only,
        ),
        ("{ stage: draft, newClaims: refused }", ".newClaims", only),
        (
            "{ note: Old. }",
            ".note",
            "only a draft or a deprecated offering has a note",
        ),
        ("{ stage: deprecated, note: \" \" }", ".note", "is empty"),
        (
            "{ stage: deprecated, replacement: nothing.example.org }",
            ".replacement",
            "there is no offering named \"nothing.example.org\"",
        ),
        (
            "{ stage: deprecated, replacement: databases.example.org }",
            ".replacement",
            "must be another offering than this one",
        ),
        ("{ stage: deprecated, replacement: A_B }", ".replacement", ""),
        (
            "{ stage: deprecated, sunset: soon }",
            ".sunset",
            "must be a date, such as 2027-03-01",
        ),
        (
            "{ stage: deprecated, sunset: 2027-02-30 }",
            ".sunset",
            "must be a date",
        ),
        (
            "{ stage: deprecated, sunset: 2027-03-01T10:00:00Z }",
            ".sunset",
            "must be a date",
        ),
        (
            "{ stage: retired }",
            ".stage",
            "is none of `draft`, `published`, `deprecated`",
        ),
        (
            "{ stage: deprecated, newClaims: maybe }",
            ".newClaims",
            "is none of `allowed`, `refused`",
        ),
        (
            "{ stage: deprecated, sunsets: 2027-03-01 }",
            "",
            "did you mean `sunset`?",
        ),
    ] {
        let said = lifecycle_problems(bad);
        assert_eq!(said.len(), 1, "{bad}: {said:?}");
        assert!(
            said[0].starts_with("offering.yaml:6")
                && said[0].contains(&format!("spec.lifecycle{field}"))
                && said[0].contains(why),
            "{bad}: {said:?}"
        );
    }
    let long = format!("{{ stage: deprecated, note: {} }}", "é".repeat(301));
    let said = lifecycle_problems(&long);
    assert!(
        said[0].contains("has 301 characters, may have 300 at most"),
        "{said:?}"
    );
    assert!(lifecycle_problems(&long.replacen('é', "", 1)).is_empty());
}

#[test]
fn a_replacement_that_people_cannot_request_is_warned_of() {
    for (name, why) in [
        ("draft", "is a draft, so only platform admins are shown the link"),
        ("deprecated", "is deprecated itself"),
    ] {
        let said = lifecycle_problems(&format!(
            "{{ stage: deprecated, replacement: {name}.example.org }}"
        ));
        assert_eq!(said.len(), 1, "{said:?}");
        assert!(said[0].contains("warning") && said[0].contains(why), "{said:?}");
    }
}

#[test]
fn a_plan_consumes_numbers_or_fields_with_amounts() {
    let offering = |consumes: &str| {
        format!(
            "\
apiVersion: portico.dev/v1alpha1
kind: Offering
metadata:
  name: databases.example.org
spec:
  plans:
    - name: small
      values: {{ spec: {{ size: 20Gi, tier: cheap }} }}
      consumes: {{ storageGiB: {consumes} }}
"
        )
    };
    let said = |consumes: &str| {
        let text = offering(consumes);
        problems(&[
            ("portal.yaml", PORTAL),
            ("tenant.yaml", TENANT),
            ("offering.yaml", &text),
        ])
        .join("\n")
    };
    for right in [
        "20",
        "{ path: spec.size }",
        "{ path: spec.size, times: 3 }",
        "{ path: spec.nodes }",
    ] {
        assert_eq!(said(right), "", "{right}");
    }
    for (wrong, named) in [
        ("-1", "storageGiB"),
        ("many", "storageGiB"),
        ("{ path: spec.size, factor: 2 }", "factor"),
        ("{ path: 'spec size' }", "is not a path"),
        ("{ path: spec.size, times: 0 }", "times"),
        ("{ path: spec.tier }", "neither a number nor a quantity"),
    ] {
        let said = said(wrong);
        assert!(
            said.starts_with("offering.yaml:") && said.contains(named),
            "{wrong}: {said}"
        );
    }
}

#[test]
fn an_invalid_condition_is_refused() {
    let policy = "apiVersion: portico.dev/v1alpha1\nkind: ApprovalPolicy\nmetadata: { name: p }\nspec:\n  rules:\n    \
                  - name: a\n      when: \"request.action == \"\n      then: { deny: {} }\n";
    let found = problems(&[("policy.yaml", policy), ("portico.yaml", PORTAL)]);
    assert_eq!(found.len(), 1, "{found:?}");
    assert!(
        found[0].starts_with("policy.yaml:7: spec.rules[0].when: is not a CEL expression"),
        "{}",
        found[0]
    );
}

fn offering(more: &str) -> String {
    format!(
        "apiVersion: portico.dev/v1alpha1\nkind: Offering\nmetadata: {{ name: databases.example.org }}\nspec:\n{more}"
    )
}

#[test]
fn dangerous_machinery_cannot_be_made_settable() {
    let said = |path: &str| {
        let text = offering(&format!("  settable: [{path:?}]\n"));
        problems(&[
            ("portal.yaml", PORTAL),
            ("tenant.yaml", TENANT),
            ("offering.yaml", &text),
        ])
    };
    for path in [
        "spec.compositionSelector",
        "spec.crossplane.compositionRef",
        "metadata.labels.app.example.org/team",
    ] {
        assert_eq!(said(path), Vec::<String>::new(), "{path}");
    }
    for path in [
        "spec.resourceRef",
        "spec.crossplane",
        "spec.writeConnectionSecretToRef.name",
        "metadata.finalizers",
        "spec.size",
        "status",
    ] {
        let said = said(path);
        assert!(
            said.len() == 1 && said[0].contains("spec.settable[0]: "),
            "{path}: {said:?}"
        );
    }
}

#[test]
fn warns_about_adjustable_fields_without_consumption() {
    let said = |adjustable: &str, consumes: &str| {
        let text = offering(&format!(
            "  plans:\n    - name: small\n      values: {{ spec: {{ size: 20Gi, nodes: 3, version: \"16\", pools: [{{ max: 2 }}], fast: true }} }}\n      \
             adjustable: [{adjustable}]\n      consumes: {{ {consumes} }}\n"
        ));
        problems(&[
            ("portal.yaml", PORTAL),
            ("tenant.yaml", TENANT),
            ("offering.yaml", &text),
        ])
    };
    for (adjustable, consumes) in [
        ("spec.size", "storage: 20"),
        ("spec.nodes", "storage: { path: spec.size }"),
        ("spec.pools", "nodes: 2"),
        ("\"spec.pools[].max\"", ""),
    ] {
        let said = said(adjustable, consumes);
        assert!(
            said.len() == 1 && said[0].contains("warning") && said[0].contains("costs no quota"),
            "{said:?}"
        );
    }
    assert_eq!(said("spec", "").len(), 3, "each by itself");
    for (adjustable, consumes) in [
        ("spec.size", "storage: { path: spec.size }"),
        ("spec.pools", "nodes: { path: \"spec.pools[].max\" }"),
        ("spec.version, spec.fast", "storage: 20"),
        ("", "storage: 20"),
    ] {
        assert_eq!(said(adjustable, consumes), Vec::<String>::new(), "{adjustable}");
    }
}

#[test]
fn warns_about_rules_for_unknown_plans() {
    let policy = |when: &str| {
        let text = format!(
            "apiVersion: portico.dev/v1alpha1\nkind: ApprovalPolicy\nmetadata: {{ name: p }}\nspec:\n  rules:\n    - name: r\n      \
             when: >-\n        {when}\n      then: {{ deny: {{}} }}\n"
        );
        let plans = offering("  plans: [{ name: starter }, { name: large }]\n");
        problems(&[
            ("portal.yaml", PORTAL),
            ("tenant.yaml", TENANT),
            ("offering.yaml", &plans),
            ("policy.yaml", &text),
        ])
    };
    for when in [
        "plan.name == 'small'",
        "request.action == 'create' && plan.name in ['large', 'small'] || true",
        "plan.name != \"small\" && environment.name == 'production'",
    ] {
        let said = policy(when);
        assert!(
            said.iter()
                .any(|said| said.contains("warning")
                    && said.contains("no offering has a plan named \"small\"")),
            "{when}: {said:?}"
        );
    }
    for when in [
        "plan.name in ['large', 'starter']",
        "plan.name == ''",
        "plan.name.startsWith('sm')",
    ] {
        assert_eq!(policy(when), Vec::<String>::new(), "{when}");
    }
}

#[test]
fn rules_of_placement_are_checked() {
    let said = |rules: &str| {
        let offering = format!(
            "\
apiVersion: portico.dev/v1alpha1
kind: Offering
metadata:
  name: databases.example.org
spec:
  placement:
    {rules}
"
        );
        let plane = "\
apiVersion: portico.dev/v1alpha1
kind: ControlPlane
metadata:
  name: one
  labels: { zone: a }
spec:
  region: eu
  weight: 101
  connection: { inCluster: {} }
";
        problems(&[
            ("portal.yaml", PORTAL),
            ("tenant.yaml", TENANT),
            ("plane.yaml", plane),
            ("offering.yaml", &offering),
        ])
    };
    let with_good = said("prefer: [{ labels: { zone: a, region: eu }, weight: 100 }]");
    assert_eq!(with_good.len(), 1, "{with_good:?}");
    assert!(with_good[0].contains("spec.weight"), "{with_good:?}");
    assert_eq!(said("spread: { over: region, required: true }"), with_good);
    for (bad, field, why) in [
        (
            "prefer: [{ labels: { zone: a }, weight: 0 }]",
            "spec.placement.prefer[0].weight",
            "1 to 100",
        ),
        (
            "prefer: [{ labels: {}, weight: 1 }]",
            "spec.placement.prefer[0].labels",
            "at least one",
        ),
        (
            "prefer: [{ labels: { disk: nvme }, weight: 1 }]",
            "spec.placement.prefer[0].labels.disk",
            "never counts",
        ),
        (
            "spread: { over: zone, weight: 101 }",
            "spec.placement.spread.weight",
            "1 to 100",
        ),
        (
            "spread: { over: '-' }",
            "spec.placement.spread.over",
            "not a label",
        ),
        (
            "spread: { over: rack, required: true }",
            "spec.placement.spread.over",
            "no claim can be placed",
        ),
        ("spread: { zone: a }", "spec.placement.spread", "over"),
    ] {
        let said = said(bad);
        assert!(
            said.iter().any(|said| said.contains(field) && said.contains(why)),
            "{bad}: {said:?}"
        );
    }
}
