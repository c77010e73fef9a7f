//! The position of a field in the form and in the object.

use kube_schema::path::push_token;

/// The position of a field in the form and in the object.
#[derive(Debug, Clone)]
pub(super) struct FieldPath {
    /// The name of its input.
    pub(super) name: String,
    /// The JSON pointer of its value. Differs from the name within maps.
    pub(super) pointer: String,
    /// The path as in hints and plans: `spec.users[].name`.
    pub(super) path: String,
    /// How many objects, lists and maps below `spec` contain it.
    pub(super) depth: usize,
    /// Why everything at this position is locked.
    pub(super) locked_by: Option<String>,
}

impl FieldPath {
    pub(super) fn property(&self, name: &str) -> Self {
        let mut below = self.below();
        push_token(&mut below.name, name);
        push_token(&mut below.pointer, name);
        below.path = format!("{}.{name}", self.path);
        below
    }

    pub(super) fn item(&self, index: usize) -> Self {
        let mut below = self.below();
        below.name = format!("{}/{index}", self.name);
        below.pointer = format!("{}/{index}", self.pointer);
        below.path.push_str("[]");
        below
    }

    pub(super) fn entry(&self, index: usize, key: &str) -> Self {
        let mut below = self.below();
        below.name = format!("{}/@{index}/value", self.name);
        push_token(&mut below.pointer, key);
        below.path.push_str("[]");
        below
    }

    /// The value of an invalid map row.
    pub(super) fn invalid_entry(&self, index: usize) -> Self {
        let mut below = self.entry(index, "");
        below.pointer = format!("{}/@{index}/value", self.pointer);
        below
    }

    fn below(&self) -> Self {
        Self {
            depth: self.depth + 1,
            ..self.clone()
        }
    }
}
