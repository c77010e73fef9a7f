//! Restores a draft into a form.

use web_sys::{HtmlFormElement, UrlSearchParams};

use super::requests::{form_page, run_restore, send, show};
use crate::browser::{fields, find, on, window};
use crate::drafts::{self, Draft};
use crate::morph::{self, Answer, Values};

/// Fills in the draft and shows how old it is. If it was submitted and the request is there, it is thrown away instead.
pub(super) fn restore(form: &HtmlFormElement, draft: Draft) {
    let (Some(page), Ok(body)) = (fields(form), UrlSearchParams::new()) else {
        return;
    };
    let link = UrlSearchParams::new_with_str(&window().location().search().unwrap_or_default()).ok();
    // A choice made by a link takes precedence over the draft.
    let from_page =
        |name: &str| drafts::PAGE_FIELDS.contains(&name) || link.as_ref().is_some_and(|link| link.has(name));
    for (name, value) in pairs(&page) {
        if from_page(&name) {
            body.append(&name, &value);
        }
    }
    for (name, value) in pairs(&draft.fields) {
        if !from_page(&name) {
            body.append(&name, &value);
        }
    }
    let taken_up = form.clone();
    run_restore(form, async move {
        if let Some(id) = draft.sent_as
            && morph::is_there(&format!("/requests/{id}")).await
        {
            drafts::discard(&taken_up);
            return;
        }
        let Answer::Page(text) = send(&taken_up, &body, "update").await else {
            return;
        };
        if let Some(page) = form_page(&text) {
            // Keeps what was typed meanwhile.
            show(&page, Values::Take, false);
            say_restored(&taken_up, draft.minutes);
            drafts::save(&taken_up);
        }
    });
}

fn pairs(of: &UrlSearchParams) -> Vec<(String, String)> {
    js_sys::Array::from(of)
        .iter()
        .filter_map(|pair| {
            let pair = js_sys::Array::from(&pair);
            pair.get(0).as_string().zip(pair.get(1).as_string())
        })
        .collect()
}

fn say_restored(form: &HtmlFormElement, minutes: u32) {
    let Some(place) = find("[data-restored]") else {
        return;
    };
    let words = match minutes {
        0 => "Restored from less than a minute ago".to_owned(),
        1..60 => format!("Restored from {minutes} min ago"),
        60..1440 => format!("Restored from {} h ago", minutes / 60),
        _ => format!("Restored from {} d ago", minutes / 1440),
    };
    let _ = place.remove_attribute("hidden");
    if let Ok(Some(text)) = place.query_selector("[role=status]") {
        text.set_text_content(Some(&words));
    }
    if let Ok(Some(button)) = place.query_selector("button") {
        let form = form.clone();
        on(&button, "click", move |_| {
            drafts::discard(&form);
            let _ = window().location().reload();
        });
    }
}
