//! Compiling a rule: bounded in nesting, and rewritten so that its work is counted.

use cel::common::ast::{CallExpr, EntryExpr, Expr, IdedExpr, LiteralValue, operators};

use super::environment::ENV;
use super::keyed::{EQUAL, UNEQUAL, WITHIN};
use super::library::{
    CONVERSIONS, COPYING, DISTINCT, FORMAT, IN_UTC, INDEX_OF, JOIN, LAST_INDEX_OF, MATCHES, PARTS, REPLACE,
    SUBTRACT,
};
use super::mentions;
use super::object::HAS;
use super::work::{ADD, COUNT, HOLD};

/// How deep brackets may nest, and how many operators a rule may have: its tree is walked by recursion.
const NESTING: usize = 48;
const OPERATORS: usize = 600;

/// A compiled rule.
#[derive(Debug)]
pub(super) struct Program {
    pub(super) expression: IdedExpr,
    pub(super) uses_old_self: bool,
    pub(super) uses_self: bool,
    /// The fields of `self` that it names, as chains of names, escaped as in rules.
    pub(super) mentions: Vec<Vec<String>>,
    /// Roughly how many nodes it has.
    pub(super) size: usize,
}

impl Program {
    /// Compiles a rule.
    ///
    /// # Errors
    /// Why it cannot be.
    pub(super) fn compile(source: &str) -> Result<Self, String> {
        bounded(source)?;
        let mut expression = parse(source)?;
        let uses_old_self = expression.references().has_variable("oldSelf");
        let uses_self = expression.references().has_variable("self");
        let mut mentions = Vec::new();
        mentions::collect(&expression, &mut mentions);
        rewrite(&mut expression);
        Ok(Self {
            mentions,
            expression,
            uses_old_self,
            uses_self,
            size: source.len() / 4 + 8,
        })
    }

    /// Whether a rule speaks of `oldSelf`; nothing where it would nest too deep.
    ///
    /// # Errors
    /// Why it cannot be parsed.
    pub(super) fn uses_old_self(source: &str) -> Result<Option<bool>, String> {
        if bounded(source).is_err() {
            return Ok(None);
        }
        Ok(Some(parse(source)?.references().has_variable("oldSelf")))
    }
}

fn parse(source: &str) -> Result<IdedExpr, String> {
    // Names between backticks are of fields, too.
    let parser = ENV.parser().enable_ident_escape_syntax(true);
    parser.parse(source).map_err(|errors| {
        let text = errors.to_string();
        text.lines().next().unwrap_or_default().trim().to_owned()
    })
}

/// Refuses what would nest too deep, before a parser that recurses sees it.
pub(super) fn bounded(source: &str) -> Result<(), String> {
    let mut depth = 0_usize;
    let mut operators = 0_usize;
    let mut quote: Option<char> = None;
    let mut escaped = false;
    for c in source.chars() {
        if let Some(end) = quote {
            if escaped {
                escaped = false;
            } else if c == '\\' {
                escaped = true;
            } else if c == end {
                quote = None;
            }
            continue;
        }
        match c {
            '"' | '\'' => quote = Some(c),
            '(' | '[' | '{' => depth += 1,
            ')' | ']' | '}' => depth = depth.saturating_sub(1),
            '.' | '+' | '-' | '*' | '/' | '%' | '!' | '?' | '|' | '&' | '<' | '>' | '=' => operators += 1,
            _ => {}
        }
        if depth > NESTING {
            return Err(format!("the rule nests more than {NESTING} brackets"));
        }
    }
    if operators > 2 * OPERATORS {
        return Err(format!("the rule has more than {OPERATORS} operators"));
    }
    Ok(())
}

/// Counts what comprehensions run over and what values take, and lets patterns be RE2's.
pub(super) fn rewrite(expression: &mut IdedExpr) {
    match &mut expression.expr {
        Expr::Call(call) => {
            if let Some(target) = &mut call.target {
                rewrite(target);
            }
            call.args.iter_mut().for_each(rewrite);
            // What a comprehension gathers is added to in place, without a copy; what it gathers is counted below.
            let gathers = matches!(call.args.as_slice(), [IdedExpr { expr: Expr::Ident(name), .. },
                IdedExpr { expr: Expr::List(_), .. }] if name.starts_with('@') || name.starts_with("__"));
            if call.func_name == "_+_" && call.target.is_none() && !gathers {
                ADD.clone_into(&mut call.func_name);
            }
            if call.target.is_none() {
                match call.func_name.as_str() {
                    operators::EQUALS => EQUAL.clone_into(&mut call.func_name),
                    operators::NOT_EQUALS => UNEQUAL.clone_into(&mut call.func_name),
                    operators::IN => WITHIN.clone_into(&mut call.func_name),
                    _ => {}
                }
            }
            let makes_range = call.func_name == "range" && is_named(call.target.as_deref(), "lists");
            rename(call);
            if makes_range {
                held(expression);
            }
        }
        Expr::Comprehension(comprehension) => {
            rewrite(&mut comprehension.iter_range);
            rewrite(&mut comprehension.accu_init);
            rewrite(&mut comprehension.loop_cond);
            rewrite(&mut comprehension.loop_step);
            rewrite(&mut comprehension.result);
            let range = std::mem::take(&mut comprehension.iter_range);
            comprehension.iter_range = IdedExpr {
                id: range.id,
                expr: call(COUNT, vec![range]),
            };
        }
        Expr::List(list) => list.elements.iter_mut().for_each(|element| {
            rewrite(element);
            held(element);
        }),
        Expr::Map(map) => map
            .entries
            .iter_mut()
            .for_each(|entry| rewrite_entry(&mut entry.expr)),
        Expr::Struct(structure) => structure
            .entries
            .iter_mut()
            .for_each(|entry| rewrite_entry(&mut entry.expr)),
        Expr::Select(select) => {
            rewrite(&mut select.operand);
            if select.test {
                let operand = std::mem::take(&mut *select.operand);
                let name = LiteralValue::String(std::mem::take(&mut select.field).into());
                let name = IdedExpr {
                    id: operand.id,
                    expr: Expr::Literal(name),
                };
                expression.expr = call(HAS, vec![operand, name]);
            }
        }
        _ => {}
    }
}

fn is_named(expression: Option<&IdedExpr>, wanted: &str) -> bool {
    matches!(expression.map(|expression| &expression.expr), Some(Expr::Ident(name)) if name == wanted)
}

/// Lets functions be those of the API server where the `cel` crate's depart.
fn rename(call: &mut CallExpr) {
    let name = call.func_name.as_str();
    match &mut call.target {
        None => {
            let conversion = CONVERSIONS.iter().find(|(theirs, _)| *theirs == name);
            match (name, conversion) {
                (_, Some((_, ours))) => (*ours).clone_into(&mut call.func_name),
                ("matches", _) => MATCHES.clone_into(&mut call.func_name),
                (operators::SUBSTRACT, _) => SUBTRACT.clone_into(&mut call.func_name),
                _ => {}
            }
        }
        Some(target) => match name {
            "matches" => {
                let target = std::mem::take(&mut **target);
                call.target = None;
                call.args.insert(0, target);
                MATCHES.clone_into(&mut call.func_name);
            }
            "format" => FORMAT.clone_into(&mut call.func_name),
            "indexOf" if call.args.len() == 2 => INDEX_OF.clone_into(&mut call.func_name),
            "lastIndexOf" if call.args.len() == 2 => LAST_INDEX_OF.clone_into(&mut call.func_name),
            "join" => JOIN.clone_into(&mut call.func_name),
            "replace" => REPLACE.clone_into(&mut call.func_name),
            "distinct" => DISTINCT.clone_into(&mut call.func_name),
            name if COPYING.contains(&name) => held(target),
            part if call.args.is_empty() && PARTS.contains(&part) => {
                let time = std::mem::take(&mut **target);
                **target = IdedExpr {
                    id: time.id,
                    expr: self::call(IN_UTC, vec![time]),
                };
            }
            _ => {}
        },
    }
}

fn rewrite_entry(entry: &mut EntryExpr) {
    match entry {
        EntryExpr::StructField(field) => rewrite(&mut field.value),
        EntryExpr::MapEntry(entry) => {
            rewrite(&mut entry.key);
            rewrite(&mut entry.value);
            held(&mut entry.value);
        }
    }
}

fn held(element: &mut IdedExpr) {
    if !matches!(element.expr, Expr::Literal(_)) {
        let value = std::mem::take(element);
        *element = IdedExpr {
            id: value.id,
            expr: call(HOLD, vec![value]),
        };
    }
}

fn call(name: &str, args: Vec<IdedExpr>) -> Expr {
    Expr::Call(CallExpr {
        func_name: name.to_owned(),
        target: None,
        args,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rules_that_nest_too_deep_are_refused_before_parsing() {
        assert!(Program::compile(&("(".repeat(8000) + "true")).is_err());
        assert!(Program::compile(&("!".repeat(8000) + "true")).is_err());
        assert!(Program::compile(&("[".repeat(40) + "1" + &"]".repeat(40) + " != []")).is_ok());
        assert!(Program::compile(&(vec!["true"; 250].join(" && "))).is_ok());
    }

    #[test]
    fn transitions_are_known_by_old_self() {
        assert!(Program::compile("self == oldSelf").unwrap().uses_old_self);
        assert!(!Program::compile("self == 'oldSelf'").unwrap().uses_old_self);
    }
}
