//! Checks what placement heeds: the rules of offerings, tenants and environments.

use portico_domain::documents::PlacementRules;

use super::super::documents::{LocatedDocument, planes};
use super::super::finding::Findings;
use super::labels::{is_label_name, labels};

/// Checks the rules in the field `placement` of a document.
pub(super) fn placement(
    at: usize,
    field: &str,
    rules: &PlacementRules,
    documents: &[LocatedDocument],
    findings: &mut Findings,
) {
    let is_known = |key: &str| planes(documents).any(|(_, plane)| plane.property(key).is_some());
    for (index, preference) in rules.prefer.iter().enumerate() {
        let field = format!("{field}.prefer[{index}]");
        weight(at, &field, preference.weight, findings);
        if preference.labels.is_empty() {
            findings.error(at, format!("{field}.labels"), "needs at least one label");
        }
        labels(at, &format!("{field}.labels"), &preference.labels, findings);
        for key in preference.labels.keys().filter(|key| !is_known(key)) {
            let message = format!("no control plane has {key:?}, so this preference never counts");
            findings.warning(at, format!("{field}.labels.{key}"), message);
        }
    }
    let Some(spread) = &rules.spread else { return };
    let field = format!("{field}.spread");
    weight(at, &field, spread.weight, findings);
    let over = format!("{field}.over");
    if !is_label_name(&spread.over) {
        findings.error(at, over, format!("{:?} is not a label's name", spread.over));
    } else if !is_known(&spread.over) {
        let why = if spread.required {
            "so no claim can be placed"
        } else {
            "so nothing is spread"
        };
        findings.warning(at, over, format!("no control plane has {:?}, {why}", spread.over));
    }
}

fn weight(at: usize, field: &str, weight: u8, findings: &mut Findings) {
    if !(1..=100).contains(&weight) {
        findings.error(at, format!("{field}.weight"), "must be 1 to 100");
    }
}
