//! Keeps pages up to date.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use js_sys::Function;
use wasm_bindgen::JsCast;
use wasm_bindgen_futures::spawn_local;
use web_sys::{Event, EventSource, MessageEvent};

use crate::browser::{document, find, handler, now, number, on, pause, window};
use crate::morph::{self, Answer, Values};
use crate::{busy, drafts, select_rows, toast, user_state};

/// Minimum time between two refreshes.
const MIN_INTERVAL_MS: i32 = 150;
/// Time between refreshes without any event.
const FALLBACK_POLL_MS: i32 = 60_000;
/// Time between refreshes while something is in progress that sends no events.
const ACTIVE_POLL_MS: i32 = 2_000;
/// Time before reconnecting after the server refused the connection. Doubles with each refusal, up to
/// [`MAX_RECONNECT_DELAY_MS`].
const RECONNECT_DELAY_MS: i32 = 5_000;
/// Longest time between attempts to reconnect. The page of a deleted claim, for example, is refused forever.
const MAX_RECONNECT_DELAY_MS: i32 = 60_000;
/// Age at which a page counts as stale.
const MAX_AGE_MS: f64 = 2_000.0;

thread_local! {
    static REFRESHING: Cell<bool> = const { Cell::new(false) };
    static REFRESH_PENDING: Cell<bool> = const { Cell::new(false) };
    static CONNECTION_LOST: Cell<bool> = const { Cell::new(false) };
    /// Time before the next attempt to reconnect, in milliseconds.
    static RECONNECT_DELAY: Cell<i32> = const { Cell::new(RECONNECT_DELAY_MS) };
    /// The event stream. Hidden pages have none: over HTTP/1.1 a browser opens at most six connections to a host,
    /// so a seventh page would hang.
    static EVENT_SOURCE: RefCell<Option<EventSource>> = const { RefCell::new(None) };
}

/// The listeners of an event stream, reused when it reconnects.
struct Listeners {
    message: Function,
    open: Function,
    error: Function,
}

/// Keeps the page up to date: listens for events, fetches the page again and applies the differences. Catches up after
/// a lost connection.
pub(crate) fn start() {
    drafts::clean_up();
    busy::watch();
    user_state::watch_presses();
    if find("main [data-live]").is_none() {
        return;
    }
    let listeners = Rc::new_cyclic(|listeners: &std::rc::Weak<Listeners>| {
        let listeners = listeners.clone();
        Listeners {
            message: handler(|event| on_event(&event)),
            open: handler(|_| on_open()),
            error: handler(move |event| {
                if let Some(listeners) = listeners.upgrade() {
                    on_error(&event, listeners);
                }
            }),
        }
    });
    if !document().hidden() {
        connect(&listeners);
        if is_stale() {
            refresh();
        }
    }
    let seen = listeners.clone();
    on(&document(), "visibilitychange", move |_| {
        if document().hidden() {
            disconnect();
        } else {
            connect(&seen);
            refresh();
        }
    });
    // A page in the back-forward cache must close its connection, and reopens it when it is shown.
    on(&window(), "pagehide", |_| disconnect());
    on(&window(), "pageshow", move |event| {
        if event
            .dyn_ref::<web_sys::PageTransitionEvent>()
            .is_some_and(web_sys::PageTransitionEvent::persisted)
        {
            connect(&listeners);
            refresh();
        }
    });
    spawn_local(async {
        loop {
            let under_way = find("main [data-under-way]").is_some();
            pause(if under_way {
                ACTIVE_POLL_MS
            } else {
                FALLBACK_POLL_MS
            })
            .await;
            if !document().hidden() {
                refresh();
            }
        }
    });
}

/// True if the page was rendered a while ago: prefetched, or restored by the browser. If the clocks disagree, this
/// causes one needless refresh.
fn is_stale() -> bool {
    let at = find("main[data-at]").and_then(|main| number(&main.get_attribute("data-at")?));
    at.is_some_and(|at| (now() - at).abs() > MAX_AGE_MS)
}

/// Opens the event stream, unless it is open.
fn connect(listeners: &Rc<Listeners>) {
    if EVENT_SOURCE.with_borrow(Option::is_some) {
        return;
    }
    let Ok(source) = EventSource::new(&events_url()) else {
        return;
    };
    let add_listener = |event: &str, listener| {
        let _ = source.add_event_listener_with_callback(event, listener);
    };
    for event in ["catalog", "claim", "plane", "request", "missed"] {
        add_listener(event, &listeners.message);
    }
    add_listener("open", &listeners.open);
    add_listener("error", &listeners.error);
    EVENT_SOURCE.set(Some(source));
}

/// Closes the event stream.
fn disconnect() {
    if let Some(source) = EVENT_SOURCE.take() {
        source.close();
    }
}

fn on_event(event: &Event) {
    let text = event
        .dyn_ref::<MessageEvent>()
        .and_then(|event| event.data().as_string());
    if is_relevant(&text.unwrap_or_default()) {
        refresh();
    }
}

/// Events before the connection opened were missed.
fn on_open() {
    RECONNECT_DELAY.set(RECONNECT_DELAY_MS);
    if CONNECTION_LOST.replace(false) || find("main [data-under-way]").is_some() {
        refresh();
    }
}

/// The browser reconnects by itself, except when the server refused the connection.
fn on_error(event: &Event, listeners: Rc<Listeners>) {
    CONNECTION_LOST.set(true);
    let source = event
        .target()
        .and_then(|target| target.dyn_into::<EventSource>().ok());
    let ours = EVENT_SOURCE.with_borrow(|ours| ours.is_some() && *ours == source);
    if ours && source.is_some_and(|source| source.ready_state() == EventSource::CLOSED) {
        EVENT_SOURCE.take();
        let delay = RECONNECT_DELAY.get();
        RECONNECT_DELAY.set(delay.saturating_mul(2).min(MAX_RECONNECT_DELAY_MS));
        spawn_local(async move {
            pause(delay).await;
            if !document().hidden() {
                connect(&listeners);
            }
        });
    }
}

/// The URL of the event stream. A claim's page also gets events about the claim's composed resources.
fn events_url() -> String {
    let path = window().location().pathname().unwrap_or_default();
    match path.strip_prefix("/claims/") {
        Some(claim) if find("main [data-live=claim]").is_some() => {
            format!("/events?claim={claim}")
        }
        _ => "/events".to_owned(),
    }
}

/// True unless this is the page of a claim and the event is about another claim.
fn is_relevant(event: &str) -> bool {
    let path = window().location().pathname().unwrap_or_default();
    let one_claim = path.starts_with("/claims/");
    let other_claim = event.contains("\"href\"") && !event.contains(&path);
    !(one_claim && other_claim)
}

/// Fetches the page, or the address that it names in `data-live-at`, and applies the differences; again afterwards if another refresh was requested meanwhile.
fn refresh() {
    if REFRESHING.get() {
        REFRESH_PENDING.set(true);
        return;
    }
    REFRESHING.set(true);
    spawn_local(async {
        loop {
            REFRESH_PENDING.set(false);
            let here = window().location().href().unwrap_or_default();
            let source = find("main [data-live-at]").and_then(|region| region.get_attribute("data-live-at"));
            let answer = morph::fetch(source.as_ref().unwrap_or(&here), None).await;
            user_state::wait_until_released().await;
            match answer {
                // The person may have navigated within the page, by searching for example.
                Answer::Page(text) if window().location().href().ok().as_ref() == Some(&here) => {
                    if let Some(page) = morph::parse(&text) {
                        morph::apply(&page, "data-live", Values::Keep, true);
                        select_rows::recount();
                    }
                }
                Answer::SignedOut => toast::signed_out(),
                Answer::Page(_) | Answer::Failed | Answer::Offline => {}
            }
            pause(MIN_INTERVAL_MS).await;
            if !REFRESH_PENDING.get() {
                break;
            }
        }
        REFRESHING.set(false);
    });
}
