use portico_domain::audit_log::Event;

/// An event of the audit log as a sentence.
#[must_use]
pub fn event_sentence(event: &Event) -> String {
    let event = &event.event;
    let did = match event.verb.as_str() {
        "session.started" => "signed in",
        "session.ended" => "signed out",
        "session.terminated" => "ended somebody’s sessions",
        "session.refused" => "was refused a sign-in",
        "request.submitted" => "requested",
        "request.awaiting" => "must wait for approval of",
        "request.approved" => "approved",
        "request.agreed" => "agreed to",
        "request.rejected" => "rejected",
        "request.decision-undone" => "took back the decision on",
        "request.withdrawn" => "withdrew",
        "request.commented" => "commented on",
        "request.expired" => "let expire",
        "request.applying" => "began to apply",
        "request.retried" => "will try again to apply",
        "request.fulfilled" => "applied",
        "request.failed" => "could not apply",
        "secret.revealed" => "revealed a secret of",
        "plane.cordoned" => "cordoned",
        "plane.uncordoned" => "uncordoned",
        "plane.cluster-accepted" => "accepted another cluster for",
        "agent.token-created" => "made a token for an agent of",
        "agent.enrolled" => "enrolled an agent of",
        "agent.revoked" => "revoked an agent of",
        "plane.joined" => "connected the control plane",
        "plane.left" => "disconnected the control plane",
        "namespace.created" => "created the namespace",
        "namespace.corrected" => "put right the namespace",
        "kubeconfig.issued" => "fetched a kubeconfig for the namespace",
        "definition.tried" => "tried a changed definition of",
        "record.exported" => "exported the",
        "record.broken" => "found a break of the",
        "record.acknowledged" => "took note of a break of the",
        "configuration.changed" => "took a new",
        "configuration.refused" => "refused a new",
        "access.denied" => "was denied",
        "form.refused" => "was refused a form at",
        "rate.limited" => "sent too many requests to",
        "secret.denied" => "was denied a secret at",
        "logout.refused" => "was refused a sign-out of others at",
        "token.refused" => "came with a worthless API token to",
        "token.first-used" => "used for the first time the API token",
        "access.ended" => "ended sessions or API tokens of",
        "token.created" => "made the API token",
        "token.deleted" => "revoked the API token",
        other => return format!("{}: {other} {}", event.actor_name, event.subject),
    };
    if event.verb.starts_with("session.") {
        return format!("{} {did}", event.actor_name);
    }
    let what = event
        .details
        .get("claim")
        .or_else(|| event.details.get("token"))
        .or_else(|| event.details.get("namespace"))
        .and_then(|name| name.as_str())
        .unwrap_or(&event.subject);
    format!("{} {did} {what}", event.actor_name)
}
