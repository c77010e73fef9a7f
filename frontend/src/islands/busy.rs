//! A button that was pressed says so until its page is left.

use wasm_bindgen::JsCast;
use web_sys::{Element, SubmitEvent};

use super::browser::{collect, document, on, window};

/// Marks what sends a form as busy, and no more when the page is gone back to.
pub(super) fn watch() {
    on(&document(), "submit", |event| {
        // What an island sends by itself answers at once or says so itself.
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
