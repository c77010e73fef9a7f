use std::collections::BTreeSet;

use jiff::Timestamp;
use proptest::prelude::*;
use serde_json::json;

use super::{Approver, PendingApproval};
use crate::documents::{Approvers, GroupRef};
use crate::policy::{is_approver, unmet};
use crate::request::{ApprovalNeed, Decision, Request, RuleNeed, State};
use crate::tenancy::{Person, Role, Viewer};

const TENANTS: [&str; 2] = ["payments", "research"];
const GROUPS: [&str; 2] = ["dbas", "security"];
const PROVIDERS: [&str; 2] = ["sso", "partner"];

fn person() -> impl Strategy<Value = Person> {
    let email = prop::option::of(prop::sample::select(vec![
        "ada@x.test",
        "ADA@x.test",
        "bo@x.test",
    ]));
    (0..3_u8, email).prop_map(|(account, email)| Person {
        subject: format!("https://sso.test#{account}"),
        name: "Somebody".to_owned(),
        email: email.map(str::to_owned),
    })
}

fn groups() -> impl Strategy<Value = BTreeSet<String>> {
    prop::sample::subsequence(GROUPS.to_vec(), 0..=GROUPS.len())
        .prop_map(|groups| groups.into_iter().map(str::to_owned).collect())
}

fn viewer() -> impl Strategy<Value = Viewer> {
    let role = prop::sample::select(vec![
        Role::Viewer,
        Role::Developer,
        Role::Approver,
        Role::TenantAdmin,
    ]);
    let roles = prop::collection::btree_map(prop::sample::select(TENANTS.to_vec()), role, 0..=2);
    let provider = prop::sample::select(PROVIDERS.to_vec());
    (person(), groups(), roles, provider, any::<bool>()).prop_map(
        |(person, groups, roles, provider, platform_admin)| {
            let viewer = Viewer::for_tests(person)
                .with_provider(provider)
                .with_groups(groups.iter().map(String::as_str))
                .with_platform_admin(platform_admin);
            roles.into_iter().fold(viewer, |viewer, (tenant, role)| {
                viewer.with_role(tenant.parse().unwrap(), role)
            })
        },
    )
}

fn approvers() -> impl Strategy<Value = Approvers> {
    let provider = prop::option::of(prop::sample::select(PROVIDERS.to_vec()));
    let group = (provider, prop::sample::select(GROUPS.to_vec())).prop_map(|(provider, group)| GroupRef {
        provider: provider.map(str::to_owned),
        group: group.to_owned(),
    });
    prop_oneof![
        Just(Approvers::TenantApprovers {}),
        prop::collection::vec(group, 0..3).prop_map(Approvers::Groups),
    ]
}

fn decision() -> impl Strategy<Value = Decision> {
    (person(), groups(), any::<bool>(), any::<bool>(), any::<bool>()).prop_map(
        |(by, groups, tenant_approver, approved, void)| Decision {
            by,
            provider: Some("sso".to_owned()),
            groups: groups.into_iter().collect(),
            tenant_approver,
            approved,
            comment: None,
            at: Timestamp::UNIX_EPOCH,
            digest: None,
            policy: None,
            void,
            undone_at: None,
        },
    )
}

fn request() -> impl Strategy<Value = Request> {
    let rule = (approvers(), 1..3_u32).prop_map(|(approvers, count)| RuleNeed {
        policy: "p".to_owned(),
        rule: "r".to_owned(),
        reason: "why".to_owned(),
        approvers,
        count,
        publication: None,
    });
    let need = prop::option::of(prop::collection::vec(rule, 0..3));
    let state = prop_oneof![4 => Just(State::AwaitingApproval), 1 => Just(State::Approved)];
    let decisions = prop::collection::vec(decision(), 0..3);
    (state, prop::sample::select(TENANTS.to_vec()), person(), need, decisions).prop_map(
        |(state, tenant, requester, need, decisions)| {
            let mut request: Request = serde_json::from_value(json!({
                "id": "01a20504-0dab-75d3-97d4-14a654b60af4",
                "action": "create",
                "state": state,
                "tenant": tenant,
                "environment": "dev",
                "claim": {"plane": "eu", "offering": "buckets.example.test", "namespace": "n", "name": "files"},
                "resource": {
                    "group": "example.test", "version": "v1", "kind": "Bucket", "plural": "buckets",
                    "namespaced": true,
                },
                "plan": null,
                "manifest": {},
                "manifestHash": "",
                "schemaHash": null,
                "previous": null,
                "uid": null,
                "placement": {"chosen": null, "reason": "", "candidates": []},
                "requester": requester,
                "requesterGroups": [],
                "note": null,
                "approval": null,
                "decisions": decisions,
                "attempts": 0,
                "nextAttemptAt": null,
                "waitingFor": null,
                "failure": null,
                "createdAt": Timestamp::UNIX_EPOCH,
                "updatedAt": Timestamp::UNIX_EPOCH,
                "revision": 1,
            }))
            .unwrap();
            request.approval = need.map(|rules| ApprovalNeed {
                rules,
                expires_at: Timestamp::MAX,
            });
            request
        },
    )
}

/// The same rule, by the policy's own functions.
fn by_policy(viewer: &Viewer, request: &Request) -> bool {
    let rules = request
        .approval
        .as_ref()
        .map_or(&[][..], |need| need.rules.as_slice());
    let mut decided = request.decisions.iter().filter(|decision| !decision.void);
    request.state == State::AwaitingApproval
        && unmet(rules, &request.decisions)
            .iter()
            .any(|rule| is_approver(viewer, &request.tenant, &rule.approvers))
        && !request.requester.is_same_human(viewer.person())
        && !decided.any(|decision| decision.by.is_same_human(viewer.person()))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn principals_and_policy_name_the_same_approvers(viewer in viewer(), request in request()) {
        let by_principals = PendingApproval::of(&request)
            .is_some_and(|need| Approver::of(&viewer).is_needed_by(&need));
        prop_assert_eq!(by_principals, by_policy(&viewer, &request));
    }
}

#[test]
fn names_that_look_alike_are_not_the_same_group() {
    let principal = |provider: Option<&str>, group: &str| {
        super::group_principal(&GroupRef {
            provider: provider.map(str::to_owned),
            group: group.to_owned(),
        })
    };
    let all = [
        principal(None, "a"),
        principal(Some("a"), ""),
        principal(Some("a\",\"b"), "c"),
        principal(Some("a"), "b\",\"c"),
    ];
    let distinct: BTreeSet<_> = all.iter().collect();
    assert_eq!(distinct.len(), all.len());
}
