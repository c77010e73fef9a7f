//! Whether the defaults in a schema are values that it allows
//! (`k8s.io/apiextensions-apiserver/pkg/apiserver/schema/defaulting`, `ValidateDefaults`).

use serde_json::Value;

use super::{Fault, Found, MOST};
use crate::node::Node;
use crate::path::Path;
use crate::violation::{Check, Violation, bad_value};
use crate::{Reason, metadata, pruning, rules, validate};

/// Judges the defaults of a whole schema, that of the object itself as an object that is embedded.
pub(super) fn judge_root(root: &Node, place: &Path<'_>, found: &mut Found) {
    let at = place.property("default").field();
    let default = root.default_value().into_iter();
    let wrong: Vec<Violation> = default.flat_map(metadata::validate_resource).collect();
    found.faults.extend(wrong.into_iter().map(|one| fault(one, &at)));
    judge(root, place, found);
}

/// Judges the defaults below `node`, each as it is written: defaults within it are not filled in first. Those of the
/// values of maps are not looked at.
fn judge(node: &Node, place: &Path<'_>, found: &mut Found) {
    if found.faults.len() >= MOST {
        return;
    }
    if let Some(default) = node.default_value() {
        let at = place.property("default").field();
        for fault in faults(node, default, &at) {
            if !found.faults.contains(&fault) {
                found.faults.push(fault);
            }
        }
    }
    if let Some(child) = node.items() {
        judge(child, &place.property("items"), found);
    }
    let properties = place.property("properties");
    for (name, child) in node.properties() {
        judge(child, &properties.key(name), found);
    }
}

fn faults(node: &Node, default: &Value, at: &str) -> Vec<Fault> {
    let mut pruned = default.clone();
    let mut faults = Vec::new();
    if !pruning::prune(&mut pruned, node).is_empty() {
        faults.push(Fault {
            path: at.to_owned(),
            reason: Reason::Invalid,
            message: format!(
                "Invalid value: {}: must not have unknown fields",
                bad_value(default)
            ),
        });
    }
    let mut violations = metadata::validate_embedded(node, default);
    if violations.is_empty() {
        violations = validate::validate(node, default, None);
    }
    if violations.is_empty() {
        violations = rules::validate(node, default, Some(default));
    }
    if violations.is_empty() {
        violations = rules::validate(node, default, None);
    }
    // Whether a value is an integer or a string is not asked of defaults.
    let told = violations.into_iter().filter(|one| {
        one.reason != Reason::CouldNotJudge && !one.message.contains(" must be of type integer,string: ")
    });
    faults.extend(told.map(|one| fault(one, at)));
    faults
}

fn fault(violation: Violation, at: &str) -> Fault {
    let path = match (violation.check, violation.path) {
        (Check::Combination, _) => at.to_owned(),
        (_, path) if path.is_empty() => at.to_owned(),
        (Check::Rule | Check::List, path) if path.starts_with('[') => format!("{at}{path}"),
        (_, path) => format!("{at}.{path}"),
    };
    Fault {
        path,
        reason: violation.reason,
        message: violation.message,
    }
}
