//! Reading an `openAPIV3Schema`, bounded in depth, nodes and bytes.

use std::collections::HashMap;
use std::sync::Arc;

use serde_json::Value;

use super::document::{Document, Place, array, count, flag, kind, list_type, number, object, text};
use super::error::{Limits, ParseError};
use super::format::Format;
use super::node::{Additional, Bounds, Combinations, ListType, Node};
use super::pattern::Pattern;
use super::rules::Rule;

/// Keywords of `OpenAPI` that structural schemas must not use: with them an object would be judged otherwise.
const FORBIDDEN: [&str; 5] = [
    "patternProperties",
    "definitions",
    "dependencies",
    "additionalItems",
    "discriminator",
];

/// Different patterns that one schema may have: each may take a megabyte once compiled.
const PATTERNS: usize = 300;

/// Reads a schema.
///
/// # Errors
/// When it is no structural schema, or beyond `limits`.
pub(super) fn parse(schema: &Value, limits: Limits) -> Result<Node, ParseError> {
    let mut reader = Reader {
        limits,
        nodes: 0,
        bytes: 0,
        patterns: HashMap::new(),
    };
    reader.node(
        schema,
        &Place {
            parent: None,
            step: "openAPIV3Schema",
        },
        0,
    )
}

struct Reader {
    limits: Limits,
    nodes: usize,
    bytes: usize,
    /// The same pattern is compiled once in a schema, however often it stands there.
    patterns: HashMap<Box<str>, Arc<Pattern>>,
}

impl Reader {
    fn node(&mut self, schema: &Value, place: &Place<'_>, depth: usize) -> Result<Node, ParseError> {
        let Value::Object(document) = schema else {
            return Err(place.malformed("", "must be an object"));
        };
        if depth > self.limits.depth {
            return Err(ParseError::TooDeep {
                path: place.text(),
                limit: self.limits.depth,
            });
        }
        self.nodes += 1;
        if self.nodes > self.limits.nodes {
            return Err(ParseError::TooManyNodes {
                limit: self.limits.nodes,
            });
        }
        if document.get("$ref").is_some_and(|reference| !reference.is_null()) {
            return Err(ParseError::Reference { path: place.text() });
        }
        for keyword in FORBIDDEN {
            if document.get(keyword).is_some_and(|value| !value.is_null()) {
                return Err(place.malformed(keyword, "is not allowed in a structural schema"));
            }
        }

        let kind = kind(document, place)?;
        let mut node = Node {
            kind,
            nullable: flag(document, "nullable", place)?,
            preserve_unknown: flag(document, "x-kubernetes-preserve-unknown-fields", place)?,
            embedded_resource: flag(document, "x-kubernetes-embedded-resource", place)?,
            format: Format::checked(kind, text(document, "format", place)?.unwrap_or_default()),
            title: self.take_text(document, "title", place)?,
            description: self.take_text(document, "description", place)?,
            default: self.take_value(document, "default")?,
            example: self.take_value(document, "example")?,
            list_type: list_type(document, place)?,
            list_keys: self.texts(document, "x-kubernetes-list-map-keys", place)?,
            required: self.texts(document, "required", place)?,
            one_of_values: self.enumeration(document, place)?,
            bounds: self.bounds(document, place)?,
            ..Node::default()
        };
        self.children(&mut node, document, place, depth)?;
        node.combinations = self.combinations(document, place, depth)?;
        node.rules = self.rules(document, place)?;
        if node.one_of_values.len() > 32 {
            let texts = node
                .one_of_values
                .iter()
                .filter_map(Value::as_str)
                .map(Into::into);
            node.many_texts = Some(texts.collect());
        }
        summarize(&mut node);
        Ok(node)
    }

    fn children(
        &mut self,
        node: &mut Node,
        document: &Document,
        place: &Place<'_>,
        depth: usize,
    ) -> Result<(), ParseError> {
        if let Some(properties) = object(document, "properties", place)? {
            node.properties.reserve(properties.len().min(self.limits.nodes));
            for (name, schema) in properties {
                self.count(name.len())?;
                let child = self.node(schema, &place.child(name), depth + 1)?;
                node.properties.insert(name.as_str().into(), child);
            }
        }
        match document.get("additionalProperties") {
            None | Some(Value::Null) => {}
            Some(Value::Bool(true)) => node.additional = Additional::Any,
            Some(Value::Bool(false)) => node.additional = Additional::Forbidden,
            Some(schema) => {
                let child = self.node(schema, &place.child("*"), depth + 1)?;
                node.additional = Additional::Of(Box::new(child));
            }
        }
        match document.get("items") {
            None | Some(Value::Null) => {}
            Some(Value::Array(_)) => {
                return Err(place.malformed("items", "must be one schema, not a list of schemas"));
            }
            Some(schema) => {
                node.items = Some(Box::new(self.node(schema, &place.child("[]"), depth + 1)?));
            }
        }
        Ok(())
    }

    fn combinations(
        &mut self,
        document: &Document,
        place: &Place<'_>,
        depth: usize,
    ) -> Result<Option<Box<Combinations>>, ParseError> {
        let mut found = Combinations {
            all_of: self.branches(document, "allOf", place, depth)?,
            any_of: self.branches(document, "anyOf", place, depth)?,
            one_of: self.branches(document, "oneOf", place, depth)?,
            not: None,
        };
        if let Some(schema) = document.get("not").filter(|value| !value.is_null()) {
            found.not = Some(Box::new(self.node(schema, &place.child("not"), depth + 1)?));
        }
        let empty = found.all_of.is_empty()
            && found.any_of.is_empty()
            && found.one_of.is_empty()
            && found.not.is_none();
        Ok((!empty).then(|| Box::new(found)))
    }

    fn branches(
        &mut self,
        document: &Document,
        keyword: &str,
        place: &Place<'_>,
        depth: usize,
    ) -> Result<Vec<Node>, ParseError> {
        let place = place.child(keyword);
        array(document, keyword, &place)?
            .iter()
            .map(|branch| self.node(branch, &place, depth + 1))
            .collect()
    }

    fn rules(&mut self, document: &Document, place: &Place<'_>) -> Result<Vec<Rule>, ParseError> {
        const KEY: &str = "x-kubernetes-validations";
        let mut rules = Vec::new();
        for rule in array(document, KEY, place)? {
            let rule = Rule::read(rule).map_err(|problem| place.malformed(KEY, &problem))?;
            self.count(rule.size())?;
            rules.push(rule);
        }
        Ok(rules)
    }

    fn enumeration(&mut self, document: &Document, place: &Place<'_>) -> Result<Vec<Value>, ParseError> {
        let values = array(document, "enum", place)?;
        for value in values {
            self.count_value(value)?;
        }
        Ok(values.to_vec())
    }

    fn bounds(&mut self, document: &Document, place: &Place<'_>) -> Result<Option<Box<Bounds>>, ParseError> {
        const KEYS: [&str; 13] = [
            "pattern",
            "minLength",
            "maxLength",
            "minimum",
            "maximum",
            "exclusiveMinimum",
            "exclusiveMaximum",
            "multipleOf",
            "minItems",
            "maxItems",
            "uniqueItems",
            "minProperties",
            "maxProperties",
        ];
        if !KEYS.iter().any(|key| document.contains_key(*key)) {
            return Ok(None);
        }
        let pattern = match text(document, "pattern", place)? {
            None | Some("") => None,
            Some(source) => {
                self.count(source.len())?;
                if self.patterns.len() >= PATTERNS && !self.patterns.contains_key(source) {
                    return Err(ParseError::TooManyPatterns { limit: PATTERNS });
                }
                let pattern = self
                    .patterns
                    .entry(source.into())
                    .or_insert_with(|| Arc::new(Pattern::new(source)));
                Some(Arc::clone(pattern))
            }
        };
        Ok(Some(Box::new(Bounds {
            pattern,
            min_length: count(document, "minLength", place)?,
            max_length: count(document, "maxLength", place)?,
            minimum: number(document, "minimum", place)?,
            maximum: number(document, "maximum", place)?,
            exclusive_minimum: flag(document, "exclusiveMinimum", place)?,
            exclusive_maximum: flag(document, "exclusiveMaximum", place)?,
            multiple_of: number(document, "multipleOf", place)?,
            min_items: count(document, "minItems", place)?,
            max_items: count(document, "maxItems", place)?,
            unique_items: flag(document, "uniqueItems", place)?,
            min_properties: count(document, "minProperties", place)?,
            max_properties: count(document, "maxProperties", place)?,
        })))
    }

    fn take_text(
        &mut self,
        document: &Document,
        key: &str,
        place: &Place<'_>,
    ) -> Result<Option<Box<str>>, ParseError> {
        let Some(found) = text(document, key, place)?.filter(|found| !found.is_empty()) else {
            return Ok(None);
        };
        self.count(found.len())?;
        Ok(Some(found.into()))
    }

    fn take_value(&mut self, document: &Document, key: &str) -> Result<Option<Box<Value>>, ParseError> {
        let Some(found) = document.get(key).filter(|value| !value.is_null()) else {
            return Ok(None);
        };
        self.count_value(found)?;
        Ok(Some(Box::new(found.clone())))
    }

    fn texts(
        &mut self,
        document: &Document,
        key: &str,
        place: &Place<'_>,
    ) -> Result<Vec<Box<str>>, ParseError> {
        let mut texts = Vec::new();
        for value in array(document, key, place)? {
            let text = value
                .as_str()
                .ok_or_else(|| place.malformed(key, "must be a list of strings"))?;
            self.count(text.len())?;
            texts.push(text.into());
        }
        Ok(texts)
    }

    fn count(&mut self, bytes: usize) -> Result<(), ParseError> {
        // A name or a value costs some memory however short it is.
        self.bytes = self.bytes.saturating_add(bytes).saturating_add(16);
        if self.bytes > self.limits.bytes {
            return Err(ParseError::TooLarge {
                limit: self.limits.bytes,
            });
        }
        Ok(())
    }

    fn count_value(&mut self, value: &Value) -> Result<(), ParseError> {
        let mut waiting = vec![value];
        while let Some(value) = waiting.pop() {
            match value {
                Value::String(text) => self.count(text.len())?,
                Value::Array(items) => {
                    self.count(0)?;
                    waiting.extend(items);
                }
                Value::Object(map) => {
                    self.count(map.keys().map(String::len).sum())?;
                    waiting.extend(map.values());
                }
                _ => self.count(0)?,
            }
        }
        Ok(())
    }
}

/// Notes on a node what is below it, so that walks can leave out what has nothing for them.
fn summarize(node: &mut Node) {
    let all_of = node
        .combinations
        .iter()
        .flat_map(|combinations| &combinations.all_of);
    let below = || node.properties.values().chain(node.values()).chain(node.items());
    let has_rules = !node.rules.is_empty() || below().chain(all_of).any(|child| child.has_rules);
    let has_embedded = node.embedded_resource || below().any(|child| child.has_embedded);
    let has_keyed_lists = node.list_type != ListType::Atomic || below().any(|child| child.has_keyed_lists);
    node.has_rules = has_rules;
    node.has_embedded = has_embedded;
    node.has_keyed_lists = has_keyed_lists;
}
