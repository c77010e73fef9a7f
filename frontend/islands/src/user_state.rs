//! What the person is doing while a page is updated: the focus, the selection, the scroll position, the contents of
//! controls.

use std::cell::Cell;

use wasm_bindgen::JsCast;
use web_sys::{Element, FocusOptions, HtmlElement, HtmlInputElement, HtmlSelectElement, HtmlTextAreaElement};

use super::browser::{document, on, pause, window};

thread_local! {
    /// True while a mouse button or finger is down.
    static PRESSED: Cell<bool> = const { Cell::new(false) };
}

/// Tracks whether a mouse button or finger is down.
pub(super) fn watch_presses() {
    on(&window(), "pointerdown", |_| PRESSED.set(true));
    for end in ["pointerup", "pointercancel", "blur"] {
        on(&window(), end, |_| PRESSED.set(false));
    }
}

/// Waits until nothing is pressed: a button that moves away under the pointer would not be clicked.
pub(super) async fn wait_until_released() {
    while PRESSED.get() {
        pause(20).await;
    }
}

/// The focus with its selection and position, to be restored.
pub(super) struct UserState {
    focus: Option<Element>,
    selection: Option<(u32, u32)>,
    scrolled: i32,
    top: Option<f64>,
}

impl UserState {
    /// Captures the current state; with `place`, including the position on the screen.
    pub(super) fn capture(place: bool) -> Self {
        let focus = document()
            .active_element()
            .filter(|focus| focus.tag_name() != "BODY");
        Self {
            selection: focus.as_ref().and_then(selection),
            scrolled: focus.as_ref().map_or(0, Element::scroll_top),
            top: focus.as_ref().filter(|_| place).and_then(top_if_visible),
            focus,
        }
    }

    /// Restores the state where the update changed it. A replaced element gets the state of the old one.
    pub(super) fn restore(self) {
        let Some(was) = self.focus else { return };
        let Some(is) = successor(&was) else { return };
        if is != was
            && let Some(state) = ControlState::of(&was)
        {
            state.apply(&is);
        }
        if document().active_element().as_ref() != Some(&is) {
            focus_in_place(&is);
        }
        if let Some((start, end)) = self.selection
            && selection(&is) != Some((start, end))
        {
            select(&is, start, end);
        }
        if is.scroll_top() != self.scrolled {
            is.set_scroll_top(self.scrolled);
        }
        if let Some(top) = self.top {
            let moved = is.get_bounding_client_rect().top() - top;
            if moved.abs() >= 1.0 {
                window().scroll_by_with_x_and_y(0.0, moved);
            }
        }
    }
}

/// The contents of a control.
pub(super) enum ControlState {
    Checked(bool),
    Text(String),
}

impl ControlState {
    /// The contents of a control; `None` if it is not an input.
    pub(super) fn of(control: &Element) -> Option<Self> {
        if let Some(input) = control.dyn_ref::<HtmlInputElement>() {
            return match input.type_().as_str() {
                "hidden" | "submit" | "button" | "image" | "file" | "reset" => None,
                "checkbox" | "radio" => Some(Self::Checked(input.checked())),
                _ => Some(Self::Text(input.value())),
            };
        }
        if let Some(area) = control.dyn_ref::<HtmlTextAreaElement>() {
            return Some(Self::Text(area.value()));
        }
        control
            .dyn_ref::<HtmlSelectElement>()
            .map(|select| Self::Text(select.value()))
    }

    /// Sets the contents. Does nothing if they are equal, to keep the caret.
    pub(super) fn apply(&self, control: &Element) {
        match (self, Self::of(control)) {
            (Self::Checked(wanted), Some(Self::Checked(is))) if *wanted != is => {
                if let Some(input) = control.dyn_ref::<HtmlInputElement>() {
                    input.set_checked(*wanted);
                }
            }
            (Self::Text(wanted), Some(Self::Text(is))) if *wanted != is => {
                if let Some(input) = control.dyn_ref::<HtmlInputElement>() {
                    input.set_value(wanted);
                } else if let Some(area) = control.dyn_ref::<HtmlTextAreaElement>() {
                    area.set_value(wanted);
                } else if let Some(select) = control.dyn_ref::<HtmlSelectElement>() {
                    select.set_value(wanted);
                }
            }
            _ => {}
        }
    }
}

/// Moves the focus without scrolling.
fn focus_in_place(element: &Element) {
    if let Some(element) = element.dyn_ref::<HtmlElement>() {
        let options = FocusOptions::new();
        options.set_prevent_scroll(true);
        let _ = element.focus_with_options(&options);
    }
}

/// The element itself, or the one that replaced it.
fn successor(of: &Element) -> Option<Element> {
    if of.is_connected() {
        return Some(of.clone());
    }
    let id = of.id();
    (!id.is_empty())
        .then(|| document().get_element_by_id(&id))
        .flatten()
}

fn selection(element: &Element) -> Option<(u32, u32)> {
    let (start, end) = if let Some(input) = element.dyn_ref::<HtmlInputElement>() {
        (input.selection_start(), input.selection_end())
    } else {
        let area = element.dyn_ref::<HtmlTextAreaElement>()?;
        (area.selection_start(), area.selection_end())
    };
    start.ok().flatten().zip(end.ok().flatten())
}

fn select(element: &Element, start: u32, end: u32) {
    if let Some(input) = element.dyn_ref::<HtmlInputElement>() {
        let _ = input.set_selection_range(start, end);
    } else if let Some(area) = element.dyn_ref::<HtmlTextAreaElement>() {
        let _ = area.set_selection_range(start, end);
    }
}

/// The distance of the element's top from the top of the screen, if any of it is visible.
fn top_if_visible(element: &Element) -> Option<f64> {
    let place = element.get_bounding_client_rect();
    let height = window().inner_height().ok()?.as_f64()?;
    (place.bottom() > 0.0 && place.top() < height && place.height() > 0.0).then(|| place.top())
}
