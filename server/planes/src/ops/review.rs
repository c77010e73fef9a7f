//! Access reviews: asks a control plane what somebody may do.

use portico_domain::documents::ResourceRef;
use serde_json::{Value, json};

use crate::actor::Actor;
use crate::client::{ApiClient, Call};
use crate::error::PlaneError;
use crate::rights::Right;

/// Asks whether the actor (without one: Portico) may do `verb` with a resource.
pub(crate) async fn is_allowed(
    client: &ApiClient,
    actor: Option<&Actor>,
    verb: &str,
    resource: &ResourceRef,
    namespace: Option<&str>,
) -> Result<bool, PlaneError> {
    let attributes = json!({
        "verb": verb,
        "group": resource.group,
        "version": resource.version,
        "resource": resource.plural,
        "namespace": namespace.unwrap_or_default(),
    });
    send_review(client, actor, &attributes).await
}

/// Asks whether the actor (without one: Portico) has a right.
pub(crate) async fn has_right(
    client: &ApiClient,
    actor: Option<&Actor>,
    right: &Right,
) -> Result<bool, PlaneError> {
    let attributes = json!({
        "verb": right.verb,
        "group": right.group,
        "version": "*",
        "resource": right.resource,
        "namespace": right.namespace.as_deref().unwrap_or_default(),
        "name": right.name.as_deref().unwrap_or_default(),
    });
    send_review(client, actor, &attributes).await
}

async fn send_review(
    client: &ApiClient,
    actor: Option<&Actor>,
    attributes: &Value,
) -> Result<bool, PlaneError> {
    let body = json!({
        "apiVersion": "authorization.k8s.io/v1",
        "kind": "SelfSubjectAccessReview",
        "spec": { "resourceAttributes": attributes },
    });
    let mut call = Call::post(
        "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews".to_owned(),
        &body,
    );
    call.actor = actor;
    let (_, answer) = client.request_json(call).await?;
    answer
        .pointer("/status/allowed")
        .and_then(Value::as_bool)
        .ok_or_else(|| client.invalid_response("an access review came back without a verdict"))
}
