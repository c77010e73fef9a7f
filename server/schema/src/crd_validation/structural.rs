//! Validates that a schema is structural (`k8s.io/apiextensions-apiserver/pkg/apiserver/schema`,
//! `ValidateStructural`).

use serde_json::{Value, json};

use super::Errors;
use super::keywords::{Schema, all, flag, has, list, named, one, several, text};
use crate::path::Path;
use crate::pattern;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Level {
    Root,
    Item,
    Field,
}

/// True if the schema can be converted to a structural schema at all.
pub(super) fn is_convertible(schema: &Schema) -> bool {
    const REFUSED: [&str; 7] = [
        "id",
        "$schema",
        "$ref",
        "patternProperties",
        "dependencies",
        "additionalItems",
        "definitions",
    ];
    !REFUSED.iter().any(|key| has(schema, key))
        && schema.get("x-kubernetes-preserve-unknown-fields") != Some(&Value::Bool(false))
        && list(schema, "items").is_empty()
        && below(schema).all(is_convertible)
}

/// The schemas directly below a schema.
fn below(schema: &Schema) -> impl Iterator<Item = &Schema> {
    let single = ["items", "not", "additionalProperties"]
        .into_iter()
        .filter_map(|key| one(schema, key));
    let listed = ["allOf", "anyOf", "oneOf"]
        .into_iter()
        .flat_map(|key| several(schema, key).map(|(_, one)| one));
    single
        .chain(listed)
        .chain(named(schema, "properties").map(|(_, one)| one))
}

/// Validates a whole schema.
pub(super) fn validate(schema: &Schema, path: &Path<'_>, errors: &mut Errors) {
    invariants(schema, Level::Root, path, errors);
    complete(schema, Some(schema), path, path, errors);
}

fn invariants(schema: &Schema, level: Level, path: &Path<'_>, errors: &mut Errors) {
    let kind = text(schema, "type");
    let items = one(schema, "items");
    match items {
        None if kind == "array" => errors.required(&path.property("items"), "must be specified"),
        None => {}
        Some(items) => invariants(items, Level::Item, &path.property("items"), errors),
    }
    let properties = path.property("properties");
    for (name, child) in named(schema, "properties") {
        invariants(child, Level::Field, &properties.key(name), errors);
    }
    let additional = path.property("additionalProperties");
    if has(schema, "additionalProperties") && level == Level::Root {
        errors.forbidden(&additional, "must not be used at the root");
    }
    if let Some(child) = one(schema, "additionalProperties") {
        invariants(child, Level::Field, &additional, errors);
    }
    extensions(schema, path, errors);
    let first_any_of_is_type = several(schema, "allOf")
        .next()
        .is_some_and(|(_, first)| is_int_or_string(first));
    values(
        schema,
        is_int_or_string(schema),
        first_any_of_is_type,
        path,
        errors,
    );
    types(schema, kind, level, path, errors);
    let metadata = properties.key("metadata");
    let is_object = level == Level::Root || flag(schema, "x-kubernetes-embedded-resource");
    let declared = one(schema, "properties");
    let declared = |name: &str| declared.and_then(|all| one(all, name));
    for name in ["kind", "apiVersion"] {
        if let Some(child) = declared(name).filter(|child| is_object && text(child, "type") != "string") {
            let place = properties.key(name);
            errors.invalid(
                &place.property("type"),
                &json!(text(child, "type")),
                "must be string",
            );
        }
    }
    if let Some(child) = declared("metadata") {
        if is_object && text(child, "type") != "object" {
            errors.invalid(
                &metadata.property("type"),
                &json!(text(child, "type")),
                "must be object",
            );
        }
        if level == Level::Root && restricts_more_than_names(child) {
            let why = "must not specify anything other than name and generateName, but metadata is implicitly specified";
            errors.forbidden(&metadata, why);
        }
    }
}

fn types(schema: &Schema, kind: &str, level: Level, path: &Path<'_>, errors: &mut Errors) {
    let place = path.property("type");
    let embedded = flag(schema, "x-kubernetes-embedded-resource");
    let preserves = flag(schema, "x-kubernetes-preserve-unknown-fields");
    if embedded && kind != "object" {
        let why = "must be object if x-kubernetes-embedded-resource is true";
        match kind {
            "" => errors.required(&place, why),
            kind => errors.invalid(&place, &json!(kind), why),
        }
    } else if kind.is_empty() && !flag(schema, "x-kubernetes-int-or-string") && !preserves {
        let of = match level {
            Level::Root => "at the root",
            Level::Item => "for specified array items",
            Level::Field => "for specified object fields",
        };
        errors.required(&place, &format!("must not be empty {of}"));
    }
    if embedded && has(schema, "additionalProperties") {
        let why = "must not be used if x-kubernetes-embedded-resource is set";
        errors.forbidden(&path.property("additionalProperties"), why);
    }
    if level == Level::Root && !kind.is_empty() && kind != "object" {
        errors.invalid(&place, &json!(kind), "must be object at the root");
    }
    if embedded && !preserves && !has(schema, "properties") {
        let why = "must not be empty if x-kubernetes-embedded-resource is true without \
                   x-kubernetes-preserve-unknown-fields";
        errors.required(&path.property("properties"), why);
    }
}

/// True if the schema of `metadata` restricts more than the names.
fn restricts_more_than_names(schema: &Schema) -> bool {
    let names: Vec<&str> = named(schema, "properties").map(|(name, _)| name).collect();
    let of_names = names.iter().all(|name| matches!(*name, "name" | "generateName"));
    all(schema).any(|key| match key {
        "type" | "default" => false,
        "properties" => !of_names,
        _ => true,
    })
}

fn extensions(schema: &Schema, path: &Path<'_>, errors: &mut Errors) {
    if !flag(schema, "x-kubernetes-int-or-string") {
        return;
    }
    for key in [
        "x-kubernetes-preserve-unknown-fields",
        "x-kubernetes-embedded-resource",
    ] {
        if flag(schema, key) {
            let why = "must be false if x-kubernetes-int-or-string is true";
            errors.invalid(&path.property(key), &json!(true), why);
        }
    }
}

/// True if `anyOf` lists the types integer and string, which is allowed with `x-kubernetes-int-or-string`.
fn is_int_or_string(schema: &Schema) -> bool {
    let bare = |one: &Schema, kind: &str| text(one, "type") == kind && all(one).all(|key| key == "type");
    let any_of = list(schema, "anyOf");
    matches!(any_of, [Value::Object(first), Value::Object(second)] if bare(first, "integer") && bare(second, "string"))
}

/// Validates the value constraints: branches must not declare types and the like.
fn values(schema: &Schema, skip_any_of: bool, skip_first_any_of: bool, path: &Path<'_>, errors: &mut Errors) {
    for key in ["anyOf", "allOf", "oneOf"] {
        let place = path.property(key);
        if key == "anyOf" && skip_any_of {
            continue;
        }
        for (index, branch) in several(schema, key) {
            let skip = key == "allOf" && index == 0 && skip_first_any_of;
            nested(branch, skip, &place.index(index), errors);
        }
    }
    if let Some(branch) = one(schema, "not") {
        nested(branch, false, &path.property("not"), errors);
    }
    let source = text(schema, "pattern");
    if let Some(problem) = pattern::syntax_error(source) {
        let why = format!("must be a valid regular expression, but isn't: {problem}");
        errors.invalid(&path.property("pattern"), &json!(source), &why);
    }
}

/// Validates a branch or its descendants.
fn nested(branch: &Schema, skip_any_of: bool, path: &Path<'_>, errors: &mut Errors) {
    const EMPTY: [&str; 5] = [
        "type",
        "title",
        "description",
        "x-kubernetes-list-map-keys",
        "x-kubernetes-validations",
    ];
    const UNDEFINED: [&str; 4] = [
        "additionalProperties",
        "default",
        "x-kubernetes-list-type",
        "x-kubernetes-map-type",
    ];
    const FALSE: [&str; 4] = [
        "nullable",
        "x-kubernetes-preserve-unknown-fields",
        "x-kubernetes-embedded-resource",
        "x-kubernetes-int-or-string",
    ];
    values(branch, skip_any_of, false, path, errors);
    if let Some(items) = one(branch, "items") {
        nested(items, false, &path.property("items"), errors);
    }
    let properties = path.property("properties");
    for (name, child) in named(branch, "properties") {
        nested(child, false, &properties.key(name), errors);
        if name == "metadata" {
            errors.forbidden(&properties.key(name), "must not be specified in a nested context");
        }
    }
    for (keys, what) in [
        (&EMPTY[..], "empty"),
        (&UNDEFINED, "undefined"),
        (&FALSE, "false"),
    ] {
        for key in keys {
            // `additionalProperties: false` is not there in a branch.
            let said = has(branch, key) && (*key != "additionalProperties" || branch[*key] != false);
            if said {
                errors.forbidden(&path.property(key), &format!("must be {what} to be structural"));
            }
        }
    }
}

/// Everything that a branch constrains must be declared outside of it. `schema` is the schema at the same position.
fn complete(
    branch: &Schema,
    schema: Option<&Schema>,
    place: &Path<'_>,
    said_at: &Path<'_>,
    errors: &mut Errors,
) {
    let Some(schema) = schema else {
        errors.required(place, &format!("because it is defined in {}", said_at.field()));
        return;
    };
    if let Some(not) = one(branch, "not") {
        complete_branch(not, schema, place, &said_at.property("not"), errors);
    }
    for key in ["allOf", "anyOf", "oneOf"] {
        let said_at = said_at.property(key);
        for (index, one) in several(branch, key) {
            complete_branch(one, schema, place, &said_at.index(index), errors);
        }
    }
}

fn complete_branch(
    branch: &Schema,
    schema: &Schema,
    place: &Path<'_>,
    said_at: &Path<'_>,
    errors: &mut Errors,
) {
    complete(branch, Some(schema), place, said_at, errors);
    if let Some(items) = one(branch, "items") {
        let (place, said_at) = (place.property("items"), said_at.property("items"));
        match one(schema, "items") {
            Some(declared) => complete_branch(items, declared, &place, &said_at, errors),
            None => complete(items, None, &place, &said_at, errors),
        }
    }
    let (properties, said_at) = (place.property("properties"), said_at.property("properties"));
    let declared = one(schema, "properties");
    for (name, child) in named(branch, "properties") {
        let (place, said_at) = (properties.key(name), said_at.key(name));
        match declared.and_then(|declared| one(declared, name)) {
            Some(declared) => complete_branch(child, declared, &place, &said_at, errors),
            None => complete(child, None, &place, &said_at, errors),
        }
    }
}
