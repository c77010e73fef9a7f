use leptos::prelude::*;
use portico_api::{ConfigurationError, ConfigurationPage, Frame, HomePlaneState, Link};

use super::tabs;
use crate::parts::text::counted;
use crate::parts::{document, icon, since, time};

/// The configuration in force, and its errors.
#[must_use]
pub fn admin_configuration(frame: &Frame, page: &ConfigurationPage) -> String {
    document(frame, || {
        let documents: Vec<_> = page
            .documents
            .iter()
            .map(|(kind, count)| view! { <div><dt>{kind.clone()}</dt><dd>{*count}</dd></div> })
            .collect();
        view! {
            <div class="page-head"><h1>"Admin"</h1></div>
            {tabs(frame, &Link::Configuration)}
            <div class="live" data-live="configuration">
                {verdict(frame, page)}
                {page.home.as_ref().map(|home| self::home(frame, home))}
                {list("Errors", &page.errors, "bad")}
                {page.home.as_ref().and_then(|home| list("Errors of the home control plane", &home.errors, "bad"))}
                {list("Remarks", &page.warnings, "warning")}
                <section class="half" aria-labelledby="documents">
                    <h2 id="documents">"In force"</h2>
                    <dl class="facts">{documents}</dl>
                </section>
            </div>
        }
        .into_any()
    })
}

fn verdict(frame: &Frame, page: &ConfigurationPage) -> AnyView {
    if page.errors.is_empty() {
        return view! {
            <p class="line well">{icon("ready")}<span>"The files are in force since "{time(frame.now, page.loaded_at)}"."</span></p>
        }
        .into_any();
    }
    let errors = counted(page.errors.len(), "error", "errors");
    view! {
        <div class="notice bad" role="status">{icon("bad")}<p>
            {format!("The files have {errors}, so what was read ")}{time(frame.now, page.loaded_at)}" stays in force. Mend them and save: they are read again by themselves."
        </p></div>
    }
    .into_any()
}

/// The state of the home control plane.
fn home(frame: &Frame, home: &HomePlaneState) -> AnyView {
    let failure = home.failure.clone().map(|failure| {
        let duration = home
            .failing_since
            .map(|at| view! { ", for "{since(frame.now, at)}" now" });
        let then = if home.synced {
            "What was read from it before stays in force."
        } else {
            "None of its documents is in force, and nobody can request anything until it has been read."
        };
        view! {
            <div class="notice bad" role="status">{icon("unreachable")}<p>
                "The home control plane cannot be read"{duration}": "{failure}". "{then}
            </p></div>
        }
    });
    let blocked = home.blocked.clone().filter(|_| home.synced).map(|reason| {
        view! {
            <div class="notice bad" role="status">{icon("bad")}<p>"Nobody can request anything. "{reason}</p></div>
        }
    });
    let unwritten = home.unwritten.clone().map(|why| {
        view! {
            <div class="notice warning" role="status">{icon("degraded")}<p>
                "The status of objects of the home control plane cannot be written: "{why}". What is in force is not affected."
            </p></div>
        }
    });
    let state = (home.failure.is_none() && home.blocked.is_none()).then(|| {
        if home.errors.is_empty() {
            return "The objects of the home control plane are in force.".to_owned();
        }
        let errors = counted(home.errors.len(), "error", "errors");
        format!("The objects of the home control plane have {errors}; the others are in force.")
    });
    let name = if home.errors.is_empty() {
        "ready"
    } else {
        "degraded"
    };
    let state = state.map(|state| view! { <p class="line">{icon(name)}<span>{state}</span></p> });
    let reading = (home.failure.is_none() && !home.synced)
        .then(|| view! { <p class="line">{icon("pending")}<span>"The home control plane is being read."</span></p> });
    view! { {failure}{blocked}{unwritten}{reading}{state} }.into_any()
}

fn list(title: &'static str, errors: &[ConfigurationError], name: &'static str) -> Option<AnyView> {
    (!errors.is_empty()).then(|| {
        let rows: Vec<_> = errors
            .iter()
            .map(|error| {
                let line = error.line.map(|line| format!(":{line}"));
                let field = error
                    .field
                    .clone()
                    .map(|field| view! { " · "<span class="mono">{field}</span> });
                let class = if name == "bad" {
                    "event problem"
                } else {
                    "event caution"
                };
                view! {
                    <li class=class>{icon(name)}<div>
                        <p class="event-message">{error.message.clone()}</p>
                        <p class="reason"><span class="mono">{error.file.clone()}{line}</span>{field}</p>
                    </div></li>
                }
            })
            .collect();
        view! { <section><h2>{title}</h2><ul role="list" class="events">{rows}</ul></section> }.into_any()
    })
}
