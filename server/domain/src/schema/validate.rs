//! Judging a value by a schema, rule for rule and word for word as `k8s.io/kube-openapi/pkg/validation/validate`
//! does for the API server, ratcheting included: on an update, what was wrong before and has not changed is let be.

use std::collections::HashSet;

use serde_json::{Map, Number, Value};

use super::format::FormatRule;
use super::node::{Additional, Bounds, Combinations, Kind, Node};
use super::path::Path;
use super::violation::{Check, Reason, Violation, bad_value, go_float, go_number, quote};

/// No more violations than a person or a program can make use of.
const MOST: usize = 500;

/// Judges `value` by `node`.
pub(super) fn validate(node: &Node, value: &Value, old: Option<&Value>) -> Vec<Violation> {
    let mut outcome = Outcome::default();
    check(node, value, old, &Path::ROOT, &mut outcome);
    outcome.violations
}

#[derive(Default)]
struct Outcome {
    violations: Vec<Violation>,
    failed: bool,
    /// How many checks were made: among branches that fail, the one with most checks explains why.
    checks: usize,
}

impl Outcome {
    fn add(&mut self, path: &Path<'_>, check: Check, reason: Reason, value: Option<&str>, detail: String) {
        self.failed = true;
        if self.violations.len() < MOST {
            self.violations
                .push(Violation::new(path, check, reason, value, detail));
        }
    }

    fn invalid(&mut self, path: &Path<'_>, value: &str, rest: &str) {
        let detail = format!("{} in body {rest}", path.dotted());
        self.add(path, Check::Schema, Reason::Invalid, Some(value), detail);
    }

    /// An error that the API server does not attach to a field.
    fn unattached(&mut self, path: &Path<'_>, detail: String) {
        self.add(path, Check::Combination, Reason::Invalid, Some("\"\""), detail);
    }

    fn merge(&mut self, other: Self) {
        self.checks += other.checks;
        self.failed |= other.failed;
        for violation in other.violations {
            if self.violations.len() < MOST && !self.violations.contains(&violation) {
                self.violations.push(violation);
            }
        }
    }
}

fn check(node: &Node, value: &Value, old: Option<&Value>, path: &Path<'_>, outcome: &mut Outcome) {
    let before = (outcome.violations.len(), outcome.failed);
    outcome.failed = false;
    check_new(node, value, old, path, outcome);
    if outcome.failed && old == Some(value) {
        outcome.violations.truncate(before.0);
        outcome.failed = false;
    }
    outcome.failed |= before.1;
}

fn check_new(node: &Node, value: &Value, old: Option<&Value>, path: &Path<'_>, outcome: &mut Outcome) {
    if value.is_null() {
        outcome.checks += 1;
        if node.kind != Kind::Any && !node.nullable {
            wrong_type(path, node.kind.name(), "null", outcome);
        }
        enumeration(node, value, path, outcome);
        return;
    }
    if node.kind != Kind::Any || node.format.is_some() {
        outcome.checks += 2;
        type_of(node, value, path, outcome);
    }
    outcome.checks += 2;
    if let Some(combinations) = &node.combinations {
        combine(combinations, value, old, path, outcome);
    }
    match value {
        Value::String(text) => {
            outcome.checks += 1;
            if let Some(bounds) = &node.bounds {
                string(bounds, text, path, outcome);
            }
            if let Some(format) = &node.format {
                outcome.checks += 1;
                if !format.accepts(text) {
                    wrong_type(path, &format.name, text, outcome);
                }
            }
        }
        Value::Number(number) => {
            outcome.checks += 2;
            numeric(node, number, path, outcome);
        }
        Value::Array(items) => {
            outcome.checks += 2;
            array(node, items, old, path, outcome);
        }
        _ => {}
    }
    outcome.checks += 1;
    enumeration(node, value, path, outcome);
    if let Value::Object(map) = value {
        outcome.checks += 1;
        object(node, map, old, path, outcome);
    }
    outcome.checks += 1;
}

/// A wrong type. `found` is the type found, or for formats of texts the text itself.
fn wrong_type(path: &Path<'_>, wanted: &str, found: &str, outcome: &mut Outcome) {
    let found = quote(found);
    let detail = format!("{} in body must be of type {wanted}: {found}", path.dotted());
    outcome.add(path, Check::Schema, Reason::TypeInvalid, Some(&found), detail);
}

fn type_of(node: &Node, value: &Value, path: &Path<'_>, outcome: &mut Outcome) {
    let (found, found_format) = match value {
        Value::Null => return,
        Value::Bool(_) => ("boolean", ""),
        Value::String(_) => ("string", ""),
        Value::Array(_) => ("array", ""),
        Value::Object(_) => ("object", ""),
        Value::Number(number) if number.as_i64().is_some() => ("integer", "int64"),
        Value::Number(_) => ("number", "float64"),
    };
    let numeric = matches!(node.kind, Kind::Integer | Kind::Number | Kind::IntOrString);
    let whole = matches!(value, Value::Number(number) if found == "number" && is_whole(number));
    let fits = match node.kind {
        Kind::Any => false,
        Kind::IntOrString => found == "string" || found == "integer" || whole,
        Kind::Integer => found == "integer" || whole,
        Kind::Number => found == "number" || found == "integer",
        kind => kind.name() == found,
    };
    let textual = matches!(value, Value::String(_) | Value::Array(_));
    if let Some(format) = &node.format {
        if !textual && !fits && *format.name != *found_format {
            wrong_type(path, &format.name, found_format, outcome);
            return;
        }
        if !numeric && textual {
            return;
        }
    }
    if !fits {
        wrong_type(path, node.kind.name(), found, outcome);
    }
}

/// Whether a float is an integer to `swag.IsFloat64AJSONInteger`.
fn is_whole(number: &Number) -> bool {
    number.as_f64().is_some_and(is_whole_float)
}

fn is_whole_float(float: f64) -> bool {
    const MOST: f64 = 9_007_199_254_740_991.0;
    if !float.is_finite() || float.abs() > MOST {
        return false;
    }
    let rounded = float.trunc();
    let difference = (float - rounded).abs();
    if difference <= 0.0 {
        return true;
    }
    if rounded == 0.0 {
        return difference < 1e-9 * f64::from_bits(1);
    }
    difference / (float.abs() + rounded.abs()) < 1e-9
}

fn string(bounds: &Bounds, text: &str, path: &Path<'_>, outcome: &mut Outcome) {
    if bounds.min_length.is_some() || bounds.max_length.is_some() {
        let length = i64::try_from(text.chars().count()).unwrap_or(i64::MAX);
        if let Some(most) = bounds.max_length.filter(|most| length > *most) {
            let unit = if most == 1 { "byte" } else { "bytes" };
            let detail = format!("may not be more than {most} {unit}");
            outcome.add(path, Check::Schema, Reason::TooLong, None, detail);
            return;
        }
        if let Some(least) = bounds.min_length.filter(|least| length < *least) {
            outcome.invalid(
                path,
                &quote(text),
                &format!("should be at least {least} chars long"),
            );
            return;
        }
    }
    if let Some(pattern) = &bounds.pattern {
        match pattern.matches(text) {
            Ok(true) => {}
            Ok(false) => outcome.invalid(
                path,
                &quote(text),
                &format!("should match '{}'", pattern.source()),
            ),
            Err(problem) => {
                let detail = format!("pattern '{}' cannot be used: {problem}", pattern.source());
                outcome.add(path, Check::Schema, Reason::CouldNotJudge, None, detail);
            }
        }
    }
}

fn enumeration(node: &Node, value: &Value, path: &Path<'_>, outcome: &mut Outcome) {
    /// More values than this are not listed in a message.
    const LISTED: usize = 200;
    if node.one_of_values.is_empty() {
        return;
    }
    let found = match (&node.many_texts, value) {
        (Some(texts), Value::String(text)) => texts.contains(text.as_str()),
        _ => node.one_of_values.iter().any(|allowed| same(value, allowed)),
    };
    if found {
        return;
    }
    let mut allowed: Vec<String> = node
        .one_of_values
        .iter()
        .take(LISTED)
        .map(|allowed| match allowed {
            Value::String(text) => quote(text),
            other => quote(&other.to_string()),
        })
        .collect();
    if node.one_of_values.len() > LISTED {
        allowed.push("…".to_owned());
    }
    let detail = format!("supported values: {}", allowed.join(", "));
    outcome.add(
        path,
        Check::Schema,
        Reason::NotSupported,
        Some(&bad_value(value)),
        detail,
    );
}

/// Whether a value is one of an enumeration: equal after conversion to its type, as Go's reflection converts numbers.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_precision_loss,
    reason = "Go's conversions truncate, too"
)]
fn same(value: &Value, allowed: &Value) -> bool {
    match (value, allowed) {
        (Value::Null, _) => false,
        (Value::Number(value), Value::Number(allowed)) => match (value.as_i64(), allowed.as_i64()) {
            (Some(value), Some(allowed)) => value == allowed,
            (None, Some(allowed)) => value.as_f64().is_some_and(|value| value as i64 == allowed),
            (Some(value), None) => allowed.as_f64() == Some(value as f64),
            (None, None) => value.as_f64() == allowed.as_f64(),
        },
        _ => value == allowed,
    }
}

fn numeric(node: &Node, number: &Number, path: &Path<'_>, outcome: &mut Outcome) {
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

/// Integers are compared as integers, the bound cut to one, everything else as floats.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_precision_loss,
    reason = "as the API server compares"
)]
fn compare(number: &Number, bound: f64, native: bool, broken: impl Fn(f64, f64) -> bool) -> bool {
    match number.as_i64() {
        Some(value) if native => {
            let bound = bound as i64;
            // Exact for what floats cannot hold.
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

#[expect(clippy::cast_possible_truncation, reason = "as the API server prints it")]
fn bound_text(number: &Number, bound: f64, native: bool) -> String {
    if native && number.as_i64().is_some() {
        (bound as i64).to_string()
    } else {
        go_float(bound)
    }
}

#[expect(clippy::cast_possible_truncation, reason = "as the API server computes")]
fn multiple_of(number: &Number, factor: f64, native: bool, path: &Path<'_>, outcome: &mut Outcome) {
    if let (Some(value), true) = (number.as_i64(), native) {
        let factor = factor as i64;
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

/// Whether a number fits the node's type and format; if not, says so.
#[expect(clippy::cast_possible_truncation, reason = "guarded by the comparison before")]
fn range(node: &Node, number: &Number, what: &str, path: &Path<'_>, outcome: &mut Outcome) -> bool {
    let rule = node.format.as_ref().map(|format| format.rule);
    let whole = || match number.as_i64() {
        Some(whole) => Some(whole),
        // Nothing between 2^53 and 2^63 is lost: such a float has no fraction.
        None => number
            .as_f64()
            .filter(|float| float.fract() == 0.0 && float.abs() < 9.2e18)
            .map(|float| float as i64),
    };
    let fits = match (node.kind, rule) {
        (Kind::Integer, Some(FormatRule::Int32)) => whole().is_some_and(|whole| i32::try_from(whole).is_ok()),
        (Kind::Integer, _) => whole().is_some(),
        (Kind::Number, Some(FormatRule::Float)) => number
            .as_f64()
            .is_some_and(|float| float.abs() <= f64::from(f32::MAX)),
        _ => true,
    };
    if !fits {
        let how = node.format.as_ref().map_or_else(
            || "(default format)".to_owned(),
            |format| format!("with format {}", format.name),
        );
        let kind = node.kind.name();
        outcome.unattached(
            path,
            format!("{what} value must be of type {kind} {how} in {}", path.dotted()),
        );
    }
    fits
}

fn array(node: &Node, items: &[Value], old: Option<&Value>, path: &Path<'_>, outcome: &mut Outcome) {
    if let Some(child) = node.items() {
        let old = super::correlate::OldItems::new(node, old);
        for (index, item) in items.iter().enumerate() {
            check(child, item, old.like(item), &path.index(index), outcome);
        }
    }
    let Some(bounds) = &node.bounds else {
        return;
    };
    let size = i64::try_from(items.len()).unwrap_or(i64::MAX);
    if let Some(least) = bounds.min_items.filter(|least| size < *least) {
        outcome.invalid(
            path,
            &size.to_string(),
            &format!("should have at least {least} items"),
        );
    }
    if let Some(most) = bounds.max_items.filter(|most| size > *most) {
        too_many(path, size, most, outcome);
    }
    if bounds.unique_items {
        let mut seen = HashSet::new();
        if !items
            .iter()
            .all(|item| seen.insert(crate::record::canonical_json(item)))
        {
            outcome.invalid(path, "\"\"", "shouldn't contain duplicates");
        }
    }
}

fn too_many(path: &Path<'_>, size: i64, most: i64, outcome: &mut Outcome) {
    let unit = if most == 1 { "item" } else { "items" };
    let detail = format!("must have at most {most} {unit}");
    outcome.add(
        path,
        Check::Schema,
        Reason::TooMany,
        Some(&size.to_string()),
        detail,
    );
}

fn object(
    node: &Node,
    map: &Map<String, Value>,
    old: Option<&Value>,
    path: &Path<'_>,
    outcome: &mut Outcome,
) {
    if let Some(bounds) = &node.bounds {
        let size = i64::try_from(map.len()).unwrap_or(i64::MAX);
        if let Some(least) = bounds.min_properties.filter(|least| size < *least) {
            outcome.invalid(
                path,
                &size.to_string(),
                &format!("should have at least {least} properties"),
            );
        }
        if let Some(most) = bounds.max_properties.filter(|most| size > *most) {
            too_many(path, size, most, outcome);
        }
    }
    let old = old.and_then(Value::as_object);
    for (name, value) in map {
        if let Some(child) = node.properties.get(name.as_str()) {
            let is_type = path.is_root() && matches!(name.as_str(), "apiVersion" | "kind");
            let old = old.and_then(|old| old.get(name)).filter(|_| !is_type);
            check(child, value, old, &path.property(name), outcome);
            continue;
        }
        match &node.additional {
            Additional::Of(child) => {
                check(
                    child,
                    value,
                    old.and_then(|old| old.get(name)),
                    &path.key(name),
                    outcome,
                );
            }
            Additional::Forbidden => {
                let text = path.dotted();
                let detail = format!("{text}.{name} in body is a forbidden property");
                outcome.add(path, Check::Schema, Reason::Invalid, Some(&quote(name)), detail);
            }
            Additional::Absent | Additional::Any => {}
        }
    }
    for name in &node.required {
        if !map.contains_key(&**name) {
            outcome.add(
                &path.property(name),
                Check::Schema,
                Reason::Required,
                None,
                String::new(),
            );
        }
    }
}

fn combine(
    combinations: &Combinations,
    value: &Value,
    old: Option<&Value>,
    path: &Path<'_>,
    outcome: &mut Outcome,
) {
    let judge = |branch: &Node| {
        let mut outcome = Outcome::default();
        check_new(branch, value, old, path, &mut outcome);
        outcome
    };
    let place = || quote(&path.dotted());
    if !combinations.any_of.is_empty() {
        let (chosen, accepted) = best(combinations.any_of.iter().map(judge), true);
        if accepted == 0 {
            outcome.unattached(
                path,
                format!("{} must validate at least one schema (anyOf)", place()),
            );
        }
        outcome.merge(chosen);
    }
    if !combinations.one_of.is_empty() {
        let (chosen, accepted) = best(combinations.one_of.iter().map(judge), false);
        match accepted {
            1 => {}
            0 => outcome.unattached(
                path,
                format!(
                    "{} must validate one and only one schema (oneOf). Found none valid",
                    place()
                ),
            ),
            more => outcome.unattached(
                path,
                format!(
                    "{} must validate one and only one schema (oneOf). Found {more} valid alternatives",
                    place()
                ),
            ),
        }
        outcome.merge(chosen);
    }
    if !combinations.all_of.is_empty() {
        let mut accepted = 0;
        for branch in combinations.all_of.iter().map(judge) {
            accepted += usize::from(!branch.failed);
            outcome.merge(branch);
        }
        if accepted != combinations.all_of.len() {
            let none = if accepted == 0 { ". None validated" } else { "" };
            outcome.unattached(
                path,
                format!("{} must validate all the schemas (allOf){none}", place()),
            );
        }
    }
    if combinations
        .not
        .as_deref()
        .is_some_and(|branch| !judge(branch).failed)
    {
        outcome.unattached(path, format!("{} must not validate the schema (not)", place()));
    }
}

/// The one branch that accepts, or, when none does, the one that got furthest; and how many accept.
fn best(branches: impl Iterator<Item = Outcome>, first_only: bool) -> (Outcome, usize) {
    let mut accepted = 0;
    let mut success: Option<Outcome> = None;
    let mut failure: Option<Outcome> = None;
    for branch in branches {
        if !branch.failed {
            accepted += 1;
            success.get_or_insert(branch);
            if first_only {
                break;
            }
        } else if accepted == 0 && failure.as_ref().is_none_or(|best| branch.checks > best.checks) {
            failure = Some(branch);
        }
    }
    let chosen = match accepted {
        0 => failure,
        1 => success,
        _ => None,
    };
    (chosen.unwrap_or_default(), accepted)
}
