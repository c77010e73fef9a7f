//! Copy buttons.

use leptos::prelude::*;

/// Brings the copy buttons to life.
#[island]
pub fn Copy() -> impl IntoView {
    #[cfg(feature = "hydrate")]
    imp::start();
}

#[cfg(feature = "hydrate")]
mod imp {
    use wasm_bindgen_futures::{JsFuture, spawn_local};

    use crate::islands::browser::{announce, document, on, pause, target, window};

    pub(super) fn start() {
        on(&document(), "click", |event| {
            let button = target(&event).and_then(|element| element.closest("[data-copy]").ok().flatten());
            let Some(button) = button else { return };
            let text = button
                .get_attribute("data-copy")
                .and_then(|id| document().get_element_by_id(&id))
                .and_then(|element| element.text_content());
            let Some(text) = text else { return };
            spawn_local(async move {
                let written = JsFuture::from(window().navigator().clipboard().write_text(&text)).await;
                if written.is_ok() {
                    announce("Copied");
                    let _ = button.set_attribute("data-copied", "");
                    pause(1500).await;
                    let _ = button.remove_attribute("data-copied");
                }
            });
        });
    }
}
