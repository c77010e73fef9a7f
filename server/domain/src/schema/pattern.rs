//! Patterns: RE2 as the API server has it, run by the `regex` crate, which shares RE2's promise of linear time.
//!
//! The two differ in a few spellings, which are translated: in RE2 `\d`, `\w`, `\s` and `\b` are ASCII, a
//! bracket within a class is a plain character, `\Q…\E` quotes, and `&&`, `--` and `~~` mean themselves.

use std::sync::OnceLock;

use regex::{Regex, RegexBuilder};

/// The most memory that one compiled pattern may take.
const SIZE_LIMIT: usize = 1024 * 1024;

/// A pattern, compiled when first asked.
#[derive(Debug)]
pub(in crate::schema) struct Pattern {
    source: Box<str>,
    compiled: OnceLock<Result<Regex, String>>,
}

impl Pattern {
    pub(in crate::schema) fn new(source: &str) -> Self {
        Self {
            source: source.into(),
            compiled: OnceLock::new(),
        }
    }

    /// The pattern as the schema has it.
    pub(in crate::schema) fn source(&self) -> &str {
        &self.source
    }

    /// Whether `text` has a match.
    ///
    /// # Errors
    /// Why the pattern cannot be used.
    pub(in crate::schema) fn matches(&self, text: &str) -> Result<bool, &str> {
        match self.compiled.get_or_init(|| compile(&self.source)) {
            Ok(regex) => Ok(regex.is_match(text)),
            Err(problem) => Err(problem),
        }
    }
}

/// Compiles an RE2 pattern.
///
/// # Errors
/// Why it cannot be.
pub(in crate::schema) fn compile(source: &str) -> Result<Regex, String> {
    RegexBuilder::new(&translate(source))
        .size_limit(SIZE_LIMIT)
        .dfa_size_limit(SIZE_LIMIT / 4)
        .build()
        .map_err(|error| match error {
            regex::Error::CompiledTooBig(_) => format!("it takes more than {SIZE_LIMIT} bytes when compiled"),
            other => other
                .to_string()
                .lines()
                .last()
                .unwrap_or_default()
                .trim()
                .to_owned(),
        })
}

/// An RE2 pattern in the spelling of the `regex` crate.
fn translate(source: &str) -> String {
    let mut out = String::with_capacity(source.len() + 16);
    let mut rest = source.chars().peekable();
    let mut class = Class::Outside;
    while let Some(c) = rest.next() {
        match (c, class) {
            ('\\', _) => {
                let Some(escaped) = rest.next() else {
                    out.push('\\');
                    break;
                };
                if escaped == 'Q' && class == Class::Outside {
                    quoted(&mut rest, &mut out);
                } else {
                    escape(escaped, class != Class::Outside, &mut out);
                }
                class = class.next();
            }
            ('[', Class::Outside) => {
                out.push('[');
                if rest.peek() == Some(&'^') {
                    rest.next();
                    out.push('^');
                }
                class = Class::First;
            }
            ('[', _) => {
                if rest.peek() == Some(&':') {
                    out.push('[');
                } else {
                    out.push_str("\\[");
                    class = class.next();
                    continue;
                }
                // A class by name: copied up to its end.
                for c in rest.by_ref() {
                    out.push(c);
                    if c == ']' {
                        break;
                    }
                }
                class = class.next();
            }
            (']', Class::First) => {
                out.push_str("\\]");
                class = Class::Inside;
            }
            (']', Class::Inside) => {
                out.push(']');
                class = Class::Outside;
            }
            ('&' | '~', Class::First | Class::Inside) => {
                out.push('\\');
                out.push(c);
                class = class.next();
            }
            ('-', Class::Inside) if rest.peek() == Some(&'-') => {
                // `a--z` is the range from `a-` … in neither; a doubled dash is a set difference here only.
                out.push_str("\\-");
            }
            (c, _) => {
                out.push(c);
                class = class.next();
            }
        }
    }
    out
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Class {
    Outside,
    First,
    Inside,
}

impl Class {
    fn next(self) -> Self {
        if self == Self::First { Self::Inside } else { self }
    }
}

fn escape(c: char, in_class: bool, out: &mut String) {
    let set = match c {
        'd' => "0-9",
        'w' => "0-9A-Za-z_",
        's' => "\\t\\n\\f\\r ",
        'D' | 'W' | 'S' => {
            out.push_str(match c {
                'D' => "[^0-9]",
                'W' => "[^0-9A-Za-z_]",
                _ => "[^\\t\\n\\f\\r ]",
            });
            return;
        }
        'b' if !in_class => {
            out.push_str("(?-u:\\b)");
            return;
        }
        // Not a boundary of ASCII words. The crate's ASCII form may match within a character, and so is refused.
        'B' if !in_class => {
            out.push_str("\\B");
            return;
        }
        '<' | '>' => {
            out.push(c);
            return;
        }
        c => {
            out.push('\\');
            out.push(c);
            return;
        }
    };
    if in_class {
        out.push_str(set);
    } else {
        out.push('[');
        out.push_str(set);
        out.push(']');
    }
}

fn quoted(rest: &mut std::iter::Peekable<std::str::Chars<'_>>, out: &mut String) {
    let mut text = String::new();
    while let Some(c) = rest.next() {
        if c == '\\' && rest.peek() == Some(&'E') {
            rest.next();
            break;
        }
        text.push(c);
    }
    out.push_str(&regex::escape(&text));
}

#[cfg(test)]
mod tests {
    use super::*;

    fn matches(pattern: &str, text: &str) -> bool {
        Pattern::new(pattern).matches(text).unwrap()
    }

    #[test]
    fn classes_are_of_ascii_as_in_re2() {
        assert!(matches(r"^\d+$", "42"));
        assert!(!matches(r"^\d+$", "٤٢"));
        assert!(!matches(r"^\w$", "é"));
        assert!(matches(r"^[^\s\d]$", "é"));
        assert!(matches(r"^[\w-]+$", "a-b_9"));
        assert!(matches(r"\bcat\b", "a cat!"));
    }

    #[test]
    fn what_is_plain_in_re2_is_plain_here() {
        assert!(matches(r"^[[a]+$", "[a["));
        assert!(matches(r"^[a&&b]+$", "a&b"));
        assert!(matches(r"^[]a]+$", "]a"));
        assert!(matches(r"^\<x\>$", "<x>"));
        assert!(matches(r"^\Qa.b\E$", "a.b"));
        assert!(!matches(r"^\Qa.b\E$", "axb"));
        assert!(matches(r"^[[:alpha:]]+$", "abc"));
        assert!(matches("^[A-Za-z0-9!#$%&'*+\\-.^_\\x60|~]+$", "x-y`~"));
    }

    #[test]
    fn a_pattern_that_grows_too_large_is_refused() {
        assert!(
            Pattern::new("(((a{1,1000}){1,1000}){1,1000})")
                .matches("a")
                .is_err()
        );
        assert!(Pattern::new("(").matches("a").is_err());
    }

    #[test]
    fn a_pattern_that_explodes_by_backtracking_is_quick() {
        let text = "a".repeat(50_000) + "!";
        assert!(!matches("^(a+)+$", &text));
    }
}
