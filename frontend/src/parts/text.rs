//! Blocks of text: YAML, snippets, diffs, descriptions; and empty states.

use leptos::prelude::*;
use portico_api::{DiffLine, DiffTone, Language, Quoting, SnippetPart};
use portico_domain::claim::FieldOwner;
use portico_domain::names::{EnvironmentName, TenantName};

use super::{icon, language, text};

/// A block of text with a copy button. `id` must be unique in the page.
pub(crate) fn code(id: String, label: String, text: String) -> impl IntoView + use<> {
    let target = id.clone();
    view! {
        <div class="code">
            <button type="button" class="icon-button when-alive" data-copy=target aria-label=text!("copy-what", what = &label) title=text!("copy")>
                {icon("copy")}
            </button>
            <pre id=id tabindex="0" aria-label=label><code>{text}</code></pre>
        </div>
    }
}

/// A block of text with secrets. They are shown as dots until they are revealed; copying includes them without showing
/// them.
pub(crate) fn code_with_secrets(id: String, label: String, pieces: &[SnippetPart]) -> impl IntoView + use<> {
    let target = id.clone();
    let pieces: Vec<_> = pieces
        .iter()
        .map(|piece| {
            let text = piece.text.clone();
            match piece.key.clone() {
                Some(key) => {
                    let quoting = (piece.quoting == Quoting::Yaml).then_some("yaml");
                    view! { <span class="dots" data-secret=key data-quoting=quoting>{text}</span> }.into_any()
                }
                None => text.into_any(),
            }
        })
        .collect();
    view! {
        <div class="code">
            <button type="button" class="icon-button when-alive" data-copy=target aria-label=text!("copy-what", what = &label) title=text!("copy-with-secrets")>
                {icon("copy")}
            </button>
            <pre id=id tabindex="0" aria-label=label><code>{pieces}</code></pre>
        </div>
    }
}

/// A line-by-line diff, marked by signs and not only by color.
pub(crate) fn diff(lines: &[DiffLine]) -> impl IntoView + use<> {
    let lines: Vec<_> = lines
        .iter()
        .map(|line| {
            let text = line.text.clone();
            match line.tone {
                DiffTone::Same => view! { <span>"  "{text}"\n"</span> }.into_any(),
                DiffTone::Added => view! { <ins>"+ "{text}"\n"</ins> }.into_any(),
                DiffTone::Removed => view! { <del>"- "{text}"\n"</del> }.into_any(),
                DiffTone::Gap => view! { <span class="gap">"⋯\n"</span> }.into_any(),
            }
        })
        .collect();
    view! { <pre class="diff" tabindex="0" aria-label=text!("differences")>{lines}</pre> }
}

/// An empty state: what would be here, and how to get it.
pub(crate) fn empty(
    name: &'static str,
    title: impl Into<String>,
    text: impl Into<String>,
    way_out: Option<(String, String)>,
) -> AnyView {
    let (title, text) = (title.into(), text.into());
    let way_out = way_out.map(|(href, words)| view! { <p><a class="button" href=href>{words}</a></p> });
    view! {
        <div class="empty">
            {icon(name)}
            <h2>{title}</h2>
            <p>{text}</p>
            {way_out}
        </div>
    }
    .into_any()
}

/// A description as in a CRD: text between backticks is code. Unpaired backticks are kept as they are.
pub(crate) fn described(text: &str) -> AnyView {
    match spans(text) {
        Some(spans) => spans
            .into_iter()
            .map(|(is_code, span)| {
                let span = span.to_owned();
                if is_code {
                    view! { <code>{span}</code> }.into_any()
                } else {
                    span.into_any()
                }
            })
            .collect_view()
            .into_any(),
        None => text.to_owned().into_any(),
    }
}

/// Splits a text into code and other text; `None` if there is no code or the backticks are ambiguous.
fn spans(text: &str) -> Option<Vec<(bool, &str)>> {
    let parts: Vec<&str> = text.split('`').collect();
    // Double backticks are code fences or quotes.
    let pairs_up = parts.len() > 1
        && parts.len() % 2 == 1
        && parts
            .iter()
            .skip(1)
            .step_by(2)
            .all(|code| !code.trim().is_empty() && !code.contains('\n'));
    pairs_up.then(|| {
        let spans = parts.into_iter().enumerate();
        spans
            .map(|(index, part)| (index % 2 == 1, part))
            .filter(|(_, part)| !part.is_empty())
            .collect()
    })
}

/// The contents of a text area. Leptos does not escape them, so this does. HTML parsers drop a leading line break, so
/// one is added.
pub(crate) fn area(text: &str) -> String {
    let escaped = text
        .replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;");
    format!("\n{escaped}")
}

/// `payments / dev`, which breaks after the slash only.
pub(crate) fn place(tenant: Option<&TenantName>, environment: Option<&EnvironmentName>) -> String {
    match (tenant, environment) {
        (Some(tenant), Some(environment)) => format!("{tenant}\u{a0}/ {environment}"),
        (Some(tenant), None) => tenant.to_string(),
        _ => text!("nobodys"),
    }
}

/// Says which invisible characters an input holds: it shows its text unchanged, since that is what is sent.
pub(crate) fn hidden_characters(text: &str) -> Option<AnyView> {
    let codes: Vec<_> = portico_page::visible::hidden(text)
        .into_iter()
        .map(|c| format!("U+{:04X}", u32::from(c)))
        .collect();
    (!codes.is_empty()).then(|| {
        let codes = codes.join(", ");
        view! { <p class="caution">{icon("warning")}<span>{text!("invisible-characters")}{codes}</span></p> }
            .into_any()
    })
}

/// A word of a state within a sentence: `awaiting approval`. German keeps the capitals of its nouns, so only English
/// lowers them.
pub(crate) fn lower(word: &str) -> String {
    match language() {
        Language::English => word.to_lowercase(),
        Language::German => {
            let mut letters = word.chars();
            let first = letters.next().map(|first| first.to_lowercase().to_string());
            first.unwrap_or_default() + letters.as_str()
        }
    }
}

/// A noun within a sentence: German keeps its capital.
pub(crate) fn lower_noun(word: &str) -> String {
    match language() {
        Language::English => word.to_lowercase(),
        Language::German => word.to_owned(),
    }
}

/// `1 claim`, `2 claims`.
pub(crate) fn counted(count: usize, one: &str, many: &str) -> String {
    format!("{} {}", grouped(count), if count == 1 { one } else { many })
}

/// A number with the thousands separators of the page's language: `5,000`.
pub(crate) fn grouped(number: usize) -> String {
    portico_api::language::grouped(&number.to_string(), language())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_between_backticks_is_code() {
        let told = spans("As `4Gi`, or `*`.").unwrap();
        assert_eq!(
            told,
            [
                (false, "As "),
                (true, "4Gi"),
                (false, ", or "),
                (true, "*"),
                (false, ".")
            ]
        );
        assert_eq!(spans("`all`"), Some(vec![(true, "all")]));
        for plain in [
            "",
            "none",
            "one ` alone",
            "```\nfenced\n```",
            "``double``",
            "over `two\nlines`",
        ] {
            assert_eq!(spans(plain), None, "{plain}");
        }
    }

    #[test]
    fn numbers_have_thousands_separators_and_plurals() {
        assert_eq!(grouped(5_000), "5,000");
        assert_eq!(grouped(999), "999");
        assert_eq!(grouped(1_234_567), "1,234,567");
        assert_eq!(counted(1, "claim", "claims"), "1 claim");
    }
}

/// The label of a field with that of the object that it belongs to: `Storage class`, and `Storage` for the storage of a
/// storage.
pub(crate) fn joined(group: &str, label: &str) -> String {
    let (whole, part) = (label.to_lowercase(), group.to_lowercase());
    if group.is_empty() || whole == part || whole.starts_with(&format!("{part} ")) {
        return label.to_owned();
    }
    // Abbreviations keep their capitals.
    let mut letters = label.chars();
    let first = letters.next();
    let is_abbreviation = letters.next().is_some_and(char::is_uppercase);
    let label = match first {
        Some(first) if !is_abbreviation => {
            let mut lower: String = first.to_lowercase().collect();
            lower.push_str(&label[first.len_utf8()..]);
            lower
        }
        _ => label.to_owned(),
    };
    format!("{group} {label}")
}

/// A Kubernetes quantity of bytes as people write it: `20 GiB` for `20Gi`. Other texts stay.
pub(crate) fn amount_in_words(text: &str) -> String {
    let number = text.trim_end_matches(|c: char| c.is_ascii_alphabetic());
    let unit = &text[number.len()..];
    let is_size = matches!(unit, "Ki" | "Mi" | "Gi" | "Ti" | "Pi" | "Ei");
    if is_size && number.parse::<f64>().is_ok() {
        format!("{number} {unit}B")
    } else {
        text.to_owned()
    }
}

#[cfg(test)]
mod label_tests {
    use super::{amount_in_words, joined};

    #[test]
    fn amounts_are_shown_as_people_write_them() {
        for (text, words) in [
            ("20Gi", "20 GiB"),
            ("1.5Ti", "1.5 TiB"),
            ("500m", "500m"),
            ("17", "17"),
            ("Gi", "Gi"),
        ] {
            assert_eq!(amount_in_words(text), words);
        }
    }

    #[test]
    fn a_label_has_its_group_once() {
        assert_eq!(joined("Storage", "Class"), "Storage class");
        assert_eq!(joined("Storage", "Storage"), "Storage");
        assert_eq!(joined("Storage", "Storage size"), "Storage size");
        assert_eq!(joined("Limits", "CPU"), "Limits CPU");
        assert_eq!(joined("", "Class"), "Class");
    }
}

/// Fields of a manager that are named before the others are counted.
const MAX_FIELDS: usize = 8;

/// A line of a list: a field manager, what it does, and the fields.
pub(crate) fn field_owner(
    mark: &'static str,
    owner: &FieldOwner,
    verb: &'static str,
    after: &'static str,
) -> impl IntoView + use<> {
    let named = owner
        .fields
        .iter()
        .take(MAX_FIELDS)
        .cloned()
        .collect::<Vec<_>>()
        .join(", ");
    let more = owner.fields.len().saturating_sub(MAX_FIELDS);
    let more = (more > 0).then(|| format!(" and {}", counted(more, "other field", "other fields")));
    view! {
        <li class="line">{icon(mark)}<span><strong>{owner.manager.clone()}</strong>{verb}<span class="mono">{named}</span>{more}{after}</span></li>
    }
}
