//! Builds a form from a schema: required fields first, the others folded under headings.

use std::collections::BTreeMap;

use kube_schema::path::push_token;
use kube_schema::{Node, Schema};
use serde_json::Value;

use super::controls::Builder;
use super::field_path::FieldPath;
use super::input::FormInput;
use super::values::IDENTITY;
use super::{Shape, input_count, labels, plan, problems, required_first};
use crate::{Control, Field, Form, FormHints, Section};

/// Builds the form of an object. In forms with hundreds of fields, deeply nested objects are edited as YAML.
#[must_use]
pub fn build(schema: &Schema, setup: FormInput<'_>) -> Form {
    let mut builder = Builder::new(setup);
    let mut layout = Layout::default();
    let root = schema.root();
    for (name, node) in required_first(root) {
        if IDENTITY.contains(&name) {
            continue;
        }
        let value = setup.object.get(name);
        let flat = name == "spec" && Shape::of(node) == Shape::Object;
        if !flat {
            layout.add(
                &mut builder,
                node,
                name,
                &ParentPath::root(),
                value,
                root.requires(name),
            );
            continue;
        }
        builder.field_index.insert("/spec", "/spec");
        let here = root.requires(name) || value.is_some_and(Value::is_object);
        let parent = ParentPath {
            pointer: "/spec".to_owned(),
            path: "spec".to_owned(),
        };
        let union = builder.union(
            node,
            &Builder::field_path(parent.pointer.clone(), parent.path.clone()),
            value,
            here,
        );
        for (name, child) in required_first(node) {
            let value = value.and_then(|spec| spec.get(name));
            layout.add(
                &mut builder,
                child,
                name,
                &parent,
                value,
                here && node.requires(name),
            );
        }
        layout.main.extend(union.map(|union| ("spec".to_owned(), union)));
    }
    let left_out = layout.left_out;
    let section_titles = std::mem::take(&mut layout.section_titles);
    let mut form = layout.form(setup.hints);
    form.field_count = builder.count;
    if left_out > 0 {
        form.problems.push(format!(
            "{left_out} more fields are not shown here; set them in the YAML tab"
        ));
    }
    // Errors at `spec` itself belong to the whole form.
    problems::attach(
        &mut form,
        schema.root(),
        setup.violations,
        &builder.field_index,
        &section_titles,
    );
    form
}

/// The path of the object that a field belongs to.
struct ParentPath {
    pointer: String,
    path: String,
}

impl ParentPath {
    fn root() -> Self {
        Self {
            pointer: String::new(),
            path: String::new(),
        }
    }

    fn below(&self, name: &str) -> (String, String) {
        let mut pointer = self.pointer.clone();
        push_token(&mut pointer, name);
        let path = if self.path.is_empty() {
            name.to_owned()
        } else {
            format!("{}.{name}", self.path)
        };
        (pointer, path)
    }
}

/// A large object that is split into sections.
struct SplitObject<'w> {
    node: &'w Node,
    field_path: &'w FieldPath,
    value: Option<&'w Value>,
    /// True if its required fields must be filled in.
    wanted: bool,
    /// True if the object is required.
    required: bool,
}

#[derive(Default)]
struct Layout {
    main: Vec<(String, Field)>,
    sections: Vec<Section>,
    /// Titles of objects that are shown as sections, by pointer.
    section_titles: BTreeMap<String, String>,
    /// How many fields did not fit into the form.
    left_out: usize,
}

/// The heading for fields without a section.
const DEFAULT_HEADING: &str = "More options";

impl Layout {
    fn add(
        &mut self,
        builder: &mut Builder<'_>,
        node: &Node,
        name: &str,
        parent: &ParentPath,
        value: Option<&Value>,
        required: bool,
    ) {
        /// A required object with more inputs than this is split: the required ones first, the others under their
        /// heading.
        const MAX_INPUTS_UNSPLIT: usize = 8;
        let (pointer, path) = parent.below(name);
        let hint = builder.setup.hints.fields.get(&path);
        if hint.is_some_and(|hint| hint.hidden) || builder.is_union_member(&pointer) {
            return;
        }
        if builder.is_full() {
            self.left_out += 1;
            return;
        }
        // Required fields are shown open even if they have a default.
        let is_needed = required;
        let required = (required && node.default_value().is_none()) || builder.is_required_by_rule(&pointer);
        let field_path = Builder::field_path(pointer.clone(), path.clone());
        let title = builder.label(node, name, &path);
        let wanted = match hint.and_then(|hint| hint.advanced) {
            Some(advanced) => !advanced,
            None => {
                required
                    || is_needed
                    || builder.setup.hints.order.contains(&path)
                    || hint.is_some_and(|hint| hint.preset.is_some())
                    || builder
                        .setup
                        .plan
                        .is_some_and(|plan| plan::value(plan, &path).is_some())
            }
        };
        if let Some(section) = hint.and_then(|hint| hint.section.as_deref()) {
            let field = builder.field(node, &field_path, title, value, required);
            self.add_fields(section, [field]);
            self.place_elsewhere(builder);
            return;
        }
        let is_large = Shape::of(node) == Shape::Object
            && input_count(node, MAX_INPUTS_UNSPLIT + 1) > MAX_INPUTS_UNSPLIT;
        if is_large && builder.fits(node, &field_path) {
            let object = SplitObject {
                node,
                field_path: &field_path,
                value,
                wanted,
                required,
            };
            self.split(builder, &object, &title);
        } else if wanted {
            let field = builder.field(node, &field_path, title, value, required);
            self.main
                .extend((!field.is_empty_group()).then_some((path, field)));
        } else {
            let own = Shape::of(node) == Shape::Object && input_count(node, 4) > 3;
            let mut field = builder.field(node, &field_path, title.clone(), value, required);
            if own {
                // The heading replaces the label.
                match std::mem::replace(&mut field.control, Control::Object { fields: Vec::new() }) {
                    Control::Object { mut fields } => {
                        fields.extend(builder.presence(node, &field_path, value, required));
                        self.section_titles.insert(field.name, title.clone());
                        self.add_fields(&title, fields);
                    }
                    control => self.add_fields(&title, [Field { control, ..field }]),
                }
            } else {
                self.add_fields(DEFAULT_HEADING, [field]);
            }
        }
        self.place_elsewhere(builder);
    }

    /// Splits a large object: required fields go to the main part, the others under a heading.
    fn split(&mut self, builder: &mut Builder<'_>, object: &SplitObject<'_>, title: &str) {
        let &SplitObject {
            node,
            field_path,
            value: object,
            wanted,
            required: here,
        } = object;
        let wanted = wanted && !(node.is_nullable() && object.is_some_and(Value::is_null));
        let parent = ParentPath {
            pointer: field_path.pointer.clone(),
            path: field_path.path.clone(),
        };
        builder.field_index.insert(&parent.pointer, &parent.pointer);
        let union = builder.union(node, field_path, object, wanted);
        let mut fields: Vec<Field> = union.into_iter().collect();
        for (name, child) in required_first(node) {
            let (pointer, path) = parent.below(name);
            let hint = builder.setup.hints.fields.get(&path);
            if hint.is_some_and(|hint| hint.hidden) || builder.is_union_member(&pointer) {
                continue;
            }
            let is_needed = (wanted && node.requires(name)) || builder.is_required_by_rule(&pointer);
            let required =
                is_needed && (child.default_value().is_none() || builder.is_required_by_rule(&pointer));
            let field_path = Builder::field_path(pointer, path.clone());
            let label = builder.label(child, name, &path);
            let value = object.and_then(|object| object.get(name));
            let first = hint
                .and_then(|hint| hint.advanced)
                .map_or(is_needed, |advanced| !advanced);
            if let Some(section) = hint.and_then(|hint| hint.section.as_deref()) {
                let field = builder.field(child, &field_path, label, value, required);
                self.add_fields(section, [field]);
            } else if first {
                let label = format!("{title}: {}", labels::item(&label));
                let field = builder.field(child, &field_path, label, value, required);
                self.main
                    .extend((!field.is_empty_group()).then_some((path, field)));
            } else {
                fields.push(builder.field(child, &field_path, label, value, required));
            }
        }
        fields.extend(builder.presence(node, field_path, object, here));
        if !fields.is_empty() {
            self.section_titles
                .insert(parent.pointer.clone(), title.to_owned());
            self.add_fields(title, fields);
        }
    }

    /// Moves fields to the sections that the hints assign.
    fn place_elsewhere(&mut self, builder: &mut Builder<'_>) {
        for (section, field) in builder.elsewhere.drain(..) {
            self.add_fields(&section, [field]);
        }
    }

    /// Adds fields to a section, except for objects with nothing to show. Without fields there is no section.
    fn add_fields(&mut self, title: &str, fields: impl IntoIterator<Item = Field>) {
        let mut fields = fields
            .into_iter()
            .filter(|field| !field.is_empty_group())
            .peekable();
        if fields.peek().is_some() {
            self.section(title).fields.extend(fields);
        }
    }

    fn section(&mut self, title: &str) -> &mut Section {
        let known = self.sections.iter().position(|section| section.title == title);
        let at = known.unwrap_or_else(|| {
            let id = format!("section-{}", self.sections.len() + 1);
            self.sections.push(Section {
                id,
                title: title.to_owned(),
                open: false,
                problems: Vec::new(),
                fields: Vec::new(),
            });
            self.sections.len() - 1
        });
        &mut self.sections[at]
    }

    fn form(mut self, hints: &FormHints) -> Form {
        let place = |path: &str| {
            let at = hints.order.iter().position(|wanted| {
                path == wanted
                    || path
                        .strip_prefix(wanted.as_str())
                        .is_some_and(|rest| rest.starts_with('.'))
            });
            at.unwrap_or(usize::MAX)
        };
        self.main.sort_by_key(|(path, _)| place(path));
        for section in &mut self.sections {
            section.open = section.fields.iter().any(|field| field.changed);
        }
        // Fields without a section come before the sections.
        self.sections
            .sort_by_key(|section| section.title != DEFAULT_HEADING);
        if self.main.is_empty() && self.sections.len() == 1 {
            self.main = self
                .sections
                .drain(..)
                .flat_map(|section| section.fields)
                .map(|field| (String::new(), field))
                .collect();
        }
        Form {
            main: self.main.into_iter().map(|(_, field)| field).collect(),
            sections: self.sections,
            ..Form::default()
        }
    }
}
