//! Parser errors in plain words, without the values of documents.

/// The error in plain words, without its position and without values: documents may contain passwords, and after a
/// missing quotation mark or brace a value may be mistaken for a field. Only names that are known, or similar to
/// known ones, are shown.
pub(super) fn message(error: &serde_saphyr::Error) -> String {
    use serde_saphyr::Error as E;
    let listed = |names: &[&str]| {
        let quoted: Vec<_> = names.iter().map(|name| format!("`{name}`")).collect();
        quoted.join(", ")
    };
    match error.without_snippet() {
        E::SerdeUnknownField { field, expected, .. } => {
            let known = listed(expected);
            match nearest(field, expected) {
                Some(near) => format!("unknown field `{field}`; did you mean `{near}`? Known here: {known}"),
                None if is_word(field) => format!("unknown field `{field}`. Known here: {known}"),
                None => format!("unknown field. Known here: {known}"),
            }
        }
        E::SerdeUnknownVariant {
            variant, expected, ..
        } => {
            let known = listed(expected);
            match nearest(variant, expected) {
                Some(_) => format!("`{variant}` is none of {known}"),
                None => format!("is none of {known}"),
            }
        }
        E::SerdeMissingField { field, .. } => format!("the field `{field}` is missing"),
        E::SerdeInvalidType {
            unexpected, expected, ..
        } => format!("expected {expected}, found {}", kind_of(unexpected)),
        E::SerdeInvalidValue { expected, .. } | E::SerdeInvalidLength { expected, .. } => {
            format!("expected {expected}")
        }
        E::DuplicateMappingKey { .. } => "this field appears twice".to_owned(),
        E::Eof { .. } => "ends too early: something is missing".to_owned(),
        E::UnknownAnchor { .. } => "refers to an anchor that does not exist".to_owned(),
        E::InvalidBooleanStrict { .. } => "must be true or false".to_owned(),
        // Made here or by the documents' types, which quote values.
        E::Message { msg, .. } => without_values(msg),
        other if other.to_string().contains("budget") || other.to_string().contains("limit") => {
            "is too large, too deep, or refers to itself too often".to_owned()
        }
        _ => {
            "is not valid YAML, here or slightly before: look for a missing or extra quotation mark, brace, colon or \
             blank"
                .to_owned()
        }
    }
}

/// True if it looks like the name of a field (letters only), which neither addresses nor tokens do.
pub(super) fn is_word(name: &str) -> bool {
    (1..=40).contains(&name.len()) && name.bytes().all(|byte| byte.is_ascii_alphabetic())
}

/// The kind of a value, from serde's description: `string "…"`, `integer 7`.
fn kind_of(unexpected: &str) -> &'static str {
    const KINDS: [(&str, &str); 11] = [
        ("string", "a text"),
        ("str", "a text"),
        ("integer", "a number"),
        ("floating", "a number"),
        ("boolean", "true or false"),
        ("bool", "true or false"),
        ("sequence", "a list"),
        ("map", "fields"),
        ("unit", "nothing"),
        ("null", "nothing"),
        ("Option", "nothing"),
    ];
    let found = KINDS.iter().find(|(word, _)| unexpected.starts_with(word));
    found.map_or("something else", |(_, shown)| shown)
}

/// The message without quoted parts that are more than a short name.
pub(super) fn without_values(message: &str) -> String {
    let name = |text: &str| {
        text.len() <= 63
            && text
                .chars()
                .all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.' | '/'))
    };
    let mut out = String::with_capacity(message.len());
    let mut rest = message;
    while let Some(start) = rest.find(['"', '`']) {
        let (before, quoted) = rest.split_at(start);
        out.push_str(before);
        let mark = if quoted.starts_with('"') { '"' } else { '`' };
        let mut escaped = false;
        let end = quoted.char_indices().skip(1).find(|(_, c)| {
            let ends = *c == mark && !escaped;
            escaped = *c == '\\' && !escaped;
            ends
        });
        let Some((end, _)) = end else {
            out.push('…');
            return out;
        };
        let inner = &quoted[1..end];
        out.push(mark);
        out.push_str(if name(inner) { inner } else { "…" });
        out.push(mark);
        rest = &quoted[end + 1..];
    }
    out.push_str(rest);
    out
}

/// The known name that `given` was probably meant to be.
pub(super) fn nearest<'k>(given: &str, known: &[&'k str]) -> Option<&'k str> {
    let lower = given.to_lowercase();
    known
        .iter()
        .map(|name| (distance(&lower, &name.to_lowercase()), *name))
        .min()
        .filter(|(distance, name)| *distance <= 2.max(name.len() / 3))
        .map(|(_, name)| name)
}

/// The Levenshtein distance.
fn distance(one: &str, other: &str) -> usize {
    let other: Vec<char> = other.chars().collect();
    let mut row: Vec<usize> = (0..=other.len()).collect();
    for (i, a) in one.chars().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, b) in other.iter().enumerate() {
            let cost = diagonal + usize::from(a != *b);
            diagonal = row[j + 1];
            row[j + 1] = cost.min(diagonal + 1).min(row[j] + 1);
        }
    }
    row[other.len()]
}
