//! Checks what control planes and offerings say of kcp.

use std::collections::BTreeSet;

use portico_domain::documents::{
    ClaimedControlPlane, Connection, ControlPlane, ControlPlaneKind, PublishedExport, is_workspace_path,
};

use super::super::finding::Findings;

const PATH: &str = "names joined by `:`, such as root:tenants:payments, of lower-case letters, digits and -";

pub(super) fn control_plane(at: usize, plane: &ControlPlane, findings: &mut Findings) {
    let Some(kcp) = &plane.spec.kcp else { return };
    if let Some(path) = &kcp.workspace {
        workspace_path(at, "spec.kcp.workspace", path, findings);
    }
    match plane.spec.connection {
        Connection::Agent {} => findings.error(
            at,
            "spec.kcp",
            "cannot be together with an agent: name the workspace in the address of the agent's kubeconfig \
             (https://kcp.example.com/clusters/root:tenants:payments)",
        ),
        Connection::InCluster {} => findings.error(
            at,
            "spec.kcp",
            "cannot be together with inCluster: that is the cluster that Portico runs in, and no kcp; use a kubeconfig",
        ),
        Connection::Kubeconfig { .. } | Connection::Secret { .. } | Connection::Claim(_) => {}
    }
    let mut seen = BTreeSet::new();
    for (index, export) in kcp.exports.iter().enumerate() {
        let field = format!("spec.kcp.exports[{index}]");
        workspace_path(at, &format!("{field}.path"), &export.path, findings);
        export_name(at, &format!("{field}.name"), &export.name, findings);
        if !seen.insert(export) {
            findings.error(at, field, format!("{} is named twice", export.full_name()));
        }
    }
}

pub(super) fn offering(at: usize, declared: &ClaimedControlPlane, findings: &mut Findings) {
    let field = "spec.controlPlane.exports";
    if declared.kind != ControlPlaneKind::KcpWorkspace && !declared.exports.is_empty() {
        let message = "needs spec.controlPlane.kind: kcpWorkspace, since only workspaces of kcp bind exports";
        findings.error(at, field, message);
    }
    if declared.kind == ControlPlaneKind::KcpWorkspace
        && !declared.exports.is_empty()
        && !declared.definitions.is_empty()
    {
        let message = "cannot be together with exports: a workspace with exports offers their kinds alone";
        findings.error(at, "spec.controlPlane.definitions", message);
    }
    let mut names = BTreeSet::new();
    for (index, export) in declared.exports.iter().enumerate() {
        let field = format!("{field}[{index}]");
        workspace_path(at, &format!("{field}.path"), &export.path, findings);
        export_name(at, &format!("{field}.name"), &export.name, findings);
        if !names.insert(&export.name) {
            let message = format!(
                "another export is named {:?}, too, and so would be its binding",
                export.name
            );
            findings.error(at, format!("{field}.name"), message);
        }
        accepted_claims(at, &field, export, findings);
    }
}

fn accepted_claims(at: usize, field: &str, export: &PublishedExport, findings: &mut Findings) {
    for (index, claim) in export.accept.iter().enumerate() {
        let field = format!("{field}.accept[{index}]");
        let is_name = |text: &str| {
            !text.is_empty()
                && text.bytes().all(|byte| {
                    byte.is_ascii_lowercase() || byte.is_ascii_digit() || matches!(byte, b'-' | b'.')
                })
        };
        if !is_name(&claim.resource) || claim.resource.contains('.') {
            let message = format!(
                "{:?} is no plural name of a resource, such as secrets",
                claim.resource
            );
            findings.error(at, format!("{field}.resource"), message);
        }
        if !claim.group.is_empty() && !is_name(&claim.group) {
            let message = format!("{:?} is no API group, such as apps", claim.group);
            findings.error(at, format!("{field}.group"), message);
        }
        if claim.verbs.is_empty() {
            findings.error(
                at,
                format!("{field}.verbs"),
                "is empty: name the verbs, such as [get, list]",
            );
        }
    }
}

fn workspace_path(at: usize, field: &str, path: &str, findings: &mut Findings) {
    if !is_workspace_path(path) {
        findings.error(at, field, format!("{path:?} is no path of a workspace: {PATH}"));
    }
}

fn export_name(at: usize, field: &str, name: &str, findings: &mut Findings) {
    let is_part = |part: &str| is_workspace_path(part) && !part.contains(':');
    if name.len() > 253 || !name.split('.').all(is_part) {
        findings.error(at, field, format!("{name:?} is no name of an APIExport"));
    }
}
