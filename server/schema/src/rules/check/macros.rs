//! Expands macros like cel-go, so that type checking and costs match the API server.
//!
//! The evaluator uses the `cel` crate's macros instead, and other expansions for two variables.

use cel::common::ast::{CallExpr, ComprehensionExpr, Expr, IdedExpr, ListExpr, MapExpr, operators};
use cel::parser::{Macro, MacroExprHelper, ParseError};
use cel::{DeclarationError, Env};

use super::walk::children;
use crate::rules::expr_builder::{ExprBuilder, RESULT};

const INSERT: &str = "cel.@mapInsert";
/// The placeholder for an expression that is too large to copy.
pub(super) const TOO_LARGE: &str = "@tooLarge";
/// Limit on the nodes of a copied expression.
const MAX_COPIED_NODES: usize = 5_000;

/// Adds the macros to an environment that has none.
///
/// # Errors
/// If a macro of that name exists.
pub(super) fn add(env: &mut Env) -> Result<(), DeclarationError> {
    env.add_macro(Macro::global("has", 1, |helper, _, args| {
        has(helper, args).map(Some)
    }))?;
    // The names, with the numbers of variables and arguments.
    for (name, variables, count) in [
        ("all", 1, 2),
        ("exists", 1, 2),
        ("exists_one", 1, 2),
        ("map", 1, 2),
        ("map", 1, 3),
        ("filter", 1, 2),
        ("all", 2, 3),
        ("exists", 2, 3),
        ("existsOne", 2, 3),
        ("exists_one", 2, 3),
        ("transformList", 2, 3),
        ("transformList", 2, 4),
        ("transformMap", 2, 3),
        ("transformMap", 2, 4),
        ("transformMapEntry", 2, 3),
        ("transformMapEntry", 2, 4),
    ] {
        env.add_macro(Macro::receiver(name, count, move |helper, target, args| {
            comprehension(name, variables, helper, target, args).map(Some)
        }))?;
    }
    for name in ["optMap", "optFlatMap"] {
        env.add_macro(Macro::receiver(name, 2, move |helper, target, args| {
            optional(name, helper, target, args).map(Some)
        }))?;
    }
    Ok(())
}

type Expanded = Result<IdedExpr, ParseError>;

/// Expands `has`.
fn has(helper: &mut MacroExprHelper<'_>, args: &mut Vec<IdedExpr>) -> Expanded {
    let field = args.pop().unwrap_or_default();
    match field.expr {
        Expr::Select(mut select) => {
            select.test = true;
            Ok(helper.next_expr(Expr::Select(select)))
        }
        _ => Err(helper.new_error(field.id, "invalid argument to has() macro")),
    }
}

/// Expands a comprehension over items or keys, or with two variables.
fn comprehension(
    name: &str,
    variables: usize,
    helper: &mut MacroExprHelper<'_>,
    target: &mut Option<IdedExpr>,
    args: &mut Vec<IdedExpr>,
) -> Expanded {
    let expressions = args.split_off(variables);
    let mut names = Vec::new();
    for arg in &*args {
        match variable(arg) {
            None => return Err(helper.new_error(arg.id, "argument must be a simple name")),
            Some(name) if names.contains(&name) => {
                return Err(helper.new_error(arg.id, format!("duplicate variable name: {name}")));
            }
            Some(name) => names.push(name),
        }
    }
    args.clear();
    let second = (variables == 2).then(|| names.pop()).flatten();
    let first = names.pop().unwrap_or_default();
    let mut build = ExprBuilder { helper };
    let (start, goes_on, step, result) = build.fold(name, &first, expressions);
    Ok(build.node(Expr::Comprehension(Box::new(ComprehensionExpr {
        iter_range: target.take().unwrap_or_default(),
        iter_var: first,
        iter_var2: second,
        accu_var: RESULT.to_owned(),
        accu_init: start,
        loop_cond: goes_on,
        loop_step: step,
        result,
    }))))
}

/// Expands `optMap` and `optFlatMap`.
fn optional(
    name: &str,
    helper: &mut MacroExprHelper<'_>,
    target: &mut Option<IdedExpr>,
    args: &mut Vec<IdedExpr>,
) -> Expanded {
    let Some(variable) = variable(&args[0]) else {
        let why = format!("{name}() variable name must be a simple identifier");
        return Err(helper.new_error(args[0].id, why));
    };
    let mapped = args.pop().unwrap_or_default();
    args.clear();
    let target = target.take().unwrap_or_default();
    let mut build = ExprBuilder { helper };
    let copy = build.copy(&target);
    let value = build.member("value", copy);
    let range = build.list(Vec::new());
    let (condition, step) = (build.flag(false), build.ident(&variable));
    let bound = build.node(Expr::Comprehension(Box::new(ComprehensionExpr {
        iter_range: range,
        iter_var: "#unused".to_owned(),
        iter_var2: None,
        accu_var: variable,
        accu_init: value,
        loop_cond: condition,
        loop_step: step,
        result: mapped,
    })));
    let there = if name == "optMap" {
        build.static_call("optional", "of", vec![bound])
    } else {
        bound
    };
    let condition = build.member("hasValue", target);
    let none = build.static_call("optional", "none", Vec::new());
    Ok(build.call(operators::CONDITIONAL, vec![condition, there, none]))
}

fn variable(expression: &IdedExpr) -> Option<String> {
    match &expression.expr {
        Expr::Ident(name) => Some(name.clone()),
        _ => None,
    }
}

impl ExprBuilder<'_, '_> {
    /// The initial accumulator, the loop condition, the loop step and the result of a comprehension.
    fn fold(
        &mut self,
        name: &str,
        first: &str,
        mut expressions: Vec<IdedExpr>,
    ) -> (IdedExpr, IdedExpr, IdedExpr, IdedExpr) {
        let last = expressions.pop().unwrap_or_default();
        let filter = expressions.pop();
        let so_far = self.result();
        match name {
            "all" => {
                let goes_on = self.call(operators::NOT_STRICTLY_FALSE, vec![so_far]);
                let so_far = self.result();
                let step = self.call(operators::LOGICAL_AND, vec![so_far, last]);
                (self.flag(true), goes_on, step, self.result())
            }
            "exists" => {
                let not = self.call(operators::LOGICAL_NOT, vec![so_far]);
                let goes_on = self.call(operators::NOT_STRICTLY_FALSE, vec![not]);
                let so_far = self.result();
                let step = self.call(operators::LOGICAL_OR, vec![so_far, last]);
                (self.flag(false), goes_on, step, self.result())
            }
            "existsOne" | "exists_one" => {
                let one = self.number(1);
                let more = self.call(operators::ADD, vec![so_far, one]);
                let step = self.guarded(Some(last), more);
                let (so_far, one) = (self.result(), self.number(1));
                let result = self.call(operators::EQUALS, vec![so_far, one]);
                (self.number(0), self.flag(true), step, result)
            }
            "transformList" | "map" | "filter" => {
                let (condition, item) = if name == "filter" {
                    (Some(last), self.ident(first))
                } else {
                    (filter, last)
                };
                let item = self.list(vec![item]);
                let more = self.call(operators::ADD, vec![so_far, item]);
                let step = self.guarded(condition, more);
                (self.list(Vec::new()), self.flag(true), step, self.result())
            }
            name => {
                let more = if name == "transformMap" {
                    let key = self.ident(first);
                    self.call(INSERT, vec![so_far, key, last])
                } else {
                    self.call(INSERT, vec![so_far, last])
                };
                let step = self.guarded(filter, more);
                let start = self.node(Expr::Map(MapExpr::default()));
                (start, self.flag(true), step, self.result())
            }
        }
    }

    /// `condition ? more : accumulator`, or `more` if there is no condition.
    fn guarded(&mut self, condition: Option<IdedExpr>, more: IdedExpr) -> IdedExpr {
        match condition {
            None => more,
            Some(condition) => {
                let so_far = self.result();
                self.call(operators::CONDITIONAL, vec![condition, more, so_far])
            }
        }
    }

    fn list(&mut self, elements: Vec<IdedExpr>) -> IdedExpr {
        self.node(Expr::List(ListExpr::new(elements)))
    }

    fn member(&mut self, name: &str, target: IdedExpr) -> IdedExpr {
        self.node(Expr::Call(CallExpr {
            func_name: name.to_owned(),
            target: Some(Box::new(target)),
            args: Vec::new(),
        }))
    }

    /// A call of a function with a namespace.
    fn static_call(&mut self, space: &str, name: &str, args: Vec<IdedExpr>) -> IdedExpr {
        self.call(&format!("{space}.{name}"), args)
    }

    /// Copies an expression, including the node ids, so that errors in the copy have the original position.
    fn copy(&mut self, expression: &IdedExpr) -> IdedExpr {
        if size(expression, MAX_COPIED_NODES) < MAX_COPIED_NODES {
            expression.clone()
        } else {
            self.ident(TOO_LARGE)
        }
    }
}

/// The number of nodes, counted up to `most`.
fn size(expression: &IdedExpr, most: usize) -> usize {
    let mut count = 0;
    let mut waiting = vec![expression];
    while let Some(node) = waiting.pop() {
        count += 1;
        if count >= most {
            break;
        }
        waiting.extend(children(node));
    }
    count
}
