//! Compiles rules: limits their nesting, and rewrites them so that evaluation is metered.

use cel::common::ast::{CallExpr, EntryExpr, Expr, IdedExpr, LiteralValue, operators};

use super::budget::{CHARGE_ELEMENT, CHARGE_RANGE};
use super::environment::ENV;
use super::field_refs;
use super::library::{
    CONVERSIONS, COPYING, DISTINCT, FORMAT, IN_UTC, INDEX_OF, JOIN, LAST_INDEX_OF, MATCHES, PARTS, REPLACE,
    SUBTRACT,
};
use super::operators::{EQUAL, HAS, IN, METERED_ADD, UNEQUAL};
use crate::rule::{CompileError, Program, Rule};

/// Limit on nested brackets: the syntax tree is walked by recursion.
const MAX_NESTING: usize = 48;
/// Limit on operators, for the same reason.
const MAX_OPERATORS: usize = 600;

/// Size limit of a rule, in bytes. The longest known rule has 800.
pub(super) const MAX_RULE_BYTES: usize = 16 * 1024;

impl Rule {
    /// The compiled rule.
    pub(super) fn program(&self) -> Result<&Program, &CompileError> {
        self.program.get_or_init(|| Program::compile(&self.text)).as_ref()
    }

    /// The compiled `messageExpression`, if there is one that compiles.
    pub(super) fn message_program(&self) -> Option<&Program> {
        let source = self.message_expression.as_deref()?;
        self.message_program
            .get_or_init(|| Program::compile(source))
            .as_ref()
            .ok()
    }

    /// True for transition rules, which use `oldSelf`.
    pub(super) fn is_transition(&self) -> bool {
        self.program().is_ok_and(|program| program.uses_old_self)
    }
}

impl Program {
    /// Compiles a rule.
    ///
    /// # Errors
    /// Why the rule does not compile.
    pub(super) fn compile(source: &str) -> Result<Self, CompileError> {
        if source.len() > MAX_RULE_BYTES {
            return Err(CompileError::new(format!(
                "the rule is longer than {MAX_RULE_BYTES} bytes"
            )));
        }
        check_limits(source).map_err(CompileError::new)?;
        let mut expression = parse(source).map_err(CompileError::new)?;
        let uses_old_self = expression.references().has_variable("oldSelf");
        let uses_self = expression.references().has_variable("self");
        let mut field_refs = Vec::new();
        field_refs::collect(&expression, &mut field_refs);
        rewrite(&mut expression);
        Ok(Self {
            field_refs,
            expression,
            uses_old_self,
            uses_self,
            size: source.len() / 4 + 8,
        })
    }
}

/// Whether a rule uses `oldSelf`; `None` if the rule exceeds a limit.
///
/// # Errors
/// Why the rule cannot be parsed.
pub(crate) fn uses_old_self(source: &str) -> Result<Option<bool>, String> {
    if source.len() > MAX_RULE_BYTES || check_limits(source).is_err() {
        return Ok(None);
    }
    Ok(Some(parse(source)?.references().has_variable("oldSelf")))
}

fn parse(source: &str) -> Result<IdedExpr, String> {
    // Field names may be quoted with backticks.
    let parser = ENV.parser().enable_ident_escape_syntax(true);
    parser.parse(source).map_err(|errors| {
        let text = errors.to_string();
        text.lines().next().unwrap_or_default().trim().to_owned()
    })
}

/// Rejects rules that nest too deeply, before the recursive parser sees them.
pub(super) fn check_limits(source: &str) -> Result<(), String> {
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
        if depth > MAX_NESTING {
            return Err(format!("the rule nests more than {MAX_NESTING} brackets"));
        }
    }
    if operators > 2 * MAX_OPERATORS {
        return Err(format!("the rule has more than {MAX_OPERATORS} operators"));
    }
    Ok(())
}

/// Meters comprehensions and copies, and replaces functions by the API server's variants.
pub(super) fn rewrite(expression: &mut IdedExpr) {
    match &mut expression.expr {
        Expr::Call(call) => {
            if let Some(target) = &mut call.target {
                rewrite(target);
            }
            call.args.iter_mut().for_each(rewrite);
            // Comprehensions append to their accumulator in place, without a copy. The appended elements are metered
            // below.
            let is_accumulator = matches!(call.args.as_slice(), [IdedExpr { expr: Expr::Ident(name), .. },
                IdedExpr { expr: Expr::List(_), .. }] if name.starts_with('@') || name.starts_with("__"));
            if call.func_name == "_+_" && call.target.is_none() && !is_accumulator {
                METERED_ADD.clone_into(&mut call.func_name);
            }
            if call.target.is_none() {
                match call.func_name.as_str() {
                    operators::EQUALS => EQUAL.clone_into(&mut call.func_name),
                    operators::NOT_EQUALS => UNEQUAL.clone_into(&mut call.func_name),
                    operators::IN => IN.clone_into(&mut call.func_name),
                    _ => {}
                }
            }
            let makes_range = call.func_name == "range" && is_named(call.target.as_deref(), "lists");
            replace_functions(call);
            if makes_range {
                meter_element(expression);
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
                expr: call(CHARGE_RANGE, vec![range]),
            };
        }
        Expr::List(list) => list.elements.iter_mut().for_each(|element| {
            rewrite(element);
            meter_element(element);
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

/// Replaces the functions of the `cel` crate that differ from the API server's.
fn replace_functions(call: &mut CallExpr) {
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
            name if COPYING.contains(&name) => meter_element(target),
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
            meter_element(&mut entry.value);
        }
    }
}

fn meter_element(element: &mut IdedExpr) {
    if !matches!(element.expr, Expr::Literal(_)) {
        let value = std::mem::take(element);
        *element = IdedExpr {
            id: value.id,
            expr: call(CHARGE_ELEMENT, vec![value]),
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
    fn rules_that_nest_too_deeply_are_rejected_before_parsing() {
        assert!(Program::compile(&("(".repeat(8000) + "true")).is_err());
        assert!(Program::compile(&("!".repeat(8000) + "true")).is_err());
        assert!(Program::compile(&("[".repeat(40) + "1" + &"]".repeat(40) + " != []")).is_ok());
        assert!(Program::compile(&(vec!["true"; 250].join(" && "))).is_ok());
    }

    #[test]
    fn transition_rules_are_those_that_use_old_self() {
        assert!(Program::compile("self == oldSelf").unwrap().uses_old_self);
        assert!(!Program::compile("self == 'oldSelf'").unwrap().uses_old_self);
    }
}
