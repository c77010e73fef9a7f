//! From what a form posts to an object.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use super::build::IDENTITY;
use super::commands::Command;
use super::controls::is_empty;
use super::posted::Posted;
use super::union::Union;
use super::{Shape, aside, texts};
use crate::schema::Schema;
use crate::schema::node::{Kind, Node};
use crate::schema::path::{Path, push_token};
use crate::schema::violation::{Check, Reason, Violation};
use crate::schema::yaml;
use crate::view::names::DO;

/// What a posted form comes to.
#[derive(Debug, Clone, PartialEq)]
pub struct Decoded {
    /// The object, as far as it can be made. A text where a number belongs stays a text, for the validator to refuse.
    pub object: Value,
    /// Inputs that are no value at all, as violations beside their fields: malformed YAML, a key that is there twice.
    pub problems: Vec<Violation>,
    /// Such inputs as they were typed, by name, rows of maps that no object can hold, and branches chosen: give it to
    /// [`super::Setup::typed`].
    pub typed: BTreeMap<String, String>,
    /// The command of the button pressed, carried out on `object` already; `None` when the form was submitted.
    pub command: Option<String>,
}

/// Reads what a form posted. `base` is the object that the form was built from: what the form does not show is kept.
#[must_use]
pub fn decode(schema: &Schema, base: &Value, pairs: &[(String, String)]) -> Decoded {
    let command = pairs
        .iter()
        .rev()
        .find(|(name, _)| name == DO)
        .map(|(_, command)| command.clone());
    let parsed = command.as_deref().and_then(Command::parse);
    let posted = Posted::read(pairs);
    let mut reader = Reader {
        editing: parsed.is_some(),
        problems: Vec::new(),
        typed: BTreeMap::new(),
        has_rows_aside: false,
    };
    let empty = Value::Object(Map::new());
    let base = if base.is_object() { base } else { &empty };
    let mut object = reader.object(schema.root(), &posted, Some(base), true, &Path::ROOT, "");
    if let Some(command) = parsed {
        command.carry_out(schema.root(), &mut object);
    }
    if reader.has_rows_aside {
        let mut taker = aside::Taker {
            typed: &mut reader.typed,
            problems: &mut reader.problems,
        };
        taker.take(schema.root(), &mut object, &Path::ROOT, "");
    }
    Decoded {
        object,
        problems: reader.problems,
        typed: reader.typed,
        command,
    }
}

struct Reader {
    /// A button within the form was pressed: what is blank stays, to be filled in.
    editing: bool,
    problems: Vec<Violation>,
    typed: BTreeMap<String, String>,
    /// Rows of maps stand in the object that it cannot hold.
    has_rows_aside: bool,
}

impl Reader {
    fn problem(&mut self, path: &Path<'_>, detail: &str) {
        self.problems.push(Violation::new(
            path,
            Check::Schema,
            Reason::Invalid,
            None,
            detail.to_owned(),
        ));
    }

    /// The value at a node; `None` when it is not there. `name` is the name of the input.
    fn value(
        &mut self,
        node: &Node,
        posted: &Posted,
        base: Option<&Value>,
        required: bool,
        path: &Path<'_>,
        name: &str,
    ) -> Option<Value> {
        if let Some(text) = posted.text_at("@yaml") {
            return self.yaml(text, base, path, name);
        }
        let is_posted = posted.text.is_some() || !posted.below.is_empty();
        let value = match Shape::of(node) {
            Shape::Object if !posted.below.is_empty() => {
                self.object(node, posted, base, required, path, name)
            }
            Shape::List if is_posted => self.list(node, posted, base, path, name),
            Shape::Map if is_posted => self.map(node, posted, base, path, name),
            Shape::Scalar => match &posted.text {
                None => return base.cloned(),
                Some(text) if text.is_empty() => return base.filter(|base| is_empty(base)).cloned(),
                Some(text) => unless_same_lines(texts::from_text(node, text), base),
            },
            _ => return base.cloned(),
        };
        if !is_empty(&value) {
            return Some(value);
        }
        // Empty: as it was before if it was so; else there only where it must be.
        base.filter(|base| is_empty(base))
            .cloned()
            .or_else(|| required.then_some(value))
    }

    fn yaml(&mut self, text: &str, base: Option<&Value>, path: &Path<'_>, name: &str) -> Option<Value> {
        match yaml::parse(text) {
            Ok(Value::Null) if text.trim().is_empty() => base.filter(|base| is_empty(base)).cloned(),
            Ok(value) => Some(value),
            Err(error) => {
                self.problem(path, &format!("is not YAML: {error}"));
                self.typed.insert(format!("{name}/@yaml"), text.to_owned());
                base.cloned()
            }
        }
    }

    fn object(
        &mut self,
        node: &Node,
        posted: &Posted,
        base: Option<&Value>,
        required: bool,
        path: &Path<'_>,
        name: &str,
    ) -> Value {
        let before = base.and_then(Value::as_object);
        let mut map = before.cloned().unwrap_or_default();
        let unchosen = self.unchosen(node, posted, name);
        let mut missing = Vec::new();
        for (property, child) in &node.properties {
            let property = &**property;
            if path.is_root() && IDENTITY.contains(&property) {
                continue;
            }
            if unchosen.contains(&property) {
                map.shift_remove(property);
                continue;
            }
            let Some(below) = posted.get(property) else {
                continue;
            };
            let mut input = name.to_owned();
            push_token(&mut input, property);
            let base = before.and_then(|before| before.get(property));
            let value = self.value(child, below, base, false, &path.property(property), &input);
            if let Some(value) = value {
                map.insert(property.to_owned(), value);
                continue;
            }
            map.shift_remove(property);
            if node.requires(property) && child.default.is_none() {
                missing.push((property, child));
            }
        }
        // What an object requires is there, though empty, once the object is: an object without fields, an empty list.
        if required || before.is_some() || !map.is_empty() {
            for (property, child) in missing {
                if matches!(Shape::of(child), Shape::Object | Shape::List | Shape::Map) {
                    map.insert(property.to_owned(), blank(child));
                }
            }
        }
        Value::Object(map)
    }

    /// The fields of branches that were not chosen.
    fn unchosen<'n>(&mut self, node: &'n Node, posted: &Posted, name: &str) -> Vec<&'n str> {
        let Some(chosen) = posted.text_at("@branch") else {
            return Vec::new();
        };
        let Some(others) = Union::of(node).and_then(|union| union.unchosen(chosen)) else {
            return Vec::new();
        };
        self.typed.insert(format!("{name}/@branch"), chosen.to_owned());
        others
    }

    fn list(
        &mut self,
        node: &Node,
        posted: &Posted,
        base: Option<&Value>,
        path: &Path<'_>,
        name: &str,
    ) -> Value {
        let before = base.and_then(Value::as_array);
        let mut items = Vec::new();
        if let Some(child) = node.items() {
            for (index, item) in posted.items() {
                let base = before
                    .and_then(|before| before.get(index))
                    .filter(|base| is_same_item(node, child, item, base));
                let place = items.len();
                let value = self.value(
                    child,
                    item,
                    base,
                    true,
                    &path.index(place),
                    &format!("{name}/{index}"),
                );
                match value {
                    Some(value) => items.push(value),
                    // A blank item is dropped, but not while one is still at it.
                    None if self.editing => items.push(blank(child)),
                    None => {}
                }
            }
        }
        Value::Array(items)
    }

    fn map(
        &mut self,
        node: &Node,
        posted: &Posted,
        base: Option<&Value>,
        path: &Path<'_>,
        name: &str,
    ) -> Value {
        let before = base.and_then(Value::as_object);
        let mut map = Map::new();
        if let Some(child) = node.values() {
            for (index, entry) in posted.entries() {
                let key = entry.text_at("key").unwrap_or_default();
                let base = before.and_then(|before| before.get(key));
                let input = format!("{name}/@{index}/value");
                let value = match entry.get("value") {
                    Some(value) => self.value(child, value, base, true, &path.key(key), &input),
                    None => base.cloned(),
                };
                let said = value.as_ref().is_some_and(|value| !is_empty(value));
                let value = value.unwrap_or_else(|| blank(child));
                // A blank row is dropped, but not while one is still at it.
                if key.is_empty() && !said && (!self.editing || map.contains_key(key)) {
                    continue;
                }
                if key.is_empty() && said || map.contains_key(key) {
                    self.has_rows_aside = true;
                    map.insert(aside::stand_in(index, key), value);
                } else {
                    map.insert(key.to_owned(), value);
                }
            }
        }
        Value::Object(map)
    }
}

/// Whether a posted item is the one that stood at its place before: items may have been removed or moved since, and
/// what the form does not post of one must not fall to another.
fn is_same_item(list: &Node, node: &Node, posted: &Posted, base: &Value) -> bool {
    if Shape::of(node) != Shape::Object {
        return true;
    }
    let same = |name: &str| {
        let child = node
            .properties
            .get(name)
            .filter(|child| Shape::of(child) == Shape::Scalar)?;
        let text = posted.text_at(name).filter(|text| !text.is_empty())?;
        Some(base.get(name) == Some(&texts::from_text(child, text)))
    };
    if !list.list_keys.is_empty() {
        return list.list_keys.iter().all(|name| same(name).unwrap_or(true));
    }
    let compared: Vec<bool> = node.properties.keys().filter_map(|name| same(name)).collect();
    compared.is_empty() || compared.contains(&true)
}

/// What stands for a value that is still to be filled in.
pub(super) fn blank(node: &Node) -> Value {
    match Shape::of(node) {
        Shape::Object | Shape::Map => Value::Object(Map::new()),
        Shape::List => Value::Array(Vec::new()),
        Shape::Scalar if matches!(node.kind, Kind::String | Kind::IntOrString) => {
            Value::String(String::new())
        }
        Shape::Scalar | Shape::Free => Value::Null,
    }
}

/// Browsers end lines in their own way; a text that differs in that alone is as it was.
fn unless_same_lines(value: Value, base: Option<&Value>) -> Value {
    match (&value, base) {
        (Value::String(text), Some(Value::String(before))) if before.replace("\r\n", "\n") == *text => {
            Value::String(before.clone())
        }
        _ => value,
    }
}
