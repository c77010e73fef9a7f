//! An empty form can be completed to a valid object by filling in only the fields that it marks.

use std::collections::BTreeSet;

use kube_schema::path::tokens;
use kube_schema::{Definition, Node, Schema, SchemaType, Violation};
use portico_form::{Control, Field, Form, FormHints, FormInput, build, decode, encode, initial_object};
use proptest::strategy::{Strategy, ValueTree};
use proptest::test_runner::TestRunner;
use serde_json::{Value, json};

use crate::corpus;
use crate::kinds::Kinds;

/// Rounds of filling in and submitting at most.
const ROUNDS: usize = 25;

#[test]
fn an_empty_form_can_be_completed() {
    let Some(root) = corpus() else { return };
    let mut stuck = Vec::new();
    let kinds = Kinds::read(&root);
    for definition in kinds.0.values() {
        for version in &definition.versions {
            if let Err(why) = complete(definition, &version.name) {
                stuck.push(format!("{} {}: {why}", definition.name, version.name));
            }
        }
    }
    assert!(
        stuck.is_empty(),
        "{} are dead ends:\n{}",
        stuck.len(),
        stuck.join("\n")
    );
}

/// Fills in the form of a new object until it is valid.
fn complete(definition: &Definition, version: &str) -> Result<(), String> {
    let schema = definition
        .version(version)
        .ok_or("no version")?
        .schema()
        .map_err(|error| error.to_string())?;
    let hints = FormHints::default();
    // One kind must be named after two of its fields.
    let name = if definition.kind == "APIServiceExport" {
        "example.example"
    } else {
        "mine"
    };
    let base = json!({
        "apiVersion": format!("{}/{version}", definition.group), "kind": definition.kind,
        "metadata": {"name": name, "namespace": "team"},
    });
    let mut object = initial_object(schema, &hints, None, &base);
    let mut typed = None;
    let mut violations: Vec<Violation> = Vec::new();
    for _ in 0..ROUNDS {
        let form = build(
            schema,
            FormInput {
                typed: typed.as_ref(),
                violations: &violations,
                ..FormInput::new(&hints, &object)
            },
        );
        if form
            .problems
            .iter()
            .any(|problem| problem.contains("does not declare it"))
        {
            // The definition contradicts itself, which the form reports.
            return Ok(());
        }
        let mut person = Person {
            schema,
            posts: encode(&form),
            button: None,
            answered: BTreeSet::new(),
        };
        person.fill_in(&form);
        let decoded = decode(schema, &object, &person.posted());
        let pressed = person.button.is_some();
        object = decoded.object;
        typed = Some(decoded.typed);
        violations = definition
            .validate(version, &object, None)
            .map_err(|error| error.to_string())?
            .violations;
        if violations.is_empty() && !pressed {
            return Ok(());
        }
    }
    let said: Vec<String> = violations.iter().map(ToString::to_string).collect();
    Err(format!("{}\n    {object}", said.join("; ")))
}

/// Fills in only fields that are marked as required or invalid.
struct Person<'s> {
    schema: &'s Schema,
    posts: Vec<(String, String)>,
    button: Option<String>,
    /// Problems already dealt with: one that is shown at several fields is solved at one of them.
    answered: BTreeSet<String>,
}

impl Person<'_> {
    fn posted(&self) -> Vec<(String, String)> {
        let mut posts = self.posts.clone();
        posts.extend(
            self.button
                .iter()
                .map(|button| ("_do".to_owned(), button.clone())),
        );
        posts
    }

    fn write(&mut self, name: &str, text: String) {
        self.posts.retain(|(posted, _)| posted != name);
        self.posts.push((name.to_owned(), text));
    }

    fn press(&mut self, button: String) {
        self.button.get_or_insert(button);
    }

    fn fill_in(&mut self, form: &Form) {
        let fields = || {
            form.main
                .iter()
                .chain(form.sections.iter().flat_map(|section| &section.fields))
        };
        for field in fields() {
            self.field(field);
        }
        for section in &form.sections {
            let is_new = |problem: &&String| self.answered.insert((*problem).clone());
            if section.problems.iter().filter(is_new).count() > 0 {
                section.fields.iter().take(1).for_each(|field| self.begin(field));
            }
        }
        if form
            .problems
            .iter()
            .any(|problem| problem.contains("at least one field"))
        {
            fields().take(1).for_each(|field| self.begin(field));
        }
    }

    /// Fills in any value.
    fn begin(&mut self, field: &Field) {
        let within = match &field.control {
            Control::Object { fields } | Control::Secret { fields } => fields.first(),
            _ => None,
        };
        match within {
            Some(first) => self.begin(first),
            None => self.field(&Field {
                required: true,
                ..field.clone()
            }),
        }
    }

    fn field(&mut self, field: &Field) {
        let is_new = |problem: &&String| self.answered.insert((*problem).clone());
        let wrong = field.problems.iter().filter(is_new).count() > 0;
        let marked = field.required || wrong;
        let node = self.node(&field.name);
        match &field.control {
            Control::Object { fields } | Control::Secret { fields } => {
                if wrong
                    && !fields
                        .iter()
                        .any(|field| field.required || !field.problems.is_empty())
                {
                    self.begin(field);
                }
                for field in fields {
                    self.field(field);
                }
            }
            Control::List { items, min_items, .. } => {
                if wrong || field.required && (items.len() as u64) < min_items.unwrap_or(0) {
                    self.press(format!("add:{}", field.name));
                }
                for field in items {
                    self.field(field);
                }
            }
            Control::Map { entries } => {
                if wrong && entries.is_empty() {
                    self.press(format!("add:{}", field.name));
                }
                for entry in entries {
                    if entry.key.is_empty() {
                        self.write(&entry.key_name, "key".to_owned());
                    }
                    self.field(&entry.value);
                }
            }
            Control::Union { branches, chosen } => {
                if marked && chosen.is_empty() {
                    self.write(&format!("{}/@branch", field.name), branches[0].id.clone());
                    self.press(format!("branch:{}", field.name));
                }
                if let Some(branch) = branches.iter().find(|branch| branch.id == *chosen) {
                    branch.fields.iter().for_each(|field| self.field(field));
                }
            }
            Control::Text { text, .. } | Control::Number { text, .. }
                if marked && (text.is_empty() || wrong) =>
            {
                if let Some(text) = node.and_then(sample) {
                    self.write(&field.name, text);
                }
            }
            Control::Choice { chosen, choices } if marked && chosen.is_empty() => {
                self.write(&field.name, choices[0].value.clone());
            }
            Control::OptionalToggle { on: None } if marked => self.write(&field.name, "true".to_owned()),
            Control::Yaml { text } if marked && (text.is_empty() || wrong) => {
                let mut value = node.map_or(json!({}), minimal);
                if wrong
                    && !field.name.contains("/0")
                    && let (Some(node), Some(map)) = (node, value.as_object_mut())
                {
                    // A problem of a large field is mostly a list that needs an item.
                    let lists = node
                        .properties()
                        .filter_map(|(name, child)| Some((name, child.items()?)));
                    map.extend(lists.map(|(name, item)| (name.to_owned(), json!([minimal(item)]))));
                }
                self.write(&format!("{}/@yaml", field.name), value.to_string());
            }
            _ => {}
        }
    }

    /// The schema of an input, which a person knows from the help text and the problem.
    fn node(&self, name: &str) -> Option<&Node> {
        let mut node = self.schema.root();
        let mut below_map = false;
        for token in tokens(name) {
            if std::mem::take(&mut below_map) {
                continue;
            }
            node = match (node.property(&token), node.items(), node.additional_properties()) {
                (Some(property), ..) => property,
                (None, Some(item), _) => item,
                (None, None, Some(value)) => {
                    below_map = true;
                    value
                }
                _ => return None,
            };
        }
        Some(node)
    }
}

/// Typical values.
const USUAL: [&str; 19] = [
    "example",
    "a",
    "my-name",
    "example.org/v1",
    "1",
    "10",
    "10Gi",
    "30m",
    "v1",
    "1.2.3",
    "v1.30.0",
    "example.com",
    "https://example.com",
    "10.0.0.0/16",
    "10.0.0.1",
    "eu-west-1",
    "vpc-0123456789abcdef0",
    "ExampleKind",
    "2026-01-31",
];

/// A value that a person would type.
fn sample(node: &Node) -> Option<String> {
    match minimal(node) {
        Value::String(text) => (!text.is_empty()).then_some(text),
        other => Some(other.to_string()),
    }
}

/// A string that matches a pattern.
fn matching(node: &Node) -> Option<String> {
    let pattern = node.pattern()?;
    let (least, most) = (
        node.min_length().unwrap_or(1).max(1),
        node.max_length().unwrap_or(63),
    );
    let fits = |text: &str| {
        let length = i64::try_from(text.chars().count()).unwrap_or(i64::MAX);
        length >= least && length <= most && node.accepts(Value::from(text))
    };
    if let Some(usual) = USUAL.iter().find(|usual| fits(usual)) {
        return Some((*usual).to_owned());
    }
    let source = pattern
        .trim_start_matches('^')
        .trim_end_matches('$')
        .replace("\\d", "[0-9]")
        .replace("\\w", "[a-z]");
    let strategy = proptest::string::string_regex(&source).ok()?;
    let mut runner = TestRunner::deterministic();
    (0..400)
        .filter_map(|_| Some(strategy.new_tree(&mut runner).ok()?.current()))
        .find(|text| fits(text))
}

/// The smallest value that a node is likely to accept.
fn minimal(node: &Node) -> Value {
    if let Some(value) = node.enum_values().iter().find(|value| !value.is_null()) {
        return value.clone();
    }
    match node.schema_type() {
        SchemaType::Boolean => json!(true),
        SchemaType::Integer | SchemaType::IntOrString => {
            let least = node.minimum().unwrap_or(1.0).max(1.0);
            // Integer bounds are printed without a decimal point.
            serde_json::from_str(&format!("{least:.0}")).unwrap_or(json!(1))
        }
        SchemaType::Number => json!(node.minimum().unwrap_or(1.0).max(1.0)),
        SchemaType::Array => {
            let least = node.min_items().unwrap_or(0);
            node.items()
                .map_or(json!([]), |item| (0..least).map(|_| minimal(item)).collect())
        }
        SchemaType::String => {
            let length = node.min_length().unwrap_or(1).clamp(7, 1_000);
            let most = node.max_length().unwrap_or(1_000).max(1);
            let length = length.min(most);
            let text = match node.format() {
                Some("date-time") => "2026-01-31T12:00:00Z".to_owned(),
                Some("date") => "2026-01-31".to_owned(),
                Some("duration") => "30m".to_owned(),
                Some("byte") => "aGVsbG8=".to_owned(),
                _ if node.pattern().is_some() => {
                    return Value::String(matching(node).unwrap_or_default());
                }
                _ => "example"
                    .chars()
                    .cycle()
                    .take(usize::try_from(length).unwrap_or(1))
                    .collect(),
            };
            Value::String(text)
        }
        _ => {
            let mut map = serde_json::Map::new();
            for (name, child) in node.properties() {
                if node.requires(name) && child.default_value().is_none() {
                    map.insert(name.to_string(), minimal(child));
                }
            }
            Value::Object(map)
        }
    }
}
