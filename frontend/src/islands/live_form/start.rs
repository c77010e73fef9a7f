//! Listens to the form.

use wasm_bindgen::JsCast;
use web_sys::HtmlFormElement;

use super::asking::{act, changed, left};
use super::fields::find_field;
use super::restore::restore;
use crate::islands::browser::{document, find, focus, on, pressed, target};
use crate::islands::drafts;

pub(super) fn start() {
    let Some(form) = find("form[data-form]").and_then(|form| form.dyn_into::<HtmlFormElement>().ok()) else {
        return;
    };
    let typed = form.clone();
    on(&form, "input", move |event| {
        let Some(input) = target(&event) else { return };
        if input.has_attribute("data-find-field") {
            find_field(&typed, &input);
        } else {
            changed(&typed, &input);
        }
    });
    let chosen = form.clone();
    on(&form, "change", move |event| {
        if let Some(what) = target(&event).and_then(|input| input.get_attribute("data-update")) {
            act(&chosen, what);
        }
    });
    on(&form, "focusout", |_| left());
    let sent = form.clone();
    on(&form, "submit", move |event| {
        let what = pressed(&event).map(|(_, value)| value).unwrap_or_default();
        match what.as_str() {
            "submit" => drafts::keep_as_sent(&sent),
            "review" | "" => drafts::keep(&sent),
            _ => {
                event.prevent_default();
                act(&sent, what);
            }
        }
    });
    begin(&form);
}

/// Goes on where one was: at the list of what is wrong, or with what was typed before.
fn begin(form: &HtmlFormElement) {
    let on_nothing = document()
        .active_element()
        .is_none_or(|focus| focus.tag_name() == "BODY");
    if let Some(first) = find("form[data-form] [autofocus]").filter(|_| on_nothing) {
        focus(&first);
    }
    if form.has_attribute("data-fresh")
        && let Some((draft, minutes)) = drafts::of(form)
    {
        restore(form, &draft, minutes);
    }
}
