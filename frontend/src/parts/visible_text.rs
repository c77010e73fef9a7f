//! Makes invisible characters in a page visible, in one place for all pages.
//!
//! Works on the finished HTML. Changes only text that people read: text nodes, and attributes that browsers show or
//! read aloud. Does not change what is sent back to the server: field values, the text of a `textarea`, URLs, island
//! data.

use std::borrow::Cow;

use portico_page::visible::{has_hidden, may_hide, visible};

/// Attributes that people see or hear.
const VISIBLE_ATTRIBUTES: [&str; 5] = ["title", "alt", "placeholder", "aria-label", "label"];
/// Elements whose contents are not shown as text, or are sent back to the server.
const RAW_ELEMENTS: [&str; 3] = ["textarea", "script", "style"];

/// Returns the page with all invisible characters in its text made visible.
pub(crate) fn with_visible_characters(html: String) -> String {
    // Nearly all pages are read once and kept as they are.
    if !has_hidden(&html) {
        return html;
    }
    let mut out = String::with_capacity(html.len() + 64);
    let mut rest = html.as_str();
    while let Some(open) = rest.find('<') {
        out.push_str(&visible(&rest[..open]));
        rest = &rest[open..];
        let end = end_of_tag(rest);
        let (tag, after) = rest.split_at(end);
        out.push_str(&of_tag(tag));
        rest = after;
        if let Some(name) = raw_element(tag) {
            let close = rest.find(&format!("</{name}")).unwrap_or(rest.len());
            out.push_str(&rest[..close]);
            rest = &rest[close..];
        }
    }
    out.push_str(&visible(rest));
    out
}

/// The length of the tag or comment at the start of the text.
fn end_of_tag(text: &str) -> usize {
    if text.starts_with("<!--") {
        return text.find("-->").map_or(text.len(), |end| end + 3);
    }
    let mut quote = None;
    for (place, byte) in text.bytes().enumerate() {
        match (quote, byte) {
            (None, b'>') => return place + 1,
            (None, b'"' | b'\'') => quote = Some(byte),
            (Some(open), _) if open == byte => quote = None,
            _ => {}
        }
    }
    text.len()
}

fn raw_element(tag: &str) -> Option<&'static str> {
    let name = tag.strip_prefix('<')?;
    // Secrets are copied from here and must not change.
    if name.starts_with("pre ") && name.contains(" data-revealed=") {
        return Some("pre");
    }
    RAW_ELEMENTS.into_iter().find(|raw| {
        name.strip_prefix(raw)
            .is_some_and(|rest| rest.starts_with([' ', '>', '\n']))
    })
}

/// A tag with invisible characters in its visible attributes made visible.
fn of_tag(tag: &str) -> Cow<'_, str> {
    if !may_hide(tag) || tag.starts_with("<!") {
        return Cow::Borrowed(tag);
    }
    let mut out = String::with_capacity(tag.len() + 16);
    let mut rest = tag;
    while let Some(equals) = rest.find("=\"") {
        let (before, value) = rest.split_at(equals + 2);
        out.push_str(before);
        let name = before[..equals].rsplit([' ', '\n']).next().unwrap_or_default();
        let end = value.find('"').unwrap_or(value.len());
        if VISIBLE_ATTRIBUTES.contains(&name) {
            out.push_str(&visible(&value[..end]));
        } else {
            out.push_str(&value[..end]);
        }
        rest = &value[end..];
    }
    out.push_str(rest);
    Cow::Owned(out)
}

#[cfg(test)]
mod tests {
    use super::with_visible_characters;

    #[test]
    fn invisible_characters_in_text_and_labels_become_visible() {
        let html = "<p title=\"a\u{202E}b\" class=\"x\">c\u{200B}d <b>e\u{2028}</b></p>";
        assert_eq!(
            with_visible_characters(html.to_owned()),
            "<p title=\"a[U+202E]b\" class=\"x\">c[U+200B]d <b>e[U+2028]</b></p>"
        );
    }

    #[test]
    fn text_that_is_sent_back_to_the_server_does_not_change() {
        for html in [
            "<input value=\"a\u{202E}b\" name=\"x\">",
            "<textarea name=\"note\">a\u{202E}b</textarea>",
            "<a href=\"/claims?q=a\u{200B}\">x</a>",
            "<leptos-island data-props=\"{&quot;a\u{202E}&quot;}\"></leptos-island>",
            "<script nonce=\"x\">\"a\u{202E}\"</script>",
            "<!-- a\u{202E} -->",
            "<pre class=\"revealed\" data-revealed=\"\">a\u{202E}</pre>",
        ] {
            assert_eq!(with_visible_characters(html.to_owned()), html);
        }
        assert_eq!(
            with_visible_characters("<textarea>\u{202E}</textarea><p>\u{202E}</p>".to_owned()),
            "<textarea>\u{202E}</textarea><p>[U+202E]</p>"
        );
    }

    #[test]
    fn an_angle_bracket_in_a_value_does_not_end_the_tag() {
        let html = "<p data-x=\"a > b\" title='c > d'>e\u{202E}</p>";
        assert_eq!(
            with_visible_characters(html.to_owned()),
            "<p data-x=\"a > b\" title='c > d'>e[U+202E]</p>"
        );
    }

    #[test]
    fn truncated_html_is_kept() {
        for html in ["a\u{e9}<", "\u{e9}<p title=\"x", "\u{e9}<!--", "\u{e9}<textarea>"] {
            assert_eq!(with_visible_characters(html.to_owned()), html);
        }
    }
}
