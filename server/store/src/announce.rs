//! Writes every security event to the log and the metrics.

use metrics::counter;
use portico_domain::audit_log::NewEvent;
use portico_domain::security::{SecurityEvent, Severity};

/// Logs and counts an event, if it is a security event. `recorded`: true if the audit log has it, too; the audit log
/// accepts a limited number of refusals from each source.
///
/// [`Store::append`](crate::Store::append) and every change that records events call it; call it directly only for an
/// event that is not in the audit log.
pub fn announce(event: &NewEvent, recorded: bool) {
    let Some(kind) = SecurityEvent::from_name(&event.verb) else {
        return;
    };
    counter!("portico_security_events_total", "event" => kind.name()).increment(1);
    // A macro, because the level of a tracing event is a constant.
    macro_rules! log {
        ($level:ident) => {
            tracing::$level!(
                target: "portico::security",
                event = kind.name(),
                actor = ?event.actor,
                actor_name = ?event.actor_name,
                remote = event.remote.as_deref().unwrap_or("-"),
                subject = ?event.subject,
                tenant = event.tenant.as_ref().map_or("-", |tenant| tenant.as_str()),
                details = %event.details,
                recorded,
                "security event"
            )
        };
    }
    match kind.severity() {
        Severity::Info => log!(info),
        Severity::Warning => log!(warn),
        Severity::Alarm => log!(error),
    }
}
