//! Badges of health and state: an icon, a word and a color, never color alone.

use leptos::prelude::*;
use portico_api::PlaneState;
use portico_domain::claim::Health;
use portico_domain::request::{Action, State};

use super::icon;

/// The badge of a claim's health.
pub(crate) fn health(health: Health) -> impl IntoView + use<> {
    badge(health_tone(health), health.slug(), health.title())
}

/// The CSS class for a health.
pub(crate) fn health_tone(health: Health) -> &'static str {
    match health {
        Health::Ready => "good",
        Health::Pending => "busy",
        Health::Degraded | Health::Unreachable => "bad",
        Health::Paused | Health::Deleting => "warning",
        Health::Gone | Health::Unknown => "plain",
    }
}

/// The badge of a request's state.
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

/// The badge of a control plane's state.
pub(crate) fn plane_state(state: PlaneState, cordoned: bool) -> impl IntoView + use<> {
    match state {
        PlaneState::Ready if cordoned => badge("warning", "paused", "Cordoned"),
        PlaneState::Ready => badge("good", "ready", "Ready"),
        PlaneState::Connecting => badge("busy", "pending", "Connecting"),
        PlaneState::Unreachable => badge("bad", "unreachable", "Unreachable"),
        PlaneState::Misconfigured => badge("bad", "bad", "Misconfigured"),
    }
}

/// A badge with icon, word and color.
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

/// The badge of a request's action.
pub(crate) fn action(action: Action) -> impl IntoView + use<> {
    let (tone, name) = match action {
        Action::Create => ("plain", "plus"),
        Action::Change => ("plain", "edit"),
        Action::Renew => ("plain", "refresh"),
        Action::Adopt => ("plain", "key"),
        Action::Delete => ("bad", "deleting"),
    };
    badge(tone, name, action_word(action))
}

/// The word for a request's action.
pub(crate) fn action_word(action: Action) -> &'static str {
    match action {
        Action::Create => "New",
        Action::Change => "Change",
        Action::Renew => "Renewal",
        Action::Adopt => "Adoption",
        Action::Delete => "Deletion",
    }
}
