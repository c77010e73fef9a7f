//! The request form, alive.

use leptos::prelude::*;

/// Brings the request form to life: problems appear beside fields while one types, and what adds, moves or
/// changes fields does so without leaving the page.
#[island]
pub fn LiveForm() -> impl IntoView {
    #[cfg(feature = "hydrate")]
    imp::start();
}

#[cfg(feature = "hydrate")]
mod imp {
    use std::cell::Cell;

    use portico_domain::view::names;
    use wasm_bindgen::JsCast;
    use wasm_bindgen_futures::spawn_local;
    use web_sys::{Document, Element, HtmlFormElement, HtmlInputElement};

    use crate::islands::browser::{
        collect, document, fields, find, find_all, focus, on, pause, pressed, target,
    };
    use crate::islands::renew;

    /// Milliseconds without a key before the server is asked.
    const PATIENCE: i32 = 350;

    thread_local! {
        static NEWEST: Cell<u32> = const { Cell::new(0) };
    }

    pub(super) fn start() {
        let Some(form) = find("form[data-form]").and_then(|form| form.dyn_into::<HtmlFormElement>().ok())
        else {
            return;
        };
        let typed = form.clone();
        on(&form, "input", move |event| {
            let Some(input) = target(&event) else { return };
            if input.has_attribute("data-find-field") {
                find_field(&typed, &input);
            } else {
                touch(&input);
                check(&typed);
            }
        });
        let changed = form.clone();
        on(&form, "change", move |event| {
            if let Some(what) = target(&event).and_then(|input| input.get_attribute("data-update")) {
                act(&changed, what);
            }
        });
        let sent = form.clone();
        on(&form, "submit", move |event| {
            let what = pressed(&event).map(|(_, value)| value).unwrap_or_default();
            if !matches!(what.as_str(), "submit" | "review" | "") {
                event.prevent_default();
                act(&sent, what);
            }
        });
    }

    /// From now on, what is wrong with this field may be shown.
    fn touch(input: &Element) {
        let mut field = input.closest("[data-field]").ok().flatten();
        while let Some(each) = field {
            let _ = each.set_attribute("data-touched", "");
            field = each
                .parent_element()
                .and_then(|parent| parent.closest("[data-field]").ok().flatten());
        }
    }

    /// Asks what is wrong, once nothing was typed for a moment.
    fn check(form: &HtmlFormElement) {
        let turn = next_turn();
        let form = form.clone();
        spawn_local(async move {
            pause(PATIENCE).await;
            if NEWEST.get() != turn {
                return;
            }
            if let Some(page) = post(&form, "update").await.filter(|_| NEWEST.get() == turn) {
                spare_untouched(&page);
                renew::apply(&page, "data-live-form", false);
            }
        });
    }

    /// Does what a button or a choice says, and puts the focus where one goes on.
    fn act(form: &HtmlFormElement, what: String) {
        let form = form.clone();
        spawn_local(async move {
            loop {
                let turn = next_turn();
                let Some(page) = post(&form, &what).await else {
                    send_for_real(&form, &what);
                    return;
                };
                // Somebody typed meanwhile: what came back does not have it.
                if NEWEST.get() != turn {
                    continue;
                }
                spare_untouched(&page);
                renew::apply(&page, "data-live-form", true);
                go_on(&form, &what);
                return;
            }
        });
    }

    fn next_turn() -> u32 {
        let turn = NEWEST.get() + 1;
        NEWEST.set(turn);
        turn
    }

    async fn post(form: &HtmlFormElement, what: &str) -> Option<Document> {
        let body = fields(form)?;
        body.append(names::DO, what);
        let page = renew::fetch(&form.get_attribute("action")?, Some(&body)).await?;
        page.query_selector("form[data-form]")
            .ok()
            .flatten()
            .map(|_| page)
    }

    /// What the person did not come to yet is not held against them, until they send or review.
    fn spare_untouched(page: &Document) {
        if page.query_selector("form[data-tried]").ok().flatten().is_some() {
            return;
        }
        for field in collect(page.query_selector_all("[data-field]").ok()) {
            let name = field.get_attribute("data-field").unwrap_or_default();
            let touched = find_all_fields().into_iter().any(|old| {
                old.has_attribute("data-touched") && old.get_attribute("data-field").as_deref() == Some(&name)
            });
            // What breaks a rule is there because of what was filled in elsewhere: only what is missing can wait.
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

    fn send_for_real(form: &HtmlFormElement, what: &str) {
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

    fn go_on(form: &HtmlFormElement, what: &str) {
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

    /// Shows only the fields in which the words occur.
    fn find_field(form: &HtmlFormElement, input: &Element) {
        let words = input
            .dyn_ref::<HtmlInputElement>()
            .map(|input| input.value().to_lowercase())
            .unwrap_or_default();
        let show = |element: &Element, shown: bool| {
            let _ = element.toggle_attribute_with_force("hidden", !shown);
        };
        let holds = |field: &Element| {
            let text = field.text_content().unwrap_or_default().to_lowercase();
            let name = field
                .get_attribute("data-field")
                .unwrap_or_default()
                .to_lowercase();
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
}
