//! Small wrappers around what the browser offers.

use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::JsFuture;
use web_sys::{
    Document, Element, Event, EventTarget, FormData, HtmlElement, HtmlFormElement, UrlSearchParams, Window,
};

/// The window; there always is one where islands live.
pub(super) fn window() -> Window {
    leptos::prelude::window()
}

/// The page.
pub(super) fn document() -> Document {
    leptos::prelude::document()
}

/// The first element that the selector finds.
pub(super) fn find(selector: &str) -> Option<Element> {
    document().query_selector(selector).ok().flatten()
}

/// All elements below `root` that the selector finds, as they are now.
pub(super) fn find_all(root: &Element, selector: &str) -> Vec<Element> {
    collect(root.query_selector_all(selector).ok())
}

/// The elements of a list of nodes.
pub(super) fn collect(list: Option<web_sys::NodeList>) -> Vec<Element> {
    list.map(|list| {
        (0..list.length())
            .filter_map(|index| list.get(index)?.dyn_into().ok())
            .collect()
    })
    .unwrap_or_default()
}

/// Listens for as long as the page is there.
pub(super) fn on(target: &EventTarget, event: &str, heard: impl FnMut(Event) + 'static) {
    let _ = target.add_event_listener_with_callback(event, &handler(heard));
}

/// What can listen to several things, for as long as the page is there.
pub(super) fn handler(heard: impl FnMut(Event) + 'static) -> js_sys::Function {
    Closure::<dyn FnMut(Event)>::new(heard)
        .into_js_value()
        .unchecked_into()
}

/// The element that an event is about.
pub(super) fn target(event: &Event) -> Option<Element> {
    event.target()?.dyn_into().ok()
}

/// Puts the focus there.
pub(super) fn focus(element: &Element) {
    if let Some(element) = element.dyn_ref::<HtmlElement>() {
        let _ = element.focus();
    }
}

/// What the form would send.
pub(super) fn fields(form: &HtmlFormElement) -> Option<UrlSearchParams> {
    let data = FormData::new_with_form(form).ok()?;
    UrlSearchParams::new_with_str_sequence_sequence(&data).ok()
}

/// The button that sent a form: its name and value.
pub(super) fn pressed(event: &Event) -> Option<(String, String)> {
    let button = event.dyn_ref::<web_sys::SubmitEvent>()?.submitter()?;
    Some((button.get_attribute("name")?, button.get_attribute("value")?))
}

/// The button that sent a form.
pub(super) fn pressed_button(event: &Event) -> Option<Element> {
    event
        .dyn_ref::<web_sys::SubmitEvent>()?
        .submitter()?
        .dyn_into()
        .ok()
}

/// Puts a text into the clipboard; whether it is there. Where a page did not come over a safe connection, there is none.
pub(super) async fn copy(text: &str) -> bool {
    let navigator = window().navigator();
    let there =
        js_sys::Reflect::get(&navigator, &"clipboard".into()).is_ok_and(|clipboard| clipboard.is_object());
    there
        && JsFuture::from(navigator.clipboard().write_text(text))
            .await
            .is_ok()
}

/// Says that what belongs to the button was copied.
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

/// Waits.
pub(super) async fn pause(milliseconds: i32) {
    let promise = js_sys::Promise::new(&mut |done, _| {
        let _ = window().set_timeout_with_callback_and_timeout_and_arguments_0(&done, milliseconds);
    });
    let _ = JsFuture::from(promise).await;
}

/// Tells those who listen.
pub(super) fn announce(words: &str) {
    if let Some(region) = document().get_element_by_id("announcements") {
        region.set_text_content(Some(words));
    }
}
