//! Validates the defaults in a schema (`k8s.io/apiextensions-apiserver/pkg/apiserver/schema/defaulting`,
//! `ValidateDefaults`).

use std::sync::Arc;

use serde_json::Value;

use super::keywords::{Schema, flag, one, several, text};
use super::lenient;
use super::{CrdError, Errors, MAX_ERRORS};
use crate::go_format::format_value;
use crate::node::Node;
use crate::path::Path;
use crate::rules::check::{self, DeclType, DeclTypeKind, ExpressionKind, Scope};
use crate::violation::{Check, Violation};
use crate::{Reason, metadata, pruning, rules, validate};

/// Validates all defaults of a version's schema. `schema` is the document, `root` the part of it that could be parsed.
pub(super) fn validate_root(root: &Node, schema: &Schema, place: &Path<'_>, errors: &mut Errors) {
    if let Some(default) = root.default_value() {
        let at = place.property("default").field();
        errors
            .list
            .extend(errors_in(root, schema, Role::Root, default, &at));
    }
    validate_below(root, schema, place, errors);
}

/// What a value is within an object.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Role {
    /// The object itself.
    Root,
    /// A resource embedded in it.
    Embedded,
    /// Anything else.
    Value,
}

/// Validates the defaults below `node` as written: nested defaults are not applied first. Defaults in the values of
/// maps are not checked.
fn validate_node(node: &Node, schema: &Schema, role: Role, place: &Path<'_>, errors: &mut Errors) {
    if errors.list.len() >= MAX_ERRORS {
        return;
    }
    if let Some(default) = node.default_value() {
        let at = place.property("default").field();
        for crd_error in errors_in(node, schema, role, default, &at) {
            if !errors.list.contains(&crd_error) {
                errors.list.push(crd_error);
            }
        }
    }
    validate_below(node, schema, place, errors);
}

fn validate_below(node: &Node, schema: &Schema, place: &Path<'_>, errors: &mut Errors) {
    let role = |schema: &Schema| {
        if flag(schema, "x-kubernetes-embedded-resource") {
            Role::Embedded
        } else {
            Role::Value
        }
    };
    if let (Some(child), Some(schema)) = (node.items(), one(schema, "items")) {
        validate_node(child, schema, role(schema), &place.property("items"), errors);
    }
    let properties = place.property("properties");
    let declared = one(schema, "properties");
    for (name, child) in node.properties() {
        if let Some(schema) = declared.and_then(|all| one(all, name)) {
            validate_node(child, schema, role(schema), &properties.key(name), errors);
        }
    }
}

fn errors_in(node: &Node, schema: &Schema, role: Role, default: &Value, at: &str) -> Vec<CrdError> {
    let mut pruned = default.clone();
    let mut faults = Vec::new();
    if !pruning::prune(&mut pruned, node).is_empty() {
        faults.push(CrdError {
            path: at.to_owned(),
            reason: Reason::Invalid,
            message: format!(
                "Invalid value: {}: must not have unknown fields",
                format_value(default)
            ),
        });
    }
    let mut violations = match role {
        Role::Root => metadata::validate_resource(default),
        Role::Embedded | Role::Value => Vec::new(),
    };
    violations.extend(metadata::validate_embedded(node, default));
    // The API server does not look at the values of a resource that is none.
    if violations.is_empty() {
        violations = validate::validate(node, default, None);
        unknown_types(schema, default, &Path::ROOT, &mut violations);
    }
    if violations.is_empty() && node.has_rules {
        let decl_type = DeclType::of(schema, role != Role::Value);
        let mut wrong = Vec::new();
        rules_compile(schema, decl_type.as_ref(), default, &Path::ROOT, &mut wrong);
        let is_known = |one: &Violation| !wrong.iter().any(|wrong| wrong.path == one.path);
        violations = rules::validate(node, default, Some(default));
        violations.retain(is_known);
        violations.extend(wrong);
    }
    if violations.is_empty() {
        violations = rules::validate(node, default, None);
    }
    // The API server does not check `x-kubernetes-int-or-string` in defaults.
    let told = violations.into_iter().filter(|one| {
        one.reason != Reason::Indeterminate && !one.message.contains(" must be of type integer,string: ")
    });
    faults.extend(told.map(|one| crd_error(one, at)));
    faults
}

/// Reports values at schemas whose type does not exist: such values have a different type.
fn unknown_types(schema: &Schema, value: &Value, path: &Path<'_>, wrong: &mut Vec<Violation>) {
    if lenient::has_unknown_type(schema) {
        let wanted = text(schema, "type");
        let is = match value {
            Value::Null => "null",
            Value::Bool(_) => "boolean",
            Value::Number(number) if number.is_f64() => "number",
            Value::Number(_) => "integer",
            Value::String(_) => "string",
            Value::Array(_) => "array",
            Value::Object(_) => "object",
        };
        let fits = wanted == is || value.is_null() && flag(schema, "nullable");
        if !fits {
            let detail = format!("{} in body must be of type {wanted}: {is:?}", path.dotted());
            let shown = format!("{is:?}");
            wrong.push(Violation::new(
                path,
                Check::Schema,
                Reason::TypeInvalid,
                Some(&shown),
                detail,
            ));
        }
    }
    match value {
        Value::Object(map) => {
            for (name, value) in map {
                if let Some(child) = one(schema, "properties").and_then(|all| one(all, name)) {
                    unknown_types(child, value, &path.property(name), wrong);
                } else if let Some(child) = one(schema, "additionalProperties") {
                    unknown_types(child, value, &path.key(name), wrong);
                }
            }
        }
        Value::Array(items) => {
            if let Some(child) = one(schema, "items") {
                for (index, item) in items.iter().enumerate() {
                    unknown_types(child, item, &path.index(index), wrong);
                }
            }
        }
        _ => {}
    }
}

/// Reports rules that apply to a value but do not compile.
fn rules_compile(
    schema: &Schema,
    decl_type: Option<&Arc<DeclType>>,
    value: &Value,
    path: &Path<'_>,
    wrong: &mut Vec<Violation>,
) {
    if value.is_null() {
        return;
    }
    let kind = format!("{:?}", text(schema, "type"));
    let mut add = |detail: String| {
        wrong.push(Violation::new(
            path,
            Check::Rule,
            Reason::Invalid,
            Some(&kind),
            detail,
        ));
    };
    let Some(decl_type) = decl_type else {
        if several(schema, "x-kubernetes-validations").next().is_some() {
            let why = "failed to convert to declType for CEL validation rules";
            add(format!("rule compiler initialization error: {why}"));
        }
        return;
    };
    let mut scope = None;
    for (_, rule) in several(schema, "x-kubernetes-validations") {
        let scope = scope.get_or_insert_with(|| Scope::new(Arc::clone(decl_type), true));
        let source = text(rule, "rule");
        if source.trim().is_empty() {
            continue;
        }
        let compiled = check::compile(source, ExpressionKind::Rule, scope, flag(rule, "optionalOldSelf"));
        if let Some(problem) = compiled.and_then(|compiled| compiled.problem) {
            add(format!("rule compile error: {problem}"));
        }
    }
    match value {
        Value::Object(map) => {
            for (name, value) in map {
                if let Some(child) = one(schema, "properties").and_then(|all| one(all, name)) {
                    // Rules of fields without a CEL type are skipped.
                    if let Some(field) = decl_type.field(name) {
                        rules_compile(child, Some(field), value, &path.property(name), wrong);
                    }
                } else if let (Some(child), DeclTypeKind::Map(values)) =
                    (one(schema, "additionalProperties"), &decl_type.kind)
                {
                    rules_compile(child, Some(values), value, &path.key(name), wrong);
                }
            }
        }
        Value::Array(items) => {
            if let (Some(child), DeclTypeKind::List(item)) = (one(schema, "items"), &decl_type.kind) {
                for (index, value) in items.iter().enumerate() {
                    rules_compile(child, Some(item), value, &path.index(index), wrong);
                }
            }
        }
        _ => {}
    }
}

fn crd_error(violation: Violation, at: &str) -> CrdError {
    let path = match (violation.check, violation.path) {
        (Check::Combination, _) => at.to_owned(),
        (_, path) if path.is_empty() => at.to_owned(),
        (Check::Rule | Check::List, path) if path.starts_with('[') => format!("{at}{path}"),
        (_, path) => format!("{at}.{path}"),
    };
    CrdError {
        path,
        reason: violation.reason,
        message: violation.message,
    }
}
