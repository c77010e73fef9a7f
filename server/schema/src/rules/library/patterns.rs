//! Regular expressions in rules, with RE2 syntax: `matches`, `find`, `findAll` (`library.Regex`).

use std::cell::RefCell;
use std::collections::HashMap;

use cel::common::types::{CelBool, CelInt, CelList, CelString};
use cel::common::value::Val;
use cel::{DeclarationError, Env, ExecutionError};
use regex::bytes::Regex;

use super::super::budget;
use super::overload::failed;
use crate::pattern;

/// `matches`, with RE2 syntax.
pub(in super::super) const MATCHES: &str = "kube_schema_matches";

thread_local! {
    static PATTERNS: RefCell<HashMap<String, Result<Regex, String>>> = RefCell::new(HashMap::new());
}

pub(super) fn declare(env: &mut Env) -> Result<(), DeclarationError> {
    cel::add_overload!(env, fn matches: (CelString, CelString) -> Result<CelBool>, name = MATCHES)?;
    cel::add_member_overload!(env, fn find: (CelString, CelString) -> Result<CelString>)?;
    cel::add_member_overload!(env, fn find_all: (CelString, CelString) -> Result<CelList>)?;
    cel::add_member_overload!(env, fn find_some: (CelString, CelString, CelInt) -> Result<CelList>, name = "findAll")
}

/// Calls `search` with the compiled pattern, which is cached.
fn with_pattern<T>(
    text: &CelString<'_>,
    source: &CelString<'_>,
    search: impl FnOnce(&Regex, &[u8]) -> T,
) -> Result<T, String> {
    /// Patterns cached per thread.
    const MAX_CACHED: usize = 256;
    // Searching long texts costs steps, too.
    budget::charge(budget::text_cost(text.inner().len())).map_err(|error| error.to_string())?;
    PATTERNS.with_borrow_mut(|patterns| {
        if !patterns.contains_key(source.inner()) {
            if patterns.len() >= MAX_CACHED {
                patterns.clear();
            }
            patterns.insert(source.inner().to_owned(), pattern::compile(source.inner()));
        }
        match patterns.get(source.inner()) {
            Some(Ok(regex)) => Ok(search(regex, text.inner().as_bytes())),
            Some(Err(problem)) => Err(problem.clone()),
            None => Err(String::new()),
        }
    })
}

fn matches(text: &CelString<'_>, source: &CelString<'_>) -> Result<CelBool, ExecutionError> {
    let found = with_pattern(text, source, Regex::is_match).map_err(failed)?;
    Ok(found.into())
}

fn find(text: &CelString<'_>, source: &CelString<'_>) -> Result<CelString<'static>, ExecutionError> {
    let search = |regex: &Regex, text: &[u8]| regex.find(text).map(|found| text_of(found.as_bytes()));
    let found = with_pattern(text, source, search).map_err(|problem| illegal(&problem))?;
    Ok(found.unwrap_or_default().into())
}

fn find_all(text: &CelString<'_>, source: &CelString<'_>) -> Result<CelList<'static>, ExecutionError> {
    find_some(text, source, &CelInt::from(-1))
}

/// A negative `limit` means no limit.
fn find_some(
    text: &CelString<'_>,
    source: &CelString<'_>,
    limit: &CelInt,
) -> Result<CelList<'static>, ExecutionError> {
    let limit = usize::try_from(*limit.inner()).unwrap_or(usize::MAX);
    let search = |regex: &Regex, text: &[u8]| {
        let found = regex.find_iter(text).take(limit);
        let texts = found.map(|found| Box::new(CelString::from(text_of(found.as_bytes()))) as Box<dyn Val>);
        texts.collect::<Vec<_>>()
    };
    let found = with_pattern(text, source, search).map_err(|problem| illegal(&problem))?;
    budget::charge(found.len())?;
    Ok(CelList::from(found))
}

fn illegal(problem: &str) -> ExecutionError {
    failed(format!("Illegal regex: {problem}"))
}

fn text_of(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}
