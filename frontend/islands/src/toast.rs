//! A message at the bottom of the screen. It overlays the page, so that nothing moves.

use web_sys::Element;

use super::browser::{announce, document, window};

/// The id of the message. There is one at a time.
const ID: &str = "toast";

/// Says that the session has ended, with a link to sign in and return.
pub(super) fn signed_out() {
    let path = window().location().pathname().unwrap_or_default();
    let query = window().location().search().unwrap_or_default();
    let back = String::from(js_sys::encode_uri_component(&format!("{path}{query}")));
    show(
        "Your session has ended. What you typed is kept in this tab.",
        Some(("Sign in", &format!("/sign-in?return={back}"))),
    );
}

/// Says that the server does not answer.
pub(super) fn offline() {
    show(
        "Portico cannot be reached just now. What you typed is kept here, and nothing was sent.",
        None,
    );
}

/// Says that the form was not submitted since its draft is not in it yet.
pub(super) fn restoring() {
    show(
        "What you typed before is coming back. Nothing was sent: look it over, then send it.",
        None,
    );
}

/// Removes the message.
pub(super) fn clear() {
    if let Some(toast) = document().get_element_by_id(ID) {
        toast.remove();
    }
}

fn show(words: &str, way: Option<(&str, &str)>) {
    if document()
        .get_element_by_id(ID)
        .and_then(|toast| toast.text_content())
        .is_some_and(|said| said.starts_with(words))
    {
        return;
    }
    clear();
    let (Some(toast), Some(text)) = (make("div", "toast", ""), make("p", "", words)) else {
        return;
    };
    toast.set_id(ID);
    let _ = toast.append_child(&text);
    if let Some((label, href)) = way
        && let Some(link) = make("a", "button", label)
    {
        let _ = link.set_attribute("href", href);
        let _ = toast.append_child(&link);
    }
    if let Some(body) = document().body() {
        let _ = body.append_child(&toast);
    }
    announce(words);
}

fn make(tag: &str, class: &str, text: &str) -> Option<Element> {
    let element = document().create_element(tag).ok()?;
    element.set_class_name(class);
    element.set_text_content(Some(text));
    Some(element)
}
