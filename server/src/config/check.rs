//! Checks that need more than one document (duplicate names, references), and values that types alone do not
//! restrict.

mod claimed_planes;
mod control_planes;
mod kcp;
mod labels;
mod lifecycle;
mod namespace_templates;
mod offerings;
mod placement;
mod policies;
mod portal;
mod publications;
mod tenants;

pub use portal::is_loopback;

use std::collections::BTreeMap;

use super::documents::{LocatedDocument, of_kind};
use super::finding::{Finding, Findings};
use super::parse::Document;

/// All problems of the documents.
pub(super) fn check(documents: &[LocatedDocument]) -> Vec<Finding> {
    let mut findings = Findings::default();
    unique_names(documents, &mut findings);
    for (at, _) in of_kind(documents, |document| match document {
        Document::Agent(agent) => Some(agent),
        _ => None,
    }) {
        let message = "an Agent is for `portico agent`, beside its control plane: it does not belong into Portico's folder";
        findings.error(at, "kind", message);
    }
    portal::check(documents, &mut findings);
    control_planes::control_planes(documents, &mut findings);
    offerings::offerings(documents, &mut findings);
    tenants::tenants(documents, &mut findings);
    policies::policies(documents, &mut findings);
    namespace_templates::namespace_templates(documents, &mut findings);
    publications::publications(documents, &mut findings);
    findings.into_vec()
}

fn unique_names(documents: &[LocatedDocument], findings: &mut Findings) {
    let mut seen = BTreeMap::new();
    for (at, placed) in documents.iter().enumerate() {
        let (kind, name) = (placed.document.kind(), placed.document.name());
        if let Some(first) = seen.insert((kind, name), at) {
            let file = documents[first].file.display();
            findings.error(
                at,
                "metadata.name",
                format!("there is another {kind} named {name:?}, in {file}"),
            );
        }
    }
}
