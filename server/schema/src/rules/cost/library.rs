//! The costs of Kubernetes' functions, and of some that it has other costs for than CEL
//! (`k8s.io/apiserver/pkg/cel/library`, `EstimateCallCost`).

use cel::common::ast::{Expr, LiteralValue};

use super::estimator::{CallCost, Estimator, Given};
use super::overloads::{PATTERN, TRAVERSAL};
use super::range::Range;
use crate::rules::check::Type;

/// What a question to the authorizer costs.
const AUTHORIZATION: u64 = 350_000;
/// The longest name and pattern of a format.
const FORMAT: u64 = 64;
const FORMAT_PATTERN: f64 = 128.0;

impl Estimator<'_> {
    /// What a call of such a function costs, without its arguments.
    pub(super) fn library(
        &self,
        function: &str,
        id: &str,
        target: Option<&Given<'_>>,
        args: &[Given<'_>],
    ) -> Option<CallCost> {
        let size = |given: &Given<'_>| self.size_of(given);
        let through = |given: &Given<'_>| size(given).by(TRAVERSAL);
        let nominal = CallCost::of(Range::exactly(1));
        Some(match (function, target, args) {
            ("check", ..) => CallCost::of(Range::exactly(AUTHORIZATION)),
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
                CallCost::giving(size(text).by(2.0 * TRAVERSAL), result)
            }
            ("split", Some(text), _) => {
                let most = args.get(1).and_then(integer).unwrap_or(size(text).most);
                CallCost::giving(size(text).by(2.0 * TRAVERSAL), Range { least: 0, most })
            }
            ("join", Some(list), _) => {
                let result = self.joined(list, args.first());
                CallCost::giving(result.by(TRAVERSAL), result)
            }
            ("find" | "findAll", Some(text), [pattern, ..]) => {
                let strings = size(text).plus(Range::exactly(1)).by(TRAVERSAL);
                let most = size(text).most;
                CallCost::giving(strings.times(size(pattern).by(PATTERN)), Range { least: 0, most })
            }
            ("ip", ..) if id == "cidr_ip" => nominal,
            (
                "cidr" | "isIP" | "isCIDR" | "ip" | "quantity" | "isQuantity" | "semver" | "isSemver",
                _,
                [text, ..],
            ) => CallCost::of(through(text)),
            ("ip.isCanonical", _, [text, ..]) => CallCost::of(size(text).by(2.0 * TRAVERSAL)),
            ("containsIP" | "containsCIDR", _, [other, ..]) => CallCost::of(self.contains(id, other)),
            ("validate", _, [text, ..]) => CallCost::of(through(text).by(FORMAT_PATTERN * PATTERN)),
            ("_==_", _, [left, right]) if left.of.is_same(right.of) => CallCost::of(equal(left, right)?),
            _ => return None,
        })
    }

    /// The cost of comparing all items of a list with each other or with something, or of going through a text.
    fn goes_through(&self, function: &str, list: &Given<'_>) -> Range {
        let size = self.size_of(list);
        let one = Range::exactly(1);
        match items(list) {
            Some(item) if matches!(item.of, Type::String | Type::Bytes) => {
                size.times(one.plus(self.size_of(&item).by(TRAVERSAL)))
            }
            Some(_) => size.times(one),
            None if function == "includes" => size.times(one),
            None => size.by(TRAVERSAL),
        }
    }

    /// The size of a list of texts that are joined.
    fn joined(&self, list: &Given<'_>, separator: Option<&Given<'_>>) -> Range {
        let count = self.size_of(list);
        let mut size = Range::NOTHING;
        if let Some(item) = items(list) {
            size = count.times(self.size_of(&item));
        }
        if let Some(separator) = separator {
            let separators = Range {
                least: count.least.saturating_sub(1),
                most: count.most.saturating_sub(1),
            };
            size = size.plus(self.size_of(separator).times(separators));
        }
        size
    }

    /// The cost of looking for an address or a network in a network.
    fn contains(&self, id: &str, other: &Given<'_>) -> Range {
        // Addresses have 4 bytes or 16.
        let bytes = Range { least: 4, most: 16 };
        let mut cost = bytes.plus(bytes).by(TRAVERSAL);
        if id.starts_with("cidr_contains_cidr") {
            cost = cost.plus(bytes.by(TRAVERSAL)).plus(Range::exactly(1));
        }
        if id.ends_with("_string") {
            cost = cost.plus(self.size_of(other).by(TRAVERSAL));
        }
        cost
    }
}

/// The items of a list, as something that a function could be given; nothing of what has no parts.
fn items<'e>(list: &Given<'e>) -> Option<Given<'e>> {
    let of = match list.of {
        Type::List(item) | Type::Optional(item) | Type::Meta(item) => &**item,
        Type::Map(parts) => &parts.0,
        _ => return None,
    };
    Some(Given {
        expression: None,
        of,
        path: list.path.as_ref().map(super::path::Path::to_items),
        size: None,
    })
}

/// What reading a selector costs: each requirement takes two characters at least.
fn selector_cost(length: Range) -> Range {
    let requirements = length.by(0.5).by(50.0);
    Range::exactly(10).plus(length.by(TRAVERSAL)).plus(requirements)
}

/// The size of a text in which something is replaced.
fn replaced(text: Range, from: Range, to: Range) -> Range {
    let most = if from.least == 0 {
        // Around each character, and at both ends.
        text.most
            .saturating_add(1)
            .saturating_mul(to.most)
            .saturating_add(text.most)
    } else if to.most <= from.least {
        text.most
    } else {
        parts(text.most, from.least).saturating_mul(to.most)
    };
    let least = if from.most == 0 {
        text.least
            .saturating_add(1)
            .saturating_mul(to.least)
            .saturating_add(text.least)
    } else if from.most <= to.least {
        text.least
    } else {
        parts(text.least, from.most).saturating_mul(to.least)
    };
    Range { least, most }
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

/// An integer that is written as it is.
fn integer(given: &Given<'_>) -> Option<u64> {
    match &given.expression?.expr {
        Expr::Literal(LiteralValue::Int(number)) => Some(number.inner().cast_unsigned()),
        _ => None,
    }
}

/// The cost of comparing values of Kubernetes' types; nothing where there is none of its own.
fn equal(left: &Given<'_>, right: &Given<'_>) -> Option<Range> {
    match left.of {
        Type::Struct("kubernetes.NamedFormat") => {
            let size = Range {
                least: 1,
                most: FORMAT,
            };
            Some(size.by(TRAVERSAL))
        }
        Type::Struct("kubernetes.URL") => {
            let most = right.size.map_or(1, |size| size.most);
            Some(Range { least: 1, most }.by(TRAVERSAL))
        }
        Type::Struct(_) | Type::Opaque(_) => Some(Range::exactly(1)),
        _ => None,
    }
}
