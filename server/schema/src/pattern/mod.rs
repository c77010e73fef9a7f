//! Patterns: RE2 as the API server has it, run by the `regex` crate, which shares RE2's promise of linear time.

mod example;
mod re2;

use std::sync::OnceLock;

pub use example::example;

use regex::bytes::{Regex, RegexBuilder};

/// The most memory that one compiled pattern may take.
const SIZE_LIMIT: usize = 1024 * 1024;

/// A pattern, compiled when first asked.
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

    /// The pattern as the schema has it.
    pub(crate) fn source(&self) -> &str {
        &self.source
    }

    /// Whether `text` has a match.
    ///
    /// # Errors
    /// Why the pattern cannot be used.
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
/// Why it cannot be.
pub(crate) fn compile(source: &str) -> Result<Regex, String> {
    RegexBuilder::new(&re2::translate(source)?)
        .size_limit(SIZE_LIMIT)
        .dfa_size_limit(SIZE_LIMIT / 4)
        .build()
        .map_err(|error| match error {
            regex::Error::CompiledTooBig(_) => format!("it takes more than {SIZE_LIMIT} bytes when compiled"),
            other => last_line(&other.to_string()),
        })
}

/// Why a source is no RE2 pattern, in Go's words; nothing where it is one, however large.
pub(crate) fn problem(source: &str) -> Option<String> {
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
    fn braces_and_escapes_are_read_as_re2_reads_them() {
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
    fn what_is_no_pattern_is_explained_as_go_explains_it() {
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
