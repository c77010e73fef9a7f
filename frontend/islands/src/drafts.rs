//! Drafts of forms, kept in this tab until they are submitted, discarded, or the person signs out. They survive an
//! ended session, a reload, a change of environment and going back. Secrets are not kept.

use portico_page::names;
use web_sys::{Event, HtmlFormElement, Storage, UrlSearchParams};

use super::browser::{collect, decimal, document, fields, find, now, number, on, target, window};

/// The key of a draft is this prefix and the path that the form posts to.
const KEY_PREFIX: &str = "draft:";
/// Field of a draft: the person it belongs to.
const OWNER: &str = "@who";
/// Field of a draft: when it was saved, in milliseconds since 1970.
const SAVED_AT: &str = "@at";
/// Field of a draft: the id of the request as which the form was submitted. The draft is removed once a page loads that is
/// not an error.
const SUBMITTED: &str = "@sent";

/// Fields of the page, which are not part of a draft.
pub(super) const PAGE_FIELDS: [&str; 5] = [
    names::CSRF,
    names::WORKSPACE,
    names::SCHEMA,
    names::REQUEST,
    names::DO,
];

/// Saves the current fields of a form.
pub(super) fn save(form: &HtmlFormElement) {
    write(form, false);
}

/// Saves the current fields of a form as submitted.
pub(super) fn save_as_submitted(form: &HtmlFormElement) {
    write(form, true);
}

fn write(form: &HtmlFormElement, sent: bool) {
    let id = fields(form).and_then(|fields| fields.get(names::REQUEST));
    let (Some(store), Some(key), Some(draft)) = (store(), key(form), fields(form)) else {
        return;
    };
    for name in PAGE_FIELDS {
        draft.delete(name);
    }
    for secret in collect(form.query_selector_all("input[type=password]").ok()) {
        draft.delete(&secret.get_attribute("name").unwrap_or_default());
    }
    draft.append(OWNER, &person());
    draft.append(SAVED_AT, &decimal(now()));
    if sent {
        draft.append(SUBMITTED, &id.unwrap_or_default());
    }
    // If the browser stores nothing, only the draft is lost.
    let _ = store.set_item(&key, &String::from(draft.to_string()));
}

/// A draft of a form.
pub(super) struct Draft {
    /// Its fields.
    pub(super) fields: UrlSearchParams,
    /// Its age.
    pub(super) minutes: u32,
    /// The id of the request as which it was submitted. What became of that is not known: the session may have ended, or
    /// the next page was left before its code ran.
    pub(super) sent_as: Option<String>,
}

/// Returns this person's draft of the form.
pub(super) fn load(form: &HtmlFormElement) -> Option<Draft> {
    let draft = read(&key(form)?)?;
    let sent_as = draft.get(SUBMITTED).filter(|id| !id.is_empty());
    let at = number(&draft.get(SAVED_AT)?)?;
    let minutes = ((now() - at) / 60_000.0).max(0.0);
    for name in [OWNER, SAVED_AT, SUBMITTED] {
        draft.delete(name);
    }
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "not negative, and a cast of what is too large gives the largest"
    )]
    let minutes = minutes as u32;
    Some(Draft {
        fields: draft,
        minutes,
        sent_as,
    })
}

/// Deletes the draft of a form.
pub(super) fn discard(form: &HtmlFormElement) {
    if let (Some(store), Some(key)) = (store(), key(form)) {
        let _ = store.remove_item(&key);
    }
}

/// Cleans up on every page: removes submitted drafts once a page loads that is not an error, drafts of other people,
/// and all drafts on sign-out.
pub(super) fn clean_up() {
    let path = window().location().pathname().unwrap_or_default();
    let failed = find("main [data-error]").is_some();
    for key in keys() {
        let sent = raw(&key).is_some_and(|draft| draft.has(SUBMITTED));
        let elsewhere = key.strip_prefix(KEY_PREFIX) != Some(&path);
        if read(&key).is_none() || sent && elsewhere && !failed {
            forget(&key);
        } else if sent && let Some(draft) = raw(&key) {
            // The submission failed.
            draft.delete(SUBMITTED);
            if let Some(store) = store() {
                let _ = store.set_item(&key, &String::from(draft.to_string()));
            }
        }
    }
    on(&document(), "submit", |event| {
        if is_sign_out(&event) {
            for key in keys() {
                forget(&key);
            }
        }
    });
}

/// True if the person signs out by this submit.
pub(super) fn is_sign_out(event: &Event) -> bool {
    target(event).is_some_and(|form| form.get_attribute("action").as_deref() == Some("/auth/logout"))
}

fn read(key: &str) -> Option<UrlSearchParams> {
    raw(key).filter(|draft| draft.get(OWNER).as_deref() == Some(&person()))
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
        .filter(|key| key.starts_with(KEY_PREFIX))
        .collect()
}

fn key(form: &HtmlFormElement) -> Option<String> {
    Some(format!("{KEY_PREFIX}{}", form.get_attribute("action")?))
}

/// The signed-in person, from the head of the page.
pub(super) fn person() -> String {
    find(".person .menu-text")
        .and_then(|person| person.text_content())
        .unwrap_or_default()
}

fn store() -> Option<Storage> {
    window().session_storage().ok().flatten()
}
