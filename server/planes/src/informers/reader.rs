//! Reads composed resources, events and secrets: from the control plane, or from what informers cached.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Instant;

use parking_lot::Mutex;
use portico_domain::documents::ActAs;
use serde_json::{Value, json};
use tokio::sync::Notify;

use super::objects::{Known, MAX_POLL_INTERVAL};
use super::prune::prune;
use super::store::{InformerKey, Informers, ObserverId};
use super::wanted::{Target, Wanted};
use crate::actor::Actor;
use crate::claim_events::claim_events;
use crate::client::{ApiClient, Call};
use crate::error::PlaneError;
use crate::object::expect_object;
use crate::path::{escape_segment, resource_path};
use crate::plane::Plane;
use crate::stream::{METADATA, METADATA_LIST};

/// Names in a list that are taken at most.
const MAX_PARTS: usize = 200;

impl Wanted {
    /// Reads it from the control plane, pruned.
    async fn read(&self, client: &ApiClient, actor: &Actor) -> Result<Value, PlaneError> {
        let path = match &self.target {
            Target::Object(name) => resource_path(self.resource(), self.namespace(), Some(name)),
            Target::EventsAbout(uid) => {
                let selector = escape_segment(&format!("involvedObject.uid={uid}"));
                format!("{}?fieldSelector={selector}&limit=500", self.collection())
            }
            Target::PartsOf(selector) => {
                let selector = escape_segment(selector);
                format!("{}?labelSelector={selector}&limit={MAX_PARTS}", self.collection())
            }
        };
        let mut call = Call::get(path).acting_as(actor);
        if matches!(self.target, Target::PartsOf(_)) {
            call = call.accept(METADATA_LIST);
        } else if self.metadata_only() {
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
            Target::PartsOf(_) => Ok(names_in(&answer)),
        }
    }
}

/// The names in a list, as a JSON array.
fn names_in(list: &Value) -> Value {
    let items = list.get("items").and_then(Value::as_array);
    let names = items
        .into_iter()
        .flatten()
        .filter_map(|item| item.pointer("/metadata/name"));
    names.take(MAX_PARTS).cloned().collect()
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
                let known = informers.current(&InformerKey::new(None, wanted), wanted.name());
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
        let key = InformerKey::new(self.actor.as_ref(), wanted);
        informers.register(&key, wanted, self.id, &self.wake);
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
