//! Finds the fields that a rule refers to. The API server names only the object that has the rule; a form can show the
//! error at the fields that a person has to change.

use cel::common::ast::{EntryExpr, Expr, IdedExpr, LiteralValue};
use serde_json::Value;

use super::escaping::unescape;
use crate::node::Node;
use crate::path::{Path, push_token};
use crate::rule::Program;
use crate::schema_type::SchemaType;

/// A rule that refers to more fields than this concerns the object as a whole.
const MAX_FIELDS: usize = 4;

/// The fields of the object at `path` that a broken rule refers to, as JSON pointers: the missing ones if there are
/// any, else all. If the message names some of them, only those. Empty if the rule concerns the object as a whole.
pub(super) fn related_fields(
    program: &Program,
    node: &Node,
    value: &Value,
    path: &Path<'_>,
    message: &str,
) -> Vec<String> {
    if !matches!(node.schema_type, SchemaType::Object | SchemaType::Any) {
        return Vec::new();
    }
    let mut refs: Vec<FieldRef> = Vec::new();
    for names in &program.field_refs {
        if let Some(place) = resolve_chain(node, value, names)
            && !refs.contains(&place)
        {
            refs.push(place);
        }
    }
    if refs.iter().any(|place| place.is_missing) {
        refs.retain(|place| place.is_missing);
    }
    if refs.iter().any(|place| place.is_named(message)) {
        refs.retain(|place| place.is_named(message));
    }
    if refs.len() > MAX_FIELDS {
        return Vec::new();
    }
    let here = path.pointer();
    refs.into_iter()
        .map(|place| {
            let mut pointer = here.clone();
            place.names.iter().for_each(|name| push_token(&mut pointer, name));
            pointer
        })
        .collect()
}

/// A field below the object that has the rule.
#[derive(PartialEq)]
struct FieldRef {
    names: Vec<String>,
    /// True if the field is missing or empty.
    is_missing: bool,
}

impl FieldRef {
    fn is_named(&self, message: &str) -> bool {
        let path = self.names.join(".");
        message.match_indices(&path).any(|(at, _)| {
            let goes_on = |c: char| c.is_alphanumeric() || c == '.';
            !message[at + path.len()..].starts_with(goes_on)
                && !message[..at].ends_with(char::is_alphanumeric)
        })
    }
}

/// Follows a chain of names to its end, or to the first missing field.
fn resolve_chain(node: &Node, value: &Value, chain: &[String]) -> Option<FieldRef> {
    let mut names = Vec::new();
    let (mut node, mut value) = (node, Some(value));
    for name in chain {
        let (declared, child) = declared(node, name)?;
        names.push(declared.to_string());
        node = child;
        value = value
            .and_then(|value| value.get(declared))
            .filter(|value| !value.is_null());
        if value.is_none() {
            break;
        }
    }
    let is_missing = match value {
        None => true,
        Some(Value::String(text)) => text.is_empty(),
        Some(Value::Array(items)) => items.is_empty(),
        Some(Value::Object(map)) => map.is_empty(),
        Some(_) => false,
    };
    (!names.is_empty()).then_some(FieldRef { names, is_missing })
}

/// The property for a name as written in a rule.
fn declared<'a>(node: &'a Node, written: &str) -> Option<(&'a str, &'a Node)> {
    let (name, child) = node.properties.get_key_value(&*unescape(written)?)?;
    Some((name, child))
}

/// Collects the chains of names that start at `self`: `self.a.b`, `self.?a` and `has(self.a.b)`.
pub(super) fn collect(expression: &IdedExpr, into: &mut Vec<Vec<String>>) {
    if let Some(names) = chain(expression) {
        if !names.is_empty() && !into.contains(&names) {
            into.push(names);
        }
        return;
    }
    match &expression.expr {
        Expr::Call(call) => {
            if let Some(target) = &call.target {
                collect(target, into);
            }
            call.args.iter().for_each(|arg| collect(arg, into));
        }
        Expr::Comprehension(comprehension) => {
            for part in [
                &comprehension.iter_range,
                &comprehension.accu_init,
                &comprehension.loop_step,
                &comprehension.result,
            ] {
                collect(part, into);
            }
        }
        Expr::List(list) => list.elements.iter().for_each(|element| collect(element, into)),
        Expr::Map(map) => map.entries.iter().for_each(|entry| entries(&entry.expr, into)),
        Expr::Struct(structure) => structure
            .entries
            .iter()
            .for_each(|entry| entries(&entry.expr, into)),
        Expr::Select(select) => collect(&select.operand, into),
        _ => {}
    }
}

fn entries(entry: &EntryExpr, into: &mut Vec<Vec<String>>) {
    match entry {
        EntryExpr::StructField(field) => collect(&field.value, into),
        EntryExpr::MapEntry(entry) => {
            collect(&entry.key, into);
            collect(&entry.value, into);
        }
    }
}

/// The names after `self`, if the expression only selects fields.
fn chain(expression: &IdedExpr) -> Option<Vec<String>> {
    match &expression.expr {
        Expr::Ident(name) if name == "self" => Some(Vec::new()),
        Expr::Select(select) => {
            let mut names = chain(&select.operand)?;
            names.push(select.field.clone());
            Some(names)
        }
        Expr::Call(call) if call.func_name == "_?._" => {
            let [operand, name] = call.args.as_slice() else {
                return None;
            };
            let Expr::Literal(LiteralValue::String(name)) = &name.expr else {
                return None;
            };
            let mut names = chain(operand)?;
            names.push(name.inner().to_owned());
            Some(names)
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::Schema;

    fn of(rule: &str, message: &str, spec: &Value) -> Vec<String> {
        let schema = Schema::parse(&json!({
            "type": "object",
            "x-kubernetes-validations": [{"rule": rule, "message": message}],
            "properties": {
                "other": {"type": "string"}, "a": {"type": "string"}, "b": {"type": "string"}, "x-dash": {"type": "string"},
                "min": {"type": "integer"}, "max": {"type": "integer"},
                "deep": {"type": "object", "properties": {"c": {"type": "string"}, "d": {"type": "string"}}},
                "list": {"type": "array", "items": {"type": "string"}},
            },
        }))
        .unwrap();
        let violations = schema.validate(spec, None);
        assert_eq!(violations.len(), 1, "{violations:?}");
        assert_eq!(violations[0].pointer, "");
        violations[0].about.clone()
    }

    #[test]
    fn a_rule_refers_to_the_fields_it_misses() {
        assert_eq!(
            of("has(self.a) || has(self.b)", "one of them", &json!({})),
            ["/a", "/b"]
        );
        assert_eq!(
            of("!has(self.a) || has(self.b)", "a needs b", &json!({"a": "x"})),
            ["/b"]
        );
        assert_eq!(of("size(self.list) > 1", "two", &json!({"list": []})), ["/list"]);
        assert_eq!(of("has(self.x__dash__dash)", "missing", &json!({})), ["/x-dash"]);
        assert_eq!(of("self.?a.hasValue()", "missing", &json!({})), ["/a"]);
    }

    #[test]
    fn a_rule_without_missing_fields_refers_to_the_present_ones() {
        let spec = json!({"min": 3, "max": 1});
        assert_eq!(of("self.min <= self.max", "too small", &spec), ["/min", "/max"]);
    }

    #[test]
    fn a_message_that_names_a_field_narrows_the_fields_down() {
        let rule = "has(self.deep.c) || has(self.other)";
        let spec = json!({"deep": {"d": "x"}});
        assert_eq!(
            of(rule, "spec.deep.c is a required parameter", &spec),
            ["/deep/c"]
        );
    }

    #[test]
    fn an_evaluation_error_refers_to_the_missing_field() {
        assert_eq!(of("self.deep.c != 'x'", "not x", &json!({})), ["/deep"]);
    }
}
