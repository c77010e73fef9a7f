//! Badges of health and state: an icon, a word and a color, never color alone.

use leptos::prelude::*;
use portico_api::PlaneState;
use portico_domain::claim::Health;
use portico_domain::documents::Category;
use portico_domain::request::{Action, State};

use super::{icon, text};

/// The badge of a claim's health.
pub(crate) fn health(health: Health) -> impl IntoView + use<> {
    badge(health_tone(health), health.slug(), health_word(health))
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
    badge(tone, icon, state_word(state))
}

/// The badge of a control plane's state.
pub(crate) fn plane_state(state: PlaneState, cordoned: bool) -> impl IntoView + use<> {
    match state {
        PlaneState::Ready if cordoned => badge("warning", "paused", text!("plane-cordoned")),
        PlaneState::Ready => badge("good", "ready", text!("plane-ready")),
        PlaneState::Connecting => badge("busy", "pending", text!("plane-connecting")),
        PlaneState::Unreachable => badge("bad", "unreachable", text!("plane-unreachable")),
        PlaneState::Misconfigured => badge("bad", "bad", text!("plane-misconfigured")),
    }
}

/// A badge with icon, word and color.
pub(crate) fn badge(tone: &'static str, name: &'static str, word: impl Into<String>) -> AnyView {
    let word = word.into();
    let class = match tone {
        "good" => "badge good",
        "busy" => "badge busy",
        "warning" => "badge warning",
        "bad" => "badge bad",
        _ => "badge",
    };
    view! { <span class=class>{icon(name)}{word}</span> }.into_any()
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
pub(crate) fn action_word(action: Action) -> String {
    match action {
        Action::Create => text!("action-create"),
        Action::Change => text!("action-change"),
        Action::Renew => text!("action-renew"),
        Action::Adopt => text!("action-adopt"),
        Action::Delete => text!("action-delete"),
    }
}

/// The word for a claim's health.
pub(crate) fn health_word(health: Health) -> String {
    match health {
        Health::Pending => text!("health-pending"),
        Health::Ready => text!("health-ready"),
        Health::Degraded => text!("health-degraded"),
        Health::Paused => text!("health-paused"),
        Health::Deleting => text!("health-deleting"),
        Health::Gone => text!("health-gone"),
        Health::Unreachable => text!("health-unreachable"),
        Health::Unknown => text!("health-unknown"),
    }
}

/// The word for a request's state.
pub(crate) fn state_word(state: State) -> String {
    match state {
        State::Draft => text!("state-draft"),
        State::Submitted => text!("state-submitted"),
        State::AwaitingApproval => text!("state-awaiting-approval"),
        State::Approved => text!("state-approved"),
        State::Applying => text!("state-applying"),
        State::Fulfilled => text!("state-fulfilled"),
        State::Rejected => text!("state-rejected"),
        State::Withdrawn => text!("state-withdrawn"),
        State::Expired => text!("state-expired"),
        State::Failed => text!("state-failed"),
    }
}

/// The word for a category of offerings.
pub(crate) fn category_word(category: Category) -> String {
    match category {
        Category::Databases => text!("category-databases"),
        Category::Queues => text!("category-queues"),
        Category::Clusters => text!("category-clusters"),
        Category::Storage => text!("category-storage"),
        Category::Other => text!("category-other"),
    }
}
