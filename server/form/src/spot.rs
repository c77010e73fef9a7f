//! Where a field of a form stands.

use kube_schema::path::push_token;

/// Where a field stands.
#[derive(Debug, Clone)]
pub(super) struct Spot {
    /// The name of its input.
    pub(super) name: String,
    /// What it shows, as a JSON pointer; differs from the name within maps.
    pub(super) pointer: String,
    /// The same as a path of hints and plans: `spec.users[].name`.
    pub(super) path: String,
    /// How many objects, lists and maps stand around it below `spec`.
    pub(super) depth: usize,
    /// Why all here is locked.
    pub(super) locked_by: Option<String>,
}

impl Spot {
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

    /// The value of a row that the object cannot hold.
    pub(super) fn entry_aside(&self, index: usize) -> Self {
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
