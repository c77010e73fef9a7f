//! The real API server, which judges Portico and the simulator: `kube-apiserver`, built from its Go module at the
//! release that `tests/kube-apiserver/go.mod` pins. It is built once and kept outside the target folder; a folder in
//! `KUBEBUILDER_ASSETS` takes precedence.

use anyhow::Result;

use super::go::Programs;
use super::parts::Underway;

/// Finds it, or begins to build it beside whatever is done next.
///
/// # Errors
/// When its module's files cannot be read.
pub(crate) fn begin() -> Result<Underway> {
    Programs {
        name: "kube-apiserver",
        what_for: "a real control plane, and the judge of what we say of schemas",
        // envtest's.
        variable: "KUBEBUILDER_ASSETS",
        module: "tests/kube-apiserver",
        release_of: Some("k8s.io/kubernetes"),
        packages: &[("kube-apiserver", "k8s.io/kubernetes/cmd/kube-apiserver")],
        folders: &[],
        flags,
    }
    .begin()
}

/// Small, and able to say which release it is.
pub(crate) fn flags(version: &str) -> String {
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
    fn the_linker_is_told_the_release() {
        assert!(flags("v1.2.3").ends_with("gitMajor=1 -X k8s.io/component-base/version.gitMinor=2"));
    }
}
