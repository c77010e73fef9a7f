//! Summarizes the texts that a pattern matches, for people who do not read regular expressions.

use regex_syntax::hir::{Class, Hir, HirKind, Look};

use super::re2;

/// Longer patterns have no summary: it would say little, and patterns come from control planes.
const MAX_PATTERN_LENGTH: usize = 500;

/// What every text has in common that a pattern matches.
///
/// ```
/// let summary = kube_schema::pattern_summary("^[a-z]([-a-z0-9]*[a-z0-9])?$").unwrap();
/// assert!(summary.characters.contains('-') && !summary.characters.contains('A'));
/// assert!(summary.first.contains('a') && !summary.first.contains('1'));
/// assert!(summary.last.contains('1') && !summary.last.contains('-'));
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PatternSummary {
    /// The characters that it consists of.
    pub characters: CharacterSet,
    /// The characters that it begins with.
    pub first: CharacterSet,
    /// The characters that it ends with.
    pub last: CharacterSet,
    /// The fewest characters.
    pub min_length: usize,
    /// The most characters; `None` for any number.
    pub max_length: Option<usize>,
    /// True if parts of it are fixed words, as in `^arn:aws:`, so that the characters say little about it.
    pub has_words: bool,
}

/// A set of characters, as sorted ranges that do not touch.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct CharacterSet(Vec<(char, char)>);

impl CharacterSet {
    /// True if the character is in the set.
    #[must_use]
    pub fn contains(&self, c: char) -> bool {
        self.0.iter().any(|(from, to)| (*from..=*to).contains(&c))
    }

    /// The ranges, first and last character each.
    #[must_use]
    pub fn ranges(&self) -> &[(char, char)] {
        &self.0
    }

    fn add(&mut self, from: char, to: char) {
        self.add_all(&[(from, to)]);
    }

    fn add_all(&mut self, ranges: &[(char, char)]) {
        self.0.extend_from_slice(ranges);
        self.0.sort_unstable();
        let mut merged: Vec<(char, char)> = Vec::with_capacity(self.0.len());
        for (from, to) in self.0.drain(..) {
            match merged.last_mut() {
                Some((_, end)) if u32::from(from) <= u32::from(*end) + 1 => *end = (*end).max(to),
                _ => merged.push((from, to)),
            }
        }
        self.0 = merged;
    }

    fn extend(&mut self, other: &Self) {
        self.add_all(&other.0);
    }
}

/// Summarizes a pattern; `None` if it is not anchored at both ends, matches arbitrary bytes, or is over 500 bytes long.
#[must_use]
pub fn summary(source: &str) -> Option<PatternSummary> {
    if source.len() > MAX_PATTERN_LENGTH {
        return None;
    }
    let translated = re2::translate(source).ok()?;
    let syntax = regex_syntax::ParserBuilder::new()
        .utf8(false)
        .build()
        .parse(&translated)
        .ok()?;
    let anchors = syntax.properties();
    if !anchors.look_set_prefix().contains(Look::Start) || !anchors.look_set_suffix().contains(Look::End) {
        return None;
    }
    let mut found = PatternSummary {
        characters: CharacterSet::default(),
        first: CharacterSet::default(),
        last: CharacterSet::default(),
        min_length: anchors.minimum_len().unwrap_or(0),
        max_length: anchors.maximum_len(),
        has_words: false,
    };
    collect(&syntax, &mut found)?;
    edge(&syntax, false, &mut found.first)?;
    edge(&syntax, true, &mut found.last)?;
    Some(found)
}

fn collect(part: &Hir, found: &mut PatternSummary) -> Option<()> {
    match part.kind() {
        HirKind::Empty | HirKind::Look(_) => {}
        HirKind::Literal(literal) => {
            let text = std::str::from_utf8(&literal.0).ok()?;
            found.has_words |= text.chars().count() > 1;
            text.chars().for_each(|c| found.characters.add(c, c));
        }
        HirKind::Class(class) => found.characters.extend(&of_class(class)?),
        HirKind::Repetition(repetition) => collect(&repetition.sub, found)?,
        HirKind::Capture(group) => collect(&group.sub, found)?,
        HirKind::Concat(parts) | HirKind::Alternation(parts) => {
            parts.iter().try_for_each(|part| collect(part, found))?;
        }
    }
    Some(())
}

/// Adds the characters at one end of the part; answers whether the part may be empty.
fn edge(part: &Hir, from_the_end: bool, set: &mut CharacterSet) -> Option<bool> {
    Some(match part.kind() {
        HirKind::Empty | HirKind::Look(_) => true,
        HirKind::Literal(literal) => {
            let mut chars = std::str::from_utf8(&literal.0).ok()?.chars();
            let c = if from_the_end {
                chars.next_back()
            } else {
                chars.next()
            }?;
            set.add(c, c);
            false
        }
        HirKind::Class(class) => {
            set.extend(&of_class(class)?);
            false
        }
        HirKind::Repetition(repetition) => edge(&repetition.sub, from_the_end, set)? || repetition.min == 0,
        HirKind::Capture(group) => edge(&group.sub, from_the_end, set)?,
        HirKind::Alternation(parts) => {
            let mut may_be_empty = false;
            for part in parts {
                may_be_empty |= edge(part, from_the_end, set)?;
            }
            may_be_empty
        }
        HirKind::Concat(parts) => {
            let mut parts: Vec<&Hir> = parts.iter().collect();
            if from_the_end {
                parts.reverse();
            }
            for part in parts {
                if !edge(part, from_the_end, set)? {
                    return Some(false);
                }
            }
            true
        }
    })
}

fn of_class(class: &Class) -> Option<CharacterSet> {
    let Class::Unicode(class) = class else {
        return None;
    };
    // Sorted and apart already.
    let ranges = class.ranges().iter();
    Some(CharacterSet(
        ranges.map(|range| (range.start(), range.end())).collect(),
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_anchored_has_a_summary() {
        for source in ["[a-z]+", "^https://", "(", "^[a-z]+", ".*"] {
            assert_eq!(summary(source), None, "{source}");
        }
    }

    #[test]
    fn large_classes_take_no_time_and_long_patterns_have_no_summary() {
        let classes = |count: usize| format!("^{}$", r"\p{L}\p{N}".repeat(count));
        let begun = std::time::Instant::now();
        assert!(summary(&classes(40)).unwrap().characters.contains('ß'));
        assert!(begun.elapsed() < std::time::Duration::from_secs(2));
        assert_eq!(summary(&classes(4_000)), None);
    }

    #[test]
    fn lengths_words_and_edges() {
        let ids = summary("^vpc-[a-z0-9]{8,17}$").unwrap();
        assert!(ids.has_words);
        assert_eq!((ids.min_length, ids.max_length), (12, Some(21)));
        let names = summary("^$|^[a-z0-9]([-a-z0-9]*[a-z0-9])?$");
        assert!(names.is_some_and(|names| names.min_length == 0 && !names.has_words));
        let label = summary("^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$").unwrap();
        assert_eq!(label.characters.ranges(), [('-', '.'), ('0', '9'), ('a', 'z')]);
        assert_eq!(label.first.ranges(), [('0', '9'), ('a', 'z')]);
        assert_eq!(label.last, label.first);
    }
}
