//! The form's fields in the page: which were touched, which are newer than an answer, and where to move the focus.

use portico_page::names;
use wasm_bindgen::JsCast;
use web_sys::{Document, Element, HtmlFormElement, HtmlInputElement, HtmlSelectElement};

use crate::browser::{collect, document, find_all, focus, lowercase};
use crate::morph::NEWER;

/// Allows the field's problems to be shown from now on.
pub(super) fn touch(input: &Element) {
    let mut field = input.closest("[data-field]").ok().flatten();
    while let Some(each) = field {
        let _ = each.set_attribute("data-touched", "");
        field = each
            .parent_element()
            .and_then(|parent| parent.closest("[data-field]").ok().flatten());
    }
}

/// Marks an input as newer than any pending answer. For radio buttons, marks all with the same name.
pub(super) fn mark_newer(form: &HtmlFormElement, input: &Element) {
    let _ = input.set_attribute(NEWER, "");
    if input.get_attribute("type").as_deref() != Some("radio") {
        return;
    }
    let name = input.get_attribute("name");
    for other in find_all(form, "input[type=radio]") {
        if other.get_attribute("name") == name {
            let _ = other.set_attribute(NEWER, "");
        }
    }
}

/// Clears the marks: the next request includes the current contents.
pub(super) fn unmark(form: &HtmlFormElement) {
    for control in find_all(form, &format!("[{NEWER}]")) {
        let _ = control.remove_attribute(NEWER);
    }
}

/// Hides problems of untouched fields until the person submits or reviews.
pub(super) fn spare_untouched(page: &Document) {
    for field in collect(page.query_selector_all("[data-field]").ok()) {
        let name = field.get_attribute("data-field").unwrap_or_default();
        let touched = find_all_fields().into_iter().any(|old| {
            old.has_attribute("data-touched") && old.get_attribute("data-field").as_deref() == Some(&name)
        });
        // A broken rule depends on other fields that were filled in; only missing values can wait.
        if touched || !field.has_attribute("data-missing") {
            continue;
        }
        let _ = field.class_list().remove_1("wrong");
        for own in find_all(&field, ".problems, [aria-invalid]") {
            if own.closest("[data-field]").ok().flatten().as_ref() != Some(&field) {
                continue;
            }
            if own.class_list().contains("problems") {
                own.remove();
            } else {
                let _ = own.remove_attribute("aria-invalid");
            }
        }
    }
}

fn find_all_fields() -> Vec<Element> {
    collect(document().query_selector_all("[data-field][data-touched]").ok())
}

/// Moves the focus after a list was changed.
pub(super) fn go_on(form: &HtmlFormElement, what: &str) {
    let Some((verb, path)) = what.split_once(':') else {
        return;
    };
    let list = path.rsplit_once('/').map_or(path, |(list, _)| list);
    let button = |value: &str| {
        find_all(form, "button[name]")
            .into_iter()
            .find(|button| button.get_attribute("value").as_deref() == Some(value))
    };
    let next = match verb {
        "add" => document()
            .get_element_by_id(&format!("f{path}"))
            .and_then(|list| {
                list.query_selector(
                    ":scope > .items > :last-child :is(input:not([type=hidden]), select, textarea)",
                )
                .ok()
                .flatten()
            }),
        "remove" => button(&format!("add:{list}")),
        "up" | "down" => {
            let index: usize = path
                .rsplit('/')
                .next()
                .and_then(|index| index.parse().ok())
                .unwrap_or_default();
            let moved = if verb == "up" {
                index.saturating_sub(1)
            } else {
                index + 1
            };
            button(&format!("{verb}:{list}/{moved}"))
                .or_else(|| button(&format!("up:{list}/{moved}")))
                .or_else(|| button(&format!("down:{list}/{moved}")))
        }
        _ => None,
    };
    if let Some(next) = next {
        focus(&next);
    }
}

/// Moves a unit that was typed behind a number, as in `30 GiB`, to the select beside it.
pub(super) fn split_amount(input: &Element) {
    let Some(input) = input.dyn_ref::<HtmlInputElement>() else {
        return;
    };
    let Some(amount) = input.parent_element() else {
        return;
    };
    let text = input.value();
    let unit = text
        .trim()
        .trim_start_matches(|c: char| c.is_ascii_digit() || c == '.');
    let number = text.trim().strip_suffix(unit).unwrap_or_default().to_owned();
    let unit = unit.trim();
    if number.is_empty() || unit.is_empty() {
        return;
    }
    // The units to choose from, or the only one.
    let meant = find_all(&amount, "option, input[type=hidden]")
        .into_iter()
        .filter_map(|each| each.get_attribute("value"))
        .find(|suffix| unit.eq_ignore_ascii_case(suffix) || unit.eq_ignore_ascii_case(&format!("{suffix}B")));
    let Some(suffix) = meant else { return };
    input.set_value(&number);
    let select = amount.query_selector("select").ok().flatten();
    if let Some(select) = select.and_then(|select| select.dyn_into::<HtmlSelectElement>().ok()) {
        select.set_value(&suffix);
    }
}

/// Submits the form as without scripts, so that the answer is shown whatever it is.
pub(super) fn send_for_real(form: &HtmlFormElement, what: &str) {
    if let Some(input) = document()
        .create_element("input")
        .ok()
        .and_then(|input| input.dyn_into::<HtmlInputElement>().ok())
    {
        input.set_type("hidden");
        input.set_name(names::DO);
        input.set_value(what);
        let _ = form.append_child(&input);
        let _ = form.submit();
    }
}

/// Shows only the fields that contain the words.
pub(super) fn find_field(form: &HtmlFormElement, input: &Element) {
    let words = input
        .dyn_ref::<HtmlInputElement>()
        .map(|input| lowercase(&input.value()))
        .unwrap_or_default();
    let show = |element: &Element, shown: bool| {
        let _ = element.toggle_attribute_with_force("hidden", !shown);
    };
    let holds = |field: &Element| {
        let text = lowercase(&field.text_content().unwrap_or_default());
        let name = lowercase(&field.get_attribute("data-field").unwrap_or_default());
        words.is_empty() || text.contains(&words) || name.contains(&words)
    };
    for field in find_all(form, "section > .fields > [data-field]") {
        show(&field, holds(&field));
    }
    for section in find_all(form, ".sections > details") {
        let mut any = false;
        for field in find_all(&section, ":scope > .fields > [data-field]") {
            let found = holds(&field);
            any |= found;
            show(&field, found);
        }
        show(&section, any);
        if any && !words.is_empty() {
            let _ = section.set_attribute("open", "");
        }
    }
}
