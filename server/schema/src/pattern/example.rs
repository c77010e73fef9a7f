//! Generates an example string for a pattern, for people who do not read regular expressions.

use regex_syntax::hir::{Class, Hir, HirKind, Repetition};

use super::{compile, re2};

/// Longer examples are not helpful.
const MAX_LENGTH: usize = 40;

/// Returns a short string that a pattern matches; `None` if no short one is found.
#[must_use]
pub fn example(source: &str) -> Option<String> {
    let translated = re2::translate(source).ok()?;
    // `regex-syntax` parses ASCII word boundaries as look-arounds, which match the empty string.
    let syntax = regex_syntax::ParserBuilder::new()
        .utf8(false)
        .build()
        .parse(&translated)
        .ok()?;
    let mut text = String::new();
    add(&syntax, &mut text)?;
    let fits = !text.trim().is_empty() && compile(source).ok()?.is_match(text.as_bytes());
    fits.then_some(text)
}

fn add(part: &Hir, text: &mut String) -> Option<()> {
    if text.len() > MAX_LENGTH {
        return None;
    }
    match part.kind() {
        HirKind::Empty | HirKind::Look(_) => {}
        HirKind::Literal(literal) => text.push_str(std::str::from_utf8(&literal.0).ok()?),
        HirKind::Class(class) => text.push(member(class)?),
        HirKind::Repetition(repetition) => {
            for _ in 0..times(repetition) {
                add(&repetition.sub, text)?;
            }
        }
        HirKind::Capture(group) => add(&group.sub, text)?,
        HirKind::Concat(parts) => parts.iter().try_for_each(|part| add(part, text))?,
        HirKind::Alternation(parts) => add(parts.first()?, text)?,
    }
    Some(())
}

/// Repeats optional parts once and all others as often as required.
fn times(repetition: &Repetition) -> u32 {
    if repetition.max == Some(1) {
        1
    } else {
        repetition.min
    }
}

/// A character of the class, preferably a letter or digit.
fn member(class: &Class) -> Option<char> {
    let Class::Unicode(class) = class else {
        return None;
    };
    let has = |c: char| {
        class
            .ranges()
            .iter()
            .any(|range| (range.start()..=range.end()).contains(&c))
    };
    let known = "a1A".chars().find(|c| has(*c));
    known.or_else(|| {
        let first = class.ranges().first()?.start();
        (!first.is_control()).then_some(first)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn examples_match_their_pattern() {
        let of = |source: &str| example(source).unwrap_or_default();
        assert_eq!(of("^[1-9][0-9]*(Gi|Ti)?$"), "1Gi");
        assert_eq!(of("^[a-z0-9]([-a-z0-9]*[a-z0-9])?$"), "aa");
        assert_eq!(of("^kms://[a-z0-9/-]+$"), "kms://a");
        assert_eq!(of("^([0-9]+(h|m|s))+$"), "1h");
        assert_eq!(of("^$"), "");
        assert_eq!(of("("), "");
        assert_eq!(of("^a{500}$"), "");
    }
}
