//! Shows a pressed submit button as busy until the page is left.

use wasm_bindgen::JsCast;
use web_sys::{Element, SubmitEvent};

use super::browser::{collect, document, on, window};

/// Marks submit buttons as busy, and clears the mark when the browser goes back to the page.
pub(super) fn watch() {
    on(&document(), "submit", |event| {
        // Islands that submit on their own show the answer at once or report progress themselves.
        if event.default_prevented() {
            return;
        }
        let pressed = event
            .dyn_ref::<SubmitEvent>()
            .and_then(SubmitEvent::submitter)
            .and_then(|pressed| pressed.dyn_into::<Element>().ok());
        if let Some(pressed) = pressed {
            let _ = pressed.set_attribute("aria-busy", "true");
        }
    });
    on(&window(), "pageshow", |_| {
        for busy in collect(document().query_selector_all("button[aria-busy]").ok()) {
            let _ = busy.remove_attribute("aria-busy");
        }
    });
}
