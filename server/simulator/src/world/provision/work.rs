//! Working on one claim: what the steps of its life have in common.

use portico_domain::projection::MACHINERY;
use portico_domain::record::canonical_json;
use serde_json::{Map, Value, json};
use sha2::{Digest as _, Sha256};

use super::Manners;
use super::conditions::{self, Condition};
use super::parts;
use super::recipe::{Recipe, Site, Style};
use crate::kube::{ApiError, GroupKind, Key, Objects};

/// One claim, and what it takes to work on it.
pub(super) struct Work<'a> {
    pub(super) objects: &'a Objects,
    pub(super) recipe: &'a Recipe,
    pub(super) manners: &'a Manners,
    pub(super) authority: &'a str,
    pub(super) key: &'a Key,
}

impl Work<'_> {
    pub(super) fn kind(&self) -> GroupKind {
        self.recipe.group_kind()
    }

    pub(super) fn tell(&self, claim: &Value, set: &[Condition], more: Value) -> Result<(), ApiError> {
        let now = self.manners.clock.now();
        if let Some((kind, key)) = parts::composite(self, claim)
            && let Some(composite) = self.objects.get(&kind, &key)
        {
            let conditions = conditions::with(&composite, set, now);
            self.objects
                .patch_status(&kind, &key, json!({ "conditions": conditions }))?;
        }
        // The generation may have moved by what the provisioner itself wrote.
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
        if self.recipe.kind == "KubernetesCluster" {
            json!({ "phase": phase })
        } else {
            Value::Null
        }
    }
}

/// What a person asked for in the claim: its `spec` without Crossplane's own fields.
pub(super) fn wishes(claim: &Value) -> Value {
    let mut spec = claim["spec"].as_object().cloned().unwrap_or_default();
    for field in MACHINERY {
        spec.shift_remove(field);
    }
    Value::Object(spec)
}

/// What the claim asks for, as a short text that differs when it does.
pub(super) fn configuration(claim: &Value) -> String {
    hex::encode(&Sha256::digest(canonical_json(&wishes(claim)))[..8])
}

pub(super) fn site<'a>(work: &'a Work<'_>, spec: &'a Value) -> Site<'a> {
    Site {
        plane: &work.manners.plane,
        namespace: &work.key.namespace,
        name: &work.key.name,
        spec,
    }
}

/// What a person asked for, and where the secret is to be.
pub(super) fn wishes_with_secret(claim: &Value) -> Value {
    let mut wishes = wishes(claim);
    if let Some(reference) = claim["spec"].get("writeConnectionSecretToRef") {
        wishes["writeConnectionSecretToRef"] = reference.clone();
    }
    wishes
}

/// The claim as it is after what was just written.
pub(super) fn current(work: &Work<'_>, claim: &Value) -> Value {
    work.objects
        .get(&work.kind(), work.key)
        .map_or_else(|| claim.clone(), |claim| (*claim).clone())
}

/// Sees to it that the claim is not gone before what belongs to it.
pub(super) fn hold(work: &Work<'_>, claim: &Value) -> Result<(), ApiError> {
    let mut finalizers = claim["metadata"]["finalizers"]
        .as_array()
        .cloned()
        .unwrap_or_default();
    if finalizers
        .iter()
        .any(|finalizer| *finalizer == work.recipe.finalizer())
    {
        return Ok(());
    }
    finalizers.push(json!(work.recipe.finalizer()));
    work.objects
        .patch(
            &work.kind(),
            work.key,
            json!({ "metadata": { "finalizers": finalizers } }),
        )
        .map(|_| ())
}

/// `deletionProtection` is a Usage: the control plane refuses the delete and says why.
pub(super) fn protect(work: &Work<'_>, claim: &Value) -> Result<(), ApiError> {
    let kind = GroupKind::new("protection.crossplane.io", "Usage");
    let key = Key::namespaced(&work.key.namespace, format!("{}-protection", work.key.name));
    if claim["spec"]["deletionProtection"] != true {
        return if work.objects.get(&kind, &key).is_some() {
            gone(work.objects.delete(&kind, &key))
        } else {
            Ok(())
        };
    }
    work.objects
        .apply(json!({
            "apiVersion": "protection.crossplane.io/v1beta1", "kind": "Usage",
            "metadata": { "name": key.name, "namespace": key.namespace },
            "spec": {
                "of": {
                    "apiVersion": claim["apiVersion"], "kind": work.recipe.kind,
                    "resourceRef": { "name": work.key.name },
                },
                "reason": "deletion protection is on: switch it off in the claim first",
            },
        }))
        .map(|_| ())
}

/// What is already gone is as well.
pub(super) fn gone(outcome: Result<(), ApiError>) -> Result<(), ApiError> {
    match outcome {
        Err(error) if error.code == 404 => Ok(()),
        other => other,
    }
}
