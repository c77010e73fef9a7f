//! Search while typing.

use std::cell::Cell;

use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::spawn_local;
use web_sys::HtmlFormElement;

use crate::browser::{fields, find, on, pause, window};
use crate::morph::{self, Values};

/// Time without a key press before the server is asked, in milliseconds.
const DELAY_MS: i32 = 90;

thread_local! {
    static LATEST: Cell<u32> = const { Cell::new(0) };
}

/// Search while typing, for every `form[data-search]`. The query stays in the URL.
pub(crate) fn start() {
    let Some(form) = find("form[data-search]").and_then(|form| form.dyn_into::<HtmlFormElement>().ok())
    else {
        return;
    };
    for event in ["input", "change"] {
        let form = form.clone();
        on(&form.clone(), event, move |_| search(&form, DELAY_MS));
    }
    let sent = form.clone();
    on(&form, "submit", move |event| {
        event.prevent_default();
        search(&sent, 0);
    });
}

fn search(form: &HtmlFormElement, delay: i32) {
    let turn = LATEST.get() + 1;
    LATEST.set(turn);
    let Some(url) = url(form) else { return };
    spawn_local(async move {
        pause(delay).await;
        if LATEST.get() != turn {
            return;
        }
        let page = morph::searched(&url).await;
        if LATEST.get() != turn {
            return;
        }
        match page {
            Some(page) => {
                if let Ok(history) = window().history() {
                    let _ = history.replace_state_with_url(&JsValue::NULL, "", Some(&url));
                }
                morph::apply(&page, "data-live", Values::Keep, true);
            }
            None => {
                let _ = window().location().assign(&url);
            }
        }
    });
}

/// The URL of the form's results, without empty fields.
fn url(form: &HtmlFormElement) -> Option<String> {
    let all = fields(form)?;
    let kept = web_sys::UrlSearchParams::new().ok()?;
    for pair in js_sys::Array::from(&all).iter() {
        let pair = js_sys::Array::from(&pair);
        let (name, value) = (pair.get(0).as_string()?, pair.get(1).as_string()?);
        if !value.trim().is_empty() {
            kept.append(&name, &value);
        }
    }
    let query = String::from(kept.to_string());
    let path = form.get_attribute("action")?;
    Some(if query.is_empty() {
        path
    } else {
        format!("{path}?{query}")
    })
}
