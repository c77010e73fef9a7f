//! The operators that replace CEL's own in compiled rules: `+`, `==`, `!=`, `in` and `has`.

use cel::ExecutionError;
use cel::common::traits::Indexer;
use cel::common::types::{CelBool, CelList, CelMap, CelOptional, MAP_TYPE};
use cel::common::value::{CowVal, Val};

use super::budget::{charge, copy_cost};
use super::comparison_error::catch_comparison_error;
use super::library::add_times;
use super::unconvertible::Unconvertible;

/// `+`, metered by what it copies.
pub(super) const METERED_ADD: &str = "kube_schema_add";

/// Implements [`METERED_ADD`].
#[expect(clippy::needless_pass_by_value, reason = "the shape of an overload")]
pub(super) fn metered_add<'b, 'v>(args: Vec<CowVal<'b, 'v>>) -> Result<CowVal<'b, 'v>, ExecutionError> {
    let [left, right] = args.as_slice() else {
        return Err(ExecutionError::invalid_argument_count(2, args.len()));
    };
    charge(copy_cost(left.as_ref()) + copy_cost(right.as_ref()) - 2)?;
    if let Some(time) = add_times(left, right) {
        return time;
    }
    let adder = left
        .as_adder()
        .ok_or_else(|| ExecutionError::no_such_overload("add", Vec::<String>::new()))?;
    Ok(CowVal::Owned(adder.add(right.as_ref())?.into_owned()))
}

/// `==`, which fails if lists cannot be compared.
pub(super) const EQUAL: &str = "kube_schema_equal";
/// `!=`, which fails if lists cannot be compared.
pub(super) const UNEQUAL: &str = "kube_schema_unequal";

/// Implements [`EQUAL`].
#[expect(clippy::needless_pass_by_value, reason = "the shape of an overload")]
pub(super) fn equals_operator<'b, 'v>(args: Vec<CowVal<'b, 'v>>) -> Result<CowVal<'b, 'v>, ExecutionError> {
    Ok(CowVal::owned(CelBool::from(compare(&args)?)))
}

/// Implements [`UNEQUAL`].
#[expect(clippy::needless_pass_by_value, reason = "the shape of an overload")]
pub(super) fn not_equals_operator<'b, 'v>(
    args: Vec<CowVal<'b, 'v>>,
) -> Result<CowVal<'b, 'v>, ExecutionError> {
    Ok(CowVal::owned(CelBool::from(!compare(&args)?)))
}

/// `in`, which fails if lists cannot be compared.
pub(super) const IN: &str = "kube_schema_in";

/// Implements [`IN`].
#[expect(clippy::needless_pass_by_value, reason = "the shape of an overload")]
pub(super) fn in_operator<'b, 'v>(args: Vec<CowVal<'b, 'v>>) -> Result<CowVal<'b, 'v>, ExecutionError> {
    let [value, container] = args.as_slice() else {
        return Err(ExecutionError::invalid_argument_count(2, args.len()));
    };
    let (is_within, problem) = catch_comparison_error(|| contains(container.as_ref(), value.as_ref()));
    match (is_within?, problem) {
        (false, Some(problem)) => Err(ExecutionError::function_error("@in", problem)),
        (is_within, _) => Ok(CowVal::owned(CelBool::from(is_within))),
    }
}

fn contains(container: &dyn Val, value: &dyn Val) -> Result<bool, ExecutionError> {
    match (container.downcast_ref::<CelList>(), container.as_container()) {
        (Some(list), _) => Ok(list.inner().iter().any(|item| equals(value, &**item))),
        (None, Some(map)) => Ok(map.contains(value)? && check_convertible(container, value)?),
        (None, None) => Err(ExecutionError::no_such_overload("@in", Vec::new())),
    }
}

fn compare(args: &[CowVal<'_, '_>]) -> Result<bool, ExecutionError> {
    let [left, right] = args else {
        return Err(ExecutionError::invalid_argument_count(2, args.len()));
    };
    match catch_comparison_error(|| equals(left.as_ref(), right.as_ref())) {
        (_, Some(problem)) => Err(ExecutionError::function_error("_==_", problem)),
        (is_equal, None) => Ok(is_equal),
    }
}

fn equals(left: &dyn Val, right: &dyn Val) -> bool {
    match right.downcast_ref::<Unconvertible>() {
        // Only the unconvertible value knows that it cannot be compared.
        Some(unconvertible) => unconvertible.equals(left),
        None => left.equals(right),
    }
}

/// Checks that the value of a map key can be converted. Always returns true.
///
/// # Errors
/// Why the value cannot be converted.
fn check_convertible(map: &dyn Val, key: &dyn Val) -> Result<bool, ExecutionError> {
    let value = map
        .downcast_ref::<CelMap>()
        .and_then(|map| Indexer::get(map, key).ok());
    match value
        .as_ref()
        .and_then(|value| value.downcast_ref::<Unconvertible>())
    {
        Some(Unconvertible(reason)) => Err(ExecutionError::function_error("@in", reason)),
        None => Ok(true),
    }
}

/// `has`, which fails for a field that is set but cannot be converted.
pub(super) const HAS: &str = "kube_schema_has";

/// Implements [`HAS`]; its arguments are a value and the name of a field.
#[expect(clippy::needless_pass_by_value, reason = "the shape of an overload")]
pub(super) fn has<'b, 'v>(args: Vec<CowVal<'b, 'v>>) -> Result<CowVal<'b, 'v>, ExecutionError> {
    let [value, name] = args.as_slice() else {
        return Err(ExecutionError::invalid_argument_count(2, args.len()));
    };
    let value = match value.downcast_ref::<CelOptional>() {
        Some(optional) => optional.option(),
        None => Some(value.as_ref()),
    };
    let is_there = match value {
        None => false,
        Some(value) => match value.as_container() {
            Some(map) if value.get_type() == &MAP_TYPE => {
                map.contains(name.as_ref())? && check_convertible(value, name.as_ref())?
            }
            Some(_) => return Err(ExecutionError::no_such_overload("_._", Vec::<String>::new())),
            // Scalars have no fields.
            None => false,
        },
    };
    Ok(CowVal::owned(CelBool::from(is_there)))
}
