//! Collects a form's problems for the summary at its top.

use portico_form::{Control, Entry, Field, Form};

use super::context::id_of;

/// A problem with its field.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct FieldProblem {
    /// The id of the field's input.
    pub(crate) id: String,
    /// The field's label.
    pub(crate) label: String,
    /// The problem.
    pub(crate) problem: String,
}

/// All problems of fields, in page order.
pub(crate) fn form_problems(form: &Form) -> Vec<FieldProblem> {
    let mut found = Vec::new();
    let sections = form.sections.iter().flat_map(|section| &section.fields);
    for field in form.main.iter().chain(sections) {
        walk(field, &mut |field| {
            found.extend(field.problems.iter().map(|problem| FieldProblem {
                id: id_of(&field.name),
                label: field.label.clone(),
                problem: problem.clone(),
            }));
            for entry in entries(field) {
                found.extend(entry.key_problems.iter().map(|problem| FieldProblem {
                    id: id_of(&entry.key_name),
                    label: format!("{}, key {}", field.label, entry.key),
                    problem: problem.clone(),
                }));
            }
        });
    }
    found
}

/// The number of problems in these fields.
pub(super) fn count(fields: &[Field]) -> usize {
    sum(fields, |field| {
        let keys = entries(field).iter().map(|entry| entry.key_problems.len());
        field.problems.len() + keys.sum::<usize>()
    })
}

/// How many of these fields differ from their defaults and from the plan.
pub(super) fn changed(fields: &[Field]) -> usize {
    sum(fields, |field| {
        usize::from(field.changed && children(field).is_empty())
    })
}

fn sum(fields: &[Field], of: impl Fn(&Field) -> usize) -> usize {
    let mut total = 0;
    for field in fields {
        walk(field, &mut |field| total += of(field));
    }
    total
}

fn walk<'f>(field: &'f Field, visit: &mut impl FnMut(&'f Field)) {
    visit(field);
    for child in children(field) {
        walk(child, visit);
    }
}

fn entries(field: &Field) -> &[Entry] {
    match &field.control {
        Control::Map { entries } => entries,
        _ => &[],
    }
}

fn children(field: &Field) -> Vec<&Field> {
    match &field.control {
        Control::Object { fields } | Control::Secret { fields } => fields.iter().collect(),
        Control::List { items, .. } => items.iter().collect(),
        Control::Map { entries } => entries.iter().map(|entry| &entry.value).collect(),
        Control::Union { branches, chosen } => branches
            .iter()
            .filter(|branch| branch.id == *chosen)
            .flat_map(|branch| &branch.fields)
            .collect(),
        _ => Vec::new(),
    }
}
