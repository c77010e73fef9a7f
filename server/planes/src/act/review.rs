//! Access reviews: asks a control plane what somebody may do.

use portico_domain::documents::ResourceRef;
use serde_json::{Value, json};

use crate::actor::Actor;
use crate::error::PlaneError;
use crate::plane::Right;
use crate::wire::{Call, Wire};

/// Asks whether the actor (without one: Portico) may do `verb` with a resource.
pub(crate) async fn review(
    wire: &Wire,
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
    ask(wire, actor, &attributes).await
}

/// Asks whether the actor (without one: Portico) has a right.
pub(crate) async fn may(wire: &Wire, actor: Option<&Actor>, right: &Right) -> Result<bool, PlaneError> {
    let attributes = json!({
        "verb": right.verb,
        "group": right.group,
        "version": "*",
        "resource": right.resource,
        "namespace": right.namespace.as_deref().unwrap_or_default(),
        "name": right.name.as_deref().unwrap_or_default(),
    });
    ask(wire, actor, &attributes).await
}

async fn ask(wire: &Wire, actor: Option<&Actor>, attributes: &Value) -> Result<bool, PlaneError> {
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
    let (_, answer) = wire.ask(call).await?;
    answer
        .pointer("/status/allowed")
        .and_then(Value::as_bool)
        .ok_or_else(|| wire.garbage("an access review came back without a verdict"))
}
