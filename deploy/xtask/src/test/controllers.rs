//! Components for `cargo xtask test --full`, besides the API server: Crossplane with a composition function from this
//! repository, the garbage collector, kro, and Flux. Each is built once from its Go module.

use anyhow::Result;

use super::api_server;
use super::components::{IfMissing, PendingComponent};
use super::go::{GoPrograms, stripped};

/// Finds them, or starts to build them in the background. They share Go's build cache.
///
/// # Errors
/// When a module's files cannot be read.
pub(crate) fn start(if_missing: IfMissing) -> Result<Vec<PendingComponent>> {
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
    [function, crossplane, collector, kro()]
        .into_iter()
        .chain(flux())
        .map(|programs| programs.start(if_missing))
        .collect()
}

fn kro() -> GoPrograms {
    GoPrograms {
        name: "kro",
        purpose: "composes by resource graphs on a real control plane",
        variable: "PORTICO_KRO",
        module: "tests/kro",
        version_of: Some("github.com/kubernetes-sigs/kro"),
        packages: &[("kro", "github.com/kubernetes-sigs/kro/cmd/controller")],
        folders: &[("github.com/kubernetes-sigs/kro", "helm/crds", "crds")],
        linker_flags: stripped,
    }
}

/// Two modules, because their replacements contradict each other.
fn flux() -> [GoPrograms; 2] {
    [
        GoPrograms {
            name: "Flux source-controller",
            purpose: "fetches manifests from a Git server",
            variable: "PORTICO_FLUX_SOURCE",
            module: "tests/flux-source-controller",
            version_of: Some("github.com/fluxcd/source-controller"),
            packages: &[("source-controller", "github.com/fluxcd/source-controller")],
            folders: &[("github.com/fluxcd/source-controller", "config/crd/bases", "crds")],
            linker_flags: stripped,
        },
        GoPrograms {
            name: "Flux kustomize-controller",
            purpose: "applies them, and undoes what others change",
            variable: "PORTICO_FLUX_KUSTOMIZE",
            module: "tests/flux-kustomize-controller",
            version_of: Some("github.com/fluxcd/kustomize-controller"),
            packages: &[("kustomize-controller", "github.com/fluxcd/kustomize-controller")],
            folders: &[(
                "github.com/fluxcd/kustomize-controller",
                "config/crd/bases",
                "crds",
            )],
            linker_flags: stripped,
        },
    ]
}
