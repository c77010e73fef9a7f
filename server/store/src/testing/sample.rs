use jiff::Timestamp;
use portico_domain::audit_log::NewEvent;
use portico_domain::authz::AuditEvent;
use portico_domain::claim::{ClaimRef, labels};
use portico_domain::documents::ResourceRef;
use portico_domain::names::RequestId;
use portico_domain::placement::{Placement, PlacementReason};
use portico_domain::request::{Action, Request, State, manifest_hash};
use portico_domain::tenancy::Person;
use serde_json::{Value, json};
use uuid::Uuid;

/// Creates a request of `tenant` for a new bucket called `name`, in this state. Ids ascend in the order of creation.
///
/// # Panics
/// When `tenant` or `name` is not a valid name.
#[must_use]
#[expect(clippy::unwrap_used, reason = "for tests: failing loudly is what they want")]
pub fn request(tenant: &str, name: &str, state: State) -> Request {
    let id = RequestId(Uuid::now_v7());
    let namespace = format!("{tenant}-dev");
    let manifest = json!({
        "apiVersion": "storage.demo.portico.dev/v1alpha1",
        "kind": "Bucket",
        "metadata": {
            "name": name,
            "namespace": namespace,
            "labels": {labels::TENANT: tenant, labels::ENVIRONMENT: "dev", labels::REQUEST: id.to_string()},
        },
        "spec": {"sizeGb": 10},
    });
    // Whole microseconds, as the database stores them.
    let now = Timestamp::from_microsecond(Timestamp::now().as_microsecond()).unwrap();
    Request {
        id,
        action: Action::Create,
        state,
        tenant: tenant.parse().unwrap(),
        environment: "dev".parse().unwrap(),
        claim: ClaimRef {
            plane: "eu-shared".parse().unwrap(),
            offering: "buckets.storage.demo.portico.dev".parse().unwrap(),
            namespace: Some(namespace),
            name: name.parse().unwrap(),
        },
        resource: ResourceRef {
            group: "storage.demo.portico.dev".into(),
            version: "v1alpha1".into(),
            kind: "Bucket".into(),
            plural: "buckets".into(),
            namespaced: true,
        },
        plan: Some("small".parse().unwrap()),
        manifest_hash: manifest_hash(&manifest),
        manifest,
        schema_hash: None,
        previous: None,
        uid: None,
        placement: Placement {
            chosen: Some("eu-shared".parse().unwrap()),
            reason: PlacementReason::NoneFits {
                offering: "Bucket".into(),
            },
            candidates: Vec::new(),
        },
        requester: Person {
            subject: "https://sso.example#dana".into(),
            name: "Dana".into(),
            email: Some("dana@example.com".into()),
        },
        requester_groups: std::collections::BTreeSet::from(["payments-developers".to_owned()]),
        note: None,
        approval: None,
        decisions: Vec::new(),
        attempts: 0,
        next_attempt_at: None,
        waiting_for: None,
        failure: None,
        traceparent: None,
        take_over: Vec::new(),
        abandons: None,
        created_at: now,
        updated_at: now,
        revision: 1,
    }
}

/// Creates an event about a request.
#[must_use]
pub fn event(request: &Request, verb: &str) -> AuditEvent {
    AuditEvent::for_tests(NewEvent {
        at: request.updated_at,
        actor: request.requester.subject.clone(),
        actor_name: request.requester.name.clone(),
        verb: verb.to_owned(),
        subject: request.claim.to_string(),
        tenant: Some(request.tenant.clone()),
        request: Some(request.id),
        remote: None,
        details: Value::Null,
    })
}
