//! Checks what offerings say of claims that are control planes.

use std::path::Path;

use portico_app::definitions_in;
use portico_domain::documents::{ClaimedControlPlane, ControlPlaneKind, Offering};

use super::super::finding::Findings;
use super::kcp;
use super::labels::labels;

pub(super) fn claimed_control_plane(at: usize, offering: &Offering, findings: &mut Findings) {
    let Some(declared) = &offering.spec.control_plane else {
        return;
    };
    labels(at, "spec.controlPlane.labels", &declared.labels, findings);
    kcp::offering(at, declared, findings);
    if declared.kind != ControlPlaneKind::KcpWorkspace {
        hosts(at, declared, findings);
    }
    for (index, file) in declared.definitions.iter().enumerate() {
        // Only a warning, as for kubeconfigs: the file may be right where the portal runs.
        if let Err(problem) = definitions_in(Path::new(file)) {
            findings.warning(at, format!("spec.controlPlane.definitions[{index}]"), problem);
        }
    }
}

fn hosts(at: usize, declared: &ClaimedControlPlane, findings: &mut Findings) {
    for (index, host) in declared.hosts.iter().enumerate() {
        let name = host.strip_prefix("*.").unwrap_or(host);
        let is_name = !name.is_empty() && !name.contains(['*', '/', '@', ' ']) && !name.contains("://");
        if !is_name {
            findings.error(
                at,
                format!("spec.controlPlane.hosts[{index}]"),
                format!(
                    "{host:?} is no host: write a name, or *.clusters.example.com for all names below one"
                ),
            );
        }
    }
    if declared.hosts.is_empty() {
        findings.warning(
            at,
            "spec.controlPlane.hosts",
            "is empty: Portico connects to whatever host the kubeconfig of a claim names, and who may write that Secret \
             decides where; name the hosts that clusters have",
        );
    }
}
