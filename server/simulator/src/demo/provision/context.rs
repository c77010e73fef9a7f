//! What the steps of a claim's lifecycle share.

use kube_schema::canonical_json;
use portico_domain::projection::MACHINERY;
use serde_json::{Map, Value, json};
use sha2::{Digest as _, Sha256};

use super::ProvisionerOptions;
use super::conditions::{self, Condition};
use super::recipe::{Recipe, Site, Style};
use crate::kube::{ApiError, GroupKind, Key, Objects};

/// A claim and the clients and options to work on it.
pub(super) struct ClaimContext<'a> {
    pub(super) objects: &'a Objects,
    pub(super) recipe: &'a Recipe,
    pub(super) options: &'a ProvisionerOptions,
    pub(super) key: &'a Key,
}

impl ClaimContext<'_> {
    pub(super) fn kind(&self) -> GroupKind {
        self.recipe.group_kind()
    }

    /// The key of a claim's composite resource, once it is bound.
    pub(super) fn composite(&self, claim: &Value) -> Option<(GroupKind, Key)> {
        let Style::Claim(kind) = self.recipe.style else {
            return None;
        };
        let name = claim["spec"]["resourceRef"]["name"].as_str()?;
        Some((GroupKind::new(self.recipe.group, kind), Key::cluster(name)))
    }

    pub(super) fn set_status(&self, claim: &Value, set: &[Condition], more: Value) -> Result<(), ApiError> {
        let now = self.options.clock.now();
        if let Some((kind, key)) = self.composite(claim)
            && let Some(composite) = self.objects.get(&kind, &key)
        {
            let conditions = conditions::with(&composite, set, now);
            self.objects
                .patch_status(&kind, &key, json!({ "conditions": conditions }))?;
        }
        // The provisioner's own writes may have changed the generation.
        let Some(claim) = self.objects.get(&self.kind(), self.key) else {
            return Ok(());
        };
        let mut status = if more.is_object() {
            more
        } else {
            Value::Object(Map::new())
        };
        status["conditions"] = conditions::with(&claim, set, now);
        if self.recipe.style == Style::Operator {
            status["observedGeneration"] = claim["metadata"]["generation"].clone();
        }
        self.objects
            .patch_status(&self.kind(), self.key, status)
            .map(|_| ())
    }

    pub(super) fn phase(&self, phase: &str) -> Value {
        if self.recipe.is_cluster() {
            json!({ "phase": phase })
        } else {
            Value::Null
        }
    }
}

/// The user's part of the specification, without Crossplane's fields.
pub(super) fn user_spec(claim: &Value) -> Value {
    let mut spec = claim["spec"].as_object().cloned().unwrap_or_default();
    for field in MACHINERY {
        spec.shift_remove(field);
    }
    Value::Object(spec)
}

/// A digest of the user's part of the specification.
pub(super) fn configuration(claim: &Value) -> String {
    hex::encode(&Sha256::digest(canonical_json(&user_spec(claim)))[..8])
}

pub(super) fn site<'a>(context: &'a ClaimContext<'_>, spec: &'a Value) -> Site<'a> {
    Site {
        plane: &context.options.plane,
        namespace: &context.key.namespace,
        name: &context.key.name,
        spec,
        cluster: None,
    }
}

/// The user's part of the specification, with the reference to the connection secret.
pub(super) fn user_spec_with_secret(claim: &Value) -> Value {
    let mut user_spec = user_spec(claim);
    if let Some(reference) = claim["spec"].get("writeConnectionSecretToRef") {
        user_spec["writeConnectionSecretToRef"] = reference.clone();
    }
    user_spec
}

/// Reads the claim again.
pub(super) fn current(context: &ClaimContext<'_>, claim: &Value) -> Value {
    context
        .objects
        .get(&context.kind(), context.key)
        .map_or_else(|| claim.clone(), |claim| (*claim).clone())
}

/// Adds the provisioner's finalizer.
pub(super) fn add_finalizer(context: &ClaimContext<'_>, claim: &Value) -> Result<(), ApiError> {
    let mut finalizers = claim["metadata"]["finalizers"]
        .as_array()
        .cloned()
        .unwrap_or_default();
    if finalizers
        .iter()
        .any(|finalizer| *finalizer == context.recipe.finalizer())
    {
        return Ok(());
    }
    finalizers.push(json!(context.recipe.finalizer()));
    context
        .objects
        .patch(
            &context.kind(),
            context.key,
            json!({ "metadata": { "finalizers": finalizers } }),
        )
        .map(|_| ())
}

/// Creates or deletes the Usage that implements `deletionProtection`.
pub(super) fn sync_usage(context: &ClaimContext<'_>, claim: &Value) -> Result<(), ApiError> {
    let kind = GroupKind::new("protection.crossplane.io", "Usage");
    let key = Key::namespaced(&context.key.namespace, format!("{}-protection", context.key.name));
    if claim["spec"]["deletionProtection"] != true {
        return if context.objects.get(&kind, &key).is_some() {
            ignore_not_found(context.objects.delete(&kind, &key))
        } else {
            Ok(())
        };
    }
    context
        .objects
        .apply(json!({
            "apiVersion": "protection.crossplane.io/v1beta1", "kind": "Usage",
            "metadata": { "name": key.name, "namespace": key.namespace },
            "spec": {
                "of": {
                    "apiVersion": claim["apiVersion"], "kind": context.recipe.kind,
                    "resourceRef": { "name": context.key.name },
                },
                "reason": "deletion protection is on: switch it off in the claim first",
            },
        }))
        .map(|_| ())
}

/// Treats 404 as success.
pub(super) fn ignore_not_found(outcome: Result<(), ApiError>) -> Result<(), ApiError> {
    match outcome {
        Err(error) if error.code == 404 => Ok(()),
        other => other,
    }
}
