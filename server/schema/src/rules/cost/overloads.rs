//! The costs of CEL's own functions and of its extensions (`checker/cost.go`, `ext` of cel-go).

use cel::common::ast::{Expr, IdedExpr, LiteralValue};

use super::estimator::{CallCost, Estimator, Given};
use super::range::Range;

/// What it costs to go through a text, for each of its characters.
pub(super) const TRAVERSAL: f64 = 0.1;
/// What a pattern costs, for each of its characters.
pub(super) const PATTERN: f64 = 0.25;
/// What it costs to make a list.
const LIST: u64 = 10;

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
    /// What a call costs if it is of this overload, its arguments included.
    pub(super) fn overload(
        &mut self,
        node: &'a IdedExpr,
        function: &str,
        id: &str,
        target: Option<&Given<'a>>,
        args: &[Given<'a>],
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
                least: left.least,
                most: left.plus(*right).most,
            }),
            ("conditional", [condition, yes, no], [_, first, second]) => {
                let size = known(first).or(known(second));
                let entries = [first, second].map(|one| one.expression.and_then(|one| self.entry(one)));
                if let [Some(first), Some(second)] = entries {
                    self.note_entry(node, Some(first.or(second)));
                }
                CallCost::giving(condition.plus(yes.or(*no)), size)
            }
            _ => CallCost::of(Range::exactly(1).plus(of_args)),
        }
    }

    fn standard(
        &mut self,
        node: &'a IdedExpr,
        id: &str,
        target: Option<&Given<'a>>,
        args: &[Given<'a>],
    ) -> Option<CallCost> {
        Some(match (id, target, args) {
            ("string_format", Some(target), _) => CallCost::of(known(target).by(TRAVERSAL)),
            ("string_to_bytes", _, [only]) => {
                let size = known(only);
                let result = Range {
                    least: size.least,
                    most: size.most.wrapping_mul(4),
                };
                CallCost::giving(size.by(TRAVERSAL), result)
            }
            ("bytes_to_string", _, [only]) => {
                let size = known(only);
                let result = Range {
                    least: size.least / 4,
                    most: size.most,
                };
                CallCost::giving(size.by(TRAVERSAL), result)
            }
            ("strings_quote", _, [only]) => {
                let size = known(only);
                let result = Range {
                    least: size.least.wrapping_add(2),
                    most: size.most.wrapping_mul(2).wrapping_add(2),
                };
                CallCost::giving(size.by(TRAVERSAL), result)
            }
            ("starts_with_string" | "ends_with_string", _, [only]) => CallCost::of(known(only).by(TRAVERSAL)),
            ("in_list", _, [_, list]) => CallCost::of(known(list)),
            ("matches_string", Some(text), [pattern]) | ("matches", None, [text, pattern]) => {
                let text = known(text).plus(Range::exactly(1)).by(TRAVERSAL);
                CallCost::of(text.times(known(pattern).by(PATTERN)))
            }
            ("contains_string", Some(text), [part]) => {
                CallCost::of(known(text).by(TRAVERSAL).times(known(part).by(TRAVERSAL)))
            }
            ("add_string" | "add_bytes" | "add_list", _, [left, right]) => {
                let size = known(left).plus(known(right));
                let entries = [left, right].map(|one| one.expression.and_then(|one| self.entry(one)));
                if let [Some(left), Some(right)] = entries {
                    self.note_entry(node, Some(left.or(right)));
                }
                let cost = if id == "add_list" {
                    Range::exactly(1)
                } else {
                    size.by(TRAVERSAL)
                };
                CallCost::giving(cost, size)
            }
            (id, _, [left, right]) if compares_parts(id) => {
                let most = known(left).most.min(known(right).most);
                let least = u64::from(most > 0);
                CallCost::of(Range { least, most }.by(TRAVERSAL))
            }
            _ => return None,
        })
    }

    /// The costs of lists and sets.
    fn extension(&self, id: &str, target: Option<&Given<'_>>, args: &[Given<'_>]) -> Option<CallCost> {
        let size = |given: &Given<'_>| self.size_of(given);
        Some(match (id, target, args) {
            ("list_slice", Some(list), [start, end]) => {
                let end = number(end, size(list).most);
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
            ("list_sets_contains_list" | "list_sets_intersects_list", _, [left, right]) => {
                CallCost::of(size(left).times(size(right)).by(1.0).plus(Range::exactly(1)))
            }
            ("list_sets_equivalent_list", _, [left, right]) => {
                CallCost::of(size(left).times(size(right)).by(2.0).plus(Range::exactly(1)))
            }
            _ => return None,
        })
    }
}

/// The size of what a function is given, where the expression says it.
fn known(given: &Given<'_>) -> Range {
    given.size.unwrap_or(Range::UNKNOWN)
}

/// Whether a comparison may have to look at all parts of both sides.
fn compares_parts(id: &str) -> bool {
    let compares = ["less", "greater", "less_equals", "greater_equals"];
    matches!(id, "equals" | "not_equals")
        || id
            .strip_suffix("_string")
            .or_else(|| id.strip_suffix("_bytes"))
            .is_some_and(|name| compares.contains(&name))
}

fn makes_list(factor: f64, size: Range) -> CallCost {
    CallCost::giving(size.by(factor).plus(Range::exactly(1 + LIST)), size)
}

fn sorts(id: &str, size: Range) -> CallCost {
    let is_text = id.starts_with("list_string_") || id.starts_with("list_bytes_");
    let factor = if is_text { 2.0 + TRAVERSAL } else { 2.0 };
    makes_list(factor, size.times(size))
}

/// A number that is written as it is.
fn number(given: &Given<'_>, otherwise: u64) -> u64 {
    match given.expression.map(|expression| &expression.expr) {
        Some(Expr::Literal(LiteralValue::Int(number))) => u64::try_from(*number.inner()).unwrap_or_default(),
        _ => otherwise,
    }
}
