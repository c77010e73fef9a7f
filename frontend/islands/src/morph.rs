//! Updates the page in place: fetches it again and applies the differences, without changing what the person controls:
//! focus, selection, scroll position, open folds, input.

use portico_page::names;
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::JsFuture;
use web_sys::{Document, DomParser, Element, Node, RequestInit, Response, SupportedType, UrlSearchParams};

use super::browser::{collect, document, find_all, window};
use super::user_state::{ControlState, UserState};

/// Attributes that the person controls, such as the size of a text area. Updates leave them alone.
const CLIENT_ATTRIBUTES: [&str; 6] = ["open", "rows", "data-touched", "data-kept", "data-intent", NEWER];

/// Marks a control that was changed since the last request: its contents are newer than the answer.
pub(super) const NEWER: &str = "data-newer";

/// The result of fetching a page.
pub(super) enum Answer {
    /// A page, whatever its status.
    Page(String),
    /// The session has ended.
    SignedOut,
    /// The server failed, or redirects elsewhere.
    Failed,
    /// No answer.
    Offline,
}

/// Whose contents the controls have after an update.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Values {
    /// The person's.
    Keep,
    /// The server's, except in controls marked as [`NEWER`].
    Take,
}

/// Fetches a page by GET, or by POST with `body`.
pub(super) async fn fetch(url: &str, body: Option<&UrlSearchParams>) -> Answer {
    fetch_with(url, body, &RequestInit::new()).await
}

async fn fetch_with(url: &str, body: Option<&UrlSearchParams>, init: &RequestInit) -> Answer {
    if let Some(body) = body {
        init.set_method("POST");
        init.set_body(body);
    }
    let asked = JsFuture::from(window().fetch_with_str_and_init(url, init)).await;
    let Some(response) = asked
        .ok()
        .and_then(|response| response.dyn_into::<Response>().ok())
    else {
        return Answer::Offline;
    };
    if response.status() == 401 || response.redirected() && response.url().contains("/sign-in") {
        return Answer::SignedOut;
    }
    if response.redirected() || response.status() >= 500 {
        return Answer::Failed;
    }
    let Ok(text) = response.text() else {
        return Answer::Failed;
    };
    match JsFuture::from(text).await.ok().and_then(|text| text.as_string()) {
        Some(text) => Answer::Page(text),
        None => Answer::Offline,
    }
}

/// True if there is a page at this address.
pub(super) async fn is_there(url: &str) -> bool {
    let init = RequestInit::new();
    init.set_method("HEAD");
    let asked = JsFuture::from(window().fetch_with_str_and_init(url, &init)).await;
    let response = asked
        .ok()
        .and_then(|response| response.dyn_into::<Response>().ok());
    response.is_some_and(|response| response.ok() && !response.redirected())
}

/// Parses a page.
pub(super) fn parse(text: &str) -> Option<Document> {
    DomParser::new()
        .ok()?
        .parse_from_string(text, SupportedType::TextHtml)
        .ok()
}

/// Fetches and parses a page; `None` if there is none to show.
pub(super) async fn page(url: &str, body: Option<&UrlSearchParams>) -> Option<Document> {
    match fetch(url, body).await {
        Answer::Page(text) => parse(&text),
        Answer::SignedOut | Answer::Failed | Answer::Offline => None,
    }
}

/// Fetches and parses a page of a list that the person searches: the server remembers the filter.
pub(super) async fn searched(url: &str) -> Option<Document> {
    let init = RequestInit::new();
    let headers = js_sys::Object::new();
    let _ = js_sys::Reflect::set(&headers, &names::SEARCH_HEADER.into(), &"1".into());
    init.set_headers(&headers);
    match fetch_with(url, None, &init).await {
        Answer::Page(text) => parse(&text),
        Answer::SignedOut | Answer::Failed | Answer::Offline => None,
    }
}

/// Applies the regions with the attribute `mark`, and the icons they need. With `hold`, the focused element also keeps
/// its position on the screen.
pub(super) fn apply(fresh: &Document, mark: &str, values: Values, hold: bool) {
    add_icons(fresh);
    let before = UserState::capture(hold);
    let selector = format!("[{mark}]");
    let new_nodes = collect(fresh.query_selector_all(&selector).ok());
    for old in collect(document().query_selector_all(&selector).ok()) {
        let name = old.get_attribute(mark);
        if let Some(new) = new_nodes.iter().find(|new| new.get_attribute(mark) == name) {
            region(&old, new, values);
        }
    }
    before.restore();
}

fn holds_focus(node: &Node) -> bool {
    document()
        .active_element()
        .is_some_and(|focus| node.contains(Some(&focus)))
}

fn region(old: &Element, new: &Element, values: Values) {
    let controls = match values {
        Values::Keep => "input, select, textarea".to_owned(),
        Values::Take => format!("[{NEWER}]"),
    };
    let kept: Vec<(Element, ControlState)> = find_all(old, &controls)
        .into_iter()
        .filter_map(|control| ControlState::of(&control).map(|state| (control, state)))
        .collect();
    Morph {
        values,
        path: path(old, new),
    }
    .element(old, new);
    for (control, state) in kept {
        state.apply(&control);
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

/// The focused element and its ancestors, outermost first, each with its counterpart. Browsers blur a node that moves,
/// so these stay in place and the others are moved around them.
fn path(old: &Element, new: &Element) -> Vec<(Node, Node)> {
    let Some(focus) = document()
        .active_element()
        .filter(|focus| old.contains(Some(focus)))
    else {
        return Vec::new();
    };
    let Some(counterpart) = counterpart(&focus, old, new) else {
        return Vec::new();
    };
    let (mine, theirs) = (outwards(&focus, old), outwards(&counterpart, new));
    if mine.len() != theirs.len()
        || mine
            .iter()
            .zip(&theirs)
            .any(|(mine, theirs)| mine.node_name() != theirs.node_name())
    {
        return Vec::new();
    }
    mine.into_iter().zip(theirs).collect()
}

fn outwards(from: &Element, to: &Element) -> Vec<Node> {
    let mut path = Vec::new();
    let mut next = Some(from.clone());
    while let Some(each) = next.filter(|each| each != to) {
        next = each.parent_element();
        path.push(each.into());
    }
    path
}

/// The counterpart in the new region of an element of the old one. Of several with the same key (the buttons that copy
/// and that reveal a secret, two links to one page) it is the one in the same position.
fn counterpart(of: &Element, old: &Element, new: &Element) -> Option<Element> {
    let key = key(of)?;
    let alike = |region| {
        find_all(region, &of.tag_name().to_ascii_lowercase())
            .into_iter()
            .filter(|other| self::key(other).as_ref() == Some(&key))
    };
    let position = alike(old).position(|other| other == *of)?;
    alike(new).nth(position)
}

/// The key that identifies an element among its siblings, if it has one.
fn key(element: &Element) -> Option<String> {
    let id = element.id();
    if !id.is_empty() {
        return Some(format!("#{id}"));
    }
    let one = |name: &str| element.get_attribute(name).filter(|value| !value.is_empty());
    for name in ["data-field", "data-keep", "href"] {
        if let Some(value) = one(name) {
            return Some(format!("{name} {value}"));
        }
    }
    let kind = one("type").unwrap_or_default();
    let value = match element.tag_name().as_str() {
        "OPTION" | "BUTTON" => one("value"),
        "INPUT" if kind == "radio" => one("value"),
        _ => None,
    };
    let name = one("name");
    if name.is_none() && value.is_none() {
        return None;
    }
    Some(format!(
        "{} {kind} {}",
        name.unwrap_or_default(),
        value.unwrap_or_default()
    ))
}

struct Morph {
    values: Values,
    path: Vec<(Node, Node)>,
}

impl Morph {
    fn element(&self, old: &Element, new: &Element) {
        if old.has_attribute("data-kept") || (self.values == Values::Keep && old.is_equal_node(Some(new))) {
            return;
        }
        // Before its options are moved to the old one.
        let theirs = (self.values == Values::Take && !old.has_attribute(NEWER))
            .then(|| ControlState::of(new))
            .flatten();
        attributes(old, new);
        self.children(old, new);
        if let Some(theirs) = theirs {
            theirs.apply(old);
        }
    }

    fn children(&self, old: &Element, new: &Element) {
        let new_nodes = nodes(new);
        let found = self.matches(&nodes(old), &new_nodes);
        for gone in nodes(old) {
            if !found.iter().any(|kept| kept.as_ref() == Some(&gone)) {
                let _ = old.remove_child(&gone);
            }
        }
        let mut cursor = old.first_child();
        for (fresh, found) in new_nodes.iter().zip(found) {
            let Some(kept) = found else {
                let _ = old.insert_before(fresh, cursor.as_ref());
                continue;
            };
            if holds_focus(&kept) || cursor.as_ref() == Some(&kept) {
                // Nodes that should come later are placed when it is their turn.
                cursor = kept.next_sibling();
            } else {
                let _ = old.insert_before(&kept, cursor.as_ref());
            }
            match (kept.dyn_ref::<Element>(), fresh.dyn_ref::<Element>()) {
                (Some(kept), Some(fresh)) => self.element(kept, fresh),
                _ => {
                    if kept.node_value() != fresh.node_value() {
                        kept.set_node_value(fresh.node_value().as_deref());
                    }
                }
            }
        }
    }

    /// For each new node the old node to reuse, if any: the focused one, the one with the same key, else the next one
    /// without a key.
    fn matches(&self, old_nodes: &[Node], new_nodes: &[Node]) -> Vec<Option<Node>> {
        let focused = old_nodes
            .iter()
            .position(|old| self.path.iter().any(|(mine, _)| mine == old));
        let target = focused.and_then(|index| {
            let (_, theirs) = self
                .path
                .iter()
                .find(|(mine, _)| Some(mine) == old_nodes.get(index))?;
            new_nodes.iter().position(|new| new == theirs)
        });
        let focused = focused.filter(|_| target.is_some());
        let keys: Vec<Option<String>> = old_nodes.iter().map(node_key).collect();
        let mut taken = vec![false; old_nodes.len()];
        let mut from = 0;
        let mut found = Vec::with_capacity(new_nodes.len());
        for (place, new) in new_nodes.iter().enumerate() {
            let free = |index: &usize| {
                !taken.get(*index).copied().unwrap_or(true)
                    && Some(*index) != focused
                    && old_nodes
                        .get(*index)
                        .is_some_and(|old| old.node_name() == new.node_name())
            };
            let index = if Some(place) == target {
                from = focused.map_or(from, |index| index + 1);
                focused
            } else if let Some(key) = node_key(new) {
                (0..old_nodes.len())
                    .find(|index| free(index) && keys.get(*index).and_then(Option::as_ref) == Some(&key))
            } else {
                // Nodes without a key do not move across the focused one.
                let until = focused
                    .filter(|_| Some(place) < target)
                    .unwrap_or(old_nodes.len());
                let next = next_alike(old_nodes, &keys, from..until, new, free);
                from = next.map_or(from, |index| index + 1);
                next
            };
            if let Some(taken) = index.and_then(|index| taken.get_mut(index)) {
                *taken = true;
            }
            found.push(index.and_then(|index| old_nodes.get(index)).cloned());
        }
        found
    }
}

/// The next node without a key that is like `new`: with the same class if possible, else the very next. Text and
/// comments do not match across an element.
fn next_alike(
    old_nodes: &[Node],
    keys: &[Option<String>],
    within: std::ops::Range<usize>,
    new: &Node,
    free: impl Fn(&usize) -> bool,
) -> Option<usize> {
    let unkeyed: Vec<usize> = within
        .filter(|index| keys.get(*index).is_some_and(Option::is_none))
        .collect();
    let Some(new) = new.dyn_ref::<Element>() else {
        return unkeyed
            .into_iter()
            .take_while(|index| !old_nodes.get(*index).is_some_and(JsCast::has_type::<Element>))
            .find(free);
    };
    let same_class = unkeyed.iter().copied().find(|index| {
        let old = old_nodes.get(*index).and_then(|old| old.dyn_ref::<Element>());
        free(index) && old.is_some_and(|old| old.get_attribute("class") == new.get_attribute("class"))
    });
    same_class.or_else(|| {
        let elements = |index: &usize| old_nodes.get(*index).is_some_and(JsCast::has_type::<Element>);
        unkeyed.into_iter().find(elements).filter(free)
    })
}

fn attributes(old: &Element, new: &Element) {
    for name in names(old) {
        if !new.has_attribute(&name) && !CLIENT_ATTRIBUTES.contains(&name.as_str()) {
            let _ = old.remove_attribute(&name);
        }
    }
    for name in names(new) {
        let wanted = new.get_attribute(&name);
        if !CLIENT_ATTRIBUTES.contains(&name.as_str()) && old.get_attribute(&name) != wanted {
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

fn nodes(of: &Element) -> Vec<Node> {
    let list = of.child_nodes();
    (0..list.length()).filter_map(|index| list.get(index)).collect()
}

fn node_key(node: &Node) -> Option<String> {
    node.dyn_ref::<Element>().and_then(key)
}
