//! Which object has which uid, and which objects name it as their owner: garbage collection would
//! otherwise look through everything for every deletion.

use std::collections::{BTreeSet, HashMap};

use serde_json::Value;

use super::kinds::GroupKind;
use super::object::{self, Key};

/// The index.
#[derive(Debug, Default)]
pub(super) struct Owners {
    pub(super) places: HashMap<String, (GroupKind, Key)>,
    pub(super) owned: HashMap<String, BTreeSet<(GroupKind, Key)>>,
}

impl Owners {
    /// An object came, changed or went.
    pub(super) fn change(&mut self, before: Option<&Value>, after: Option<&Value>) {
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
