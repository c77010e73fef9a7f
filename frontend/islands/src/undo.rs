//! The button that takes a decision back: it goes when its time is over.

use wasm_bindgen::JsCast;
use wasm_bindgen_futures::spawn_local;
use web_sys::HtmlElement;

use crate::browser::{find, number, pause};

/// The form with the button. Its attribute has the seconds that are left.
const FORM: &str = "form[data-undo]";

/// Removes the button when its time is over.
pub(crate) fn start() {
    let Some(form) = find(FORM) else { return };
    let Some(seconds) = form.get_attribute("data-undo").and_then(|text| number(&text)) else {
        return;
    };
    #[expect(
        clippy::cast_possible_truncation,
        reason = "at most some minutes, and a cast of a float saturates"
    )]
    let milliseconds = (seconds * 1000.0) as i32;
    spawn_local(async move {
        pause(milliseconds).await;
        form.remove();
    });
}

/// Presses the button. False if there is none.
pub(crate) fn undo() -> bool {
    let button = find(&format!("{FORM} button")).and_then(|button| button.dyn_into::<HtmlElement>().ok());
    if let Some(button) = &button {
        button.click();
    }
    button.is_some()
}
