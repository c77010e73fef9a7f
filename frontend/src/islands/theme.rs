//! Light and dark theme.

use leptos::prelude::*;

/// The theme button: cycles through system, light and dark, and stores the choice in a cookie, so that the server
/// renders the next page with it.
#[island]
pub fn ThemeSwitch() -> impl IntoView {
    let theme = RwSignal::new(Theme::current());
    let title = move || theme.get().title();
    let turn = move |_| {
        theme.update(|theme| *theme = theme.next());
        #[cfg(feature = "hydrate")]
        theme.get_untracked().apply();
    };
    view! {
        <button type="button" class="icon-button theme when-alive" on:click=turn aria-label=title title=title>
            <svg class="icon" aria-hidden="true"><use href="#i-auto"></use></svg>
            <svg class="icon" aria-hidden="true"><use href="#i-sun"></use></svg>
            <svg class="icon" aria-hidden="true"><use href="#i-moon"></use></svg>
        </button>
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Theme {
    System,
    Light,
    Dark,
}

impl Theme {
    fn title(self) -> &'static str {
        match self {
            Self::System => "Theme: as the system has it",
            Self::Light => "Theme: light",
            Self::Dark => "Theme: dark",
        }
    }

    fn next(self) -> Self {
        match self {
            Self::System => Self::Light,
            Self::Light => Self::Dark,
            Self::Dark => Self::System,
        }
    }

    #[cfg(feature = "hydrate")]
    fn current() -> Self {
        let root = document().document_element();
        match root.and_then(|root| root.get_attribute("data-theme")).as_deref() {
            Some("light") => Self::Light,
            Some("dark") => Self::Dark,
            _ => Self::System,
        }
    }

    #[cfg(not(feature = "hydrate"))]
    fn current() -> Self {
        Self::System
    }

    #[cfg(feature = "hydrate")]
    fn apply(self) {
        use wasm_bindgen::JsCast;
        let Some(root) = document().document_element() else {
            return;
        };
        let (word, age) = match self {
            Self::System => ("", 0),
            Self::Light => ("light", 31_536_000),
            Self::Dark => ("dark", 31_536_000),
        };
        let _ = if word.is_empty() {
            root.remove_attribute("data-theme")
        } else {
            root.set_attribute("data-theme", word)
        };
        if let Ok(document) = document().dyn_into::<web_sys::HtmlDocument>() {
            let _ = document.set_cookie(&format!(
                "portico-theme={word}; Path=/; Max-Age={age}; SameSite=Lax"
            ));
        }
    }
}
