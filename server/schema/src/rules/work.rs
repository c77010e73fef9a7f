//! What rules may use up: steps, and the memory that their values take. Both count against one budget on each thread.

use std::cell::Cell;

use cel::ExecutionError;
use cel::common::types::{CelBytes, CelList, CelMap, CelString};
use cel::common::value::{CowVal, Val};

use super::library;

/// Adds two values, and counts what that copies.
pub(super) const ADD: &str = "kube_schema_add";
/// Passes a value on into a list or a map, and counts what that copies.
pub(super) const HOLD: &str = "kube_schema_hold";
/// Passes a range of a comprehension through, and counts how often its steps are taken.
pub(super) const COUNT: &str = "kube_schema_count";

/// Bytes of text that are as much work as one step: a million steps hold some 128 MB.
const BYTES: usize = 128;

thread_local! {
    static BUDGET: Cell<usize> = const { Cell::new(0) };
}

/// Allows so many steps from now on, on this thread.
pub(super) fn allow(steps: usize) {
    BUDGET.set(steps);
}

/// The steps that are left.
pub(super) fn remaining() -> usize {
    BUDGET.get()
}

/// Whether the steps have been used up.
pub(super) fn is_exhausted() -> bool {
    BUDGET.get() == 0
}

/// Takes steps off the budget.
///
/// # Errors
/// When none are left.
pub(super) fn charge(steps: usize) -> Result<(), ExecutionError> {
    let left = BUDGET.get().saturating_sub(steps);
    BUDGET.set(left);
    if left == 0 {
        return Err(ExecutionError::function_error(COUNT, "too much work"));
    }
    Ok(())
}

/// The steps that bytes of text are worth.
pub(super) fn of_bytes(bytes: usize) -> usize {
    bytes / BYTES
}

/// The steps that copying a value is worth.
pub(super) fn weight(value: &dyn Val) -> usize {
    if let Some(text) = value.downcast_ref::<CelString>() {
        1 + of_bytes(text.inner().len())
    } else if let Some(bytes) = value.downcast_ref::<CelBytes>() {
        1 + of_bytes(bytes.inner().len())
    } else if let Some(list) = value.downcast_ref::<CelList>() {
        1 + list.inner().iter().map(|item| weight(&**item)).sum::<usize>()
    } else if let Some(map) = value.downcast_ref::<CelMap>() {
        1 + map
            .inner()
            .values()
            .map(|value| 1 + weight(&**value))
            .sum::<usize>()
    } else {
        1
    }
}

/// The function [`COUNT`].
pub(super) fn count<'b, 'v>(mut args: Vec<CowVal<'b, 'v>>) -> Result<CowVal<'b, 'v>, ExecutionError> {
    let range = args
        .pop()
        .ok_or_else(ExecutionError::missing_argument_or_target)?;
    let size = range
        .as_sizer()
        .map_or(0, |sizer| usize::try_from(*sizer.size().inner()).unwrap_or(0));
    charge(size + 1)?;
    Ok(range)
}

/// The function [`HOLD`].
pub(super) fn hold<'b, 'v>(mut args: Vec<CowVal<'b, 'v>>) -> Result<CowVal<'b, 'v>, ExecutionError> {
    let value = args
        .pop()
        .ok_or_else(ExecutionError::missing_argument_or_target)?;
    // What stands alone is paid for by the comprehension around it.
    charge(weight(value.as_ref()) - 1)?;
    Ok(value)
}

/// The function [`ADD`].
#[expect(clippy::needless_pass_by_value, reason = "the shape of an overload")]
pub(super) fn add<'b, 'v>(args: Vec<CowVal<'b, 'v>>) -> Result<CowVal<'b, 'v>, ExecutionError> {
    let [left, right] = args.as_slice() else {
        return Err(ExecutionError::invalid_argument_count(2, args.len()));
    };
    charge(weight(left.as_ref()) + weight(right.as_ref()) - 2)?;
    if let Some(time) = library::add_times(left, right) {
        return time;
    }
    let adder = left
        .as_adder()
        .ok_or_else(|| ExecutionError::no_such_overload("add", Vec::<String>::new()))?;
    Ok(CowVal::Owned(adder.add(right.as_ref())?.into_owned()))
}
