//! What definitions may not say, whether or not it is structural
//! (`…/apis/apiextensions/validation`, `ValidateCustomResourceDefinitionOpenAPISchema`).

use std::cell::RefCell;

use serde_json::{Value, json};

use super::Found;
use super::keywords::{Schema, flag, has, list, named, one, several, text, texts};
use super::pointed;
use super::typed::{Context, Step};
use crate::path::Path;

const TYPES: [&str; 6] = ["array", "boolean", "integer", "number", "object", "string"];
const REASONS: [&str; 4] = [
    "FieldValueDuplicate",
    "FieldValueForbidden",
    "FieldValueInvalid",
    "FieldValueRequired",
];

/// What holds at a place of the schema.
#[derive(Debug, Clone, Copy)]
struct Here<'a> {
    is_root: bool,
    /// Why there may be no default.
    no_default: Option<&'a str>,
    /// Whether this describes the metadata of an object.
    in_metadata: bool,
    /// Below what an old value cannot be told from others.
    uncorrelated: Option<&'a Path<'a>>,
    /// What rules know of the values; nothing where rules are not looked into.
    context: Option<&'a Context<'a>>,
}

/// Judges a whole schema; its rules only where they are to be.
pub(super) fn judge(schema: &Schema, path: &Path<'_>, rules: bool, found: &mut Found) {
    let total = RefCell::default();
    let context = Context::root(schema, &total);
    let here = Here {
        is_root: true,
        no_default: None,
        in_metadata: false,
        uncorrelated: None,
        context: rules.then_some(&context),
    };
    node(schema, path, here, found);
    total.take().judge(path, found);
}

/// Judges a schema and what is below it; says whether anything was wrong but in rules.
fn node(schema: &Schema, path: &Path<'_>, here: Here<'_>, found: &mut Found) -> bool {
    let before = found.faults.len();
    keywords(schema, path, here, found);
    if flag(schema, "uniqueItems") {
        let why = "uniqueItems cannot be set to true since the runtime complexity becomes quadratic";
        found.forbidden(&path.property("uniqueItems"), why);
    }
    let mut wrong = found.faults.len() > before;
    wrong |= children(schema, path, here, found);
    let before = found.faults.len();
    kubernetes(schema, path, found);
    shapes_of_rules(schema, path, found);
    wrong |= found.faults.len() > before;
    if let Some(context) = here.context.filter(|_| !wrong) {
        context.judge(path, here.uncorrelated, found);
    }
    wrong
}

fn keywords(schema: &Schema, path: &Path<'_>, here: Here<'_>, found: &mut Found) {
    let kind = text(schema, "type");
    if !kind.is_empty() && !TYPES.contains(&kind) {
        found.unsupported(&path.property("type"), &json!(kind), &TYPES);
    }
    if let Some(why) = here.no_default.filter(|_| has(schema, "default")) {
        found.forbidden(&path.property("default"), &format!("must not be set {why}"));
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
            found.forbidden(&path.property(key), &format!("{key} is not supported"));
        }
    }
    if kind == "null" {
        let why = "type cannot be set to null, use nullable as an alternative";
        found.forbidden(&path.property("type"), why);
    }
    if !list(schema, "items").is_empty() {
        found.forbidden(
            &path.property("items"),
            "items must be a schema object and not an array",
        );
    }
    if here.in_metadata && flag(schema, "x-kubernetes-embedded-resource") {
        let place = path.property("x-kubernetes-embedded-resource");
        found.forbidden(&place, "must not be used inside of resource meta");
    }
}

/// Judges what is below; says whether anything was wrong but in rules.
fn children(schema: &Schema, path: &Path<'_>, here: Here<'_>, found: &mut Found) -> bool {
    const METADATA: [&str; 3] = ["metadata", "kind", "apiVersion"];
    let below = Here {
        is_root: false,
        ..here
    };
    let mut wrong = false;
    if has(schema, "additionalProperties") {
        let place = path.property("additionalProperties");
        if has(schema, "properties") && schema["additionalProperties"] != true {
            found.forbidden(&place, "additionalProperties and properties are mutual exclusive");
            wrong = true;
        }
        if let Some(child) = one(schema, "additionalProperties") {
            let in_metadata = Some("inside additionalProperties applying to object metadata");
            let no_default = in_metadata.filter(|_| here.in_metadata).or(here.no_default);
            let context = here.context.map(|context| context.child(child, Step::Values));
            let below = Here {
                no_default,
                context: context.as_ref(),
                ..below
            };
            wrong |= node(child, &place, below, found);
        }
    }
    let is_object = here.is_root || flag(schema, "x-kubernetes-embedded-resource");
    let properties = path.property("properties");
    for (name, child) in named(schema, "properties") {
        let mut below = below;
        if text(schema, "x-kubernetes-map-type") == "atomic" {
            below.uncorrelated = below.uncorrelated.or(Some(path));
        }
        let top_level = format!("in top-level {name}");
        if is_object && METADATA.contains(&name) {
            below.in_metadata = true;
            if here.is_root {
                below.no_default = Some(&top_level);
            }
        }
        let context = here
            .context
            .map(|context| context.child(child, Step::Property(name)));
        below.context = context.as_ref();
        wrong |= node(child, &properties.key(name), below, found);
    }
    let branches = Here {
        context: None,
        ..below
    };
    if let Some(not) = one(schema, "not") {
        wrong |= node(not, &path.property("not"), branches, found);
    }
    for key in ["allOf", "oneOf", "anyOf"] {
        let place = path.property(key);
        for (index, branch) in several(schema, key) {
            wrong |= node(branch, &place.index(index), branches, found);
        }
    }
    if let Some(items) = one(schema, "items") {
        let mut below = below;
        if text(schema, "x-kubernetes-list-type") != "map" {
            below.uncorrelated = below.uncorrelated.or(Some(path));
        }
        let context = here.context.map(|context| context.child(items, Step::Items));
        below.context = context.as_ref();
        wrong |= node(items, &path.property("items"), below, found);
    }
    wrong
}

/// Kubernetes' own keywords.
fn kubernetes(schema: &Schema, path: &Path<'_>, found: &mut Found) {
    let preserve = "x-kubernetes-preserve-unknown-fields";
    if schema.get(preserve) == Some(&Value::Bool(false)) {
        found.invalid(
            &path.property(preserve),
            &json!(false),
            "must be true or undefined",
        );
    }
    if has(schema, "x-kubernetes-map-type") {
        of_type(schema, "object", "x-kubernetes-map-type", path, found);
        let place = path.property("x-kubernetes-map-type");
        one_of(
            schema,
            "x-kubernetes-map-type",
            &["atomic", "granular"],
            &place,
            found,
        );
    }
    if has(schema, "x-kubernetes-list-type") {
        lists(schema, path, found);
    }
    let keys = list(schema, "x-kubernetes-list-map-keys");
    if !keys.is_empty() {
        let place = path.property("x-kubernetes-list-type");
        let why = "must be map if x-kubernetes-list-map-keys is non-empty";
        match schema.get("x-kubernetes-list-type") {
            None | Some(Value::Null) => found.required(&place, why),
            Some(kind) if kind != "map" => found.invalid(&place, kind, why),
            Some(_) => {}
        }
    }
}

fn of_type(schema: &Schema, kind: &str, key: &str, path: &Path<'_>, found: &mut Found) -> bool {
    let place = path.property("type");
    let why = format!("must be {kind} if {key} is specified");
    match text(schema, "type") {
        is if is == kind => return true,
        "" => found.required(&place, &why),
        other => found.invalid(&place, &json!(other), &why),
    }
    false
}

fn one_of(schema: &Schema, key: &str, allowed: &[&str], place: &Path<'_>, found: &mut Found) {
    if !allowed.contains(&text(schema, key)) {
        found.unsupported(place, &schema[key], allowed);
    }
}

fn lists(schema: &Schema, path: &Path<'_>, found: &mut Found) {
    let kind = text(schema, "x-kubernetes-list-type");
    let place = path.property("x-kubernetes-list-type");
    let item = one(schema, "items");
    let items = path.property("items");
    let is_list = of_type(schema, "array", "x-kubernetes-list-type", path, found);
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
            found.invalid(&items.property(key), is, why);
        }
    }
    one_of(
        schema,
        "x-kubernetes-list-type",
        &["atomic", "set", "map"],
        &place,
        found,
    );
    if kind == "map" {
        maps(schema, item, path, found);
    }
    if let Some(item) = item.filter(|_| matches!(kind, "set" | "map")) {
        if flag(item, "nullable") {
            let why = format!("cannot be nullable when x-kubernetes-list-type is {kind}");
            found.forbidden(&items.property("nullable"), &why);
        }
        if kind == "map" {
            keys_are_there(schema, item, &items.property("properties"), found);
        }
    }
}

/// A list that is a map must say by which properties of its items.
fn maps(schema: &Schema, item: Option<&Schema>, path: &Path<'_>, found: &mut Found) {
    let place = path.property("x-kubernetes-list-map-keys");
    let items = path.property("items");
    let keys: Vec<&str> = texts(schema, "x-kubernetes-list-map-keys").collect();
    if keys.is_empty() {
        found.required(&place, "must not be empty if x-kubernetes-list-type is map");
    }
    let Some(item) = item else {
        if !schema.get("items").is_some_and(Value::is_array) {
            found.required(&items, "must have a schema if x-kubernetes-list-type is map");
        }
        return;
    };
    let kind = text(item, "type");
    if kind != "object" {
        let why = "must be object if parent array's x-kubernetes-list-type is map";
        found.invalid(&items.property("type"), &json!(kind), why);
        return;
    }
    let declared = one(item, "properties");
    let properties = items.property("properties");
    for (index, key) in keys.iter().enumerate() {
        match declared.and_then(|declared| one(declared, key)) {
            Some(child) if matches!(text(child, "type"), "array" | "object") => {
                let why = "must be a scalar type if parent array's x-kubernetes-list-type is map";
                found.invalid(&properties.key(key).property("type"), &json!(kind), why);
            }
            Some(_) => {}
            None => found.invalid(
                &place,
                &json!(keys),
                "entries must all be names of item properties",
            ),
        }
        if keys[..index].contains(key) {
            found.invalid(&place, &json!(keys), "must not contain duplicate entries");
        }
    }
}

/// What items are told apart by is there in each.
fn keys_are_there(schema: &Schema, item: &Schema, properties: &Path<'_>, found: &mut Found) {
    let declared = one(item, "properties");
    for key in texts(schema, "x-kubernetes-list-map-keys") {
        let Some(child) = declared.and_then(|declared| one(declared, key)) else {
            continue;
        };
        let place = properties.key(key);
        if !has(child, "default") && !texts(item, "required").any(|required| required == key) {
            let why = "this property is in x-kubernetes-list-map-keys, so it must have a default or be a required \
                       property";
            found.required(&place.property("default"), why);
        }
        if flag(child, "nullable") {
            let why = "this property is in x-kubernetes-list-map-keys, so it cannot be nullable";
            found.forbidden(&place.property("nullable"), why);
        }
    }
}

/// What rules consist of.
fn shapes_of_rules(schema: &Schema, path: &Path<'_>, found: &mut Found) {
    let rules = path.property("x-kubernetes-validations");
    for (index, rule) in several(schema, "x-kubernetes-validations") {
        let place = rules.index(index);
        let message = text(rule, "message");
        let breaks = |text: &str| text.contains(['\n', '\r']);
        if text(rule, "rule").trim().is_empty() {
            found.required(&place.property("rule"), "rule is not specified");
        } else if !message.is_empty() && message.trim().is_empty() {
            let place = place.property("message");
            found.invalid(&place, &json!(message), "must be non-empty if specified");
        } else if breaks(message.trim()) {
            let place = place.property("message");
            found.invalid(&place, &json!(message), "must not contain line breaks");
        } else if message.is_empty() && breaks(text(rule, "rule").trim()) {
            let why = "message must be specified if rule contains line breaks";
            found.required(&place.property("message"), why);
        }
        let expression = text(rule, "messageExpression");
        if !expression.is_empty() && expression.trim().is_empty() {
            let why = "messageExpression must be non-empty if specified";
            found.required(&place.property("messageExpression"), why);
        }
        if rule.get("reason").is_some_and(|reason| !reason.is_null()) {
            one_of(rule, "reason", &REASONS, &place.property("reason"), found);
        }
        let pointed = text(rule, "fieldPath");
        let place = place.property("fieldPath");
        if !pointed.is_empty() && pointed.trim().is_empty() {
            found.invalid(&place, &json!(pointed), "must be non-empty if specified");
        }
        if breaks(pointed) {
            found.invalid(&place, &json!(pointed), "must not contain line breaks");
        }
        if !pointed.is_empty() && pointed::find(schema, pointed, true).is_err() {
            found.invalid(&place, &json!(pointed), "must be a valid path");
        }
    }
}
