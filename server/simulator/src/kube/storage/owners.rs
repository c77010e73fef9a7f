//! Index of objects by uid and by owner, for garbage collection.

use std::collections::{BTreeSet, HashMap};

use serde_json::Value;

use crate::kube::types::kind::GroupKind;
use crate::kube::types::object::{self, Key};

/// The index.
#[derive(Debug, Default)]
pub(crate) struct Owners {
    pub(crate) places: HashMap<String, (GroupKind, Key)>,
    pub(crate) owned: HashMap<String, BTreeSet<(GroupKind, Key)>>,
}

impl Owners {
    /// Updates the index after an object was added, changed or removed.
    pub(crate) fn change(&mut self, before: Option<&Value>, after: Option<&Value>) {
        if let Some(before) = before {
            let place = place(before);
            self.places.remove(object::uid(before));
            for uid in owners(before) {
                if let Some(owned) = self.owned.get_mut(uid) {
                    owned.remove(&place);
                    if owned.is_empty() {
                        self.owned.remove(uid);
                    }
                }
            }
        }
        if let Some(after) = after {
            let place = place(after);
            for uid in owners(after) {
                self.owned
                    .entry(uid.to_owned())
                    .or_default()
                    .insert(place.clone());
            }
            self.places.insert(object::uid(after).to_owned(), place);
        }
    }
}

fn place(object: &Value) -> (GroupKind, Key) {
    (GroupKind::of(object), Key::of(object))
}

fn owners(object: &Value) -> impl Iterator<Item = &str> {
    let owners = object["metadata"]["ownerReferences"].as_array();
    owners
        .into_iter()
        .flatten()
        .filter_map(|owner| owner["uid"].as_str())
}
