use leptos::prelude::*;
use portico_api::{ClaimRow, ClusterProblem, Frame, Link, PlaneCluster, PlaneDetail, names};

use super::agents::{agents, created};
use super::namespaces::namespaces;
use super::planes::{behind, certificate, state};
use super::workspace::workspace;
use crate::pages::claims::csrf;
use crate::parts::badge::health;
use crate::parts::text::grouped;
use crate::parts::{document, duration, icon, time};

/// A control plane.
#[must_use]
pub fn admin_plane(frame: &Frame, page: &PlaneDetail) -> String {
    document(frame, || {
        let row = &page.row;
        let region = row.plane.region.clone().map(|region| format!(" in {region}"));
        view! {
            <div class="page-head"><div>
                <h1>{row.plane.title.clone()}</h1>
                <p>{row.kind.clone()}{region}", "<span class="mono">{row.plane.name.to_string()}</span></p>
            </div></div>
            {created(page)}
            <div class="live" data-live="plane">
                {warnings(page)}
                {cluster(frame, page)}
                <div class="two">
                    <div class="stack-l">{agents(frame, page)}{remaining(page)}{serves(page)}{workspace(page)}{namespaces(frame, page)}{errors(frame, page)}</div>
                    <div class="stack-l">{about(frame, page)}{cordon(frame, page)}{rights(frame, page)}{left_out(page)}</div>
                </div>
            </div>
        }
        .into_any()
    })
}

fn about(frame: &Frame, page: &PlaneDetail) -> AnyView {
    let row = &page.row;
    let tenants = if row.dedicated_to.is_empty() {
        "Shared".to_owned()
    } else {
        let names: Vec<_> = row.dedicated_to.iter().map(ToString::to_string).collect();
        format!("Only for {}", names.join(", "))
    };
    let environments = (!row.environments.is_empty()).then(|| {
        let names: Vec<_> = row.environments.iter().map(ToString::to_string).collect();
        view! { <div><dt>"Environments"</dt><dd>"Only "{names.join(", ")}</dd></div> }
    });
    let claim = row.claim.as_ref().map(|claim| {
        view! { <div><dt>"Provided by"</dt><dd><a href=claim.to_string()>"A claim"</a></dd></div> }
    });
    view! {
        <section aria-labelledby="about">
            <h2 id="about">"How it is"</h2>
            <dl class="facts">
                <div><dt>"State"</dt><dd>{state(frame.now, row)}</dd></div>
                <div><dt>"Cluster"</dt><dd>{cluster_id(frame, page)}</dd></div>
                <div><dt>"Version"</dt><dd>{row.version.clone().unwrap_or_else(|| "Not known".to_owned())}</dd></div>
                <div><dt>"Answers in"</dt><dd>{row.latency_ms.map_or_else(|| "–".to_owned(), |ms| format!("{ms} ms"))}</dd></div>
                <div><dt>"Behind"</dt><dd>{behind(row)}</dd></div>
                {clock(page)}
                <div><dt>"Certificate ends"</dt><dd>{certificate(frame.now, row)}</dd></div>
                <div><dt>"Tenants"</dt><dd>{tenants}</dd></div>
                {environments}
                {claim}
                <div><dt>"In memory"</dt><dd>{memory(page)}</dd></div>
                <div><dt>"Claims"</dt><dd><a href=Link::Claims.with_query([("plane", row.plane.name.as_str())])>{row.claims}</a></dd></div>
            </dl>
        </section>
    }
    .into_any()
}

/// What is wrong with its clock.
fn clock(page: &PlaneDetail) -> Option<AnyView> {
    let seconds = page.clock_offset_seconds?;
    let way = if seconds > 0 { "ahead of" } else { "behind" };
    let off = format!("{} {way} Portico’s", duration(seconds.unsigned_abs()));
    let row = view! {
        <div>
            <dt>"Clock"</dt>
            <dd>
                <span class="caution">{icon("degraded")}<span>{off}</span></span>
                <span class="reason">"Ages on its claims and how long they took are wrong by as much, and certificates and tokens may be refused. Check the time synchronization of both machines."</span>
            </dd>
        </div>
    };
    Some(row.into_any())
}

/// What tells its cluster from others.
fn cluster_id(frame: &Frame, page: &PlaneDetail) -> AnyView {
    match (&page.cluster.recorded, page.row.last_seen) {
        (Some(known), _) => view! {
            <span class="mono">{known.id.to_string()}</span>
            <span class="reason">"Recorded "{time(frame.now, known.since)}</span>
        }
        .into_any(),
        (None, None) => "Not known yet".into_any(),
        (None, Some(_)) => view! {
            "Not known"
            <span class="reason">"Portico may not get the namespace kube-system, so it would not notice another cluster at this address."</span>
        }
        .into_any(),
    }
}

/// What to do if the wrong cluster answers.
fn cluster(frame: &Frame, page: &PlaneDetail) -> Option<AnyView> {
    let PlaneCluster {
        found,
        recorded: Some(recorded),
        problem: Some(problem),
    } = &page.cluster
    else {
        return None;
    };
    let is = found.as_ref().map(ToString::to_string).unwrap_or_default();
    let was = recorded.id.to_string();
    let said = match problem {
        ClusterProblem::SameAs(other) => {
            let to = Link::ControlPlane(other.clone()).to_string();
            view! {
                <p>"It is the same cluster as "<a href=to>{other.to_string()}</a>". Its claims would be shown and counted twice, so only the other one is used. Remove one of the two documents."</p>
            }
            .into_any()
        }
        ClusterProblem::Another => view! {
            <p>"The cluster "<span class="mono">{is.clone()}</span>" answers, not "<span class="mono">{was.clone()}</span>", which was recorded "{time(frame.now, recorded.since)}". Portico makes no call to it, so that claims of the two are not mixed up."</p>
            <p>"If the address is wrong, mend it. If the cluster was built anew, accept it: its claims are then shown in place of those of the old one."</p>
        }
        .into_any(),
        ClusterProblem::Unknown => view! {
            <p>"It does not say any more which cluster it is. "<span class="mono">{was.clone()}</span>" was recorded "{time(frame.now, recorded.since)}". Portico makes no call to it, since it may be another one."</p>
            <p>"Grant Portico the right to get the namespace kube-system there. If you cannot, take the old cluster off the record."</p>
        }
        .into_any(),
    };
    let button = match problem {
        ClusterProblem::SameAs(_) => None,
        ClusterProblem::Another => Some("Accept this cluster"),
        ClusterProblem::Unknown => Some("Take it off the record"),
    };
    let form = button.map(|button| {
        view! {
            <form method="post" action=Link::AcceptCluster(page.row.plane.name.clone()).to_string()>
                {csrf(frame)}
                <input type="hidden" name=names::CLUSTER_WAS value=was.clone() />
                <input type="hidden" name=names::CLUSTER_IS value=is.clone() />
                <button class="button">{button}</button>
            </form>
        }
    });
    Some(
        view! { <section class="stack" aria-labelledby="cluster"><h2 id="cluster">"The wrong cluster answers"</h2>{said}{form}</section> }
            .into_any(),
    )
}

/// Whether it takes new claims, and the button to change that.
fn cordon(frame: &Frame, page: &PlaneDetail) -> AnyView {
    let plane = &page.row.plane.name;
    let by_document = page.cordoned_by_document.then(|| match &page.row.claim {
        None => view! {
            <p class="caution">{icon("paused")}<span>"Its document says "<code>"cordoned: true"</code>". Take that line out of the configuration to open it again."</span></p>
        }
        .into_any(),
        Some(claim) => view! {
            <p class="caution">{icon("paused")}<span>"It takes no new claims, because "<a href=claim.to_string()>"the claim that provides it"</a>" is being deleted."</span></p>
        }
        .into_any(),
    });
    let form = if let Some(cordon) = &page.cordon {
        let reason = cordon
            .reason
            .clone()
            .map(|reason| view! { <blockquote class="note">{reason}</blockquote> });
        view! {
            <p>"Cordoned by "{cordon.by.name.clone()}", "{time(frame.now, cordon.since)}": no new claims are placed here."</p>
            {reason}
            <form method="post" action=Link::Uncordon(plane.clone()).to_string()>
                {csrf(frame)}
                <button class="button">{icon("undo")}"Uncordon"</button>
            </form>
        }
        .into_any()
    } else {
        view! {
            <p class="quiet">"A cordoned control plane takes no new claims. What it has stays, and nothing is deleted."</p>
            <form class="cordon" method="post" action=Link::Cordon(plane.clone()).to_string()>
                {csrf(frame)}
                <div class="field">
                    <label class="label" for="reason">"Why"<span class="mark">"optional"</span></label>
                    <input type="text" id="reason" name=names::REASON maxlength="300" autocomplete="off" aria-describedby="reason-help" />
                    <p class="help" id="reason-help">"Those read it who would have used it."</p>
                </div>
                <button class="button">{icon("paused")}"Cordon"</button>
            </form>
        }
        .into_any()
    };
    view! { <section aria-labelledby="cordon"><h2 id="cordon">"New claims"</h2><div class="stack">{by_document}{form}</div></section> }
        .into_any()
}

/// The claims that must leave a cordoned control plane before it can be switched off.
fn remaining(page: &PlaneDetail) -> Option<AnyView> {
    if !page.row.cordoned {
        return None;
    }
    let body = if page.remaining.is_empty() {
        view! { <p class="line">{icon("ready")}<span>"Nothing is left here that Portico knows of."</span></p> }.into_any()
    } else {
        let rows: Vec<_> = page.remaining.iter().map(left).collect();
        let more = page.row.claims.saturating_sub(page.remaining.len());
        let more = (more > 0).then(|| view! { <p class="quiet">"And "{grouped(more)}" more."</p> });
        view! {
            <p class="quiet after">"To drain it, ask their owners to create them again elsewhere and delete these. Portico deletes nothing by itself."</p>
            <div class="table-wrap"><table class="rows">
                <caption class="unseen">"Claims still here"</caption>
                <thead><tr>
                    <th scope="col">"Claim"</th><th scope="col">"Tenant"</th><th scope="col">"Requested by"</th><th scope="col">"Health"</th>
                </tr></thead>
                <tbody>{rows}</tbody>
            </table></div>
            {more}
        }
        .into_any()
    };
    Some(
        view! { <section aria-labelledby="remaining"><h2 id="remaining">"Claims still here"</h2>{body}</section> }
            .into_any(),
    )
}

fn left(row: &ClaimRow) -> impl IntoView + use<> {
    let owner = match (&row.tenant, &row.environment) {
        (Some(tenant), Some(environment)) => format!("{tenant}/{environment}"),
        (Some(tenant), None) => tenant.to_string(),
        _ => "Nobody’s".to_owned(),
    };
    view! {
        <tr>
            <th scope="row"><a href=row.href.to_string()>{row.reference.name.to_string()}</a><span class="reason">{row.offering_title.clone()}</span></th>
            <td data-label="Tenant">{owner}</td>
            <td data-label="Requested by">{row.requester.clone().unwrap_or_else(|| "–".to_owned())}</td>
            <td data-label="Health">{health(row.health)}</td>
        </tr>
    }
}

fn serves(page: &PlaneDetail) -> AnyView {
    let rows: Vec<_> = page
        .serves
        .iter()
        .map(|(name, title, version)| {
            view! {
                <tr>
                    <th scope="row"><a href=Link::Offering(name.clone()).to_string()>{title.clone()}</a></th>
                    <td data-label="Kind" class="mono">{name.to_string()}</td>
                    <td data-label="Version" class="mono">{version.clone()}</td>
                </tr>
            }
        })
        .collect();
    let body = if rows.is_empty() {
        view! { <p class="quiet">"Nothing that is offered, as far as is known."</p> }.into_any()
    } else {
        view! {
            <div class="table-wrap"><table class="rows">
                <caption class="unseen">"What it serves"</caption>
                <thead><tr><th scope="col">"Offering"</th><th scope="col">"Kind"</th><th scope="col">"Version"</th></tr></thead>
                <tbody>{rows}</tbody>
            </table></div>
            <p class="quiet">"Before you change one: "<a href=Link::TryDefinition.to_string()>"try the changed definition"</a>" against the claims that run."</p>
        }
        .into_any()
    };
    view! { <section aria-labelledby="serves"><h2 id="serves">"What it serves"</h2>{body}</section> }
        .into_any()
}

/// Used and available memory of the watch cache.
fn memory(page: &PlaneDetail) -> String {
    let (held, most) = page.cache_bytes;
    format!("{} of {} MiB", held.div_ceil(1 << 20), most >> 20)
}

/// Warnings about the security of the connection.
fn warnings(page: &PlaneDetail) -> Option<AnyView> {
    let rows: Vec<_> = page
        .warnings
        .iter()
        .map(|warning| view! { <li class="caution">{icon("degraded")}<span>{warning.clone()}</span></li> })
        .collect();
    (!rows.is_empty()).then(|| {
        view! { <section aria-labelledby="warnings"><h2 id="warnings">"Not safe"</h2><ul role="list" class="lines">{rows}</ul></section> }
            .into_any()
    })
}

fn rights(frame: &Frame, page: &PlaneDetail) -> AnyView {
    let rows: Vec<_> = page
        .missing_rights
        .iter()
        .map(|right| view! { <li class="caution">{icon("lock")}<span>{right.clone()}</span></li> })
        .collect();
    let unknown = page.rights_unknown.clone();
    let verdict = match (page.rights_reviewed_at, unknown) {
        (None, None) => view! { <p class="quiet">"Not reviewed yet."</p> }.into_any(),
        (None, Some(why)) => {
            view! { <p class="caution">{icon("degraded")}<span>"They could not be reviewed: "{why}</span></p> }.into_any()
        }
        (Some(at), Some(why)) => {
            view! { <p class="caution">{icon("degraded")}<span>"Reviewed "{time(frame.now, at)}", and not since: "{why}</span></p> }
                .into_any()
        }
        (Some(at), None) if rows.is_empty() => {
            view! { <p class="line">{icon("ready")}<span>"Portico has every right it needs there. Reviewed "{time(frame.now, at)}"."</span></p> }
                .into_any()
        }
        (Some(at), None) => view! { <p class="quiet">"Reviewed "{time(frame.now, at)}"."</p> }.into_any(),
    };
    view! { <section aria-labelledby="rights"><h2 id="rights">"Missing rights"</h2><ul role="list" class="lines">{rows}</ul>{verdict}</section> }
        .into_any()
}

/// Objects that are not shown, and why.
fn left_out(page: &PlaneDetail) -> Option<AnyView> {
    let rows: Vec<_> = page
        .left_out
        .iter()
        .map(|what| view! { <li class="caution">{icon("degraded")}<span>{what.clone()}</span></li> })
        .collect();
    (!rows.is_empty()).then(|| {
        view! { <section aria-labelledby="left-out"><h2 id="left-out">"Left out"</h2><ul role="list" class="lines">{rows}</ul></section> }
            .into_any()
    })
}

fn errors(frame: &Frame, page: &PlaneDetail) -> AnyView {
    let rows: Vec<_> = page
        .recent_errors
        .iter()
        .map(|(at, message)| {
            view! { <li class="event caution">{icon("degraded")}<div><p class="event-message">{message.clone()}</p><p class="reason">{time(frame.now, *at)}</p></div></li> }
        })
        .collect();
    let none = rows
        .is_empty()
        .then(|| view! { <p class="quiet">"Nothing went wrong lately."</p> });
    view! { <section aria-labelledby="errors"><h2 id="errors">"Recent errors"</h2><ul role="list" class="events">{rows}</ul>{none}</section> }
        .into_any()
}
