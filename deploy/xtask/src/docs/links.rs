//! Checks that links between pages lead somewhere, that the paths pages name exist, and that the commits they name are
//! in the history.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;
use std::process::Command;

use anyhow::{Context as _, Result};

use super::markdown::Page;
use crate::steps::run_quietly;
use crate::workspace::has_extension;

/// Returns broken links, paths and commits on the pages among `files`.
pub(super) fn problems(root: &Path, files: &[&str]) -> Result<Vec<String>> {
    let mut pages = BTreeMap::new();
    for name in files.iter().copied().filter(|name| has_extension(name, "md")) {
        let text = fs::read_to_string(root.join(name)).with_context(|| format!("reading {name}"))?;
        pages.insert(name, Page::read(&text));
    }
    let mut problems = unresolved(&pages, &Tree::of(files));
    problems.extend(undefined(root, &pages));
    problems.extend(unknown_commits(root, &pages));
    Ok(problems)
}

/// The files and folders that git tracks.
struct Tree<'f>(BTreeSet<&'f str>);

impl<'f> Tree<'f> {
    fn of(files: &[&'f str]) -> Self {
        let mut places = BTreeSet::new();
        for file in files {
            places.insert(*file);
            let ends = file.match_indices('/').map(|(at, _)| &file[..at]);
            places.extend(ends);
        }
        Self(places)
    }

    fn has(&self, path: &str) -> bool {
        path.is_empty() || self.0.contains(path)
    }

    /// True if the text is a path that starts with a top-level folder of the repository.
    fn is_path(&self, text: &str) -> bool {
        text.split_once('/').is_some_and(|(first, rest)| {
            self.0.contains(first)
                && !rest.contains("//")
                && !rest.contains("::")
                && text
                    .chars()
                    .all(|letter| letter.is_ascii_alphanumeric() || "/._-".contains(letter))
        })
    }
}

fn unresolved(pages: &BTreeMap<&str, Page>, tree: &Tree<'_>) -> Vec<String> {
    let mut problems = Vec::new();
    for (name, page) in pages {
        let mut report = |line: &usize, what: String| problems.push(format!("{name}:{line}: {what}"));
        for (line, link) in &page.links {
            if link.contains("://") || link.starts_with("mailto:") {
                continue;
            }
            let (path, anchor) = link
                .split_once('#')
                .map_or((&**link, None), |(path, anchor)| (path, Some(anchor)));
            let Some(target) = resolve(name, path).filter(|target| tree.has(target)) else {
                report(line, format!("{link} leads to nothing in the tree"));
                continue;
            };
            if let (Some(anchor), Some(other)) = (anchor, pages.get(target.as_str()))
                && !other.anchors.contains(anchor)
            {
                report(line, format!("{target} has no heading #{anchor}"));
            }
        }
        for (line, code) in &page.code {
            if tree.is_path(code) && !tree.has(code.trim_end_matches('/')) {
                report(line, format!("{code} is not in the tree"));
            }
        }
    }
    problems
}

/// Returns names that link to a Rust file which does not define them, as ``[`submit`](submit_request.rs)``.
fn undefined(root: &Path, pages: &BTreeMap<&str, Page>) -> Vec<String> {
    let mut problems = Vec::new();
    for (name, page) in pages {
        for (line, code, link) in &page.named {
            let Some(target) = resolve(name, link).filter(|target| has_extension(target, "rs")) else {
                continue;
            };
            // A dead link is reported already.
            let Ok(source) = fs::read_to_string(root.join(&target)) else {
                continue;
            };
            if is_identifier(code) && !defines(&source, code) {
                problems.push(format!("{name}:{line}: {target} defines no {code}"));
            }
        }
    }
    problems
}

fn is_identifier(text: &str) -> bool {
    text.starts_with(|first: char| first.is_ascii_alphabetic())
        && text
            .chars()
            .all(|letter| letter.is_ascii_alphanumeric() || letter == '_')
}

/// True if a function, type, trait, constant or macro of this name is defined in the source.
fn defines(source: &str, name: &str) -> bool {
    const KEYWORDS: [&str; 8] = [
        "fn",
        "struct",
        "enum",
        "trait",
        "type",
        "const",
        "static",
        "macro_rules!",
    ];
    source.match_indices(name).any(|(at, _)| {
        let after = source[at + name.len()..].chars().next();
        let ends = after.is_none_or(|next| !next.is_ascii_alphanumeric() && next != '_');
        let before = source[..at].strip_suffix(' ').unwrap_or_default();
        ends && KEYWORDS.iter().any(|keyword| {
            before
                .strip_suffix(keyword)
                .is_some_and(|rest| !rest.ends_with(|last: char| last.is_alphanumeric() || last == '_'))
        })
    })
}

/// Resolves a link on the page `from` to a path from the root of the repository. `None` when it leads out of it.
fn resolve(from: &str, link: &str) -> Option<String> {
    if link.is_empty() {
        return Some(from.to_owned());
    }
    let mut steps: Vec<&str> = from.split('/').collect();
    steps.pop();
    for step in link.trim_end_matches('/').split('/') {
        match step {
            "." => {}
            ".." => {
                steps.pop()?;
            }
            step => steps.push(step),
        }
    }
    Some(steps.join("/"))
}

/// Returns commits that pages name in code spans and that are not in the history. Skipped in a shallow clone.
fn unknown_commits(root: &Path, pages: &BTreeMap<&str, Page>) -> Vec<String> {
    let git = |arguments: &[&str]| run_quietly(Command::new("git").current_dir(root).args(arguments));
    let is_shallow =
        git(&["rev-parse", "--is-shallow-repository"]).is_ok_and(|answer| answer.trim() == "true");
    if is_shallow {
        return Vec::new();
    }
    let named = pages.iter().flat_map(|(name, page)| {
        let commits = page
            .code
            .iter()
            .filter_map(|(line, code)| Some((line, commit(code)?)));
        commits.map(move |(line, commit)| (name, line, commit))
    });
    named
        .filter(|(_, _, commit)| git(&["merge-base", "--is-ancestor", commit, "HEAD"]).is_err())
        .map(|(name, line, commit)| format!("{name}:{line}: no commit {commit} in the history"))
        .collect()
}

/// The commit that `git show …` shows, or the commit hash that the text is. A bare hash must contain a letter and a
/// digit, because code spans contain figures and words too.
fn commit(code: &str) -> Option<&str> {
    let shown = code.strip_prefix("git show ");
    let hash = shown.unwrap_or(code);
    let is_hash = (7..=40).contains(&hash.len())
        && hash
            .bytes()
            .all(|byte| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte));
    let is_clear = hash.contains(|letter: char| letter.is_ascii_digit())
        && hash.contains(|letter: char| letter.is_ascii_alphabetic());
    (is_hash && (shown.is_some() || is_clear)).then_some(hash)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_definition_is_found_by_its_keyword_and_its_whole_name() {
        let source = "pub(super) async fn submit(x: X) {}\npub struct Form;\n// submitted resubmit(Frozen)";
        for name in ["submit", "Form"] {
            assert!(defines(source, name), "{name}");
        }
        for name in ["sub", "ubmit", "resubmit", "Frozen", "X"] {
            assert!(!defines(source, name), "{name}");
        }
    }

    fn problems_of(text: &str) -> Vec<String> {
        let tree = Tree::of(&[
            "README.md",
            "deploy/docs/a.md",
            "deploy/docs/b.md",
            "server/src/main.rs",
        ]);
        let pages = BTreeMap::from([
            ("deploy/docs/a.md", Page::read(text)),
            ("deploy/docs/b.md", Page::read("# B\n\n## Second part\n")),
        ]);
        unresolved(&pages, &tree)
    }

    #[test]
    fn what_is_there_is_no_problem() {
        let text = "[b](b.md#second-part) [up](../../README.md) [folder](../../server/src/) [web](https://example.com) \
                    `server/src/main.rs` `server/src/` `cargo test` `a/b`\n\n# Here\n\n[here](#here)\n";
        assert_eq!(problems_of(text), Vec::<String>::new());
    }

    #[test]
    fn what_is_not_there_is_named_with_its_line() {
        let text =
            "[b](c.md)\n[b](b.md#third)\n[out](../../../etc)\n`server/src/gone.rs`\n[here](#nowhere)\n";
        let problems = problems_of(text);
        let expected = [
            "deploy/docs/a.md:1: c.md leads",
            "deploy/docs/a.md:2: deploy/docs/b.md has no heading #third",
            "deploy/docs/a.md:3: ../../../etc leads",
            "deploy/docs/a.md:5: deploy/docs/a.md has no heading #nowhere",
            "deploy/docs/a.md:4: server/src/gone.rs is not in the tree",
        ];
        assert_eq!(problems.len(), expected.len(), "{problems:#?}");
        for (problem, expected) in problems.iter().zip(expected) {
            assert!(problem.starts_with(expected), "{problem}");
        }
    }

    #[test]
    fn commits_are_told_from_other_words() {
        assert_eq!(commit("git show 326f966"), Some("326f966"));
        assert_eq!(commit("git show 6628288"), Some("6628288"));
        assert_eq!(commit("326f966"), Some("326f966"));
        for other in [
            "facade",
            "effaced",
            "12345",
            "1572864",
            "cargo xtask",
            "git show HEAD",
        ] {
            assert_eq!(commit(other), None, "{other}");
        }
    }
}
