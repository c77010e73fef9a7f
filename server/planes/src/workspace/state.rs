//! What is known of a workspace.

use std::sync::Arc;

use parking_lot::Mutex;
use portico_domain::documents::{ExportPermission, ExportReference};
use tokio::sync::Notify;

/// An export in a workspace, for administrators.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExportStatus {
    /// The export.
    pub export: ExportReference,
    /// Whether it is bound.
    pub state: ExportState,
    /// How its resources are watched.
    pub watch: ExportWatch,
    /// What it asks for in the workspace, where Portico binds it.
    pub permissions: Vec<ExportPermission>,
}

/// Whether an export is bound in a workspace.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ExportState {
    /// Its bindings have not been read.
    Unknown,
    /// No binding names it. Holds why Portico could not bind it, if it should and could not.
    Unbound(Option<String>),
    /// kcp has not bound it yet. Holds why, if kcp says so.
    Binding(Option<String>),
    /// Its kinds are served.
    Bound,
}

/// How the resources of an export are watched.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ExportWatch {
    /// Once for all workspaces.
    Shared,
    /// Once for all workspaces, and its endpoint does not answer: what is known of this one may be old. Holds why.
    Interrupted(String),
    /// In each workspace. Holds why.
    Each(String),
}

/// What is known of the workspace that a control plane is.
#[derive(Debug, Default)]
pub(crate) struct WorkspaceState {
    cluster: Mutex<Option<Arc<str>>>,
    problem: Mutex<Option<String>>,
    exports: Mutex<Vec<ExportStatus>>,
    /// Wakes whoever looks for bindings.
    pub(crate) look_now: Notify,
}

impl WorkspaceState {
    /// The logical cluster that answered last: the identity of the control plane, since another workspace at the same path
    /// has another.
    pub(crate) fn logical_cluster(&self) -> Option<Arc<str>> {
        self.cluster.lock().clone()
    }

    /// Why the workspace cannot be used.
    pub(crate) fn problem(&self) -> Option<String> {
        self.problem.lock().clone()
    }

    pub(super) fn set_logical_cluster(&self, name: Arc<str>) {
        *self.cluster.lock() = Some(name);
        *self.problem.lock() = None;
    }

    /// Returns true if that is new.
    pub(super) fn set_problem(&self, problem: String) -> bool {
        self.problem.lock().replace(problem.clone()) != Some(problem)
    }

    /// The exports, in the document's order.
    pub(crate) fn exports(&self) -> Vec<ExportStatus> {
        self.exports.lock().clone()
    }

    /// Keeps these exports and no others.
    pub(super) fn set_exports(&self, exports: &[ExportReference]) {
        let mut known = self.exports.lock();
        let kept = std::mem::take(&mut *known);
        *known = exports
            .iter()
            .map(|export| {
                let status = kept.iter().find(|status| status.export == *export);
                status.cloned().unwrap_or_else(|| ExportStatus {
                    export: export.clone(),
                    state: ExportState::Unknown,
                    watch: ExportWatch::Shared,
                    permissions: Vec::new(),
                })
            })
            .collect();
    }

    /// Changes what is known of an export. Returns true if something changed.
    pub(crate) fn update_export(
        &self,
        export: &ExportReference,
        change: impl FnOnce(&mut ExportStatus),
    ) -> bool {
        let mut exports = self.exports.lock();
        let Some(status) = exports.iter_mut().find(|status| status.export == *export) else {
            return false;
        };
        let before = status.clone();
        change(status);
        *status != before
    }
}
