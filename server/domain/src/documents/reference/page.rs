//! Renders the page of one kind as markdown.

use std::fmt::Write as _;

use serde_json::Value;

use super::examples::{Examples, flow};
use super::shape::{Field, Section, sections};

/// The page of one kind.
pub(super) struct Page {
    kind: &'static str,
    meaning: String,
    sections: Vec<Section>,
    examples: Examples,
}

impl Page {
    pub(super) fn of(kind: &'static str, schema: &schemars::Schema, examples: Examples) -> Self {
        let mut sections = sections(schema);
        let document = sections.remove(0);
        // Name and labels are in `metadata`.
        let metadata = document.fields.into_iter().filter(|field| field.name != "spec");
        let metadata = metadata.map(|field| Field {
            path: format!("metadata.{}", field.name),
            required: field.name == "name",
            default: None,
            ..field
        });
        sections.insert(
            0,
            Section {
                path: "metadata".to_owned(),
                meaning: "What names the document, as in Kubernetes.".to_owned(),
                one_of: false,
                fields: metadata.collect(),
            },
        );
        Self {
            kind,
            meaning: document.meaning,
            sections,
            examples,
        }
    }

    fn fields(&self) -> impl Iterator<Item = &Field> {
        self.sections.iter().flat_map(|section| &section.fields)
    }

    /// Returns what the page lacks: fields without meaning or example.
    pub(super) fn missing(&self) -> Vec<String> {
        let mut missing = Vec::new();
        for field in self.fields() {
            if field.meaning.is_empty() {
                missing.push(format!("{} has no doc comment", field.path));
            }
            if self.examples.of(&field.path, 1).is_empty() {
                missing.push(format!("{} has no example", field.path));
            }
        }
        missing
    }

    pub(super) fn markdown(&self, file: &str) -> String {
        let mut text = format!(
            "<!-- Written by `cargo xtask docs` from the types in `server/domain/src/documents` and their doc \
             comments. -->\n\n# {}\n\n{}\n\nWhole examples: ",
            self.kind, self.meaning
        );
        let link = |shown: String, path: String| {
            let is_there = super::folder().join(&path).exists();
            is_there.then(|| format!("[`{shown}`]({path})"))
        };
        // An Agent is no part of a configuration, as the other examples are.
        let first = format!("examples/{file}.yaml");
        let first = link(first.clone(), first);
        let others = link(
            format!("alternatives/{file}.yaml"),
            format!("examples/alternatives/{file}.yaml"),
        );
        let links = match (first, others) {
            (Some(first), Some(others)) => format!("{first} and, for what cannot stand beside it, {others}"),
            (first, others) => first.or(others).unwrap_or_default(),
        };
        text.push_str(&links);
        text.push_str(".\n");
        for section in &self.sections {
            text.push_str(&self.section(section));
        }
        text
    }

    fn section(&self, section: &Section) -> String {
        let mut text = format!("\n## `{}`\n", section.path);
        let of_spec = format!("of a `{}`.", self.kind);
        let of_spec_too = format!("of an `{}`.", self.kind);
        let meaning = section.meaning.trim_start_matches("`spec` ");
        let meaning = meaning.strip_prefix(&of_spec).unwrap_or(meaning);
        let meaning = meaning.strip_prefix(&of_spec_too).unwrap_or(meaning).trim_start();
        if !meaning.is_empty() {
            writeln!(text, "\n{meaning}").unwrap();
        }
        if section.one_of {
            text.push_str("\nExactly one of these fields is set.\n");
        }
        text.push_str("\n| field | type | default | meaning | example |\n|---|---|---|---|---|\n");
        for field in &section.fields {
            let of_type = match &field.below {
                Some(path) => format!("[{}](#{})", field.of_type, anchor(path)),
                None => field.of_type.clone(),
            };
            let default = match &field.default {
                _ if field.required => "required".to_owned(),
                Some(default) if !holds_nothing(default) && !default.is_object() => code(&flow(default)),
                _ => String::new(),
            };
            let most = if field.below.is_some() { 2 } else { 1 };
            let examples: Vec<String> = self
                .examples
                .of(&field.path, most)
                .into_iter()
                .filter(|_| !field.only_below)
                .map(|value| code(&flow(value)))
                .collect();
            let cells = [
                format!("`{}`", field.name),
                of_type,
                default,
                field.meaning.replace('|', "\\|"),
                examples.join(" "),
            ];
            writeln!(text, "| {} |", cells.join(" | ")).unwrap();
        }
        text
    }
}

fn holds_nothing(value: &Value) -> bool {
    match value {
        Value::Array(items) => items.is_empty(),
        Value::Object(fields) => fields.values().all(holds_nothing),
        value => value.is_null(),
    }
}

/// Formats code in a table's cell.
fn code(text: &str) -> String {
    let text = text.replace('|', "\\|");
    if text.contains('`') {
        format!("`` {text} ``")
    } else {
        format!("`{text}`")
    }
}

/// Returns the anchor of a section's heading, as forges generate it.
fn anchor(path: &str) -> String {
    path.to_lowercase()
        .chars()
        .filter(|letter| letter.is_alphanumeric() || matches!(letter, '-' | '_'))
        .collect()
}
