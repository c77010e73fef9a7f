//! What an observer reads: an object, the events about one, or the names of the parts of one.

use portico_domain::documents::ResourceRef;

use crate::ops::PART_OF;
use crate::path::resource_path;

/// An object, events or names to read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Wanted {
    resource: ResourceRef,
    namespace: Option<String>,
    pub(super) target: Target,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Target {
    /// The object with this name.
    Object(String),
    /// The events about the object with this uid.
    EventsAbout(String),
    /// The names of the objects that this label selector selects.
    PartsOf(String),
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

    /// The parts of an `ApplySet`, by its id.
    pub(crate) fn parts_of(resource: &ResourceRef, namespace: Option<&str>, set: &str) -> Self {
        Self {
            resource: resource.clone(),
            namespace: namespace.filter(|_| resource.namespaced).map(str::to_owned),
            target: Target::PartsOf(part_selector(set)),
        }
    }

    /// How the watch of the collection identifies it. A selector has a slash, which no name has.
    pub(super) fn name(&self) -> &str {
        match &self.target {
            Target::Object(name) | Target::EventsAbout(name) | Target::PartsOf(name) => name,
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

    pub(super) fn collection(&self) -> String {
        resource_path(&self.resource, self.namespace(), None)
    }

    /// True if it cannot exist: a namespaced object without a namespace.
    pub(super) fn is_impossible(&self) -> bool {
        self.resource.namespaced && self.namespace.is_none()
    }

    /// True if its contents must not be read. The tree shows only its metadata.
    pub(super) fn metadata_only(&self) -> bool {
        self.resource.group.is_empty() && matches!(self.resource.plural.as_str(), "secrets" | "configmaps")
    }
}

/// The label selector of the parts of an `ApplySet`.
pub(super) fn part_selector(set: &str) -> String {
    format!("{PART_OF}={set}")
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
