//! The part of Kubernetes' `JSONPath` that printer columns use.

use serde_json::Value;

/// The first value at a path such as `.status.conditions[?(@.type=='Ready')].status`.
pub(super) fn find<'a>(value: &'a Value, path: &str) -> Option<&'a Value> {
    let path = path
        .trim()
        .trim_start_matches('{')
        .trim_end_matches('}')
        .trim_start_matches('$');
    walk(value, path)
}

fn walk<'a>(value: &'a Value, path: &str) -> Option<&'a Value> {
    if path.is_empty() || path == "." {
        return Some(value);
    }
    if let Some(rest) = path.strip_prefix('[') {
        let end = closing(rest)?;
        let (inside, rest) = (&rest[..end], &rest[end + 1..]);
        if let Some(filter) = inside.strip_prefix("?(").and_then(|f| f.strip_suffix(')')) {
            let items = value.as_array()?;
            return items
                .iter()
                .filter(|item| passes(item, filter))
                .find_map(|item| walk(item, rest));
        }
        if inside == "*" {
            return value.as_array()?.iter().find_map(|item| walk(item, rest));
        }
        if let Ok(index) = inside.parse::<i64>() {
            let items = value.as_array()?;
            let index = if index < 0 {
                items.len().checked_sub(usize::try_from(-index).ok()?)?
            } else {
                usize::try_from(index).ok()?
            };
            return walk(items.get(index)?, rest);
        }
        let name = inside.trim_matches(|c| c == '\'' || c == '"');
        return walk(value.get(name)?, rest);
    }
    let rest = path.strip_prefix('.').unwrap_or(path);
    let mut name = String::new();
    let mut end = rest.len();
    let mut escaped = false;
    for (i, c) in rest.char_indices() {
        if escaped {
            name.push(c);
            escaped = false;
        } else if c == '\\' {
            escaped = true;
        } else if c == '.' || c == '[' {
            end = i;
            break;
        } else {
            name.push(c);
        }
    }
    walk(value.get(&name)?, &rest[end..])
}

/// The position of the closing bracket, skipping quoted text and nested brackets.
fn closing(text: &str) -> Option<usize> {
    let (mut depth, mut quote) = (0_usize, None);
    for (i, c) in text.char_indices() {
        if let Some(open) = quote {
            if c == open {
                quote = None;
            }
            continue;
        }
        match c {
            '\'' | '"' => quote = Some(c),
            '[' => depth += 1,
            ']' if depth == 0 => return Some(i),
            ']' => depth -= 1,
            _ => {}
        }
    }
    None
}

fn passes(item: &Value, filter: &str) -> bool {
    let (path, wanted, equal) = if let Some((path, wanted)) = filter.split_once("==") {
        (path, wanted, true)
    } else if let Some((path, wanted)) = filter.split_once("!=") {
        (path, wanted, false)
    } else {
        return walk(item, filter.trim().trim_start_matches('@')).is_some();
    };
    let found = walk(item, path.trim().trim_start_matches('@'));
    let wanted = wanted.trim();
    let same = match wanted.chars().next() {
        Some('\'' | '"') => {
            found.and_then(Value::as_str) == Some(wanted.trim_matches(|c| c == '\'' || c == '"'))
        }
        _ => found.is_some_and(|found| *found == wanted),
    };
    same == equal
}
