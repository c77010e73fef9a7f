//! The claims, requests, offerings, control planes and tenants whose pages the person opened last, kept in the browser
//! until they sign out. Search everywhere begins with them.

use js_sys::{Array, JSON};
use wasm_bindgen::{JsCast, JsValue};
use web_sys::{Element, Storage};

use super::browser::{document, find, on, window};
use super::drafts::{is_sign_out, person};

/// What is kept: the person's name, then the pages, newest first.
const KEY: &str = "recent";
/// Pages that are kept.
const MAX_PAGES: usize = 8;

/// A page that was opened.
#[derive(Clone)]
pub(crate) struct RecentPage {
    pub(crate) kind: String,
    pub(crate) title: String,
    pub(crate) detail: String,
    pub(crate) href: String,
}

/// Remembers this page, or forgets it if it is an error. Forgets all of them on sign-out.
pub(crate) fn start() {
    on(&document(), "submit", |event| {
        if is_sign_out(&event)
            && let Some(store) = store()
        {
            let _ = store.remove_item(KEY);
        }
    });
    let path = window().location().pathname().unwrap_or_default();
    let Some(kind) = kind_of(&path) else { return };
    let mut pages = all();
    pages.retain(|page| page.href != path);
    let title = find("main .page-head h1").and_then(|title| first_text(&title));
    if let Some(title) = title.filter(|_| find("main [data-error]").is_none()) {
        let detail = find("main .page-head h1 + p").and_then(|detail| detail.text_content());
        let page = RecentPage {
            kind: kind.to_owned(),
            title,
            detail: detail.unwrap_or_default(),
            href: path,
        };
        pages.insert(0, page);
    }
    write(&pages);
}

/// Returns the pages that this person opened, newest first.
pub(crate) fn all() -> Vec<RecentPage> {
    read().unwrap_or_default()
}

/// What a page is about, by its path; `None`: it is a list or a form.
fn kind_of(path: &str) -> Option<&'static str> {
    let parts: Vec<&str> = path.split('/').skip(1).collect();
    match parts.as_slice() {
        ["claims", _, _, _, _] => Some("claim"),
        ["requests", _] => Some("request"),
        ["catalog", _] => Some("offering"),
        ["admin", "control-planes", _] => Some("control plane"),
        ["admin", "tenants", _] => Some("tenant"),
        _ => None,
    }
}

/// The text of a heading without what is beside it, such as a badge.
fn first_text(heading: &Element) -> Option<String> {
    let text = heading.first_child()?.text_content()?;
    let text = text.trim();
    (!text.is_empty()).then(|| text.to_owned())
}

fn read() -> Option<Vec<RecentPage>> {
    let text = store()?.get_item(KEY).ok()??;
    let kept: Array = JSON::parse(&text).ok()?.dyn_into().ok()?;
    if kept.get(0).as_string()? != person() {
        return None;
    }
    let pages = kept.iter().skip(1).filter_map(|page| {
        let page: Array = page.dyn_into().ok()?;
        let href = page.get(3).as_string()?;
        // Somebody may have changed what the browser keeps.
        kind_of(&href)?;
        Some(RecentPage {
            kind: page.get(0).as_string()?,
            title: page.get(1).as_string()?,
            detail: page.get(2).as_string()?,
            href,
        })
    });
    Some(pages.collect())
}

fn write(pages: &[RecentPage]) {
    let kept = Array::of1(&JsValue::from_str(&person()));
    for page in pages.iter().take(MAX_PAGES) {
        let texts = [&page.kind, &page.title, &page.detail, &page.href];
        kept.push(
            &texts
                .into_iter()
                .map(|text| JsValue::from_str(text))
                .collect::<Array>(),
        );
    }
    if let (Some(store), Ok(text)) = (store(), JSON::stringify(&kept)) {
        let _ = store.set_item(KEY, &String::from(text));
    }
}

fn store() -> Option<Storage> {
    window().local_storage().ok().flatten()
}
