//! What `cargo xtask test --full` has beside the API server: Crossplane, a function of our own for it, and the garbage
//! collector, each built from its Go module once.

use anyhow::Result;

use super::api_server;
use super::go::{Programs, stripped};
use super::parts::Underway;

/// Finds them, or begins to build them, one after the other as Go's own cache has it.
///
/// # Errors
/// When a module's files cannot be read.
pub(crate) fn begin() -> Result<Vec<Underway>> {
    let collector = Programs {
        name: "kube-controller-manager",
        what_for: "collects what a deleted owner leaves behind",
        variable: "PORTICO_CONTROLLER_MANAGER",
        module: "tests/kube-controller-manager",
        release_of: Some("k8s.io/kubernetes"),
        packages: &[(
            "kube-controller-manager",
            "k8s.io/kubernetes/cmd/kube-controller-manager",
        )],
        folders: &[],
        flags: api_server::flags,
    };
    let crossplane = Programs {
        name: "Crossplane",
        what_for: "composes on a real control plane",
        variable: "PORTICO_CROSSPLANE",
        module: "tests/crossplane",
        release_of: Some("github.com/crossplane/crossplane/v2"),
        packages: &[
            (
                "crossplane-core",
                "github.com/crossplane/crossplane/v2/cmd/crossplane",
            ),
            ("crossplane", "github.com/crossplane/crossplane/v2/cmd/crank"),
        ],
        folders: &[("github.com/crossplane/crossplane/v2", "cluster/crds", "crds")],
        flags: |release| {
            format!("-s -w -X github.com/crossplane/crossplane/v2/internal/version.version={release}")
        },
    };
    let function = Programs {
        name: "composition function",
        what_for: "says what Crossplane composes, and fails when asked to",
        variable: "PORTICO_FUNCTION",
        module: "tests/function",
        release_of: None,
        packages: &[("function", "portico.dev/tests/function")],
        folders: &[],
        flags: stripped,
    };
    [function, crossplane, collector]
        .into_iter()
        .map(Programs::begin)
        .collect()
}
