//! Sign-in providers, groups and lifetimes of tokens.

use super::{PORTAL, TENANT, problems};

#[test]
fn groups_need_a_provider_if_there_are_several() {
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
        assert!(found.contains("name the one of group"), "{found}");
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
fn checks_token_lifetimes_and_provider_settings() {
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
        ("        trustedAudiences: [portico]\n", "", "need not be listed"),
        ("        maxAgeMinutes: 0\n", "", "maxAgeMinutes"),
        ("        acrValues: ['a b']\n", "", "acrValues[0]"),
    ] {
        let found = said(provider, spec);
        assert!(found.len() == 1 && found[0].contains(words), "{words}: {found:?}");
    }
}

#[test]
fn act_as_needs_a_provider_if_there_are_several() {
    let portal = PORTAL.replace("[platform-admins]", "[{ provider: sso, group: platform-admins }]")
        + "      - name: partner\n        issuer: https://partner.example.com\n        clientId: portico\n";
    let said = |portal: &str, person: &str| {
        let plane = format!(
            "apiVersion: portico.dev/v1alpha1\nkind: ControlPlane\nmetadata: {{ name: eu }}\nspec:\n  \
             connection: {{ inCluster: {{}} }}\n  actAs: {{ person: {{ {person} }} }}\n"
        );
        problems(&[("plane.yaml", &plane), ("portal.yaml", portal)])
    };
    assert_eq!(said(PORTAL, "groups: [auditors]"), [""; 0]);
    assert_eq!(said(&portal, "groups: [auditors], provider: partner"), [""; 0]);
    let found = said(&portal, "groups: [auditors]");
    assert!(
        found.len() == 1 && found[0].contains("name the one whose groups are passed on"),
        "{found:?}"
    );
    let found = said(&portal, "groups: [auditors], provider: other");
    assert!(
        found.len() == 1 && found[0].contains("no sign-in provider named \"other\""),
        "{found:?}"
    );
}
