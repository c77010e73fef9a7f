//! Resolves JSON paths in a schema (`…/apiserver/schema/cel`, `ValidFieldPath`).

use super::keywords::{Schema, has, one};

/// Returns the schema at a path such as `.spec.users['a b'].name`. Brackets are an error unless `allowed`.
///
/// # Errors
/// Why the path is invalid.
pub(super) fn find<'s>(schema: &'s Schema, path: &str, allowed: bool) -> Result<&'s Schema, String> {
    let mut at = schema;
    let mut rest = path;
    while !rest.is_empty() {
        let name;
        if let Some(after) = rest.strip_prefix('.') {
            if after.is_empty() {
                return Err("unexpected end of JSON path".to_owned());
            }
            // A delimiter right after the dot counts as a name.
            let end = after[1..]
                .find(['.', '[', ']'])
                .map_or(after.len(), |end| end + 1);
            let end = if after.starts_with(['.', '[', ']']) {
                1
            } else {
                end
            };
            name = after[..end].to_owned();
            rest = &after[end..];
        } else if let Some(after) = rest.strip_prefix('[') {
            if !allowed {
                return Err("array notation is not allowed".to_owned());
            }
            (name, rest) = quoted(after)?;
        } else {
            let end = rest
                .find(['.', '[', ']'])
                .filter(|end| *end > 0)
                .unwrap_or(rest.len());
            return Err(format!("expected [ or . but got: {}", &rest[..end]));
        }
        at = step(at, &name).ok_or("does not refer to a valid field")?;
    }
    Ok(at)
}

fn step<'s>(schema: &'s Schema, name: &str) -> Option<&'s Schema> {
    if has(schema, "properties") {
        one(one(schema, "properties")?, name)
    } else {
        one(schema, "additionalProperties")
    }
}

/// Splits off a quoted name with its closing bracket.
fn quoted(text: &str) -> Result<(String, &str), String> {
    if text.is_empty() {
        return Err("unexpected end of JSON path".to_owned());
    }
    let not_quoted = || {
        let end = text.find(['.', '[', ']']).unwrap_or(text.len());
        format!("expected single quoted string but got {}", &text[..end])
    };
    let inner = text.strip_prefix('\'').ok_or_else(not_quoted)?;
    let mut name = String::new();
    let mut characters = inner.char_indices();
    while let Some((at, c)) = characters.next() {
        match c {
            '\\' => match characters.next() {
                Some((_, c @ ('\'' | '\\'))) => name.push(c),
                _ => return Err("invalid string literal: invalid escape sequence".to_owned()),
            },
            '\'' => {
                let after = &inner[at + 1..];
                return match after.strip_prefix(']') {
                    Some(rest) => Ok((name, rest)),
                    None if after.is_empty() => Err("unexpected end of JSON path".to_owned()),
                    None => Err(format!("expected ] but got {after}")),
                };
            }
            c => name.push(c),
        }
    }
    Err(not_quoted())
}
