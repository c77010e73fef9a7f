use std::collections::BTreeSet;
use std::sync::Arc;

use jiff::Timestamp;
use serde_json::json;
use uuid::Uuid;

use super::*;
use crate::claim::{Claim, ClaimRef, ClaimStatus, Health, Manager};
use crate::documents::{Approvers, Configuration, Permission, ResourceRef};
use crate::names::{OfferingName, RequestId, TenantName};
use crate::placement::{Placement, PlacementReason};
use crate::publication::tests as published;
use crate::request::{Action, ApprovalNeed, Decision, Request, RuleNeed, State, manifest_hash};
use crate::tenancy::{Person, Role, Scope, Via, Viewer};

fn payments() -> TenantName {
    "payments".parse().unwrap()
}

fn person(name: &str) -> Person {
    Person {
        subject: format!("https://sso.example.com#{name}"),
        name: name.to_owned(),
        email: None,
    }
}

fn member(name: &str, role: Option<Role>) -> Viewer {
    let viewer = Viewer::for_tests(person(name));
    match role {
        Some(role) => viewer.with_role(payments(), role),
        None => viewer,
    }
}

/// A member for each role, a person of no tenant, and a platform admin.
fn all_viewers() -> [Viewer; 6] {
    [
        member("vic", Some(Role::Viewer)),
        member("dana", Some(Role::Developer)),
        member("ada", Some(Role::Approver)),
        member("tess", Some(Role::TenantAdmin)),
        member("devon", None),
        member("pat", None).with_platform_admin(true),
    ]
}

fn who_may<T>(check: impl Fn(&Viewer) -> Result<T, Denied>) -> Vec<String> {
    let may = all_viewers().into_iter().filter(|viewer| check(viewer).is_ok());
    may.map(|viewer| viewer.person().name.clone()).collect()
}

/// With a service of `research` for `payments`, on which nothing was decided.
fn documents() -> Configuration {
    let consumers = json!({ "tenants": ["payments"] });
    published::configuration(&published::publication(&consumers, &["owners"]))
}

fn reference() -> ClaimRef {
    ClaimRef {
        plane: "eu-shared".parse().unwrap(),
        offering: "buckets.storage.example.com".parse().unwrap(),
        namespace: Some("payments-dev".to_owned()),
        name: "receipts".parse().unwrap(),
    }
}

fn resource() -> ResourceRef {
    ResourceRef {
        group: "storage.example.com".to_owned(),
        version: "v1".to_owned(),
        kind: "Bucket".to_owned(),
        plural: "buckets".to_owned(),
        namespaced: true,
    }
}

fn claim(tenant: Option<TenantName>, health: Health) -> Visible<Arc<Claim>> {
    let claim = Arc::new(Claim {
        reference: reference(),
        resource: Arc::new(resource()),
        uid: "u1".to_owned(),
        environment: tenant.as_ref().map(|_| "dev".parse().unwrap()),
        tenant,
        plan: None,
        version: None,
        request: None,
        requester: None,
        expires_at: None,
        own_machinery: None,
        controller_fields: None,
        dependencies: None,
        manager: None,
        status: Arc::new(ClaimStatus {
            health,
            reason: String::new(),
            conditions: Vec::new(),
            secret: Some("receipts".to_owned()),
        }),
        created_at: Timestamp::UNIX_EPOCH,
        observed_at: Timestamp::UNIX_EPOCH,
        object: Arc::new(json!({})),
    });
    Scope::for_tests().show(None, claim).unwrap()
}

fn request(requester: &str) -> Request {
    let manifest = json!({ "kind": "Bucket" });
    Request {
        id: RequestId(Uuid::nil()),
        action: Action::Create,
        state: State::AwaitingApproval,
        tenant: payments(),
        environment: "dev".parse().unwrap(),
        claim: reference(),
        resource: resource(),
        plan: None,
        manifest_hash: manifest_hash(&manifest),
        manifest,
        schema_hash: None,
        previous: None,
        uid: None,
        placement: Placement {
            chosen: None,
            reason: PlacementReason::NoneFits {
                offering: String::new(),
            },
            candidates: Vec::new(),
        },
        requester: person(requester),
        requester_groups: BTreeSet::new(),
        note: None,
        approval: Some(ApprovalNeed {
            rules: vec![RuleNeed {
                policy: "company".to_owned(),
                rule: "all".to_owned(),
                reason: "Everything is approved.".to_owned(),
                approvers: Approvers::TenantApprovers {},
                count: 1,
                publication: None,
            }],
            expires_at: Timestamp::MAX,
        }),
        decisions: Vec::new(),
        attempts: 0,
        next_attempt_at: None,
        waiting_for: None,
        failure: None,
        traceparent: None,
        take_over: Vec::new(),
        abandons: None,
        created_at: Timestamp::UNIX_EPOCH,
        updated_at: Timestamp::UNIX_EPOCH,
        revision: 1,
    }
}

fn visible(request: Request) -> Visible<Request> {
    visible_request(&member("tess", Some(Role::TenantAdmin)), request).unwrap()
}

fn decision(by: &str, approved: bool) -> Decision {
    Decision {
        by: person(by),
        provider: None,
        groups: Vec::new(),
        tenant_approver: true,
        approved,
        comment: None,
        at: Timestamp::UNIX_EPOCH,
        digest: None,
        policy: None,
        void: false,
        undone_at: None,
    }
}

#[test]
fn only_developers_submit_and_reveal() {
    let ready = claim(Some(payments()), Health::Ready);
    let id = RequestId(Uuid::nil());
    let environment = "dev".parse().unwrap();
    assert_eq!(
        who_may(|viewer| create_claim(viewer, &payments(), &environment, id)),
        ["dana", "tess"]
    );
    for action in [Action::Change, Action::Renew, Action::Delete] {
        assert_eq!(
            who_may(|viewer| submit_about(viewer, &ready, action, id)),
            ["dana", "tess"]
        );
    }
    assert_eq!(
        who_may(|viewer| reveal_secret(viewer, &documents(), ready.clone())),
        ["dana", "tess"]
    );
}

#[test]
fn a_claim_that_is_being_deleted_or_has_no_tenant_cannot_be_changed() {
    let dana = member("dana", Some(Role::Developer));
    let denial = |claim: Visible<Arc<Claim>>| {
        submit_about(&dana, &claim, Action::Change, RequestId(Uuid::nil())).unwrap_err()
    };
    assert_eq!(
        denial(claim(Some(payments()), Health::Deleting)),
        Denied::BeingDeleted
    );
    assert_eq!(denial(claim(Some(payments()), Health::Gone)), Denied::Gone);
    assert_eq!(denial(claim(None, Health::Ready)), Denied::NoTenant);
    assert_eq!(
        reveal_secret(&dana, &documents(), claim(None, Health::Ready)).unwrap_err(),
        Denied::NoTenant
    );
}

#[test]
fn approvers_decide_once_and_never_on_their_own_request() {
    let pending = visible(request("dana"));
    assert_eq!(who_may(|viewer| decide(viewer, pending.clone())), ["ada", "tess"]);
    let own = visible(request("ada"));
    let ada = member("ada", Some(Role::Approver));
    assert_eq!(decide(&ada, own).unwrap_err(), Denied::OwnRequest);
    let mut needs_two = request("dana");
    needs_two.approval.as_mut().unwrap().rules[0].count = 2;
    needs_two.decisions.push(decision("ada", true));
    assert_eq!(decide(&ada, visible(needs_two)).unwrap_err(), Denied::HasDecided);
    let mut decided = request("dana");
    decided.state = State::Approved;
    assert_eq!(decide(&ada, visible(decided)).unwrap_err(), Denied::NotAnApprover);
}

#[test]
fn requesters_and_tenant_admins_withdraw_and_those_involved_comment() {
    let pending = visible(request("dana"));
    assert_eq!(
        who_may(|viewer| withdraw(viewer, pending.clone())),
        ["dana", "tess"]
    );
    assert_eq!(
        who_may(|viewer| comment(viewer, pending.clone())),
        ["dana", "ada", "tess"]
    );
    let mut ended = request("dana");
    ended.state = State::Fulfilled;
    let dana = member("dana", Some(Role::Developer));
    assert_eq!(withdraw(&dana, visible(ended)).unwrap_err(), Denied::TooLate);
}

#[test]
fn platform_admins_administer_and_tenant_admins_export_their_part() {
    assert_eq!(who_may(acknowledge_breaks), ["pat"]);
    let buckets = "buckets.storage.example.org".parse::<OfferingName>().unwrap();
    assert_eq!(who_may(|viewer| try_definition(viewer, buckets.clone())), ["pat"]);
    assert_eq!(who_may(|viewer| export_audit_log(viewer, None)), ["tess", "pat"]);
    let tess = member("tess", Some(Role::TenantAdmin));
    let exported = export_audit_log(&tess, None).unwrap();
    assert!(exported.target().scope.allows(&payments()) && !exported.target().scope.allows_unowned());
    let other = "research".parse().unwrap();
    assert_eq!(
        export_audit_log(&tess, Some(&other)).unwrap_err(),
        Denied::NotVisible
    );
}

#[test]
fn only_sessions_create_tokens_and_system_viewers_get_no_grants() {
    let everyone = all_viewers().len();
    assert_eq!(who_may(create_token).len(), everyone);
    assert_eq!(who_may(end_own_access).len(), everyone);
    let by_token = member("dana", Some(Role::Developer)).with_via(Via::Token);
    assert_eq!(create_token(&by_token).unwrap_err(), Denied::NeedsSession);
    assert!(end_own_access(&by_token).is_ok());
    let system = member("dana", Some(Role::Developer)).with_via(Via::System);
    assert_eq!(create_token(&system).unwrap_err(), Denied::NeedsSession);
    assert_eq!(end_own_access(&system).unwrap_err(), Denied::NotAPerson);
    let ready = claim(Some(payments()), Health::Ready);
    assert_eq!(
        reveal_secret(&system, &documents(), ready).unwrap_err(),
        Denied::NotAPerson
    );
}

#[test]
fn the_audit_event_names_actor_target_and_basis() {
    let dana = member("dana", Some(Role::Developer));
    let grant = reveal_secret(&dana, &documents(), claim(Some(payments()), Health::Ready)).unwrap();
    let event = grant
        .audit(Timestamp::UNIX_EPOCH, Some("192.0.2.1"))
        .with_details(json!({ "key": "password" }));
    assert_eq!(event.actor, dana.person().subject);
    assert_eq!(event.verb, "secret.revealed");
    assert_eq!(event.subject, reference().to_string());
    assert_eq!(event.tenant, Some(payments()));
    assert_eq!(event.remote.as_deref(), Some("192.0.2.1"));
    assert_eq!(
        event.details,
        json!({
            "key": "password",
            "grantedBy": { "by": "role", "role": "developer", "tenant": "payments" },
        })
    );
    let ada = member("ada", Some(Role::Approver));
    let grant = decide(&ada, visible(request("dana"))).unwrap();
    let event = grant.audit(DecisionOutcome::Rejected, Timestamp::UNIX_EPOCH, None);
    assert_eq!(
        (event.actor.as_str(), event.verb.as_str()),
        (&*ada.person().subject, "request.rejected")
    );
    assert_eq!(
        event.details["grantedBy"],
        json!({ "by": "approvalRule", "policy": "company", "rule": "all" })
    );
}

#[test]
fn a_grant_covers_only_its_request() {
    let dana = member("dana", Some(Role::Developer));
    let id = RequestId(Uuid::nil());
    let submit = create_claim(&dana, &payments(), &"dev".parse().unwrap(), id).unwrap();
    assert!(InsertsRequest::covers(&submit, &request("dana")));
    let other_requester = request("ada");
    let other_tenant = Request {
        tenant: "research".parse().unwrap(),
        ..request("dana")
    };
    let deletion = Request {
        action: Action::Delete,
        ..request("dana")
    };
    for other in [other_requester, other_tenant, deletion] {
        assert!(!InsertsRequest::covers(&submit, &other));
    }
    let ada = member("ada", Some(Role::Approver));
    let decide = decide(&ada, visible(request("dana"))).unwrap();
    let mut decided = request("dana");
    decided.decisions.push(decision("ada", true));
    assert!(decide.covers(&decided));
    let mut other_approver = request("dana");
    other_approver.decisions.push(decision("tess", true));
    let mut later = request("dana");
    later.revision = 2;
    for other in [other_approver, later] {
        assert!(!decide.covers(&other));
    }
}

#[test]
fn values_outside_the_scope_are_not_visible() {
    let research: TenantName = "research".parse().unwrap();
    let vic = member("vic", Some(Role::Viewer)).scope();
    assert!(vic.show(Some(&payments()), ()).is_some());
    assert!(vic.show(Some(&research), ()).is_none());
    assert!(vic.show(None, ()).is_none());
    let devon = member("devon", None);
    assert!(visible_request(&devon, request("dana")).is_none());
    let mut pending = request("dana");
    pending.approval.as_mut().unwrap().rules[0].approvers = Approvers::Groups(vec!["dbas".into()]);
    let dba = devon.with_groups(["dbas"]);
    assert!(visible_request(&dba, pending).is_some());
}

#[test]
fn a_claim_that_another_tool_keeps_is_changed_there_but_its_secret_may_be_revealed() {
    let dana = member("dana", Some(Role::Developer));
    let managed = |manager: Manager| {
        let claim = Claim {
            manager: Some(Arc::new(manager)),
            ..claim(Some(payments()), Health::Ready).as_ref().clone()
        };
        Scope::for_tests().show(None, Arc::new(claim)).unwrap()
    };
    let flux = Manager::FluxKustomization {
        name: "apps".to_owned(),
        namespace: None,
    };
    let kept = managed(flux.clone());
    for action in [Action::Change, Action::Renew, Action::Adopt, Action::Delete] {
        let denied = submit_about(&dana, &kept, action, RequestId(Uuid::nil())).unwrap_err();
        assert_eq!(
            denied,
            Denied::ManagedElsewhere {
                manager: flux.clone()
            }
        );
    }
    assert!(reveal_secret(&dana, &documents(), kept).is_ok());
    let by_hand = managed(Manager::FieldManagers { names: Vec::new() });
    assert!(submit_about(&dana, &by_hand, Action::Change, RequestId(Uuid::nil())).is_ok());
    assert_eq!(
        who_may(|viewer| submit_about(viewer, &by_hand, Action::Adopt, RequestId(Uuid::nil()))),
        ["dana", "tess"]
    );
    let own = claim(Some(payments()), Health::Ready);
    assert_eq!(
        submit_about(&dana, &own, Action::Adopt, RequestId(Uuid::nil())).unwrap_err(),
        Denied::ManagedByPortico
    );
}

/// Decisions that were made before requests could take over fields stay valid.
#[test]
fn the_digest_of_a_request_that_takes_over_nothing_is_as_it_always_was() {
    let mut request = request("dana");
    let agreed = serde_json::json!({
        "action": request.action, "claim": request.claim, "resource": request.resource, "plan": request.plan,
        "uid": null, "manifest": request.manifest_hash, "schema": request.schema_hash,
        "placement": request.placement.chosen,
    });
    assert_eq!(request.digest(), crate::request::manifest_hash(&agreed));
    request.take_over = vec!["spec.size".to_owned()];
    assert_ne!(request.digest(), crate::request::manifest_hash(&agreed));
}

/// A request of payments for the service of research, which waits for its approvers.
fn published_request(configuration: &Configuration) -> Request {
    let service = configuration.service(&"search".parse().unwrap()).unwrap();
    let mut request = request("dana");
    request.approval = Some(ApprovalNeed {
        rules: vec![service.rule(&payments()).unwrap()],
        expires_at: Timestamp::MAX,
    });
    request
}

#[expect(clippy::disallowed_methods, reason = "a viewer as the program makes it")]
fn owner(configuration: &Configuration) -> Viewer {
    let known = crate::tenancy::KnownPerson {
        id: Uuid::nil(),
        person: Person {
            subject: "https://sso.example.com#olga".to_owned(),
            ..person("olga")
        },
        groups: BTreeSet::from(["owners".to_owned()]),
        signed_in_at: Timestamp::UNIX_EPOCH,
        suspended_at: None,
    };
    let mut configuration = configuration.clone();
    configuration.portal.spec.sign_in.providers = serde_json::from_value(json!([
        { "name": "sso", "issuer": "https://sso.example.com", "clientId": "portico" }
    ]))
    .unwrap();
    known.viewer(&configuration, Via::Session).unwrap()
}

#[test]
fn approvers_of_a_publisher_decide_while_that_is_accepted_and_see_what_is_disclosed() {
    let mut configuration = documents();
    published::accept_all(&mut configuration);
    let request = published_request(&configuration);
    let decides = owner(&configuration);
    assert!(may_decide(&decides, &request).is_ok());
    assert!(!decides.sees(&payments()));
    let all = crate::publication::Disclosed {
        requester: true,
        notes: true,
    };
    assert_eq!(disclosure(&decides, &request), Disclosure::Service(all));
    assert_eq!(
        disclosure(&member("dana", Some(Role::Developer)), &request),
        Disclosure::Whole
    );

    published::decide(&mut configuration, &[(Permission::KnowRequesters, false)]);
    let Disclosure::Service(less) = disclosure(&owner(&configuration), &request) else {
        panic!("a publisher never sees all of it");
    };
    assert!(!less.requester && less.notes);

    published::decide(&mut configuration, &[(Permission::Decide, false)]);
    let revoked = owner(&configuration);
    assert_eq!(may_decide(&revoked, &request), Err(Denied::NotAnApprover));
    assert!(visible_request(&revoked, request).is_none());
}

#[test]
fn secrets_of_a_service_are_handed_out_while_that_is_accepted() {
    let mut configuration = documents();
    let service = configuration.service(&"search".parse().unwrap()).unwrap();
    let tenant = &configuration.tenants[&payments()];
    let namespace = service.namespace(&configuration, tenant, &tenant.spec.environments[0]);
    let of_service = Arc::new(Claim {
        reference: ClaimRef {
            plane: "own".parse().unwrap(),
            offering: "indexes.search.example.org".parse().unwrap(),
            namespace: Some(namespace),
            name: "logs".parse().unwrap(),
        },
        ..(*claim(Some(payments()), Health::Ready).into_inner()).clone()
    });
    let dana = member("dana", Some(Role::Developer));
    let refused = Denied::NotHandedOut {
        publisher: "research".to_owned(),
    };
    assert_eq!(
        may_reveal(&dana, &configuration, &of_service),
        Err(refused.clone())
    );
    published::accept_all(&mut configuration);
    assert!(may_reveal(&dana, &configuration, &of_service).is_ok());
    published::decide(&mut configuration, &[(Permission::HandOutSecrets, false)]);
    assert_eq!(may_reveal(&dana, &configuration, &of_service), Err(refused));
}

#[test]
fn platform_admins_decide_on_permissions_and_publishers_read_of_them() {
    let configuration = documents();
    let name = "search".parse().unwrap();
    assert_eq!(
        who_may(|viewer| decide_permission(viewer, &configuration, &name)),
        ["pat"]
    );
    let publication = &configuration.publications[&name];
    assert_eq!(
        who_may(|viewer| may_read_publication(viewer, publication)),
        ["pat"]
    );
    let of_research = member("rosa", None).with_role("research".parse().unwrap(), Role::Viewer);
    assert!(may_read_publication(&of_research, publication).is_ok());
    let nowhere = decide_permission(
        &member("pat", None).with_platform_admin(true),
        &configuration,
        &"nowhere".parse().unwrap(),
    );
    assert_eq!(nowhere.unwrap_err(), Denied::NotVisible);
}
