//! The control plane that a claim is: whether it can be used, and for what.

use leptos::prelude::*;
use portico_api::{ClaimPage, ClaimedPlane, Link, PlaneState, names};

use crate::parts::icon;
use crate::parts::text::counted;

/// Offerings that are named before the others are counted.
const MAX_OFFERINGS: usize = 12;

/// The section about the control plane; nothing for other claims.
pub(super) fn section(page: &ClaimPage) -> Option<AnyView> {
    let plane = page.control_plane.as_ref()?;
    let (tone, sign) = match plane.state {
        PlaneState::Ready if !plane.cordoned => ("well", "ready"),
        PlaneState::Ready => ("caution", "paused"),
        PlaneState::Connecting => ("quiet", "pending"),
        PlaneState::Unreachable | PlaneState::Misconfigured => ("caution", "degraded"),
    };
    let claims = match plane.claims {
        0 => view! { <span>"No claims yet"</span> }.into_any(),
        count => view! {
            <a href=Link::Claims.with_query([("plane", plane.name.as_str())])>{counted(count, "claim", "claims")}</a>
        }
        .into_any(),
    };
    let admin = plane.href.as_ref().map(|href| {
        view! { <div><dt>"Administration"</dt><dd><a href=href.to_string()>"Its control plane page"</a></dd></div> }
    });
    Some(
        view! {
            <section aria-labelledby="control-plane">
                <h2 id="control-plane">"Control plane"</h2>
                <div class="stack">
                    <p class=format!("line {tone}")>{icon(sign)}<span>{plane.message.clone()}</span></p>
                    {offerings(page, plane)}
                    <dl class="facts">
                        <div><dt>"On it"</dt><dd>{claims}</dd></div>
                        {admin}
                    </dl>
                </div>
            </section>
        }
        .into_any(),
    )
}

/// What can be requested on it.
fn offerings(page: &ClaimPage, plane: &ClaimedPlane) -> Option<AnyView> {
    if plane.cordoned || plane.state != PlaneState::Ready {
        return None;
    }
    if !plane.may_request {
        let titles: Vec<&str> = plane.offerings.iter().map(|(_, title)| title.as_str()).collect();
        let titles = titles.join(", ");
        return (!titles.is_empty())
            .then(|| view! { <p class="quiet">"It serves "{titles}"."</p> }.into_any());
    }
    if plane.offerings.is_empty() {
        return Some(view! { <p class="quiet">"Nothing can be requested on it yet."</p> }.into_any());
    }
    let workspace = page
        .row
        .tenant
        .as_ref()
        .zip(page.row.environment.as_ref())
        .map(|(tenant, environment)| format!("{tenant}/{environment}"));
    let links: Vec<_> = plane
        .offerings
        .iter()
        .take(MAX_OFFERINGS)
        .map(|(offering, title)| {
            let mut choices = vec![(names::PLANE, plane.name.as_str())];
            choices.extend(
                workspace
                    .as_deref()
                    .map(|workspace| (names::WORKSPACE, workspace)),
            );
            let href = Link::NewRequest(offering.clone()).with_query(choices);
            view! { <li><a class="button small" href=href>{icon("plus")}{title.clone()}</a></li> }
        })
        .collect();
    let more = plane.offerings.len().saturating_sub(MAX_OFFERINGS);
    let more = (more > 0).then(|| view! { <li class="quiet">"and "{counted(more, "other", "others")}</li> });
    Some(
        view! {
            <ul role="list" class="chips" aria-label="Request on it">{links}{more}</ul>
        }
        .into_any(),
    )
}
