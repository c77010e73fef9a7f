//! Macros for comprehensions with two variables (`ext.TwoVarComprehensions` of cel-go), over the indices and items of
//! a list or the keys and values of a map.
//!
//! The `cel` crate supports one variable, so here that is a pair, and the two variables are its elements.

use cel::common::ast::{ComprehensionExpr, Expr, IdedExpr, ListExpr, MapExpr, operators};
use cel::parser::Macro;
use cel::{DeclarationError, Env};

use super::expr_builder::{ExprBuilder, RESULT};
use super::library::{INSERT, MERGE, PAIRS};

const PAIR: &str = "@pair";

/// Adds the macros to an environment.
///
/// # Errors
/// If a macro of that name exists.
pub(super) fn add(env: &mut Env) -> Result<(), DeclarationError> {
    env.add_macro(of_two(operators::ALL, 3, |build, [_, condition]| Fold {
        start: build.flag(true),
        condition: build.not_false(),
        step: build.binary(operators::LOGICAL_AND, condition),
        result: build.result(),
    }))?;
    env.add_macro(of_two(operators::EXISTS, 3, |build, [_, condition]| Fold {
        start: build.flag(false),
        condition: {
            let result = build.result();
            let found = build.call(operators::LOGICAL_NOT, vec![result]);
            build.call(operators::NOT_STRICTLY_FALSE, vec![found])
        },
        step: build.binary(operators::LOGICAL_OR, condition),
        result: build.result(),
    }))?;
    for name in ["existsOne", operators::EXISTS_ONE] {
        env.add_macro(of_two(name, 3, |build, [_, condition]| {
            let one = build.number(1);
            let more = build.binary(operators::ADD, one);
            Fold {
                start: build.number(0),
                condition: build.flag(true),
                step: build.unless(condition, more),
                result: {
                    let one = build.number(1);
                    build.binary(operators::EQUALS, one)
                },
            }
        }))?;
    }
    for count in [3, 4] {
        env.add_macro(of_two("transformList", count, |build, [condition, value]| {
            let item = build.node(Expr::List(ListExpr {
                elements: vec![value],
                ..ListExpr::default()
            }));
            let more = build.binary(operators::ADD, item);
            Fold {
                start: build.node(Expr::List(ListExpr::default())),
                ..build.folded(condition, more)
            }
        }))?;
        env.add_macro(of_two("transformMap", count, |build, [condition, value]| {
            let (result, key) = (build.result(), build.pair_element(0));
            let more = build.call(INSERT, vec![result, key, value]);
            Fold {
                start: build.node(Expr::Map(MapExpr::default())),
                ..build.folded(condition, more)
            }
        }))?;
        env.add_macro(of_two(
            "transformMapEntry",
            count,
            |build, [condition, entries]| {
                let more = build.binary(MERGE, entries);
                Fold {
                    start: build.node(Expr::Map(MapExpr::default())),
                    ..build.folded(condition, more)
                }
            },
        ))?;
    }
    Ok(())
}

/// The parts of a comprehension.
struct Fold {
    start: IdedExpr,
    condition: IdedExpr,
    step: IdedExpr,
    result: IdedExpr,
}

/// Defines a macro with two variables and one or two expressions; the first of two is a condition.
fn of_two(
    name: &'static str,
    count: usize,
    fold: impl Fn(&mut ExprBuilder<'_, '_>, [IdedExpr; 2]) -> Fold + Send + Sync + 'static,
) -> Macro {
    Macro::receiver(name, count, move |helper, target, args| {
        let names = match (
            args.first().map(|arg| &arg.expr),
            args.get(1).map(|arg| &arg.expr),
        ) {
            (Some(Expr::Ident(key)), Some(Expr::Ident(value))) => [key.clone(), value.clone()],
            _ => return Ok(None),
        };
        let Some(range) = target.take() else {
            return Ok(None);
        };
        let expressions = args.split_off(2);
        args.clear();
        let mut build = ExprBuilder { helper };
        let mut bound = expressions
            .into_iter()
            .map(|expression| build.bound(&names, expression))
            .collect::<Vec<_>>();
        let last = bound.pop().unwrap_or_default();
        let first = match bound.pop() {
            Some(condition) => condition,
            None => build.flag(true),
        };
        let fold = fold(&mut build, [first, last]);
        let range = build.call(PAIRS, vec![range]);
        Ok(Some(build.node(Expr::Comprehension(Box::new(
            ComprehensionExpr {
                iter_range: range,
                iter_var: PAIR.to_owned(),
                iter_var2: None,
                accu_var: RESULT.to_owned(),
                accu_init: fold.start,
                loop_cond: fold.condition,
                loop_step: fold.step,
                result: fold.result,
            },
        )))))
    })
}

impl ExprBuilder<'_, '_> {
    /// Calls a function with the accumulator and another argument.
    fn binary(&mut self, name: &str, other: IdedExpr) -> IdedExpr {
        let result = self.result();
        self.call(name, vec![result, other])
    }

    fn not_false(&mut self) -> IdedExpr {
        let result = self.result();
        self.call(operators::NOT_STRICTLY_FALSE, vec![result])
    }

    /// `condition ? more : accumulator`
    fn unless(&mut self, condition: IdedExpr, more: IdedExpr) -> IdedExpr {
        let result = self.result();
        self.call(operators::CONDITIONAL, vec![condition, more, result])
    }

    /// A fold over all pairs. The caller sets its start.
    fn folded(&mut self, condition: IdedExpr, more: IdedExpr) -> Fold {
        Fold {
            start: IdedExpr::default(),
            condition: self.flag(true),
            step: self.unless(condition, more),
            result: self.result(),
        }
    }

    /// The key (0) or value (1) of the current pair.
    fn pair_element(&mut self, index: i64) -> IdedExpr {
        let (pair, index) = (self.ident(PAIR), self.number(index));
        self.call(operators::INDEX, vec![pair, index])
    }

    /// Binds both variables: each by a comprehension over an empty list that returns the expression.
    fn bound(&mut self, names: &[String; 2], expression: IdedExpr) -> IdedExpr {
        let mut inner = expression;
        for (index, name) in [(1, &names[1]), (0, &names[0])] {
            let value = self.pair_element(index);
            let range = self.node(Expr::List(ListExpr::default()));
            let (condition, step) = (self.flag(false), self.ident(name));
            inner = self.node(Expr::Comprehension(Box::new(ComprehensionExpr {
                iter_range: range,
                iter_var: "#unused".to_owned(),
                iter_var2: None,
                accu_var: name.clone(),
                accu_init: value,
                loop_cond: condition,
                loop_step: step,
                result: inner,
            })));
        }
        inner
    }
}
