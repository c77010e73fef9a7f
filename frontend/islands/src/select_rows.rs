//! Rows of a table that are selected to do something with all of them.

use std::cell::{Cell, RefCell};

use wasm_bindgen::{JsCast, JsValue};
use web_sys::{Element, HtmlInputElement, MouseEvent};

use crate::browser::{document, find, find_all, on, target, window};

/// The form around the table.
const FORM: &str = "[data-select]";
/// The box of a row.
const ROW: &str = "tbody .pick input";
/// The box in the head, for all rows on the page.
const ALL: &str = "[data-select-all]";

thread_local! {
    /// The position of the row that was clicked last, from which Shift selects.
    static LAST: Cell<Option<usize>> = const { Cell::new(None) };
    /// What is kept in the history: each refresh of the page counts again, and browsers limit how often it is written.
    static KEPT: RefCell<Vec<String>> = const { RefCell::new(Vec::new()) };
}

/// The box in the head selects all rows, a click with Shift all between it and the one before, and the bar says how many
/// are selected.
pub(crate) fn start() {
    if find("[data-live=claims]").is_none() {
        return;
    }
    // The form can appear later, when the first claim does.
    on(&document(), "change", |event| {
        let Some(input) = target(&event).and_then(|element| element.dyn_into::<HtmlInputElement>().ok())
        else {
            return;
        };
        let Some(form) = input.closest(FORM).ok().flatten() else {
            return;
        };
        if input.matches(ALL).unwrap_or(false) {
            for row in rows(&form) {
                row.set_checked(input.checked());
            }
        }
        count(&form);
    });
    on(&document(), "click", |event| {
        let (Some(click), Some(clicked)) = (event.dyn_ref::<MouseEvent>(), target(&event)) else {
            return;
        };
        if clicked.matches(ROW).unwrap_or(false)
            && let Some(form) = clicked.closest(FORM).ok().flatten()
        {
            range(&form, &clicked, click.shift_key());
        }
    });
    restore();
}

/// Says again how many rows are selected, after the page was updated.
pub(crate) fn recount() {
    if let Some(form) = find(FORM) {
        count(&form);
    }
}

/// Selects what was selected when one left the page, if one comes back to it or loads it again. The browser would do that
/// by the positions of the boxes, and the rows may be others by now.
fn restore() {
    let kept = window().history().and_then(|history| history.state());
    let kept = kept.ok().and_then(|kept| kept.dyn_into::<js_sys::Array>().ok());
    if let (Some(kept), Some(form)) = (kept, find(FORM)) {
        for row in rows(&form) {
            row.set_checked(kept.includes(&row.value().into(), 0));
        }
        count(&form);
    }
}

/// Keeps what is selected with the page's entry in the history.
fn keep(rows: &[HtmlInputElement]) {
    let selected: Vec<String> = rows
        .iter()
        .filter(|row| row.checked())
        .map(HtmlInputElement::value)
        .collect();
    if KEPT.with_borrow(|kept| *kept == selected) {
        return;
    }
    let values: js_sys::Array = selected.iter().map(JsValue::from).collect();
    if let Ok(history) = window().history() {
        let _ = history.replace_state(&values, "");
    }
    KEPT.set(selected);
}

fn rows(form: &Element) -> Vec<HtmlInputElement> {
    let boxes = find_all(form, ROW).into_iter();
    boxes.filter_map(|row| row.dyn_into().ok()).collect()
}

/// Gives all rows between the last one and this one the state of this one.
fn range(form: &Element, clicked: &Element, extend: bool) {
    let rows = rows(form);
    let Some(here) = rows.iter().position(|row| row.as_ref() as &Element == clicked) else {
        return;
    };
    let wanted = rows.get(here).is_some_and(HtmlInputElement::checked);
    if let Some(last) = LAST.replace(Some(here)).filter(|_| extend) {
        let (from, to) = (last.min(here), last.max(here));
        for row in rows.iter().skip(from).take(to - from + 1) {
            row.set_checked(wanted);
        }
    }
    count(form);
}

/// Says how many rows are selected.
fn count(form: &Element) {
    let rows = rows(form);
    let selected = rows.iter().filter(|row| row.checked()).count();
    if let Ok(Some(words)) = form.query_selector(".selected-count") {
        let text = (selected > 0).then(|| format!("{selected} selected"));
        words.set_text_content(text.as_deref());
    }
    let all = form.query_selector(ALL).ok().flatten();
    if let Some(all) = all.and_then(|all| all.dyn_into::<HtmlInputElement>().ok()) {
        all.set_checked(selected > 0 && selected == rows.len());
        all.set_indeterminate(selected > 0 && selected < rows.len());
    }
    keep(&rows);
}
