//! Reveals and copies secrets.

use portico_page::names;
use wasm_bindgen::JsCast;
use wasm_bindgen_futures::spawn_local;
use web_sys::{Element, HtmlFormElement};

use crate::browser::{
    announce, collect, copy, document, fields, find, find_all, focus, mark_copied, on, pressed_button,
    target, window,
};
use crate::morph;

/// Reveals keys of a secret in place, where there is a separate page without scripts; and copies them without showing
/// them.
pub(crate) fn start() {
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
        let Some(button) = pressed_button(&event) else {
            return;
        };
        event.prevent_default();
        // Read at once: the page may change while the answer is awaited.
        let key = button.get_attribute("value").unwrap_or_default();
        let only_copy = button.has_attribute("data-copy-only");
        spawn_local(async move {
            match ask(&form, &key).await {
                Ok(values) if only_copy => {
                    if let Some((_, value)) = values.first() {
                        if copy(value).await {
                            mark_copied(&button, "Copied. It has been recorded.").await;
                        } else {
                            announce("Your browser does not let Portico copy. Reveal it instead.");
                        }
                    }
                }
                Ok(values) => {
                    for (key, value) in &values {
                        show(key, value);
                    }
                    announce("Revealed. It has been recorded.");
                    let first = values.first().and_then(|(key, _)| place(key));
                    let hide =
                        first.and_then(|place| place.query_selector("button[data-hide]").ok().flatten());
                    if let Some(hide) = hide {
                        focus(&hide);
                    }
                }
                Err(why) => {
                    announce(&why);
                    let _ = window().alert_with_message(&why);
                }
            }
        });
    });
}

/// The text of a block, with secrets in place of the dots.
pub(crate) async fn whole_text(block: &Element) -> Option<String> {
    let secrets = find_all(block, "[data-secret]");
    if secrets.is_empty() {
        return block.text_content();
    }
    let form = find("form[data-reveal]")?.dyn_into::<HtmlFormElement>().ok()?;
    let copied = block
        .clone_node_with_deep(true)
        .ok()?
        .dyn_into::<Element>()
        .ok()?;
    for secret in find_all(&copied, "[data-secret]:not([data-kept])") {
        let key = secret.get_attribute("data-secret")?;
        let values = ask(&form, &key).await.ok()?;
        secret.set_text_content(Some(&quoted(&secret, &values.first()?.1)));
    }
    copied.text_content()
}

/// Requests keys. Returns the values by key, or an error message.
async fn ask(form: &HtmlFormElement, key: &str) -> Result<Vec<(String, String)>, String> {
    let failed = || "It could not be revealed. Reload the page and try again.".to_owned();
    let body = fields(form).ok_or_else(failed)?;
    body.set(names::KEY, key);
    let action = form.get_attribute("action").unwrap_or_default();
    let page = morph::page(&action, Some(&body)).await.ok_or_else(failed)?;
    let values: Vec<_> = collect(page.query_selector_all("[data-revealed]").ok())
        .iter()
        .filter_map(|each| each.get_attribute("data-revealed").zip(each.text_content()))
        .collect();
    if values.is_empty() {
        let heading = page.query_selector("main h1").ok().flatten();
        return Err(heading
            .and_then(|heading| heading.text_content())
            .unwrap_or_else(failed));
    }
    Ok(values)
}

fn place(key: &str) -> Option<Element> {
    collect(document().query_selector_all("[data-keep]").ok())
        .into_iter()
        .find(|place| place.get_attribute("data-keep").as_deref() == Some(key))
}

/// Replaces the dots by the value, with buttons to copy and hide it; also in the snippets.
fn show(key: &str, value: &str) {
    fill_in(key, Some(value));
    let Some(place) = place(key).filter(|place| !place.has_attribute("data-kept")) else {
        return;
    };
    // Values that are not secret are already shown.
    if find_all(&place, "form[data-reveal]").is_empty() {
        return;
    }
    let make = |tag: &str, class: &str, text: &str| {
        let element = document().create_element(tag).ok()?;
        element.set_class_name(class);
        element.set_text_content(Some(text));
        Some(element)
    };
    let (Some(shown), Some(again), Some(hide)) = (
        make("code", "revealed", value),
        make("button", "button small", "Copy"),
        make("button", "button small", "Hide"),
    ) else {
        return;
    };
    for button in [&again, &hide] {
        let _ = button.set_attribute("type", "button");
    }
    let _ = hide.set_attribute("data-hide", "");
    let _ = place.set_attribute("data-kept", "");
    let hidden: Vec<_> = find_all(&place, ":scope > *");
    for each in &hidden {
        let _ = each.set_attribute("hidden", "");
    }
    for each in [&shown, &again, &hide] {
        let _ = place.append_child(each);
    }
    let text = value.to_owned();
    on(&again.clone(), "click", move |_| {
        let (button, text) = (again.clone(), text.clone());
        spawn_local(async move {
            if copy(&text).await {
                mark_copied(&button, "Copied").await;
            }
        });
    });
    let key = key.to_owned();
    on(&hide, "click", move |_| {
        fill_in(&key, None);
        for each in find_all(&place, "code.revealed, button[type=button]") {
            each.remove();
        }
        for each in &hidden {
            let _ = each.remove_attribute("hidden");
        }
        let _ = place.remove_attribute("data-kept");
        if let Ok(Some(button)) = place.query_selector("button:not([data-copy-only])") {
            focus(&button);
        }
    });
}

/// Shows the value in the snippets, or hides it.
fn fill_in(key: &str, value: Option<&str>) {
    for secret in collect(document().query_selector_all("[data-secret]").ok()) {
        if secret.get_attribute("data-secret").as_deref() != Some(key) {
            continue;
        }
        if let Some(value) = value {
            secret.set_text_content(Some(&quoted(&secret, value)));
            let _ = secret.set_attribute("data-kept", "");
        } else {
            secret.set_text_content(Some("●●●●●●●●"));
            let _ = secret.remove_attribute("data-kept");
        }
    }
}

/// Quotes a value for its place in a snippet.
fn quoted(place: &Element, value: &str) -> String {
    if place.get_attribute("data-quoting").as_deref() == Some("yaml") {
        // A JSON string is a string of YAML as well.
        js_sys::JSON::stringify(&value.into()).map_or_else(|_| String::new(), String::from)
    } else {
        environment_value(value)
    }
}

/// Quotes a value for a file of environment variables, if a shell would interpret it.
fn environment_value(value: &str) -> String {
    let plain = |letter: char| letter.is_ascii_alphanumeric() || "_-.,:/@%+=?&".contains(letter);
    if value.chars().all(plain) && !value.is_empty() {
        value.to_owned()
    } else if value.contains('\'') {
        let escaped = value
            .replace('\\', "\\\\")
            .replace('"', "\\\"")
            .replace('$', "\\$")
            .replace('`', "\\`");
        format!("\"{escaped}\"")
    } else {
        format!("'{value}'")
    }
}
