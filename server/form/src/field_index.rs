//! Maps parts of the object to the fields that show them.

use std::collections::HashMap;

/// The names of fields, by the JSON pointer of the value that they show.
#[derive(Debug, Default)]
pub(super) struct FieldIndex(HashMap<String, String>);

impl FieldIndex {
    /// Records that the field `name` shows the value at `pointer`.
    pub(super) fn insert(&mut self, pointer: &str, name: &str) {
        self.0
            .entry(pointer.to_owned())
            .or_insert_with(|| name.to_owned());
    }

    /// The field for `pointer` or for its nearest ancestor, and whether it is an exact match.
    pub(super) fn nearest(&self, pointer: &str) -> Option<(&str, bool)> {
        let mut at = pointer;
        loop {
            if let Some(name) = self.0.get(at) {
                return Some((name, at.len() == pointer.len()));
            }
            at = &at[..at.rfind('/')?];
        }
    }
}
