//! Secrets, shown in their place.

use leptos::prelude::*;

/// Shows a key of a secret in its place, where without scripts a page of its own would.
#[island]
pub fn Reveal() -> impl IntoView {
    #[cfg(feature = "hydrate")]
    imp::start();
}

#[cfg(feature = "hydrate")]
mod imp {
    use wasm_bindgen::JsCast;
    use wasm_bindgen_futures::spawn_local;
    use web_sys::{Element, HtmlFormElement};

    use crate::islands::browser::{announce, document, fields, find, focus, on, pressed, target};
    use crate::islands::renew;

    pub(super) fn start() {
        if find("[data-reveal]").is_none() && find("[data-live=claim]").is_none() {
            return;
        }
        on(&document(), "submit", |event| {
            let Some(form) = target(&event).and_then(|form| form.dyn_into::<HtmlFormElement>().ok()) else {
                return;
            };
            if !form.has_attribute("data-reveal") {
                return;
            }
            let Some((name, value)) = pressed(&event) else {
                return;
            };
            let Some(body) = fields(&form) else { return };
            event.prevent_default();
            body.append(&name, &value);
            spawn_local(async move {
                let action = form.get_attribute("action").unwrap_or_default();
                let page = renew::fetch(&action, Some(&body)).await;
                let value = page
                    .as_ref()
                    .and_then(|page| page.query_selector("[data-revealed]").ok().flatten())
                    .and_then(|element| element.text_content());
                match (value, form.parent_element()) {
                    (Some(value), Some(place)) => show(&form, &place, &value),
                    _ => {
                        announce_failure(page.and_then(|page| page.query_selector("main h1").ok().flatten()));
                    }
                }
            });
        });
    }

    /// Puts the value where the button was, with a button to hide it again.
    fn show(form: &HtmlFormElement, place: &Element, value: &str) {
        let make = |tag: &str, class: &str, text: &str| {
            let element = document().create_element(tag).ok()?;
            element.set_class_name(class);
            element.set_text_content(Some(text));
            Some(element)
        };
        let (Some(shown), Some(hide)) = (
            make("code", "revealed", value),
            make("button", "button small", "Hide"),
        ) else {
            return;
        };
        let _ = hide.set_attribute("type", "button");
        let _ = place.set_attribute("data-kept", "");
        form.remove();
        let _ = place.append_child(&shown);
        let _ = place.append_child(&hide);
        announce("Revealed. It has been recorded.");
        focus(&hide);
        let (form, place, hidden) = (form.clone(), place.clone(), hide.clone());
        on(&hide, "click", move |_| {
            shown.remove();
            hidden.remove();
            let _ = place.append_child(&form);
            let _ = place.remove_attribute("data-kept");
            if let Ok(Some(button)) = form.query_selector("button") {
                focus(&button);
            }
        });
    }

    fn announce_failure(heading: Option<Element>) {
        let words = heading
            .and_then(|heading| heading.text_content())
            .unwrap_or_else(|| "It could not be revealed. Reload the page and try again.".to_owned());
        announce(&words);
        let _ = crate::islands::browser::window().alert_with_message(&words);
    }
}
