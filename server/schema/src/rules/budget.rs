//! The budget of an evaluation, in steps. Iterations and copied memory both count against it. There is one per thread.

use std::cell::Cell;

use cel::ExecutionError;
use cel::common::types::{CelBytes, CelList, CelMap, CelString};
use cel::common::value::{CowVal, Val};

/// Passes an element on into a list or map, metered by what that copies.
pub(super) const CHARGE_ELEMENT: &str = "kube_schema_charge_element";
/// Passes the range of a comprehension through, metered by its length.
pub(super) const CHARGE_RANGE: &str = "kube_schema_charge_range";

/// Bytes of copied text per step: a million steps copy about 128 MB.
const BYTES_PER_STEP: usize = 128;

thread_local! {
    static BUDGET: Cell<usize> = const { Cell::new(0) };
}

/// Sets the budget of this thread.
pub(super) fn set_budget(steps: usize) {
    BUDGET.set(steps);
}

/// The steps left.
pub(super) fn remaining() -> usize {
    BUDGET.get()
}

/// True if the budget is used up.
pub(super) fn is_exhausted() -> bool {
    BUDGET.get() == 0
}

/// Takes steps off the budget.
///
/// # Errors
/// If none are left.
pub(super) fn charge(steps: usize) -> Result<(), ExecutionError> {
    let left = BUDGET.get().saturating_sub(steps);
    BUDGET.set(left);
    if left == 0 {
        return Err(ExecutionError::function_error(CHARGE_RANGE, "too much work"));
    }
    Ok(())
}

/// The cost of copying text, in steps.
pub(super) fn text_cost(bytes: usize) -> usize {
    bytes / BYTES_PER_STEP
}

/// The cost of copying a value, in steps.
pub(super) fn copy_cost(value: &dyn Val) -> usize {
    if let Some(text) = value.downcast_ref::<CelString>() {
        1 + text_cost(text.inner().len())
    } else if let Some(bytes) = value.downcast_ref::<CelBytes>() {
        1 + text_cost(bytes.inner().len())
    } else if let Some(list) = value.downcast_ref::<CelList>() {
        1 + list.inner().iter().map(|item| copy_cost(&**item)).sum::<usize>()
    } else if let Some(map) = value.downcast_ref::<CelMap>() {
        1 + map
            .inner()
            .values()
            .map(|value| 1 + copy_cost(&**value))
            .sum::<usize>()
    } else {
        1
    }
}

/// Implements [`CHARGE_RANGE`].
pub(super) fn charge_range<'b, 'v>(mut args: Vec<CowVal<'b, 'v>>) -> Result<CowVal<'b, 'v>, ExecutionError> {
    let range = args
        .pop()
        .ok_or_else(ExecutionError::missing_argument_or_target)?;
    let size = range
        .as_sizer()
        .map_or(0, |sizer| usize::try_from(*sizer.size().inner()).unwrap_or(0));
    charge(size + 1)?;
    Ok(range)
}

/// Implements [`CHARGE_ELEMENT`].
pub(super) fn charge_element<'b, 'v>(
    mut args: Vec<CowVal<'b, 'v>>,
) -> Result<CowVal<'b, 'v>, ExecutionError> {
    let value = args
        .pop()
        .ok_or_else(ExecutionError::missing_argument_or_target)?;
    // The comprehension around it pays for a scalar.
    charge(copy_cost(value.as_ref()) - 1)?;
    Ok(value)
}
