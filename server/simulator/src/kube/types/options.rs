//! Options of writes and deletions.

use jiff::Timestamp;

/// The parameter `fieldValidation`: how unknown and duplicate fields are handled.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum FieldValidation {
    /// Drop them silently.
    Ignore,
    /// Drop them with a warning: the default in Kubernetes.
    #[default]
    Warn,
    /// Reject the request.
    Strict,
}

/// The part of an object that a request writes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum Subresource {
    /// The object except its status.
    #[default]
    None,
    /// The status.
    Status,
    /// `spec.finalizers` of a namespace.
    Finalize,
}

/// Options of a write.
#[derive(Debug, Clone)]
pub(crate) struct WriteOptions {
    /// Validate and answer, but store nothing.
    pub(crate) dry_run: bool,
    /// The field manager.
    pub(crate) manager: String,
    /// How to handle unknown fields.
    pub(crate) validation: FieldValidation,
    /// Whether apply takes over fields with conflicts.
    pub(crate) force: bool,
    /// The part to write.
    pub(crate) subresource: Subresource,
    /// The time of the write.
    pub(crate) now: Timestamp,
}

impl WriteOptions {
    /// Default options at the current time.
    #[must_use]
    pub(crate) fn now() -> Self {
        Self {
            dry_run: false,
            manager: "unknown".into(),
            validation: FieldValidation::default(),
            force: false,
            subresource: Subresource::None,
            now: Timestamp::now(),
        }
    }
}

/// What happens to the dependents of a deleted object.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum Propagation {
    /// They are deleted after it.
    #[default]
    Background,
    /// They are deleted before it.
    Foreground,
    /// They stay, without the owner reference.
    Orphan,
}

/// Options of a deletion.
#[derive(Debug, Clone, Default)]
pub(crate) struct DeleteOptions {
    /// Validate and answer, but delete nothing.
    pub(crate) dry_run: bool,
    /// The uid that the object must have.
    pub(crate) uid: Option<String>,
    /// The `resourceVersion` that the object must have.
    pub(crate) resource_version: Option<String>,
    /// What happens to dependents.
    pub(crate) propagation: Propagation,
}
