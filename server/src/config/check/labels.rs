//! Checks labels.

use std::collections::BTreeMap;

use super::super::finding::Findings;

/// Checks labels by Kubernetes' rules: an optional prefix, a name, and a value of at most 63 characters.
pub(super) fn labels(at: usize, field: &str, labels: &BTreeMap<String, String>, findings: &mut Findings) {
    for (key, value) in labels {
        if !is_label_name(key) {
            findings.error(
                at,
                format!("{field}.{key}"),
                format!("{key:?} is not a label's name"),
            );
        }
        if !is_label_text(value) {
            findings.error(
                at,
                format!("{field}.{key}"),
                format!("{value:?} is not a label's value"),
            );
        }
    }
}

/// True if it is the name of a label: an optional prefix, and a name.
pub(super) fn is_label_name(key: &str) -> bool {
    let name = key.rsplit_once('/').map_or(key, |(_, name)| name);
    is_label_text(name) && !name.is_empty()
}

fn is_label_text(text: &str) -> bool {
    let edge = |byte: Option<&u8>| byte.is_none_or(u8::is_ascii_alphanumeric);
    let bytes = text.as_bytes();
    bytes.len() <= 63
        && edge(bytes.first())
        && edge(bytes.last())
        && bytes
            .iter()
            .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.'))
}
