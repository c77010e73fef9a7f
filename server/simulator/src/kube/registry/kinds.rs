//! The kinds that a control plane serves: built-in ones and those that definitions add.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::kube::types::kind::{GroupKind, Kind};

/// All kinds of a control plane.
#[derive(Debug, Clone, Default)]
pub(crate) struct Kinds {
    by_resource: BTreeMap<(String, String), Arc<Kind>>,
    by_kind: BTreeMap<GroupKind, (String, String)>,
}

impl Kinds {
    /// Adds or replaces a kind.
    pub(crate) fn insert(&mut self, kind: Kind) {
        let resource = (kind.group.clone(), kind.plural.clone());
        self.by_kind.insert(kind.group_kind(), resource.clone());
        self.by_resource.insert(resource, Arc::new(kind));
    }

    /// Removes a kind.
    pub(crate) fn remove(&mut self, group: &str, plural: &str) -> Option<Arc<Kind>> {
        let kind = self.by_resource.remove(&(group.to_owned(), plural.to_owned()))?;
        self.by_kind.remove(&kind.group_kind());
        Some(kind)
    }

    /// Looks a kind up by group and plural, as in URLs.
    pub(crate) fn resource(&self, group: &str, plural: &str) -> Option<Arc<Kind>> {
        self.by_resource
            .get(&(group.to_owned(), plural.to_owned()))
            .cloned()
    }

    /// Looks a kind up by group and kind, as in objects.
    pub(crate) fn of(&self, wanted: &GroupKind) -> Option<Arc<Kind>> {
        self.by_resource.get(self.by_kind.get(wanted)?).cloned()
    }

    /// All kinds, ordered by group, then plural.
    pub(crate) fn all(&self) -> impl Iterator<Item = &Arc<Kind>> {
        self.by_resource.values()
    }
}
