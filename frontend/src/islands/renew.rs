//! Asks the server for a page and takes over what differs, without touching what the person holds:
//! focus, open folds, what was typed.

use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::JsFuture;
use web_sys::{
    Document, DomParser, Element, HtmlInputElement, HtmlSelectElement, HtmlTextAreaElement, Node,
    RequestInit, Response, SupportedType, UrlSearchParams,
};

use super::browser::{collect, document, window};

/// Attributes that belong to the person who looks, not to the page.
const THEIRS: [&str; 3] = ["open", "data-touched", "data-kept"];

/// Fetches a page: by GET, or by POST with `body`. `None` when it is not there or leads elsewhere, to signing in, say.
pub(super) async fn fetch(url: &str, body: Option<&UrlSearchParams>) -> Option<Document> {
    let init = RequestInit::new();
    if let Some(body) = body {
        init.set_method("POST");
        init.set_body(body);
    }
    let response = JsFuture::from(window().fetch_with_str_and_init(url, &init))
        .await
        .ok()?;
    let response: Response = response.dyn_into().ok()?;
    if response.redirected() || response.status() >= 500 {
        return None;
    }
    let text = JsFuture::from(response.text().ok()?).await.ok()?.as_string()?;
    DomParser::new()
        .ok()?
        .parse_from_string(&text, SupportedType::TextHtml)
        .ok()
}

/// Takes over the regions that carry `mark`, and the icons they need. `values`: also what stands in inputs.
pub(super) fn apply(fresh: &Document, mark: &str, values: bool) {
    add_icons(fresh);
    let selector = format!("[{mark}]");
    let news = collect(fresh.query_selector_all(&selector).ok());
    for old in collect(document().query_selector_all(&selector).ok()) {
        let name = old.get_attribute(mark);
        if let Some(new) = news.iter().find(|new| new.get_attribute(mark) == name) {
            element(&old, new, values);
        }
    }
}

fn add_icons(fresh: &Document) {
    let (Some(have), Some(offered)) = (
        document().get_element_by_id("sprite"),
        fresh.get_element_by_id("sprite"),
    ) else {
        return;
    };
    for symbol in collect(offered.query_selector_all("symbol").ok()) {
        if document().get_element_by_id(&symbol.id()).is_none() {
            let _ = have.append_child(&symbol);
        }
    }
}

fn element(old: &Element, new: &Element, values: bool) {
    if old.has_attribute("data-kept") || (!values && old.is_equal_node(Some(new))) {
        return;
    }
    attributes(old, new);
    children(old, new, values);
    if values {
        value(old, new);
    }
}

fn attributes(old: &Element, new: &Element) {
    for name in names(old) {
        if !new.has_attribute(&name) && !THEIRS.contains(&name.as_str()) {
            let _ = old.remove_attribute(&name);
        }
    }
    for name in names(new) {
        let wanted = new.get_attribute(&name);
        if !THEIRS.contains(&name.as_str()) && old.get_attribute(&name) != wanted {
            let _ = old.set_attribute(&name, wanted.as_deref().unwrap_or_default());
        }
    }
}

fn names(element: &Element) -> Vec<String> {
    element
        .get_attribute_names()
        .iter()
        .filter_map(|name| name.as_string())
        .collect()
}

fn value(old: &Element, new: &Element) {
    if let (Some(old), Some(new)) = (
        old.dyn_ref::<HtmlInputElement>(),
        new.dyn_ref::<HtmlInputElement>(),
    ) {
        if old.checked() != new.checked() {
            old.set_checked(new.checked());
        }
        if old.value() != new.value() {
            old.set_value(&new.value());
        }
    } else if let (Some(old), Some(new)) = (
        old.dyn_ref::<HtmlTextAreaElement>(),
        new.dyn_ref::<HtmlTextAreaElement>(),
    ) {
        old.set_value(&new.value());
    } else if let (Some(old), Some(new)) = (
        old.dyn_ref::<HtmlSelectElement>(),
        new.dyn_ref::<HtmlSelectElement>(),
    ) {
        old.set_value(&new.value());
    }
}

fn children(old: &Element, new: &Element, values: bool) {
    let news = nodes(new);
    let kept: Vec<String> = news.iter().filter_map(id).collect();
    for gone in nodes(old) {
        if id(&gone).is_some_and(|id| !kept.contains(&id)) {
            let _ = old.remove_child(&gone);
        }
    }
    let mut cursor = old.first_child();
    for fresh in news {
        let Some(match_) = counterpart(cursor.as_ref(), &fresh) else {
            let _ = old.insert_before(&fresh, cursor.as_ref());
            continue;
        };
        if Some(&match_) == cursor.as_ref() {
            cursor = match_.next_sibling();
        } else {
            let _ = old.insert_before(&match_, cursor.as_ref());
        }
        match (match_.dyn_ref::<Element>(), fresh.dyn_ref::<Element>()) {
            (Some(match_), Some(fresh)) => element(match_, fresh, values),
            _ => {
                if match_.node_value() != fresh.node_value() {
                    match_.set_node_value(fresh.node_value().as_deref());
                }
            }
        }
    }
    while let Some(rest) = cursor {
        cursor = rest.next_sibling();
        let _ = old.remove_child(&rest);
    }
}

/// The node that is to become `fresh`: the one of its id, else the next one if it is of its kind.
fn counterpart(cursor: Option<&Node>, fresh: &Node) -> Option<Node> {
    let first = cursor?.clone();
    let Some(wanted) = id(fresh) else {
        return (id(&first).is_none() && first.node_name() == fresh.node_name()).then_some(first);
    };
    let mut next = Some(first);
    while let Some(node) = next {
        if id(&node).as_ref() == Some(&wanted) {
            return (node.node_name() == fresh.node_name()).then_some(node);
        }
        next = node.next_sibling();
    }
    None
}

fn nodes(of: &Element) -> Vec<Node> {
    let list = of.child_nodes();
    (0..list.length()).filter_map(|index| list.get(index)).collect()
}

fn id(node: &Node) -> Option<String> {
    node.dyn_ref::<Element>()
        .map(Element::id)
        .filter(|id| !id.is_empty())
}
