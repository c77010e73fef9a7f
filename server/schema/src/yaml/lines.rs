//! Finds the line of a field in YAML text.

/// Returns the line, counted from 1, of a field such as `spec.users[0].name`, or of its nearest ancestor in the text.
/// Understands block style; for a field in braces or brackets, returns the line where they start. `None` if the text
/// contains no part of the path.
#[must_use]
pub fn line_of(text: &str, path: &str) -> Option<usize> {
    let tag_type: Vec<String> = path
        .split(['.', '['])
        .map(|part| part.trim_end_matches(']').trim_matches('"').to_owned())
        .filter(|part| !part.is_empty())
        .collect();
    let mut best: Option<(usize, usize)> = None;
    // The current path: the column and the name or index of each open key or dash.
    let mut open: Vec<(usize, String)> = Vec::new();
    let mut block: Option<usize> = None;
    for (index, line) in text.lines().enumerate() {
        let mut rest = line.trim_start();
        let mut column = line.len() - rest.len();
        if rest.is_empty() || rest.starts_with('#') {
            continue;
        }
        if block.is_some_and(|around| column > around) {
            continue;
        }
        block = None;
        while let Some(item) = rest.strip_prefix("- ").or_else(|| (rest == "-").then_some("")) {
            let last = |open: &[(usize, String)]| open.last().is_some_and(|(at, _)| *at > column);
            while last(&open) {
                open.pop();
            }
            let next = match open.last() {
                Some((at, name)) if *at == column && name.parse::<usize>().is_ok() => {
                    let next = name.parse::<usize>().map_or(0, |number| number + 1);
                    open.pop();
                    next
                }
                _ => 0,
            };
            open.push((column, next.to_string()));
            note(&mut best, &open, &tag_type, index + 1);
            let inner = item.trim_start();
            column += rest.len() - inner.len();
            rest = inner;
        }
        let Some((key, value)) = split_key(rest) else {
            continue;
        };
        // A key closes everything indented as far, except that a list may be indented like its key.
        while open.last().is_some_and(|(at, _)| *at >= column) {
            open.pop();
        }
        open.push((column, key));
        note(&mut best, &open, &tag_type, index + 1);
        if matches!(value.trim_start().chars().next(), Some('|' | '>')) {
            block = Some(column);
        }
    }
    best.map(|(_, line)| line)
}

/// Records a line if it matches a longer part of the path.
fn note(best: &mut Option<(usize, usize)>, open: &[(usize, String)], tag_type: &[String], line: usize) {
    let fits =
        open.len() <= tag_type.len() && open.iter().zip(tag_type).all(|((_, name), part)| name == part);
    if fits && best.is_none_or(|(depth, _)| open.len() > depth) {
        *best = Some((open.len(), line));
    }
}

/// Splits `key: value` and unquotes the key.
fn split_key(line: &str) -> Option<(String, &str)> {
    for quote in ['"', '\''] {
        if let Some(quoted) = line.strip_prefix(quote) {
            let (key, rest) = quoted.split_once(quote)?;
            return Some((key.to_owned(), rest.trim_start().strip_prefix(':')?));
        }
    }
    let (key, value) = line
        .split_once(": ")
        .or_else(|| Some((line.strip_suffix(':')?, "")))?;
    let plain = !key.starts_with(['{', '[', '&', '*', '?', '|', '>']);
    plain.then(|| (key.trim_end().to_owned(), value))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_are_found_on_their_line() {
        let text = "# what is wanted\nspec:\n  version: \"99\"\n  note: |\n    version: no\n  users:\n  - name: a\n    role: x\n  - \
                    name: b\n  deep:\n    - - one\n      - two\n  \"a.b\": {c: 1}\nbogus: 1\n";
        for (path, line) in [
            ("spec", Some(2)),
            ("spec.version", Some(3)),
            ("spec.users", Some(6)),
            ("spec.users[0].role", Some(8)),
            ("spec.users[1].name", Some(9)),
            ("spec.users[1].role", Some(9)),
            ("spec.deep[0][1]", Some(12)),
            ("spec.missing.below", Some(2)),
            ("bogus", Some(14)),
            ("other", None),
        ] {
            assert_eq!(line_of(text, path), line, "{path}");
        }
    }
}
