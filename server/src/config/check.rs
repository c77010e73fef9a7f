//! Checks that need more than one document (duplicate names, references), and values that types alone do not
//! restrict.

mod control_planes;
mod labels;
mod offerings;
mod policies;
mod portal;
mod tenants;

pub use portal::is_loopback;

use std::collections::BTreeMap;

use portico_app::configuration::Severity;
use portico_domain::documents::{ControlPlane, Offering, Tenant};

use super::load::{Finding, LocatedDocument};
use super::parse::Document;

/// All problems of the documents.
pub(super) fn check(documents: &[LocatedDocument]) -> Vec<Finding> {
    let mut findings = Findings::default();
    unique_names(documents, &mut findings);
    portal::check(documents, &mut findings);
    control_planes::control_planes(documents, &mut findings);
    offerings::offerings(documents, &mut findings);
    tenants::tenants(documents, &mut findings);
    policies::policies(documents, &mut findings);
    findings.0
}

/// Collects findings.
#[derive(Default)]
struct Findings(Vec<Finding>);

impl Findings {
    fn error(&mut self, at: usize, field: impl Into<String>, message: impl Into<String>) {
        self.0.push(Finding {
            severity: Severity::Error,
            at,
            field: field.into(),
            message: message.into(),
        });
    }

    fn warning(&mut self, at: usize, field: impl Into<String>, message: impl Into<String>) {
        self.0.push(Finding {
            severity: Severity::Warning,
            at,
            field: field.into(),
            message: message.into(),
        });
    }
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

/// The documents of one kind with their indices.
fn of_kind<'d, T: 'd>(
    documents: &'d [LocatedDocument],
    pick: impl Fn(&'d Document) -> Option<&'d T>,
) -> impl Iterator<Item = (usize, &'d T)> {
    documents
        .iter()
        .enumerate()
        .filter_map(move |(at, placed)| pick(&placed.document).map(|document| (at, document)))
}

fn planes(documents: &[LocatedDocument]) -> impl Iterator<Item = (usize, &ControlPlane)> {
    of_kind(documents, |document| match document {
        Document::ControlPlane(plane) => Some(plane),
        _ => None,
    })
}

fn all_tenants(documents: &[LocatedDocument]) -> impl Iterator<Item = (usize, &Tenant)> {
    of_kind(documents, |document| match document {
        Document::Tenant(tenant) => Some(tenant),
        _ => None,
    })
}

fn all_offerings(documents: &[LocatedDocument]) -> impl Iterator<Item = (usize, &Offering)> {
    of_kind(documents, |document| match document {
        Document::Offering(offering) => Some(&**offering),
        _ => None,
    })
}
