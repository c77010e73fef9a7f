//! Keeps sentences for people and paths of pages out of the use cases: `portico_api::words` and `portico_api::Link`
//! make them, from the typed values that the use cases name.

use std::fs;
use std::path::Path;

use crate::workspace::has_extension;

/// The folder that is checked.
const USE_CASES: &str = "server/app/src/";

/// Finds string literals of the use cases that are a sentence or a path.
pub(crate) fn problems(root: &Path, files: &[&str]) -> Vec<String> {
    let mut found = Vec::new();
    for name in files {
        let is_checked = name.starts_with(USE_CASES) && has_extension(name, "rs") && !name.contains("test");
        let Some(source) = is_checked
            .then(|| fs::read_to_string(root.join(name)).ok())
            .flatten()
        else {
            continue;
        };
        for (line, literal) in literals(without_tests(&source)) {
            if is_sentence(&literal) {
                found.push(format!(
                    "{name}:{line}: a sentence below web; portico_api::words makes them: {literal:?}"
                ));
            } else if is_path(&literal) {
                found.push(format!(
                    "{name}:{line}: the path of a page below web; portico_api::Link makes them: {literal:?}"
                ));
            }
        }
    }
    found
}

fn without_tests(source: &str) -> &str {
    let end = source.find("#[cfg(test)]\nmod tests").unwrap_or(source.len());
    &source[..end]
}

/// True for text that begins as a sentence does, or ends as one. Log messages do neither.
fn is_sentence(literal: &str) -> bool {
    literal.contains(' ')
        && (literal.starts_with(|first: char| first.is_uppercase()) || literal.ends_with('.'))
}

fn is_path(literal: &str) -> bool {
    let mut letters = literal.chars();
    letters.next() == Some('/')
        && letters
            .next()
            .is_some_and(|second| second.is_ascii_lowercase() || second == '{')
}

/// The string literals of a source file with their lines, from 1. Comments are skipped.
fn literals(source: &str) -> Vec<(usize, String)> {
    let mut found = Vec::new();
    let mut rest = source;
    while let Some(at) = rest.find(['"', '/', '\'']) {
        let before = &rest[..at];
        rest = &rest[at..];
        let line = source[..source.len() - rest.len()].matches('\n').count() + 1;
        if rest.starts_with("//") {
            rest = rest.find('\n').map_or("", |end| &rest[end..]);
        } else if rest.starts_with("'\"'") || rest.starts_with("'\\\"'") {
            rest = &rest[rest[1..].find('\'').map_or(1, |end| end + 2)..];
        } else if rest.starts_with('"') {
            let hashes = before.len() - before.trim_end_matches('#').len();
            let is_raw = before.trim_end_matches('#').ends_with('r') && (hashes > 0 || before.ends_with('r'));
            let length = if is_raw {
                rest[1..].find(&format!("\"{}", "#".repeat(hashes)))
            } else {
                end_of_literal(&rest[1..])
            };
            let length = length.unwrap_or(rest.len() - 1);
            found.push((line, rest[1..=length].to_owned()));
            rest = rest.get(length + 2..).unwrap_or_default();
        } else {
            rest = &rest[1..];
        }
    }
    found
}

/// The place of the quote that ends a literal.
fn end_of_literal(text: &str) -> Option<usize> {
    let mut is_escaped = false;
    text.char_indices()
        .find(|(_, letter)| {
            let is_end = *letter == '"' && !is_escaped;
            is_escaped = *letter == '\\' && !is_escaped;
            is_end
        })
        .map(|(place, _)| place)
}

#[cfg(test)]
mod tests {
    use super::{is_path, is_sentence, literals, without_tests};

    #[test]
    fn literals_are_found_and_comments_are_not() {
        let source = r##"
            // "A comment."
            let a = "It is \"there\"."; let quote = '"'; let b = "b";
            let c = r#"a "raw" one"#;
            #[cfg(test)]
            mod tests {}
        "##;
        let found: Vec<_> = literals(source).into_iter().map(|(_, literal)| literal).collect();
        assert_eq!(found, ["It is \\\"there\\\".", "b", "a \"raw\" one"]);
        assert_eq!(literals(source)[0].0, 3);
        assert_eq!(without_tests("a\n#[cfg(test)]\nmod tests {}"), "a\n");
    }

    #[test]
    fn sentences_and_paths_are_told_from_other_text() {
        for text in [
            "It is gone.",
            "Policy refuses it: {denied}",
            "{plane} refused it.",
        ] {
            assert!(is_sentence(text), "{text}");
        }
        for text in [
            "a request was submitted",
            "request.submitted",
            "Ready",
            "-----BEGIN PRIVATE KEY-----",
        ] {
            assert!(!is_sentence(text), "{text}");
        }
        for text in ["/catalog", "/{plane}"] {
            assert!(is_path(text), "{text}");
        }
        for text in ["/", "//", "/-/", "a/b"] {
            assert!(!is_path(text), "{text}");
        }
    }
}
