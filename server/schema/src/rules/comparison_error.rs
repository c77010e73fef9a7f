//! The error of a comparison, per thread. `Val::equals` cannot return one.

use std::borrow::Cow;
use std::cell::RefCell;

thread_local! {
    static COMPARISON_ERROR: RefCell<Option<Cow<'static, str>>> = const { RefCell::new(None) };
}

/// Makes the current comparison fail with `problem`.
pub(super) fn fail_comparison(problem: impl Into<Cow<'static, str>>) {
    COMPARISON_ERROR.set(Some(problem.into()));
}

/// Runs `comparison` and returns its result, and the error if a value could not be compared.
pub(super) fn catch_comparison_error<T>(comparison: impl FnOnce() -> T) -> (T, Option<Cow<'static, str>>) {
    COMPARISON_ERROR.set(None);
    let result = comparison();
    (result, COMPARISON_ERROR.take())
}
