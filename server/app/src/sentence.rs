//! Sentences for requests and audit events.

use portico_domain::audit_log::Event;
use portico_domain::request::{Action, Request};

/// `A PostgreSQL 17, small, named orders, in payments/production on eu-shared`.
pub(super) fn wish(
    action: Action,
    offering_title: &str,
    plan_title: Option<&str>,
    name: &str,
    tenant: &str,
    environment: &str,
    plane: Option<&str>,
) -> String {
    let article = if offering_title.starts_with(['A', 'E', 'I', 'O', 'U', 'a', 'e', 'i', 'o', 'u']) {
        "An"
    } else {
        "A"
    };
    let start = match action {
        Action::Create => format!("{article} {offering_title}"),
        Action::Change => format!("A change to the {offering_title}"),
        Action::Renew => format!("Longer life for the {offering_title}"),
        Action::Delete => format!("The end of the {offering_title}"),
    };
    let plan = plan_title
        .map(|plan| format!(", {},", plan.to_lowercase()))
        .unwrap_or_default();
    let named = if name.is_empty() {
        String::new()
    } else {
        format!(" named {name}")
    };
    let on = plane.map(|plane| format!(" on {plane}")).unwrap_or_default();
    format!("{start}{plan}{named} in {tenant}/{environment}{on}")
}

/// What a request's state comes to, for a list: what it waits for, or why it ended.
pub(super) fn status(request: &Request) -> String {
    use portico_domain::request::State;
    match request.state {
        State::Approved | State::Applying => request.waiting_for.as_ref().map_or_else(
            || "Being applied to the control plane".to_owned(),
            ToString::to_string,
        ),
        State::Rejected => request
            .decisions
            .iter()
            .rev()
            .find(|decision| !decision.approved)
            .map(|decision| match &decision.comment {
                Some(comment) => format!("Rejected by {}: {comment}", decision.by.name),
                None => format!("Rejected by {}", decision.by.name),
            })
            .or_else(|| request.failure.as_ref().map(ToString::to_string))
            .unwrap_or_default(),
        State::Failed => request
            .failure
            .as_ref()
            .map(ToString::to_string)
            .unwrap_or_default(),
        State::Expired => "Nobody decided in time. Request it again if you still need it.".to_owned(),
        State::Draft | State::Submitted | State::AwaitingApproval | State::Fulfilled | State::Withdrawn => {
            String::new()
        }
    }
}

/// What happened, for the record.
pub(super) fn event(event: &Event) -> String {
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
        .and_then(serde_json::Value::as_str)
        .unwrap_or(&event.subject);
    format!("{} {did} {what}", event.actor_name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wish_reads_as_a_sentence() {
        let said = wish(
            Action::Create,
            "PostgreSQL",
            Some("Small"),
            "orders",
            "payments",
            "production",
            Some("EU shared"),
        );
        assert_eq!(
            said,
            "A PostgreSQL, small, named orders in payments/production on EU shared"
        );
        let said = wish(
            Action::Delete,
            "Object bucket",
            None,
            "logs",
            "payments",
            "dev",
            None,
        );
        assert_eq!(said, "The end of the Object bucket named logs in payments/dev");
    }
}
