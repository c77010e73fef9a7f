//! Validates a schema beyond its structure (`…/apis/apiextensions/validation`,
//! `ValidateCustomResourceDefinitionOpenAPISchema`).

use std::cell::RefCell;

use serde_json::{Value, json};

use super::Errors;
use super::cel_rules::{RuleContext, Step};
use super::json_path;
use super::keywords::{Schema, flag, has, list, named, one, several, text, texts};
use crate::path::Path;

const TYPES: [&str; 6] = ["array", "boolean", "integer", "number", "object", "string"];
const REASONS: [&str; 4] = [
    "FieldValueDuplicate",
    "FieldValueForbidden",
    "FieldValueInvalid",
    "FieldValueRequired",
];

/// The context of a schema node.
#[derive(Debug, Clone, Copy)]
struct NodeContext<'a> {
    is_root: bool,
    /// Why `default` is forbidden here, if it is.
    no_default: Option<&'a str>,
    /// True within `metadata` of an object.
    in_metadata: bool,
    /// The nearest ancestor below which old and new values cannot be correlated.
    uncorrelated: Option<&'a Path<'a>>,
    /// The context for CEL rules; `None` if rules are not checked here.
    rules: Option<&'a RuleContext<'a>>,
}

/// Validates a whole schema; its rules only if `rules` is set.
pub(super) fn validate(schema: &Schema, path: &Path<'_>, rules: bool, errors: &mut Errors) {
    let total = RefCell::default();
    let rule_context = RuleContext::root(schema, &total);
    let context = NodeContext {
        is_root: true,
        no_default: None,
        in_metadata: false,
        uncorrelated: None,
        rules: rules.then_some(&rule_context),
    };
    node(schema, path, context, errors);
    total.take().validate(path, errors);
}

/// Validates a schema and its descendants. Returns true if there were errors other than in rules.
fn node(schema: &Schema, path: &Path<'_>, context: NodeContext<'_>, errors: &mut Errors) -> bool {
    let before = errors.list.len();
    keywords(schema, path, context, errors);
    if flag(schema, "uniqueItems") {
        let why = "uniqueItems cannot be set to true since the runtime complexity becomes quadratic";
        errors.forbidden(&path.property("uniqueItems"), why);
    }
    let mut wrong = errors.list.len() > before;
    wrong |= children(schema, path, context, errors);
    let before = errors.list.len();
    kubernetes(schema, path, errors);
    shapes_of_rules(schema, path, errors);
    wrong |= errors.list.len() > before;
    if let Some(rules) = context.rules.filter(|_| !wrong) {
        rules.validate(path, context.uncorrelated, errors);
    }
    wrong
}

fn keywords(schema: &Schema, path: &Path<'_>, context: NodeContext<'_>, errors: &mut Errors) {
    let kind = text(schema, "type");
    if !kind.is_empty() && !TYPES.contains(&kind) {
        errors.unsupported(&path.property("type"), &json!(kind), &TYPES);
    }
    if let Some(why) = context.no_default.filter(|_| has(schema, "default")) {
        errors.forbidden(&path.property("default"), &format!("must not be set {why}"));
    }
    for key in [
        "id",
        "additionalItems",
        "patternProperties",
        "definitions",
        "dependencies",
        "$ref",
    ] {
        if has(schema, key) {
            errors.forbidden(&path.property(key), &format!("{key} is not supported"));
        }
    }
    if kind == "null" {
        let why = "type cannot be set to null, use nullable as an alternative";
        errors.forbidden(&path.property("type"), why);
    }
    if !list(schema, "items").is_empty() {
        errors.forbidden(
            &path.property("items"),
            "items must be a schema object and not an array",
        );
    }
    if context.in_metadata && flag(schema, "x-kubernetes-embedded-resource") {
        let place = path.property("x-kubernetes-embedded-resource");
        errors.forbidden(&place, "must not be used inside of resource meta");
    }
}

/// Validates the descendants. Returns true if there were errors other than in rules.
fn children(schema: &Schema, path: &Path<'_>, context: NodeContext<'_>, errors: &mut Errors) -> bool {
    const METADATA: [&str; 3] = ["metadata", "kind", "apiVersion"];
    let below = NodeContext {
        is_root: false,
        ..context
    };
    let mut wrong = false;
    if has(schema, "additionalProperties") {
        let place = path.property("additionalProperties");
        if has(schema, "properties") && schema["additionalProperties"] != true {
            errors.forbidden(&place, "additionalProperties and properties are mutual exclusive");
            wrong = true;
        }
        if let Some(child) = one(schema, "additionalProperties") {
            let in_metadata = Some("inside additionalProperties applying to object metadata");
            let no_default = in_metadata.filter(|_| context.in_metadata).or(context.no_default);
            let rules = context.rules.map(|rules| rules.child(child, Step::Values));
            let below = NodeContext {
                no_default,
                rules: rules.as_ref(),
                ..below
            };
            wrong |= node(child, &place, below, errors);
        }
    }
    let is_object = context.is_root || flag(schema, "x-kubernetes-embedded-resource");
    let properties = path.property("properties");
    for (name, child) in named(schema, "properties") {
        let mut below = below;
        let top_level = format!("in top-level {name}");
        if is_object && METADATA.contains(&name) {
            below.in_metadata = true;
            if context.is_root {
                below.no_default = Some(&top_level);
            }
        }
        let rules = context
            .rules
            .map(|rules| rules.child(child, Step::Property(name)));
        below.rules = rules.as_ref();
        wrong |= node(child, &properties.key(name), below, errors);
    }
    let branches = NodeContext { rules: None, ..below };
    if let Some(not) = one(schema, "not") {
        wrong |= node(not, &path.property("not"), branches, errors);
    }
    for key in ["allOf", "oneOf", "anyOf"] {
        let place = path.property(key);
        for (index, branch) in several(schema, key) {
            wrong |= node(branch, &place.index(index), branches, errors);
        }
    }
    if let Some(items) = one(schema, "items") {
        let mut below = below;
        if text(schema, "x-kubernetes-list-type") != "map" {
            below.uncorrelated = below.uncorrelated.or(Some(path));
        }
        let rules = context.rules.map(|rules| rules.child(items, Step::Items));
        below.rules = rules.as_ref();
        wrong |= node(items, &path.property("items"), below, errors);
    }
    wrong
}

/// Validates the `x-kubernetes-` keywords.
fn kubernetes(schema: &Schema, path: &Path<'_>, errors: &mut Errors) {
    let preserve = "x-kubernetes-preserve-unknown-fields";
    if schema.get(preserve) == Some(&Value::Bool(false)) {
        errors.invalid(
            &path.property(preserve),
            &json!(false),
            "must be true or undefined",
        );
    }
    if has(schema, "x-kubernetes-map-type") {
        of_type(schema, "object", "x-kubernetes-map-type", path, errors);
        let place = path.property("x-kubernetes-map-type");
        one_of(
            schema,
            "x-kubernetes-map-type",
            &["atomic", "granular"],
            &place,
            errors,
        );
    }
    if has(schema, "x-kubernetes-list-type") {
        lists(schema, path, errors);
    }
    let keys = list(schema, "x-kubernetes-list-map-keys");
    if !keys.is_empty() {
        let place = path.property("x-kubernetes-list-type");
        let why = "must be map if x-kubernetes-list-map-keys is non-empty";
        match schema.get("x-kubernetes-list-type") {
            None | Some(Value::Null) => errors.required(&place, why),
            Some(kind) if kind != "map" => errors.invalid(&place, kind, why),
            Some(_) => {}
        }
    }
}

fn of_type(schema: &Schema, kind: &str, key: &str, path: &Path<'_>, errors: &mut Errors) -> bool {
    let place = path.property("type");
    let why = format!("must be {kind} if {key} is specified");
    match text(schema, "type") {
        is if is == kind => return true,
        "" => errors.required(&place, &why),
        other => errors.invalid(&place, &json!(other), &why),
    }
    false
}

fn one_of(schema: &Schema, key: &str, allowed: &[&str], place: &Path<'_>, errors: &mut Errors) {
    if !allowed.contains(&text(schema, key)) {
        errors.unsupported(place, &schema[key], allowed);
    }
}

fn lists(schema: &Schema, path: &Path<'_>, errors: &mut Errors) {
    let kind = text(schema, "x-kubernetes-list-type");
    let place = path.property("x-kubernetes-list-type");
    let item = one(schema, "items");
    let items = path.property("items");
    let is_list = of_type(schema, "array", "x-kubernetes-list-type", path, errors);
    if let Some(item) = item.filter(|_| is_list && kind == "set") {
        let why = "must be atomic as item of a list with x-kubernetes-list-type=set";
        let key = match text(item, "type") {
            "array" if !matches!(text(item, "x-kubernetes-list-type"), "" | "atomic") => {
                "x-kubernetes-list-type"
            }
            "object" if text(item, "x-kubernetes-map-type") != "atomic" => "x-kubernetes-map-type",
            _ => "",
        };
        if !key.is_empty() {
            let is = item.get("x-kubernetes-list-type").unwrap_or(&Value::Null);
            errors.invalid(&items.property(key), is, why);
        }
    }
    one_of(
        schema,
        "x-kubernetes-list-type",
        &["atomic", "set", "map"],
        &place,
        errors,
    );
    if kind == "map" {
        maps(schema, item, path, errors);
    }
    if let Some(item) = item.filter(|_| matches!(kind, "set" | "map")) {
        if flag(item, "nullable") {
            let why = format!("cannot be nullable when x-kubernetes-list-type is {kind}");
            errors.forbidden(&items.property("nullable"), &why);
        }
        if kind == "map" {
            keys_are_there(schema, item, &items.property("properties"), errors);
        }
    }
}

/// Validates `x-kubernetes-list-map-keys` of a list of type `map`.
fn maps(schema: &Schema, item: Option<&Schema>, path: &Path<'_>, errors: &mut Errors) {
    let place = path.property("x-kubernetes-list-map-keys");
    let items = path.property("items");
    let keys: Vec<&str> = texts(schema, "x-kubernetes-list-map-keys").collect();
    if keys.is_empty() {
        errors.required(&place, "must not be empty if x-kubernetes-list-type is map");
    }
    let Some(item) = item else {
        if !schema.get("items").is_some_and(Value::is_array) {
            errors.required(&items, "must have a schema if x-kubernetes-list-type is map");
        }
        return;
    };
    let kind = text(item, "type");
    if kind != "object" {
        let why = "must be object if parent array's x-kubernetes-list-type is map";
        errors.invalid(&items.property("type"), &json!(kind), why);
        return;
    }
    let declared = one(item, "properties");
    let properties = items.property("properties");
    for (index, key) in keys.iter().enumerate() {
        match declared.and_then(|declared| one(declared, key)) {
            Some(child) if matches!(text(child, "type"), "array" | "object") => {
                let why = "must be a scalar type if parent array's x-kubernetes-list-type is map";
                errors.invalid(&properties.key(key).property("type"), &json!(kind), why);
            }
            Some(_) => {}
            None => errors.invalid(
                &place,
                &json!(keys),
                "entries must all be names of item properties",
            ),
        }
        if keys[..index].contains(key) {
            errors.invalid(&place, &json!(keys), "must not contain duplicate entries");
        }
    }
}

/// Each key must be required or have a default.
fn keys_are_there(schema: &Schema, item: &Schema, properties: &Path<'_>, errors: &mut Errors) {
    let declared = one(item, "properties");
    for key in texts(schema, "x-kubernetes-list-map-keys") {
        let Some(child) = declared.and_then(|declared| one(declared, key)) else {
            continue;
        };
        let place = properties.key(key);
        if !has(child, "default") && !texts(item, "required").any(|required| required == key) {
            let why = "this property is in x-kubernetes-list-map-keys, so it must have a default or be a required \
                       property";
            errors.required(&place.property("default"), why);
        }
        if flag(child, "nullable") {
            let why = "this property is in x-kubernetes-list-map-keys, so it cannot be nullable";
            errors.forbidden(&place.property("nullable"), why);
        }
    }
}

/// Validates the fields of rules, but not their expressions.
fn shapes_of_rules(schema: &Schema, path: &Path<'_>, errors: &mut Errors) {
    let rules = path.property("x-kubernetes-validations");
    for (index, rule) in several(schema, "x-kubernetes-validations") {
        let place = rules.index(index);
        let message = text(rule, "message");
        let breaks = |text: &str| text.contains(['\n', '\r']);
        if text(rule, "rule").trim().is_empty() {
            errors.required(&place.property("rule"), "rule is not specified");
        } else if !message.is_empty() && message.trim().is_empty() {
            let place = place.property("message");
            errors.invalid(&place, &json!(message), "must be non-empty if specified");
        } else if breaks(message.trim()) {
            let place = place.property("message");
            errors.invalid(&place, &json!(message), "must not contain line breaks");
        } else if message.is_empty() && breaks(text(rule, "rule").trim()) {
            let why = "message must be specified if rule contains line breaks";
            errors.required(&place.property("message"), why);
        }
        let expression = text(rule, "messageExpression");
        if !expression.is_empty() && expression.trim().is_empty() {
            let why = "messageExpression must be non-empty if specified";
            errors.required(&place.property("messageExpression"), why);
        }
        if rule.get("reason").is_some_and(|reason| !reason.is_null()) {
            one_of(rule, "reason", &REASONS, &place.property("reason"), errors);
        }
        let json_path = text(rule, "fieldPath");
        let place = place.property("fieldPath");
        if !json_path.is_empty() && json_path.trim().is_empty() {
            errors.invalid(&place, &json!(json_path), "must be non-empty if specified");
        }
        if breaks(json_path) {
            errors.invalid(&place, &json!(json_path), "must not contain line breaks");
        }
        if !json_path.is_empty() && json_path::find(schema, json_path, true).is_err() {
            errors.invalid(&place, &json!(json_path), "must be a valid path");
        }
    }
}
