//! What somebody sees who writes a configuration.

use std::fs;
use std::time::Duration;

use tempfile::TempDir;
use tokio_util::sync::CancellationToken;

use super::{load, open, watch};

const PORTAL: &str = "\
apiVersion: portico.dev/v1alpha1
kind: Portal
metadata:
  name: portico
spec:
  publicUrl: https://portico.example.com
  signIn:
    adminGroups: [platform-admins]
    providers:
      - name: sso
        issuer: https://sso.example.com
        clientId: portico
";

const TENANT: &str = "\
apiVersion: portico.dev/v1alpha1
kind: Tenant
metadata:
  name: payments
spec:
  members:
    - group: payments-developers
      role: developer
  environments:
    - name: dev
      namespace: payments-dev
";

fn folder(files: &[(&str, &str)]) -> TempDir {
    let folder = TempDir::new().unwrap();
    for (name, text) in files {
        fs::write(folder.path().join(name), text).unwrap();
    }
    folder
}

/// The problems of a folder as `check-config` prints them, less the folder's own path.
fn problems(files: &[(&str, &str)]) -> Vec<String> {
    let folder = folder(files);
    let prefix = format!("{}/", folder.path().display());
    load(folder.path())
        .problems
        .iter()
        .map(|problem| problem.to_string().replace(&prefix, ""))
        .collect()
}

#[test]
fn whose_a_secret_is_hangs_on_nothing_that_a_person_may_set() {
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
fn what_a_plan_consumes_is_a_number_or_a_field_that_holds_one() {
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
fn a_whole_configuration_is_taken() {
    let folder = folder(&[("portico.yaml", PORTAL), ("tenants.yaml", TENANT)]);
    let loaded = load(folder.path());
    assert_eq!(loaded.problems, vec![]);
    let configuration = loaded.configuration.unwrap();
    assert_eq!(configuration.tenants.len(), 1);
    let database = configuration.portal.spec.database.url.unwrap();
    assert!(
        database.starts_with("sqlite:/") && database.ends_with("/portico.db"),
        "{database}"
    );
}

#[test]
fn an_unknown_field_names_file_line_and_field() {
    let tenant = TENANT.replace("namespace: payments-dev", "namepsace: payments-dev");
    assert_eq!(
        problems(&[("portico.yaml", PORTAL), ("tenants.yaml", &tenant)]),
        [
            "tenants.yaml:11: spec.environments[0].namepsace: unknown field `namepsace`; did you mean \
          `namespace`? Known here: `name`, `namespace`, `production`, `controlPlaneLabels`"
        ]
    );
}

#[test]
fn a_wrong_type_names_file_line_and_field() {
    let tenant = TENANT.replace(
        "namespace: payments-dev",
        "namespace: payments-dev\n      production: sometimes",
    );
    let found = problems(&[("portico.yaml", PORTAL), ("tenants.yaml", &tenant)]);
    assert_eq!(found.len(), 1, "{found:?}");
    assert!(
        found[0].starts_with("tenants.yaml:12: spec.environments[0].production: "),
        "{}",
        found[0]
    );
}

#[test]
fn an_unknown_word_lists_the_known_ones() {
    let tenant = TENANT.replace("role: developer", "role: develloper");
    assert_eq!(
        problems(&[("portico.yaml", PORTAL), ("tenants.yaml", &tenant)]),
        [
            "tenants.yaml:8: spec.members[0].role: `develloper` is none of `viewer`, `developer`, `approver`, \
          `tenantAdmin`"
        ]
    );
}

#[test]
fn every_document_of_a_file_is_judged() {
    let text = format!(
        "{}---\n{}---\n{}",
        TENANT.replace("name: payments\n", "name: Payments\n"),
        TENANT
            .replace("kind: Tenant", "kind: Tennant")
            .replace("payments-dev\n", "x\n"),
        TENANT.replace("name: payments\n", "name: other\n")
    );
    let found = problems(&[("portico.yaml", PORTAL), ("tenants.yaml", &text)]);
    assert_eq!(found.len(), 2, "{found:?}");
    assert!(
        found[0].starts_with("tenants.yaml:4: metadata.name: tenant name \"Payments\""),
        "{}",
        found[0]
    );
    assert!(found[1].contains("unknown kind \"Tennant\""), "{}", found[1]);
}

#[test]
fn two_environments_may_not_share_a_namespace() {
    let other = TENANT.replace("name: payments\n", "name: research\n");
    assert_eq!(
        problems(&[("a.yaml", TENANT), ("b.yaml", &other), ("portico.yaml", PORTAL)]),
        [
            "b.yaml:11: spec.environments[0].namespace: the namespace \"payments-dev\" already belongs to an \
          environment of tenant payments: no two may share one"
        ]
    );
}

#[test]
fn a_reference_must_lead_somewhere() {
    let tenant = format!("{TENANT}  controlPlanes:\n    names: [nowhere]\n");
    assert_eq!(
        problems(&[("portico.yaml", PORTAL), ("tenants.yaml", &tenant)]),
        ["tenants.yaml:13: spec.controlPlanes.names[0]: there is no control plane named \"nowhere\""]
    );
}

#[test]
fn where_there_are_several_providers_each_group_says_whose_it_is() {
    let portal = |admins: &str, issuer: &str| {
        PORTAL.replace("[platform-admins]", admins)
            + &format!("      - name: partner\n        issuer: {issuer}\n        clientId: portico\n")
    };
    let policy = |groups: &str, when: &str| {
        format!(
            "apiVersion: portico.dev/v1alpha1\nkind: ApprovalPolicy\nmetadata: {{ name: p }}\nspec:\n  rules:\n    - name: r\n      \
             when: \"{when}\"\n      then: {{ require: {{ approvers: {{ groups: {groups} }} }} }}\n"
        )
    };
    let said = |admins: &str, member: &str, groups: &str, when: &str, issuer: &str| {
        problems(&[
            ("policy.yaml", &policy(groups, when)),
            ("portal.yaml", &portal(admins, issuer)),
            (
                "tenant.yaml",
                &TENANT.replace("    - group: payments-developers", member),
            ),
        ])
    };
    let partner = "https://partner.example.com";
    let ours = "    - provider: sso\n      group: payments-developers";
    let qualified = "[{ provider: sso, group: a }, { provider: partner, group: b }]";
    assert_eq!(
        said(qualified, ours, qualified, "true", partner),
        Vec::<String>::new()
    );
    let found = said("[a]", "    - group: payments-developers", "[a]", "true", partner);
    assert_eq!(found.len(), 3, "{found:?}");
    for (found, place) in found.iter().zip([
        "spec.rules[0].then.require.approvers.groups[0]",
        "spec.signIn.adminGroups[0]",
        "spec.members[0].group",
    ]) {
        assert!(found.contains(place), "{found}");
        assert!(found.contains("say whose group"), "{found}");
    }
    let found = said(
        "[{ provider: other, group: a }]",
        ours,
        qualified,
        "true",
        partner,
    );
    assert!(
        found.len() == 1 && found[0].contains("no sign-in provider named \"other\""),
        "{found:?}"
    );
    let found = said(
        "[{ provider: sso, group: a, role: x }]",
        ours,
        qualified,
        "true",
        partner,
    );
    assert!(found[0].contains("unknown field `role`"), "{found:?}");
    let found = said(qualified, ours, qualified, "'a' in requester.groups", partner);
    assert!(
        found.len() == 1 && found[0].contains("requester.provider"),
        "{found:?}"
    );
    let both = "requester.provider == 'sso' && 'a' in requester.groups";
    assert_eq!(
        said(qualified, ours, qualified, both, partner),
        Vec::<String>::new()
    );
    let found = said(qualified, ours, qualified, "true", "https://sso.example.com/");
    assert!(
        found.len() == 1 && found[0].contains("two providers have this issuer"),
        "{found:?}"
    );
}

#[test]
fn how_long_tokens_last_and_what_providers_may_send_is_read_strictly() {
    let said = |provider: &str, spec: &str| {
        let portal = format!("{PORTAL}{provider}{spec}");
        problems(&[("portal.yaml", &portal), ("tenant.yaml", TENANT)])
    };
    let whole = "        groupsSeparator: \",\"\n        trustedAudiences: ['1']\n        trustEmails: true\n        \
                 maxAgeMinutes: 60\n        acrValues: [mfa]\n";
    let tokens = "  tokens: { longestDays: 90, signInWithinDays: 7, suspendedBy: logoutOfSession }\n";
    assert_eq!(said(whole, tokens), Vec::<String>::new());
    for (provider, spec, words) in [
        ("", "  tokens: { longestDays: 0 }\n", "spec.tokens.longestDays"),
        ("", "  tokens: { longestDays: 366 }\n", "spec.tokens.longestDays"),
        (
            "",
            "  tokens: { signInWithinDays: 0 }\n",
            "spec.tokens.signInWithinDays",
        ),
        (
            "",
            "  tokens: { suspendedBy: nothing }\n",
            "spec.tokens.suspendedBy: is none of",
        ),
        ("", "  tokens: { longest: 1 }\n", "unknown field `longest`"),
        ("        groupsSeparator: ''\n", "", "groupsSeparator"),
        ("        trustedAudiences: ['']\n", "", "trustedAudiences[0]"),
        ("        trustedAudiences: [portico]\n", "", "needs not be named"),
        ("        maxAgeMinutes: 0\n", "", "maxAgeMinutes"),
        ("        acrValues: ['a b']\n", "", "acrValues[0]"),
    ] {
        let found = said(provider, spec);
        assert!(found.len() == 1 && found[0].contains(words), "{words}: {found:?}");
    }
}

#[test]
fn a_policy_that_is_no_cel_is_refused_at_once() {
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

#[test]
fn no_break_of_a_document_shows_the_password_in_it() {
    const CANARY: &str = "Zq7Kx9VwPj4Ym2RtHb6N";
    let shows_nothing = |text: &str| {
        let texts = std::collections::BTreeMap::from([("portal.yaml".into(), text.to_owned())]);
        let (_, problems) = super::load::judge(&texts);
        for said in problems.iter().map(ToString::to_string) {
            for part in CANARY.as_bytes().windows(5) {
                let part = std::str::from_utf8(part).unwrap();
                assert!(
                    !said.contains(part),
                    "{part:?} of the password stands in {said:?}, of\n{text}"
                );
            }
        }
    };
    for database in [
        format!("{{ url: 'postgres://portico:{CANARY}@db/portico' }}"),
        format!("postgres://portico:{CANARY}@db/portico"),
        format!("\n    url: postgres://portico:{CANARY}@db/portico"),
        format!("{{ url: [{CANARY}] }}"),
        format!("{{ urlEnv: 'postgres://portico:{CANARY}@db/portico' }}"),
        format!("{{ {CANARY}: {CANARY} }}"),
        format!("{{ url: &{CANARY} {CANARY}, url: *{CANARY} }}"),
    ] {
        let whole = format!(
            "{PORTAL}        clientSecretFile: {CANARY}\n  database: {database}\n  listen: \"127.0.0.1:1\"\n"
        );
        shows_nothing(&whole);
        for (at, c) in whole.char_indices() {
            shows_nothing(&whole[..at]);
            shows_nothing(&format!("{}{}", &whole[..at], &whole[at + c.len_utf8()..]));
            for more in ['"', '{'] {
                shows_nothing(&format!("{}{more}{}", &whole[..at], &whole[at..]));
            }
        }
    }
}

#[test]
fn what_is_for_kubernetes_may_lie_beside_the_documents_and_a_kubeconfig_may_not() {
    let rights = include_str!("../../../deploy/example/rbac.yaml");
    let none: [&str; 0] = [];
    assert_eq!(problems(&[("rbac.yaml", rights), ("portico.yaml", PORTAL)]), none);
    for other in [
        "apiVersion: v1\nkind: Config\nclusters: []\n",
        "apiVersion: v1\nclusters: []\nkind: Namespace\n",
        "kind: Namespace\napiVersion: v2\n",
        "apiVersion: apps/v1\nkind: Deployment\n",
    ] {
        let said = problems(&[("other.yaml", other), ("portico.yaml", PORTAL)]);
        assert!(
            said.len() == 1 && said[0].starts_with("other.yaml"),
            "{other}: {said:?}"
        );
    }
}

#[test]
fn a_kubeconfig_is_read_as_the_portal_will_read_it() {
    let plane = "apiVersion: portico.dev/v1alpha1\nkind: ControlPlane\nmetadata: { name: eu }\nspec:\n  \
                 connection: { kubeconfig: { path: kubeconfigs/eu } }\n  actAs: person\n";
    let said = problems(&[("plane.yaml", plane), ("portico.yaml", PORTAL)]);
    assert_eq!(said.len(), 2, "{said:?}");
    assert!(
        said[0].starts_with("plane.yaml:5: warning: spec.connection.kubeconfig.path: "),
        "{said:?}"
    );
    assert!(
        said[0].ends_with("kubeconfigs/eu: it cannot be read: there is no such file"),
        "{said:?}"
    );
    assert!(said[1].contains("spec.actAs: passes on every group"), "{said:?}");
}

#[test]
fn a_folder_without_a_portal_says_so() {
    let found = problems(&[("tenants.yaml", TENANT)]);
    assert_eq!(found.len(), 1);
    assert!(found[0].contains("no document of kind Portal"), "{}", found[0]);
}

#[test]
fn a_missing_folder_is_a_problem_and_no_panic() {
    let loaded = load(std::path::Path::new("/nonexistent/portico"));
    assert!(loaded.configuration.is_none());
    assert!(loaded.problems[0].to_string().contains("cannot be read"));
}

#[test]
fn a_yaml_bomb_is_refused_quickly() {
    let mut bomb = String::from("a: &a [x, x, x, x, x, x, x, x, x]\n");
    for (name, below) in ["b", "c", "d", "e", "f", "g", "h", "i"]
        .iter()
        .zip(["a", "b", "c", "d", "e", "f", "g", "h"])
    {
        bomb.extend([
            name,
            ": &",
            name,
            " [",
            &vec![format!("*{below}"); 9].join(", "),
            "]\n",
        ]);
    }
    let document = format!("{TENANT}  title: x\nbomb:\n  {}", bomb.replace('\n', "\n  "));
    let started = std::time::Instant::now();
    let found = problems(&[("bomb.yaml", &document), ("portico.yaml", PORTAL)]);
    assert!(!found.is_empty());
    assert!(started.elapsed() < Duration::from_secs(5));
}

#[test]
fn a_huge_file_is_refused() {
    let huge = format!("# {}\n", "x".repeat(2 << 20));
    let found = problems(&[("huge.yaml", &huge), ("portico.yaml", PORTAL)]);
    assert!(found[0].starts_with("huge.yaml: is larger than"), "{}", found[0]);
}

#[test]
fn nesting_without_end_is_refused() {
    let deep = format!("a: {}{}", "[".repeat(100_000), "]".repeat(100_000));
    assert!(!problems(&[("deep.yaml", &deep), ("portico.yaml", PORTAL)]).is_empty());
}

#[test]
fn a_public_url_with_a_path_is_refused() {
    let portal = PORTAL.replace("https://portico.example.com", "https://example.com/portico");
    let found = problems(&[("portico.yaml", &portal)]);
    assert!(
        found[0].starts_with("portico.yaml:6: spec.publicUrl: "),
        "{}",
        found[0]
    );
}

#[tokio::test]
async fn a_bad_new_version_leaves_the_last_good_one_in_force() {
    let folder = folder(&[("portico.yaml", PORTAL), ("tenants.yaml", TENANT)]);
    let live = open(folder.path()).unwrap();
    let mut reports = live.subscribe();
    let stop = CancellationToken::new();
    let watching = tokio::spawn(watch(live.clone(), folder.path().to_owned(), stop.clone()));
    // The watch may begin after the first write: write until it is noticed.
    let bad = TENANT.replace("role: developer", "role: king");
    let refused = async {
        loop {
            fs::write(folder.path().join("tenants.yaml"), &bad).unwrap();
            if let Ok(changed) = tokio::time::timeout(Duration::from_secs(1), reports.changed()).await {
                changed.unwrap();
                return;
            }
        }
    };
    tokio::time::timeout(Duration::from_secs(10), refused)
        .await
        .unwrap();
    assert!(live.report().refused());
    assert_eq!(live.generation(), 1);
    assert_eq!(live.current().tenants.len(), 1);

    fs::write(
        folder.path().join("tenants.yaml"),
        TENANT.replace("name: payments\n", "name: billing\n"),
    )
    .unwrap();
    tokio::time::timeout(
        Duration::from_secs(10),
        reports.wait_for(|report| report.generation == 2),
    )
    .await
    .unwrap()
    .unwrap();
    assert!(!live.report().refused());
    assert_eq!(live.current().tenants.keys().next().unwrap().as_str(), "billing");
    stop.cancel();
    watching.await.unwrap();
}

#[test]
fn what_is_not_encrypted_is_an_error_but_on_this_machine_or_on_purpose() {
    let said = |url: &str, issuer: &str, more: &str| {
        let text = PORTAL
            .replace("https://portico.example.com", url)
            .replace("https://sso.example.com", issuer);
        problems(&[("portal.yaml", &format!("{text}{more}")), ("tenant.yaml", TENANT)])
    };
    let (url, issuer) = ("http://portico.example.com", "http://sso.example.com");
    let here = "http://127.0.0.1:8080";
    assert_eq!(said(here, "http://localhost:8081", ""), [""; 0]);
    let errors = said(url, issuer, "");
    assert_eq!(errors.len(), 2, "{errors:?}");
    assert!(
        errors[0].starts_with("portal.yaml:6: spec.publicUrl: is http"),
        "{errors:?}"
    );
    assert!(
        errors[1].contains("providers[0].issuer: is not https"),
        "{errors:?}"
    );
    assert!(
        errors.iter().all(|error| error.contains("insecureHttp: true")),
        "{errors:?}"
    );
    let warnings = said(url, issuer, "  insecureHttp: true\n");
    assert_eq!(warnings.len(), 2, "{warnings:?}");
    assert!(
        warnings.iter().all(|said| said.contains(": warning: ")),
        "{warnings:?}"
    );
}

#[test]
fn limits_metrics_and_the_records_proof_are_read_strictly() {
    let said = |more: &str| {
        problems(&[
            ("portal.yaml", &format!("{PORTAL}{more}")),
            ("tenant.yaml", TENANT),
        ])
        .join("\n")
    };
    for right in [
        "  limits: { requestsPerSecond: 1, changesPerMinute: 1, strangersPerSecond: 1 }\n",
        "  metrics: { listen: \"127.0.0.1:9090\" }\n",
        "  record: { anchorFile: anchor }\n",
        "  hstsIncludeSubdomains: true\n",
    ] {
        assert_eq!(said(right), "", "{right}");
    }
    for (wrong, named) in [
        (
            "  limits: { requestsPerSecond: 0 }\n",
            "spec.limits.requestsPerSecond: must be 1 to 10000",
        ),
        ("  limits: { perSecond: 1 }\n", "perSecond"),
        ("  metrics: { listen: nowhere }\n", "is not an address and a port"),
        (
            "  metrics: { listen: \"127.0.0.1:8080\" }\n",
            "is the portal’s own address",
        ),
        (
            "  metrics: { listen: \"127.0.0.1:9090\", tokenFile: x }\n",
            "not both",
        ),
        ("  metrics: { tokenFile: nowhere }\n", "cannot be read"),
        ("  record: { keyFile: nowhere }\n", "cannot be read"),
    ] {
        let said = said(wrong);
        assert!(said.contains(named), "{wrong}: {said}");
    }
}

fn offering(more: &str) -> String {
    format!(
        "apiVersion: portico.dev/v1alpha1\nkind: Offering\nmetadata: {{ name: databases.example.org }}\nspec:\n{more}"
    )
}

#[test]
fn machinery_that_would_let_a_claim_take_what_is_anothers_cannot_be_opened() {
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
fn what_people_may_adjust_for_nothing_is_told() {
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
fn a_rule_about_a_plan_that_is_gone_is_told() {
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
