//! The agents of a control plane that cannot be reached from outside.

use leptos::prelude::*;
use portico_api::{AgentRow, AgentState, CreatedEnrolment, Frame, Link, PlaneAgents, PlaneDetail};
use portico_domain::names::PlaneName;

use crate::pages::claims::csrf;
use crate::parts::text::{code, grouped};
use crate::parts::{icon, since, time};

/// A token that was just made, with what to do with it.
pub(super) fn created(page: &PlaneDetail) -> Option<AnyView> {
    let created = page.agents.as_ref()?.created.as_ref()?;
    let plane = &page.row.plane.name;
    Some(
        view! {
            <section class="made" aria-labelledby="token-title">
                <h2 id="token-title">{icon("ready")}"A token for an agent"</h2>
                <p>"Copy it now: it is shown this once. One agent can use it, once, until it runs out in 15 minutes."</p>
                {code("agent-token".to_owned(), "the token".to_owned(), created.token.clone())}
                <p>"Start the agent beside the control plane:"</p>
                {code("agent-command".to_owned(), "the command".to_owned(), command(&created.token))}
                <p>"Its document says what Portico may do there. Without rules it is:"</p>
                {code("agent-document".to_owned(), "the document".to_owned(), agent_document(plane, created))}
            </section>
        }
        .into_any(),
    )
}

fn command(token: &str) -> String {
    format!("PORTICO_AGENT_TOKEN={token} portico agent --config agent.yaml")
}

fn agent_document(plane: &PlaneName, created: &CreatedEnrolment) -> String {
    [
        "# agent.yaml".to_owned(),
        "apiVersion: portico.dev/v1alpha1".to_owned(),
        "kind: Agent".to_owned(),
        format!("metadata: {{ name: {plane} }}"),
        "spec:".to_owned(),
        format!("  addresses: [\"{}\"]", created.address),
        "  connection:".to_owned(),
        "    kubeconfig: { path: kubeconfig.yaml }   # or: inCluster: {}".to_owned(),
        "  allow: []   # `portico rbac --agent` prints what Portico needs".to_owned(),
    ]
    .join("\n")
}

/// The agents, and the button for another token.
pub(super) fn agents(frame: &Frame, page: &PlaneDetail) -> Option<AnyView> {
    let agents = page.agents.as_ref()?;
    let plane = &page.row.plane.name;
    let rows: Vec<_> = agents
        .agents
        .iter()
        .map(|agent| row(frame, plane, agent))
        .collect();
    let table = (!rows.is_empty()).then(|| {
        view! {
            <div class="table-wrap"><table class="rows">
                <caption class="unseen">"Agents"</caption>
                <thead><tr>
                    <th scope="col">"Agent"</th><th scope="col">"State"</th><th scope="col">"Certificate ends"</th>
                    <th scope="col"><span class="unseen">"What to do"</span></th>
                </tr></thead>
                <tbody>{rows}</tbody>
            </table></div>
        }
    });
    Some(
        view! {
            <section aria-labelledby="agents">
                <h2 id="agents">"Agents"</h2>
                <div class="stack">{none_connected(frame, agents)}{table}{refused(frame, agents)}{enrol(frame, plane, agents)}</div>
            </section>
        }
        .into_any(),
    )
}

fn none_connected(frame: &Frame, agents: &PlaneAgents) -> Option<AnyView> {
    let is_connected = |agent: &AgentRow| matches!(agent.state, AgentState::Connected | AgentState::Silent);
    if agents.agents.iter().any(is_connected) {
        return None;
    }
    let last = agents
        .none_connected_since
        .map(|at| view! { "The last one left "{time(frame.now, at)}". " });
    let start = if agents
        .agents
        .iter()
        .any(|agent| agent.state == AgentState::Disconnected)
    {
        view! { "Start it again beside the control plane: "<code>"portico agent --config agent.yaml"</code> }
            .into_any()
    } else {
        "Make a token, and start an agent with it.".into_any()
    };
    Some(
        view! {
            <p class="caution">{icon("degraded")}<span>"No agent is connected. "{last}{start}</span></p>
        }
        .into_any(),
    )
}

fn row(frame: &Frame, plane: &PlaneName, agent: &AgentRow) -> impl IntoView + use<> {
    let now = frame.now;
    let (tone, said) = match agent.state {
        AgentState::Connected => ("ready", "Connected"),
        AgentState::Silent => ("degraded", "Does not answer"),
        AgentState::Disconnected => ("degraded", "Not connected"),
        AgentState::Expired => ("lock", "Certificate has run out"),
        AgentState::Revoked => ("lock", "Revoked"),
    };
    let by = agent.revoked_by.clone();
    let when = agent.since.map(|at| match agent.state {
        AgentState::Connected | AgentState::Silent => {
            view! { <span class="reason">"for "{since(now, at)}</span> }.into_any()
        }
        AgentState::Revoked => {
            view! { <span class="reason">{by.map(|by| format!("by {by}, "))}{time(now, at)}</span> }
                .into_any()
        }
        AgentState::Disconnected | AgentState::Expired => {
            view! { <span class="reason">"last connected "{time(now, at)}</span> }.into_any()
        }
    });
    let revoke = (agent.state != AgentState::Revoked).then(|| {
        let label = format!("Revoke {}", agent.id);
        view! {
            <form method="post" action=Link::RevokeAgent(plane.clone(), agent.id).to_string()>
                {csrf(frame)}
                <button class="button" aria-label=label>"Revoke"</button>
            </form>
        }
    });
    let origin = match &agent.version {
        Some(version) => format!("{version}, from {}", agent.remote),
        None => format!("from {}", agent.remote),
    };
    view! {
        <tr>
            <th scope="row"><span class="mono" title=agent.id.to_string()>{short(agent)}</span><span class="reason">{origin}</span></th>
            <td data-label="State"><span class="line">{icon(tone)}<span>{said}</span></span>{when}</td>
            <td data-label="Certificate ends">{time(now, agent.certificate_expires_at)}</td>
            <td>{revoke}</td>
        </tr>
    }
}

/// The end of an agent's id, by which people can tell agents apart; it begins with the time.
fn short(agent: &AgentRow) -> String {
    let id = agent.id.to_string();
    id.rsplit('-').next().unwrap_or_default().to_owned()
}

/// The last call that each agent refused.
fn refused(frame: &Frame, agents: &PlaneAgents) -> Option<AnyView> {
    let rows: Vec<_> = agents
        .agents
        .iter()
        .filter_map(|agent| {
            let (at, message) = agent.last_refused.clone()?;
            let count = usize::try_from(agent.refused_calls).unwrap_or(usize::MAX);
            let calls = if count == 1 { " call" } else { " calls" };
            Some(view! {
                <li class="event caution">{icon("lock")}<div>
                    <p class="event-message">{message}</p>
                    <p class="reason"><span class="mono">{short(agent)}</span>" refused "{grouped(count)}{calls}" since it started, this one "{time(frame.now, at)}</p>
                </div></li>
            })
        })
        .collect();
    (!rows.is_empty()).then(|| view! { <ul role="list" class="events">{rows}</ul> }.into_any())
}

fn enrol(frame: &Frame, plane: &PlaneName, agents: &PlaneAgents) -> AnyView {
    if agents.address.is_none() {
        return view! {
            <p class="caution">{icon("degraded")}<span>"Portico does not listen for agents: "<code>"spec.agents"</code>" of the Portal was missing when it started."</span></p>
        }
        .into_any();
    }
    view! {
        <form method="post" action=Link::ControlPlane(plane.clone()).to_string()>
            {csrf(frame)}
            <button class="button">"Make a token for a new agent"</button>
        </form>
    }
    .into_any()
}
