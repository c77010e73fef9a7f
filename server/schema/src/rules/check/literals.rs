//! Checks literals after type checking (`cel/validator.go` of cel-go).

use cel::common::ast::{EntryExpr, Expr, IdedExpr, LiteralValue};

use super::annotations::Annotations;
use super::constants;
use super::format_strings;
use super::issues::Issues;
use super::types::Type;
use super::walk::walk;
use crate::pattern;

/// Reports invalid durations, timestamps and patterns, and lists and maps of mixed types.
pub(super) fn check(expression: &IdedExpr, found: &Annotations, issues: &mut Issues<'_>) {
    walk(expression, &mut |node, within_format| match &node.expr {
        Expr::Call(_) => {
            arguments(node, found, issues);
            format_strings::check(node, found, issues);
        }
        Expr::List(list) if !within_format => {
            let types = list.elements.iter().enumerate().map(|(index, element)| {
                let of = found.type_of(element);
                let is_optional = list.optional_indices.contains(&index);
                (element.id, if is_optional { of.unwrapped().0 } else { of })
            });
            // One error per list or map.
            if let Some((id, first, other)) = different(types).next() {
                issues.add(id, format!("expected type '{first}' but found '{other}'"));
            }
        }
        Expr::Map(map) if !within_format => {
            let entries = || {
                map.entries.iter().filter_map(|entry| match &entry.expr {
                    EntryExpr::MapEntry(entry) => Some(entry),
                    EntryExpr::StructField(_) => None,
                })
            };
            let keys = entries().map(|entry| (entry.key.id, found.type_of(&entry.key)));
            let values = entries().map(|entry| {
                let of = found.type_of(&entry.value);
                (entry.value.id, if entry.optional { of.unwrapped().0 } else { of })
            });
            for (id, first, other) in different(keys).chain(different(values)) {
                issues.add(id, format!("expected type '{first}' but found '{other}'"));
            }
        }
        _ => {}
    });
}

/// The elements whose type differs from the first one's, with both types.
fn different<'t>(
    mut types: impl Iterator<Item = (u64, &'t Type)>,
) -> impl Iterator<Item = (u64, &'t Type, &'t Type)> {
    let first = types.next();
    types.filter_map(move |(id, of)| {
        let (_, first) = first?;
        (!first.is_same(of)).then_some((id, first, of))
    })
}

/// Checks a literal that is the first argument of a function that parses it.
fn arguments(node: &IdedExpr, found: &Annotations, issues: &mut Issues<'_>) {
    let Expr::Call(call) = &node.expr else {
        return;
    };
    let Some(argument) = call.args.first() else {
        return;
    };
    let Expr::Literal(literal) = &argument.expr else {
        return;
    };
    let name = found
        .calls
        .get(&node.id)
        .map_or(call.func_name.as_str(), |call| call.function.as_str());
    let is_wrong = match (name, literal) {
        ("duration" | "timestamp", _) => constants::problem(node).is_some(),
        ("matches", LiteralValue::String(text)) => pattern::syntax_error(text.inner()).is_some(),
        _ => false,
    };
    if is_wrong {
        issues.add(argument.id, format!("invalid {name} argument"));
    }
}
