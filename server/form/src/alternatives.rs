//! CEL rules that say which fields go together: "exactly one of these" and "at most one of these".
//!
//! Recognizes the usual spellings by their text. Any other rule only validates.

/// A rule that allows only one of several fields.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Alternatives {
    /// The fields, in the order of the rule.
    pub(super) names: Vec<Box<str>>,
    /// True if none of the fields has to be set.
    pub(super) may_be_none: bool,
}

/// More fields than this are not offered as a choice.
const MAX_FIELDS: usize = 24;

impl Alternatives {
    /// Parses a rule; `None` if it is not of this kind.
    pub(super) fn read(rule: &str) -> Option<Self> {
        if rule.len() > 4096 || rule.contains(['"', '\'']) {
            return None;
        }
        let bare: String = rule.split_whitespace().collect();
        let text = unwrapped(&bare);
        let (names, may_be_none) = listed(text)
            .or_else(|| summed(text))
            .or_else(|| differing(text))
            .or_else(|| not_both(text))?;
        let mut known: Vec<Box<str>> = Vec::new();
        for name in names {
            let name = has(name)?;
            if known.iter().any(|known| **known == *name) {
                return None;
            }
            known.push(name.into());
        }
        (2..=MAX_FIELDS).contains(&known.len()).then_some(Self {
            names: known,
            may_be_none,
        })
    }
}

type Match<'t> = Option<(Vec<&'t str>, bool)>;

/// `[has(self.a), has(self.b)].exists_one(x, x)` and `[…].filter(x, x).size() == 1`, also `<= 1` and `< 2`.
fn listed(text: &str) -> Match<'_> {
    let (items, rest) = text.strip_prefix('[')?.split_once(']')?;
    let (function, rest) = rest.strip_prefix('.')?.split_once('(')?;
    let (arguments, rest) = rest.split_once(')')?;
    let (variable, wanted) = arguments.split_once(',')?;
    let is_plain = !variable.is_empty() && variable.chars().all(|letter| letter.is_ascii_alphanumeric());
    let is_true = wanted == variable || wanted.strip_suffix("==true") == Some(variable);
    if !is_plain || !is_true {
        return None;
    }
    let may_be_none = match (function, rest) {
        ("exists_one", "" | "==true") => false,
        ("filter", rest) => amount(rest.strip_prefix(".size()")?)?,
        _ => return None,
    };
    Some((items.split(',').collect(), may_be_none))
}

/// `(has(self.a) ? 1 : 0) + (has(self.b) ? 1 : 0) == 1`, also `<= 1` and `< 2`.
fn summed(text: &str) -> Match<'_> {
    let end = text.rfind(['=', '<'])?;
    let start = text[..end].rfind(')')? + 1;
    let may_be_none = amount(&text[start..])?;
    let mut names = Vec::new();
    let mut rest = unwrapped(&text[..start]);
    loop {
        let (name, after) = rest.strip_prefix('(')?.split_once("?1:0)")?;
        names.push(name);
        match after.strip_prefix('+') {
            Some(more) => rest = more,
            None if after.is_empty() => return Some((names, may_be_none)),
            None => return None,
        }
    }
}

/// `has(self.a) != has(self.b)`, and the same at length: `has(self.a) && !has(self.b) || !has(self.a) && has(self.b)`.
fn differing(text: &str) -> Match<'_> {
    if let Some((left, right)) = text.split_once("!=") {
        return Some((vec![unwrapped(left), unwrapped(right)], false));
    }
    let (one, other) = text.split_once("||")?;
    let (first, second) = one_without_other(one)?;
    let again = one_without_other(other)?;
    (again == (second, first)).then_some((vec![first, second], false))
}

/// `has(self.a) && !has(self.b)` or the reverse; returns the field that is set first.
fn one_without_other(text: &str) -> Option<(&str, &str)> {
    let (left, right) = unwrapped(text).split_once("&&")?;
    match (left.strip_prefix('!'), right.strip_prefix('!')) {
        (None, Some(absent)) => Some((left, absent)),
        (Some(absent), None) => Some((right, absent)),
        _ => None,
    }
}

/// `!(has(self.a) && has(self.b))` and `!has(self.a) || !has(self.b)`.
fn not_both(text: &str) -> Match<'_> {
    if let Some((left, right)) = text.split_once("||") {
        return Some((vec![left.strip_prefix('!')?, right.strip_prefix('!')?], true));
    }
    let within = text.strip_prefix("!(")?.strip_suffix(')')?;
    let (left, right) = within.split_once("&&")?;
    Some((vec![left, right], true))
}

/// Parses a comparison with a count. Returns whether it allows zero.
fn amount(text: &str) -> Option<bool> {
    match text {
        "==1" => Some(false),
        "<=1" | "<2" => Some(true),
        _ => None,
    }
}

/// The name in `has(self.name)`. Escaped names are not supported.
fn has(text: &str) -> Option<&str> {
    let name = text.strip_prefix("has(self.")?.strip_suffix(')')?;
    let is_plain = name
        .chars()
        .all(|letter| letter.is_ascii_alphanumeric() || letter == '_');
    (is_plain && !name.is_empty() && !name.contains("__")).then_some(name)
}

/// Removes parentheses around the whole text.
fn unwrapped(text: &str) -> &str {
    let Some(within) = text.strip_prefix('(').and_then(|rest| rest.strip_suffix(')')) else {
        return text;
    };
    let mut open = 0_usize;
    for letter in within.chars() {
        match letter {
            '(' => open += 1,
            ')' => match open.checked_sub(1) {
                Some(left) => open = left,
                None => return text,
            },
            _ => {}
        }
    }
    if open == 0 { unwrapped(within) } else { text }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn usual_spellings_are_recognized() {
        for (rule, names, may_be_none) in [
            (
                "[has(self.a), has(self.b), has(self.c)].exists_one(x, x)",
                "a b c",
                false,
            ),
            ("[has(self.a),has(self.b)].exists_one(x, x == true)", "a b", false),
            (
                "[has(self.a), has(self.b)].filter(x, x).size() == 1",
                "a b",
                false,
            ),
            (
                "[has(self.a), has(self.b)].filter(x, x == true).size() <= 1",
                "a b",
                true,
            ),
            ("(has(self.a) ? 1 : 0) + (has(self.b) ? 1 : 0) == 1", "a b", false),
            (
                "((has(self.a)?1:0)+(has(self.b)?1:0)+(has(self.c)?1:0)) <= 1",
                "a b c",
                true,
            ),
            ("has(self.a) != has(self.b)", "a b", false),
            ("(has(self.a)) != (has(self.b))", "a b", false),
            (
                "(has(self.a) && !has(self.b)) || (!has(self.a) && has(self.b))",
                "a b",
                false,
            ),
            (
                "has(self.a) && !has(self.b) || has(self.b) && !has(self.a)",
                "a b",
                false,
            ),
            ("!(has(self.a) && has(self.b))", "a b", true),
            ("!has(self.a) || !has(self.b)", "a b", true),
        ] {
            let read = Alternatives::read(rule).unwrap_or_else(|| panic!("{rule}"));
            assert_eq!(
                (read.names.join(" "), read.may_be_none),
                (names.to_owned(), may_be_none),
                "{rule}"
            );
        }
    }

    #[test]
    fn other_rules_are_not_recognized() {
        for rule in [
            "",
            "has(self.a)",
            "has(self.a) == has(self.b)",
            "has(self.a) || has(self.b)",
            "has(self.a) != has(self.a)",
            "has(self.a) != has(self.b) && self.a > 1",
            "has(self.a.b) != has(self.c)",
            "has(oldSelf.a) != has(self.b)",
            "has(self.__if__) != has(self.b)",
            "self.a != self.b",
            "[has(self.a), has(self.b)].exists_one(x, !x)",
            "[has(self.a), has(self.b)].exists(x, x)",
            "[has(self.a), has(self.b)].filter(x, x).size() == 2",
            "[has(self.a), has(self.b)].filter(x, x).size() >= 1",
            "[has(self.a), self.b].exists_one(x, x)",
            "[has(self.a)].exists_one(x, x)",
            "(has(self.a) ? 1 : 0) + (has(self.b) ? 0 : 1) == 1",
            "(has(self.a) ? 1 : 0) + (has(self.b) ? 1 : 0) >= 1",
            "(has(self.a) ? 1 : 0) - (has(self.b) ? 1 : 0) == 1",
            "(has(self.a) && !has(self.b)) || (!has(self.a) && has(self.c))",
            "(has(self.a) && !has(self.b)) || (has(self.a) && !has(self.b))",
            "!(has(self.a) && has(self.b) && has(self.c))",
            "!(has(self.a)) && (has(self.b))",
            "!(has(self.a) || has(self.b))",
            "!has(self.a) || has(self.b)",
            "[has(self.a), has(self.b)].exists_one(x, x) || self.c == '()'",
        ] {
            assert_eq!(Alternatives::read(rule), None, "{rule}");
        }
    }
}
