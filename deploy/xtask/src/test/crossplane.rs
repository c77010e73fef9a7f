//! Components for `cargo xtask test --full`, besides the API server: Crossplane, a composition function from this
//! repository, and the garbage collector. Each is built once from its Go module.

use anyhow::Result;

use super::api_server;
use super::components::PendingComponent;
use super::go::{GoPrograms, stripped};

/// Finds them, or starts to build them in the background. They share Go's build cache.
///
/// # Errors
/// When a module's files cannot be read.
pub(crate) fn start() -> Result<Vec<PendingComponent>> {
    let collector = GoPrograms {
        name: "kube-controller-manager",
        purpose: "deletes the dependents of deleted objects",
        variable: "PORTICO_CONTROLLER_MANAGER",
        module: "tests/kube-controller-manager",
        version_of: Some("k8s.io/kubernetes"),
        packages: &[(
            "kube-controller-manager",
            "k8s.io/kubernetes/cmd/kube-controller-manager",
        )],
        folders: &[],
        linker_flags: api_server::linker_flags,
    };
    let crossplane = GoPrograms {
        name: "Crossplane",
        purpose: "composes on a real control plane",
        variable: "PORTICO_CROSSPLANE",
        module: "tests/crossplane",
        version_of: Some("github.com/crossplane/crossplane/v2"),
        packages: &[
            (
                "crossplane-core",
                "github.com/crossplane/crossplane/v2/cmd/crossplane",
            ),
            ("crossplane", "github.com/crossplane/crossplane/v2/cmd/crank"),
        ],
        folders: &[("github.com/crossplane/crossplane/v2", "cluster/crds", "crds")],
        linker_flags: |version| {
            format!("-s -w -X github.com/crossplane/crossplane/v2/internal/version.version={version}")
        },
    };
    let function = GoPrograms {
        name: "composition function",
        purpose: "tells Crossplane what to compose, and fails on request",
        variable: "PORTICO_FUNCTION",
        module: "tests/function",
        version_of: None,
        packages: &[("function", "portico.dev/tests/function")],
        folders: &[],
        linker_flags: stripped,
    };
    [function, crossplane, collector]
        .into_iter()
        .map(GoPrograms::start)
        .collect()
}
