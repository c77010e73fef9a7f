//! Whether the defaults in a schema are values that it allows
//! (`k8s.io/apiextensions-apiserver/pkg/apiserver/schema/defaulting`, `ValidateDefaults`).

use std::sync::Arc;

use serde_json::Value;

use super::keywords::{Schema, flag, one, several, text};
use super::lenient;
use super::{Fault, Found, MOST};
use crate::node::Node;
use crate::path::Path;
use crate::rules::check::{self, Declaration, Declared, Goal, Scope};
use crate::violation::{Check, Violation, bad_value};
use crate::{Reason, metadata, pruning, rules, validate};

/// Judges the defaults of a whole schema, that of the object itself as an object that is embedded. `schema` is as it is
/// written, `root` as far as that can be read.
pub(super) fn judge_root(root: &Node, schema: &Schema, place: &Path<'_>, found: &mut Found) {
    let at = place.property("default").field();
    let default = root.default_value().into_iter();
    let wrong: Vec<Violation> = default.flat_map(metadata::validate_resource).collect();
    found.faults.extend(wrong.into_iter().map(|one| fault(one, &at)));
    judge(root, schema, true, place, found);
}

/// Judges the defaults below `node`, each as it is written: defaults within it are not filled in first. Those of the
/// values of maps are not looked at.
fn judge(node: &Node, schema: &Schema, is_resource: bool, place: &Path<'_>, found: &mut Found) {
    if found.faults.len() >= MOST {
        return;
    }
    if let Some(default) = node.default_value() {
        let at = place.property("default").field();
        for fault in faults(node, schema, is_resource, default, &at) {
            if !found.faults.contains(&fault) {
                found.faults.push(fault);
            }
        }
    }
    let is_embedded = |schema: &Schema| flag(schema, "x-kubernetes-embedded-resource");
    if let (Some(child), Some(schema)) = (node.items(), one(schema, "items")) {
        judge(
            child,
            schema,
            is_embedded(schema),
            &place.property("items"),
            found,
        );
    }
    let properties = place.property("properties");
    let declared = one(schema, "properties");
    for (name, child) in node.properties() {
        if let Some(schema) = declared.and_then(|all| one(all, name)) {
            judge(child, schema, is_embedded(schema), &properties.key(name), found);
        }
    }
}

fn faults(node: &Node, schema: &Schema, is_resource: bool, default: &Value, at: &str) -> Vec<Fault> {
    let mut pruned = default.clone();
    let mut faults = Vec::new();
    if !pruning::prune(&mut pruned, node).is_empty() {
        faults.push(Fault {
            path: at.to_owned(),
            reason: Reason::Invalid,
            message: format!(
                "Invalid value: {}: must not have unknown fields",
                bad_value(default)
            ),
        });
    }
    let mut violations = metadata::validate_embedded(node, default);
    if violations.is_empty() {
        violations = validate::validate(node, default, None);
        unknown_types(schema, default, &Path::ROOT, &mut violations);
    }
    if violations.is_empty() && node.has_rules {
        let declaration = Declaration::of(schema, is_resource);
        let mut wrong = Vec::new();
        rules_compile(schema, declaration.as_ref(), default, &Path::ROOT, &mut wrong);
        let is_judged = |one: &Violation| !wrong.iter().any(|wrong| wrong.path == one.path);
        violations = rules::validate(node, default, Some(default));
        violations.retain(is_judged);
        violations.extend(wrong);
    }
    if violations.is_empty() {
        violations = rules::validate(node, default, None);
    }
    // Whether a value is an integer or a string is not asked of defaults.
    let told = violations.into_iter().filter(|one| {
        one.reason != Reason::CouldNotJudge && !one.message.contains(" must be of type integer,string: ")
    });
    faults.extend(told.map(|one| fault(one, at)));
    faults
}

/// Values where the schema names a type that does not exist: they are of another.
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

/// Rules that would be asked about a value and cannot be: those that are no CEL, or whose types are wrong.
fn rules_compile(
    schema: &Schema,
    declaration: Option<&Arc<Declaration>>,
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
    let Some(declaration) = declaration else {
        if several(schema, "x-kubernetes-validations").next().is_some() {
            let why = "failed to convert to declType for CEL validation rules";
            add(format!("rule compiler initialization error: {why}"));
        }
        return;
    };
    let mut scope = None;
    for (_, rule) in several(schema, "x-kubernetes-validations") {
        let scope = scope.get_or_insert_with(|| Scope::new(Arc::clone(declaration), true));
        let source = text(rule, "rule");
        if source.trim().is_empty() {
            continue;
        }
        let verdict = check::judge(source, Goal::Rule, scope, flag(rule, "optionalOldSelf"));
        if let Some(problem) = verdict.and_then(|verdict| verdict.problem) {
            add(format!("rule compile error: {problem}"));
        }
    }
    match value {
        Value::Object(map) => {
            for (name, value) in map {
                if let Some(child) = one(schema, "properties").and_then(|all| one(all, name)) {
                    // Of a field that rules cannot speak of, none is asked.
                    if let Some(field) = declaration.field(name) {
                        rules_compile(child, Some(field), value, &path.property(name), wrong);
                    }
                } else if let (Some(child), Declared::Map(values)) =
                    (one(schema, "additionalProperties"), &declaration.declared)
                {
                    rules_compile(child, Some(values), value, &path.key(name), wrong);
                }
            }
        }
        Value::Array(items) => {
            if let (Some(child), Declared::List(item)) = (one(schema, "items"), &declaration.declared) {
                for (index, value) in items.iter().enumerate() {
                    rules_compile(child, Some(item), value, &path.index(index), wrong);
                }
            }
        }
        _ => {}
    }
}

fn fault(violation: Violation, at: &str) -> Fault {
    let path = match (violation.check, violation.path) {
        (Check::Combination, _) => at.to_owned(),
        (_, path) if path.is_empty() => at.to_owned(),
        (Check::Rule | Check::List, path) if path.starts_with('[') => format!("{at}{path}"),
        (_, path) => format!("{at}.{path}"),
    };
    Fault {
        path,
        reason: violation.reason,
        message: violation.message,
    }
}
