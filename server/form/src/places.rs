//! Which field of a form shows which part of the object.

use std::collections::HashMap;

/// Fields by the JSON pointer of what they show.
#[derive(Debug, Default)]
pub(super) struct Places(HashMap<String, String>);

impl Places {
    /// Notes that the field `name` shows what is at `pointer`.
    pub(super) fn note(&mut self, pointer: &str, name: &str) {
        self.0
            .entry(pointer.to_owned())
            .or_insert_with(|| name.to_owned());
    }

    /// The field that shows what is at `pointer`, or the nearest around it; and whether it is that itself.
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
