//! Light and dark theme.

use wasm_bindgen::JsCast;
use web_sys::{Element, HtmlDocument};

use crate::browser::{document, find, on};

/// A year, in seconds.
const YEAR: u32 = 31_536_000;

/// The theme button: cycles through system, light and dark, and stores the choice in a cookie, so that the server
/// renders the next page with it. The button has its title for each in `data-system`, `data-light` and `data-dark`.
pub(crate) fn start() {
    let Some(button) = find("button.theme") else {
        return;
    };
    on(&button.clone(), "click", move |_| {
        let theme = Theme::current().next();
        theme.apply();
        theme.label(&button);
    });
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Theme {
    System,
    Light,
    Dark,
}

impl Theme {
    fn next(self) -> Self {
        match self {
            Self::System => Self::Light,
            Self::Light => Self::Dark,
            Self::Dark => Self::System,
        }
    }

    fn current() -> Self {
        let root = document().document_element();
        match root.and_then(|root| root.get_attribute("data-theme")).as_deref() {
            Some("light") => Self::Light,
            Some("dark") => Self::Dark,
            _ => Self::System,
        }
    }

    fn apply(self) {
        let Some(root) = document().document_element() else {
            return;
        };
        let (word, age) = match self {
            Self::System => ("", 0),
            Self::Light => ("light", YEAR),
            Self::Dark => ("dark", YEAR),
        };
        let _ = if word.is_empty() {
            root.remove_attribute("data-theme")
        } else {
            root.set_attribute("data-theme", word)
        };
        if let Ok(document) = document().dyn_into::<HtmlDocument>() {
            let _ = document.set_cookie(&format!(
                "portico-theme={word}; Path=/; Max-Age={age}; SameSite=Lax"
            ));
        }
    }

    fn label(self, button: &Element) {
        let title = button.get_attribute(match self {
            Self::System => "data-system",
            Self::Light => "data-light",
            Self::Dark => "data-dark",
        });
        for attribute in ["title", "aria-label"] {
            let _ = button.set_attribute(attribute, title.as_deref().unwrap_or_default());
        }
    }
}
