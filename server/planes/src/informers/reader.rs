//! Reads composed resources, events and secrets: from the control plane, or from what informers cached.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Instant;

use parking_lot::Mutex;
use portico_domain::documents::{ActAs, ResourceRef};
use serde_json::{Value, json};
use tokio::sync::Notify;

use super::objects::{Known, MAX_POLL_INTERVAL};
use super::prune::prune;
use super::{InformerKey, Informers, ObserverId};
use crate::actor::Actor;
use crate::client::{ApiClient, Call};
use crate::error::PlaneError;
use crate::ops::{claim_events, expect_object};
use crate::path::{escape_segment, resource_path};
use crate::plane::Plane;
use crate::stream::METADATA;

/// An object or the events to read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Wanted {
    resource: ResourceRef,
    namespace: Option<String>,
    target: Target,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Target {
    /// The object with this name.
    Object(String),
    /// The events about the object with this uid.
    EventsAbout(String),
}

impl Wanted {
    pub(crate) fn object(resource: &ResourceRef, namespace: Option<&str>, name: &str) -> Self {
        Self {
            resource: resource.clone(),
            namespace: namespace.filter(|_| resource.namespaced).map(str::to_owned),
            target: Target::Object(name.to_owned()),
        }
    }

    pub(crate) fn secret(namespace: &str, name: &str) -> Self {
        Self::object(&core("Secret", "secrets"), Some(namespace), name)
    }

    pub(crate) fn events_about(namespace: &str, uid: &str) -> Self {
        Self {
            resource: core("Event", "events"),
            namespace: Some(namespace.to_owned()),
            target: Target::EventsAbout(uid.to_owned()),
        }
    }

    /// How the watch of the collection identifies it.
    pub(super) fn name(&self) -> &str {
        match &self.target {
            Target::Object(name) | Target::EventsAbout(name) => name,
        }
    }

    pub(super) fn resource(&self) -> &ResourceRef {
        &self.resource
    }

    pub(super) fn namespace(&self) -> Option<&str> {
        self.namespace.as_deref()
    }

    pub(super) fn is_about(&self) -> bool {
        matches!(self.target, Target::EventsAbout(_))
    }

    fn collection(&self) -> String {
        resource_path(&self.resource, self.namespace(), None)
    }

    fn key(&self, actor: Option<&Actor>) -> InformerKey {
        InformerKey {
            actor: actor.cloned(),
            path: self.collection(),
            by_subject: self.is_about(),
        }
    }

    /// True if it cannot exist: a namespaced object without a namespace.
    fn is_impossible(&self) -> bool {
        self.resource.namespaced && self.namespace.is_none()
    }

    /// True if its contents must not be read. The tree shows only its metadata.
    fn metadata_only(&self) -> bool {
        self.resource.group.is_empty() && matches!(self.resource.plural.as_str(), "secrets" | "configmaps")
    }

    /// Reads it from the control plane, pruned.
    async fn read(&self, client: &ApiClient, actor: &Actor) -> Result<Value, PlaneError> {
        let path = match &self.target {
            Target::Object(name) => resource_path(&self.resource, self.namespace(), Some(name)),
            Target::EventsAbout(uid) => {
                let selector = escape_segment(&format!("involvedObject.uid={uid}"));
                format!("{}?fieldSelector={selector}&limit=500", self.collection())
            }
        };
        let mut call = Call::get(path).acting_as(actor);
        if self.metadata_only() {
            call = call.accept(METADATA);
        }
        let (_, answer) = client.request_json(call).await?;
        match &self.target {
            Target::Object(name) => {
                expect_object(client, &answer, name)?;
                Ok(prune(answer))
            }
            Target::EventsAbout(uid) => {
                let events = claim_events(&answer, uid);
                events
                    .map(|events| json!(events))
                    .ok_or_else(|| client.invalid_response("a list has no items"))
            }
        }
    }
}

fn core(kind: &str, plural: &str) -> ResourceRef {
    ResourceRef {
        group: String::new(),
        version: "v1".to_owned(),
        kind: kind.to_owned(),
        plural: plural.to_owned(),
        namespaced: true,
    }
}

/// Where to read from.
pub(crate) enum Reader<'p> {
    /// From the control plane, now. Used for pages if Portico acts as the person, so that the person's rights are
    /// checked now.
    Direct,
    /// From what informers cached as Portico, if current; else directly.
    Shared(&'p Informers),
    /// For an observer, which is woken on changes.
    Observing(Box<Observing>),
}

impl<'p> Reader<'p> {
    /// How a page reads on that control plane.
    pub(crate) fn for_page(plane: &'p Plane) -> Self {
        match plane.offer.document.load().spec.act_as {
            ActAs::Portico => Self::Shared(&plane.informers),
            ActAs::Person(_) => Self::Direct,
        }
    }

    pub(crate) async fn read(
        &self,
        client: &ApiClient,
        actor: &Actor,
        wanted: &Wanted,
    ) -> Result<Value, PlaneError> {
        match self {
            Self::Shared(informers) => {
                let known = informers.current(&wanted.key(None), wanted.name());
                match known {
                    Some(known) => known,
                    None => wanted.read(client, actor).await,
                }
            }
            Self::Observing(observing) if !wanted.is_impossible() => {
                observing.read(client, actor, wanted).await
            }
            Self::Direct | Self::Observing(_) => wanted.read(client, actor).await,
        }
    }

    /// A referenced kind is not served. No watch reports when it is, so poll.
    pub(crate) fn note_missing_kind(&self) {
        if let Self::Observing(observing) = self {
            observing.read_again_at(Instant::now() + MAX_POLL_INTERVAL);
        }
    }
}

/// One read of an observer.
pub(crate) struct Observing {
    plane: Arc<Plane>,
    /// The actor; `None`: Portico.
    actor: Option<Actor>,
    id: ObserverId,
    wake: Arc<Notify>,
    /// A change is likely.
    urgently: bool,
    log: Mutex<ReadLog>,
}

/// The bookkeeping of a read.
#[derive(Debug, Default)]
pub(super) struct ReadLog {
    pub(super) used: HashSet<(InformerKey, String)>,
    /// When to read again, even if no watch reports a change.
    pub(super) again_at: Option<Instant>,
}

impl Observing {
    pub(super) fn new(
        plane: Arc<Plane>,
        actor: Option<Actor>,
        id: ObserverId,
        wake: Arc<Notify>,
        urgently: bool,
    ) -> Self {
        Self {
            plane,
            actor,
            id,
            wake,
            urgently,
            log: Mutex::default(),
        }
    }

    pub(super) fn into_log(self) -> ReadLog {
        self.log.into_inner()
    }

    fn read_again_at(&self, due: Instant) {
        let mut log = self.log.lock();
        log.again_at = Some(log.again_at.map_or(due, |at| at.min(due)));
    }

    async fn read(&self, client: &ApiClient, actor: &Actor, wanted: &Wanted) -> Result<Value, PlaneError> {
        let informers = &self.plane.informers;
        let key = wanted.key(self.actor.as_ref());
        informers.want(&key, wanted, self.id, &self.wake);
        self.log
            .lock()
            .used
            .insert((key.clone(), wanted.name().to_owned()));
        informers.wait_until_open(&key).await;
        let ticket = match informers.known(&key, wanted.name(), self.urgently) {
            Known::Current(known) => return known,
            Known::Older(known, due) => {
                self.read_again_at(due);
                return known;
            }
            Known::Unknown(ticket) => ticket,
        };
        let read = wanted.read(client, actor).await;
        if let Some(due) = informers.store(&key, wanted.name(), ticket, &read) {
            self.read_again_at(due);
        }
        read
    }
}
