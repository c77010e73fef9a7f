//! Decodes a posted form into an object.

use std::collections::{BTreeMap, HashSet};

use kube_schema::path::{Path, push_token};
use kube_schema::{Check, Node, Reason, Schema, Violation, yaml};
use portico_page::names;
use serde_json::{Map, Value};

use super::commands::Command;
use super::posted::Posted;
use super::union::{self, Union};
use super::values::{IDENTITY, blank, initial_value, is_empty};
use super::{Shape, invalid_map_rows, quantity, scalar_text};
use crate::EmptyMeans;

/// The result of decoding a form.
#[derive(Debug, Clone, PartialEq)]
pub struct Decoded {
    /// The object, as far as it could be decoded. Text in a number field stays a string, for validation to reject.
    pub object: Value,
    /// Errors of inputs that have no value: malformed YAML, duplicate keys.
    pub problems: Vec<Violation>,
    /// The text of those inputs by name, invalid map rows, and chosen branches. Pass it to
    /// [`super::FormInput::typed`].
    pub typed: BTreeMap<String, String>,
    /// The command of the pressed button, which is already applied to `object`; `None` if the form was submitted.
    pub command: Option<String>,
}

/// Decodes a posted form. `base` is the object that the form was built from; fields that are not in the form keep its
/// values.
#[must_use]
pub fn decode(schema: &Schema, base: &Value, pairs: &[(String, String)]) -> Decoded {
    let command = pairs
        .iter()
        .rev()
        .find(|(name, _)| name == names::DO)
        .map(|(_, command)| command.clone());
    let parsed = command.as_deref().and_then(Command::parse);
    let posted = Posted::read(pairs);
    let mut decoder = Decoder {
        problems: Vec::new(),
        typed: BTreeMap::new(),
        has_rows_aside: false,
    };
    let empty = Value::Object(Map::new());
    let base = if base.is_object() { base } else { &empty };
    let mut object = decoder.object(schema.root(), &posted, Some(base), true, &Path::ROOT, "");
    if let Some(command) = &parsed {
        command.apply(schema.root(), &mut object);
    }
    if decoder.has_rows_aside || matches!(parsed, Some(Command::Add(_))) {
        let mut extractor = invalid_map_rows::InvalidRowExtractor {
            typed: &mut decoder.typed,
            problems: &mut decoder.problems,
        };
        extractor.extract(schema.root(), &mut object, &Path::ROOT, "");
    }
    Decoded {
        object,
        problems: decoder.problems,
        typed: decoder.typed,
        command,
    }
}

struct Decoder {
    problems: Vec<Violation>,
    typed: BTreeMap<String, String>,
    /// True if the object has map rows under placeholder keys.
    has_rows_aside: bool,
}

impl Decoder {
    fn problem(&mut self, path: &Path<'_>, detail: &str) {
        self.problems.push(Violation::new(
            path,
            Check::Schema,
            Reason::Invalid,
            None,
            detail.to_owned(),
        ));
    }

    /// Decodes the value of a node; `None` if it is not set. `name` is the name of the input.
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
        if let Some(unit) = posted.text_at("@unit").filter(|unit| quantity::is_suffix(unit)) {
            // While the number is not one yet, the form keeps the unit.
            self.typed.insert(format!("{name}/@unit"), unit.to_owned());
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
                Some(text) if text.is_empty() => blank(node),
                Some(text) => {
                    let whole = posted
                        .text_at("@unit")
                        .and_then(|unit| quantity::with_unit(text, unit));
                    return Some(scalar_text::from_text(node, whole.as_deref().unwrap_or(text)));
                }
            },
            _ => return base.cloned(),
        };
        if !is_empty(&value) {
            return Some(value);
        }
        match posted.text_at("@empty").and_then(EmptyMeans::read) {
            Some(EmptyMeans::Unset) => None,
            Some(EmptyMeans::Empty) => Some(value),
            Some(EmptyMeans::Null) => Some(Value::Null),
            None => required.then_some(value),
        }
    }

    fn yaml(&mut self, text: &str, base: Option<&Value>, path: &Path<'_>, name: &str) -> Option<Value> {
        match yaml::parse(text) {
            Ok(Value::Null) if text.trim().is_empty() => None,
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
        let (chosen, unchosen) = self.branch(node, posted, name);
        // Removed fields keep their position until the end, because they may return as empty values.
        let mut gone: HashSet<&str> = HashSet::new();
        let mut missing = Vec::new();
        for (property, child) in node.properties() {
            if path.is_root() && IDENTITY.contains(&property) {
                continue;
            }
            if unchosen.contains(&property) {
                gone.insert(property);
                continue;
            }
            let Some(below) = posted.get(property) else {
                continue;
            };
            let mut input = name.to_owned();
            push_token(&mut input, property);
            let base = before.and_then(|before| before.get(property));
            // An object that is laid out as a section exists if it existed before.
            let is_laid_out = path.is_root() && property == "spec" && base.is_some_and(Value::is_object);
            let value = self.value(child, below, base, is_laid_out, &path.property(property), &input);
            let is_needed = node.requires(property) && child.default_value().is_none();
            // Empty required values inside an object do not make it exist.
            let waits = is_needed && before.is_none() && !required;
            match value {
                Some(value) if !(waits && is_empty(&value)) => {
                    map.insert(property.to_owned(), value);
                }
                value => {
                    gone.insert(property);
                    if is_needed {
                        missing.push((property, child, value));
                    }
                }
            }
        }
        // A chosen branch exists even if none of its fields is filled in.
        for property in chosen {
            let child = node.property(property);
            let is_there = map.contains_key(property) && !gone.contains(property);
            if let Some(value) = child.and_then(initial_value).filter(|_| !is_there) {
                gone.remove(property);
                map.insert(property.to_owned(), value);
            }
        }
        // Once an object exists, its required objects and lists without fields exist too, as empty values.
        let has_any = map.keys().any(|name| !gone.contains(name.as_str()));
        if required || before.is_some() || has_any {
            for (property, child, value) in missing {
                let holds_others = matches!(Shape::of(child), Shape::Object | Shape::List | Shape::Map);
                if let Some(value) = value.or_else(|| holds_others.then(|| blank(child))) {
                    gone.remove(property);
                    map.insert(property.to_owned(), value);
                }
            }
        }
        if !gone.is_empty() {
            map.retain(|name, _| !gone.contains(name.as_str()));
        }
        Value::Object(map)
    }

    /// The fields of the chosen branch, and those of all others.
    fn branch<'n>(&mut self, node: &'n Node, posted: &Posted, name: &str) -> (Vec<&'n str>, Vec<&'n str>) {
        let nothing = (Vec::new(), Vec::new());
        let Some(chosen) = posted.text_at("@branch") else {
            return nothing;
        };
        let Some(union) = Union::of(node) else {
            return nothing;
        };
        let Some(others) = union.unchosen(chosen) else {
            return nothing;
        };
        self.typed.insert(format!("{name}/@branch"), chosen.to_owned());
        let own = union.shapes.iter().find(|names| union::id(names) == chosen);
        (own.cloned().unwrap_or_default(), others)
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
                // Every row that is shown is posted, blank ones included.
                items.push(value.unwrap_or_else(|| blank(child)));
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
        if let Some(child) = node.additional_properties() {
            for (index, entry) in posted.entries() {
                let key = entry.text_at("key").unwrap_or_default();
                let base = before.and_then(|before| before.get(key));
                let input = format!("{name}/@{index}/value");
                let value = match entry.get("value") {
                    Some(value) => self.value(child, value, base, true, &path.key(key), &input),
                    None => base.cloned(),
                };
                let value = value.unwrap_or_else(|| blank(child));
                // Blank rows and rows without a key exist only in the form.
                if key.is_empty() || map.contains_key(key) {
                    self.has_rows_aside = true;
                    map.insert(invalid_map_rows::placeholder_key(index, key), value);
                } else {
                    map.insert(key.to_owned(), value);
                }
            }
        }
        Value::Object(map)
    }
}

/// True if a posted item is the one that was at this index before. Items may have been removed or moved since, and
/// hidden fields of one item must not be given to another.
fn is_same_item(list: &Node, node: &Node, posted: &Posted, base: &Value) -> bool {
    if Shape::of(node) != Shape::Object {
        return true;
    }
    let same = |name: &str| {
        let child = node
            .property(name)
            .filter(|child| Shape::of(child) == Shape::Scalar)?;
        let text = posted.text_at(name).filter(|text| !text.is_empty())?;
        Some(base.get(name) == Some(&scalar_text::from_text(child, text)))
    };
    if list.list_map_keys().len() > 0 {
        return list.list_map_keys().all(|name| same(name).unwrap_or(true));
    }
    let compared: Vec<bool> = node.properties().filter_map(|(name, _)| same(name)).collect();
    compared.is_empty() || compared.contains(&true)
}
