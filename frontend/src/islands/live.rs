//! Pages that stay true by themselves.

use leptos::prelude::*;

/// Keeps the page true: hears of changes, asks for the page anew and takes over what differs. After a lost
/// connection it catches up.
#[island]
pub fn Live() -> impl IntoView {
    #[cfg(feature = "hydrate")]
    imp::start();
}

#[cfg(feature = "hydrate")]
mod imp {
    use std::cell::Cell;

    use wasm_bindgen::JsCast;
    use wasm_bindgen_futures::spawn_local;
    use web_sys::{EventSource, MessageEvent};

    use crate::islands::browser::{document, find, on, pause, window};
    use crate::islands::renew;

    /// Milliseconds between two looks at the page, however much changes.
    const BREATH: i32 = 150;
    /// Milliseconds after which a page is looked at even if nothing was heard.
    const NOW_AND_THEN: i32 = 60_000;
    /// Likewise for a page on which something is under way that sends no events.
    const UNDER_WAY: i32 = 2_000;
    /// Milliseconds before a connection that the server refused is tried again.
    const LATER: i32 = 5_000;

    thread_local! {
        static BUSY: Cell<bool> = const { Cell::new(false) };
        static AGAIN: Cell<bool> = const { Cell::new(false) };
        static LOST: Cell<bool> = const { Cell::new(false) };
    }

    pub(super) fn start() {
        if find("main [data-live]").is_none() {
            return;
        }
        listen();
        on(&document(), "visibilitychange", |_| {
            if !document().hidden() {
                refresh();
            }
        });
        spawn_local(async {
            loop {
                let under_way = find("main [data-under-way]").is_some();
                pause(if under_way { UNDER_WAY } else { NOW_AND_THEN }).await;
                if !document().hidden() {
                    refresh();
                }
            }
        });
    }

    fn listen() {
        let Ok(source) = EventSource::new(&address()) else {
            return;
        };
        for event in [
            "message", "catalog", "claim", "plane", "request", "missed", "change",
        ] {
            on(&source, event, |event| {
                let text = event
                    .dyn_ref::<MessageEvent>()
                    .and_then(|event| event.data().as_string());
                if concerns_us(&text.unwrap_or_default()) {
                    refresh();
                }
            });
        }
        on(&source, "open", |_| {
            // What happened before it listened was not heard.
            if LOST.replace(false) || find("main [data-under-way]").is_some() {
                refresh();
            }
        });
        let failed = source.clone();
        on(&source, "error", move |_| {
            LOST.set(true);
            if failed.ready_state() == EventSource::CLOSED {
                spawn_local(async {
                    pause(LATER).await;
                    listen();
                });
            }
        });
        on(&window(), "pagehide", move |_| source.close());
        on(&window(), "pageshow", |event| {
            if event
                .dyn_ref::<web_sys::PageTransitionEvent>()
                .is_some_and(web_sys::PageTransitionEvent::persisted)
            {
                refresh();
            }
        });
    }

    /// Where changes are told: on a claim's page also those of what stands behind it.
    fn address() -> String {
        let path = window().location().pathname().unwrap_or_default();
        match path.strip_prefix("/claims/") {
            Some(claim) if find("main [data-live=claim]").is_some() => format!("/events?claim={claim}"),
            _ => "/events".to_owned(),
        }
    }

    /// A claim's own page looks up only when something happens to that claim.
    fn concerns_us(event: &str) -> bool {
        let path = window().location().pathname().unwrap_or_default();
        let one_claim = path.starts_with("/claims/");
        let other_claim = event.contains("\"href\"") && !event.contains(&path);
        !(one_claim && other_claim)
    }

    /// Asks for the page anew; once more afterwards when asked to meanwhile.
    fn refresh() {
        if BUSY.get() {
            AGAIN.set(true);
            return;
        }
        BUSY.set(true);
        spawn_local(async {
            loop {
                AGAIN.set(false);
                let here = window().location().href().unwrap_or_default();
                let page = renew::fetch(&here, None).await;
                // One may have gone elsewhere within the page, by searching, say.
                if let Some(page) = page.filter(|_| window().location().href().ok().as_ref() == Some(&here)) {
                    renew::apply(&page, "data-live", false);
                }
                pause(BREATH).await;
                if !AGAIN.get() {
                    break;
                }
            }
            BUSY.set(false);
        });
    }
}
