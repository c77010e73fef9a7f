//! Composed resources, and the composite resource of a claim.

use serde_json::{Value, json};

use super::conditions::{self, Condition};
use super::context::{ClaimContext, user_spec};
use super::recipe::{Part, Style};
use crate::demo::kinds::composition_name;
use crate::kube::{ApiError, GroupKind, Key};

/// The annotation of a composed resource: the configuration of the claim that it was created for.
pub(super) const CONFIGURATION: &str = "demo.portico.dev/configuration";

/// The owner of composed resources: the composite resource if there is one, else the claim.
pub(super) struct Owner {
    object: Value,
}

impl Owner {
    /// The owner of a claim's composed resources; `None` while its composite resource does not exist.
    pub(super) fn of(context: &ClaimContext<'_>, claim: &Value) -> Option<Self> {
        let Style::Claim(_) = context.recipe.style else {
            return Some(Self {
                object: claim.clone(),
            });
        };
        let (kind, key) = context.composite(claim)?;
        context.objects.get(&kind, &key).map(|object| Self {
            object: (*object).clone(),
        })
    }

    fn name(&self) -> &str {
        self.object["metadata"]["name"].as_str().unwrap_or_default()
    }

    pub(super) fn reference(&self) -> Value {
        json!([{
            "apiVersion": self.object["apiVersion"], "kind": self.object["kind"], "name": self.name(),
            "uid": self.object["metadata"]["uid"], "controller": true, "blockOwnerDeletion": true,
        }])
    }

    /// The key of a composed resource.
    pub(super) fn key(&self, context: &ClaimContext<'_>, part: &Part) -> (GroupKind, Key) {
        let (group, namespaced) = context.recipe.cloud();
        let name = format!("{}-{}", self.name(), part.suffix);
        let key = if namespaced {
            Key::namespaced(&context.key.namespace, name)
        } else {
            Key::cluster(name)
        };
        (GroupKind::new(group, part.kind), key)
    }

    /// The recorded references to composed resources.
    pub(super) fn references(&self, context: &ClaimContext<'_>) -> Vec<(GroupKind, Key)> {
        let (group, namespaced) = context.recipe.cloud();
        let list = match context.recipe.style {
            Style::Claim(_) => &self.object["spec"]["resourceRefs"],
            Style::Composite => &self.object["spec"]["crossplane"]["resourceRefs"],
            Style::Operator => &self.object["status"]["resourceRefs"],
        };
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let read = |reference: &Value| {
            let name = text(&reference["name"]);
            let key = if namespaced {
                Key::namespaced(&context.key.namespace, name)
            } else {
                Key::cluster(name)
            };
            (GroupKind::new(group, text(&reference["kind"])), key)
        };
        list.as_array().into_iter().flatten().map(read).collect()
    }

    /// Records references to `parts` and to `others` that are still to be deleted.
    pub(super) fn refer(
        &self,
        context: &ClaimContext<'_>,
        parts: &[Part],
        others: &[(GroupKind, Key)],
    ) -> Result<(), ApiError> {
        let mut all: Vec<(GroupKind, Key)> = parts.iter().map(|part| self.key(context, part)).collect();
        let others: Vec<_> = others
            .iter()
            .filter(|other| !all.contains(other))
            .cloned()
            .collect();
        all.extend(others);
        let references: Vec<Value> = all
            .iter()
            .map(|(kind, key)| json!({ "apiVersion": format!("{}/v1", kind.group), "kind": kind.kind, "name": key.name }))
            .collect();
        match context.recipe.style {
            Style::Claim(kind) => {
                let (kind, key) = (
                    GroupKind::new(context.recipe.group, kind),
                    Key::cluster(self.name()),
                );
                context
                    .objects
                    .patch(&kind, &key, json!({ "spec": { "resourceRefs": references } }))?;
            }
            Style::Composite => {
                let patch = json!({ "spec": { "crossplane": { "resourceRefs": references } } });
                context.objects.patch(&context.kind(), context.key, patch)?;
            }
            Style::Operator => {
                context.objects.patch_status(
                    &context.kind(),
                    context.key,
                    json!({ "resourceRefs": references }),
                )?;
            }
        }
        Ok(())
    }

    /// Creates or updates a composed resource.
    pub(super) fn make(
        &self,
        context: &ClaimContext<'_>,
        part: &Part,
        configuration: &str,
    ) -> Result<(), ApiError> {
        let (kind, key) = self.key(context, part);
        let mut metadata = json!({
            "name": key.name,
            "labels": {
                "crossplane.io/composite": self.name(),
                "crossplane.io/claim-name": context.key.name,
                "crossplane.io/claim-namespace": context.key.namespace,
            },
            "annotations": { "crossplane.io/composition-resource-name": part.suffix, CONFIGURATION: configuration },
            "ownerReferences": self.reference(),
        });
        if !key.namespace.is_empty() {
            metadata["namespace"] = json!(key.namespace);
        }
        context.objects.apply(json!({
            "apiVersion": format!("{}/v1", kind.group), "kind": kind.kind, "metadata": metadata,
            "spec": { "forProvider": part.settings },
        }))?;
        Ok(())
    }

    /// Sets conditions of a composed resource, if it exists.
    pub(super) fn set_status(
        &self,
        context: &ClaimContext<'_>,
        part: &Part,
        set: &[Condition],
    ) -> Result<(), ApiError> {
        let (kind, key) = self.key(context, part);
        let Some(object) = context.objects.get(&kind, &key) else {
            return Ok(());
        };
        let conditions = conditions::with(&object, set, context.options.clock.now());
        let id = format!("{}/{}", context.options.plane, key.name);
        context.objects.patch_status(
            &kind,
            &key,
            json!({ "conditions": conditions, "atProvider": { "id": id } }),
        )?;
        Ok(())
    }
}

/// Creates the claim's composite resource, or updates it from the claim.
pub(super) fn bind(context: &ClaimContext<'_>, claim: &Value) -> Result<(), ApiError> {
    let Style::Claim(kind) = context.recipe.style else {
        return if context.recipe.style == Style::Composite {
            choose_composition(context, claim)
        } else {
            Ok(())
        };
    };
    let name = match context.composite(claim) {
        Some((_, key)) => key.name,
        None => format!("{}-{}", context.key.name, context.options.rng.word(5)),
    };
    let api_version = &claim["apiVersion"];
    if claim["spec"]["resourceRef"].is_null() {
        // Set the reference first: a crash in between leaves no second composite resource.
        let reference = json!({ "apiVersion": api_version, "kind": kind, "name": name });
        let composition = json!({ "name": composition_name(kind) });
        let patch = json!({ "spec": { "resourceRef": reference, "compositionRef": composition } });
        context.objects.patch(&context.kind(), context.key, patch)?;
        let message = format!("Bound to the composite resource {name}");
        context
            .objects
            .record_event(claim, "Normal", "BindCompositeResource", &message)?;
    }
    let mut spec = user_spec(claim);
    spec["claimRef"] = json!({
        "apiVersion": api_version, "kind": context.recipe.kind,
        "namespace": context.key.namespace, "name": context.key.name,
    });
    spec["compositionRef"] = json!({ "name": composition_name(kind) });
    context.objects.apply(json!({
        "apiVersion": api_version, "kind": kind,
        "metadata": { "name": name, "labels": {
            "crossplane.io/composite": name,
            "crossplane.io/claim-name": context.key.name,
            "crossplane.io/claim-namespace": context.key.namespace,
        } },
        "spec": spec,
    }))?;
    Ok(())
}

fn choose_composition(context: &ClaimContext<'_>, claim: &Value) -> Result<(), ApiError> {
    if claim["spec"]["crossplane"]["compositionRef"].is_null() {
        let patch = json!({ "spec": { "crossplane": { "compositionRef": { "name": composition_name(context.recipe.kind) } } } });
        context.objects.patch(&context.kind(), context.key, patch)?;
    }
    Ok(())
}
