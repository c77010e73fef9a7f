//! What was typed into a form, kept in this tab until it is sent, thrown away, or its person signs out: a session that
//! ends, a reload, another environment or going back lose nothing. Nothing secret is kept.

use portico_domain::view::names;
use web_sys::{Element, HtmlFormElement, Storage, UrlSearchParams};

use super::browser::{collect, document, fields, find, now, on, window};

/// Before the path that a form posts to: the key under which its draft is kept.
const PREFIX: &str = "draft:";
/// In a draft: whose it is.
const WHO: &str = "@who";
/// In a draft: when it was kept, in milliseconds since 1970.
const AT: &str = "@at";
/// In a draft: it was sent, and is gone once a page answers that is not an error.
const SENT: &str = "@sent";

/// Belongs to the page that is shown, not to what was typed.
pub(super) const OF_THE_PAGE: [&str; 5] = [
    names::CSRF,
    names::WORK_IN,
    names::SCHEMA,
    names::REQUEST,
    names::DO,
];

/// Keeps what is in the form now.
pub(super) fn keep(form: &HtmlFormElement) {
    write(form, false);
}

/// Keeps it as what was sent.
pub(super) fn keep_as_sent(form: &HtmlFormElement) {
    write(form, true);
}

fn write(form: &HtmlFormElement, sent: bool) {
    let (Some(store), Some(key), Some(draft)) = (store(), key(form), fields(form)) else {
        return;
    };
    for name in OF_THE_PAGE {
        draft.delete(name);
    }
    for secret in collect(form.query_selector_all("input[type=password]").ok()) {
        draft.delete(&secret.get_attribute("name").unwrap_or_default());
    }
    draft.append(WHO, &person());
    draft.append(AT, &now().to_string());
    if sent {
        draft.append(SENT, "");
    }
    // A browser that keeps nothing, or no more, costs the draft only.
    let _ = store.set_item(&key, &String::from(draft.to_string()));
}

/// The draft of this form, if this person has one, and how many minutes old it is.
pub(super) fn of(form: &HtmlFormElement) -> Option<(UrlSearchParams, u32)> {
    let draft = read(&key(form)?)?;
    let at: f64 = draft.get(AT)?.parse().ok()?;
    let minutes = ((now() - at) / 60_000.0).max(0.0);
    for name in [WHO, AT, SENT] {
        draft.delete(name);
    }
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "not negative, and a cast of what is too large gives the largest"
    )]
    let minutes = minutes as u32;
    Some((draft, minutes))
}

/// Throws the draft of a form away.
pub(super) fn discard(form: &HtmlFormElement) {
    if let (Some(store), Some(key)) = (store(), key(form)) {
        let _ = store.remove_item(&key);
    }
}

/// On every page: forgets what was sent once a page answers that is no error, another person's drafts, and all of them
/// when somebody signs out.
pub(super) fn settle() {
    let path = window().location().pathname().unwrap_or_default();
    let failed = find("main [data-error]").is_some();
    for key in keys() {
        let sent = raw(&key).is_some_and(|draft| draft.has(SENT));
        let elsewhere = key.strip_prefix(PREFIX) != Some(&path);
        if read(&key).is_none() || sent && elsewhere && !failed {
            forget(&key);
        } else if sent && let Some(draft) = raw(&key) {
            // It was not taken after all.
            draft.delete(SENT);
            if let Some(store) = store() {
                let _ = store.set_item(&key, &String::from(draft.to_string()));
            }
        }
    }
    on(&document(), "submit", |event| {
        let leaves = event
            .target()
            .and_then(|form| wasm_bindgen::JsCast::dyn_into::<Element>(form).ok())
            .is_some_and(|form| form.get_attribute("action").as_deref() == Some("/auth/logout"));
        if leaves {
            for key in keys() {
                forget(&key);
            }
        }
    });
}

fn read(key: &str) -> Option<UrlSearchParams> {
    raw(key).filter(|draft| draft.get(WHO).as_deref() == Some(&person()))
}

fn raw(key: &str) -> Option<UrlSearchParams> {
    UrlSearchParams::new_with_str(&store()?.get_item(key).ok()??).ok()
}

fn forget(key: &str) {
    if let Some(store) = store() {
        let _ = store.remove_item(key);
    }
}

fn keys() -> Vec<String> {
    let Some(store) = store() else {
        return Vec::new();
    };
    let count = store.length().unwrap_or_default();
    (0..count)
        .filter_map(|index| store.key(index).ok()?)
        .filter(|key| key.starts_with(PREFIX))
        .collect()
}

fn key(form: &HtmlFormElement) -> Option<String> {
    Some(format!("{PREFIX}{}", form.get_attribute("action")?))
}

/// Who is signed in, as the page's head says.
fn person() -> String {
    find(".person .menu-text")
        .and_then(|person| person.text_content())
        .unwrap_or_default()
}

fn store() -> Option<Storage> {
    window().session_storage().ok().flatten()
}
