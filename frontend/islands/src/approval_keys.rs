//! Keyboard shortcuts of the approval queue and of a request to decide on.

use std::cell::Cell;
use std::rc::Rc;

use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::spawn_local;
use web_sys::{Element, HtmlElement, KeyboardEvent};

use crate::browser::{collect, document, find, focus, on, target, window};
use crate::morph::{self, Values};
use crate::undo;

/// The text area of a decision.
const COMMENT: &str = "form.decide textarea";
/// Attribute of the form: what Ctrl-Enter does.
const INTENT: &str = "data-intent";

/// Where the browser remembers that the single letters are off.
const OFF: &str = "portico-letters-off";

/// The button that turns the single letters off and on. It has its words in `data-on` and `data-off`.
const BUTTON: &str = "[data-letters]";

/// Keyboard shortcuts: j and k open the next and previous request, a and r go to the comment of the decision, and
/// Ctrl-Enter there approves, or rejects after r; u undoes the decision. A button turns the single letters off and on, for people whose speech
/// input types letters (WCAG 2.1.4); the browser remembers it.
pub(crate) fn start() {
    if find("[data-decide]").is_none() {
        return;
    }
    let letters = Rc::new(Cell::new(!are_off()));
    label_button(letters.get());
    let turned = Rc::clone(&letters);
    on(&document(), "click", move |event| {
        let pressed = target(&event).and_then(|element| element.closest(BUTTON).ok().flatten());
        if pressed.is_some() {
            turned.set(!turned.get());
            remember(turned.get());
            label_button(turned.get());
        }
    });
    on(&document(), "keydown", move |event| {
        let Some(key) = event.dyn_ref::<KeyboardEvent>() else {
            return;
        };
        let Some(element) = target(&event) else { return };
        let done = if element.matches(COMMENT).unwrap_or(false) {
            in_comment(key, &element)
        } else {
            let typing = element
                .matches("input, textarea, select, dialog *")
                .unwrap_or(false);
            !typing && letters.get() && on_page(key)
        };
        if done {
            event.prevent_default();
        }
    });
}

/// Stores whether the single letters do something.
fn remember(letters: bool) {
    if let Ok(Some(storage)) = window().local_storage() {
        let _ = if letters {
            storage.remove_item(OFF)
        } else {
            storage.set_item(OFF, "")
        };
    }
}

fn are_off() -> bool {
    let storage = window().local_storage().ok().flatten();
    storage.is_some_and(|storage| storage.get_item(OFF).ok().flatten().is_some())
}

/// Says on the button what it does.
fn label_button(letters: bool) {
    let Some(button) = find(BUTTON) else { return };
    let words = button.get_attribute(if letters { "data-off" } else { "data-on" });
    button.set_text_content(words.as_deref());
}

fn on_page(key: &KeyboardEvent) -> bool {
    if key.ctrl_key() || key.meta_key() || key.alt_key() {
        return false;
    }
    match key.key().as_str() {
        "j" => go(1),
        "k" => go(-1),
        "a" => comment("approve"),
        "r" => comment("reject"),
        "u" => undo::undo(),
        _ => false,
    }
}

fn in_comment(key: &KeyboardEvent, comment: &Element) -> bool {
    match key.key().as_str() {
        "Enter" if key.ctrl_key() || key.meta_key() => {
            let Ok(Some(form)) = comment.closest("form") else {
                return false;
            };
            let intent = form.get_attribute(INTENT).unwrap_or_else(|| "approve".to_owned());
            let button = form
                .query_selector(&format!("button[value={intent}]"))
                .ok()
                .flatten();
            if let Some(button) = button.and_then(|button| button.dyn_into::<HtmlElement>().ok()) {
                button.click();
            }
            true
        }
        // Back to the keys of the page.
        "Escape" => {
            if let Some(comment) = comment.dyn_ref::<HtmlElement>() {
                let _ = comment.blur();
            }
            true
        }
        _ => false,
    }
}

/// Opens the request `by` rows below the open one, without loading the page.
fn go(by: isize) -> bool {
    let links = collect(document().query_selector_all("[data-decide] a.inbox-row").ok());
    let Some(last) = links.len().checked_sub(1) else {
        return false;
    };
    let current = links.iter().position(|link| link.has_attribute("aria-current"));
    let next = current.map_or(0, |current| current.saturating_add_signed(by).min(last));
    let Some(href) = links.get(next).and_then(|link| link.get_attribute("href")) else {
        return false;
    };
    if current == Some(next) {
        return true;
    }
    spawn_local(async move {
        let Some(page) = morph::page(&href, None).await else {
            let _ = window().location().assign(&href);
            return;
        };
        if let Ok(history) = window().history() {
            let _ = history.replace_state_with_url(&JsValue::NULL, "", Some(&href));
        }
        morph::apply(&page, "data-live", Values::Keep, false);
        window().scroll_to_with_x_and_y(0.0, 0.0);
        // The row, or on narrow screens, which hide the list, the title.
        let row = find("[data-decide] a.inbox-row[aria-current]");
        let visible = |element: &Element| {
            element
                .dyn_ref::<HtmlElement>()
                .is_some_and(|element| element.offset_parent().is_some())
        };
        if let Some(element) = row.filter(visible).or_else(|| find("#opened")) {
            focus(&element);
        }
    });
    true
}

/// Moves the focus to the comment. Nothing is decided before Ctrl-Enter or a button.
fn comment(intent: &str) -> bool {
    let Some(comment) = find(&format!("[data-decide] {COMMENT}")) else {
        return false;
    };
    if let Ok(Some(form)) = comment.closest("form") {
        let _ = form.set_attribute(INTENT, intent);
    }
    focus(&comment);
    true
}
