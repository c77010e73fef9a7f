//! Where an offering is in its life: a badge beside its title, and a notice on the pages of it and its claims.

use leptos::prelude::*;
use portico_api::OfferingLifecycle;
use portico_api::words::{day, lifecycle_sentence};
use portico_domain::documents::{NewClaims, Phase};

use super::badge::badge;
use super::icon;

/// The badge of a phase; nothing for a published offering.
pub(crate) fn phase_badge(phase: Phase) -> Option<AnyView> {
    let (tone, name, word) = match phase {
        Phase::Published => return None,
        Phase::Draft => ("plain", "edit", "Draft"),
        Phase::Deprecated => ("plain", "clock", "Deprecated"),
        Phase::Ending => ("warning", "clock", "Ends soon"),
        Phase::Ended => ("bad", "clock", "Ended"),
    };
    Some(badge(tone, name, word).into_any())
}

/// What follows for a person who reads about the offering, has a claim of it, or requests one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Reader {
    /// Somebody who looks at the offering.
    Offering,
    /// Somebody who looks at a claim.
    Claim,
    /// Somebody who fills in a form.
    Form,
}

/// The notice of a draft or a deprecated offering: what it is, the note, and the replacement as a link.
pub(crate) fn lifecycle_notice(
    title: &str,
    lifecycle: &OfferingLifecycle,
    reader: Reader,
) -> Option<AnyView> {
    let sentence = lifecycle_sentence(title, lifecycle.phase, lifecycle.sunset)?;
    let class = match lifecycle.phase {
        Phase::Ending => "notice warning",
        Phase::Ended => "notice bad",
        Phase::Draft | Phase::Published | Phase::Deprecated => "notice",
    };
    let name = if lifecycle.phase == Phase::Draft {
        "edit"
    } else {
        "clock"
    };
    let what_follows = match (reader, lifecycle.phase) {
        (Reader::Claim, Phase::Ended) => {
            Some("This claim stays until somebody deletes it, but do not rely on it any longer.")
        }
        (Reader::Claim, Phase::Deprecated | Phase::Ending) => {
            Some("This claim goes on until then, and stays until somebody deletes it.")
                .filter(|_| lifecycle.sunset.is_some())
        }
        (Reader::Offering, Phase::Deprecated | Phase::Ending)
            if lifecycle.new_claims == NewClaims::Refused =>
        {
            Some("It takes no new claims; existing ones can be changed.")
        }
        (Reader::Offering, Phase::Ended) => Some("It takes no new claims; existing ones stay."),
        _ => None,
    };
    Some(
        view! {
            <div class=class role="status">
                {icon(name)}
                <div>
                    <p>{sentence}{what_follows.map(|words| format!(" {words}"))}</p>
                    {lifecycle.note.clone().map(|note| view! { <p>{note}</p> })}
                    {instead(lifecycle).map(|words| view! { <p>{words}</p> })}
                </div>
            </div>
        }
        .into_any(),
    )
}

/// When a deprecated offering ends and what replaces it, in a line; nothing if there is neither.
pub(crate) fn short_note(lifecycle: &OfferingLifecycle) -> Option<AnyView> {
    let when = lifecycle.sunset.map(|sunset| ends(lifecycle.phase, &day(sunset)));
    let note = lifecycle.note.clone();
    let instead = instead(lifecycle);
    if when.is_none() && note.is_none() && instead.is_none() {
        return None;
    }
    let parts = [
        when.map(|words| view! { <span>{words}</span> }.into_any()),
        note.map(|note| view! { <span>{note}</span> }.into_any()),
        instead.map(|words| view! { <span>{words}</span> }.into_any()),
    ];
    let parts: Vec<_> = parts
        .into_iter()
        .flatten()
        .map(|part| view! { {part}" " })
        .collect();
    Some(view! { <p class="card-note">{parts}</p> }.into_any())
}

/// When it ends or ended: `Ends on 1 March 2027.`
pub(crate) fn ends(phase: Phase, day: &str) -> String {
    let verb = if phase == Phase::Ended { "Ended" } else { "Ends" };
    format!("{verb} on {day}.")
}

/// What to use instead, as a link.
pub(crate) fn instead(lifecycle: &OfferingLifecycle) -> Option<AnyView> {
    let other = lifecycle.replacement.as_ref()?;
    let link = view! { <a href=other.href.to_string()>{other.title.clone()}</a> };
    Some(view! { "Use "{link}" instead." }.into_any())
}
