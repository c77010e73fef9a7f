//! YAML as Kubernetes reads it, bounded against documents that unfold (aliases), nest or grow without end.

use serde_json::Value;

/// A text longer than this is not read.
pub const SIZE_LIMIT: usize = 4 * 1024 * 1024;
/// A file that somebody names on the command line may be this long: published definitions have up to 5 MB.
pub const FILE_SIZE_LIMIT: usize = 16 * 1024 * 1024;
/// What unfolds to more nodes than this, aliases included, is not read; of a file four times as many.
const NODES: usize = 400_000;
/// What nests deeper than this is not read.
const DEPTH: usize = 100;

/// Why a text is not YAML that Portico reads.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{}{problem}", line.map(|line| format!("line {line}: ")).unwrap_or_default())]
pub struct YamlError {
    /// What is wrong.
    pub problem: String,
    /// In which line, from 1.
    pub line: Option<u64>,
}

/// Reads one document. An empty text is `null`.
///
/// # Errors
/// When it is no YAML, holds a key twice, more than one document, or is beyond the bounds.
pub fn parse(text: &str) -> Result<Value, YamlError> {
    sized(text, SIZE_LIMIT)?;
    if is_blank(text) {
        return Ok(Value::Null);
    }
    serde_saphyr::from_str_with_options(text, options(SIZE_LIMIT)).map_err(|error| explain(&error))
}

/// Reads all documents of a text, empty ones left out.
///
/// # Errors
/// As [`parse`].
pub fn parse_all(text: &str) -> Result<Vec<Value>, YamlError> {
    all_within(text, SIZE_LIMIT)
}

/// Reads all documents of a file that somebody named on the command line, empty ones left out.
///
/// # Errors
/// As [`parse`], beyond bounds that are four times as wide.
pub fn parse_file(text: &str) -> Result<Vec<Value>, YamlError> {
    all_within(text, FILE_SIZE_LIMIT)
}

fn all_within(text: &str, most: usize) -> Result<Vec<Value>, YamlError> {
    sized(text, most)?;
    if is_blank(text) {
        return Ok(Vec::new());
    }
    let documents: Vec<Value> =
        serde_saphyr::from_multiple_with_options(text, options(most)).map_err(|error| explain(&error))?;
    Ok(documents
        .into_iter()
        .filter(|document| !document.is_null())
        .collect())
}

/// A value as tidy YAML, that [`parse`] reads back to the same value; ends with a line break.
#[must_use]
pub fn print(value: &Value) -> String {
    let options =
        serde_saphyr::ser_options! { indent_step: 2, compact_list_indent: true, folded_wrap_chars: 100_000 };
    let mut text = serde_saphyr::to_string_with_options(value, options).unwrap_or_else(|_| value.to_string());
    if !text.ends_with('\n') {
        text.push('\n');
    }
    text
}

/// The line, from 1, in which a text has a field (`spec.users[0].name`), or the nearest that is around it and is there.
/// Sees what is written in blocks; within braces and brackets, the line where they begin. `None` where it has nothing of
/// the path.
#[must_use]
pub fn line_of(text: &str, path: &str) -> Option<usize> {
    let wanted: Vec<String> = path
        .split(['.', '['])
        .map(|part| part.trim_end_matches(']').trim_matches('"').to_owned())
        .filter(|part| !part.is_empty())
        .collect();
    let mut best: Option<(usize, usize)> = None;
    // Where one is: the column of each key or dash that is open, and its name or number.
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
            note(&mut best, &open, &wanted, index + 1);
            let inner = item.trim_start();
            column += rest.len() - inner.len();
            rest = inner;
        }
        let Some((key, value)) = split_key(rest) else {
            continue;
        };
        // A key ends what stands as far in, but a list may stand as far in as the key above it.
        while open.last().is_some_and(|(at, _)| *at >= column) {
            open.pop();
        }
        open.push((column, key));
        note(&mut best, &open, &wanted, index + 1);
        if matches!(value.trim_start().chars().next(), Some('|' | '>')) {
            block = Some(column);
        }
    }
    best.map(|(_, line)| line)
}

/// Takes a line that is nearer to what is looked for than those before.
fn note(best: &mut Option<(usize, usize)>, open: &[(usize, String)], wanted: &[String], line: usize) {
    let fits = open.len() <= wanted.len() && open.iter().zip(wanted).all(|((_, name), part)| name == part);
    if fits && best.is_none_or(|(depth, _)| open.len() > depth) {
        *best = Some((open.len(), line));
    }
}

/// `key: value`, the key without quotes.
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

fn sized(text: &str, most: usize) -> Result<(), YamlError> {
    if text.len() > most {
        return Err(YamlError {
            problem: format!("the text is longer than {most} bytes"),
            line: None,
        });
    }
    Ok(())
}

fn is_blank(text: &str) -> bool {
    text.lines().all(|line| {
        let line = line.trim();
        line.is_empty() || line.starts_with('#') || line == "---"
    })
}

/// Bounds for texts of at most so many bytes.
fn options(most: usize) -> serde_saphyr::Options {
    let nodes = NODES * (most / SIZE_LIMIT);
    serde_saphyr::options! {
        legacy_octal_numbers: true,
        emit_comments: false,
        budget: serde_saphyr::budget! {
            max_depth: DEPTH,
            flow_nesting_limit: DEPTH,
            max_nodes: nodes,
            max_events: 4 * nodes,
            max_aliases: 2_000,
            max_anchors: 2_000,
            max_recorded_anchor_events: NODES,
            max_recorded_anchor_bytes: most,
            max_total_scalar_bytes: 2 * most,
        },
        alias_limits: serde_saphyr::alias_limits! { max_total_replayed_events: 50_000, max_replay_stack_depth: 16 },
    }
}

fn explain(error: &serde_saphyr::Error) -> YamlError {
    let line = error
        .location()
        .map(|location| location.line())
        .filter(|line| *line > 0);
    let whole = error.without_snippet().to_string();
    let problem = whole.lines().next().unwrap_or_default();
    YamlError {
        problem: problem.to_owned(),
        line,
    }
}

#[cfg(test)]
mod tests {
    use std::fmt::Write as _;

    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    #[test]
    fn a_field_is_found_in_its_line() {
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

    #[test]
    fn a_document_is_read_as_kubernetes_reads_it() {
        let text = "a: 1\nb: yes\nc: 'yes'\nd: [1.5, null]\ne:\n- x: |\n    two\n    lines\n";
        assert_eq!(
            parse(text).unwrap(),
            json!({"a": 1, "b": true, "c": "yes", "d": [1.5, null], "e": [{"x": "two\nlines\n"}]})
        );
        assert_eq!(parse("# nothing\n").unwrap(), Value::Null);
        assert_eq!(
            parse_all("a: 1\n---\n---\nb: 2\n").unwrap(),
            [json!({"a": 1}), json!({"b": 2})]
        );
    }

    #[test]
    fn mistakes_name_their_line() {
        assert_eq!(
            parse("a: 1\nb: [\n").unwrap_err().line.map(|line| line >= 2),
            Some(true)
        );
        assert!(parse("a: 1\na: 2\n").is_err());
    }

    #[test]
    fn bombs_are_refused() {
        let mut bomb = String::from("a0: &a0 [x, x, x, x, x, x, x, x, x]\n");
        for level in 1..12 {
            let before = format!("*a{}", level - 1);
            let items = [before.as_str(); 9].join(", ");
            let _ = writeln!(bomb, "a{level}: &a{level} [{items}]");
        }
        assert!(parse(&bomb).is_err());
        assert!(parse(&"[".repeat(100_000)).is_err());
        assert!(parse(&"- ".repeat(100_000)).is_err());
        assert!(parse(&"a".repeat(SIZE_LIMIT + 1)).is_err());
        assert!(parse_file(&bomb).is_err());
        assert!(parse_file(&"a: b\n".repeat(FILE_SIZE_LIMIT / 5 + 1)).is_err());
    }

    fn values() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            any::<i64>().prop_map(Value::from),
            (-1e9..1e9).prop_map(Value::from),
            "\\PC{0,20}".prop_map(Value::from),
            "(yes|no|on|~|null|0o7|1e3|0x1|: |- |#|\\?|[ \n]{0,3}a[ \n]{0,3}|2020-01-01|=|<<)"
                .prop_map(Value::from),
        ];
        leaf.prop_recursive(4, 32, 6, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..5).prop_map(Value::from),
                prop::collection::btree_map("[a-zA-Z0-9./~ -]{0,8}", inner, 0..5)
                    .prop_map(|map| Value::Object(map.into_iter().collect())),
            ]
        })
    }

    proptest! {
        #[test]
        fn what_is_printed_is_read_back(value in values()) {
            let text = print(&value);
            prop_assert_eq!(parse(&text).map_err(|error| error.to_string()), Ok(value), "{}", text);
        }
    }
}
