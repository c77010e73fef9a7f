//! Where an offering is in its life: a badge beside its title, and a notice on the pages of it and its claims.

use jiff::civil::Date;
use leptos::prelude::*;
use portico_api::words::lifecycle_text;
use portico_api::{OfferingLifecycle, message};
use portico_domain::documents::{NewClaims, Phase};

use super::badge::badge;
use super::{icon, rich, text, words};

/// The badge of a phase; nothing for a published offering.
pub(crate) fn phase_badge(phase: Phase) -> Option<AnyView> {
    let (tone, name, word) = match phase {
        Phase::Published => return None,
        Phase::Draft => ("plain", "edit", text!("phase-draft")),
        Phase::Deprecated => ("plain", "clock", text!("phase-deprecated")),
        Phase::Ending => ("warning", "clock", text!("phase-ending")),
        Phase::Ended => ("bad", "clock", text!("phase-ended")),
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
    let sentence = words(&lifecycle_text(title, lifecycle.phase, lifecycle.sunset)?);
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
        (Reader::Claim, Phase::Ended) => Some(text!("lifecycle-claim-ended")),
        (Reader::Claim, Phase::Deprecated | Phase::Ending) => {
            Some(text!("lifecycle-claim-ends")).filter(|_| lifecycle.sunset.is_some())
        }
        (Reader::Offering, Phase::Deprecated | Phase::Ending)
            if lifecycle.new_claims == NewClaims::Refused =>
        {
            Some(text!("lifecycle-none-new"))
        }
        (Reader::Offering, Phase::Ended) => Some(text!("lifecycle-none-new-ended")),
        _ => None,
    };
    Some(
        view! {
            <div class=class role="status">
                {icon(name)}
                <div>
                    <p>{sentence}{what_follows.map(|follows| format!(" {follows}"))}</p>
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
    let when = lifecycle.sunset.map(|sunset| ends(lifecycle.phase, sunset));
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
pub(crate) fn ends(phase: Phase, sunset: Date) -> String {
    if phase == Phase::Ended {
        text!("lifecycle-ended-on", day = sunset)
    } else {
        text!("lifecycle-ends-on", day = sunset)
    }
}

/// What to use instead, as a link.
pub(crate) fn instead(lifecycle: &OfferingLifecycle) -> Option<AnyView> {
    let other = lifecycle.replacement.as_ref()?;
    let link = view! { <a href=other.href.to_string()>{other.title.clone()}</a> };
    Some(rich(message!("lifecycle-instead"), [("other", link.into_any())]))
}
