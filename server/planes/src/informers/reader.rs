//! How what stands behind a claim is read: of the control plane itself, or of what informers keep.

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

/// Something to read behind a claim.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Wanted {
    resource: ResourceRef,
    namespace: Option<String>,
    what: What,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum What {
    /// The object of that name.
    Object(String),
    /// The events about the object with that uid.
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

    /// What the watch of the collection tells it by.
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

    /// Whether no control plane can have it: an object of a namespaced kind without a namespace.
    fn is_nowhere(&self) -> bool {
        self.resource.namespaced && self.namespace.is_none()
    }

    /// Whether its contents are nobody's business here. The tree shows no more of it than its metadata.
    fn metadata_only(&self) -> bool {
        self.resource.group.is_empty() && matches!(self.resource.plural.as_str(), "secrets" | "configmaps")
    }

    /// Reads it of the control plane, and keeps what is shown of it.
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

/// How what stands behind a claim is read.
pub(crate) enum Reader<'p> {
    /// Of the control plane, now. Where Portico acts as the person, a page is drawn from nothing else: their rights are
    /// judged at this moment.
    Direct,
    /// Of what informers keep in Portico's own name as long as their watches say that it is so now; else directly.
    Shared(&'p Informers),
    /// For an observer, who is woken when something changes.
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

    /// Something is not served that is referred to: nothing tells when it is.
    pub(crate) fn is_missing(&self) {
        if let Self::Observing(observing) = self {
            observing.look_again_at(Instant::now() + LONGEST_POLL);
        }
    }
}

/// One look of an observer.
pub(crate) struct Observing {
    plane: Arc<Plane>,
    /// In whose name; `None`: Portico's own.
    actor: Option<Actor>,
    id: ObserverId,
    wake: Arc<Notify>,
    /// Something has happened to the claim.
    urgently: bool,
    looked: Mutex<Looked>,
}

/// What came of a look.
#[derive(Debug, Default)]
pub(super) struct Looked {
    pub(super) used: HashSet<(InformerKey, String)>,
    /// When to look again, whether or not a watch tells of anything.
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
