//! Search everywhere.

use leptos::html::{Dialog, Input};
use leptos::prelude::*;
use portico_domain::visible::visible;

/// Search everywhere, by Ctrl-K or the button in the top bar; without scripts that is a link to the catalog.
#[island]
pub fn Palette() -> impl IntoView {
    let dialog = NodeRef::<Dialog>::new();
    let input = NodeRef::<Input>::new();
    let hits = RwSignal::new(Vec::<Hit>::new());
    let chosen = RwSignal::new(0_usize);
    let typed = RwSignal::new(String::new());

    #[cfg(feature = "hydrate")]
    imp::listen(dialog, input, hits, typed);

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
        imp::search(words, typed, hits);
    };
    let steer = move |event: leptos::ev::KeyboardEvent| {
        let count = hits.with(Vec::len);
        match event.key().as_str() {
            "ArrowDown" if count > 0 => chosen.update(|at| *at = (*at + 1) % count),
            "ArrowUp" if count > 0 => chosen.update(|at| *at = (*at + count - 1) % count),
            "Enter" => {
                if let Some(hit) = hits.with(|hits| hits.get(chosen.get_untracked()).cloned()) {
                    go(&hit);
                }
            }
            _ => return,
        }
        event.prevent_default();
    };
    let rows = move || {
        hits.get()
            .into_iter()
            .enumerate()
            .map(|(index, hit)| {
                // What hides in the text of others is shown, as on every page.
                let seen = |text: &str| visible(text).into_owned();
                let (kind, title, detail) = (seen(&hit.kind), seen(&hit.title), seen(&hit.detail));
                view! {
                    <li role="option" id=format!("hit-{index}") aria-selected=move || (chosen.get() == index).to_string()
                        on:mouseenter=move |_| chosen.set(index) on:click=move |_| go(&hit)>
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
        match (hits.with(Vec::is_empty), words) {
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
            <input type="text" node_ref=input role="combobox" aria-expanded="true" aria-controls="hits" aria-label="Search everywhere"
                aria-activedescendant=move || format!("hit-{}", chosen.get()) placeholder="Search everywhere"
                autocomplete="off" spellcheck="false" on:input=search on:keydown=steer />
            <ul role="listbox" id="hits" aria-label="Found">{rows}</ul>
            <p class="palette-hint" role="status" hidden=move || hint().is_empty()>{hint}</p>
        </dialog>
    }
}

/// Something that was found.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Hit {
    kind: String,
    title: String,
    detail: String,
    href: String,
    /// What is done on the spot: the element of this page that does it.
    button: Option<&'static str>,
}

fn go(hit: &Hit) {
    #[cfg(feature = "hydrate")]
    imp::go(hit);
    #[cfg(not(feature = "hydrate"))]
    let _ = (&hit.href, hit.button);
}

#[cfg(feature = "hydrate")]
mod imp {
    use leptos::html::{Dialog, Input};
    use leptos::prelude::*;
    use wasm_bindgen::{JsCast, JsValue};
    use wasm_bindgen_futures::{JsFuture, spawn_local};
    use web_sys::{HtmlElement, KeyboardEvent, Response};

    use super::Hit;
    use crate::islands::browser::{document, find, on, pause, window};

    /// Milliseconds without a key before the server is asked.
    const PATIENCE: i32 = 70;

    pub(super) fn listen(
        dialog: NodeRef<Dialog>,
        input: NodeRef<Input>,
        hits: RwSignal<Vec<Hit>>,
        typed: RwSignal<String>,
    ) {
        on(&document(), "keydown", move |event| {
            let Some(key) = event.dyn_ref::<KeyboardEvent>() else {
                return;
            };
            if (key.ctrl_key() || key.meta_key()) && key.key().eq_ignore_ascii_case("k") {
                event.prevent_default();
                show(dialog, input);
                if hits.with_untracked(Vec::is_empty) {
                    search(String::new(), typed, hits);
                }
            }
        });
    }

    pub(super) fn open(event: &leptos::ev::MouseEvent, dialog: NodeRef<Dialog>, input: NodeRef<Input>) {
        // Whoever wants the link in another tab gets it.
        if event.ctrl_key() || event.meta_key() || event.shift_key() || event.button() != 0 {
            return;
        }
        event.prevent_default();
        show(dialog, input);
    }

    pub(super) fn go(hit: &Hit) {
        let Some(button) = hit.button else {
            if let Err(error) = window().location().assign(&hit.href) {
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

    pub(super) fn search(words: String, typed: RwSignal<String>, hits: RwSignal<Vec<Hit>>) {
        spawn_local(async move {
            pause(PATIENCE).await;
            if typed.get_untracked() != words {
                return;
            }
            let found = ask(&words).await.unwrap_or_default();
            if typed.get_untracked() == words {
                hits.set(found);
            }
        });
    }

    async fn ask(words: &str) -> Option<Vec<Hit>> {
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
        let hits = js_sys::Array::from(&items);
        let text = |hit: &JsValue, key: &str| get(hit, key).as_string().unwrap_or_default();
        Some(
            hits.iter()
                .map(|hit| Hit {
                    kind: text(&hit, "kind"),
                    title: text(&hit, "title"),
                    detail: text(&hit, "detail"),
                    href: text(&hit, "href"),
                    button: match text(&hit, "deed").as_str() {
                        "theme" => Some("button.theme"),
                        "signOut" => Some("form[action='/auth/logout'] button"),
                        _ => None,
                    },
                })
                .filter(|hit| hit.button.is_some() || hit.href.starts_with('/'))
                .collect(),
        )
    }

    fn get(value: &JsValue, key: &str) -> JsValue {
        js_sys::Reflect::get(value, &JsValue::from_str(key)).unwrap_or(JsValue::UNDEFINED)
    }
}
