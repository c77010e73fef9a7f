//! Health and state: an icon, a word and a colour, never a colour alone.

use leptos::prelude::*;
use portico_domain::claim::Health;
use portico_domain::request::{Action, State};
use portico_domain::view::PlaneState;

use super::icon;

/// How a claim is.
pub(crate) fn health(health: Health) -> impl IntoView + use<> {
    badge(health_tone(health), health.slug(), health.title())
}

/// The tone of a state of health: the class that colours it.
pub(crate) fn health_tone(health: Health) -> &'static str {
    match health {
        Health::Ready => "good",
        Health::Pending => "busy",
        Health::Degraded | Health::Unreachable => "bad",
        Health::Paused | Health::Deleting => "warning",
        Health::Gone | Health::Unknown => "plain",
    }
}

/// Where a request is.
pub(crate) fn state(state: State) -> impl IntoView + use<> {
    let (tone, icon) = match state {
        State::Draft => ("plain", "edit"),
        State::Submitted | State::Approved | State::Applying => ("busy", "pending"),
        State::AwaitingApproval => ("warning", "clock"),
        State::Fulfilled => ("good", "ready"),
        State::Rejected | State::Failed => ("bad", "bad"),
        State::Withdrawn => ("plain", "undo"),
        State::Expired => ("plain", "clock"),
    };
    badge(tone, icon, state.title())
}

/// How a control plane is.
pub(crate) fn plane_state(state: PlaneState, cordoned: bool) -> impl IntoView + use<> {
    match state {
        PlaneState::Ready if cordoned => badge("warning", "paused", "Cordoned"),
        PlaneState::Ready => badge("good", "ready", "Ready"),
        PlaneState::Connecting => badge("busy", "pending", "Connecting"),
        PlaneState::Unreachable => badge("bad", "unreachable", "Unreachable"),
        PlaneState::Misconfigured => badge("bad", "bad", "Misconfigured"),
    }
}

/// An icon, a word and a colour.
pub(crate) fn badge(tone: &'static str, name: &'static str, word: &'static str) -> impl IntoView + use<> {
    let class = match tone {
        "good" => "badge good",
        "busy" => "badge busy",
        "warning" => "badge warning",
        "bad" => "badge bad",
        _ => "badge",
    };
    view! { <span class=class>{icon(name)}{word}</span> }
}

/// What a request is for, as a word.
pub(crate) fn action_word(action: Action) -> &'static str {
    match action {
        Action::Create => "New",
        Action::Change => "Change",
        Action::Renew => "Renewal",
        Action::Delete => "Deletion",
    }
}
