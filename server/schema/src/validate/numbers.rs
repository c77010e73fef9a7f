//! Validates bounds, multiples and formats of numbers.

use serde_json::Number;

use super::super::format::FormatRule;
use super::super::go_format::{go_float, go_number};
use super::super::node::Node;
use super::super::path::Path;
use super::super::schema_type::SchemaType;
use super::super::violation::{Check, Reason};
use super::outcome::Outcome;

pub(super) fn numeric(node: &Node, number: &Number, path: &Path<'_>, outcome: &mut Outcome) {
    range(node, number, "Checked", path, outcome);
    let Some(bounds) = &node.bounds else {
        return;
    };
    if let Some(factor) = bounds.multiple_of {
        let native =
            Number::from_f64(factor).is_none_or(|factor| range(node, &factor, "MultipleOf", path, outcome));
        multiple_of(number, factor, native, path, outcome);
    }
    if let Some(most) = bounds.maximum {
        let native = native_bound(node, most, "Maximum boundary", path, outcome);
        let broken = compare(number, most, native, |value, most| {
            if bounds.exclusive_maximum {
                value >= most
            } else {
                value > most
            }
        });
        if broken {
            let words = if bounds.exclusive_maximum {
                "less than"
            } else {
                "less than or equal to"
            };
            let rest = format!("should be {words} {}", bound_text(number, most, native));
            outcome.invalid(path, &go_number(number), &rest);
        }
    }
    if let Some(least) = bounds.minimum {
        let native = native_bound(node, least, "Minimum boundary", path, outcome);
        let broken = compare(number, least, native, |value, least| {
            if bounds.exclusive_minimum {
                value <= least
            } else {
                value < least
            }
        });
        if broken {
            let words = if bounds.exclusive_minimum {
                "greater than"
            } else {
                "greater than or equal to"
            };
            let rest = format!("should be {words} {}", bound_text(number, least, native));
            outcome.invalid(path, &go_number(number), &rest);
        }
    }
}

fn native_bound(node: &Node, bound: f64, what: &str, path: &Path<'_>, outcome: &mut Outcome) -> bool {
    Number::from_f64(bound).is_none_or(|bound| range(node, &bound, what, path, outcome))
}

/// Compares integers as integers, with the bound truncated, everything else as floats.
#[expect(clippy::cast_precision_loss, reason = "as the API server compares")]
fn compare(number: &Number, bound: f64, native: bool, broken: impl Fn(f64, f64) -> bool) -> bool {
    match number.as_i64() {
        Some(value) if native => {
            let bound = whole_part(bound);
            // Exact beyond the integers that floats can represent.
            let (value, bound) = match value.cmp(&bound) {
                std::cmp::Ordering::Less => (0.0, 1.0),
                std::cmp::Ordering::Equal => (0.0, 0.0),
                std::cmp::Ordering::Greater => (1.0, 0.0),
            };
            broken(value, bound)
        }
        Some(value) => broken(value as f64, bound),
        None => broken(number.as_f64().unwrap_or(f64::NAN), bound),
    }
}

/// Truncates a float to an integer like Go on amd64: values out of range become the smallest integer.
#[expect(
    clippy::cast_possible_truncation,
    reason = "what does not fit is told apart before"
)]
fn whole_part(float: f64) -> i64 {
    const I64_RANGE_END: f64 = 9_223_372_036_854_775_808.0;
    if (-I64_RANGE_END..I64_RANGE_END).contains(&float) {
        float as i64
    } else {
        i64::MIN
    }
}

fn bound_text(number: &Number, bound: f64, native: bool) -> String {
    if native && number.as_i64().is_some() {
        whole_part(bound).to_string()
    } else {
        go_float(bound)
    }
}

fn multiple_of(number: &Number, factor: f64, native: bool, path: &Path<'_>, outcome: &mut Outcome) {
    if let (Some(value), true) = (number.as_i64(), native) {
        let factor = whole_part(factor);
        if factor <= 0 {
            let detail = format!(
                "factor MultipleOf declared for {} must be positive: {factor}",
                path.dotted()
            );
            outcome.add(
                path,
                Check::Schema,
                Reason::Invalid,
                Some(&factor.to_string()),
                detail,
            );
        } else if value.checked_rem(factor) != Some(0) {
            outcome.invalid(
                path,
                &value.to_string(),
                &format!("should be a multiple of {factor}"),
            );
        }
        return;
    }
    let value = number.as_f64().unwrap_or(f64::NAN);
    if factor <= 0.0 {
        let factor = go_float(factor);
        let detail = format!(
            "factor MultipleOf declared for {} must be positive: {factor}",
            path.dotted()
        );
        outcome.add(path, Check::Schema, Reason::Invalid, Some(&factor), detail);
        return;
    }
    let quotient = if factor < 1.0 {
        1.0 / factor * value
    } else {
        value / factor
    };
    if !is_whole_float(quotient) {
        outcome.invalid(
            path,
            &go_number(number),
            &format!("should be a multiple of {}", go_float(factor)),
        );
    }
}

/// Validates that a number fits the node's type and format. Returns whether it does.
#[expect(clippy::cast_possible_truncation, reason = "guarded by the comparison before")]
fn range(node: &Node, number: &Number, what: &str, path: &Path<'_>, outcome: &mut Outcome) -> bool {
    let rule = node.format.as_ref().map(|format| format.rule);
    let whole = || match number.as_i64() {
        Some(whole) => Some(whole),
        // A float between 2^53 and 2^63 has no fraction, so nothing is lost.
        None => number
            .as_f64()
            .filter(|float| float.fract() == 0.0 && float.abs() < 9.2e18)
            .map(|float| float as i64),
    };
    let fits = match (node.schema_type, rule) {
        (SchemaType::Integer, Some(FormatRule::Int32)) => {
            whole().is_some_and(|whole| i32::try_from(whole).is_ok())
        }
        (SchemaType::Integer, _) => whole().is_some(),
        (SchemaType::Number, Some(FormatRule::Float)) => number
            .as_f64()
            .is_some_and(|float| float.abs() <= f64::from(f32::MAX)),
        _ => true,
    };
    if !fits {
        let how = node.format.as_ref().map_or_else(
            || "(default format)".to_owned(),
            |format| format!("with format {}", format.name),
        );
        let kind = node.schema_type.name();
        outcome.unattached(
            path,
            format!("{what} value must be of type {kind} {how} in {}", path.dotted()),
        );
    }
    fits
}

/// `swag.IsFloat64AJSONInteger`
pub(super) fn is_whole(number: &Number) -> bool {
    number.as_f64().is_some_and(is_whole_float)
}

fn is_whole_float(float: f64) -> bool {
    const MAX_SAFE_INTEGER: f64 = 9_007_199_254_740_991.0;
    if !float.is_finite() || float.abs() > MAX_SAFE_INTEGER {
        return false;
    }
    let rounded = float.round();
    let difference = (float - rounded).abs();
    difference <= 0.0 || difference < 1e-9 * rounded.abs()
}
