//! Adds the form's event listeners.

use wasm_bindgen::JsCast;
use web_sys::HtmlFormElement;

use super::fields::{find_field, split_amount};
use super::requests::{is_restoring, on_blur, on_change, run_command};
use super::restore::restore;
use crate::browser::{document, find, focus, on, pressed, target};
use crate::{drafts, toast};

pub(crate) fn start() {
    let Some(form) = find("form[data-form]").and_then(|form| form.dyn_into::<HtmlFormElement>().ok()) else {
        return;
    };
    let typed = form.clone();
    on(&form, "input", move |event| {
        let Some(input) = target(&event) else { return };
        if input.has_attribute("data-find-field") {
            find_field(&typed, &input);
        } else {
            on_change(&typed, &input);
        }
    });
    let chosen = form.clone();
    on(&form, "change", move |event| {
        let Some(input) = target(&event) else { return };
        if input.has_attribute("data-amount") {
            split_amount(&input);
        }
        if let Some(what) = input.get_attribute("data-update") {
            run_command(&chosen, what);
        }
    });
    on(&form, "focusout", |_| on_blur());
    let sent = form.clone();
    on(&form, "submit", move |event| {
        let what = pressed(&event).map(|(_, value)| value).unwrap_or_default();
        match what.as_str() {
            "submit" | "review" | "" if is_restoring() => {
                event.prevent_default();
                toast::restoring();
            }
            "submit" => drafts::save_as_submitted(&sent),
            "review" | "" => drafts::save(&sent),
            _ => {
                event.prevent_default();
                run_command(&sent, what);
            }
        }
    });
    begin(&form);
}

/// Starts where the person left off: at the list of problems, or with the draft.
fn begin(form: &HtmlFormElement) {
    let on_nothing = document()
        .active_element()
        .is_none_or(|focus| focus.tag_name() == "BODY");
    if let Some(first) = find("form[data-form] [autofocus]").filter(|_| on_nothing) {
        focus(&first);
    }
    if form.has_attribute("data-fresh")
        && let Some(draft) = drafts::load(form)
    {
        restore(form, draft);
    }
}
