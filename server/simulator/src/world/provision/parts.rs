//! Composed resources, and the composite resource that a claim stands for.

use serde_json::{Value, json};

use super::conditions::{self, Condition};
use super::recipe::{Part, Style};
use super::work::Work;
use crate::kube::{ApiError, GroupKind, Key};
use crate::world::kinds::composition_name;

/// Annotation of a part: which specification of the claim it was made for.
pub(super) const CONFIGURATION: &str = "demo.portico.dev/configuration";

/// What owns the parts: the composite resource where there is one, else the claim.
pub(super) struct Owner {
    object: Value,
}

impl Owner {
    /// The owner of a claim's parts; `None` while a claim's composite resource is not there.
    pub(super) fn of(work: &Work<'_>, claim: &Value) -> Option<Self> {
        let Style::Claim(_) = work.recipe.style else {
            return Some(Self {
                object: claim.clone(),
            });
        };
        let (kind, key) = composite(work, claim)?;
        work.objects.get(&kind, &key).map(|object| Self {
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

    /// Where the part is.
    pub(super) fn key(&self, work: &Work<'_>, part: &Part) -> (GroupKind, Key) {
        let (group, namespaced) = work.recipe.cloud();
        let name = format!("{}-{}", self.name(), part.suffix);
        let key = if namespaced {
            Key::namespaced(&work.key.namespace, name)
        } else {
            Key::cluster(name)
        };
        (GroupKind::new(group, part.kind), key)
    }

    /// The references to the parts that are written down.
    pub(super) fn references(&self, work: &Work<'_>) -> Vec<(GroupKind, Key)> {
        let (group, namespaced) = work.recipe.cloud();
        let list = match work.recipe.style {
            Style::Claim(_) => &self.object["spec"]["resourceRefs"],
            Style::Composite => &self.object["spec"]["crossplane"]["resourceRefs"],
            Style::Operator => &self.object["status"]["resourceRefs"],
        };
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let read = |reference: &Value| {
            let name = text(&reference["name"]);
            let key = if namespaced {
                Key::namespaced(&work.key.namespace, name)
            } else {
                Key::cluster(name)
            };
            (GroupKind::new(group, text(&reference["kind"])), key)
        };
        list.as_array().into_iter().flatten().map(read).collect()
    }

    /// Writes down which parts there are, and which others are not yet gone.
    pub(super) fn refer(
        &self,
        work: &Work<'_>,
        parts: &[Part],
        others: &[(GroupKind, Key)],
    ) -> Result<(), ApiError> {
        let mut all: Vec<(GroupKind, Key)> = parts.iter().map(|part| self.key(work, part)).collect();
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
        match work.recipe.style {
            Style::Claim(kind) => {
                let (kind, key) = (GroupKind::new(work.recipe.group, kind), Key::cluster(self.name()));
                work.objects
                    .patch(&kind, &key, json!({ "spec": { "resourceRefs": references } }))?;
            }
            Style::Composite => {
                let patch = json!({ "spec": { "crossplane": { "resourceRefs": references } } });
                work.objects.patch(&work.kind(), work.key, patch)?;
            }
            Style::Operator => {
                work.objects
                    .patch_status(&work.kind(), work.key, json!({ "resourceRefs": references }))?;
            }
        }
        Ok(())
    }

    /// Makes the part or changes it, not ready yet.
    pub(super) fn make(&self, work: &Work<'_>, part: &Part, configuration: &str) -> Result<(), ApiError> {
        let (kind, key) = self.key(work, part);
        let mut metadata = json!({
            "name": key.name,
            "labels": {
                "crossplane.io/composite": self.name(),
                "crossplane.io/claim-name": work.key.name,
                "crossplane.io/claim-namespace": work.key.namespace,
            },
            "annotations": { "crossplane.io/composition-resource-name": part.suffix, CONFIGURATION: configuration },
            "ownerReferences": self.reference(),
        });
        if !key.namespace.is_empty() {
            metadata["namespace"] = json!(key.namespace);
        }
        work.objects.apply(json!({
            "apiVersion": format!("{}/v1", kind.group), "kind": kind.kind, "metadata": metadata,
            "spec": { "forProvider": part.settings },
        }))?;
        Ok(())
    }

    /// Says how the part is; one that is not there is left out.
    pub(super) fn tell(&self, work: &Work<'_>, part: &Part, set: &[Condition]) -> Result<(), ApiError> {
        let (kind, key) = self.key(work, part);
        let Some(object) = work.objects.get(&kind, &key) else {
            return Ok(());
        };
        let conditions = conditions::with(&object, set, work.manners.clock.now());
        let id = format!("{}/{}", work.manners.plane, key.name);
        work.objects.patch_status(
            &kind,
            &key,
            json!({ "conditions": conditions, "atProvider": { "id": id } }),
        )?;
        Ok(())
    }
}

/// Where a claim's composite resource is, once it is bound to one.
pub(super) fn composite(work: &Work<'_>, claim: &Value) -> Option<(GroupKind, Key)> {
    let Style::Claim(kind) = work.recipe.style else {
        return None;
    };
    let name = claim["spec"]["resourceRef"]["name"].as_str()?;
    Some((GroupKind::new(work.recipe.group, kind), Key::cluster(name)))
}

/// Makes the claim's composite resource, or hands it what changed in the claim.
pub(super) fn bind(work: &Work<'_>, claim: &Value) -> Result<(), ApiError> {
    let Style::Claim(kind) = work.recipe.style else {
        return if work.recipe.style == Style::Composite {
            choose_composition(work, claim)
        } else {
            Ok(())
        };
    };
    let name = match composite(work, claim) {
        Some((_, key)) => key.name,
        None => format!("{}-{}", work.key.name, work.manners.dice.word(5)),
    };
    let api_version = &claim["apiVersion"];
    if claim["spec"]["resourceRef"].is_null() {
        // The reference first: a crash in between leaves no second composite resource behind.
        let reference = json!({ "apiVersion": api_version, "kind": kind, "name": name });
        let composition = json!({ "name": composition_name(kind) });
        let patch = json!({ "spec": { "resourceRef": reference, "compositionRef": composition } });
        work.objects.patch(&work.kind(), work.key, patch)?;
        let message = format!("Bound to the composite resource {name}");
        work.objects
            .record_event(claim, "Normal", "BindCompositeResource", &message)?;
    }
    let mut spec = super::work::wishes(claim);
    spec["claimRef"] = json!({
        "apiVersion": api_version, "kind": work.recipe.kind,
        "namespace": work.key.namespace, "name": work.key.name,
    });
    spec["compositionRef"] = json!({ "name": composition_name(kind) });
    work.objects.apply(json!({
        "apiVersion": api_version, "kind": kind,
        "metadata": { "name": name, "labels": {
            "crossplane.io/composite": name,
            "crossplane.io/claim-name": work.key.name,
            "crossplane.io/claim-namespace": work.key.namespace,
        } },
        "spec": spec,
    }))?;
    Ok(())
}

fn choose_composition(work: &Work<'_>, claim: &Value) -> Result<(), ApiError> {
    if claim["spec"]["crossplane"]["compositionRef"].is_null() {
        let patch = json!({ "spec": { "crossplane": { "compositionRef": { "name": composition_name(work.recipe.kind) } } } });
        work.objects.patch(&work.kind(), work.key, patch)?;
    }
    Ok(())
}
