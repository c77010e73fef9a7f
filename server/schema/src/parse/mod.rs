//! Parses an `openAPIV3Schema`, with limits on depth, nodes and bytes.

mod keywords;

use std::collections::HashMap;
use std::sync::Arc;

use serde_json::Value;

use crate::error::{Limits, ParseError};
use crate::format::Format;
use crate::node::{Additional, Bounds, Combinations, ListType, Node};
use crate::pattern::Pattern;
use crate::rule::Rule;
use keywords::{Document, Location, array, count, flag, list_type, number, object, schema_type, text};

/// `OpenAPI` keywords that structural schemas must not use. Ignoring them would change the result of validation.
const FORBIDDEN_KEYWORDS: [&str; 5] = [
    "patternProperties",
    "definitions",
    "dependencies",
    "additionalItems",
    "discriminator",
];

/// Distinct patterns per schema. Each may take a megabyte when compiled.
const MAX_PATTERNS: usize = 300;

/// Parses a schema.
///
/// # Errors
/// If the schema is not structural, or exceeds `limits`.
pub(super) fn parse(schema: &Value, limits: Limits) -> Result<Node, ParseError> {
    let mut parser = Parser {
        limits,
        nodes: 0,
        bytes: 0,
        patterns: HashMap::new(),
    };
    parser.node(
        schema,
        &Location {
            parent: None,
            step: "openAPIV3Schema",
        },
        0,
    )
}

struct Parser {
    limits: Limits,
    nodes: usize,
    bytes: usize,
    /// Each distinct pattern is compiled only once per schema.
    patterns: HashMap<Box<str>, Arc<Pattern>>,
}

impl Parser {
    fn node(&mut self, schema: &Value, location: &Location<'_>, depth: usize) -> Result<Node, ParseError> {
        let Value::Object(document) = schema else {
            return Err(location.malformed("", "must be an object"));
        };
        if depth > self.limits.max_depth {
            return Err(ParseError::TooDeep {
                path: location.text(),
                limit: self.limits.max_depth,
            });
        }
        self.nodes += 1;
        if self.nodes > self.limits.max_nodes {
            return Err(ParseError::TooManyNodes {
                limit: self.limits.max_nodes,
            });
        }
        if document.get("$ref").is_some_and(|reference| !reference.is_null()) {
            return Err(ParseError::Reference {
                path: location.text(),
            });
        }
        for keyword in FORBIDDEN_KEYWORDS {
            if document.get(keyword).is_some_and(|value| !value.is_null()) {
                return Err(location.malformed(keyword, "is not allowed in a structural schema"));
            }
        }

        let schema_type = schema_type(document, location)?;
        let mut node = Node {
            schema_type,
            nullable: flag(document, "nullable", location)?,
            preserve_unknown: flag(document, "x-kubernetes-preserve-unknown-fields", location)?,
            embedded_resource: flag(document, "x-kubernetes-embedded-resource", location)?,
            format: Format::checked(
                schema_type,
                text(document, "format", location)?.unwrap_or_default(),
            ),
            title: self.take_string(document, "title", location)?,
            description: self.take_string(document, "description", location)?,
            default: self.take_value(document, "default")?,
            example: self.take_value(document, "example")?,
            list_type: list_type(document, location)?,
            list_map_keys: self.strings(document, "x-kubernetes-list-map-keys", location)?,
            required: self.strings(document, "required", location)?,
            enum_values: self.enumeration(document, location)?,
            bounds: self.bounds(document, location)?,
            ..Node::default()
        };
        self.children(&mut node, document, location, depth)?;
        node.combinations = self.combinations(document, location, depth)?;
        node.rules = self.rules(document, location)?;
        if node.enum_values.len() > 32 {
            let strings = node.enum_values.iter().filter_map(Value::as_str).map(Into::into);
            node.enum_strings = Some(strings.collect());
        }
        summarize(&mut node);
        Ok(node)
    }

    fn children(
        &mut self,
        node: &mut Node,
        document: &Document,
        location: &Location<'_>,
        depth: usize,
    ) -> Result<(), ParseError> {
        if let Some(properties) = object(document, "properties", location)? {
            node.properties
                .reserve(properties.len().min(self.limits.max_nodes));
            for (name, schema) in properties {
                self.count(name.len())?;
                let child = self.node(schema, &location.child(name), depth + 1)?;
                node.properties.insert(name.as_str().into(), child);
            }
            node.properties.shrink_to_fit();
        }
        match document.get("additionalProperties") {
            None | Some(Value::Null) => {}
            Some(Value::Bool(true)) => node.additional = Additional::Any,
            Some(Value::Bool(false)) => node.additional = Additional::Forbidden,
            Some(schema) => {
                let child = self.node(schema, &location.child("*"), depth + 1)?;
                node.additional = Additional::Of(Box::new(child));
            }
        }
        match document.get("items") {
            None | Some(Value::Null) => {}
            Some(Value::Array(_)) => {
                return Err(location.malformed("items", "must be one schema, not a list of schemas"));
            }
            Some(schema) => {
                node.items = Some(Box::new(self.node(schema, &location.child("[]"), depth + 1)?));
            }
        }
        Ok(())
    }

    fn combinations(
        &mut self,
        document: &Document,
        location: &Location<'_>,
        depth: usize,
    ) -> Result<Option<Box<Combinations>>, ParseError> {
        let mut found = Combinations {
            all_of: self.branches(document, "allOf", location, depth)?,
            any_of: self.branches(document, "anyOf", location, depth)?,
            one_of: self.branches(document, "oneOf", location, depth)?,
            not: None,
        };
        if let Some(schema) = document.get("not").filter(|value| !value.is_null()) {
            found.not = Some(Box::new(self.node(schema, &location.child("not"), depth + 1)?));
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
        location: &Location<'_>,
        depth: usize,
    ) -> Result<Vec<Node>, ParseError> {
        let location = location.child(keyword);
        array(document, keyword, &location)?
            .iter()
            .map(|branch| self.node(branch, &location, depth + 1))
            .collect()
    }

    fn rules(&mut self, document: &Document, location: &Location<'_>) -> Result<Vec<Rule>, ParseError> {
        const KEY: &str = "x-kubernetes-validations";
        let mut rules = Vec::new();
        for rule in array(document, KEY, location)? {
            let rule = Rule::read(rule).map_err(|problem| location.malformed(KEY, &problem))?;
            self.count(rule.size())?;
            rules.push(rule);
        }
        Ok(rules)
    }

    fn enumeration(
        &mut self,
        document: &Document,
        location: &Location<'_>,
    ) -> Result<Vec<Value>, ParseError> {
        let values = array(document, "enum", location)?;
        for value in values {
            self.count_value(value)?;
        }
        Ok(values.to_vec())
    }

    fn bounds(
        &mut self,
        document: &Document,
        location: &Location<'_>,
    ) -> Result<Option<Box<Bounds>>, ParseError> {
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
        let pattern = match text(document, "pattern", location)? {
            None | Some("") => None,
            Some(source) => {
                self.count(source.len())?;
                if self.patterns.len() >= MAX_PATTERNS && !self.patterns.contains_key(source) {
                    return Err(ParseError::TooManyPatterns { limit: MAX_PATTERNS });
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
            min_length: count(document, "minLength", location)?,
            max_length: count(document, "maxLength", location)?,
            minimum: number(document, "minimum", location)?,
            maximum: number(document, "maximum", location)?,
            exclusive_minimum: flag(document, "exclusiveMinimum", location)?,
            exclusive_maximum: flag(document, "exclusiveMaximum", location)?,
            multiple_of: number(document, "multipleOf", location)?,
            min_items: count(document, "minItems", location)?,
            max_items: count(document, "maxItems", location)?,
            unique_items: flag(document, "uniqueItems", location)?,
            min_properties: count(document, "minProperties", location)?,
            max_properties: count(document, "maxProperties", location)?,
        })))
    }

    fn take_string(
        &mut self,
        document: &Document,
        key: &str,
        location: &Location<'_>,
    ) -> Result<Option<Box<str>>, ParseError> {
        let Some(found) = text(document, key, location)?.filter(|found| !found.is_empty()) else {
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

    fn strings(
        &mut self,
        document: &Document,
        key: &str,
        location: &Location<'_>,
    ) -> Result<Vec<Box<str>>, ParseError> {
        let mut strings = Vec::new();
        for value in array(document, key, location)? {
            let text = value
                .as_str()
                .ok_or_else(|| location.malformed(key, "must be a list of strings"))?;
            self.count(text.len())?;
            strings.push(text.into());
        }
        Ok(strings)
    }

    fn count(&mut self, bytes: usize) -> Result<(), ParseError> {
        // Every name and value has a fixed overhead.
        self.bytes = self.bytes.saturating_add(bytes).saturating_add(16);
        if self.bytes > self.limits.max_bytes {
            return Err(ParseError::TooLarge {
                limit: self.limits.max_bytes,
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

/// Records which features occur below a node, so that tree walks can skip subtrees.
fn summarize(node: &mut Node) {
    let all_of = node
        .combinations
        .iter()
        .flat_map(|combinations| &combinations.all_of);
    let below = || {
        node.properties
            .values()
            .chain(node.additional_properties())
            .chain(node.items())
    };
    let has_rules = !node.rules.is_empty() || below().chain(all_of).any(|child| child.has_rules);
    let has_embedded = node.embedded_resource || below().any(|child| child.has_embedded);
    let has_keyed_lists = node.list_type != ListType::Atomic || below().any(|child| child.has_keyed_lists);
    node.has_rules = has_rules;
    node.has_embedded = has_embedded;
    node.has_keyed_lists = has_keyed_lists;
}
