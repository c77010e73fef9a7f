//! Checks that need more than one document (duplicate names, references), and values that types alone do not
//! restrict.

mod documents;
mod portal;

pub use portal::is_loopback;

use std::collections::BTreeMap;

use portico_app::configuration::Severity;

use super::load::{Finding, LocatedDocument};
use super::parse::Document;

/// All problems of the documents.
pub(super) fn check(documents: &[LocatedDocument]) -> Vec<Finding> {
    let mut findings = Findings::default();
    unique_names(documents, &mut findings);
    portal::check(documents, &mut findings);
    documents::control_planes(documents, &mut findings);
    documents::offerings(documents, &mut findings);
    documents::tenants(documents, &mut findings);
    documents::policies(documents, &mut findings);
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
