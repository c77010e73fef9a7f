//! Comprehensions of two variables (`ext.TwoVarComprehensions` of cel-go): over the indices and items of a list, or the
//! keys and values of a map.
//!
//! The `cel` crate runs over one variable: here that is a pair, of which the two are taken where they are used.

use cel::common::ast::{
    CallExpr, ComprehensionExpr, Expr, IdedExpr, ListExpr, LiteralValue, MapExpr, operators,
};
use cel::parser::{Macro, MacroExprHelper};
use cel::{DeclarationError, Env};

use super::library::{INSERT, MERGE, PAIRS};

const PAIR: &str = "@pair";
const RESULT: &str = "@result";

/// Adds the macros to an environment.
///
/// # Errors
/// When one of them is there already.
pub(super) fn add(env: &mut Env) -> Result<(), DeclarationError> {
    env.add_macro(of_two(operators::ALL, 3, |make, [_, condition]| Fold {
        start: make.flag(true),
        goes_on: make.not_false(),
        step: make.binary(operators::LOGICAL_AND, condition),
        result: make.result(),
    }))?;
    env.add_macro(of_two(operators::EXISTS, 3, |make, [_, condition]| Fold {
        start: make.flag(false),
        goes_on: {
            let result = make.result();
            let found = make.call(operators::LOGICAL_NOT, vec![result]);
            make.call(operators::NOT_STRICTLY_FALSE, vec![found])
        },
        step: make.binary(operators::LOGICAL_OR, condition),
        result: make.result(),
    }))?;
    for name in ["existsOne", operators::EXISTS_ONE] {
        env.add_macro(of_two(name, 3, |make, [_, condition]| {
            let one = make.number(1);
            let more = make.binary(operators::ADD, one);
            Fold {
                start: make.number(0),
                goes_on: make.flag(true),
                step: make.unless(condition, more),
                result: {
                    let one = make.number(1);
                    make.binary(operators::EQUALS, one)
                },
            }
        }))?;
    }
    for count in [3, 4] {
        env.add_macro(of_two("transformList", count, |make, [condition, value]| {
            let item = make.node(Expr::List(ListExpr {
                elements: vec![value],
                ..ListExpr::default()
            }));
            let more = make.binary(operators::ADD, item);
            Fold {
                start: make.node(Expr::List(ListExpr::default())),
                ..make.gathered(condition, more)
            }
        }))?;
        env.add_macro(of_two("transformMap", count, |make, [condition, value]| {
            let (result, key) = (make.result(), make.half(0));
            let more = make.call(INSERT, vec![result, key, value]);
            Fold {
                start: make.node(Expr::Map(MapExpr::default())),
                ..make.gathered(condition, more)
            }
        }))?;
        env.add_macro(of_two(
            "transformMapEntry",
            count,
            |make, [condition, entries]| {
                let more = make.binary(MERGE, entries);
                Fold {
                    start: make.node(Expr::Map(MapExpr::default())),
                    ..make.gathered(condition, more)
                }
            },
        ))?;
    }
    Ok(())
}

/// What a comprehension does with each pair.
struct Fold {
    start: IdedExpr,
    goes_on: IdedExpr,
    step: IdedExpr,
    result: IdedExpr,
}

/// A macro of two variables, and of one expression or two: the first is a condition then.
fn of_two(
    name: &'static str,
    count: usize,
    fold: impl Fn(&mut Make<'_, '_>, [IdedExpr; 2]) -> Fold + Send + Sync + 'static,
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
        let mut make = Make { helper };
        let mut bound = expressions
            .into_iter()
            .map(|expression| make.bound(&names, expression))
            .collect::<Vec<_>>();
        let last = bound.pop().unwrap_or_default();
        let first = match bound.pop() {
            Some(condition) => condition,
            None => make.flag(true),
        };
        let fold = fold(&mut make, [first, last]);
        let range = make.call(PAIRS, vec![range]);
        Ok(Some(make.node(Expr::Comprehension(Box::new(
            ComprehensionExpr {
                iter_range: range,
                iter_var: PAIR.to_owned(),
                iter_var2: None,
                accu_var: RESULT.to_owned(),
                accu_init: fold.start,
                loop_cond: fold.goes_on,
                loop_step: fold.step,
                result: fold.result,
            },
        )))))
    })
}

/// Makes the nodes of an expression.
struct Make<'h, 'p> {
    helper: &'h mut MacroExprHelper<'p>,
}

impl Make<'_, '_> {
    fn node(&mut self, expr: Expr) -> IdedExpr {
        self.helper.next_expr(expr)
    }

    fn flag(&mut self, flag: bool) -> IdedExpr {
        self.node(Expr::Literal(LiteralValue::Boolean(flag.into())))
    }

    fn number(&mut self, number: i64) -> IdedExpr {
        self.node(Expr::Literal(LiteralValue::Int(number.into())))
    }

    fn ident(&mut self, name: &str) -> IdedExpr {
        self.node(Expr::Ident(name.to_owned()))
    }

    fn result(&mut self) -> IdedExpr {
        self.ident(RESULT)
    }

    fn call(&mut self, name: &str, args: Vec<IdedExpr>) -> IdedExpr {
        self.node(Expr::Call(CallExpr {
            func_name: name.to_owned(),
            target: None,
            args,
        }))
    }

    /// A function of what is gathered so far and something else.
    fn binary(&mut self, name: &str, other: IdedExpr) -> IdedExpr {
        let result = self.result();
        self.call(name, vec![result, other])
    }

    fn not_false(&mut self) -> IdedExpr {
        let result = self.result();
        self.call(operators::NOT_STRICTLY_FALSE, vec![result])
    }

    /// What is gathered so far, or more of it where a condition holds.
    fn unless(&mut self, condition: IdedExpr, more: IdedExpr) -> IdedExpr {
        let result = self.result();
        self.call(operators::CONDITIONAL, vec![condition, more, result])
    }

    /// A fold through all pairs; its start is yet to be chosen.
    fn gathered(&mut self, condition: IdedExpr, more: IdedExpr) -> Fold {
        Fold {
            start: IdedExpr::default(),
            goes_on: self.flag(true),
            step: self.unless(condition, more),
            result: self.result(),
        }
    }

    /// The key or the value of the pair at hand.
    fn half(&mut self, index: i64) -> IdedExpr {
        let (pair, index) = (self.ident(PAIR), self.number(index));
        self.call(operators::INDEX, vec![pair, index])
    }

    /// An expression with both names bound: each by a comprehension over nothing, whose result it is.
    fn bound(&mut self, names: &[String; 2], expression: IdedExpr) -> IdedExpr {
        let mut inner = expression;
        for (index, name) in [(1, &names[1]), (0, &names[0])] {
            let value = self.half(index);
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
