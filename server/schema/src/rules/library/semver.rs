//! Semantic versions (`library.SemverLib`), parsed like `github.com/blang/semver/v4`.

use std::cmp::Ordering;

use cel::common::types::{CelBool, CelInt, CelString};
use cel::{DeclarationError, Env, ExecutionError};

use super::overload::{failed, value_type};
use crate::go_format::quote;

/// A version. Build metadata is parsed and ignored.
#[derive(Debug, Clone)]
struct Semver {
    numbers: [u64; 3],
    pre: Vec<Identifier>,
}

impl PartialEq for Semver {
    fn eq(&self, other: &Self) -> bool {
        self.compare(other).is_eq()
    }
}

/// An identifier of a pre-release. Numbers sort before words.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
enum Identifier {
    Number(u64),
    Word(String),
}

value_type!(Semver, "kubernetes.Semver");

pub(super) fn declare(env: &mut Env) -> Result<(), DeclarationError> {
    env.add_type(<Semver as cel::common::value::Val>::cel_type().to_owned())?;
    cel::add_overload!(env, fn semver: (CelString) -> Result<Semver>)?;
    cel::add_overload!(env, fn semver_loose: (CelString, CelBool) -> Result<Semver>, name = "semver")?;
    cel::add_overload!(env, fn is_semver: (CelString) -> CelBool)?;
    cel::add_overload!(env, fn is_semver_loose: (CelString, CelBool) -> CelBool, name = "isSemver")?;
    cel::add_member_overload!(env, fn major: (Semver) -> CelInt)?;
    cel::add_member_overload!(env, fn minor: (Semver) -> CelInt)?;
    cel::add_member_overload!(env, fn patch: (Semver) -> CelInt)?;
    cel::add_member_overload!(env, fn is_greater_than: (Semver, Semver) -> CelBool)?;
    cel::add_member_overload!(env, fn is_less_than: (Semver, Semver) -> CelBool)?;
    cel::add_member_overload!(env, fn compare_to: (Semver, Semver) -> CelInt)
}

fn semver(text: &CelString<'_>) -> Result<Semver, ExecutionError> {
    parse(text.inner()).map_err(failed)
}

fn semver_loose(text: &CelString<'_>, loose: &CelBool) -> Result<Semver, ExecutionError> {
    read(text, loose).map_err(failed)
}

fn is_semver(text: &CelString<'_>) -> CelBool {
    parse(text.inner()).is_ok().into()
}

fn is_semver_loose(text: &CelString<'_>, loose: &CelBool) -> CelBool {
    read(text, loose).is_ok().into()
}

fn read(text: &CelString<'_>, loose: &CelBool) -> Result<Semver, String> {
    if *loose.inner() {
        parse(&normalized(text.inner())?)
    } else {
        parse(text.inner())
    }
}

fn number(version: &Semver, index: usize) -> CelInt {
    // Large numbers become negative, as in Go's conversion.
    CelInt::from(version.numbers[index].cast_signed())
}

fn major(version: &Semver) -> CelInt {
    number(version, 0)
}

fn minor(version: &Semver) -> CelInt {
    number(version, 1)
}

fn patch(version: &Semver) -> CelInt {
    number(version, 2)
}

fn is_greater_than(version: &Semver, other: &Semver) -> CelBool {
    version.compare(other).is_gt().into()
}

fn is_less_than(version: &Semver, other: &Semver) -> CelBool {
    version.compare(other).is_lt().into()
}

fn compare_to(version: &Semver, other: &Semver) -> CelInt {
    CelInt::from(version.compare(other) as i64)
}

impl Semver {
    fn compare(&self, other: &Self) -> Ordering {
        let released = other.pre.is_empty().cmp(&self.pre.is_empty()).reverse();
        self.numbers
            .cmp(&other.numbers)
            .then(released)
            .then_with(|| self.pre.cmp(&other.pre))
    }
}

fn parse(text: &str) -> Result<Semver, String> {
    if text.is_empty() {
        return Err("Version string empty".to_owned());
    }
    let parts: Vec<&str> = text.splitn(3, '.').collect();
    let [major, minor, rest] = parts[..] else {
        return Err("No Major.Minor.Patch elements found".to_owned());
    };
    let major = component(major, "Major", "major")?;
    let minor = component(minor, "Minor", "minor")?;
    let (rest, build) = cut(rest, '+');
    let (patch, pre) = cut(rest, '-');
    let patch = component(patch, "Patch", "patch")?;
    let pre = pre
        .into_iter()
        .flat_map(|pre| pre.split('.'))
        .map(identifier)
        .collect::<Result<_, _>>()?;
    for part in build.into_iter().flat_map(|build| build.split('.')) {
        if part.is_empty() {
            return Err("Build meta data is empty".to_owned());
        }
        if !is_word(part) {
            return Err(format!(
                "Invalid character(s) found in build meta data {}",
                quote(part)
            ));
        }
    }
    Ok(Semver {
        numbers: [major, minor, patch],
        pre,
    })
}

fn cut(text: &str, at: char) -> (&str, Option<&str>) {
    match text.split_once(at) {
        Some((before, after)) => (before, Some(after)),
        None => (text, None),
    }
}

fn component(text: &str, name: &str, lower: &str) -> Result<u64, String> {
    if !is_number(text) {
        return Err(format!(
            "Invalid character(s) found in {lower} number {}",
            quote(text)
        ));
    }
    if has_leading_zeroes(text) {
        return Err(format!(
            "{name} number must not contain leading zeroes {}",
            quote(text)
        ));
    }
    unsigned(text)
}

fn identifier(text: &str) -> Result<Identifier, String> {
    if text.is_empty() {
        return Err("Prerelease is empty".to_owned());
    }
    if is_number(text) {
        if has_leading_zeroes(text) {
            return Err(format!(
                "Numeric PreRelease version must not contain leading zeroes {}",
                quote(text)
            ));
        }
        return unsigned(text).map(Identifier::Number);
    }
    if is_word(text) {
        return Ok(Identifier::Word(text.to_owned()));
    }
    Err(format!(
        "Invalid character(s) found in prerelease {}",
        quote(text)
    ))
}

/// Go's `strconv.ParseUint`.
fn unsigned(text: &str) -> Result<u64, String> {
    text.parse().map_err(|_| {
        let problem = if text.is_empty() {
            "invalid syntax"
        } else {
            "value out of range"
        };
        format!("strconv.ParseUint: parsing {}: {problem}", quote(text))
    })
}

fn is_number(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_digit())
}

fn is_word(text: &str) -> bool {
    text.bytes()
        .all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
}

fn has_leading_zeroes(text: &str) -> bool {
    text.len() > 1 && text.starts_with('0')
}

/// Removes `v` and leading zeros, and fills up to three numbers.
fn normalized(text: &str) -> Result<String, String> {
    let text = text.strip_prefix('v').unwrap_or(text);
    let mut parts: Vec<String> = text.splitn(3, '.').map(without_zeroes).collect();
    if parts.len() < 3 {
        if parts.last().is_some_and(|last| last.contains(['+', '-'])) {
            return Err("short version cannot contain PreRelease/Build meta data".to_owned());
        }
        parts.resize(3, "0".to_owned());
    }
    Ok(parts.join("."))
}

fn without_zeroes(part: &str) -> String {
    if part.len() < 2 {
        return part.to_owned();
    }
    let bare = part.trim_start_matches('0');
    if bare.starts_with(|c: char| c.is_ascii_digit()) {
        bare.to_owned()
    } else {
        format!("0{bare}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_release_is_greater_than_its_pre_releases() {
        let order = [
            "1.0.0-alpha",
            "1.0.0-alpha.1",
            "1.0.0-alpha.beta",
            "1.0.0-2",
            "1.0.0-10",
        ];
        for text in order {
            assert!(parse(text).unwrap().compare(&parse("1.0.0").unwrap()).is_lt());
        }
        let less = |left: &str, right: &str| parse(left).unwrap().compare(&parse(right).unwrap()).is_lt();
        assert!(less("1.0.0-alpha", "1.0.0-alpha.1"));
        assert!(less("1.0.0-alpha.1", "1.0.0-alpha.beta"));
        assert!(less("1.0.0-2", "1.0.0-10"));
        assert!(less("1.9.0", "1.10.0"));
    }

    #[test]
    fn build_metadata_is_ignored() {
        assert_eq!(parse("1.2.3+a").unwrap(), parse("1.2.3+b").unwrap());
        assert!(parse("1.2.3+a_b").is_err());
    }
}
