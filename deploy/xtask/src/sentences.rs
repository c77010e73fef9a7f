//! Keeps sentences for people out of rules and use cases, and paths of pages out of use cases and views:
//! `portico_api::words` and `portico_api::Link` make them, from the typed values that the others name.

use std::fs;
use std::path::Path;

use crate::workspace::has_extension;

/// What the string literals of a folder may not be.
struct Rule {
    folder: &'static str,
    /// Files and folders below it that are not checked.
    except: &'static [&'static str],
    sentences: bool,
    paths: bool,
}

/// Text that looks like a sentence and is none: titles of states and choices, a type.
const NO_SENTENCES: [&str; 6] = [
    "All that you may do",
    "Awaiting approval",
    "BTreeMap<String, String>",
    "Queues and streams",
    "Read only",
    "Somebody not signed in",
];

const RULES: [Rule; 3] = [
    Rule {
        folder: "server/domain/src/",
        except: &[
            // A claim's state in the words of its conditions, stored with the claim.
            "server/domain/src/claim/",
            // Writes the reference of the configuration.
            "server/domain/src/documents/reference/",
            // The words of stored codes, which the worker logs: it is below the words of the API.
            "server/domain/src/obstacle.rs",
            "server/domain/src/reason.rs",
            // The descriptions that Crossplane writes into definitions.
            "server/domain/src/xrd.rs",
        ],
        sentences: true,
        // Paths here are JSON pointers.
        paths: false,
    },
    Rule {
        folder: "server/app/src/",
        except: &[],
        sentences: true,
        paths: true,
    },
    Rule {
        folder: "frontend/src/",
        except: &[],
        sentences: false,
        paths: true,
    },
];

impl Rule {
    fn covers(&self, name: &str) -> bool {
        name.starts_with(self.folder) && !self.except.iter().any(|except| name.starts_with(except))
    }

    /// Says what is wrong with a literal.
    fn problem(&self, literal: &str) -> Option<&'static str> {
        if self.sentences && is_sentence(literal) {
            Some("a sentence, which portico_api::words makes")
        } else if self.paths && is_path(literal) {
            Some("the path of a page, which portico_api::Link makes")
        } else {
            None
        }
    }
}

/// Finds string literals that a rule forbids.
pub(crate) fn problems(root: &Path, files: &[&str]) -> Vec<String> {
    let mut found = Vec::new();
    for name in files {
        let rule = RULES.iter().find(|rule| rule.covers(name));
        let Some(rule) = rule.filter(|_| has_extension(name, "rs") && !name.contains("test")) else {
            continue;
        };
        let Ok(source) = fs::read_to_string(root.join(name)) else {
            continue;
        };
        for (line, literal) in literals(without_tests(&source)) {
            if let Some(problem) = rule.problem(&literal) {
                found.push(format!("{name}:{line}: {problem}: {literal:?}"));
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
        && !NO_SENTENCES.contains(&literal)
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
    use super::{RULES, is_path, is_sentence, literals, without_tests};

    #[test]
    fn rules_hold_in_their_folder_but_for_exceptions() {
        let problem = |name: &str, literal: &str| {
            let rule = RULES.iter().find(|rule| rule.covers(name))?;
            rule.problem(literal)
        };
        assert!(problem("frontend/src/pages/home.rs", "/catalog").is_some());
        assert!(problem("frontend/src/pages/home.rs", "All is well.").is_none());
        assert!(problem("frontend/islands/src/live.rs", "/catalog").is_none());
        assert!(problem("server/app/src/home.rs", "All is well.").is_some());
        assert!(problem("server/domain/src/quota.rs", "It is too much.").is_some());
        assert!(problem("server/domain/src/claim/words.rs", "It is ready.").is_none());
        assert!(problem("server/web/src/routes.rs", "/catalog").is_none());
    }

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
