//! Patterns: RE2 syntax as in the API server, run by the `regex` crate, which also guarantees linear time.

mod example;
mod re2;
mod summary;

use std::sync::OnceLock;

pub use example::example;
pub use summary::{CharacterSet, PatternSummary, summary};

use regex::bytes::{Regex, RegexBuilder};

/// Memory limit for one compiled pattern, in bytes.
const MAX_COMPILED_BYTES: usize = 1024 * 1024;

/// A pattern, compiled on first use.
#[derive(Debug)]
pub(crate) struct Pattern {
    source: Box<str>,
    compiled: OnceLock<Result<Regex, String>>,
}

impl Pattern {
    pub(crate) fn new(source: &str) -> Self {
        Self {
            source: source.into(),
            compiled: OnceLock::new(),
        }
    }

    /// The pattern as written in the schema.
    pub(crate) fn source(&self) -> &str {
        &self.source
    }

    /// True if the pattern matches anywhere in `text`.
    ///
    /// # Errors
    /// Why the pattern cannot be compiled.
    pub(crate) fn matches(&self, text: &str) -> Result<bool, &str> {
        match self.compiled.get_or_init(|| compile(&self.source)) {
            Ok(regex) => Ok(regex.is_match(text.as_bytes())),
            Err(problem) => Err(problem),
        }
    }
}

/// Compiles an RE2 pattern.
///
/// # Errors
/// Why it cannot be compiled.
pub(crate) fn compile(source: &str) -> Result<Regex, String> {
    RegexBuilder::new(&re2::translate(source)?)
        .size_limit(MAX_COMPILED_BYTES)
        .dfa_size_limit(MAX_COMPILED_BYTES / 4)
        .build()
        .map_err(|error| match error {
            regex::Error::CompiledTooBig(_) => {
                format!("it takes more than {MAX_COMPILED_BYTES} bytes when compiled")
            }
            other => last_line(&other.to_string()),
        })
}

/// Returns Go's error message if `source` is not a valid RE2 pattern. A pattern that is merely too large is valid.
pub(crate) fn syntax_error(source: &str) -> Option<String> {
    let translated = match re2::translate(source) {
        Ok(translated) => translated,
        Err(problem) => return Some(problem),
    };
    let error = regex_syntax::parse(&translated).err()?;
    Some(last_line(&error.to_string()))
}

fn last_line(text: &str) -> String {
    text.lines().last().unwrap_or_default().trim().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn matches(pattern: &str, text: &str) -> bool {
        Pattern::new(pattern).matches(text).unwrap()
    }

    #[test]
    fn character_classes_are_ascii_as_in_re2() {
        assert!(matches(r"^\d+$", "42"));
        assert!(!matches(r"^\d+$", "٤٢"));
        assert!(!matches(r"^\w$", "é"));
        assert!(matches(r"^[^\s\d]$", "é"));
        assert!(matches(r"^[\w-]+$", "a-b_9"));
        assert!(matches(r"\bcat\b", "a cat!"));
    }

    #[test]
    fn characters_that_are_literal_in_re2_are_literal_here() {
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
    fn braces_and_escapes_are_parsed_like_re2() {
        assert!(matches(r"^a{,2}$", "a{,2}"));
        assert!(matches(r"^{a}$", "{a}"));
        assert!(matches(r"^a{2}$", "aa"));
        assert!(matches(r"^\0\x41\101\x{1F980}$", "\0AA🦀"));
        assert!(matches(r"^[+--]+$", "+,-"));
        assert!(matches(r"^\p{^Lu}\pL\P{Greek}$", "axb"));
        assert!(matches(r"^(?i:ab)(?P<x>c)$", "ABc"));
        assert!(matches(r"^[\Wa]$", "-"));
        assert!(matches(r"^[^]a]$", "b"));
    }

    #[test]
    fn errors_are_those_of_go() {
        let problem = |source: &str| Pattern::new(source).matches("").unwrap_err().to_owned();
        for (source, words) in [
            ("a(b", "missing closing ): `a(b`"),
            ("a)b", "unexpected ): `a)b`"),
            ("a[b", "missing closing ]: `[b`"),
            ("a**", "invalid nested repetition operator: `**`"),
            ("a|*", "missing argument to repetition operator: `*`"),
            ("a{1001}", "invalid repeat count: `{1001}`"),
            ("[z-a]", "invalid character class range: `z-a`"),
            ("\\u0041", "invalid escape sequence: `\\u`"),
            ("a\\", "trailing backslash at end of expression: ``"),
            ("(?=a)", "invalid or unsupported Perl syntax: `(?=`"),
            ("\\1", "invalid escape sequence: `\\1`"),
        ] {
            assert_eq!(problem(source), format!("error parsing regexp: {words}"));
        }
    }

    #[test]
    fn patterns_that_compile_too_large_are_rejected() {
        assert!(
            Pattern::new("(((a{1,1000}){1,1000}){1,1000})")
                .matches("a")
                .is_err()
        );
        assert!(Pattern::new("(").matches("a").is_err());
    }

    #[test]
    fn patterns_that_backtrack_exponentially_elsewhere_are_fast() {
        let text = "a".repeat(50_000) + "!";
        assert!(!matches("^(a+)+$", &text));
    }
}
