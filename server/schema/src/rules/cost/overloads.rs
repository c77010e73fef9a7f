//! Costs of CEL's standard functions and extensions (`checker/cost.go`, `ext` of cel-go).

use cel::common::ast::{Expr, IdedExpr, LiteralValue};

use super::estimator::{Argument, CallCost, Estimator};
use super::range::Range;

/// The cost of traversing a string, per character.
pub(super) const TRAVERSAL_COST_FACTOR: f64 = 0.1;
/// The cost of a pattern, per character.
pub(super) const PATTERN_COST_FACTOR: f64 = 0.25;
/// The cost of creating a list.
const LIST_COST: u64 = 10;

impl CallCost {
    pub(super) fn of(cost: Range) -> Self {
        Self { cost, result: None }
    }

    pub(super) fn giving(cost: Range, result: Range) -> Self {
        Self {
            cost,
            result: Some(result),
        }
    }
}

impl<'a> Estimator<'a> {
    /// The cost of a call including its arguments, if the overload has a cost here.
    pub(super) fn overload(
        &mut self,
        node: &'a IdedExpr,
        function: &str,
        id: &str,
        target: Option<&Argument<'a>>,
        args: &[Argument<'a>],
        costs: &[Range],
    ) -> CallCost {
        let of_args = costs.iter().fold(Range::NOTHING, |sum, cost| sum.plus(*cost));
        let own = self
            .extension(id, target, args)
            .or_else(|| self.library(function, id, target, args))
            .or_else(|| self.standard(node, id, target, args));
        if let Some(own) = own {
            return CallCost {
                cost: own.cost.plus(of_args),
                ..own
            };
        }
        match (id, costs, args) {
            ("logical_or" | "logical_and", [left, right], _) => CallCost::of(Range {
                min: left.min,
                max: left.plus(*right).max,
            }),
            ("conditional", [condition, yes, no], [_, first, second]) => {
                let size = known(first).union(known(second));
                let elements = [first, second].map(|one| one.expression.and_then(|one| self.elements(one)));
                if let [Some(first), Some(second)] = elements {
                    self.note_elements(node, Some(first.union(second)));
                }
                CallCost::giving(condition.plus(yes.union(*no)), size)
            }
            _ => CallCost::of(Range::exactly(1).plus(of_args)),
        }
    }

    fn standard(
        &mut self,
        node: &'a IdedExpr,
        id: &str,
        target: Option<&Argument<'a>>,
        args: &[Argument<'a>],
    ) -> Option<CallCost> {
        Some(match (id, target, args) {
            ("string_format", Some(target), _) => {
                CallCost::of(known(target).scaled_by(TRAVERSAL_COST_FACTOR))
            }
            ("string_to_bytes", _, [only]) => {
                let size = known(only);
                let result = Range {
                    min: size.min,
                    max: size.max.wrapping_mul(4),
                };
                CallCost::giving(size.scaled_by(TRAVERSAL_COST_FACTOR), result)
            }
            ("bytes_to_string", _, [only]) => {
                let size = known(only);
                let result = Range {
                    min: size.min / 4,
                    max: size.max,
                };
                CallCost::giving(size.scaled_by(TRAVERSAL_COST_FACTOR), result)
            }
            ("strings_quote", _, [only]) => {
                let size = known(only);
                let result = Range {
                    min: size.min.wrapping_add(2),
                    max: size.max.wrapping_mul(2).wrapping_add(2),
                };
                CallCost::giving(size.scaled_by(TRAVERSAL_COST_FACTOR), result)
            }
            ("starts_with_string" | "ends_with_string", _, [only]) => {
                CallCost::of(known(only).scaled_by(TRAVERSAL_COST_FACTOR))
            }
            ("in_list", _, [_, list]) => CallCost::of(known(list)),
            ("matches_string", Some(text), [pattern]) | ("matches", None, [text, pattern]) => {
                let text = known(text)
                    .plus(Range::exactly(1))
                    .scaled_by(TRAVERSAL_COST_FACTOR);
                CallCost::of(text.times(known(pattern).scaled_by(PATTERN_COST_FACTOR)))
            }
            ("contains_string", Some(text), [part]) => CallCost::of(
                known(text)
                    .scaled_by(TRAVERSAL_COST_FACTOR)
                    .times(known(part).scaled_by(TRAVERSAL_COST_FACTOR)),
            ),
            ("add_string" | "add_bytes" | "add_list", _, [left, right]) => {
                let size = known(left).plus(known(right));
                let elements = [left, right].map(|one| one.expression.and_then(|one| self.elements(one)));
                if let [Some(left), Some(right)] = elements {
                    self.note_elements(node, Some(left.union(right)));
                }
                let cost = if id == "add_list" {
                    Range::exactly(1)
                } else {
                    size.scaled_by(TRAVERSAL_COST_FACTOR)
                };
                CallCost::giving(cost, size)
            }
            (id, _, [left, right]) if compares_parts(id) => {
                let max = known(left).max.min(known(right).max);
                let min = u64::from(max > 0);
                CallCost::of(Range { min, max }.scaled_by(TRAVERSAL_COST_FACTOR))
            }
            _ => return None,
        })
    }

    /// The costs of list and set functions.
    fn extension(&self, id: &str, target: Option<&Argument<'_>>, args: &[Argument<'_>]) -> Option<CallCost> {
        let size = |given: &Argument<'_>| self.size_of(given);
        Some(match (id, target, args) {
            ("list_slice", Some(list), [start, end]) => {
                let end = number(end, size(list).max);
                makes_list(1.0, Range::exactly(end.wrapping_sub(number(start, 0))))
            }
            ("lists_range", None, [end]) => makes_list(1.0, Range::exactly(number(end, u64::MAX))),
            ("list_reverse" | "list_flatten", Some(list), []) => makes_list(1.0, size(list)),
            ("list_flatten_int", Some(list), [depth]) => {
                #[expect(clippy::cast_precision_loss, reason = "as cel-go multiplies")]
                let depth = number(depth, u64::MAX) as f64;
                makes_list(depth, size(list))
            }
            ("list_distinct", Some(list), []) => makes_list(2.0, size(list).times(size(list))),
            (id, Some(list), []) if id.starts_with("list_") && id.ends_with("_sort") => sorts(id, size(list)),
            (id, Some(_), [keys]) if id.ends_with("_sortByAssociatedKeys") => sorts(id, size(keys)),
            ("list_sets_contains_list" | "list_sets_intersects_list", _, [left, right]) => CallCost::of(
                size(left)
                    .times(size(right))
                    .scaled_by(1.0)
                    .plus(Range::exactly(1)),
            ),
            ("list_sets_equivalent_list", _, [left, right]) => CallCost::of(
                size(left)
                    .times(size(right))
                    .scaled_by(2.0)
                    .plus(Range::exactly(1)),
            ),
            _ => return None,
        })
    }
}

/// The size of an argument, if known from the expression.
fn known(given: &Argument<'_>) -> Range {
    given.size.unwrap_or(Range::UNKNOWN)
}

/// True if a comparison may look at all parts of both sides.
fn compares_parts(id: &str) -> bool {
    let compares = ["less", "greater", "less_equals", "greater_equals"];
    matches!(id, "equals" | "not_equals")
        || id
            .strip_suffix("_string")
            .or_else(|| id.strip_suffix("_bytes"))
            .is_some_and(|name| compares.contains(&name))
}

fn makes_list(factor: f64, size: Range) -> CallCost {
    CallCost::giving(size.scaled_by(factor).plus(Range::exactly(1 + LIST_COST)), size)
}

fn sorts(id: &str, size: Range) -> CallCost {
    let is_text = id.starts_with("list_string_") || id.starts_with("list_bytes_");
    let factor = if is_text { 2.0 + TRAVERSAL_COST_FACTOR } else { 2.0 };
    makes_list(factor, size.times(size))
}

/// The value of an integer literal, or `otherwise`.
fn number(given: &Argument<'_>, otherwise: u64) -> u64 {
    match given.expression.map(|expression| &expression.expr) {
        Some(Expr::Literal(LiteralValue::Int(number))) => u64::try_from(*number.inner()).unwrap_or_default(),
        _ => otherwise,
    }
}
