//! Access reviews: `SelfSubjectReview`, `SelfSubjectAccessReview` and their like.

use axum::http::StatusCode;
use serde_json::{Value, json};

use super::target::Objects;
use crate::kube::plane::access::{Access, Attributes, Identity};
use crate::kube::types::error::ApiError;
use crate::kube::types::object::texts;

/// Answers a review; `None` when the path names no review.
pub(super) fn answer(
    access: &Access,
    identity: &Identity,
    target: &Objects,
    body: Value,
) -> Option<Result<(StatusCode, Value), ApiError>> {
    let answer = match (
        target.group.as_str(),
        target.version.as_str(),
        target.plural.as_str(),
    ) {
        ("authorization.k8s.io", "v1", "selfsubjectaccessreviews") => may(access, identity, body),
        ("authorization.k8s.io", "v1", "subjectaccessreviews" | "localsubjectaccessreviews") => {
            let spec = &body["spec"];
            let user = spec["user"].as_str().unwrap_or_default().to_owned();
            let whom = Identity::new(user, texts(&spec["groups"]));
            may(access, &whom, body)
        }
        ("authorization.k8s.io", "v1", "selfsubjectrulesreviews") => rules(access, identity, body),
        ("authentication.k8s.io", "v1" | "v1beta1", "selfsubjectreviews") => {
            let mut body = body;
            body["status"] = json!({"userInfo": {"username": identity.user, "groups": identity.groups}});
            Ok(body)
        }
        _ => return None,
    };
    Some(answer.map(|value| (StatusCode::CREATED, value)))
}

fn may(access: &Access, identity: &Identity, mut body: Value) -> Result<Value, ApiError> {
    let spec = &body["spec"];
    let attributes = &spec["resourceAttributes"];
    let allowed = if attributes.is_object() {
        let text = |field: &str| attributes[field].as_str().unwrap_or_default().to_owned();
        access.allows(
            identity,
            &Attributes {
                verb: text("verb"),
                group: text("group"),
                resource: text("resource"),
                subresource: text("subresource"),
                namespace: text("namespace"),
                name: text("name"),
            },
        )
    } else if spec["nonResourceAttributes"].is_object() {
        // Every authenticated user may read discovery and health.
        spec["nonResourceAttributes"]["verb"] == "get"
    } else {
        return Err(ApiError::bad_request(
            "exactly one of nonResourceAttributes or resourceAttributes must be specified",
        ));
    };
    body["status"] = if allowed {
        json!({"allowed": true})
    } else {
        json!({"allowed": false, "reason": "no rule allows it"})
    };
    Ok(body)
}

fn rules(access: &Access, identity: &Identity, mut body: Value) -> Result<Value, ApiError> {
    let namespace = body["spec"]["namespace"].as_str().unwrap_or_default().to_owned();
    if namespace.is_empty() {
        return Err(ApiError::bad_request("no namespace on request"));
    }
    let rules: Vec<Value> = access
        .rules_of(identity, &namespace)
        .into_iter()
        .map(|rule| {
            let mut value =
                json!({"verbs": rule.verbs, "apiGroups": rule.groups, "resources": rule.resources});
            if !rule.names.is_empty() {
                value["resourceNames"] = json!(rule.names);
            }
            value
        })
        .collect();
    body["status"] = json!({
        "resourceRules": rules,
        "nonResourceRules": [{"verbs": ["get"], "nonResourceURLs": ["*"]}],
        "incomplete": false,
    });
    Ok(body)
}
