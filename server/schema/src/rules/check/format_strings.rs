//! Checks literal format strings against the types of their arguments (`ext/formatting.go` of cel-go).

use cel::common::ast::{EntryExpr, Expr, IdedExpr, LiteralValue};

use super::annotations::Annotations;
use super::issues::Issues;
use super::types::Type;

/// The error, and the argument node that it is about, if any.
type Problem = (Option<u64>, String);

/// Reports the errors of a call of `format`.
pub(super) fn check(node: &IdedExpr, found: &Annotations, issues: &mut Issues<'_>) {
    let Expr::Call(call) = &node.expr else {
        return;
    };
    let (Some(target), [argument], "format") = (&call.target, call.args.as_slice(), call.func_name.as_str())
    else {
        return;
    };
    let (Expr::Literal(LiteralValue::String(template)), Expr::List(list)) = (&target.expr, &argument.expr)
    else {
        return;
    };
    let arguments = &list.elements;
    match clauses(template.inner(), arguments, found) {
        Err((id, message)) => issues.add(id.unwrap_or(node.id), message),
        Ok(used) if arguments.len() > used => {
            let given = arguments.len();
            issues.add(
                node.id,
                format!("too many arguments supplied to string.format (expected {used}, got {given})"),
            );
        }
        Ok(_) => {}
    }
}

/// Checks the clauses of a format string and returns how many arguments they take.
fn clauses(template: &str, arguments: &[IdedExpr], found: &Annotations) -> Result<usize, Problem> {
    let mut used = 0;
    let mut rest = template;
    while let Some((_, after)) = rest.split_once('%') {
        if let Some(after) = after.strip_prefix('%') {
            rest = after;
            continue;
        }
        if after.is_empty() {
            return Err((None, "unexpected end of string".to_owned()));
        }
        let Some(argument) = arguments.get(used) else {
            return Err((None, format!("index {used} out of range")));
        };
        let (verb, after) = clause(after)
            .map_err(|problem| (None, format!("could not parse formatting clause: {problem}")))?;
        takes(verb, argument, found)
            .map_err(|(id, problem)| (id, format!("error during formatting: {problem}")))?;
        used += 1;
        rest = after;
    }
    Ok(used)
}

/// Splits a clause into its verb and the rest of the string.
fn clause(text: &str) -> Result<(char, &str), String> {
    let rest = match text.strip_prefix('.') {
        None => text,
        Some(after) => {
            let end = after
                .find(|c: char| !c.is_ascii_digit())
                .ok_or("error while parsing precision: could not find end of precision specifier")?;
            let digits = &after[..end];
            if digits.parse::<i64>().is_err() {
                let reason = if digits.is_empty() {
                    "invalid syntax"
                } else {
                    "value out of range"
                };
                return Err(format!(
                    "error while parsing precision: error while converting precision to integer: strconv.Atoi: \
                     parsing \"{digits}\": {reason}"
                ));
            }
            &after[end..]
        }
    };
    let verb = rest.chars().next().unwrap_or_default();
    if "sdfebxXo".contains(verb) {
        Ok((verb, &rest[1..]))
    } else {
        Err(format!("unrecognized formatting clause \"{verb}\""))
    }
}

/// Checks that a clause accepts the type of its argument.
fn takes(verb: char, argument: &IdedExpr, found: &Annotations) -> Result<(), Problem> {
    let of = found.type_of(argument);
    let is_integer = matches!(of, Type::Int | Type::Uint);
    let (fits, words) = match verb {
        's' => {
            return match not_text(argument, found) {
                None => Ok(()),
                Some(part) => {
                    let words = "string clause can only be used on strings, bools, bytes, ints, doubles, maps, lists, \
                                 types, durations, and timestamps";
                    Err(refused(part, words, found))
                }
            };
        }
        'd' => (is_integer, "decimal clause can only be used on integers"),
        'f' => (
            matches!(of, Type::Double | Type::String),
            "fixed-point clause can only be used on doubles",
        ),
        'e' => (
            matches!(of, Type::Double | Type::String),
            "scientific clause can only be used on doubles",
        ),
        'b' => (
            is_integer || matches!(of, Type::Bool),
            "only integers and bools can be formatted as binary",
        ),
        'o' => (is_integer, "octal clause can only be used on integers"),
        _ => (
            is_integer || matches!(of, Type::String | Type::Bytes),
            "only integers, byte buffers, and strings can be formatted as hex",
        ),
    };
    if fits || matches!(of, Type::Dyn) {
        Ok(())
    } else {
        Err(refused(argument, words, found))
    }
}

fn refused(part: &IdedExpr, words: &str, found: &Annotations) -> Problem {
    let of = found.type_of(part).plain_name();
    (Some(part.id), format!("{words}, was given {of}"))
}

/// The part of an argument that cannot be formatted as a string, if any.
fn not_text<'e>(argument: &'e IdedExpr, found: &Annotations) -> Option<&'e IdedExpr> {
    let mut waiting = vec![argument];
    while let Some(part) = waiting.pop() {
        let of = found.type_of(part);
        if matches!(
            of,
            Type::Object(_) | Type::Struct(_) | Type::Opaque(_) | Type::Optional(_) | Type::Error
        ) {
            return Some(part);
        }
        match &part.expr {
            Expr::List(list) => waiting.extend(list.elements.iter().rev()),
            Expr::Map(map) => {
                for entry in map.entries.iter().rev() {
                    if let EntryExpr::MapEntry(entry) = &entry.expr {
                        waiting.extend([&entry.value, &entry.key]);
                    }
                }
            }
            _ => {}
        }
    }
    None
}
