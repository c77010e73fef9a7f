//! The search dialog.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use portico_page::visible::visible;
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::{JsFuture, spawn_local};
use web_sys::{
    Element, HtmlDialogElement, HtmlElement, HtmlInputElement, KeyboardEvent, MouseEvent, Response,
};

use crate::browser::{document, find, find_all, lowercase, on, pause, target, window};
use crate::recent::{self, RecentPage};

/// Time without a key press before the server is asked, in milliseconds.
const DELAY_MS: i32 = 70;

/// The search dialog, opened by Ctrl-K or the button in the top bar. Without scripts the button is a link to the
/// catalog.
pub(crate) fn start() {
    let (Some(button), Some(palette)) = (find(".search-button"), Palette::find()) else {
        return;
    };
    let palette = Rc::new(palette);
    let this = Rc::clone(&palette);
    on(&button, "click", move |event| {
        // A click with a modifier key opens the link in another tab.
        if event.dyn_ref::<MouseEvent>().is_some_and(|click| {
            !click.ctrl_key() && !click.meta_key() && !click.shift_key() && click.button() == 0
        }) {
            event.prevent_default();
            this.show();
        }
    });
    let this = Rc::clone(&palette);
    on(&document(), "keydown", move |event| {
        let Some(key) = event.dyn_ref::<KeyboardEvent>() else {
            return;
        };
        if (key.ctrl_key() || key.meta_key()) && key.key().eq_ignore_ascii_case("k") {
            event.prevent_default();
            this.show();
            if this.results.borrow().is_empty() {
                this.search();
            }
        }
    });
    let this = Rc::clone(&palette);
    on(&palette.input, "input", move |_| {
        this.choose(0);
        this.search();
    });
    let this = Rc::clone(&palette);
    on(&palette.input, "keydown", move |event| {
        if event
            .dyn_ref::<KeyboardEvent>()
            .is_some_and(|key| this.steer(&key.key()))
        {
            event.prevent_default();
        }
    });
    let this = Rc::clone(&palette);
    on(&palette.list, "mouseover", move |event| {
        if let Some(index) = this.row_of(target(&event)) {
            this.choose(index);
        }
    });
    let this = Rc::clone(&palette);
    on(&palette.list, "click", move |event| {
        if let Some(index) = this.row_of(target(&event)) {
            this.go(index);
        }
    });
}

/// A search result.
struct SearchResult {
    kind: String,
    title: String,
    detail: String,
    href: String,
    /// For actions on this page: the selector of the element to click.
    button: Option<String>,
}

struct Palette {
    dialog: HtmlDialogElement,
    input: HtmlInputElement,
    list: Element,
    hint: Element,
    /// The hint while nothing is typed. The one while nothing is found is the attribute `data-none`.
    words: Option<String>,
    results: RefCell<Vec<SearchResult>>,
    chosen: Cell<usize>,
}

impl Palette {
    fn find() -> Option<Self> {
        let hint = find(".palette-hint")?;
        Some(Self {
            dialog: find("dialog.palette")?.dyn_into().ok()?,
            input: find("dialog.palette input")?.dyn_into().ok()?,
            list: find("#palette-results")?,
            words: hint.text_content(),
            hint,
            results: RefCell::default(),
            chosen: Cell::new(0),
        })
    }

    fn show(&self) {
        if !self.dialog.open() {
            let _ = self.dialog.show_modal();
        }
        self.input.select();
        let _ = self.input.focus();
    }

    /// Handles a key in the input. Returns whether it did.
    fn steer(&self, key: &str) -> bool {
        let (count, at) = (self.results.borrow().len(), self.chosen.get());
        match key {
            "ArrowDown" if count > 0 => self.choose((at + 1) % count),
            "ArrowUp" if count > 0 => self.choose((at + count - 1) % count),
            "Enter" => self.go(at),
            _ => return false,
        }
        true
    }

    fn search(self: &Rc<Self>) {
        let this = Rc::clone(self);
        let words = self.input.value();
        spawn_local(async move {
            pause(DELAY_MS).await;
            if this.input.value() != words {
                return;
            }
            let found = ask(&words).await.unwrap_or_default();
            let found = recent_first(found, &words);
            if this.input.value() == words {
                this.results.replace(found);
                this.render();
            }
        });
    }

    /// Shows the results, or why there are none.
    fn render(&self) {
        self.list.set_text_content(None);
        let results = self.results.borrow();
        for (index, result) in results.iter().enumerate() {
            let Some(row) = make("li", None) else { continue };
            row.set_id(&row_id(index));
            let _ = row.set_attribute("role", "option");
            for part in [
                make("span", Some(&result.kind)).inspect(|kind| kind.set_class_name("palette-kind")),
                make("span", Some(&result.title)),
                make("small", Some(&result.detail)),
            ] {
                let _ = part.map(|part| row.append_child(&part));
            }
            let _ = self.list.append_child(&row);
        }
        let hint = if !results.is_empty() {
            None
        } else if self.input.value().trim().is_empty() {
            self.words.clone()
        } else {
            self.hint.get_attribute("data-none")
        };
        let _ = self.hint.toggle_attribute_with_force("hidden", hint.is_none());
        self.hint.set_text_content(hint.as_deref());
        self.choose(self.chosen.get());
    }

    /// Marks a row as the one that Enter opens.
    fn choose(&self, index: usize) {
        self.chosen.set(index);
        let _ = self.input.set_attribute("aria-activedescendant", &row_id(index));
        for (each, row) in find_all(&self.list, "li").iter().enumerate() {
            let _ = row.set_attribute("aria-selected", if each == index { "true" } else { "false" });
        }
    }

    fn row_of(&self, element: Option<Element>) -> Option<usize> {
        let row = element?.closest("li").ok()??;
        find_all(&self.list, "li").iter().position(|each| *each == row)
    }

    fn go(&self, index: usize) {
        let results = self.results.borrow();
        let Some(result) = results.get(index) else { return };
        let Some(button) = &result.button else {
            let _ = window().location().assign(&result.href);
            return;
        };
        if let Some(button) = find(button).and_then(|button| button.dyn_into::<HtmlElement>().ok()) {
            button.click();
        }
    }
}

/// Puts what the person opened last before everything else, if it has the words in its title. Where nothing is typed that
/// is all of it but this page.
fn recent_first(found: Vec<SearchResult>, words: &str) -> Vec<SearchResult> {
    let words = lowercase(words.trim());
    let here = window().location().pathname().unwrap_or_default();
    let is_meant = |page: &RecentPage| {
        lowercase(&page.title).contains(&words) && (!words.is_empty() || page.href != here)
    };
    let mut first: Vec<SearchResult> = recent::all()
        .into_iter()
        .filter(is_meant)
        .map(|page| SearchResult {
            kind: page.kind,
            title: page.title,
            detail: page.detail,
            href: page.href,
            button: None,
        })
        .collect();
    for result in found {
        match first
            .iter_mut()
            .find(|first| result.button.is_none() && first.href == result.href)
        {
            // The server knows how it is now.
            Some(first) => *first = result,
            None => first.push(result),
        }
    }
    first
}

fn row_id(index: usize) -> String {
    format!("palette-result-{index}")
}

/// Makes an element. Text by others may contain invisible characters, which it makes visible, as on every page.
fn make(tag: &str, text: Option<&str>) -> Option<Element> {
    let element = document().create_element(tag).ok()?;
    element.set_text_content(text.map(visible).as_deref());
    Some(element)
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
