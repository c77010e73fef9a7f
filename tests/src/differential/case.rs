//! One case: asks the control plane by dry run, validates with Portico, and compares.

use std::collections::BTreeSet;
use std::time::Duration;

use kube_schema::{Reason, ValidationResult, Violation};
use reqwest::Method;
use serde_json::Value;

use super::corpus::Kind;
use super::mutate::short;
use crate::raw_client::{RawClient, RawResponse};

/// The metadata that a control plane adds. The namespace is that of the request if the object has none.
const ADDED: [&str; 8] = [
    "namespace",
    "uid",
    "resourceVersion",
    "generation",
    "creationTimestamp",
    "managedFields",
    "selfLink",
    "deletionGracePeriodSeconds",
];

/// A case.
pub(super) struct Case<'a> {
    pub(super) kind: &'a Kind,
    pub(super) object: &'a Value,
    /// The stored object, for an update.
    pub(super) old: Option<&'a Value>,
    /// The part that is written.
    pub(super) part: Part,
    /// Whether it is a dry run.
    pub(super) dry: bool,
}

/// The part of an object that is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Part {
    /// All except a status subresource.
    Whole,
    /// The status subresource.
    Status,
}

/// The result of a comparison.
#[derive(Debug)]
pub(super) enum Compared {
    Agree,
    /// Same verdict, different messages; both are given.
    Worded(String),
    /// Different verdicts; both are given.
    Disagree(String),
    /// One side has no verdict; the reason is given.
    Unjudged(String),
}

impl Case<'_> {
    /// Asks both sides. Also returns the response of the control plane.
    pub(super) async fn compare(&self, plane: &RawClient) -> (Compared, RawResponse) {
        let said = self.ask(plane).await;
        let (definition, version) = (&self.kind.definition, self.kind.version());
        let judged = match (self.part, self.old) {
            (Part::Status, Some(old)) => definition.validate_status(version, self.object, old),
            _ => definition.validate(version, self.object, self.old),
        };
        let compared = match judged {
            Err(error) => Compared::Unjudged(format!("Portico: {error}")),
            Ok(_) if said.status >= 500 || said.status == 429 => {
                Compared::Unjudged(format!("the control plane: {} {}", said.status, said.message()))
            }
            Ok(result) => compare(&result, &said),
        };
        (compared, said)
    }

    async fn ask(&self, plane: &RawClient) -> RawResponse {
        let dry = if self.dry { "&dryRun=All" } else { "" };
        let strictness = "fieldManager=differential&fieldValidation=Warn";
        let collection = collection(self.kind);
        let (method, path) = match self.old {
            Some(old) => {
                let name = old["metadata"]["name"].as_str().unwrap_or_default();
                let part = match self.part {
                    Part::Whole => "",
                    Part::Status => "/status",
                };
                (
                    Method::PUT,
                    format!("{collection}/{name}{part}?{strictness}{dry}"),
                )
            }
            None => (Method::POST, format!("{collection}?{strictness}{dry}")),
        };
        for _ in 0..5 {
            let said = plane.ask(method.clone(), &path, Some(self.object)).await;
            if said.status < 500 && said.status != 429 {
                return said;
            }
            tokio::time::sleep(Duration::from_millis(300)).await;
        }
        plane.ask(method, &path, Some(self.object)).await
    }
}

/// The path of a kind's collection, in the namespace `default` if it is namespaced.
pub(super) fn collection(kind: &Kind) -> String {
    let definition = &kind.definition;
    let namespace = match definition.scope {
        kube_schema::Scope::Namespaced => "/namespaces/default",
        kube_schema::Scope::Cluster => "",
    };
    let (group, version, plural) = (&definition.group, kind.version(), &definition.plural);
    format!("/apis/{group}/{version}{namespace}/{plural}")
}

fn compare(result: &ValidationResult, said: &RawResponse) -> Compared {
    let unknown: Vec<&Violation> = result
        .violations
        .iter()
        .filter(|violation| violation.reason == Reason::Indeterminate)
        .collect();
    if let (Some(first), true) = (unknown.first(), result.is_indeterminate()) {
        return Compared::Unjudged(format!("Portico: {first}"));
    }
    let violations = result.api_server_violations();
    if said.is_success() {
        if !violations.is_empty() {
            return differ("accepted", &list(&violations));
        }
        return accepted(&result.object, &result.pruned, said);
    }
    if violations.is_empty() {
        return differ(&refusal(said), "accepted");
    }
    let causes = said.causes();
    let theirs: BTreeSet<&str> = causes.iter().map(|(field, _, _)| field.as_str()).collect();
    let ours: BTreeSet<&str> = violations.iter().map(Violation::field).collect();
    // An undecodable object is refused without field names.
    if said.status == 422 && !theirs.is_empty() && theirs != ours {
        return differ(&refusal(said), &list(&violations));
    }
    worded(&violations, &causes)
}

/// Compares messages.
fn worded(violations: &[Violation], causes: &[(String, String, String)]) -> Compared {
    let theirs: BTreeSet<String> = causes
        .iter()
        .map(|(field, reason, message)| format!("{field}: {message} ({reason})"))
        .collect();
    let ours: BTreeSet<String> = violations
        .iter()
        .map(|violation| format!("{violation} ({})", violation.reason.as_str()))
        .collect();
    if theirs.is_empty() || theirs == ours {
        return Compared::Agree;
    }
    let only = |these: &BTreeSet<String>, others: &BTreeSet<String>| {
        let alone: Vec<String> = these.difference(others).map(|text| cut(text)).collect();
        alone.join("; ")
    };
    Compared::Worded(format!(
        "control plane: {}\n    Portico: {}",
        only(&theirs, &ours),
        only(&ours, &theirs)
    ))
}

fn accepted(object: &Value, pruned: &[String], said: &RawResponse) -> Compared {
    let (mut ours, mut theirs) = (object.clone(), said.body.clone());
    for object in [&mut ours, &mut theirs] {
        if let Some(metadata) = object.get_mut("metadata").and_then(Value::as_object_mut) {
            for name in ADDED {
                metadata.shift_remove(name);
            }
        }
    }
    if ours.pointer("/metadata/generateName").is_some() && ours.pointer("/metadata/name").is_none() {
        // Any generated name matches.
        if let Some(metadata) = theirs.get_mut("metadata").and_then(Value::as_object_mut) {
            metadata.shift_remove("name");
        }
    }
    let mut differences = Vec::new();
    different(&theirs, &ours, "", &mut differences);
    if !differences.is_empty() {
        return Compared::Disagree(format!(
            "stored otherwise (control plane / Portico): {}",
            differences.join(", ")
        ));
    }
    let theirs: BTreeSet<&str> = said
        .warnings
        .iter()
        .filter_map(|warning| warning.strip_prefix("unknown field \"")?.strip_suffix('"'))
        .collect();
    // Warnings that do not fit a header are not sent.
    let ours: BTreeSet<&str> = pruned
        .iter()
        .map(String::as_str)
        .filter(|field| !field.contains(char::is_control))
        .collect();
    // Long warnings are truncated.
    if theirs != ours && (theirs.len() < 8 || !theirs.is_subset(&ours)) {
        return Compared::Disagree(format!(
            "unknown fields (control plane / Portico): {theirs:?} / {ours:?}"
        ));
    }
    Compared::Agree
}

fn different(theirs: &Value, ours: &Value, pointer: &str, found: &mut Vec<String>) {
    match (theirs, ours) {
        _ if found.len() > 4 => {}
        (Value::Object(left), Value::Object(right)) => {
            let names: BTreeSet<&String> = left.keys().chain(right.keys()).collect();
            for name in names {
                let pointer = super::places::step(pointer, name);
                match (left.get(name), right.get(name)) {
                    (Some(left), Some(right)) => different(left, right, &pointer, found),
                    (Some(left), None) => found.push(format!("{pointer}: {} / nothing", short(left))),
                    (None, Some(right)) => found.push(format!("{pointer}: nothing / {}", short(right))),
                    (None, None) => {}
                }
            }
        }
        (Value::Array(left), Value::Array(right)) if left.len() == right.len() => {
            for (index, (left, right)) in left.iter().zip(right).enumerate() {
                different(left, right, &format!("{pointer}/{index}"), found);
            }
        }
        // 1 and 1.0 are the same number.
        (Value::Number(left), Value::Number(right)) if left.as_f64() == right.as_f64() => {}
        (left, right) if left == right => {}
        (left, right) => found.push(format!("{pointer}: {} / {}", short(left), short(right))),
    }
}

fn differ(theirs: &str, ours: &str) -> Compared {
    Compared::Disagree(format!("control plane: {theirs}\n    Portico: {ours}"))
}

fn refusal(said: &RawResponse) -> String {
    let causes = said.causes();
    if causes.is_empty() {
        return format!("{} {}", said.status, cut(said.message()));
    }
    let causes = causes
        .iter()
        .map(|(field, _, message)| cut(&format!("{field}: {message}")));
    format!("{} {}", said.status, causes.collect::<Vec<_>>().join("; "))
}

fn list(violations: &[Violation]) -> String {
    let each = violations.iter().map(|violation| cut(&violation.to_string()));
    each.collect::<Vec<_>>().join("; ")
}

fn cut(text: &str) -> String {
    text.chars().take(4000).collect()
}
