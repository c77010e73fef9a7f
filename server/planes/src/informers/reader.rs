//! Reads composed resources, events and secrets: from the control plane, or from what informers cached.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Instant;

use parking_lot::Mutex;
use portico_domain::documents::{ActAs, ResourceRef};
use serde_json::{Value, json};
use tokio::sync::Notify;

use super::objects::{Known, LONGEST_POLL};
use super::prune::prune;
use super::{InformerKey, Informers, ObserverId};
use crate::act::{claim_events, that_object};
use crate::actor::Actor;
use crate::error::PlaneError;
use crate::plane::Plane;
use crate::stream::METADATA;
use crate::wire::{Call, Wire, path_of, segment};

/// An object or the events to read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Wanted {
    resource: ResourceRef,
    namespace: Option<String>,
    what: What,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum What {
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
            what: What::Object(name.to_owned()),
        }
    }

    pub(crate) fn secret(namespace: &str, name: &str) -> Self {
        Self::object(&core("Secret", "secrets"), Some(namespace), name)
    }

    pub(crate) fn events_about(namespace: &str, uid: &str) -> Self {
        Self {
            resource: core("Event", "events"),
            namespace: Some(namespace.to_owned()),
            what: What::EventsAbout(uid.to_owned()),
        }
    }

    /// How the watch of the collection identifies it.
    pub(super) fn name(&self) -> &str {
        match &self.what {
            What::Object(name) | What::EventsAbout(name) => name,
        }
    }

    pub(super) fn resource(&self) -> &ResourceRef {
        &self.resource
    }

    pub(super) fn namespace(&self) -> Option<&str> {
        self.namespace.as_deref()
    }

    pub(super) fn is_about(&self) -> bool {
        matches!(self.what, What::EventsAbout(_))
    }

    fn collection(&self) -> String {
        path_of(&self.resource, self.namespace(), None)
    }

    fn key(&self, actor: Option<&Actor>) -> InformerKey {
        InformerKey {
            actor: actor.cloned(),
            path: self.collection(),
            by_subject: self.is_about(),
        }
    }

    /// True if it cannot exist: a namespaced object without a namespace.
    fn is_nowhere(&self) -> bool {
        self.resource.namespaced && self.namespace.is_none()
    }

    /// True if its contents must not be read. The tree shows only its metadata.
    fn metadata_only(&self) -> bool {
        self.resource.group.is_empty() && matches!(self.resource.plural.as_str(), "secrets" | "configmaps")
    }

    /// Reads it from the control plane, pruned.
    async fn read(&self, wire: &Wire, actor: &Actor) -> Result<Value, PlaneError> {
        let path = match &self.what {
            What::Object(name) => path_of(&self.resource, self.namespace(), Some(name)),
            What::EventsAbout(uid) => {
                let selector = segment(&format!("involvedObject.uid={uid}"));
                format!("{}?fieldSelector={selector}&limit=500", self.collection())
            }
        };
        let mut call = Call::get(path).by(actor);
        if self.metadata_only() {
            call = call.accepting(METADATA);
        }
        let (_, answer) = wire.ask(call).await?;
        match &self.what {
            What::Object(name) => {
                that_object(wire, &answer, name)?;
                Ok(prune(answer))
            }
            What::EventsAbout(uid) => {
                let events = claim_events(&answer, uid);
                events
                    .map(|events| json!(events))
                    .ok_or_else(|| wire.garbage("a list came without items"))
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
        match plane.document.load().spec.act_as {
            ActAs::Portico => Self::Shared(&plane.informers),
            ActAs::Person(_) => Self::Direct,
        }
    }

    pub(crate) async fn read(
        &self,
        wire: &Wire,
        actor: &Actor,
        wanted: &Wanted,
    ) -> Result<Value, PlaneError> {
        match self {
            Self::Shared(informers) => {
                let known = informers.current(&wanted.key(None), wanted.name());
                match known {
                    Some(known) => known,
                    None => wanted.read(wire, actor).await,
                }
            }
            Self::Observing(observing) if !wanted.is_nowhere() => observing.read(wire, actor, wanted).await,
            Self::Direct | Self::Observing(_) => wanted.read(wire, actor).await,
        }
    }

    /// A referenced kind is not served. No watch reports when it is, so poll.
    pub(crate) fn is_missing(&self) {
        if let Self::Observing(observing) = self {
            observing.look_again_at(Instant::now() + LONGEST_POLL);
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
    looked: Mutex<Looked>,
}

/// The bookkeeping of a read.
#[derive(Debug, Default)]
pub(super) struct Looked {
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
            looked: Mutex::default(),
        }
    }

    pub(super) fn into_looked(self) -> Looked {
        self.looked.into_inner()
    }

    fn look_again_at(&self, due: Instant) {
        let mut looked = self.looked.lock();
        looked.again_at = Some(looked.again_at.map_or(due, |at| at.min(due)));
    }

    async fn read(&self, wire: &Wire, actor: &Actor, wanted: &Wanted) -> Result<Value, PlaneError> {
        let informers = &self.plane.informers;
        let key = wanted.key(self.actor.as_ref());
        informers.want(&key, wanted, self.id, &self.wake);
        self.looked
            .lock()
            .used
            .insert((key.clone(), wanted.name().to_owned()));
        informers.settled(&key).await;
        let ticket = match informers.known(&key, wanted.name(), self.urgently) {
            Known::Current(known) => return known,
            Known::Older(known, due) => {
                self.look_again_at(due);
                return known;
            }
            Known::Unknown(ticket) => ticket,
        };
        let read = wanted.read(wire, actor).await;
        if let Some(due) = informers.store(&key, wanted.name(), ticket, &read) {
            self.look_again_at(due);
        }
        read
    }
}
