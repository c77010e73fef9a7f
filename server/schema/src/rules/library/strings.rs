//! String functions whose results can be much larger than their input, metered by what they copy; and those that
//! differ from the `cel` crate's, which has all others.

use cel::common::types::{CelInt, CelList, CelString};
use cel::{DeclarationError, Env, ExecutionError};

use super::super::budget::{self, text_cost};
use super::formatting::go_printed;
use super::overload::failed;

/// `replace`, metered.
pub(in super::super) const REPLACE: &str = "kube_schema_replace";
/// `join`, metered.
pub(in super::super) const JOIN: &str = "kube_schema_join";

/// `indexOf` with an offset, which may be past the end.
pub(in super::super) const INDEX_OF: &str = "kube_schema_indexOf";
/// `lastIndexOf` with an offset, which may be past the end.
pub(in super::super) const LAST_INDEX_OF: &str = "kube_schema_lastIndexOf";

pub(super) fn declare(env: &mut Env) -> Result<(), DeclarationError> {
    cel::add_member_overload!(env, fn replace: (CelString, CelString, CelString) -> Result<CelString>, name = REPLACE)?;
    cel::add_member_overload!(env, fn replace_some: (CelString, CelString, CelString, CelInt) -> Result<CelString>, name = REPLACE)?;
    cel::add_member_overload!(env, fn index_of: (CelString, CelString, CelInt) -> Result<CelInt>, name = INDEX_OF)?;
    cel::add_member_overload!(env, fn last_index_of: (CelString, CelString, CelInt) -> Result<CelInt>, name = LAST_INDEX_OF)?;
    cel::add_member_overload!(env, fn join: (CelList) -> Result<CelString>, name = JOIN)?;
    cel::add_member_overload!(env, fn join_with: (CelList, CelString) -> Result<CelString>, name = JOIN)
}

fn replace(
    text: &CelString<'_>,
    from: &CelString<'_>,
    to: &CelString<'_>,
) -> Result<CelString<'static>, ExecutionError> {
    replace_some(text, from, to, &CelInt::from(-1))
}

/// A negative `limit` means no limit.
fn replace_some(
    text: &CelString<'_>,
    from: &CelString<'_>,
    to: &CelString<'_>,
    limit: &CelInt,
) -> Result<CelString<'static>, ExecutionError> {
    let (text, from, to) = (text.inner(), from.inner(), to.inner());
    let limit = usize::try_from(*limit.inner()).unwrap_or(usize::MAX);
    let places = (text.len() / from.len().max(1) + 1).min(limit);
    budget::charge(text_cost(
        text.len().saturating_add(places.saturating_mul(to.len())),
    ))?;
    Ok(text.replacen(from, to, limit).into())
}

fn join(list: &CelList<'_>) -> Result<CelString<'static>, ExecutionError> {
    join_with(list, &CelString::from(""))
}

fn join_with(list: &CelList<'_>, between: &CelString<'_>) -> Result<CelString<'static>, ExecutionError> {
    let between = between.inner();
    let mut joined = String::new();
    for (index, item) in list.inner().iter().enumerate() {
        let item = item
            .downcast_ref::<CelString>()
            .ok_or_else(|| failed(format!("join: invalid input: {}", go_printed(&**item))))?;
        budget::charge(text_cost(between.len() + item.inner().len()))?;
        if index > 0 {
            joined.push_str(between);
        }
        joined.push_str(item.inner());
    }
    // Many short strings cost steps, too.
    budget::charge(text_cost(joined.len()))?;
    Ok(joined.into())
}

/// Converts an offset in characters.
///
/// # Errors
/// If it is negative.
fn place(at: &CelInt) -> Result<usize, ExecutionError> {
    usize::try_from(*at.inner()).map_err(|_| failed(format!("index out of range: {}", at.inner())))
}

fn found(place: Option<usize>) -> CelInt {
    CelInt::from(place.and_then(|place| i64::try_from(place).ok()).unwrap_or(-1))
}

fn index_of(text: &CelString<'_>, part: &CelString<'_>, from: &CelInt) -> Result<CelInt, ExecutionError> {
    let (text, part): (Vec<char>, Vec<char>) =
        (text.inner().chars().collect(), part.inner().chars().collect());
    let from = place(from)?;
    if part.is_empty() {
        return Ok(found(Some(from.min(text.len()))));
    }
    budget::charge(text.len() / 16)?;
    let mut windows = text.windows(part.len()).enumerate().skip(from);
    Ok(found(
        windows.find(|(_, window)| *window == part).map(|(at, _)| at),
    ))
}

fn last_index_of(
    text: &CelString<'_>,
    part: &CelString<'_>,
    from: &CelInt,
) -> Result<CelInt, ExecutionError> {
    let (text, part): (Vec<char>, Vec<char>) =
        (text.inner().chars().collect(), part.inner().chars().collect());
    let from = place(from)?;
    if part.is_empty() {
        return Ok(found(Some(from.min(text.len()))));
    }
    if from >= text.len() {
        return Ok(found(None));
    }
    budget::charge(text.len() / 16)?;
    let mut windows = text.windows(part.len()).enumerate().take(from + 1);
    Ok(found(
        windows.rfind(|(_, window)| *window == part).map(|(at, _)| at),
    ))
}
