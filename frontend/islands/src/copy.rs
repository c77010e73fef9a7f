//! Copy buttons.

use wasm_bindgen_futures::spawn_local;

use crate::browser::{announce, copy, document, mark_copied, on, target};
use crate::reveal::whole_text;

/// Activates the copy buttons.
pub(crate) fn start() {
    on(&document(), "click", |event| {
        let button = target(&event).and_then(|element| element.closest("[data-copy]").ok().flatten());
        let Some(button) = button else { return };
        let block = button
            .get_attribute("data-copy")
            .and_then(|id| document().get_element_by_id(&id));
        let Some(block) = block else { return };
        spawn_local(async move {
            let copied = match whole_text(&block).await {
                Some(text) => copy(&text).await,
                None => false,
            };
            if copied {
                mark_copied(&button, "Copied").await;
            } else {
                announce("It could not be copied.");
            }
        });
    });
}
