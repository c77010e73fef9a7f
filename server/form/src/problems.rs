//! Turns validation errors into sentences and attaches them to fields.

use std::collections::BTreeMap;

use kube_schema::path::tokens;
use kube_schema::{Check, Node, Reason, Violation};

use crate::{Control, Field, Form, MISSING};

use super::field_index::FieldIndex;
use super::pattern_words;

/// Attaches each error to the field that it is about, or to the nearest ancestor of that field.
pub(super) fn attach(
    form: &mut Form,
    root: &Node,
    violations: &[Violation],
    field_index: &FieldIndex,
    heads: &BTreeMap<String, String>,
) {
    let mut by_field: ByField<'_> = BTreeMap::new();
    for violation in violations {
        // An error in something that has no field is reported at the field around it, unless that is the whole object.
        let around = field_index.nearest(&violation.pointer);
        let about: Vec<_> = violation
            .about
            .iter()
            .filter_map(|pointer| field_index.nearest(pointer))
            .filter(|(name, _)| around.is_none_or(|(around, _)| around != *name))
            .collect();
        for (name, _) in &about {
            by_field.entry(name).or_default().push((violation, true));
        }
        if !about.is_empty() {
            continue;
        }
        if is_impossible(root, violation) {
            form.problems.push(format!(
                "{} is required, but the definition does not declare it: nothing can be accepted until the platform \
                 team mends it",
                violation.path
            ));
            continue;
        }
        match around {
            Some((name, exact)) => by_field.entry(name).or_default().push((violation, exact)),
            None => form.problems.push(with_path(violation)),
        }
    }
    for field in form
        .main
        .iter_mut()
        .chain(form.sections.iter_mut().flat_map(|section| &mut section.fields))
    {
        place(field, &mut by_field);
    }
    // Errors of objects without a field: those shown as a section, and the whole object.
    for (name, left) in by_field {
        let section = heads
            .get(name)
            .and_then(|title| form.sections.iter_mut().find(|section| section.title == *title));
        let problems = section.map_or(&mut form.problems, |section| &mut section.problems);
        for (violation, exact) in left {
            problems.push(if exact {
                sentence(violation)
            } else {
                with_path(violation)
            });
        }
        problems.dedup();
    }
    form.problems.dedup();
    form.problem_count = violations.len();
    for section in &mut form.sections {
        section.open = section.open || !section.problems.is_empty() || section.fields.iter().any(has_problem);
    }
}

/// True if a required field would be pruned: the definition contradicts itself.
fn is_impossible(root: &Node, violation: &Violation) -> bool {
    if violation.reason != Reason::Required || violation.check != Check::Schema {
        return false;
    }
    let names = tokens(&violation.pointer);
    let Some((last, above)) = names.split_last() else {
        return false;
    };
    let mut node = root;
    for name in above {
        if node.preserves_unknown_fields() {
            return false;
        }
        match node.child(name).or_else(|| node.items()) {
            Some(child) => node = child,
            None => return false,
        }
    }
    !node.allows_undeclared() && node.property(last).is_none()
}

/// Errors by field name, and whether they are about the field itself.
type ByField<'a> = BTreeMap<&'a str, Vec<(&'a Violation, bool)>>;

fn place(field: &mut Field, by_field: &mut ByField<'_>) {
    // A union has the name of its object, which contains it and gets the errors.
    add_messages(&field.name, &mut field.problems, by_field);
    if let Control::Map { entries } = &mut field.control {
        for entry in entries {
            add_messages(&entry.key_name, &mut entry.key_problems, by_field);
        }
    }
    each_child(&mut field.control, &mut |child| place(child, by_field));
}

fn add_messages(name: &str, problems: &mut Vec<String>, by_field: &mut ByField<'_>) {
    for (violation, exact) in by_field.remove(name).unwrap_or_default() {
        let said = if exact {
            sentence(violation)
        } else {
            with_path(violation)
        };
        if !problems.contains(&said) {
            problems.push(said);
        }
    }
}

fn each_child(control: &mut Control, visit: &mut dyn FnMut(&mut Field)) {
    match control {
        Control::Object { fields } | Control::Secret { fields } => fields.iter_mut().for_each(visit),
        Control::List { items, .. } => items.iter_mut().for_each(visit),
        Control::Map { entries } => entries.iter_mut().map(|entry| &mut entry.value).for_each(visit),
        Control::Union { branches, .. } => branches
            .iter_mut()
            .flat_map(|branch| &mut branch.fields)
            .for_each(visit),
        _ => {}
    }
}

fn has_problem(field: &Field) -> bool {
    !field.problems.is_empty()
        || match &field.control {
            Control::Object { fields } | Control::Secret { fields } => fields.iter().any(has_problem),
            Control::List { items, .. } => items.iter().any(has_problem),
            Control::Map { entries } => entries
                .iter()
                .any(|entry| !entry.key_problems.is_empty() || has_problem(&entry.value)),
            Control::Union { branches, .. } => branches
                .iter()
                .any(|branch| branch.fields.iter().any(has_problem)),
            _ => false,
        }
}

fn with_path(violation: &Violation) -> String {
    if violation.path.is_empty() {
        sentence(violation)
    } else {
        format!("{}: {}", violation.path, violation.detail)
    }
}

/// The error as a sentence for people.
fn sentence(violation: &Violation) -> String {
    let detail = violation.detail.as_str();
    let wanted = detail
        .strip_prefix("must be of type ")
        .and_then(|rest| rest.split_once(": "));
    if let (Reason::TypeInvalid, Some((wanted, found))) = (violation.reason, wanted) {
        let wanted = match wanted {
            "integer" | "int32" | "int64" => "a whole number",
            "number" | "float" | "double" => "a number",
            "boolean" => "yes or no",
            "string" => "a text",
            "object" => "an object",
            "array" => "a list",
            "integer,string" => "a whole number or a text",
            "date-time" | "datetime" => "a time like 2026-01-31T12:00:00Z",
            "duration" => "a duration like 30m",
            "uri" => "an address like https://example.com",
            "email" => "an e-mail address",
            "byte" => "base64",
            other => return format!("Must be of type {other}, not {found}"),
        };
        return format!("Must be {wanted}");
    }
    let pattern = detail
        .strip_prefix("should match '")
        .and_then(|rest| rest.strip_suffix('\''));
    if let Some(pattern) = pattern {
        return pattern_words::wanted(pattern);
    }
    if violation.reason == Reason::Required && violation.check != Check::Rule {
        return MISSING.to_owned();
    }
    if detail == "should have at least 1 properties" {
        return "Fill in at least one field".to_owned();
    }
    let mut chars = detail.chars();
    chars
        .next()
        .into_iter()
        .flat_map(char::to_uppercase)
        .chain(chars)
        .collect()
}
