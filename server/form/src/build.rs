//! From a schema to the fields of a form: what must be decided first, the rest folded under headings.

use std::collections::BTreeMap;

use kube_schema::path::push_token;
use kube_schema::{Node, Schema, Violation};
use serde_json::Value;

use super::controls::Builder;
use super::spot::Spot;
use super::{Shape, labels, plan, problems, required_first, weight};
use crate::{Control, Field, Form, FormHints, PlanValues, Section};

/// What a form is built from, besides the schema.
#[derive(Debug, Clone, Copy)]
pub struct Setup<'a> {
    /// The claim is there already: what its rules say cannot change is locked.
    pub is_change: bool,
    /// How the offering lays the form out.
    pub hints: &'a FormHints,
    /// The plan, which fills and locks fields.
    pub plan: Option<PlanValues<'a>>,
    /// What is in the form: the object, whole. For a new one see [`super::start`].
    pub object: &'a Value,
    /// What was typed and is no value, by name of input, as [`super::Decoded::typed`] has it.
    pub typed: Option<&'a BTreeMap<String, String>>,
    /// What is wrong with it.
    pub violations: &'a [Violation],
    /// It was checked whole: what is missing is told, and what else an empty field can mean is asked.
    pub is_checked: bool,
}

impl<'a> Setup<'a> {
    /// The form of an object, of no plan, as it is before anything is wrong with it. What else is known of it is set
    /// beside that: `Setup { is_change: true, ..Setup::new(hints, object) }`.
    #[must_use]
    pub fn new(hints: &'a FormHints, object: &'a Value) -> Self {
        Self {
            is_change: false,
            hints,
            plan: None,
            object,
            typed: None,
            violations: &[],
            is_checked: false,
        }
    }
}

/// The fields of an object that no form shows.
pub(super) const IDENTITY: [&str; 4] = ["apiVersion", "kind", "metadata", "status"];

/// Builds the form of an object. A form of hundreds of fields shows what nests deep as YAML to edit.
#[must_use]
pub fn build(schema: &Schema, setup: Setup<'_>) -> Form {
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
                &Above::root(),
                value,
                root.requires(name),
            );
            continue;
        }
        builder.places.note("/spec", "/spec");
        let here = root.requires(name) || value.is_some_and(Value::is_object);
        let above = Above {
            pointer: "/spec".to_owned(),
            path: "spec".to_owned(),
        };
        let union = builder.union(
            node,
            &Builder::spot(above.pointer.clone(), above.path.clone()),
            value,
            here,
        );
        for (name, child) in required_first(node) {
            let value = value.and_then(|spec| spec.get(name));
            layout.add(
                &mut builder,
                child,
                name,
                &above,
                value,
                here && node.requires(name),
            );
        }
        layout.main.extend(union.map(|union| ("spec".to_owned(), union)));
    }
    let left_out = layout.left_out;
    let heads = std::mem::take(&mut layout.heads);
    let mut form = layout.form(setup.hints);
    form.field_count = builder.count;
    if left_out > 0 {
        form.problems.push(format!(
            "{left_out} more fields are not shown here; set them in the YAML tab"
        ));
    }
    // Problems of `spec` itself belong to the form as a whole.
    problems::attach(
        &mut form,
        schema.root(),
        setup.violations,
        &builder.places,
        &heads,
    );
    form
}

/// The object that a field belongs to.
struct Above {
    pointer: String,
    path: String,
}

impl Above {
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

/// A large object that is laid out in parts.
struct Whole<'w> {
    node: &'w Node,
    spot: &'w Spot,
    value: Option<&'w Value>,
    /// What it requires is wanted.
    wanted: bool,
    /// It must be there.
    required: bool,
}

#[derive(Default)]
struct Layout {
    main: Vec<(String, Field)>,
    sections: Vec<Section>,
    /// Objects that are shown as a section, by pointer, and the section's title.
    heads: BTreeMap<String, String>,
    /// How many fields there are beside those that the form has.
    left_out: usize,
}

/// The heading of what has no heading of its own.
const OTHER: &str = "More options";

impl Layout {
    fn add(
        &mut self,
        builder: &mut Builder<'_>,
        node: &Node,
        name: &str,
        above: &Above,
        value: Option<&Value>,
        required: bool,
    ) {
        /// A required object with more inputs than this is split: what it requires, and the rest under its heading.
        const WHOLE: usize = 8;
        let (pointer, path) = above.below(name);
        let hint = builder.setup.hints.fields.get(&path);
        if hint.is_some_and(|hint| hint.hidden) || builder.is_union_member(&pointer) {
            return;
        }
        if builder.is_full() {
            self.left_out += 1;
            return;
        }
        // What must be there stands open, though a default may put it there.
        let is_needed = required;
        let required = (required && node.default_value().is_none()) || builder.asks_for(&pointer);
        let spot = Builder::spot(pointer.clone(), path.clone());
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
            let field = builder.field(node, &spot, title, value, required);
            self.put(section, [field]);
            self.place_elsewhere(builder);
            return;
        }
        let is_large = Shape::of(node) == Shape::Object && weight(node, WHOLE + 1) > WHOLE;
        if is_large && builder.fits(node, &spot) {
            let whole = Whole {
                node,
                spot: &spot,
                value,
                wanted,
                required,
            };
            self.split(builder, &whole, &title);
        } else if wanted {
            let field = builder.field(node, &spot, title, value, required);
            self.main
                .extend((!field.is_empty_group()).then_some((path, field)));
        } else {
            let own = Shape::of(node) == Shape::Object && weight(node, 4) > 3;
            let mut field = builder.field(node, &spot, title.clone(), value, required);
            if own {
                // The heading says what the label would.
                match std::mem::replace(&mut field.control, Control::Object { fields: Vec::new() }) {
                    Control::Object { mut fields } => {
                        fields.extend(builder.presence(node, &spot, value, required));
                        self.heads.insert(field.name, title.clone());
                        self.put(&title, fields);
                    }
                    control => self.put(&title, [Field { control, ..field }]),
                }
            } else {
                self.put(OTHER, [field]);
            }
        }
        self.place_elsewhere(builder);
    }

    /// A large object: what it requires stands with what is wanted, the rest under a heading of its own.
    fn split(&mut self, builder: &mut Builder<'_>, whole: &Whole<'_>, title: &str) {
        let &Whole {
            node,
            spot,
            value: object,
            wanted,
            required: here,
        } = whole;
        let wanted = wanted && !(node.is_nullable() && object.is_some_and(Value::is_null));
        let above = Above {
            pointer: spot.pointer.clone(),
            path: spot.path.clone(),
        };
        builder.places.note(&above.pointer, &above.pointer);
        let union = builder.union(node, spot, object, wanted);
        let mut fields: Vec<Field> = union.into_iter().collect();
        for (name, child) in required_first(node) {
            let (pointer, path) = above.below(name);
            let hint = builder.setup.hints.fields.get(&path);
            if hint.is_some_and(|hint| hint.hidden) || builder.is_union_member(&pointer) {
                continue;
            }
            let is_needed = (wanted && node.requires(name)) || builder.asks_for(&pointer);
            let required = is_needed && (child.default_value().is_none() || builder.asks_for(&pointer));
            let spot = Builder::spot(pointer, path.clone());
            let label = builder.label(child, name, &path);
            let value = object.and_then(|object| object.get(name));
            let first = hint
                .and_then(|hint| hint.advanced)
                .map_or(is_needed, |advanced| !advanced);
            if let Some(section) = hint.and_then(|hint| hint.section.as_deref()) {
                let field = builder.field(child, &spot, label, value, required);
                self.put(section, [field]);
            } else if first {
                let label = format!("{title}: {}", labels::item(&label));
                let field = builder.field(child, &spot, label, value, required);
                self.main
                    .extend((!field.is_empty_group()).then_some((path, field)));
            } else {
                fields.push(builder.field(child, &spot, label, value, required));
            }
        }
        fields.extend(builder.presence(node, spot, object, here));
        if !fields.is_empty() {
            self.heads.insert(above.pointer.clone(), title.to_owned());
            self.put(title, fields);
        }
    }

    /// Puts fields under the headings that the hints give them, whatever they are in.
    fn place_elsewhere(&mut self, builder: &mut Builder<'_>) {
        for (section, field) in builder.elsewhere.drain(..) {
            self.put(&section, [field]);
        }
    }

    /// Puts fields under a heading, but for the objects of which nothing is shown here. A heading without a field is
    /// none.
    fn put(&mut self, title: &str, fields: impl IntoIterator<Item = Field>) {
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
        // What has no heading of its own comes before the headings.
        self.sections.sort_by_key(|section| section.title != OTHER);
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
