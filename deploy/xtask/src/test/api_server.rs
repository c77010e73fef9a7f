//! The real API server, against which Portico and the simulator are compared: `kube-apiserver`, built from its Go
//! module at the version that `tests/kube-apiserver/go.mod` pins. It is built once and kept outside the target folder.
//! A folder in `KUBEBUILDER_ASSETS` takes precedence.

use anyhow::Result;

use super::components::{IfMissing, PendingComponent};
use super::go::GoPrograms;

/// Finds the API server, or starts to build it in the background.
///
/// # Errors
/// When its module's files cannot be read.
pub(crate) fn start() -> Result<PendingComponent> {
    GoPrograms {
        name: "kube-apiserver",
        purpose: "a real control plane; the reference for schema validation",
        // envtest uses this variable too.
        variable: "KUBEBUILDER_ASSETS",
        module: "tests/kube-apiserver",
        version_of: Some("k8s.io/kubernetes"),
        packages: &[("kube-apiserver", "k8s.io/kubernetes/cmd/kube-apiserver")],
        folders: &[],
        linker_flags,
    }
    .start(IfMissing::Build)
}

/// Linker flags that strip debug information and set the version that the program reports.
pub(crate) fn linker_flags(version: &str) -> String {
    let mut numbers = version.trim_start_matches('v').split('.');
    let (major, minor) = (
        numbers.next().unwrap_or_default(),
        numbers.next().unwrap_or_default(),
    );
    let package = "k8s.io/component-base/version";
    format!(
        "-s -w -X {package}.gitVersion={version} -X {package}.gitMajor={major} -X {package}.gitMinor={minor}"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn linker_flags_contain_the_version() {
        assert!(linker_flags("v1.2.3").ends_with("gitMajor=1 -X k8s.io/component-base/version.gitMinor=2"));
    }
}
