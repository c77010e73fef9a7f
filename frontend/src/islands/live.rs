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
    use std::cell::{Cell, RefCell};
    use std::rc::Rc;

    use js_sys::Function;
    use wasm_bindgen::JsCast;
    use wasm_bindgen_futures::spawn_local;
    use web_sys::{Event, EventSource, MessageEvent};

    use crate::islands::browser::{document, find, handler, on, pause, window};
    use crate::islands::renew::{self, Answer, Values};
    use crate::islands::{busy, drafts, held, toast};

    /// Milliseconds between two looks at the page, however much changes.
    const BREATH: i32 = 150;
    /// Milliseconds after which a page is looked at even if nothing was heard.
    const NOW_AND_THEN: i32 = 60_000;
    /// Likewise for a page on which something is under way that sends no events.
    const UNDER_WAY: i32 = 2_000;
    /// Milliseconds before a connection that the server refused is tried again; twice as many each time, up to
    /// [`LONGEST_RETRY`].
    const FIRST_RETRY: i32 = 5_000;
    /// The page of a claim that is gone, for instance, is refused for good.
    const LONGEST_RETRY: i32 = 60_000;
    /// Milliseconds after which a page is no longer new.
    const NEW: f64 = 2_000.0;

    thread_local! {
        static BUSY: Cell<bool> = const { Cell::new(false) };
        static AGAIN: Cell<bool> = const { Cell::new(false) };
        static LOST: Cell<bool> = const { Cell::new(false) };
        /// Milliseconds before the next try after a refusal.
        static RETRY: Cell<i32> = const { Cell::new(FIRST_RETRY) };
        /// The connection by which changes are told. A page that nobody sees has none: a browser opens six to a host
        /// by HTTP/1.1, and a seventh page would wait for ever.
        static SOURCE: RefCell<Option<EventSource>> = const { RefCell::new(None) };
    }

    /// What is done with what comes by a connection; the same for every one.
    struct Ears {
        told: Function,
        opened: Function,
        failed: Function,
    }

    pub(super) fn start() {
        drafts::settle();
        busy::watch();
        held::watch_presses();
        if find("main [data-live]").is_none() {
            return;
        }
        let ears = Rc::new_cyclic(|ears: &std::rc::Weak<Ears>| {
            let ears = ears.clone();
            Ears {
                told: handler(|event| told(&event)),
                opened: handler(|_| opened()),
                failed: handler(move |event| {
                    if let Some(ears) = ears.upgrade() {
                        failed(&event, ears);
                    }
                }),
            }
        });
        if !document().hidden() {
            listen(&ears);
            if is_old() {
                refresh();
            }
        }
        let seen = ears.clone();
        on(&document(), "visibilitychange", move |_| {
            if document().hidden() {
                hush();
            } else {
                listen(&seen);
                refresh();
            }
        });
        // A page that is kept for going back to must let go of its connection, and takes it up again.
        on(&window(), "pagehide", |_| hush());
        on(&window(), "pageshow", move |event| {
            if event
                .dyn_ref::<web_sys::PageTransitionEvent>()
                .is_some_and(web_sys::PageTransitionEvent::persisted)
            {
                listen(&ears);
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

    /// Whether the page was made some time ago: fetched beforehand, or kept by the browser. Where the two clocks
    /// disagree, it is looked at once too often.
    fn is_old() -> bool {
        let at = find("main[data-at]").and_then(|main| main.get_attribute("data-at")?.parse::<f64>().ok());
        at.is_some_and(|at| (js_sys::Date::now() - at).abs() > NEW)
    }

    /// Listens, unless it does already.
    fn listen(ears: &Rc<Ears>) {
        if SOURCE.with_borrow(Option::is_some) {
            return;
        }
        let Ok(source) = EventSource::new(&address()) else {
            return;
        };
        let hears = |event: &str, ear| {
            let _ = source.add_event_listener_with_callback(event, ear);
        };
        for event in ["catalog", "claim", "plane", "request", "missed"] {
            hears(event, &ears.told);
        }
        hears("open", &ears.opened);
        hears("error", &ears.failed);
        SOURCE.set(Some(source));
    }

    /// Stops listening.
    fn hush() {
        if let Some(source) = SOURCE.take() {
            source.close();
        }
    }

    fn told(event: &Event) {
        let text = event
            .dyn_ref::<MessageEvent>()
            .and_then(|event| event.data().as_string());
        if concerns_us(&text.unwrap_or_default()) {
            refresh();
        }
    }

    /// What happened before it listened was not heard.
    fn opened() {
        RETRY.set(FIRST_RETRY);
        if LOST.replace(false) || find("main [data-under-way]").is_some() {
            refresh();
        }
    }

    /// The browser connects again by itself, save when the server said no.
    fn failed(event: &Event, ears: Rc<Ears>) {
        LOST.set(true);
        let source = event
            .target()
            .and_then(|target| target.dyn_into::<EventSource>().ok());
        let ours = SOURCE.with_borrow(|ours| ours.is_some() && *ours == source);
        if ours && source.is_some_and(|source| source.ready_state() == EventSource::CLOSED) {
            SOURCE.take();
            let retry = RETRY.get();
            RETRY.set(retry.saturating_mul(2).min(LONGEST_RETRY));
            spawn_local(async move {
                pause(retry).await;
                if !document().hidden() {
                    listen(&ears);
                }
            });
        }
    }

    /// Where changes are told: on a claim's page also those of what stands behind it.
    fn address() -> String {
        let path = window().location().pathname().unwrap_or_default();
        match path.strip_prefix("/claims/") {
            Some(claim) if find("main [data-live=claim]").is_some() => {
                format!("/events?claim={claim}")
            }
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
                let answer = renew::fetch(&here, None).await;
                held::unpressed().await;
                match answer {
                    // One may have gone elsewhere within the page, by searching, say.
                    Answer::Page(text) if window().location().href().ok().as_ref() == Some(&here) => {
                        if let Some(page) = renew::parse(&text) {
                            renew::apply(&page, "data-live", Values::Keep, true);
                        }
                    }
                    Answer::SignedOut => toast::signed_out(),
                    Answer::Page(_) | Answer::Failed | Answer::Offline => {}
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
