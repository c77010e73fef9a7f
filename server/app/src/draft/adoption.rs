//! What a request takes from other field managers: the adoption of a claim as a whole, and single fields of a change.

use portico_api::words::{DraftProblem, DryRunVerdict, takes_back};
use portico_api::{ContestedField, Mark};
use portico_domain::claim::FieldConflict;
use portico_domain::request::Action;
use portico_planes::{AdoptionPreview, PlaneError};
use serde_json::{Map, Value};

use super::RequestDraft;
use super::checks::DRY_RUN_TIMEOUT;
use crate::Portal;
use crate::names::claim_place;

impl RequestDraft {
    /// Returns the object before the request, for a request about a claim. For an adoption it has only those labels and
    /// annotations of Portico that are really there.
    pub(crate) fn previous(&self) -> Option<Value> {
        let claim = self.claim.as_ref()?;
        if self.action == Action::Adopt {
            let own = claim.own_machinery.as_deref();
            return Some(self.projection.displayed(&claim.object, own));
        }
        self.unchanged.clone()
    }

    /// Returns the fields of other managers that the request would change.
    pub(super) fn contested_fields(&self) -> Vec<ContestedField> {
        let live = self.claim.as_ref().map(|claim| claim.object.as_ref());
        let of = |object: Option<&Value>, field: &str| {
            let value = object?.pointer(&["", &field.replace('.', "/")].join("/"))?;
            Some(value.as_str().map_or_else(|| value.to_string(), str::to_owned))
        };
        let one = |conflict: &FieldConflict| ContestedField {
            value: of(live, &conflict.field),
            wanted: of(self.manifest.as_ref(), &conflict.field),
            follows: takes_back(&conflict.manager).to_string(),
            taken: self.take_over.contains(&conflict.field),
            field: conflict.field.clone(),
            manager: conflict.manager.clone(),
        };
        self.conflicts.iter().map(one).collect()
    }

    /// Returns the labels and annotations that the request sets.
    pub(crate) fn marks(&self) -> Vec<Mark> {
        let live = self.claim.as_ref().map(|claim| claim.object.as_ref());
        let of = |object: Option<&Value>, map: &str| -> Map<String, Value> {
            let found = object.and_then(|object| object.get("metadata")?.get(map)?.as_object().cloned());
            found.unwrap_or_default()
        };
        let mut marks = Vec::new();
        for (kind, map) in [("label", "labels"), ("annotation", "annotations")] {
            let before = of(live, map);
            for (key, value) in of(self.manifest.as_ref(), map) {
                if before.get(&key) == Some(&value) {
                    continue;
                }
                marks.push(Mark {
                    kind: kind.to_owned(),
                    before: before.get(&key).and_then(Value::as_str).map(str::to_owned),
                    value: value.as_str().unwrap_or_default().to_owned(),
                    key,
                });
            }
        }
        marks
    }
}

impl Portal {
    /// Asks the control plane what the adoption would do. A problem of the draft if it cannot be asked, refuses it, or
    /// would change a value.
    pub(super) async fn preview_adoption(&self, draft: &mut RequestDraft) -> Option<AdoptionPreview> {
        let (claim, manifest) = (draft.claim.clone()?, draft.manifest.clone()?);
        let plane = claim_place(&draft.configuration, &claim.reference);
        let asked = self.planes().dry_run_adoption(&draft.grant, &claim, &manifest);
        let answer = tokio::time::timeout(DRY_RUN_TIMEOUT, asked)
            .await
            .unwrap_or_else(|_| {
                Err(PlaneError::Timeout {
                    plane: plane.clone(),
                    after: DRY_RUN_TIMEOUT,
                })
            });
        let error = match answer {
            Ok(preview) => {
                for (path, old, new) in &preview.changed {
                    let problem = DraftProblem::AdoptionChanges {
                        old: old.clone(),
                        new: new.clone(),
                    };
                    draft.field_problem(path, problem);
                }
                return Some(preview);
            }
            Err(error) => error,
        };
        let verdict = match &error {
            // Their own words do not say whose they are.
            PlaneError::Conflict { .. }
            | PlaneError::NamespaceTerminating { .. }
            | PlaneError::Gone { .. } => DryRunVerdict::Conflict {
                plane,
                error: error.to_string(),
                answered: !error.is_retryable(),
            },
            error => DryRunVerdict::Failed {
                error: error.to_string(),
                answered: !error.is_retryable(),
            },
        };
        draft.problem((&verdict).into());
        draft.trouble = Some(error);
        None
    }
}
