//! Parses YAML like Kubernetes (`sigs.k8s.io/yaml`), with limits on size, depth and the expansion of aliases.

mod lines;
mod read;
mod resolve;

use serde_json::Value;

pub use lines::line_of;
use read::Limits;

/// Size limit of [`parse`] and [`parse_all`], in bytes.
pub const MAX_BYTES: usize = 4 * 1024 * 1024;
/// Size limit of [`parse_file`], in bytes. Published definitions have up to 5 MB.
pub const MAX_FILE_BYTES: usize = 16 * 1024 * 1024;
/// Limit on nodes after the expansion of aliases. Files may have four times as many.
const MAX_NODES: usize = 400_000;
/// Limit on nesting.
const MAX_DEPTH: usize = 100;

/// Why a text is not valid YAML, or exceeds a limit.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{}{problem}", line.map(|line| format!("line {line}: ")).unwrap_or_default())]
#[non_exhaustive]
pub struct YamlError {
    /// The error message.
    pub problem: String,
    /// The line, counted from 1.
    pub line: Option<u64>,
}

/// One document of a YAML stream.
#[derive(Debug, Clone, PartialEq)]
pub struct Document {
    /// The content.
    pub value: Value,
    /// Duplicate keys. The last one wins; a strict API server rejects the document.
    pub duplicate_keys: Vec<DuplicateKey>,
    /// The line where the document starts, counted from 1.
    pub line: u64,
}

/// A key that occurs more than once in its map.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct DuplicateKey {
    /// The line of the later occurrence, counted from 1.
    pub line: u64,
    /// The key.
    pub key: String,
    /// True if one of the two comes from a merge (`<<: *other`).
    pub by_merge: bool,
}

/// Parses one document. An empty text is `null`.
///
/// ```
/// use serde_json::json;
///
/// // Scalars are resolved as in YAML 1.1, as Kubernetes does.
/// assert_eq!(kube_schema::yaml::parse("{on: yes, mode: 0644}")?, json!({"true": true, "mode": 420}));
/// # Ok::<(), kube_schema::yaml::YamlError>(())
/// ```
///
/// # Errors
/// If the text is not YAML, has duplicate keys other than by a merge, has more than one document, or exceeds a limit.
pub fn parse(text: &str) -> Result<Value, YamlError> {
    let mut documents = parse_documents(text, MAX_BYTES)?;
    let document = match (documents.pop(), documents.is_empty()) {
        (None, _) => return Ok(Value::Null),
        (Some(document), true) => document,
        (Some(document), false) => {
            let line = document.ok().map(|document| document.line);
            let problem = "a second document begins here".to_owned();
            return Err(YamlError { problem, line });
        }
    };
    once(document?)
}

/// Parses all documents of a text and skips empty ones.
///
/// # Errors
/// Like [`parse`], for the first document with an error.
pub fn parse_all(text: &str) -> Result<Vec<Value>, YamlError> {
    parse_documents(text, MAX_BYTES)?
        .into_iter()
        .map(|document| once(document?))
        .collect()
}

/// Parses all documents of a file and skips empty ones. An error in one document does not affect the others.
///
/// # Errors
/// If the text is longer than [`MAX_FILE_BYTES`].
pub fn parse_file(text: &str) -> Result<Vec<Result<Document, YamlError>>, YamlError> {
    parse_documents(text, MAX_FILE_BYTES)
}

fn once(document: Document) -> Result<Value, YamlError> {
    match document
        .duplicate_keys
        .into_iter()
        .find(|duplicate_keys| !duplicate_keys.by_merge)
    {
        Some(DuplicateKey { line, key, .. }) => Err(YamlError {
            problem: format!("the key {key:?} is there twice"),
            line: Some(line),
        }),
        None => Ok(document.value),
    }
}

/// Parses each document separately and skips empty ones.
fn parse_documents(text: &str, most: usize) -> Result<Vec<Result<Document, YamlError>>, YamlError> {
    if text.len() > most {
        return Err(YamlError {
            problem: format!("the text is longer than {most} bytes"),
            line: None,
        });
    }
    let limits = Limits {
        nodes: MAX_NODES * (most / MAX_BYTES),
        depth: MAX_DEPTH,
        bytes: 2 * most,
    };
    let read = |chunk: Chunk<'_>| {
        if let Some(why) = chunk.wrong {
            return Err(why);
        }
        match json(&chunk, limits) {
            Some(document) => Ok(Some(document)),
            None => read::document(chunk.text, chunk.line, limits),
        }
    };
    Ok(split(text)
        .into_iter()
        .map(read)
        .filter_map(Result::transpose)
        .filter(|read| !matches!(read, Ok(document) if document.value.is_null()))
        .collect())
}

/// The text between two `---` lines.
struct Chunk<'t> {
    text: &'t str,
    /// The first line, counted from 1.
    line: u64,
    wrong: Option<YamlError>,
}

/// Splits a text at lines that start with `---`, as `kubectl` does before parsing.
fn split(text: &str) -> Vec<Chunk<'_>> {
    let mut chunks = Vec::new();
    let mut chunk = Chunk {
        text: "",
        line: 1,
        wrong: None,
    };
    let (mut begin, mut at) = (0, 0);
    for (number, line) in (1..).zip(text.split_inclusive('\n')) {
        if let Some(rest) = line.strip_prefix("---") {
            chunk.text = &text[begin..at];
            let next = Chunk {
                text: "",
                line: number + 1,
                wrong: junk(rest.trim(), number),
            };
            chunks.push(std::mem::replace(&mut chunk, next));
            begin = at + line.len();
        }
        at += line.len();
    }
    chunk.text = &text[begin..];
    chunks.push(chunk);
    chunks
}

/// Anything after `---` on the same line must be a comment.
fn junk(rest: &str, line: u64) -> Option<YamlError> {
    let problem = || format!("Kubernetes takes nothing behind --- in its line: {rest}");
    (!rest.is_empty() && !rest.starts_with('#')).then(|| YamlError {
        problem: problem(),
        line: Some(line),
    })
}

/// Parses a JSON document as JSON, whose floats and escapes differ from YAML's.
fn json(chunk: &Chunk<'_>, limits: Limits) -> Option<Document> {
    if !chunk.text.trim_start().starts_with('{') {
        return None;
    }
    let value = serde_json::from_str::<Value>(chunk.text).ok()?;
    let mut left = limits.nodes;
    if !is_within(&value, limits.depth, &mut left) {
        return None;
    }
    // The YAML parser detects the duplicate keys.
    let counted = read::document(chunk.text, chunk.line, limits).ok().flatten();
    Some(Document {
        value,
        duplicate_keys: counted
            .map(|document| document.duplicate_keys)
            .unwrap_or_default(),
        line: chunk.line,
    })
}

fn is_within(value: &Value, depth: usize, left: &mut usize) -> bool {
    if *left == 0 {
        return false;
    }
    *left -= 1;
    let mut below = |value: &Value| depth > 0 && is_within(value, depth - 1, left);
    match value {
        Value::Array(items) => items.iter().all(&mut below),
        Value::Object(map) => map.values().all(&mut below),
        _ => true,
    }
}

/// A float as Go's JSON encoder prints it: whole numbers become integers.
#[expect(
    clippy::cast_possible_truncation,
    reason = "a whole float within an integer's range"
)]
#[must_use]
pub fn float_value(float: f64) -> Value {
    if float.fract() == 0.0 && float.abs() < 9.2e18 {
        return Value::from(float as i64);
    }
    Value::from(float)
}

/// True if two scalars are equal; `1.0` equals `1`.
#[must_use]
pub fn same_scalar(one: &Value, other: &Value) -> bool {
    let settled = |value: &Value| match value {
        Value::Number(number) if number.is_f64() => float_value(number.as_f64().unwrap_or(f64::NAN)),
        other => other.clone(),
    };
    settled(one) == settled(other)
}

/// Formats a value as YAML that [`parse`] reads back to the same value. Ends with a line break.
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

#[cfg(test)]
mod tests;
