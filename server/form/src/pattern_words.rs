//! Says in words what a pattern asks for. People never see a regular expression.

use kube_schema::{CharacterSet, PatternSummary, pattern_example, pattern_summary};

use super::quantity;

/// More symbols than these are not listed.
const MAX_SYMBOLS: usize = 4;

/// True if the pattern describes amounts such as `10Gi`.
pub(super) fn is_quantity(pattern: &str) -> bool {
    pattern.contains("KMGTPE") || pattern.contains("EPTGMK") || pattern.contains("Ki|Mi|Gi")
}

/// True if the pattern describes amounts, or amounts in some units only, such as `^[0-9]+Gi$`.
pub(super) fn is_amount(pattern: &str) -> bool {
    is_quantity(pattern) || is_amount_like(pattern_example(pattern).as_deref())
}

fn is_amount_like(example: Option<&str>) -> bool {
    example
        .and_then(quantity::split)
        .is_some_and(|(_, unit)| quantity::is_binary(unit))
}

/// True if the pattern describes times such as `30m`.
pub(super) fn is_duration(pattern: &str) -> bool {
    pattern.contains("ms|s|m|h") || pattern.contains("(h|m|s") || pattern.contains("(s|m|h")
}

/// What a text must be like to match the pattern, as a sentence without its full stop.
pub(super) fn wanted(pattern: &str) -> String {
    if is_quantity(pattern) {
        return "Must be a number with a unit, like 10Gi or 500Mi".to_owned();
    }
    if is_duration(pattern) {
        return "Must be a duration, like 30m or 1h".to_owned();
    }
    let example = pattern_example(pattern);
    if let Some((_, unit)) = example
        .as_deref()
        .filter(|_| is_amount_like(example.as_deref()))
        .and_then(quantity::split)
    {
        return format!("Must be a number with a unit, like 20{unit}");
    }
    let summary = pattern_summary(pattern).filter(|summary| !summary.has_words);
    match (summary.as_ref().and_then(characters), example) {
        (Some(characters), _) => characters,
        (None, Some(example)) => format!("Must be like {example}"),
        (None, None) => "Is not in the form that this field needs".to_owned(),
    }
}

/// `Use lower-case letters, digits and hyphens; begin with a letter`. `None` where characters do not say much.
fn characters(summary: &PatternSummary) -> Option<String> {
    let all = names(&summary.characters)?;
    let (begin, end) = (names(&summary.first)?, names(&summary.last)?);
    let one_of = |names: &[String]| list(&singular(names), "or");
    let edges = match (begin != all, end != all) {
        (true, true) if begin == end => Some(format!("begin and end with {}", one_of(&begin))),
        (true, true) => Some(format!(
            "begin with {}, end with {}",
            one_of(&begin),
            one_of(&end)
        )),
        (true, false) => Some(format!("begin with {}", one_of(&begin))),
        (false, true) => Some(format!("end with {}", one_of(&end))),
        (false, false) => None,
    };
    let length = match (summary.min_length, summary.max_length) {
        (least, Some(most)) if least == most => Some(format!("{most} characters")),
        (least, Some(most)) if least > 1 => Some(format!("{least} to {most} characters")),
        (_, Some(most)) => Some(format!("at most {most} characters")),
        (least, None) if least > 2 => Some(format!("at least {least} characters")),
        _ => None,
    };
    let used = Some(format!("Use {}", list(&all, "and")));
    Some(
        [used, edges, length]
            .into_iter()
            .flatten()
            .collect::<Vec<_>>()
            .join("; "),
    )
}

/// The names of the characters, letters first. `None` if they are too many kinds to list.
fn names(set: &CharacterSet) -> Option<Vec<String>> {
    let mut names = Vec::new();
    let mut left: Vec<(char, char)> = set.ranges().to_vec();
    let mut take = |from: char, to: char| {
        let position = left
            .iter()
            .position(|(start, end)| *start <= from && to <= *end)?;
        let (start, end) = left.remove(position);
        let before = |c: char| char::from_u32(u32::from(c) - 1);
        let after = |c: char| char::from_u32(u32::from(c) + 1);
        if start < from {
            left.push((start, before(from)?));
        }
        if to < end {
            left.push((after(to)?, end));
        }
        Some(())
    };
    match (take('a', 'z').is_some(), take('A', 'Z').is_some()) {
        (true, true) => names.push("letters".to_owned()),
        (true, false) => names.push("lower-case letters".to_owned()),
        (false, true) => names.push("capital letters".to_owned()),
        (false, false) => {}
    }
    if take('0', '9').is_some() {
        names.push("digits".to_owned());
    }
    left.sort_unstable();
    let mut symbols = Vec::new();
    for (start, end) in left {
        for c in start..=end {
            symbols.push(match c {
                '-' => "hyphens".to_owned(),
                '_' => "underscores".to_owned(),
                '.' => "dots".to_owned(),
                '/' => "slashes".to_owned(),
                ':' => "colons".to_owned(),
                ',' => "commas".to_owned(),
                ' ' => "spaces".to_owned(),
                c if c.is_ascii_graphic() => format!("“{c}”"),
                _ => return None,
            });
            if symbols.len() > MAX_SYMBOLS {
                return None;
            }
        }
    }
    names.extend(symbols);
    (!names.is_empty()).then_some(names)
}

fn singular(names: &[String]) -> Vec<String> {
    names
        .iter()
        .map(|name| match name.as_str() {
            "letters" => "a letter".to_owned(),
            "lower-case letters" => "a lower-case letter".to_owned(),
            "capital letters" => "a capital letter".to_owned(),
            "digits" => "a digit".to_owned(),
            "underscores" => "an underscore".to_owned(),
            "slashes" => "a slash".to_owned(),
            name if name.ends_with('s') => format!("a {}", name.trim_end_matches('s')),
            name => name.to_owned(),
        })
        .collect()
}

fn list(names: &[String], last: &str) -> String {
    match names {
        [] => String::new(),
        [one] => one.clone(),
        [most @ .., end] => format!("{} {last} {end}", most.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::wanted;

    #[test]
    fn patterns_become_words() {
        for (pattern, words) in [
            (
                "^[a-z0-9]([-a-z0-9]*[a-z0-9])?$",
                "Use lower-case letters, digits and hyphens; begin and end with a lower-case letter or a digit",
            ),
            (
                "^[a-zA-Z]([-a-zA-Z0-9]*[a-zA-Z0-9])?$",
                "Use letters, digits and hyphens; begin with a letter, end with a letter or a digit",
            ),
            (
                "^[a-zA-Z0-9-]{0,15}$",
                "Use letters, digits and hyphens; at most 15 characters",
            ),
            ("^[0-9]{12}$", "Use digits; 12 characters"),
            ("^[1-9][0-9]*$", "Must be like 1"),
            ("^repo[1-4]$", "Must be like repo1"),
            ("^vpc-[a-z0-9]{8,17}$", "Must be like vpc-aaaaaaaa"),
            ("^https://", "Must be like https://"),
            (
                "^([0-9]+(\\.[0-9]+)?(ms|s|m|h))+$",
                "Must be a duration, like 30m or 1h",
            ),
            (
                "^(\\+|-)?(([0-9]+(\\.[0-9]*)?)|(\\.[0-9]+))(([KMGTPE]i)|[numkMGTPE])?$",
                "Must be a number with a unit, like 10Gi or 500Mi",
            ),
            ("(", "Is not in the form that this field needs"),
        ] {
            assert_eq!(wanted(pattern), words, "{pattern}");
        }
    }
}
