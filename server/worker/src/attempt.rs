//! One attempt at a request: the calls to its control plane. Idempotent, and writes nothing to the database.

use std::collections::BTreeMap;

use portico_domain::authz::SystemAuthority;
use portico_domain::claim::{Manager, labels};
use portico_domain::obstacle::Obstacle;
use portico_domain::reason::{FailureReason, WaitingReason};
use portico_domain::request::{Action, Request};
use portico_planes::{Actor, Adoption, Expect, PlaneError, Planes};
use serde_json::Value;

use super::outcome::Outcome;

/// Makes the control plane as the request says, or returns why not. `requester` has the groups that are known now, for
/// control planes where Portico impersonates the person.
pub(super) async fn attempt(
    planes: &Planes,
    authority: &SystemAuthority,
    request: &Request,
    requester: Actor,
) -> Outcome {
    let attempt = Attempt {
        planes,
        authority,
        request,
        actor: requester,
    };
    let result = match request.action {
        Action::Create => attempt.create().await,
        Action::Change | Action::Renew => attempt.change().await,
        Action::Adopt => attempt.adopt().await,
        Action::Delete => attempt.delete().await,
    };
    result.unwrap_or_else(|error| Outcome::of_error(request, &error))
}

/// The outcome of an earlier attempt whose answer was lost; `None` if none took effect. Only reads, as Portico itself.
pub(super) async fn earlier_outcome(
    planes: &Planes,
    authority: &SystemAuthority,
    request: &Request,
) -> Option<Outcome> {
    let attempt = Attempt {
        planes,
        authority,
        request,
        actor: Actor::system(authority),
    };
    let found = match attempt.existing().await {
        Ok(found) => found,
        Err(error) if error.is_retryable() => return Some(Outcome::of_error(request, &error)),
        Err(_) => return None,
    };
    let uid = meant(request);
    match (request.action, found) {
        (Action::Create, Some(object)) if is_ours(&object, request) => {
            Some(Outcome::Done { uid: uid_of(&object) })
        }
        (Action::Change | Action::Renew | Action::Adopt, Some(object))
            if is_ours(&object, request) && uid_of(&object) == uid =>
        {
            Some(Outcome::Done { uid })
        }
        (Action::Delete, None) => Some(Outcome::Done { uid }),
        (Action::Delete, Some(object)) if uid_of(&object) != uid => Some(Outcome::Done { uid }),
        (Action::Delete, Some(object)) if object.pointer("/metadata/deletionTimestamp").is_some() => {
            Some(being_deleted(planes, request))
        }
        _ => None,
    }
}

/// One attempt.
struct Attempt<'a> {
    planes: &'a Planes,
    authority: &'a SystemAuthority,
    request: &'a Request,
    /// The person to impersonate, where the control plane is set to do so.
    actor: Actor,
}

impl Attempt<'_> {
    async fn create(&self) -> Result<Outcome, PlaneError> {
        let request = self.request;
        let applied = match self.apply_new().await {
            Ok(uid) => uid,
            Err(error) if error.is_retryable() => return Err(error),
            // The answer of an earlier attempt may have been lost: an object with this request's label is the
            // result, whatever is refused now.
            Err(error) => match self.existing().await {
                Ok(Some(object)) if is_ours(&object, request) => uid_of(&object),
                _ => return Err(error),
            },
        };
        Ok(Outcome::Done { uid: applied })
    }

    async fn apply_new(&self) -> Result<Option<String>, PlaneError> {
        let (planes, request) = (self.planes, self.request);
        let claim = &request.claim;
        if let Some(namespace) = &claim.namespace {
            let labels = BTreeMap::from([
                (labels::TENANT.to_owned(), request.tenant.to_string()),
                (labels::ENVIRONMENT.to_owned(), request.environment.to_string()),
            ]);
            // Portico creates the tenant's namespace: few people have the right to.
            planes
                .ensure_namespace(self.authority, &claim.plane, namespace, &labels)
                .await?;
        }
        let applied = planes
            .apply(
                self.authority,
                &claim.plane,
                &self.actor,
                &request.resource,
                &request.manifest,
                &Expect::Absent,
            )
            .await?;
        Ok(uid_of(&applied.object))
    }

    async fn change(&self) -> Result<Outcome, PlaneError> {
        let (planes, request) = (self.planes, self.request);
        let Some(uid) = meant(request) else {
            return Ok(unknown_object());
        };
        if let Ok(Some(object)) = self.existing().await
            && let Some(outcome) = self.of_other_portal(&object)
        {
            return Ok(outcome);
        }
        let expect = if request.take_over.is_empty() {
            Expect::Uid(uid.clone())
        } else {
            Expect::Taking {
                uid: uid.clone(),
                fields: request.take_over.clone(),
            }
        };
        let (plane, manifest) = (&request.claim.plane, &request.manifest);
        match planes
            .apply(
                self.authority,
                plane,
                &self.actor,
                &request.resource,
                manifest,
                &expect,
            )
            .await
        {
            Ok(applied) => Ok(Outcome::Done {
                uid: uid_of(&applied.object),
            }),
            Err(error) if error.is_retryable() => Err(error),
            // The API server checks field ownership before the uid. If the object is another one, report only that.
            Err(error) => match self.existing().await {
                Ok(Some(object)) if uid_of(&object).as_ref() == Some(&uid) => Err(error),
                Ok(_) => Err(PlaneError::Gone {
                    message: error.to_string(),
                }),
                Err(_) => Err(error),
            },
        }
    }

    async fn adopt(&self) -> Result<Outcome, PlaneError> {
        let (planes, request) = (self.planes, self.request);
        let Some(uid) = meant(request) else {
            return Ok(unknown_object());
        };
        let plane = &request.claim.plane;
        let catalog = planes.catalog();
        // The check of the permission found it a moment ago.
        let Some(offered) = catalog.get(&request.claim.offering) else {
            let plane = plane.to_string();
            return Ok(Outcome::Held(WaitingReason::NotPermitted {
                obstacle: Obstacle::NotRead { plane },
            }));
        };
        let projection = offered.projection(Some(plane));
        let asked = projection.user_fields(&request.manifest);
        let adopted = planes
            .adopt(
                self.authority,
                plane,
                &self.actor,
                &request.resource,
                &request.manifest,
                &uid,
                |live| projection.user_fields(live) == asked && self.of_other_portal(live).is_none(),
            )
            .await;
        match adopted {
            Ok(Adoption::Done { uid }) => Ok(Outcome::Done { uid }),
            Ok(Adoption::Changed) => Ok(Outcome::Failed(FailureReason::ChangedSince {
                kind: request.resource.kind.clone(),
                name: request.claim.name.to_string(),
            })),
            Err(PlaneError::NotFound { message, .. }) => Err(PlaneError::Gone { message }),
            Err(error) => Err(error),
        }
    }

    async fn delete(&self) -> Result<Outcome, PlaneError> {
        let (planes, request) = (self.planes, self.request);
        let Some(uid) = meant(request) else {
            return Ok(unknown_object());
        };
        let gone = Outcome::Done {
            uid: Some(uid.clone()),
        };
        let claim = &request.claim;
        match self.existing().await? {
            None => return Ok(gone),
            Some(object) if uid_of(&object).as_ref() != Some(&uid) => return Ok(gone),
            Some(object) if object.pointer("/metadata/deletionTimestamp").is_some() => {
                return Ok(being_deleted(planes, request));
            }
            Some(object) => {
                if let Some(outcome) = self.of_other_portal(&object) {
                    return Ok(outcome);
                }
            }
        }
        let namespace = claim.namespace.as_deref();
        let deleted = planes
            .delete(
                self.authority,
                &claim.plane,
                &self.actor,
                &request.resource,
                namespace,
                claim.name.as_str(),
                Some(&uid),
            )
            .await;
        match deleted {
            Ok(()) => {}
            // There is another object of that name: the one to delete is gone.
            Err(PlaneError::Gone { .. }) => return Ok(gone),
            Err(error) => return Err(error),
        }
        match self.existing().await {
            Ok(Some(object)) if uid_of(&object).as_ref() == Some(&uid) => Ok(being_deleted(planes, request)),
            Ok(_) => Ok(gone),
            // The delete was accepted; the next attempt checks whether it is complete.
            Err(_) => Ok(being_deleted(planes, request)),
        }
    }

    /// Holds the request if another Portico took the claim over since the permission was checked: what is watched may be
    /// late, and the API server cannot tell one from the other.
    fn of_other_portal(&self, object: &Value) -> Option<Outcome> {
        let manager = Manager::other_portal(object, self.planes.portal().as_deref())?;
        let obstacle = Obstacle::ManagedElsewhere { manager };
        Some(Outcome::Held(WaitingReason::NotPermitted { obstacle }))
    }

    async fn existing(&self) -> Result<Option<Value>, PlaneError> {
        let (planes, request) = (self.planes, self.request);
        let claim = &request.claim;
        let found = planes
            .get(
                &claim.plane,
                &self.actor,
                &request.resource,
                claim.namespace.as_deref(),
                claim.name.as_str(),
            )
            .await;
        match found {
            Ok(object) => Ok(Some(object)),
            Err(PlaneError::NotFound { .. }) => Ok(None),
            Err(error) => Err(error),
        }
    }
}

/// `metadata.uid` of the object to change or delete.
fn meant(request: &Request) -> Option<String> {
    request
        .uid
        .clone()
        .or_else(|| uid_of(request.previous.as_ref()?))
        .or_else(|| uid_of(&request.manifest))
}

fn uid_of(object: &Value) -> Option<String> {
    object
        .pointer("/metadata/uid")
        .and_then(Value::as_str)
        .map(str::to_owned)
}

fn is_ours(object: &Value, request: &Request) -> bool {
    let label = object
        .get("metadata")
        .and_then(|metadata| metadata.get("labels")?.get(labels::REQUEST)?.as_str());
    label == Some(request.id.to_string().as_str())
}

fn being_deleted(planes: &Planes, request: &Request) -> Outcome {
    let claim = &request.claim;
    let title = planes
        .status(&claim.plane)
        .and_then(|status| status.document.spec.title.clone())
        .unwrap_or_else(|| claim.plane.to_string());
    Outcome::UnderWay(WaitingReason::Deletion {
        plane: title,
        claim: claim.name.to_string(),
    })
}

fn unknown_object() -> Outcome {
    Outcome::Failed(FailureReason::UnknownObject)
}
