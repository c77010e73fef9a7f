//! The search dialog.

use leptos::html::{Dialog, Input};
use leptos::prelude::*;
use portico_page::visible::visible;

/// The search dialog, opened by Ctrl-K or the button in the top bar. Without scripts the button is a link to the
/// catalog.
#[island]
pub fn CommandPalette() -> impl IntoView {
    let dialog = NodeRef::<Dialog>::new();
    let input = NodeRef::<Input>::new();
    let results = RwSignal::new(Vec::<SearchResult>::new());
    let chosen = RwSignal::new(0_usize);
    let typed = RwSignal::new(String::new());

    #[cfg(feature = "hydrate")]
    imp::listen(dialog, input, results, typed);

    let open = move |event: leptos::ev::MouseEvent| {
        #[cfg(feature = "hydrate")]
        imp::open(&event, dialog, input);
        let _ = event;
    };
    let search = move |event: leptos::ev::Event| {
        let words = event_target_value(&event);
        typed.set(words.clone());
        chosen.set(0);
        #[cfg(feature = "hydrate")]
        imp::search(words, typed, results);
    };
    let steer = move |event: leptos::ev::KeyboardEvent| {
        let count = results.with(Vec::len);
        match event.key().as_str() {
            "ArrowDown" if count > 0 => chosen.update(|at| *at = (*at + 1) % count),
            "ArrowUp" if count > 0 => chosen.update(|at| *at = (*at + count - 1) % count),
            "Enter" => {
                if let Some(result) = results.with(|results| results.get(chosen.get_untracked()).cloned()) {
                    go(&result);
                }
            }
            _ => return,
        }
        event.prevent_default();
    };
    let rows = move || {
        results.get()
            .into_iter()
            .enumerate()
            .map(|(index, result)| {
                // Text by others may contain invisible characters; make them visible, as on every page.
                let seen = |text: &str| visible(text).into_owned();
                let (kind, title, detail) = (seen(&result.kind), seen(&result.title), seen(&result.detail));
                view! {
                    <li role="option" id=format!("palette-result-{index}") aria-selected=move || (chosen.get() == index).to_string()
                        on:mouseenter=move |_| chosen.set(index) on:click=move |_| go(&result)>
                        <span class="palette-kind">{kind}</span>
                        <span>{title}</span>
                        <small>{detail}</small>
                    </li>
                }
            })
            .collect::<Vec<_>>()
    };
    let hint = move || {
        let words = typed.with(|typed| typed.trim().is_empty());
        match (results.with(Vec::is_empty), words) {
            (false, _) => "",
            (true, true) => "Offerings, claims, requests, pages and what can be done.",
            (true, false) => "Nothing is called that.",
        }
    };
    view! {
        <a class="search-button" href="/catalog" on:click=open>
            <svg class="icon" aria-hidden="true"><use href="#i-search"></use></svg>
            <span>"Search"</span>
            <kbd class="when-alive" aria-hidden="true">"Ctrl K"</kbd>
        </a>
        <dialog class="palette" node_ref=dialog aria-label="Search everywhere">
            <input type="text" node_ref=input role="combobox" aria-expanded="true" aria-controls="palette-results" aria-label="Search everywhere"
                aria-activedescendant=move || format!("palette-result-{}", chosen.get()) placeholder="Search everywhere"
                autocomplete="off" spellcheck="false" on:input=search on:keydown=steer />
            <ul role="listbox" id="palette-results" aria-label="Found">{rows}</ul>
            <p class="palette-hint" role="status" hidden=move || hint().is_empty()>{hint}</p>
        </dialog>
    }
}

/// A search result.
#[derive(Debug, Clone, PartialEq, Eq)]
struct SearchResult {
    kind: String,
    title: String,
    detail: String,
    href: String,
    /// For actions on this page: the selector of the element to click.
    button: Option<String>,
}

fn go(result: &SearchResult) {
    #[cfg(feature = "hydrate")]
    imp::go(result);
    #[cfg(not(feature = "hydrate"))]
    let _ = (&result.href, &result.button);
}

#[cfg(feature = "hydrate")]
mod imp {
    use leptos::html::{Dialog, Input};
    use leptos::prelude::*;
    use wasm_bindgen::{JsCast, JsValue};
    use wasm_bindgen_futures::{JsFuture, spawn_local};
    use web_sys::{HtmlElement, KeyboardEvent, Response};

    use super::SearchResult;
    use crate::islands::browser::{document, find, on, pause, window};

    /// Time without a key press before the server is asked, in milliseconds.
    const DELAY_MS: i32 = 70;

    pub(super) fn listen(
        dialog: NodeRef<Dialog>,
        input: NodeRef<Input>,
        results: RwSignal<Vec<SearchResult>>,
        typed: RwSignal<String>,
    ) {
        on(&document(), "keydown", move |event| {
            let Some(key) = event.dyn_ref::<KeyboardEvent>() else {
                return;
            };
            if (key.ctrl_key() || key.meta_key()) && key.key().eq_ignore_ascii_case("k") {
                event.prevent_default();
                show(dialog, input);
                if results.with_untracked(Vec::is_empty) {
                    search(String::new(), typed, results);
                }
            }
        });
    }

    pub(super) fn open(event: &leptos::ev::MouseEvent, dialog: NodeRef<Dialog>, input: NodeRef<Input>) {
        // A click with a modifier key opens the link in another tab.
        if event.ctrl_key() || event.meta_key() || event.shift_key() || event.button() != 0 {
            return;
        }
        event.prevent_default();
        show(dialog, input);
    }

    pub(super) fn go(result: &SearchResult) {
        let Some(button) = &result.button else {
            if let Err(error) = window().location().assign(&result.href) {
                leptos::logging::warn!("could not go there: {error:?}");
            }
            return;
        };
        if let Some(button) = find(button).and_then(|button| button.dyn_into::<HtmlElement>().ok()) {
            button.click();
        }
    }

    fn show(dialog: NodeRef<Dialog>, input: NodeRef<Input>) {
        if let (Some(dialog), Some(input)) = (dialog.get_untracked(), input.get_untracked()) {
            if !dialog.open() {
                let _ = dialog.show_modal();
            }
            input.select();
            let _ = input.focus();
        }
    }

    pub(super) fn search(words: String, typed: RwSignal<String>, results: RwSignal<Vec<SearchResult>>) {
        spawn_local(async move {
            pause(DELAY_MS).await;
            if typed.get_untracked() != words {
                return;
            }
            let found = ask(&words).await.unwrap_or_default();
            if typed.get_untracked() == words {
                results.set(found);
            }
        });
    }

    async fn ask(words: &str) -> Option<Vec<SearchResult>> {
        let query = js_sys::encode_uri_component(words);
        let response = JsFuture::from(window().fetch_with_str(&format!("/api/v1/search?q={query}")))
            .await
            .ok()?;
        let response: Response = response.dyn_into().ok()?;
        if !response.ok() {
            return None;
        }
        let body = JsFuture::from(response.json().ok()?).await.ok()?;
        let items = if js_sys::Array::is_array(&body) {
            body
        } else {
            get(&body, "items")
        };
        let results = js_sys::Array::from(&items);
        let text = |result: &JsValue, key: &str| get(result, key).as_string().unwrap_or_default();
        Some(
            results
                .iter()
                .map(|result| SearchResult {
                    kind: text(&result, "kind"),
                    title: text(&result, "title"),
                    detail: text(&result, "detail"),
                    href: text(&result, "href"),
                    button: match text(&result, "action").as_str() {
                        "theme" => Some("button.theme".to_owned()),
                        "signOut" => Some("form[action='/auth/logout'] button".to_owned()),
                        "switchWorkspace" => Some(format!(
                            ".switch button[value=\"{}\"]",
                            text(&result, "workspace")
                        )),
                        _ => None,
                    },
                })
                .filter(|result| result.button.is_some() || result.href.starts_with('/'))
                .collect(),
        )
    }

    fn get(value: &JsValue, key: &str) -> JsValue {
        js_sys::Reflect::get(value, &JsValue::from_str(key)).unwrap_or(JsValue::UNDEFINED)
    }
}
