//! The agents of a control plane.

use jiff::SignedDuration;
use portico_api::{AgentRow, AgentState, CreatedEnrolment, PlaneAgents};

use crate::people::now;

fn agent(number: u8, state: AgentState) -> AgentRow {
    let id = format!("01a22a94-7f4c-7165-a8a8-9c87aff361{number:02}");
    let ago = |minutes| now() - SignedDuration::from_mins(minutes);
    let connected = matches!(state, AgentState::Connected | AgentState::Silent);
    AgentRow {
        id: id.parse().expect("an id"),
        state,
        since: Some(ago(i64::from(number) * 47)),
        remote: "203.0.113.7".into(),
        version: connected.then(|| "0.1.0".into()),
        certificate_expires_at: if state == AgentState::Expired {
            ago(90)
        } else {
            now() + SignedDuration::from_hours(19)
        },
        refused_calls: u64::from(connected),
        last_refused: connected.then(|| {
            let message = "DELETE /apis/example.org/v1/namespaces/payments-production/databases/orders: its document does not \
                           allow delete of databases.example.org in the namespace payments-production: add a rule with apiGroups \
                           [\"example.org\"], resources [databases] and verbs [delete] to spec.allow";
            (ago(3), message.to_owned())
        }),
        revoked_by: (state == AgentState::Revoked).then(|| "Pat Admin".into()),
    }
}

/// Agents in every state, and a token that was just made.
pub(crate) fn agents() -> PlaneAgents {
    let states = [
        AgentState::Connected,
        AgentState::Silent,
        AgentState::Disconnected,
        AgentState::Expired,
        AgentState::Revoked,
    ];
    PlaneAgents {
        agents: (1..)
            .zip(states)
            .map(|(number, state)| agent(number, state))
            .collect(),
        none_connected_since: None,
        address: Some("agents.portico.example.com:8443".into()),
        certificate_minutes: 24 * 60,
        created: Some(CreatedEnrolment {
            token: format!("portico_agent_{}", "Zb3".repeat(28)),
            expires_at: now() + SignedDuration::from_mins(15),
            address: "agents.portico.example.com:8443".into(),
        }),
    }
}

/// No agent yet.
pub(crate) fn no_agents() -> PlaneAgents {
    PlaneAgents {
        agents: Vec::new(),
        none_connected_since: Some(now() - SignedDuration::from_mins(12)),
        created: None,
        ..agents()
    }
}
