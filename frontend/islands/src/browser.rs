//! Small wrappers around browser APIs.

use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::JsFuture;
use web_sys::{
    Document, Element, Event, EventTarget, FormData, HtmlElement, HtmlFormElement, UrlSearchParams, Window,
};

/// The window, which always exists where islands run.
#[expect(clippy::expect_used, reason = "islands are loaded by pages alone")]
pub(super) fn window() -> Window {
    web_sys::window().expect("islands run in a page")
}

/// The document.
#[expect(clippy::expect_used, reason = "islands are loaded by pages alone")]
pub(super) fn document() -> Document {
    window().document().expect("islands run in a page")
}

/// The first element that matches the selector.
pub(super) fn find(selector: &str) -> Option<Element> {
    document().query_selector(selector).ok().flatten()
}

/// All descendants of `root` that match the selector.
pub(super) fn find_all(root: &Element, selector: &str) -> Vec<Element> {
    collect(root.query_selector_all(selector).ok())
}

/// Collects the elements of a node list.
pub(super) fn collect(list: Option<web_sys::NodeList>) -> Vec<Element> {
    list.map(|list| {
        (0..list.length())
            .filter_map(|index| list.get(index)?.dyn_into().ok())
            .collect()
    })
    .unwrap_or_default()
}

/// Adds an event listener that lives as long as the page.
pub(super) fn on(target: &EventTarget, event: &str, callback: impl FnMut(Event) + 'static) {
    let _ = target.add_event_listener_with_callback(event, &handler(callback));
}

/// Makes an event listener, for one or more events, that lives as long as the page.
pub(super) fn handler(callback: impl FnMut(Event) + 'static) -> js_sys::Function {
    Closure::<dyn FnMut(Event)>::new(callback)
        .into_js_value()
        .unchecked_into()
}

/// The event's target, if it is an element.
pub(super) fn target(event: &Event) -> Option<Element> {
    event.target()?.dyn_into().ok()
}

/// Moves the focus to an element.
pub(super) fn focus(element: &Element) {
    if let Some(element) = element.dyn_ref::<HtmlElement>() {
        let _ = element.focus();
    }
}

/// The fields that a form would submit.
pub(super) fn fields(form: &HtmlFormElement) -> Option<UrlSearchParams> {
    let data = FormData::new_with_form(form).ok()?;
    UrlSearchParams::new_with_str_sequence_sequence(&data).ok()
}

/// The name and value of the button that submitted a form.
pub(super) fn pressed(event: &Event) -> Option<(String, String)> {
    let button = event.dyn_ref::<web_sys::SubmitEvent>()?.submitter()?;
    Some((button.get_attribute("name")?, button.get_attribute("value")?))
}

/// The button that submitted a form.
pub(super) fn pressed_button(event: &Event) -> Option<Element> {
    event
        .dyn_ref::<web_sys::SubmitEvent>()?
        .submitter()?
        .dyn_into()
        .ok()
}

/// Copies text to the clipboard and returns whether it worked. Without HTTPS there is no clipboard.
pub(super) async fn copy(text: &str) -> bool {
    let navigator = window().navigator();
    let there =
        js_sys::Reflect::get(&navigator, &"clipboard".into()).is_ok_and(|clipboard| clipboard.is_object());
    there
        && JsFuture::from(navigator.clipboard().write_text(text))
            .await
            .is_ok()
}

/// Shows on the button that its text was copied.
pub(super) async fn mark_copied(button: &Element, words: &str) {
    announce(words);
    let _ = button.set_attribute("data-copied", "");
    pause(1500).await;
    let _ = button.remove_attribute("data-copied");
}

/// Milliseconds since 1970.
pub(super) fn now() -> f64 {
    js_sys::Date::now()
}

/// Reads a number, as the browser does: Rust's own code for floating-point numbers is a tenth of the islands.
pub(super) fn number(text: &str) -> Option<f64> {
    Some(js_sys::parse_float(text)).filter(|number| !number.is_nan())
}

/// The number in decimal, written by the browser.
pub(super) fn decimal(number: f64) -> String {
    let written = js_sys::Number::from(number).to_string_with_radix(10);
    written.map(String::from).unwrap_or_default()
}

/// The text in small letters, by the browser's tables.
pub(super) fn lowercase(text: &str) -> String {
    js_sys::JsString::from(text).to_lower_case().into()
}

/// Waits for some milliseconds.
pub(super) async fn pause(milliseconds: i32) {
    let promise = js_sys::Promise::new(&mut |done, _| {
        let _ = window().set_timeout_with_callback_and_timeout_and_arguments_0(&done, milliseconds);
    });
    let _ = JsFuture::from(promise).await;
}

/// Announces a text to screen readers.
pub(super) fn announce(words: &str) {
    if let Some(region) = document().get_element_by_id("announcements") {
        region.set_text_content(Some(words));
    }
}
