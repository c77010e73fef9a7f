//! Costs of Kubernetes' functions, and of the standard functions that it overrides
//! (`k8s.io/apiserver/pkg/cel/library`, `EstimateCallCost`).

use cel::common::ast::{Expr, LiteralValue};

use super::estimator::{Argument, CallCost, Estimator};
use super::overloads::{PATTERN_COST_FACTOR, TRAVERSAL_COST_FACTOR};
use super::range::Range;
use crate::rules::check::types::Type;

/// The cost of a request to the authorizer.
const AUTHORIZER_COST: u64 = 350_000;
/// The longest name of a format.
const MAX_FORMAT_NAME: u64 = 64;
/// The longest pattern of a format.
const MAX_FORMAT_PATTERN: f64 = 128.0;

impl Estimator<'_> {
    /// The cost of a call without its arguments; `None` for functions that have none here.
    pub(super) fn library(
        &self,
        function: &str,
        id: &str,
        target: Option<&Argument<'_>>,
        args: &[Argument<'_>],
    ) -> Option<CallCost> {
        let size = |given: &Argument<'_>| self.size_of(given);
        let through = |given: &Argument<'_>| size(given).scaled_by(TRAVERSAL_COST_FACTOR);
        let nominal = CallCost::of(Range::exactly(1));
        Some(match (function, target, args) {
            ("check", ..) => CallCost::of(Range::exactly(AUTHORIZER_COST)),
            (
                "serviceAccount"
                | "path"
                | "group"
                | "resource"
                | "subresource"
                | "namespace"
                | "name"
                | "allowed"
                | "reason"
                | "error"
                | "errored"
                | "masked"
                | "prefixLength"
                | "family"
                | "isUnspecified"
                | "isLoopback"
                | "isLinkLocalMulticast"
                | "isLinkLocalUnicast"
                | "isGlobalUnicast"
                | "format.named"
                | "sign"
                | "asInteger"
                | "isInteger"
                | "asApproximateFloat"
                | "isGreaterThan"
                | "isLessThan"
                | "compareTo"
                | "add"
                | "sub"
                | "major"
                | "minor"
                | "patch"
                | "getScheme"
                | "getHostname"
                | "getHost"
                | "getPort"
                | "getEscapedPath"
                | "getQuery",
                ..,
            ) => nominal,
            ("fieldSelector" | "labelSelector", _, [selector]) => CallCost::of(selector_cost(size(selector))),
            ("isSorted" | "sum" | "max" | "min" | "indexOf" | "lastIndexOf" | "includes", Some(list), _) => {
                CallCost::of(self.goes_through(function, list))
            }
            ("url", _, [only]) => CallCost::giving(through(only), size(only)),
            ("lowerAscii" | "upperAscii" | "substring" | "trim", Some(text), _) => {
                CallCost::giving(through(text), size(text))
            }
            ("replace", Some(text), [from, to, ..]) => {
                let result = replaced(size(text), size(from), size(to));
                CallCost::giving(size(text).scaled_by(2.0 * TRAVERSAL_COST_FACTOR), result)
            }
            ("split", Some(text), _) => {
                let max = args.get(1).and_then(integer).unwrap_or(size(text).max);
                CallCost::giving(
                    size(text).scaled_by(2.0 * TRAVERSAL_COST_FACTOR),
                    Range { min: 0, max },
                )
            }
            ("join", Some(list), _) => {
                let result = self.joined(list, args.first());
                CallCost::giving(result.scaled_by(TRAVERSAL_COST_FACTOR), result)
            }
            ("find" | "findAll", Some(text), [pattern, ..]) => {
                let strings = size(text)
                    .plus(Range::exactly(1))
                    .scaled_by(TRAVERSAL_COST_FACTOR);
                let max = size(text).max;
                CallCost::giving(
                    strings.times(size(pattern).scaled_by(PATTERN_COST_FACTOR)),
                    Range { min: 0, max },
                )
            }
            ("ip", ..) if id == "cidr_ip" => nominal,
            (
                "cidr" | "isIP" | "isCIDR" | "ip" | "quantity" | "isQuantity" | "semver" | "isSemver",
                _,
                [text, ..],
            ) => CallCost::of(through(text)),
            ("ip.isCanonical", _, [text, ..]) => {
                CallCost::of(size(text).scaled_by(2.0 * TRAVERSAL_COST_FACTOR))
            }
            ("containsIP" | "containsCIDR", _, [other, ..]) => CallCost::of(self.contains(id, other)),
            ("validate", _, [text, ..]) => {
                CallCost::of(through(text).scaled_by(MAX_FORMAT_PATTERN * PATTERN_COST_FACTOR))
            }
            ("_==_", _, [left, right]) if left.of.is_same(right.of) => CallCost::of(equal(left, right)?),
            _ => return None,
        })
    }

    /// The cost of comparing all items of a list with each other or with a value, or of traversing a string.
    fn goes_through(&self, function: &str, list: &Argument<'_>) -> Range {
        let size = self.size_of(list);
        let one = Range::exactly(1);
        match items(list) {
            Some(item) if matches!(item.of, Type::String | Type::Bytes) => {
                size.times(one.plus(self.size_of(&item).scaled_by(TRAVERSAL_COST_FACTOR)))
            }
            Some(_) => size.times(one),
            None if function == "includes" => size.times(one),
            None => size.scaled_by(TRAVERSAL_COST_FACTOR),
        }
    }

    /// The size of the string that `join` returns.
    fn joined(&self, list: &Argument<'_>, separator: Option<&Argument<'_>>) -> Range {
        let count = self.size_of(list);
        let mut size = Range::NOTHING;
        if let Some(item) = items(list) {
            size = count.times(self.size_of(&item));
        }
        if let Some(separator) = separator {
            let separators = Range {
                min: count.min.saturating_sub(1),
                max: count.max.saturating_sub(1),
            };
            size = size.plus(self.size_of(separator).times(separators));
        }
        size
    }

    /// The cost of testing whether a network contains an address or a network.
    fn contains(&self, id: &str, other: &Argument<'_>) -> Range {
        // Addresses have 4 or 16 bytes.
        let bytes = Range { min: 4, max: 16 };
        let mut cost = bytes.plus(bytes).scaled_by(TRAVERSAL_COST_FACTOR);
        if id.starts_with("cidr_contains_cidr") {
            cost = cost
                .plus(bytes.scaled_by(TRAVERSAL_COST_FACTOR))
                .plus(Range::exactly(1));
        }
        if id.ends_with("_string") {
            cost = cost.plus(self.size_of(other).scaled_by(TRAVERSAL_COST_FACTOR));
        }
        cost
    }
}

/// The items of a list as an argument; `None` if the type has no element type.
fn items<'e>(list: &Argument<'e>) -> Option<Argument<'e>> {
    let of = match list.of {
        Type::List(item) | Type::Optional(item) | Type::Meta(item) => &**item,
        Type::Map(parts) => &parts.0,
        _ => return None,
    };
    Some(Argument {
        expression: None,
        of,
        path: list.path.as_ref().map(super::path::Path::to_items),
        size: None,
    })
}

/// The cost of parsing a selector: each requirement takes at least two characters.
fn selector_cost(length: Range) -> Range {
    let requirements = length.scaled_by(0.5).scaled_by(50.0);
    Range::exactly(10)
        .plus(length.scaled_by(TRAVERSAL_COST_FACTOR))
        .plus(requirements)
}

/// The size of the string that `replace` returns.
fn replaced(text: Range, from: Range, to: Range) -> Range {
    let max = if from.min == 0 {
        // Replacing the empty string inserts around each character and at both ends.
        text.max
            .saturating_add(1)
            .saturating_mul(to.max)
            .saturating_add(text.max)
    } else if to.max <= from.min {
        text.max
    } else {
        parts(text.max, from.min).saturating_mul(to.max)
    };
    let min = if from.max == 0 {
        text.min
            .saturating_add(1)
            .saturating_mul(to.min)
            .saturating_add(text.min)
    } else if from.max <= to.min {
        text.min
    } else {
        parts(text.min, from.max).saturating_mul(to.min)
    };
    Range { min, max }
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_precision_loss,
    clippy::cast_sign_loss,
    reason = "as the API server divides"
)]
fn parts(size: u64, by: u64) -> u64 {
    (size as f64 / by as f64).ceil() as u64
}

/// The value of an integer literal.
fn integer(given: &Argument<'_>) -> Option<u64> {
    match &given.expression?.expr {
        Expr::Literal(LiteralValue::Int(number)) => Some(number.inner().cast_unsigned()),
        _ => None,
    }
}

/// The cost of comparing values of Kubernetes' types; `None` for other types.
fn equal(left: &Argument<'_>, right: &Argument<'_>) -> Option<Range> {
    match left.of {
        Type::Struct("kubernetes.NamedFormat") => {
            let size = Range {
                min: 1,
                max: MAX_FORMAT_NAME,
            };
            Some(size.scaled_by(TRAVERSAL_COST_FACTOR))
        }
        Type::Struct("kubernetes.URL") => {
            let max = right.size.map_or(1, |size| size.max);
            Some(Range { min: 1, max }.scaled_by(TRAVERSAL_COST_FACTOR))
        }
        Type::Struct(_) | Type::Opaque(_) => Some(Range::exactly(1)),
        _ => None,
    }
}
