//! The position of a field in the form and in the object.

use kube_schema::path::push_token;

use crate::FieldLock;

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
    pub(super) lock: Option<Lock>,
}

/// Why a field cannot be edited.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Lock {
    /// The plan with this title sets it.
    Plan(String),
    /// A rule of the schema forbids to change it after creation.
    Immutable,
}

impl Lock {
    /// What locks the field.
    pub(super) fn kind(&self) -> FieldLock {
        match self {
            Self::Plan(_) => FieldLock::Plan,
            Self::Immutable => FieldLock::Immutable,
        }
    }

    /// The reason as text.
    pub(super) fn words(&self) -> String {
        match self {
            Self::Plan(title) => format!("Set by the plan {title}"),
            Self::Immutable => "Cannot be changed after creation".to_owned(),
        }
    }
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
