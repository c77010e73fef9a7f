//! What hides in a page's text is shown, here and for all pages alike: nothing that a page is made of can forget it.
//!
//! It works on the finished HTML. Text that people read is changed: text nodes, and the attributes that browsers show
//! or read aloud. What goes back to the server as it came is not: values of fields, the text of a `textarea`,
//! addresses, the data of islands.

use std::borrow::Cow;

use portico_domain::visible::{may_hide, visible};

/// Attributes whose values people see or hear.
const READ: [&str; 5] = ["title", "alt", "placeholder", "aria-label", "label"];
/// Elements whose text is not shown as text, or goes back to the server.
const RAW: [&str; 3] = ["textarea", "script", "style"];

/// The page, with everything that hides in its text made visible.
pub(crate) fn shown(html: String) -> String {
    if !may_hide(&html) {
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

/// The length of the tag or comment that the text begins with.
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
    // A secret is copied from here: it must be what it is.
    if name.starts_with("pre ") && name.contains(" data-revealed=") {
        return Some("pre");
    }
    RAW.into_iter().find(|raw| {
        name.strip_prefix(raw)
            .is_some_and(|rest| rest.starts_with([' ', '>', '\n']))
    })
}

/// A tag with the values of the attributes that people read made visible.
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
        if READ.contains(&name) {
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
    use super::shown;

    #[test]
    fn text_and_what_is_read_aloud_show_what_hides() {
        let html = "<p title=\"a\u{202E}b\" class=\"x\">c\u{200B}d <b>e\u{2028}</b></p>";
        assert_eq!(
            shown(html.to_owned()),
            "<p title=\"a[U+202E]b\" class=\"x\">c[U+200B]d <b>e[U+2028]</b></p>"
        );
    }

    #[test]
    fn what_goes_back_to_the_server_stays_as_it_is() {
        for html in [
            "<input value=\"a\u{202E}b\" name=\"x\">",
            "<textarea name=\"note\">a\u{202E}b</textarea>",
            "<a href=\"/claims?q=a\u{200B}\">x</a>",
            "<leptos-island data-props=\"{&quot;a\u{202E}&quot;}\"></leptos-island>",
            "<script nonce=\"x\">\"a\u{202E}\"</script>",
            "<!-- a\u{202E} -->",
            "<pre class=\"revealed\" data-revealed=\"\">a\u{202E}</pre>",
        ] {
            assert_eq!(shown(html.to_owned()), html);
        }
        assert_eq!(
            shown("<textarea>\u{202E}</textarea><p>\u{202E}</p>".to_owned()),
            "<textarea>\u{202E}</textarea><p>[U+202E]</p>"
        );
    }

    #[test]
    fn a_sign_in_a_value_does_not_end_its_tag() {
        let html = "<p data-x=\"a > b\" title='c > d'>e\u{202E}</p>";
        assert_eq!(
            shown(html.to_owned()),
            "<p data-x=\"a > b\" title='c > d'>e[U+202E]</p>"
        );
    }

    #[test]
    fn whatever_is_cut_short_is_kept() {
        for html in ["a\u{e9}<", "\u{e9}<p title=\"x", "\u{e9}<!--", "\u{e9}<textarea>"] {
            assert_eq!(shown(html.to_owned()), html);
        }
    }
}
