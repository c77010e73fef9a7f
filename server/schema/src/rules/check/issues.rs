//! Errors in an expression with their positions, in cel-go's format (`common/error.go` of cel-go).

use std::fmt::Write as _;

use cel::common::ast::SourceInfo;

/// Errors reported at most.
const MAX_ISSUES: usize = 100;

/// The errors of one expression.
#[derive(Debug)]
pub(super) struct Issues<'s> {
    source: &'s str,
    info: SourceInfo,
    found: Vec<Issue>,
    count: usize,
}

#[derive(Debug)]
struct Issue {
    line: usize,
    /// Zero-based, in characters.
    column: usize,
    message: String,
}

impl<'s> Issues<'s> {
    pub(super) fn new(source: &'s str, info: SourceInfo) -> Self {
        Self {
            source,
            info,
            found: Vec::new(),
            count: 0,
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.found.is_empty()
    }

    /// Adds an error at the node `id`.
    pub(super) fn add(&mut self, id: u64, message: String) {
        self.count += 1;
        if self.count > MAX_ISSUES {
            return;
        }
        let (line, column) = self.position(id);
        self.found.push(Issue {
            line,
            column,
            message,
        });
    }

    fn position(&self, id: u64) -> (usize, usize) {
        let offset = self.info.offset_for(id).map_or(0, |(start, _)| start);
        let before = usize::try_from(offset).ok().and_then(|at| self.source.get(..at));
        let before = before.unwrap_or_default();
        let line = before.matches('\n').count();
        let start = before.rfind('\n').map_or(0, |at| at + 1);
        (line, before[start..].chars().count())
    }

    /// Formats all errors with their source lines, in source order.
    pub(super) fn text(mut self) -> String {
        self.found.sort_by_key(|issue| (issue.line, issue.column));
        let mut texts: Vec<String> = self.found.iter().map(|issue| self.shown(issue)).collect();
        if self.count > MAX_ISSUES {
            texts.push(format!("{} more errors were truncated", self.count - MAX_ISSUES));
        }
        texts.join("\n")
    }

    fn shown(&self, issue: &Issue) -> String {
        let mut text = format!(
            "ERROR: <input>:{}:{}: {}",
            issue.line + 1,
            issue.column + 1,
            issue.message
        );
        let line = self.source.split('\n').nth(issue.line).unwrap_or_default();
        let line = line.replace('\t', " ");
        let _ = write!(text, "\n | {line}\n | ");
        let mut letters = line.chars();
        for letter in letters.by_ref().take(issue.column) {
            text.push(if letter.is_ascii() { '.' } else { '\u{ff0e}' });
        }
        let at = letters.next().is_none_or(|letter| letter.is_ascii());
        text.push(if at { '^' } else { '\u{ff3e}' });
        text
    }
}
