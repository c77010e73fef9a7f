//! Escaped field names in rules (`k8s.io/apiserver/pkg/cel/escaping.go`).

use std::borrow::Cow;

/// Reserved words of CEL, which are escaped as field names by double underscores.
const RESERVED: [&str; 21] = [
    "true",
    "false",
    "null",
    "in",
    "as",
    "break",
    "const",
    "continue",
    "else",
    "for",
    "function",
    "if",
    "import",
    "let",
    "loop",
    "package",
    "namespace",
    "return",
    "var",
    "void",
    "while",
];

/// The escaped name of a field.
pub(super) fn escape(name: &str) -> String {
    if RESERVED.contains(&name) {
        return format!("__{name}__");
    }
    if !name.contains(['_', '.', '-', '/']) {
        return name.to_owned();
    }
    name.replace("__", "__underscores__")
        .replace('.', "__dot__")
        .replace('-', "__dash__")
        .replace('/', "__slash__")
}

/// The field name for an escaped name; `None` if there is no such field. Names without double underscores, reserved
/// words among them, are returned as they are.
pub(super) fn unescape(written: &str) -> Option<Cow<'_, str>> {
    if !written.contains("__") {
        return Some(Cow::Borrowed(written));
    }
    let mut name = String::with_capacity(written.len());
    let mut rest = written;
    while let Some(first) = rest.chars().next() {
        let Some(word) = between_underscores(rest) else {
            name.push(first);
            rest = &rest[first.len_utf8()..];
            continue;
        };
        rest = &rest[word.len() + 4..];
        name.push_str(match word {
            "underscores" => "__",
            "dot" => ".",
            "dash" => "-",
            "slash" => "/",
            _ if RESERVED.contains(&word) && word.len() + 4 == written.len() => word,
            _ => return None,
        });
    }
    Some(Cow::Owned(name))
}

/// The reserved word between the double underscores at the start of `text`.
fn between_underscores(text: &str) -> Option<&str> {
    let (word, rest) = text.strip_prefix("__")?.split_once('_')?;
    (!word.is_empty() && rest.starts_with('_')).then_some(word)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_escaped_like_kubernetes() {
        for (name, escaped) in [
            ("plain_name", "plain_name"),
            ("namespace", "__namespace__"),
            ("a__b", "a__underscores__b"),
            ("x-prop", "x__dash__prop"),
            ("redact.d/e", "redact__dot__d__slash__e"),
        ] {
            assert_eq!(escape(name), escaped);
            assert_eq!(unescape(escaped).as_deref(), Some(name));
        }
    }

    #[test]
    fn names_are_unescaped_like_kubernetes() {
        for (written, name) in [
            ("namespace", Some("namespace")),
            ("x-prop", Some("x-prop")),
            ("a__b", Some("a__b")),
            ("__", Some("__")),
            ("___dot__", Some("_.")),
            ("a__namespace__", None),
            ("__nothing__", None),
        ] {
            assert_eq!(unescape(written).as_deref(), name, "{written}");
        }
    }
}
